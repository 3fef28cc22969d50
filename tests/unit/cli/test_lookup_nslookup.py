import pytest

from dnsd.cli.lookup_exchange import Reply, Server, Way
from dnsd.cli.lookup_nslookup import nslookup_lines
from dnsd.wire import names, rdata
from dnsd.wire.iana import Rcode, rrtype_from_text
from dnsd.wire.message import AA, QR, Message, Question
from dnsd.wire.rrset import RRset

HEAD = ["Server:\t\t192.0.2.53", "Address:\t192.0.2.53#53", ""]


def reply(kind, *data, flags=QR | AA, owner="example.test."):
    name = names.from_text(owner)
    message = Message(1, flags, [Question(name, rrtype_from_text(kind), 1)])
    for text in data:
        kind_of, _, rest = text.partition(" ")
        rrtype = rrtype_from_text(kind_of)
        message.answer.append(RRset(name, rrtype, 60, (rdata.from_text(rrtype, rest),)))
    return Reply(message, b"", Server("192.0.2.53", 53), Way.UDP, 0.0)


@pytest.mark.parametrize(
    ("replies", "lines"),
    [
        pytest.param(
            [reply("A", "A 192.0.2.1"), reply("AAAA", "AAAA 2001:db8::1")],
            ["Name:\texample.test", "Address: 192.0.2.1",
             "Name:\texample.test", "Address: 2001:db8::1"],
            id="addresses",
        ),
        pytest.param(
            [reply("A", "CNAME a.test.", flags=QR), reply("AAAA", "CNAME a.test.", flags=QR)],
            ["Non-authoritative answer:", "example.test\tcanonical name = a.test."],
            id="an alias once",
        ),
        pytest.param(
            [reply("MX", "MX 10 mx.test.")], ["example.test\tmail exchanger = 10 mx.test."], id="MX"
        ),
        pytest.param([reply("TXT", 'TXT "a b"')], ['example.test\ttext = "a b"'], id="TXT"),
        pytest.param([reply("NS", "NS ns.test.")], ["example.test\tnameserver = ns.test."], id="NS"),
        pytest.param(
            [reply("CAA", 'CAA 0 issue "x"')], ['example.test\trdata_257 = 0 issue "x"'], id="others"
        ),
        pytest.param(
            [reply("SOA", "SOA ns.test. admin.test. 1 2 3 4 5")],
            ["example.test", "\torigin = ns.test", "\tmail addr = admin.test", "\tserial = 1",
             "\trefresh = 2", "\tretry = 3", "\texpire = 4", "\tminimum = 5"],
            id="SOA",
        ),
        pytest.param([reply("MX")], ["*** Can't find example.test: No answer"], id="no data"),
        pytest.param(
            [reply("A", flags=QR | Rcode.NXDOMAIN), reply("AAAA", flags=QR | Rcode.NXDOMAIN)],
            ["** server can't find example.test: NXDOMAIN"],
            id="no name",
        ),
        pytest.param(
            [reply("A", flags=QR | Rcode.REFUSED, owner=".")],
            ["** server can't find .: REFUSED"],
            id="the root",
        ),
    ],
)  # fmt: skip
def test_it_looks_as_nslookup_does(replies, lines):
    assert list(nslookup_lines(replies)) == [*HEAD, *lines, ""]

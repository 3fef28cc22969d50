import pytest

from dnsd.cli.lookup_exchange import Reply, Server, Way
from dnsd.cli.lookup_report import has_answer, short_lines, span, to_json, word_lines
from dnsd.wire import names, rdata
from dnsd.wire.edns import Edns
from dnsd.wire.iana import Rcode, RRClass, rrtype_from_text
from dnsd.wire.message import AA, AD, QR, RA, RD, TC, Message, Question
from dnsd.wire.rrset import RRset

SERVER = Server("192.0.2.53", 53)


def records(text):
    """Read lines ``owner ttl type rdata`` as one RRset each."""
    for line in text.splitlines():
        owner, ttl, kind, data = line.split(maxsplit=3)
        rrtype = rrtype_from_text(kind)
        yield RRset(names.from_text(owner), rrtype, int(ttl), (rdata.from_text(rrtype, data),))


def reply(name="www.example.test.", kind="A", answer="", authority="", **facts):
    """Make a reply of text."""
    flags = facts.pop("flags", QR | RD | RA)
    options = facts.pop("options", ())
    message = Message(1, flags | facts.pop("rcode", 0))
    message.questions = [Question(names.from_text(name), rrtype_from_text(kind), 1)]
    message.answer = list(records(answer))
    message.authority = list(records(authority))
    message.edns = Edns(1232, options=options)
    return Reply(message, bytes(80), SERVER, facts.pop("way", Way.UDP), 0.0123, **facts)


SOA = "example.test. 7200 SOA ns1.example.test. admin.example.test. 1 2 3 4 300"


@pytest.mark.parametrize(
    ("replies", "lines"),
    [
        pytest.param(
            [reply(answer="www.example.test. 300 CNAME web.example.test.\n"
                          "web.example.test. 5400 A 192.0.2.1")],
            ["www.example.test.  5m     CNAME  web.example.test.",
             "web.example.test.  1h30m  A      192.0.2.1",
             "",
             "status  answered",
             "flags   recursion offered",
             "server  192.0.2.53 port 53 over UDP",
             "time    12 ms"],
            id="records in columns",
        ),
        pytest.param(
            [reply(answer="www.example.test. 300 CNAME web.example.test.\n"
                          "web.example.test. 300 A 192.0.2.1"),
             reply(kind="AAAA", answer="www.example.test. 300 CNAME web.example.test.",
                   authority=SOA)],
            ["www.example.test.  5m  CNAME  web.example.test.",
             "web.example.test.  5m  A      192.0.2.1",
             "",
             "status   A: answered",
             "status   AAAA: an alias, and no AAAA record at its end (NODATA)",
             "because  AAAA: the zone example.test. says so; it may be believed for 5m",
             "flags    recursion offered",
             "server   192.0.2.53 port 53 over UDP",
             "time     12 ms and 12 ms"],
            id="two questions, one alias",
        ),
        pytest.param(
            [reply(rcode=Rcode.NXDOMAIN, authority=SOA, flags=QR | AA | RD | RA | AD)],
            ["status   the name does not exist (NXDOMAIN)",
             "because  the zone example.test. says so; it may be believed for 5m",
             "flags    authoritative, recursion offered, validated",
             "server   192.0.2.53 port 53 over UDP",
             "time     12 ms"],
            id="no such name",
        ),
        pytest.param(
            [reply(rcode=Rcode.SERVFAIL, options=(
                (15, b"\x00\x16all servers \x1b[31mtimed out"), (15, b"\x00"), (15, b"\xff\xff")))],
            ["status   the server failed to find out (SERVFAIL)",
             "because  no reachable authority: all servers \N{REPLACEMENT CHARACTER}[31mtimed out",
             "because  extended error 65535",
             "flags    recursion offered",
             "server   192.0.2.53 port 53 over UDP",
             "time     12 ms"],
            id="extended errors, made harmless",
        ),
        pytest.param(
            [reply(kind="MX", authority=SOA)],
            ["status   the name exists, but no MX record (NODATA)",
             "because  the zone example.test. says so; it may be believed for 5m",
             "flags    recursion offered",
             "server   192.0.2.53 port 53 over UDP",
             "time     12 ms"],
            id="no such type",
        ),
        pytest.param(
            [reply(authority="example.test. 3600 NS ns1.example.test.", flags=QR)],
            ["status   a referral to other servers, no answer",
             "because  ask the servers of example.test.: ns1.example.test.",
             "server   192.0.2.53 port 53 over UDP",
             "time     12 ms"],
            id="referral",
        ),
        pytest.param(
            [reply(rcode=9, flags=QR | RD), reply(rcode=11, flags=QR | RD)],
            ["status  A: the server is not authoritative for the zone (NOTAUTH)",
             "status  A: DSOTYPENI",
             "flags   recursion not offered",
             "server  192.0.2.53 port 53 over UDP",
             "time    12 ms and 12 ms"],
            id="other response codes",
        ),
        pytest.param(
            [reply(name="bücher.test.".encode("idna").decode(),
                   answer="xn--bcher-kva.test. 60 CNAME xn--caf-dma.test.",
                   way=Way.TCP, truncated=True, strays=2, certificate="verified for x",
                   flags=QR | RD | RA | TC)],
            ["xn--bcher-kva.test.  1m  CNAME  xn--caf-dma.test.",
             "",
             "status       an alias, and no A record at its end (NODATA)",
             "flags        truncated, recursion offered",
             "name         xn--bcher-kva.test. is bücher.test.",
             "name         xn--caf-dma.test. is café.test.",
             "server       192.0.2.53 port 53 over TCP, since the reply over UDP was truncated",
             "certificate  verified for x",
             "time         12 ms",
             "warning      2 other datagrams came first: somebody guesses at replies"],
            id="everything that may be said",
        ),
    ],
)  # fmt: skip
def test_a_reply_in_words(replies, lines):
    assert list(word_lines(replies)) == lines


def test_signatures_stand_behind_what_they_sign():
    signed = reply(answer="www.example.test. 60 A 192.0.2.1")
    signed.message.answer[0].signatures = (b"\x00\x01",)
    assert list(word_lines([signed]))[:2] == [
        "www.example.test.  1m  A      192.0.2.1",
        "www.example.test.  1m  RRSIG  \\# 2 0001",
    ]


def test_other_classes_are_named():
    chaos = reply(answer="version.bind. 0 TXT dnsd")
    chaos.message.answer[0].rdclass = RRClass.CH
    assert next(word_lines([chaos])) == 'version.bind.  0s  CH TXT  "dnsd"'


def test_a_reply_without_a_question_is_shown_too():
    bare = reply(rcode=Rcode.FORMERR)
    bare.message.questions = []
    assert next(word_lines([bare])) == "status  the server could not read the query (FORMERR)"
    assert not has_answer(bare)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (90, "1m30s"), (3600, "1h"), (3601, "1h"),
     (86_400, "1d"), (90_061, "1d1h"), (2**31 - 1, "24855d3h")],
)  # fmt: skip
def test_a_span_has_two_units(seconds, text):
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("found", "answered"),
    [
        (reply(answer="www.example.test. 60 A 192.0.2.1"), True),
        (reply(answer="www.example.test. 60 CNAME a.test."), False),
        (reply(kind="CNAME", answer="www.example.test. 60 CNAME a.test."), True),
        (reply(kind="ANY", answer="www.example.test. 60 HINFO RFC8482 x"), True),
        (reply(rcode=Rcode.NXDOMAIN, answer="www.example.test. 60 A 192.0.2.1"), False),
        (reply(), False),
    ],
    ids=["data", "alias only", "alias wanted", "any", "error", "empty"],
)
def test_only_the_type_asked_for_is_an_answer(found, answered):
    assert has_answer(found) is answered


def test_in_short_it_is_the_data_once():
    alias = "www.example.test. 60 CNAME web.example.test."
    replies = [
        reply(answer=f"{alias}\nweb.example.test. 60 A 192.0.2.1"),
        reply(kind="AAAA", answer=f"{alias}\nweb.example.test. 60 AAAA 2001:db8::1"),
    ]
    assert list(short_lines(replies)) == ["web.example.test.", "192.0.2.1", "2001:db8::1"]


def test_for_programs_it_is_everything():
    assert to_json(
        reply(answer="www.example.test. 60 A 192.0.2.1", options=((15, b"\x00\x03old"),))
    ) == {
        "question": [{"name": "www.example.test.", "type": "A", "class": "IN"}],
        "status": "NOERROR",
        "flags": ["RD", "RA"],
        "answer": [
            {"name": "www.example.test.", "ttl": 60, "class": "IN", "type": "A",
             "data": "192.0.2.1"},
        ],
        "authority": [],
        "additional": [],
        "edns": {"udp_size": 1232, "dnssec_ok": False},
        "errors": [{"code": 3, "name": "stale answer", "text": "old"}],
        "server": {"address": "192.0.2.53", "port": 53, "name": ""},
        "transport": "UDP",
        "seconds": 0.0123,
        "octets": 80,
        "truncated_over_udp": False,
        "strays": 0,
        "certificate": "",
    }  # fmt: skip

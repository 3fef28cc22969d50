"""RFC 6891: EDNS."""

import dns.flags
import dns.message
import dns.rcode
import pytest

DO = dns.flags.DO


def with_opt(opt, count=1):
    """Make a query whose OPT record is made by hand."""
    query = dns.message.make_query("example.test.", "SOA", use_edns=False)
    octets = bytearray(query.to_wire())
    octets[11] = count
    return bytes(octets) + opt


@pytest.mark.rfc("6891", "7")
def test_no_opt_comes_back_that_was_not_sent(subject):
    assert subject.ask("example.test.", "SOA").edns == -1


@pytest.mark.rfc("6891", "6.1.1")
def test_two_opt_records_are_formerr(subject):
    query = dns.message.make_query("example.test.", "SOA", use_edns=0)
    octets = bytearray(query.to_wire())
    octets[11] = 2
    reply = dns.message.from_wire(subject.raw(bytes(octets + octets[-11:])))
    assert reply.rcode() == dns.rcode.FORMERR


@pytest.mark.rfc("6891", "6.2.5")
def test_a_size_below_512_means_512(subject):
    reply = subject.ask("example.test.", "MX", payload=10)
    assert not reply.flags & dns.flags.TC
    assert reply.answer


@pytest.mark.rfc("6891", "6.1.1")
def test_opt_may_stand_before_other_records(subject):
    opt = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
    record = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\xc0\0\2\1"
    reply = dns.message.from_wire(subject.raw(with_opt(opt + record, count=2)))
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.edns == 0


@pytest.mark.rfc("6891", "6.1.1")
def test_opt_in_another_section_is_formerr(subject):
    octets = bytearray(with_opt(b"\0\0\x29\x04\xd0\0\0\0\0\0\0"))
    octets[7], octets[11] = 1, 0
    assert subject.raw(bytes(octets))[3] & 15 == dns.rcode.FORMERR


# knotd takes it.
@pytest.mark.rfc("6891", "6.1.2")
@pytest.mark.reference("named")
def test_opt_with_an_owner_other_than_the_root_is_formerr(subject):
    octets = with_opt(b"\x01x\0\0\x29\x04\xd0\0\0\0\0\0\0")
    assert subject.raw(octets)[3] & 15 == dns.rcode.FORMERR


@pytest.mark.rfc("6891", "6.1.2")
@pytest.mark.parametrize(
    "rdata", [b"abc", b"\0\x64\0\x09abc", b"\0\x64\0"], ids=["3 octets", "too long", "no length"]
)
def test_options_that_do_not_fill_their_record_are_formerr(subject, rdata):
    opt = b"\0\0\x29\x04\xd0\0\0\0\0" + len(rdata).to_bytes(2, "big") + rdata
    assert subject.raw(with_opt(opt))[3] & 15 == dns.rcode.FORMERR


@pytest.mark.rfc("6891", "6.1.3")
@pytest.mark.parametrize("version", [1, 2, 255])
def test_a_version_above_ours_is_badvers_with_ours(subject, version):
    reply = subject.ask("example.test.", "SOA", edns=version)
    assert reply.rcode() == dns.rcode.BADVERS
    assert reply.edns == 0
    assert not reply.answer


@pytest.mark.rfc("6891", "6.1.4")
def test_only_do_comes_back_of_the_flags(subject):
    assert subject.ask("example.test.", "SOA", ednsflags=0xFFFF).ednsflags & 0xFFFF == DO


@pytest.mark.rfc("6891", "6.2.3")
def test_the_reply_says_how_much_the_server_receives(subject):
    for payload in (512, 1232, 4096):
        assert subject.ask("example.test.", "SOA", payload=payload).payload >= 512


@pytest.mark.rfc("6891", "6.2.3")
@pytest.mark.parametrize(
    ("name", "payload", "fits"),
    [
        ("00512.sizes.test.", 522, False),  # 11 octets of OPT come to its 512
        ("00512.sizes.test.", 523, True),
        ("01221.sizes.test.", 1231, False),
        ("01221.sizes.test.", 1232, True),
    ],
)
def test_a_reply_is_as_long_as_the_client_says(subject, name, payload, fits):
    reply = subject.ask(name, "TXT", payload=payload)
    assert bool(reply.answer) is fits
    assert bool(reply.flags & dns.flags.TC) is not fits
    assert len(reply.wire) <= payload


@pytest.mark.rfc("6891", "6.2.4")
def test_a_size_means_nothing_over_tcp(subject):
    reply = subject.ask("04000.sizes.test.", "TXT", payload=512, tcp=True)
    assert reply.answer
    assert not reply.flags & dns.flags.TC


@pytest.mark.rfc("6891", "7")
@pytest.mark.parametrize(
    "name", ["none.example.test.", "a.child.example.test.", "big.example.test."]
)
def test_an_opt_comes_back_that_was_sent(subject, name):
    assert subject.ask(name, "TXT", payload=512).edns == 0


@pytest.mark.rfc("9715", "3.1")
@pytest.mark.parametrize("payload", [1233, 4096, 65535])
def test_no_datagram_is_so_long_that_it_must_be_fragmented(subject, payload):
    reply = subject.ask("01222.sizes.test.", "TXT", payload=payload)
    assert reply.flags & dns.flags.TC
    assert not reply.answer
    assert len(reply.wire) <= 1232
    assert len(subject.ask("01221.sizes.test.", "TXT", payload=payload).wire) == 1232

import dns.message
import dnslib
import pytest

from dnsd.wire import message, objects
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType

WWW = b"\x03www\x07example\x04test\x00"
QUESTION = WWW + b"\x00\x01\x00\x01"
HEADER = bytes.fromhex("123484000001000100000000")
FIXED = b"\x00\x01\x00\x00\x00\x3c"


def answer_of(rrtype, rdata, rdclass=b"\x00\x01"):
    fixed = rrtype.to_bytes(2, "big") + rdclass + b"\x00\x00\x00\x3c"
    record = b"\xc0\x0c" + fixed + len(rdata).to_bytes(2, "big") + rdata
    return HEADER + QUESTION + record


def test_a_message_becomes_objects_and_octets_again():
    octets = dns.message.from_text("""id 1
opcode QUERY
rcode NOERROR
flags QR AA RD
edns 0
eflags DO
payload 1232
;QUESTION
www.example.test. IN A
;ANSWER
www.example.test. 60 IN CNAME web.example.test.
web.example.test. 60 IN A 192.0.2.1
web.example.test. 60 IN RRSIG A 13 3 60 20300101000000 20200101000000 1 example.test. aabb
;AUTHORITY
example.test. 60 IN NS ns1.example.test.
""").to_wire()
    record = objects.parse(octets)
    assert record.header.aa == 1
    assert [str(rr.rdata) for rr in record.rr[:2]] == ["web.example.test.", "192.0.2.1"]
    assert objects.pack(record) == octets


def test_a_record_is_built_from_parts():
    record = dnslib.DNSRecord(dnslib.DNSHeader(id=7, qr=1, aa=1), q=dnslib.DNSQuestion("a.test."))
    record.add_answer(dnslib.RR("a.test.", RRType.MX, rdata=dnslib.MX("mx.a.test.", 10), ttl=60))
    read = message.parse_message(objects.pack(record))
    assert read.answer[0].rdatas == (b"\x00\x0a\x02mx\x01a\x04test\x00",)


def test_any_octet_may_stand_in_a_label():
    octets = answer_of(RRType.CNAME, b"\x04a.\xff\x00\x00")
    record = objects.parse(octets)
    assert record.rr[0].rdata.label.label == (b"a.\xff\x00",)
    assert objects.pack(record) == octets


@pytest.mark.parametrize(
    ("rrtype", "sent", "expanded"),
    [
        (RRType.MX, b"\x00\x0a\xc0\x0c", b"\x00\x0a" + WWW),
        (RRType.MINFO, b"\xc0\x0c\xc0\x10", WWW + WWW[4:]),
        (RRType.AFSDB, b"\x00\x01\xc0\x0c", b"\x00\x01" + WWW),
        (RRType.RP, b"\xc0\x0c\x00", WWW + b"\x00"),
        (RRType.DNAME, b"\xc0\x10", WWW[4:]),
        (RRType.SRV, bytes(6) + b"\xc0\x0c", bytes(6) + WWW),
        (RRType.NAPTR, bytes(4) + b"\x01a\x01b\x01c\xc0\x0c", bytes(4) + b"\x01a\x01b\x01c" + WWW),
    ],
)
def test_names_in_rdata_are_expanded_and_compressed_only_in_old_types(rrtype, sent, expanded):
    record = objects.parse(answer_of(rrtype, sent))
    assert objects.to_rdata(record.rr[0].rdata) == expanded
    packed = objects.pack(record)
    assert message.parse_message(packed).answer[0].rdatas == (expanded,)
    old = rrtype == RRType.MX  # the ones of RFC 1035 that dnslib has a class for
    assert packed.endswith(sent if old else expanded)


@pytest.mark.parametrize(
    ("rrtype", "rdata"),
    [
        pytest.param(RRType.CAA, b"\x00\x05issue\xff", id="CAA not UTF-8"),
        pytest.param(RRType.NAPTR, bytes(4) + b"\x01\xff\x00\x00\x00", id="NAPTR not UTF-8"),
        pytest.param(RRType.NSEC, b"\x00\x00\x01\x00", id="NSEC without a type"),
        pytest.param(RRType.NSEC, b"\x00\x00\x02\x40\x00", id="NSEC with an octet too many"),
        pytest.param(RRType.TXT, b"", id="TXT without a string"),
        pytest.param(RRType.TXT, b"\x05a", id="TXT over the end"),
        pytest.param(RRType.DS, b"\x00", id="DS cut off"),
        pytest.param(RRType.HTTPS, b"\x00\x01\x00\x00\x01\x00\x09x", id="HTTPS over the end"),
        pytest.param(65280, b"\xc0\x0c", id="unknown"),
    ],
)
def test_what_dnslib_cannot_say_is_opaque_and_survives(rrtype, rdata):
    octets = answer_of(rrtype, rdata)
    record = objects.parse(octets)
    assert type(record.rr[0].rdata) is dnslib.RD
    assert objects.pack(record) == octets
    assert rdata.hex().upper() in str(record)


def test_an_empty_option_is_not_lost():
    opt = b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x04\x00\x03\x00\x00"
    octets = bytes.fromhex("123401000001000000000001") + QUESTION + opt
    record = objects.parse(octets)
    assert [(option.code, option.data) for option in record.ar[0].rdata] == [(3, b"")]
    assert objects.pack(record) == octets


@pytest.mark.parametrize("rdclass", [b"\x00\xff", b"\x00\xfe"], ids=["ANY", "NONE"])
def test_an_update_may_have_records_without_rdata(rdclass):
    octets = answer_of(RRType.A, b"", rdclass)
    assert objects.pack(objects.parse(octets)) == octets


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(HEADER, id="question missing"),
        pytest.param(HEADER + QUESTION, id="record missing"),
        pytest.param(answer_of(RRType.A, b"abc"), id="A of three octets"),
        pytest.param(answer_of(RRType.A, b""), id="A of nothing"),
        pytest.param(answer_of(RRType.A, b"abcd")[:-1], id="A cut off"),
        pytest.param(answer_of(RRType.NS, WWW + b"x"), id="octets behind a name"),
        pytest.param(answer_of(RRType.NSEC, b"\xc0\x0c\x00\x01\x40"), id="pointer in NSEC"),
        pytest.param(answer_of(RRType.RRSIG, bytes(17)), id="half an RRSIG"),
        pytest.param(
            bytes.fromhex("123401000000000000000001")
            + b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x03abc",
            id="half an option",
        ),
        pytest.param(answer_of(RRType.CNAME, b"\x01x" * 128 + b"\x00"), id="128 labels"),
        pytest.param(answer_of(RRType.RRSIG, bytes(18) + WWW)[:-4], id="name cut off"),
        pytest.param(
            answer_of(RRType.RRSIG, bytes(18) + WWW[:9]) + WWW[9:], id="name past its rdata"
        ),
    ],
)
def test_a_malformed_message_has_one_exception(octets):
    with pytest.raises(FormError):
        objects.parse(octets)


def test_a_large_message_has_no_pointer_past_its_bits():
    record = dnslib.DNSRecord(dnslib.DNSHeader(id=7, qr=1))
    for i in range(90):
        record.add_answer(dnslib.RR(f"n{i}.a{i}.test.", RRType.TXT, rdata=dnslib.TXT(b"x" * 255)))
        record.add_answer(dnslib.RR(f"m{i}.a{i}.test.", RRType.NS, rdata=dnslib.NS(f"a{i}.test.")))
    octets = objects.pack(record)
    assert len(octets) > 0x4000
    assert len(message.parse_message(octets).answer) == 180
    assert objects.parse(octets) == record


def test_many_pointers_to_one_place_are_read():
    record = b"\xc0\x0c\x00\x01" + FIXED + b"\x00\x04abcd"
    octets = bytes.fromhex("12348400000107d000000000") + QUESTION + record * 2000
    assert len(objects.parse(octets).rr) == 2000


def test_a_chain_of_pointers_has_an_end():
    links = b"\x00" + b"".join(
        (0xC000 | (12 if i == 0 else 11 + 2 * i)).to_bytes(2, "big") for i in range(1001)
    )
    for length, name in ((1000, ()), (1001, None)):
        buffer = objects.GuardedBuffer(HEADER + links)
        buffer.offset = 13 + 2 * (length - 1)
        if name is None:
            with pytest.raises(FormError, match="1000 pointers"):
                buffer.decode_name()
        else:
            assert buffer.decode_name().label == name


def too_long():
    return dnslib.DNSRecord(q=dnslib.DNSQuestion(dnslib.DNSLabel([b"x" * 64])))


def too_many_labels():
    return dnslib.DNSRecord(q=dnslib.DNSQuestion(dnslib.DNSLabel([b"x"] * 128)))


def too_large():
    record = dnslib.DNSRecord()
    for _ in range(300):
        record.add_answer(dnslib.RR("a.", RRType.TXT, rdata=dnslib.TXT(b"x" * 255)))
    return record


def no_type():
    record = dnslib.DNSRecord()
    record.add_answer(dnslib.RR("a.", RRType.NSEC, rdata=dnslib.NSEC("b.", ["NOTYPE"])))
    return record


def too_many_records():
    record = dnslib.DNSRecord()
    record.rr = [dnslib.RR("a.", 65280, rdata=dnslib.RD(b""))] * 65536
    return record


@pytest.mark.parametrize("build", [too_long, too_many_labels, too_large, too_many_records, no_type])
def test_what_no_message_can_hold_is_refused(build):
    with pytest.raises(FormError):
        objects.pack(build())


@pytest.mark.parametrize(
    ("rrtype", "rdata"),
    [
        pytest.param(RRType.NS, WWW + b"x", id="octets behind the name"),
        pytest.param(RRType.SOA, WWW + b"\xc0\x0c" + bytes(20), id="a pointer"),
        pytest.param(RRType.MX, b"\x00", id="cut off"),
        pytest.param(RRType.A, b"", id="nothing"),
    ],
)
def test_malformed_rdata_becomes_opaque(rrtype, rdata):
    assert type(objects.from_rdata(rrtype, rdata)) is dnslib.RD
    assert objects.to_rdata(objects.from_rdata(rrtype, rdata)) == rdata


def test_rdata_crosses_as_octets():
    rdata = b"\x00\x0a" + WWW
    assert objects.from_rdata(RRType.MX, rdata).preference == 10
    assert objects.to_rdata(objects.from_rdata(RRType.MX, rdata)) == rdata
    with pytest.raises(FormError):
        objects.to_rdata(dnslib.NS(dnslib.DNSLabel([b"x" * 64])))

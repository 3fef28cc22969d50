import dns.rdata
import dns.rdatatype
import pytest

from dnsd.wire import rdata
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType, rrtype_from_text

EXAMPLE = b"\x07example\x04test\x00"

# One line for every type that may be in a zone, as dnspython writes it.
TEXTS = {
    "A": "192.0.2.1",
    "NS": "ns1.example.test.",
    "MD": "\\# 1 00",
    "MF": "\\# 1 00",
    "CNAME": "www.example.test.",
    "SOA": "ns1.example.test. hostmaster.example.test. 2026111401 3600 600 604800 300",
    "MB": "\\# 1 00",
    "MG": "\\# 1 00",
    "MR": "\\# 1 00",
    "NULL": "\\# 2 aabb",
    "WKS": "192.0.2.1 6 25 80",
    "PTR": "www.example.test.",
    "HINFO": '"PC" "a \\"b\\""',
    "MINFO": "\\# 2 0000",
    "MX": "10 mx1.example.test.",
    "TXT": '"v=spf1 -all" "\\195\\188" ""',
    "RP": "admin.example.test. .",
    "AFSDB": "1 afs.example.test.",
    "X25": '"311061700956"',
    "ISDN": '"150862028003217" "004"',
    "RT": "10 rt.example.test.",
    "NSAP": "0x47000580ffff",
    "NSAP-PTR": "nsap.example.test.",
    "SIG": "A 8 2 3600 20300101000000 20200101000000 123 example.test. aabb",
    "KEY": "256 3 8 aabb",
    "PX": "10 a.example.test. b.example.test.",
    "GPOS": "-32.6882 116.8652 10.0",
    "AAAA": "2001:db8::1",
    "LOC": "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000.00m 10.00m",
    "NXT": "\\# 3 000122",
    "SRV": "0 5 443 www.example.test.",
    "NAPTR": '100 10 "u" "E2U+sip" "!^.*$!sip:a@example.test!" .',
    "KX": "10 kx.example.test.",
    "CERT": "PGP 0 0 aabb",
    "A6": "\\# 1 00",
    "DNAME": "other.test.",
    "APL": "1:192.0.2.0/24 !2:2001:db8::/32",
    "DS": "60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118",
    "SSHFP": "4 2 " + "ab" * 32,
    "IPSECKEY": "10 3 2 gw.example.test. aabb",
    "RRSIG": "A 13 2 3600 20300101000000 20200101000000 123 example.test. aabb",
    "NSEC": "www.example.test. A MX TYPE1234",
    "DNSKEY": "257 3 13 aabb",
    "DHCID": "AAIBY2/A",
    "NSEC3": "1 1 0 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG",
    "NSEC3PARAM": "1 0 0 -",
    "TLSA": "3 1 1 " + "ab" * 32,
    "SMIMEA": "3 1 1 " + "ab" * 32,
    "HIP": "2 200100107b1a74df365639cc39f1d578 AwEAAQ== rvs.example.test.",
    "NINFO": '"a" "b"',
    "CDS": "0 0 0 00",
    "CDNSKEY": "0 3 0 AA==",
    "OPENPGPKEY": "aabb",
    "CSYNC": "66 3 A NS AAAA",
    "ZONEMD": "2026111401 1 1 " + "ab" * 48,
    "SVCB": '1 www.example.test. mandatory="alpn" alpn="h2,h3" port="8443" ipv4hint="192.0.2.1"',
    "HTTPS": '1 . alpn="h2" ipv6hint="2001:db8::1" key65000="\\200x"',
    "DSYNC": "CDS NOTIFY 53 notify.example.test.",
    "HHIT": "aabb",
    "BRID": "aabb",
    "SPF": '"v=spf1 -all"',
    "UNSPEC": "\\# 1 00",
    "NID": "10 0014:4fff:ff20:ee64",
    "L32": "10 192.0.2.1",
    "L64": "10 2001:0db8:1140:1000",
    "LP": "10 l64.example.test.",
    "EUI48": "00-00-5e-00-53-2a",
    "EUI64": "00-00-5e-ef-10-00-00-2a",
    "URI": '10 1 "https://www.example.test/\\195\\188"',
    "CAA": '128 issue "ca.example.test; policy=\\"ev\\""',
    "AVC": '"app-name:x"',
    "AMTRELAY": "10 0 3 relay.example.test.",
    "RESINFO": '"qnamemin" "exterr=15-17"',
    "WALLET": '"BTC" "x"',
    "TA": "\\# 1 00",
    "ALIAS": "www.example.test.",
    "DLV": "60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118",
    "TYPE65280": "\\# 3 aabbcc",
}  # fmt: skip

# What dnspython reads differently from what a zone's author means: escapes
# above 127 become UTF-8 twice.
NOT_FOR_DNSPYTHON = {"URI", "CAA", "ALIAS"}


def test_the_table_has_every_type_of_zone_data():
    wanted = {t.name.replace("_", "-") for t in RRType if not rdata.is_meta(t)}
    assert wanted | {"TYPE65280"} == set(TEXTS)


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_read_and_written_back(name):
    rrtype = rrtype_from_text(name)
    octets = rdata.from_text(rrtype, TEXTS[name])
    rdata.check(rrtype, octets)
    assert rdata.canonical(rrtype, octets) == octets
    written = rdata.to_text(rrtype, octets)
    assert rdata.from_text(rrtype, written) == octets
    if "\\#" not in TEXTS[name]:
        assert written == TEXTS[name]


@pytest.mark.parametrize("name", sorted(set(TEXTS) - NOT_FOR_DNSPYTHON))
def test_dnspython_reads_the_same_octets(name):
    rrtype = dns.rdatatype.RdataType.make(rrtype_from_text(name))
    theirs = dns.rdata.from_text("IN", rrtype, TEXTS[name]).to_wire()
    assert rdata.from_text(rrtype, TEXTS[name]) == theirs


@pytest.mark.parametrize("name", TEXTS)
def test_every_type_is_read_in_the_form_of_unknown_types(name):
    """RFC 3597 §5."""
    rrtype = rrtype_from_text(name)
    octets = rdata.from_text(rrtype, TEXTS[name])
    generic = f"\\# {len(octets)} ( {octets[:3].hex()}\n{octets[3:].hex().upper()} )"
    assert rdata.from_text(rrtype, generic) == octets


@pytest.mark.parametrize("name", sorted(set(TEXTS) - {"TYPE65280"}))
def test_names_inside_are_those_written(name):
    text = TEXTS[name]
    octets = rdata.from_text(rrtype_from_text(name), text)
    found = rdata.names_in(rrtype_from_text(name), octets)
    if "\\#" not in text:
        words = [word for word in text.split() if word.endswith((".test.", "@")) or word == "."]
        assert [presented(each) for each in found] == words


def presented(name):
    return dns.name.from_wire(name, 0)[0].to_text()


@pytest.mark.parametrize(
    ("rrtype", "text", "relative"),
    [
        ("MX", "10 mx1.example.test.", "10 mx1"),
        ("NS", "example.test.", "@"),
        ("SRV", "0 0 0 other.test.", "0 0 0 other.test."),
        ("NSEC", "www.example.test. A", "www A"),
        ("SVCB", "1 www.example.test.", "1 www"),
        ("IPSECKEY", "10 3 2 gw.example.test. aabb", "10 3 2 gw aabb"),
    ],
)
def test_names_are_relative_to_the_origin(rrtype, text, relative):
    code = rrtype_from_text(rrtype)
    octets = rdata.from_text(code, text)
    assert rdata.to_text(code, octets, EXAMPLE) == relative
    assert rdata.from_text(code, relative, EXAMPLE) == octets


@pytest.mark.parametrize("rrtype", ["NS", "MX", "SVCB", "NSEC", "HIP", "AMTRELAY", "DSYNC"])
def test_a_relative_name_needs_an_origin(rrtype):
    text = TEXTS[rrtype].replace(".example.test.", "")
    with pytest.raises(FormError, match="the name must end with a dot"):
        rdata.from_text(rrtype_from_text(rrtype), text, None)


@pytest.mark.parametrize(
    ("rrtype", "text", "reason"),
    [
        ("A", "192.0.2.300", "'192.0.2.300' is not an IPv4 address"),
        ("AAAA", "192.0.2.1", "'192.0.2.1' is not an IPv6 address"),
        ("TLSA", "3 1 1 zz", "not TLSA rdata: non-hexadecimal digit found; it is written: usage selector matching-type hex"),
        ("TLSA", "3 1 1", "not TLSA rdata: expecting another identifier; it is written: usage selector matching-type hex"),
        ("TLSA", "3 1 1 abcd", "not TLSA rdata: certificate association data length inconsistent with matching type; it is written: usage selector matching-type hex"),
        ("DS", "70000 8 2 ab", "not DS rdata: 70000 is not an unsigned 16-bit integer; it is written: key-tag algorithm digest-type hex"),
        ("SVCB", "1 . port=x", "not SVCB rdata: port is not an integer; it is written: priority target key=value..."),
        ("LOC", "x", "not LOC rdata: expecting an integer; it is written: d [m [s]] N|S d [m [s]] E|W altitude [size [horizontal [vertical]]]"),
        ("SVCB", "1 für.test.", "not ASCII; write international names in their xn-- form"),
        ("OPT", "x", "OPT is not a type of zone data"),
        ("ANY", "\\# 0", "ANY is not a type of zone data"),
        ("TYPE65280", "aabb", "TYPE65280 rdata must be written as '\\# length hex'"),
        ("A", "\\# 3 010203", "not A rdata: 4 octets announced, 3 there"),
        ("A", "\\# 4 0102", "'\\# 4' is followed by 2 octets"),
        ("A", "\\# x 0102", "'\\#' must be followed by the number of octets"),
        ("A", "\\#", "'\\#' must be followed by the number of octets"),
        ("A", "\\# 1 0g", "behind '\\#' and the length stand pairs of hex digits"),
        ("NULL", "\\# 65536 00", "'\\# 65536' is followed by 1 octets"),
        ("TXT", 'v=spf1; "a"', "';' begins a comment; put the string in double quotes or write '\\;'"),
        ("SVCB", "0 . ; comment", "';' begins a comment; put the string in double quotes or write '\\;'"),
    ],
)  # fmt: skip
def test_a_reason_helps(rrtype, text, reason):
    with pytest.raises(FormError) as caught:
        rdata.from_text(rrtype_from_text(rrtype), text, EXAMPLE)
    assert caught.value.reason == reason


RUBBISH = (
    "",
    "x y z",
    "1",
    '"',
    "(",
    "\\",
    "ü",
    "1 2 3 4 5 6 7 8 9",
    "\\# 1 ff",
    "\x00",
    "-1 -1 -1",
)


@pytest.mark.parametrize("name", TEXTS)
def test_rubbish_is_refused_in_one_line_of_ascii(name):
    rrtype = rrtype_from_text(name)
    reasons = []
    for text in RUBBISH:
        try:
            rdata.check(rrtype, rdata.from_text(rrtype, text, EXAMPLE))
        except FormError as error:
            reasons.append(error.reason)
    assert len(reasons) >= 3
    assert all(reason.isascii() and reason.isprintable() and reason for reason in reasons)


def test_rdata_has_at_most_65535_octets():
    full = " ".join(["x" * 254] * 257)
    assert len(rdata.from_text(RRType.TXT, full)) == 65535
    for rrtype, text in (
        (RRType.TXT, full + " x"),
        (RRType.OPENPGPKEY, "AAAA" * 21846),
        (65280, "\\# 65536 " + "00" * 65536),
    ):
        with pytest.raises(FormError):
            rdata.from_text(rrtype, text)
    with pytest.raises(FormError, match="65536 octets"):
        rdata.check(65280, bytes(65536))


@pytest.mark.parametrize(
    ("rrtype", "text", "name"),
    [
        ("NS", "NS1.Example.Test.", b"\x03ns1" + EXAMPLE),
        ("MX", "1 MX.Example.Test.", b"\x02mx" + EXAMPLE),
        ("RRSIG", "A 8 2 0 20300101000000 20200101000000 1 Example.Test. aabb", EXAMPLE),
        ("DNAME", "\\# 5 0341424300", b"\x03abc\x00"),
    ],
)
def test_names_in_old_types_are_written_in_lower_case(rrtype, text, name):
    """RFC 4034 §6.2."""
    assert name in rdata.from_text(rrtype_from_text(rrtype), text)


@pytest.mark.parametrize("rrtype", ["SVCB", "NSEC"])
def test_names_in_newer_types_keep_their_letter_case(rrtype):
    """RFC 4034 §6.2 does not list them, and RFC 6840 §5.1 takes NSEC out."""
    octets = b"\x00\x01\x03Www\x00" if rrtype == "SVCB" else b"\x03Www\x00\x00\x01\x40"
    assert rdata.canonical(rrtype_from_text(rrtype), octets) == octets
    assert rdata.names_in(rrtype_from_text(rrtype), octets) == [b"\x03www\x00"]


@pytest.mark.parametrize(
    ("rrtype", "octets"),
    [
        pytest.param("TXT", b"", id="TXT without a string"),
        pytest.param("TXT", b"\x05abc", id="TXT over the end"),
        pytest.param("ISDN", b"\x00\x00\x00", id="ISDN of three strings"),
        pytest.param("HINFO", b"\x01a", id="HINFO of one string"),
        pytest.param("HINFO", b"\x01a\x01bc", id="HINFO and more"),
        pytest.param("X25", b"\x05ab", id="X25 over the end"),
        pytest.param("CAA", b"\x00", id="CAA without a tag"),
        pytest.param("CAA", b"\x00\x00", id="CAA with an empty tag"),
        pytest.param("CAA", b"\x00\x03a-b", id="CAA with a hyphen in its tag"),
        pytest.param("CAA", b"\x00\x09abc", id="CAA tag over the end"),
        pytest.param("URI", b"\x00\x01\x00\x01", id="URI without a target"),
        pytest.param("URI", b"\x00\x01\x00", id="URI of three octets"),
        pytest.param("IPSECKEY", b"\x0a\x03\x02\xc0\x00aabb", id="IPSECKEY compressed"),
        pytest.param("AMTRELAY", b"\x0a\x03\xc0\x00", id="AMTRELAY compressed"),
        pytest.param("NS", b"\xc0\x00", id="NS compressed"),
        pytest.param("DS", b"\x00\x01\x08", id="DS cut off"),
        pytest.param("NSEC", b"\x00\x00\x21" + bytes(33), id="NSEC window of 33"),
        pytest.param("SVCB", b"\x00\x01\x00\x00\x03\x00\x01x", id="SVCB port of one octet"),
        pytest.param("NSEC3", b"\x01\x00\x00\x00\x05ab", id="NSEC3 salt over the end"),
        pytest.param("LOC", bytes(15), id="LOC of 15 octets"),
    ],
)
def test_malformed_rdata_is_refused_and_still_written(rrtype, octets):
    code = rrtype_from_text(rrtype)
    with pytest.raises(FormError):
        rdata.check(code, octets)
    assert rdata.to_text(code, octets) == f"\\# {len(octets)} {octets.hex()}".rstrip()


def test_unknown_types_have_any_octets():
    rdata.check(65280, b"\xc0\x0c")
    assert rdata.to_text(65280, b"") == "\\# 0"
    assert rdata.from_text(65280, "\\# 0") == b""
    assert rdata.names_in(65280, b"\xc0\x0c") == []


def test_text_that_would_not_read_back_is_written_as_hex():
    trailing_zero = bytes.fromhex("c0000201060000004000")
    rdata.check(RRType.WKS, trailing_zero)
    assert rdata.to_text(RRType.WKS, trailing_zero) == "\\# 10 c0000201060000004000"


@pytest.mark.parametrize(
    ("rrtype", "text"),
    [
        ("IPSECKEY", "10 0 2 . aabb"),
        ("IPSECKEY", "10 1 2 192.0.2.1 aabb"),
        ("AMTRELAY", "10 1 1 192.0.2.1"),
        ("AMTRELAY", "10 0 0 ."),
    ],
)
def test_a_gateway_may_be_an_address_or_none(rrtype, text):
    code = rrtype_from_text(rrtype)
    octets = rdata.from_text(code, text)
    assert rdata.names_in(code, octets) == []
    assert rdata.to_text(code, octets) == text


@pytest.mark.parametrize("rrtype", ["NS", "RRSIG", "NSEC"])
def test_letter_case_that_was_sent_is_shown(rrtype):
    code = rrtype_from_text(rrtype)
    octets = rdata.from_text(code, TEXTS[rrtype]).replace(b"example", b"eXample")
    assert rdata.to_text(code, octets) == TEXTS[rrtype].replace("example", "eXample")


@pytest.mark.parametrize(
    ("strings", "octets"),
    [
        ([b"abc"], b"\x03abc"),
        ([b""], b"\x00"),
        ([b"a", b"b"], b"\x01a\x01b"),
        ([b"x" * 255], b"\xff" + b"x" * 255),
        ([b"x" * 256], b"\xff" + b"x" * 255 + b"\x01x"),
    ],
)
def test_strings_are_cut_into_pieces_of_255(strings, octets):
    assert rdata.from_strings(strings) == octets
    assert b"".join(rdata.to_strings(octets)) == b"".join(strings)


@pytest.mark.parametrize("strings", [[], [b"x" * 65536]])
def test_no_string_or_too_many_are_refused(strings):
    with pytest.raises(FormError):
        rdata.from_strings(strings)


@pytest.mark.parametrize("rrtype", [0, 41, 128, 249, 250, 251, 252, 255])
def test_types_for_questions_and_messages_are_told(rrtype):
    assert rdata.is_meta(rrtype)
    assert not rdata.is_meta(256)
    assert not rdata.is_meta(99)

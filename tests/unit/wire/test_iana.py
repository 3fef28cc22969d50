import dns.edns
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest

from dnsd.wire import iana
from dnsd.wire.errors import FormError


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (iana.RRType, dns.rdatatype.RdataType),
        (iana.RRClass, dns.rdataclass.RdataClass),
        (iana.Opcode, dns.opcode.Opcode),
        (iana.Rcode, dns.rcode.Rcode),
        (iana.OptionCode, dns.edns.OptionType),
        (iana.ExtendedError, dns.edns.EDECode),
    ],
)
def test_every_number_dnspython_knows_has_a_name(ours, theirs):
    # 0 is reserved in the first two registries.
    wanted = {int(value) for value in theirs}
    if ours in (iana.RRType, iana.RRClass):
        wanted.discard(0)
    assert wanted <= {int(value) for value in ours}


@pytest.mark.parametrize("rrtype", [each for each in iana.RRType if each.name != "ALIAS"])
def test_types_are_called_as_dnspython_calls_them(rrtype):
    text = iana.rrtype_to_text(rrtype)
    assert text == dns.rdatatype.to_text(rrtype)
    assert iana.rrtype_from_text(text) == iana.rrtype_from_text(text.lower()) == rrtype


@pytest.mark.parametrize(
    ("text", "value"), [("TYPE65280", 65280), ("type1", 1), ("TYPE0", 0), ("nsap-ptr", 23)]
)
def test_types_are_read(text, value):
    assert iana.rrtype_from_text(text) == value


@pytest.mark.parametrize("text", ["", "MXX", "TYPE", "TYPE65536", "TYPE-1", "TYPE\u0661", "TYPE000001", "NSAP_PTR"])  # fmt: skip
def test_what_is_no_type_is_refused(text):
    with pytest.raises(FormError) as caught:
        iana.rrtype_from_text(text)
    assert caught.value.reason == f"{text!r} is not a type"


def test_a_long_text_is_not_repeated_in_full():
    with pytest.raises(FormError) as caught:
        iana.rrtype_from_text("x" * 10_000)
    assert len(caught.value.reason) < 100


def test_numbers_without_a_name_are_written_with_their_number():
    assert iana.rrtype_to_text(65280) == "TYPE65280"
    assert iana.rrclass_to_text(32) == "CLASS32"
    assert iana.rcode_to_text(12) == "RCODE12"


def test_classes_and_rcodes_are_written_and_read():
    assert iana.rrclass_from_text("in") == 1
    assert iana.rrclass_from_text("CLASS32") == 32
    assert iana.rrclass_to_text(3) == "CH"
    assert iana.rcode_to_text(3) == "NXDOMAIN"
    with pytest.raises(FormError, match="is not a class"):
        iana.rrclass_from_text("TYPE1")

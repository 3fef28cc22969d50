import dns.dnssec
import dns.rdatatype
import pytest
from fakes.signed import ZONE, dnspython_rdata, dnspython_rrset, rrset
from fuzz.octets import RDATA, wire_names
from fuzz.targets.rdata import dnspython_canonical
from hypothesis import assume, given
from hypothesis import strategies as st

from dnsd.dnssec import canonical
from dnsd.wire import names
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

PREFIX = b"\x00\x01\x0d\x03\x00\x00\x0e\x10" + bytes(10) + ZONE


@pytest.mark.parametrize(
    ("owner", "labels"),
    [(".", 0), ("*.", 0), ("test.", 1), ("*.test.", 1), ("a.*.test.", 3), ("*.*.test.", 2)],
)
def test_labels_of_an_owner(owner, labels):
    """RFC 4034 §3.1.3: neither the root nor a leading asterisk counts."""
    assert canonical.owner_labels(names.from_text(owner)) == labels


@pytest.mark.parametrize(
    ("owner", "labels", "signed"),
    [
        ("a.b.test.", 3, "a.b.test."),
        ("a.b.test.", 2, "*.b.test."),
        ("a.b.test.", 1, "*.test."),
        ("a.b.test.", 0, "*."),
        ("*.b.test.", 2, "*.b.test."),
        ("*.b.test.", 1, "*.test."),
        ("*.b.test.", 0, "*."),
        ("a.*.test.", 3, "a.*.test."),
        ("a.*.test.", 2, "*.*.test."),
        ("test.", 1, "test."),
        (".", 0, "."),
    ],
)
def test_the_owner_that_was_signed(owner, labels, signed):
    """RFC 4035 §5.3.2."""
    assert canonical.signed_owner(names.from_text(owner), labels) == names.from_text(signed)


def test_records_are_sorted_and_each_is_there_once():
    """RFC 4034 §6.3, §6.2: MX lowers its name; left-justified octets decide the order."""
    records = rrset(rrtype=RRType.MX, rdatas=[b"\x00\x0a\x01B\x00", b"\x00\x0a\x01a\x00", b"\x00\x0a\x01b\x00", b"\x00\x05\x00"])  # fmt: skip
    assert canonical.sorted_rdatas(records) == [b"\x00\x05\x00", b"\x00\x0a\x01a\x00", b"\x00\x0a\x01b\x00"]  # fmt: skip
    text = rrset(rrtype=RRType.TXT, rdatas=[b"\x02ab", b"\x01b", b"\x01B"])
    assert canonical.sorted_rdatas(text) == [b"\x01B", b"\x01b", b"\x02ab"]


def test_the_original_ttl_is_signed_and_not_the_one_that_is_left():
    records = rrset(ttl=17)
    octets = canonical.signed_octets(PREFIX, records.owner, records, [b"\xc0\x00\x02\x01"])
    assert octets == PREFIX + records.owner + b"\x00\x01\x00\x01" + b"\x00\x00\x0e\x10" + b"\x00\x04\xc0\x00\x02\x01"  # fmt: skip


@pytest.mark.parametrize(
    ("rrtype", "rdata"),
    [
        pytest.param(RRType.MX, b"\x00\x0a\x05ab", id="label over the end"),
        pytest.param(RRType.NS, b"", id="no name"),
        pytest.param(RRType.TXT, bytes(65536), id="longer than rdata may be"),
        pytest.param(RRType.SIG, bytes(18) + b"\x00" + bytes(65530), id="longer once expanded"),
    ],
)
def test_malformed_records_have_no_canonical_form(rrtype, rdata):
    with pytest.raises(FormError):
        canonical.sorted_rdatas(rrset(rrtype=rrtype, rdatas=[b"\x00\x0a\x01a\x00", rdata]))


@st.composite
def records(draw):
    rrtype = draw(st.sampled_from(sorted(RDATA)))
    # dnspython keeps no more of some types, and RRSIGs only of one type covered.
    most = 1 if dns.rdatatype.is_singleton(rrtype) or rrtype == RRType.RRSIG else 4
    rdatas = draw(st.lists(RDATA[rrtype], min_size=1, max_size=most))
    assume(all(dnspython_canonical(rrtype, rdata) is not None for rdata in rdatas))
    return RRset(draw(wire_names).lower(), int(rrtype), draw(st.integers(0, 2**31 - 1)), tuple(rdatas))  # fmt: skip


@given(records(), st.integers(0, 5), st.integers(0, 2**32 - 1))
def test_what_is_signed_is_what_dnspython_signs(given, labels, original_ttl):
    count = canonical.owner_labels(given.owner)
    assume(labels == count if given.owner.startswith(b"\x01*") else labels <= count)
    prefix = given.type.to_bytes(2, "big") + bytes((13, labels)) + original_ttl.to_bytes(4, "big") + bytes(10) + ZONE  # fmt: skip
    rrsig = dnspython_rdata("RRSIG", prefix + b"signature")
    theirs = dns.dnssec._make_rrsig_signature_data(dnspython_rrset(given), rrsig)
    owner = canonical.signed_owner(given.owner, labels)
    assert canonical.signed_octets(prefix, owner, given, canonical.sorted_rdatas(given)) == theirs

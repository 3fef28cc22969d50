import pytest

from dnsd.resolver.local.answer import Source
from dnsd.resolver.local.local_names import LocalNames
from dnsd.resolver.local.special import SpecialNames
from dnsd.wire import names, rdata
from dnsd.wire.iana import Rcode, RRType

N = names.from_text
DOMAIN = N("home.arpa")
SPECIAL = SpecialNames(builtin=True)


def _record(text):
    owner, rrtype, words = text.split(" ", 2)
    return N(owner), RRType[rrtype], rdata.from_text(RRType[rrtype], words, names.ROOT)


def _table(*records, special=SPECIAL, domain=DOMAIN):
    table = LocalNames(special, domain=domain, ttl=60)
    table.add(Source.NAMES, map(_record, records))
    return table


def _answer(table, name, rrtype):
    """Write an answer as text: records, or the rcode and the owner of the SOA."""
    found = table.find(N(name), RRType[rrtype])
    if found is None:
        return None
    records = [
        f"{names.to_text(rrset.owner)} {RRType(rrset.type).name} {rdata.to_text(rrset.type, each)}"
        for rrset in found.answer
        for each in rrset.rdatas
    ]
    denial = [names.to_text(rrset.owner) for rrset in found.authority]
    return records or [Rcode(found.rcode).name, *denial]


def test_an_address_answers_for_its_name_with_and_without_domain():
    table = _table("nas A 192.0.2.11")
    assert _answer(table, "nas", "A") == ["nas. A 192.0.2.11"]
    assert _answer(table, "nas.home.arpa", "A") == ["nas.home.arpa. A 192.0.2.11"]


@pytest.mark.parametrize(
    ("record", "reverse"),
    [
        ("nas A 192.0.2.11", "11.2.0.192.in-addr.arpa"),
        ("nas.home.arpa AAAA 2001:db8::11", "1.1" + ".0" * 22 + ".8.b.d.0.1.0.0.2.ip6.arpa"),
    ],
)
def test_a_ptr_record_is_made_of_every_address(record, reverse):
    assert _answer(_table(record), reverse, "PTR") == [f"{reverse}. PTR nas.home.arpa."]


def test_the_first_name_of_an_address_gets_its_ptr_record():
    table = _table("nas A 192.0.2.11", "files A 192.0.2.11")
    reverse = "11.2.0.192.in-addr.arpa"
    assert _answer(table, reverse, "PTR") == [f"{reverse}. PTR nas.home.arpa."]


def test_a_ptr_record_that_is_written_stands():
    reverse = "11.2.0.192.in-addr.arpa"
    table = _table("nas A 192.0.2.11", f"{reverse} PTR other.example.")
    records = _answer(table, reverse, "PTR")
    assert f"{reverse}. PTR other.example." in records


def test_any_type_can_be_had():
    table = _table(
        "nas MX 10 mail.example.", "nas TXT hello", "_smb._tcp.nas SRV 0 0 445 nas.home.arpa."
    )
    assert _answer(table, "nas", "MX") == ["nas. MX 10 mail.example."]
    assert _answer(table, "nas.home.arpa", "TXT") == ['nas.home.arpa. TXT "hello"']
    assert _answer(table, "_smb._tcp.nas", "SRV") == ["_smb._tcp.nas. SRV 0 0 445 nas.home.arpa."]
    assert len(_answer(table, "nas", "ANY")) == 2


def test_a_name_has_no_data_of_other_types_and_is_not_asked_for():
    table = _table("nas.home.arpa A 192.0.2.11", "web.example A 192.0.2.12")
    assert _answer(table, "nas.home.arpa", "HTTPS") == ["NOERROR", "home.arpa."]
    assert _answer(table, "web.example", "AAAA") == ["NOERROR"]
    assert _answer(table, "other.example", "A") is None


def test_an_alias_leads_on():
    table = _table("www.home.arpa CNAME nas.home.arpa.")
    found = table.find(N("www.home.arpa"), RRType.A)
    assert found.unfinished == N("nas.home.arpa")
    assert table.find(N("www.home.arpa"), RRType.CNAME).unfinished == b""


def test_a_bare_name_hides_no_top_level_domain():
    table = _table("com A 192.0.2.11")
    assert _answer(table, "com", "A") == ["com. A 192.0.2.11"]
    for rrtype in ("NS", "SOA", "DS", "DNSKEY"):
        assert _answer(table, "com", rrtype) is None


def test_names_above_a_name_are_not_denied():
    table = _table("a.b.home.arpa A 192.0.2.11")
    assert _answer(table, "b.home.arpa", "A") == ["NOERROR", "home.arpa."]
    assert _answer(table, "2.0.192.in-addr.arpa", "PTR") == ["NOERROR", "2.0.192.in-addr.arpa."]
    assert _answer(table, "c.home.arpa", "A") == ["NXDOMAIN", "home.arpa."]


def test_an_earlier_source_hides_a_later_one_name_by_name():
    table = _table("nas A 192.0.2.11")
    address = bytes((192, 0, 2, 99))
    table.add_addresses(Source.HOSTS, [(N("nas"), address), (N("pc"), address)])
    assert _answer(table, "nas", "A") == ["nas. A 192.0.2.11"]
    assert _answer(table, "pc", "A") == ["pc. A 192.0.2.99"]
    assert table.find(N("pc"), RRType.A).source is Source.HOSTS
    reverse = "99.2.0.192.in-addr.arpa"
    assert _answer(table, reverse, "PTR") == [f"{reverse}. PTR pc.home.arpa."]


def test_what_a_hosts_file_says_of_its_own_machine_is_left_out():
    table = _table()
    own = [bytes((127, 0, 0, 1)), bytes((127, 0, 1, 1)), bytes(15) + b"\x01"]
    table.add_addresses(Source.HOSTS, [(N("box"), address) for address in own])
    assert len(table) == 0


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        pytest.param("phone", True, id="a bare name"),
        pytest.param("phone.home.arpa", True, id="under the local domain"),
        pytest.param("www.bank.example", False, id="somebody else's name"),
        pytest.param("home.arpa", False, id="the domain itself"),
    ],
)
def test_a_lease_gives_names_under_the_local_domain_only(name, taken):
    table = _table()
    table.add_addresses(Source.LEASE, [(N(name), bytes((192, 0, 2, 5)))])
    assert (len(table) > 0) is taken


def test_without_a_domain_a_lease_gives_bare_names_only():
    table = _table(domain=names.ROOT)
    address = bytes((192, 0, 2, 5))
    table.add_addresses(Source.LEASE, [(N("phone"), address), (N("www.bank.example"), address)])
    assert _answer(table, "phone", "A") == ["phone. A 192.0.2.5"]
    assert _answer(table, "www.bank.example", "A") is None


def test_special_names_come_after():
    assert _answer(_table(), "localhost", "A") == ["localhost. A 127.0.0.1"]


def test_a_name_too_long_for_the_domain_stays_as_it_is():
    domain = names.from_labels([b"x" * 63, b"y" * 63, b"z" * 63])
    table = _table(f"{'n' * 63} A 192.0.2.1", domain=domain)
    assert _answer(table, "n" * 63, "A") == [f"{'n' * 63}. A 192.0.2.1"]

"""Runs of the compiler over signed zones: what is made, kept, renewed and refused."""

import pytest

from dnsd.authority.build.compilation import compile_zones
from dnsd.authority.build.report import CompileRequest, Status
from dnsd.authority.build.row_notes import RowNotes
from dnsd.authority.build.zone_signing import SigningNotes
from dnsd.authority.node import Node
from dnsd.authority.serials import Serials
from dnsd.authority.signing_keys import CSK, KSK, ZSK, SigningKeys
from dnsd.authority.store import open_store
from dnsd.dnssec.policy import SigningPolicy
from dnsd.wire import names
from dnsd.wire.iana import RRType

NOW = 1772323200  # 2026-03-01 00:00 UTC
DAY = 86400
APEX = names.from_text("example.test.")
RECORDS = """
records:
  '': {type: NS, value: ns1.example.test.}
  ns1: {type: A, value: 192.0.2.1}
  www: {type: A, value: 192.0.2.2}
"""
SIGNED = "dnssec: {policy: default}" + RECORDS


class Place:
    """A zone file, a store, serials and keys."""

    def __init__(self, path):
        self.path = path
        (path / "zones").mkdir()
        self.store = open_store(path / "store", map_size=64 << 20)
        self.serials = Serials(path / "serials.db")
        self.keys = SigningKeys(path / "keys")
        self.policy = SigningPolicy()

    def close(self):
        self.store.close()
        self.serials.close()
        self.keys.close()

    def write(self, text):
        (self.path / "zones" / "example.test.yaml").write_text(text)

    def run(self, now=NOW, **options):
        request = CompileRequest(
            (self.path / "zones",), policies={"default": self.policy}, **options
        )
        report = compile_zones(request, self.store, self.serials, now, self.keys)
        return next(zone for zone in report.zones if zone.origin in ("example.test.", ""))

    def notes(self):
        with self.store.snapshot() as snapshot:
            return RowNotes.from_octets(snapshot.row(APEX).meta)

    def signing(self):
        return SigningNotes(*self.notes().signing)

    def rrsets(self):
        with self.store.snapshot() as snapshot:
            version = snapshot.version(snapshot.row(APEX), APEX)
            return {
                (names.to_text(owner), rrset.type): rrset
                for owner, octets in version.scan()
                for rrset in Node(octets).rrsets(owner)
            }

    def files(self):
        return sorted((self.path / "keys").glob("*.pem"))


@pytest.fixture
def place(tmp_path):
    found = Place(tmp_path)
    found.write(SIGNED)
    yield found
    found.close()


def test_a_zone_with_a_policy_gets_a_key_and_says_so_to_its_parent(place):
    assert place.run().status is Status.LOADED
    (row,) = place.keys.of_zone(APEX)
    assert (row.role, row.algorithm, row.created) == (CSK, 13, NOW)
    found = place.rrsets()
    for rrtype, rdata in (
        (RRType.DNSKEY, row.dnskey),
        (RRType.CDNSKEY, row.dnskey),
        (RRType.CDS, row.ds()),
    ):
        assert found["example.test.", rrtype].rdatas == (rdata,)
    assert all(len(rrset.signatures) == 1 for rrset in found.values())
    assert place.run().status is Status.UNCHANGED


def test_with_two_keys_each_signs_what_is_its_own(place):
    place.policy = SigningPolicy(split_keys=True)
    place.run()
    tags = {row.role: row.tag for row in place.keys.of_zone(APEX)}
    about_keys = {RRType.DNSKEY, RRType.CDS, RRType.CDNSKEY}
    for (_, rrtype), rrset in place.rrsets().items():
        wanted = tags[KSK if rrtype in about_keys else ZSK]
        assert [int.from_bytes(each[16:18], "big") for each in rrset.signatures] == [wanted]


def test_signatures_of_a_change_are_few_and_its_serial_is_new(place):
    first = place.run()
    before = place.rrsets()
    place.write(SIGNED.replace("192.0.2.2", "192.0.2.3"))
    second = place.run(NOW + 60)
    assert second.serial == first.serial + 1
    after = place.rrsets()
    assert {key for key in after if after[key].signatures != before[key].signatures} == {
        ("example.test.", RRType.SOA), ("www.example.test.", RRType.A),
    }  # fmt: skip
    assert (second.added, second.removed) == (2, 2), "SOA and A; signatures are no content"


def test_signatures_end_at_different_times_and_are_renewed_in_their_last_third(place):
    place.run()
    ends = {int.from_bytes(r.signatures[0][8:12], "big") for r in place.rrsets().values()}
    assert len(ends) > 3
    assert all(abs(end - NOW - 14 * DAY) <= 1.4 * DAY for end in ends)
    notes = place.signing()
    assert notes.expires == min(ends)
    assert notes.renew_at == notes.expires - 14 * DAY // 3
    serial = place.notes().serial
    assert place.run(notes.renew_at - 1).status is Status.UNCHANGED
    renewed = place.run(notes.renew_at)
    assert (renewed.status, renewed.renewed) == (Status.LOADED, True)
    assert renewed.serial > serial
    assert place.signing().renew_at > notes.renew_at
    kept = {int.from_bytes(r.signatures[0][8:12], "big") for r in place.rrsets().values()} & ends
    assert kept, "what lasts for longer stays"


def test_two_months_of_renewals_never_lets_a_signature_come_near_its_end(place):
    place.run()
    now, runs = NOW, 0
    while now < NOW + 60 * DAY:
        now = place.signing().renew_at
        assert place.run(now).renewed
        runs += 1
        notes = place.signing()
        assert notes.expires - now > 14 * DAY // 3
    assert runs < 150


def test_what_is_served_is_renewed_while_the_file_is_broken_or_gone(place):
    place.run()
    notes = place.signing()
    place.write("records: [")
    broken = place.run(notes.renew_at)
    assert (broken.status, broken.renewed) == (Status.KEPT, True)
    assert place.signing().expires > notes.expires
    assert ("www.example.test.", RRType.A) in place.rrsets()
    later = place.signing()
    (place.path / "zones" / "example.test.yaml").unlink()
    gone = place.run(later.renew_at)
    assert (gone.status, gone.renewed) == (Status.KEPT, True)
    place.write(SIGNED)
    mended = place.run(later.renew_at + 1)
    assert mended.serial >= gone.serial
    assert not mended.problems


@pytest.mark.parametrize("fault", ["file", "table"])
def test_a_missing_key_leaves_the_zone_as_it_was_signed(place, fault, tmp_path):
    place.run()
    before, notes = place.rrsets(), place.signing()
    if fault == "file":
        place.files()[0].unlink()
    else:
        place.keys.close()
        place.keys = SigningKeys(tmp_path / "other keys")
    for text in (SIGNED, SIGNED.replace("192.0.2.2", "192.0.2.9")):
        place.write(text)
        found = place.run(notes.renew_at)
        assert found.status is Status.KEPT
        assert "backup" in found.problems[0].message
        assert found.problems[0].id == "zone-not-signed", "the daemon starts in spite of it"
        assert place.rrsets() == before
    assert not list((tmp_path / "other keys").glob("*.pem")), "a new key would not be the parent's"


def test_keys_that_cannot_be_read_cost_signed_zones_only(place):
    place.write(SIGNED)
    place.run()
    before = place.rrsets()
    place.keys.close()
    for path in (place.path / "keys").glob("keys.db*"):
        path.unlink()
    (place.path / "keys" / "keys.db").write_bytes(b"no database at all" * 100)
    (place.path / "zones" / "plain.test.yaml").write_text(RECORDS.replace("example", "plain"))
    place.write(SIGNED.replace("192.0.2.2", "192.0.2.3"))
    request = CompileRequest((place.path / "zones",), policies={"default": place.policy})
    report = compile_zones(request, place.store, place.serials, NOW + 1, place.keys)
    status = {zone.origin: zone.status for zone in report.zones}
    assert status == {"example.test.": Status.KEPT, "plain.test.": Status.LOADED}
    assert place.rrsets() == before
    assert any("signing keys in" in str(each) for zone in report.zones for each in zone.problems)


def test_a_new_zone_without_its_key_is_not_served_unsigned(place):
    place.keys.make(APEX, 13, CSK, NOW)
    place.files()[0].unlink()
    assert place.run().status is Status.REFUSED
    with place.store.snapshot() as snapshot:
        assert snapshot.row(APEX) is None


def test_another_policy_signs_what_is_served_anew_with_the_same_keys(place):
    place.run()
    keys, before = place.keys.of_zone(APEX), place.rrsets()
    place.policy = SigningPolicy(nsec3=True, validity_s=30 * DAY)
    assert place.run(NOW + 60).renewed
    after = place.rrsets()
    assert place.keys.of_zone(APEX) == keys
    assert ("example.test.", RRType.NSEC3PARAM) in after
    assert not any(rrtype == RRType.NSEC for _, rrtype in after)
    assert not {r.signatures for r in after.values()} & {r.signatures for r in before.values()}
    assert place.run(NOW + 120).status is Status.UNCHANGED


def test_a_dry_run_makes_no_key(place):
    assert place.run(dry_run=True).status is Status.LOADED
    assert place.files() == []
    assert place.keys.of_zone(APEX) == []


def test_a_policy_that_is_not_there_and_an_alias_are_errors_of_the_file(place):
    place.write(SIGNED.replace("default", "strict"))
    (problem,) = place.run().problems
    assert (problem.id, problem.where.line) == ("dnssec-policy", 1)
    assert "one of default" in problem.expected
    place.write(SIGNED + "  far: {type: ALIAS, value: elsewhere.test.}\n")
    (problem,) = place.run().problems
    assert (problem.id, problem.where.line) == ("dnssec-alias", 6)
    assert place.files() == [], "no key for a zone that cannot be served"


def test_a_zone_that_is_not_signed_any_more_is_a_warning(place):
    place.run()
    place.write(RECORDS)
    found = place.run()
    assert [problem.id for problem in found.problems] == ["dnssec-gone"]
    assert found.status is Status.LOADED
    assert not any(rrset.signatures for rrset in place.rrsets().values())
    assert place.notes().signing is None
    place.write(SIGNED)
    assert place.run().status is Status.LOADED
    assert len(place.files()) == 1, "its key is still there"


def test_the_serial_of_a_file_is_raised_by_renewals_and_taken_again_when_newer(place):
    soa = (
        "  '': [{type: SOA, value: 'ns1.example.test. h.example.test. %d 1 1 9999999 60'},"
        " {type: NS, value: ns1.example.test.}]\n"
    )
    text = SIGNED.replace("  '': {type: NS, value: ns1.example.test.}\n", soa)
    place.write(text % 7)
    first = place.run()
    assert not [problem for problem in first.problems if problem.severity == "error"], (
        first.problems
    )
    assert first.serial == 7
    renewed = place.run(place.signing().renew_at)
    assert renewed.serial > 7
    place.write(text.replace("192.0.2.2", "192.0.2.8") % 8)
    changed = place.run(NOW + 12 * DAY)
    assert changed.serial > renewed.serial
    assert not [problem for problem in changed.problems if problem.id == "soa-serial-back"]


def test_a_policy_that_went_away_is_said_at_once_and_the_zone_stays_signed(place):
    place.run()
    before = place.rrsets()
    request = CompileRequest((place.path / "zones",), policies={"other": SigningPolicy()})
    (found,) = compile_zones(request, place.store, place.serials, NOW + 60, place.keys).zones
    assert found.status is Status.KEPT
    assert "no dnssec policy 'default'" in found.problems[0].message
    assert place.rrsets() == before
    assert place.run(NOW + 120).status is Status.UNCHANGED

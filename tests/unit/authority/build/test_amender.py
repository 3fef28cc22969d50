"""A small change of a big file gives what reading the file whole gives, or is left to that."""

import random

import pytest

from dnsd.authority.build import amender, kept_text
from dnsd.authority.build.compilation import compile_zones
from dnsd.authority.build.report import CompileRequest, Status
from dnsd.authority.build.row_notes import RowNotes
from dnsd.authority.build.signer import CHAIN
from dnsd.authority.serials import Serials
from dnsd.authority.signing_keys import SigningKeys
from dnsd.authority.store import StoreError, open_store
from dnsd.dnssec.policy import SigningPolicy
from dnsd.wire import names

NOW = 1772323200
APEX = names.from_text("example.test.")
POLICIES = {
    "nsec": SigningPolicy(algorithm=15),
    "nsec3": SigningPolicy(algorithm=15, nsec3=True),
}
APEX_LINE = "  '': [{type: NS, value: ns1.example.test.}, {type: MX, values: [{preference: 1, exchange: mx.example.net.}]}]"  # fmt: skip


class Side:
    """A store beside the zone file; one side amends, the other reads files whole."""

    def __init__(self, path, zones, keys, *, amends):
        path.mkdir()
        self.store = open_store(path / "store", map_size=64 << 20)
        self.serials = Serials(path / "serials.db")
        self.zones, self.keys, self.amends = zones, keys, amends

    def close(self):
        self.store.close()
        self.serials.close()

    def run(self, now=NOW, **options):
        if not self.amends:
            kept_text.forget(self.store.path, APEX)
        request = CompileRequest((self.zones,), policies=POLICIES, **options)
        (zone,) = compile_zones(request, self.store, self.serials, now, self.keys).zones
        return zone

    def held(self):
        with self.store.snapshot() as snapshot:
            row = snapshot.row(APEX)
            version = snapshot.version(row, APEX)
            notes = RowNotes.from_octets(row.meta)
            assert notes.signing is None or notes.signing[2:] != [0, 0]
            facts = notes.signature, notes.serial, notes.digest, notes.records
            return dict(version.scan()), dict(version.hashes(CHAIN)), facts

    def version(self):
        with self.store.snapshot() as snapshot:
            return snapshot.row(APEX).version


class Pair:
    """Both sides, and their zone file."""

    def __init__(self, path):
        (path / "zones").mkdir()
        self.file = path / "zones" / "example.test.yaml"
        self.keys = SigningKeys(path / "keys")
        self.amending = Side(path / "a", path / "zones", self.keys, amends=True)
        self.whole = Side(path / "b", path / "zones", self.keys, amends=False)

    def run(self, text, now=NOW, **options):
        """Run both sides; return the report of the first, and whether it amended."""
        self.file.write_text(text)
        before = self.amending.version() if self.amending.serials.last(APEX) else 0
        found, wanted = self.amending.run(now, **options), self.whole.run(now, **options)
        assert (found.status, found.serial, found.records) == (
            wanted.status, wanted.serial, wanted.records,
        )  # fmt: skip
        assert (found.added, found.removed) == (wanted.added, wanted.removed)
        if found.serial is not None:
            assert self.amending.held() == self.whole.held()
        return found, wanted, self.amending.version() == before

    def close(self):
        self.amending.close()
        self.whole.close()
        self.keys.close()


@pytest.fixture
def pair(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_text, "LEAST_NAMES", 3)
    found = Pair(tmp_path)
    yield found
    found.close()


def text_of(entries, policy="nsec", tail=""):
    head = f"dnssec: {{policy: {policy}}}\n" if policy else "ttl: 1h\n"
    lines = [APEX_LINE, "  ns1: {type: A, value: 192.0.2.1}", *entries.values()]
    return head + "records:\n" + "\n".join(lines) + "\n" + tail


def hosts(count=30):
    return {f"h{n}": f"  h{n}: {{type: A, value: 192.0.2.{n % 256}}}" for n in range(count)}


def random_entry(chance, name):
    address = f"192.0.2.{chance.randrange(256)}"
    kinds = [
        f"  {name}: {{type: A, value: {address}}}",
        f"  {name}: {{type: A, ttl: 60, value: {address}}}  # {address}",
        f"  {name}:\n    type: A\n    values:\n      - {address}\n      - 192.0.2.1",
        f"  {name}: [{{type: A, value: {address}}}, {{type: TXT, value: x}}]",
        f"  # of old\n  {name}: {{type: CNAME, value: h1.example.test.}}\n",
        f"  {name}: {{type: NS, value: ns.{name}.example.test.}}",
        f"  {name}: {{type: TXT, value: a & b}}",
        f"  {name}: {{type: MX, value: {{preference: 1, exchange: h2.example.test.}}}}",
    ]
    return chance.choice(kinds)


@pytest.mark.parametrize("policy", ["", "nsec", "nsec3"])
@pytest.mark.parametrize("tail", ["", "soa: {minimum: 10m}\n"])
def test_random_changes_give_what_reading_all_gives(pair, policy, tail):
    chance = random.Random(f"{policy} {tail}")
    entries = hosts()
    pair.run(text_of(entries, policy, tail))
    amended = 0
    for _ in range(60):
        labels = [f"h{chance.randrange(40)}", f"n{chance.randrange(9)}.h{chance.randrange(40)}"]
        name = chance.choice(labels)
        before = dict(entries)
        if name in entries and chance.random() < 0.4:
            del entries[name]
        else:
            entries[name] = random_entry(chance, name)
        report, wanted, was_amended = pair.run(text_of(entries, policy, tail))
        if report.status in (Status.KEPT, Status.REFUSED):
            assert report.problems == wanted.problems
            entries = before
            pair.run(text_of(entries, policy, tail))
        elif was_amended:
            amended += 1
            assert set(report.problems) <= set(wanted.problems)
    assert amended > 25


def changed(entries, **lines):
    return entries | {name: f"  {name}: {line}" for name, line in lines.items()}


def test_one_change_reads_and_writes_next_to_nothing(pair, monkeypatch):
    pair.run(text_of(hosts(2000)))
    monkeypatch.setattr("dnsd.authority.build.zone_maker.check_zone", None)  # of whole zones
    text = text_of(changed(hosts(2000), h77="{type: A, value: 192.0.2.200}"))
    pair.file.write_text(text)
    version = pair.amending.version()
    assert pair.amending.run().status is Status.LOADED
    assert pair.amending.version() == version


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("dnssec", "soa: {minimum: 5m}\ndnssec"),
        lambda text: text.replace("policy: nsec", "policy: nsec3"),
        lambda text: text + "  deep.h3: {type: NS, value: ns.elsewhere.example.}\nttl: 5m\n",
        lambda text: text.replace("  h5: {", "  h5: &five {"),
        lambda text: text.replace("value: ns1", "value: ns2").replace("  h1:", "  ns2:"),
        lambda text: text.replace("  h9: {", "  '*': {"),
        lambda text: text.replace("  h9: {", "  '*.x': {"),
        lambda text: "".join(line for line in text.splitlines(True) if "h2" not in line),
    ],
)
def test_what_reaches_further_is_read_whole(pair, change):
    pair.run(text_of(hosts()))
    pair.run(change(text_of(hosts())))
    pair.run(text_of(hosts()))


def test_errors_are_those_of_the_whole_file(pair):
    pair.run(text_of(hosts()))
    for line in (
        "{type: A, value: 192.0.2.999}", "[{type: CNAME, value: a.test.}, {type: A, value: 192.0.2.1}]",
        "[", "{type: A}", "'", "{type: SOA}", "*five",
    ):  # fmt: skip
        report, wanted, _ = pair.run(text_of(changed(hosts(), h7=line)))
        assert report.status is Status.KEPT, line
        assert report.problems == wanted.problems
    report, _, _ = pair.run(text_of(hosts()).replace("  ns1:", "  ns2:"))
    assert [each.id for each in report.problems] == ["ns-address-missing"]
    twice = text_of(hosts()).replace("  h8:", "  h7:")
    report, _, _ = pair.run(twice)
    assert report.status is Status.KEPT


def test_too_much_that_goes_is_refused_as_ever(pair):
    pair.run(text_of(hosts()))
    few = {name: line for name, line in hosts().items() if name in ("h1", "h2")}
    report, _, _ = pair.run(text_of(few), max_deletion_share=0.5)
    assert [each.id for each in report.problems] == ["deletion-share"]
    report, _, was_amended = pair.run(text_of(few), max_deletion_share=0.5, force=True)
    assert report.status is Status.LOADED
    assert was_amended


def test_a_warning_has_the_line_of_the_whole_file(pair):
    pair.run(text_of(hosts()))
    report, wanted, was_amended = pair.run(
        text_of(changed(hosts(), h20="{type: A, value: 0.0.0.0}"))
    )
    assert was_amended
    (problem,) = report.problems
    assert problem in wanted.problems


def test_another_comment_is_no_other_content(pair):
    first, _, _ = pair.run(text_of(hosts()))
    text = text_of(hosts()).replace("  h9:", "  # nine\n  h9:")
    second, _, was_amended = pair.run(text)
    assert (second.status, second.serial, was_amended) == (Status.UNCHANGED, first.serial, True)
    third, _, was_amended = pair.run(text.replace("192.0.2.9}", "192.0.2.99}"))
    assert (third.status, was_amended) == (Status.LOADED, True)


def test_with_other_keys_or_rules_all_is_signed_anew(pair, monkeypatch):
    pair.run(text_of(hosts()))
    monkeypatch.setitem(POLICIES, "nsec", SigningPolicy(algorithm=15, validity_s=86400))
    _, _, was_amended = pair.run(text_of(changed(hosts(), h7="{type: A, value: 192.0.2.77}")))
    assert not was_amended


@pytest.mark.parametrize("fault", ["torn", "gone", "other", "form"])
def test_a_text_that_is_not_the_one_read_is_not_used(pair, fault):
    pair.run(text_of(hosts()))
    (kept,) = pair.amending.store.path.glob("text-*")
    octets = kept.read_bytes()
    match fault:
        case "torn":
            kept.write_bytes(octets[:-40])
        case "gone":
            kept.unlink()
        case "other":
            kept.write_bytes(octets.replace(b"192.0.2.9}", b"192.0.2.8}"))
        case "form":
            kept.write_bytes(b"{}\n" + octets)
    _, _, was_amended = pair.run(text_of(changed(hosts(), h7="{type: A, value: 192.0.2.77}")))
    assert not was_amended
    _, _, was_amended = pair.run(text_of(changed(hosts(), h7="{type: A, value: 192.0.2.78}")))
    assert was_amended, "it is kept again"


def test_a_full_disk_changes_nothing(pair, monkeypatch):
    pair.run(text_of(hosts()))
    before = pair.amending.held()
    pair.file.write_text(text_of(changed(hosts(), h7="{type: A, value: 192.0.2.77}")))

    def fail(*_):
        raise StoreError("full")

    with monkeypatch.context() as patch:
        patch.setattr(pair.amending.store, "publish", fail)
        assert pair.amending.run().status is Status.KEPT
    assert pair.amending.held() == before
    report = pair.amending.run()
    assert (report.status, report.added) == (Status.LOADED, 2)


def test_a_change_that_is_too_large_is_built(pair, monkeypatch):
    monkeypatch.setattr(amender, "_MOST_NAMES", 3)
    pair.run(text_of(hosts()))
    many = {f"h{n}": f"{{type: A, value: 198.51.100.{n}}}" for n in range(4)}
    assert not pair.run(text_of(changed(hosts(), **many)))[2]


def test_the_text_of_a_zone_that_went_goes(pair):
    pair.run(text_of(hosts()))
    assert list(pair.amending.store.path.glob("text-*"))
    pair.file.unlink()
    pair.amending.run(force=True)
    assert not list(pair.amending.store.path.glob("text-*"))

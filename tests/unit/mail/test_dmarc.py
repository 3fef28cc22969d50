"""Who stands behind a message: alignment, the walk up the tree, and what is wanted."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.mail import dmarc
from dnsd.mail.dmarc import Disposition, Result
from dnsd.mail.lookup import Answer, FailureKind, LookupFailed
from dnsd.wire import names


class Zone:
    """TXT records by name; a name in ``broken`` fails, one in ``absent`` is not there."""

    def __init__(self, records=(), broken=(), absent=()):
        self.records, self.broken, self.absent, self.asked = dict(records), broken, absent, []

    async def look_up(self, name, rtype, /):
        text = names.to_text(name).removesuffix(".")
        self.asked.append(text)
        if text in self.broken:
            raise LookupFailed(FailureKind.TEMPORARY, f"{text}: no answer")
        found = self.records.get(text, ()) if rtype == 16 else ()
        found = (found,) if isinstance(found, str) else found
        rdatas = tuple(bytes([len(each)]) + each.encode() for each in found)
        return Answer(name, rtype, rdatas, name, False, 60, text not in self.absent)


def check(author, zone, signed_by=(), sent_by=None):
    return asyncio.run(dmarc.check(author, signed_by, sent_by, zone))


REJECT = {"_dmarc.example.test": "v=DMARC1; p=reject; sp=quarantine; np=none; rua=mailto:a@b.test"}


@pytest.mark.parametrize(
    ("signed_by", "sent_by", "result"),
    [
        (["example.test"], None, Result.PASS),
        (["other.test", "mail.example.test"], None, Result.PASS),
        ([], "example.test", Result.PASS),
        ([], "bounce.example.test", Result.PASS),
        ([], None, Result.FAIL),
        (["other.test"], "elsewhere.example", Result.FAIL),
        (["test"], None, Result.FAIL),
        (["notexample.test"], None, Result.FAIL),
    ],
)
def test_what_passed_must_be_of_the_organization(signed_by, sent_by, result):
    found = check("example.test", Zone(REJECT), signed_by, sent_by)
    assert found.result is result
    assert found.disposition is (Disposition.REJECT if result is Result.FAIL else Disposition.NONE)


def test_strict_means_the_very_domain():
    zone = Zone({"_dmarc.example.test": "v=DMARC1; p=reject; adkim=s; aspf=s"})
    assert (
        check("example.test", zone, ["mail.example.test"], "b.example.test").result is Result.FAIL
    )
    assert check("example.test", zone, ["example.test"]).is_aligned_by_dkim
    assert check("example.test", zone, [], "example.test").is_aligned_by_spf


@pytest.mark.parametrize(
    ("absent", "wanted"), [((), Disposition.QUARANTINE), (("a.example.test",), Disposition.NONE)]
)
def test_below_the_organization_its_words_for_that_count(absent, wanted):
    found = check("a.example.test", Zone(REJECT, absent=absent))
    assert (found.disposition, found.record.domain) == (wanted, "example.test")


def test_a_record_of_its_own_counts_before_that_of_the_organization():
    zone = Zone({**REJECT, "_dmarc.a.example.test": "v=DMARC1; p=none"})
    assert check("a.example.test", zone).disposition is Disposition.NONE


@pytest.mark.parametrize(
    ("records", "author", "other", "is_one"),
    [
        ({}, "a.example.test", "b.example.test", False),
        ({"example.test": "p=none"}, "a.example.test", "b.example.test", True),
        ({"test": "p=none; psd=y", "example.test": "p=none"}, "a.example.test", "example.test", True),
        ({"test": "p=none; psd=y"}, "a.example.test", "b.example.test", True),
        ({"test": "p=none; psd=y"}, "example.test", "other.test", False),
        ({"a.example.test": "p=none; psd=n", "example.test": "p=none"},
         "x.a.example.test", "example.test", False),
    ],
)  # fmt: skip
def test_organizations_are_found_by_walking_up(records, author, other, is_one):
    zone = Zone({f"_dmarc.{name}": f"v=DMARC1; {text}" for name, text in records.items()})
    zone.records.setdefault(f"_dmarc.{author}", "v=DMARC1; p=reject")
    assert (check(author, zone, [other]).result is Result.PASS) is is_one


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("p=reject; t=y", Disposition.QUARANTINE), ("p=quarantine; t=y", Disposition.NONE)],
)
def test_who_only_tries_is_taken_one_step_milder(text, wanted):
    zone = Zone({"_dmarc.example.test": f"v=DMARC1; {text}"})
    assert check("example.test", zone).disposition is wanted


@pytest.mark.parametrize(
    "records",
    [
        (),
        ("v=spf1 -all",),
        ("v=DMARC2; p=reject",),
        ("v=DMARC1",),
        ("p=reject; v=DMARC1",),
        ("v=DMARC1; p=reject", "v=DMARC1; p=none"),
    ],
)
def test_without_a_record_that_counts_there_is_no_verdict(records):
    assert check("example.test", Zone({"_dmarc.example.test": records})).result is Result.NONE


def test_with_reports_only_nothing_is_wanted():
    zone = Zone({"_dmarc.example.test": "v=DMARC1; p=maybe; rua=mailto:a@b.test"})
    found = check("example.test", zone)
    assert (found.result, found.disposition) == (Result.FAIL, Disposition.NONE)


def test_a_record_that_is_not_to_be_found_is_no_verdict():
    assert check("example.test", Zone(broken=("_dmarc.example.test",))).result is Result.TEMPORARY


def test_a_long_name_is_walked_in_eight_steps():
    zone = Zone()
    check(".".join("abcdefghijkl") + ".test", zone)
    assert len(set(zone.asked)) == 8


@given(st.binary(max_size=120))
def test_whatever_a_record_says_it_is_read_or_not(octets):
    for record in (octets, b"v=DMARC1;" + octets):
        found = dmarc.parse(record, "a.test")
        assert found is None or found.domain == "a.test"

"""Hashes of NSEC3 and what they cost."""

import dns.dnssec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.dnssec.nsec3_hash import (
    MAX_PRICE,
    MAX_WORK,
    HashWork,
    Parameters,
    WorkSpentError,
    digest_in,
    owner_of,
)
from dnsd.wire import names

EXAMPLE = names.from_text("example.")
# RFC 5155 appendix A: salt aabbccdd, 12 iterations.
VECTORS = {
    "example.": "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom",
    "a.example.": "35mthgpgcu1qg68fab165klnsnk3dpvl",
    "ai.example.": "gjeqe526plbf1g8mklp59enfd789njgi",
    "ns1.example.": "2t7b4g4vsa5smi47k61mv5bv1a22bojr",
    "ns2.example.": "q04jkcevqvmu85r014c7dkba38o0ji5r",
    "w.example.": "k8udemvp1j2f7eg6jebps17vp3n8i58h",
    "*.w.example.": "r53bq7cc2uvmubfu5ocmm6pers9tk9en",
    "x.w.example.": "b4um86eghhds6nea196smvmlo4ors995",
    "y.w.example.": "ji6neoaepv8b5o6k4ev33abha8ht9fgc",
    "x.y.w.example.": "2vptu5timamqttgl4luu9kg21e0aor3s",
    "xx.example.": "t644ebqk9bibcna874givr6joj62mlhv",
}


@pytest.mark.parametrize(("text", "label"), VECTORS.items(), ids=list(VECTORS))
def test_names_hash_as_in_the_standard(text, label):
    digest = Parameters(12, bytes.fromhex("aabbccdd")).digest(names.from_text(text))
    owner = owner_of(digest, EXAMPLE)
    assert owner == names.from_text(f"{label}.example.")
    assert digest_in(owner, EXAMPLE) == digest


@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=5).map(names.from_labels),
    st.integers(0, 3),
    st.binary(max_size=255),
)
def test_dnspython_hashes_alike(name, iterations, salt):
    labels = dns.name.Name([*names.to_labels(name), b""])
    theirs = dns.dnssec.nsec3_hash(labels, salt.hex() or None, iterations, 1)
    assert owner_of(Parameters(iterations, salt).digest(name), b"\x00")[1:33] == (
        theirs.lower().encode()
    )


ODD_OWNERS = [
    ("the owner of the zone above", f"{VECTORS['example.']}.example.", "."),
    ("the owner of the zone below", f"{VECTORS['example.']}.a.example.", "example."),
    ("a label of 31 octets", f"{VECTORS['example.'][1:]}.example.", "example."),
    ("a letter that no hash has", f"w{VECTORS['example.'][1:]}.example.", "example."),
    ("no hash at all", "example.", "example."),
    ("the root", ".", "."),
]


@pytest.mark.parametrize(
    ("owner", "zone"), [row[1:] for row in ODD_OWNERS], ids=[row[0] for row in ODD_OWNERS]
)
def test_an_owner_of_no_hash_of_the_zone(owner, zone):
    assert digest_in(names.from_text(owner), names.from_text(zone)) is None


COSTS = [
    # iterations, octets of salt, blocks for a name of 17 octets, too costly
    (0, 0, 1, False),
    (0, 255, 5, False),
    (1, 35, 2, False),  # 55 octets and nine of padding fill one block
    (1, 36, 3, False),
    (50, 0, 51, False),
    (50, 35, 51, False),
    (50, 36, 101, True),
    (9, 255, 50, False),
    (10, 255, 55, True),
    (51, 0, 52, True),
    (65535, 255, 327680, True),
]


@pytest.mark.parametrize(("iterations", "salt", "blocks", "too_costly"), COSTS)
def test_the_price_counts_blocks(iterations, salt, blocks, too_costly):
    parameters = Parameters(iterations, bytes(salt))
    assert parameters.is_too_costly is too_costly
    assert parameters.cost(names.from_text("www.example.test.")) == blocks
    assert (blocks > MAX_PRICE) is too_costly


def test_a_long_name_costs_more_in_the_first_round_only():
    name = names.from_labels([b"x" * 61] * 4)
    assert Parameters(10, bytes(8)).cost(name) == 5 + 10


def test_work_ends_at_its_limit():
    work = HashWork()
    work.spend(MAX_WORK - 1)
    with pytest.raises(WorkSpentError):
        work.spend(2)
    work.spend(1)
    assert work.spent == MAX_WORK

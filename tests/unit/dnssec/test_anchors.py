"""Trust anchors are read from the files that other programs write, or the line is told."""

from pathlib import Path

import pytest
from fakes.signed import ZONE, signing_key
from hypothesis import given
from hypothesis import strategies as st

from dnsd.dnssec import digests
from dnsd.dnssec.anchors import AnchorError, builtin_anchors, read_anchors
from dnsd.dnssec.digests import Ds
from dnsd.wire import names, rdata
from dnsd.wire.names import ROOT

N = names.from_text
DS, DNSKEY = 43, 48
DIGEST = "ab" * 32
CORP = {N("corp.example."): (Ds(4711, 13, 2, b"\xab" * 32),)}
# Where Debian keeps what IANA publishes, as DS records and as the keys themselves.
PUBLISHED = [Path("/usr/share/dns/root.ds"), Path("/usr/share/dns/root.key")]


def key_text(key, *, flags=257):
    """DNSKEY rdata as text."""
    octets = flags.to_bytes(2, "big") + key.rdata[2:]
    return rdata.to_text(DNSKEY, octets)


def test_both_keys_of_the_root_come_with_the_program():
    anchors = builtin_anchors()
    assert list(anchors) == [ROOT]
    assert [(ds.tag, ds.algorithm, ds.digest_type) for ds in anchors[ROOT]] == [
        (20326, 8, 2), (38696, 8, 2),
    ]  # fmt: skip


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.name)
def test_they_are_those_that_are_published(path):
    if not path.exists():
        pytest.skip("the package dns-root-data is not installed")
    assert read_anchors(path.read_text()) == builtin_anchors()


@pytest.mark.parametrize(
    "text",
    [
        f"corp.example. DS 4711 13 2 {DIGEST}",
        f"Corp.Example IN DS 4711 13 2 {DIGEST.upper()}\n",
        f"corp.example. 3600 IN DS 4711 13 2 {DIGEST}",
        f"corp.example. 1h30m DS 4711 13 2 {DIGEST}",
        f"corp.example. in 3600 ds 4711 13 2 {DIGEST}",
        f"corp.example. CLASS1 TYPE43 4711 13 2 {DIGEST}",
        f"corp.example. DS \\# 36 12670d02{DIGEST}",
        f"; a comment ( with\n\n  ; another\ncorp.example.\tDS 4711 13 2 {DIGEST} ; key of 2024\r\n",
        f"corp.example. DS 4711 13 2 ( {DIGEST[:40]} ; first half\n\t{DIGEST[40:]} )\n",
        f"corp.example. DS (4711 13 2\n\n{DIGEST})\n",
        f"corp.example. DS 4711 13 2 {DIGEST}\n" * 2,
    ],
)
def test_a_record_is_read_as_programs_write_it(text):
    assert read_anchors(text) == CORP


@pytest.mark.rfc("4034", section="5.1.4")
@pytest.mark.parametrize("algorithm", [8, 13, 15])
def test_a_key_becomes_its_digest(algorithm):
    key = signing_key(algorithm).key
    (ds,) = read_anchors(f"{names.to_text(ZONE)} IN DNSKEY {key_text(key)}")[ZONE]
    assert digests.matches(ds, ZONE, key)
    assert ds.digest_type == 2


def test_a_key_and_its_digest_are_one_anchor():
    key = signing_key().key
    zone = names.to_text(ZONE)
    ds = rdata.to_text(DS, digests.to_wire(ZONE, key, 2))
    anchors = read_anchors(f"{zone} DNSKEY {key_text(key)}\n{zone} DS {ds}\n")
    assert len(anchors[ZONE]) == 1


def test_zones_have_anchors_of_their_own():
    text = f"a.example. DS 1 13 2 {DIGEST}\nb.example. DS 2 8 2 {DIGEST}\na.example. DS 3 13 4 {'cd' * 48}\n"
    found = {name: [ds.tag for ds in anchors] for name, anchors in read_anchors(text).items()}
    assert found == {N("a.example."): [3, 1], N("b.example."): [2]}


def test_a_record_beside_one_that_counts_may_be_of_another_algorithm():
    text = f"corp.example. DS 1 200 2 {DIGEST}\ncorp.example. DS 4711 13 2 {DIGEST}\n"
    assert read_anchors(text) == CORP


GOOD = f"corp.example. DS 4711 13 2 {DIGEST}\n"
KEY = signing_key().key


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 0, "no trust anchor"),
        ("; nothing\n", 0, "no trust anchor"),
        ("a.example. A 192.0.2.1", 2, "a record of type A"),
        ("a.example. CH DS 1 13 2 ab", 2, "class CH"),
        ("a.example.", 2, "no type"),
        ("a.example. 3600 IN", 2, "no type"),
        ("a.example. NONSENSE 1", 2, "NONSENSE"),
        ("\n\na..example. DS 1 13 2 ab", 4, "empty label"),
        (f"\na.example. DS (1 13 2\n{DIGEST}) x", 3, ""),
        ("a.example. DS 1 13 2 zz", 2, "key-tag algorithm digest-type hex"),
        ("a.example. DS 1 13 2 abab", 2, "digest length"),
        (r"a.example. DS \# 6 00010d02abab", 2, "digest length"),
        (f"a.example. DS 1 200 2 {DIGEST}", 2, "supported algorithm and digest"),
        ("a.example. DS 1 13 200 abab", 2, "supported algorithm and digest"),
        (f"a.example. DNSKEY {key_text(KEY, flags=1)}", 2, "no zone key"),
        (f"a.example. DNSKEY {key_text(KEY, flags=0x181)}", 2, "revoked"),
        ("a.example. DNSKEY 257 3 13 AAAA", 2, "malformed or not supported"),
        (f"a.example. DS ( 1 13 2 {DIGEST}\n\n", 2, "never closed"),
        (f"a.example. DS 1 13 2 {DIGEST} )", 2, "do not match"),
        (f"a.example. DS ( ( 1 13 2 {DIGEST} ) )", 2, "do not match"),
        (f"  DS 1 13 2 {DIGEST}", 2, "without its owner"),
        ("$ORIGIN example.", 2, "directive"),
        ("".join(f"a.example. DS {n} 13 2 {DIGEST}\n" for n in range(9)), 2, "more than 8"),
    ],
)  # fmt: skip
def test_the_line_that_is_wrong_is_told(text, line, reason):
    with pytest.raises(AnchorError, match=f"^line {line}: " if line else "^no") as caught:
        read_anchors(GOOD + text if line else text)
    assert caught.value.line == line
    assert reason in caught.value.reason


@given(st.text(st.sampled_from('ab.\\ ();\n\t$0123"DSNKEYIé'), max_size=60))
def test_no_text_raises_anything_else(text):
    try:
        anchors = read_anchors(text)
    except AnchorError:
        return
    assert all(anchors.values())

"""Each answer is entirely from one version, whatever is published meanwhile.

Every RRset of a version has the version's number as its TTL, so an answer from
two versions, of one zone or of two that are published together, shows two.
"""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.authority.answer import answer
from dnsd.authority.node import (
    FLAG_APEX,
    FLAG_CUT,
    FLAG_OCCLUDED,
    FLAG_WILDCARD_CHILD,
    encode_node,
)
from dnsd.authority.store import MAX_KEYS_PER_TRANSACTION, ZoneRow, open_store
from dnsd.authority.zones import Zones
from dnsd.wire import names
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

ORIGINS = [names.from_text("one.test."), names.from_text("two.test.")]
A, NS, CNAME, SOA, MX = (int(RRType[t]) for t in ("A", "NS", "CNAME", "SOA", "MX"))


def version_nodes(origin, number):
    """Yield the nodes of a version: RRsets whose TTL is its number."""

    def at(text):
        return names.from_text(text, origin)

    def node(text, *rrsets, flags=0):
        owner = at(text)
        return owner, encode_node(flags, [RRset(owner, t, number, rdatas) for t, rdatas in rrsets])

    other = ORIGINS[1 - ORIGINS.index(origin)]
    address = (number.to_bytes(4, "big"),)
    soa = origin + origin + b"\xff" * 20
    yield node("@", (SOA, (soa,)), (NS, (at("ns"),)), flags=FLAG_APEX | FLAG_WILDCARD_CHILD)
    # Every second version has the names of the others only.
    parity = number % 2
    yield node(f"ns{parity}", (A, address))
    yield node(f"mx{parity}", (MX, (b"\x00\x01" + at("www"), b"\x00\x02" + at("ns.cut"))))
    yield node("mx", (MX, (b"\x00\x01" + at("www"), b"\x00\x02" + at(f"ns{parity}"))))
    yield node("www", (A, address))
    yield node("away", (CNAME, (names.from_text("back", other),)))
    yield node("back", (CNAME, (names.from_text("www", other),)))
    yield node("*", (CNAME, (names.from_text("mx", other),)))
    yield node("cut", (NS, (at("ns.cut"), at("www"))), flags=FLAG_CUT)
    yield node("ns.cut", (A, address), flags=FLAG_OCCLUDED)


QUESTIONS = [
    (names.from_text(text, origin), rrtype)
    for origin in ORIGINS
    for text, rrtype in [
        ("@", SOA), ("www", A), ("away", A), ("away", MX), ("mx", MX), ("mx0", MX), ("mx1", MX),
        ("ns0", A), ("ns1", MX), ("nope", MX), ("x.cut", A), ("x.www", A),
    ]
]  # fmt: skip


def publish(store, numbers):
    """Publish zones together, each in the version of a number, None to end it."""
    store.publish(
        {
            origin: None
            if number is None
            else ZoneRow(store.build(origin, version_nodes(origin, number)), 1)
            for origin, number in numbers.items()
        }
    )


def version_of(reply):
    """Return the one version that all of a reply is from."""
    rrsets = [*reply.answer, *reply.authority, *reply.additional]
    numbers = {rrset.ttl for rrset in rrsets}
    assert len(numbers) == 1, rrsets
    (number,) = numbers
    addresses = {rdata for rrset in rrsets if rrset.type == A for rdata in rrset.rdatas}
    assert addresses <= {number.to_bytes(4, "big")}
    return number


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("publication") / "zones"


STEPS = st.lists(
    st.sampled_from(["publish", "half", "discard", "collect", "remove", "reopen"])
    | st.sampled_from(QUESTIONS),
    max_size=40,
)


@given(steps=STEPS)
def test_answers_between_the_steps_of_publications_are_of_the_served_version(path, steps):
    store = open_store(path)
    zones = Zones(store)
    number = 1
    publish(store, dict.fromkeys(ORIGINS, number))
    served = number
    built = []
    for step in steps:
        if step == "publish":
            number += 1
            publish(store, dict.fromkeys(ORIGINS, number))
            served = number
        elif step == "half":
            number += 1
            built.append(store.build(ORIGINS[0], version_nodes(ORIGINS[0], number)))
        elif step == "discard" and built:
            store.discard(built.pop())
        elif step == "collect":
            store.collect(3)
        elif step == "remove":
            publish(store, dict.fromkeys(ORIGINS))
            served = None
        elif step == "reopen":
            store.close()
            store = open_store(path)
            zones = Zones(store)
            built.clear()
        elif isinstance(step, tuple):
            reply = answer(zones, *step)
            assert (reply and version_of(reply)) == served
    store.close()


def test_answers_while_a_large_version_is_written_are_of_the_version_before(path):
    store = open_store(path)
    zones = Zones(store)
    publish(store, dict.fromkeys(ORIGINS, 1))
    asked = 0

    def nodes():
        nonlocal asked
        yield from version_nodes(ORIGINS[0], 2)
        for i in range(3 * MAX_KEYS_PER_TRANSACTION):
            if i % 50 == 0:
                for question in QUESTIONS:
                    assert version_of(answer(zones, *question)) == 1
                    asked += 1
            yield names.from_text(f"h{i}", ORIGINS[0]), encode_node(0, [])

    rows = {ORIGINS[0]: ZoneRow(store.build(ORIGINS[0], nodes()), 1)}
    rows[ORIGINS[1]] = ZoneRow(store.build(ORIGINS[1], version_nodes(ORIGINS[1], 2)), 1)
    store.publish(rows)
    assert asked > 1000
    assert {version_of(answer(zones, *question)) for question in QUESTIONS} == {2}
    store.close()


WRITER = """
import sys
from pathlib import Path
sys.path[:0] = {search!r}
import importlib.util
spec = importlib.util.spec_from_file_location("publication", {file!r})
publication = importlib.util.module_from_spec(spec)
spec.loader.exec_module(publication)
store = publication.open_store(Path({path!r}))
print("ready", flush=True)
for number in range(2, {versions} + 1):
    publication.publish(store, dict.fromkeys(publication.ORIGINS, number))
    store.collect()
    if number == {pause}:
        sys.stdin.readline()
"""


@pytest.mark.slow
def test_answers_beside_a_process_that_publishes_are_each_of_one_version(tmp_path):
    path = tmp_path / "zones"
    last, pause = 300, 150
    store = open_store(path)
    publish(store, dict.fromkeys(ORIGINS, 1))
    store.close()
    script = WRITER.format(
        search=sys.path, file=__file__, path=str(path), versions=last, pause=pause
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"ready\n"
        store = open_store(path, read_only=True)
        zones = Zones(store)
        seen = [1]
        while seen[-1] < last:
            running = writer.poll() is None
            for question in QUESTIONS:
                number = version_of(answer(zones, *question))
                assert number >= seen[-1]
                seen.append(number)
            if seen[-1] == pause and not writer.stdin.closed:
                writer.stdin.close()
            assert running or seen[-1] == last
    assert writer.returncode == 0
    assert {pause, last} <= set(seen)
    store.close()

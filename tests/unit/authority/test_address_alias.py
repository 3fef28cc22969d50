"""Chains over an ALIAS, and what the client gets of them."""

import pytest
from fakes.replies import lines, record

from dnsd.authority.address_alias import asked_for, borrowed_from, resolved
from dnsd.wire import names

A = 1
SOA = "our.test. 60 SOA ns.our.test. host.our.test. 1 2 3 4 60"
THEIR_SOA = "example.test. 500 SOA ns.example.test. host.example.test. 1 2 3 4 500"
ALIAS = "our.test. 100 ALIAS WWW.example.test."


def chain(*texts):
    return list(map(record, texts))


def with_ttl(rrsets):
    return [f"{rrset.ttl} {line}" for rrset in rrsets for line in lines([rrset])]


@pytest.mark.parametrize(
    ("texts", "answer", "authority"),
    [
        pytest.param([ALIAS, "www.example.test. 50 A 192.0.2.1"],
                     ["50 our.test. A 192.0.2.1"], [], id="the target's TTL"),
        pytest.param([ALIAS, "www.example.test. 500 A 192.0.2.1"],
                     ["100 our.test. A 192.0.2.1"], [], id="its own TTL"),
        pytest.param(["x.test. 9 CNAME our.test.", ALIAS, "www.example.test. 30 CNAME b.test.",
                      "b.test. 40 A 192.0.2.1"],
                     ["9 x.test. CNAME our.test.", "30 our.test. A 192.0.2.1"], [], id="links"),
        pytest.param([ALIAS], [], ["60 our.test. SOA"], id="nothing"),
        pytest.param([ALIAS, "www.example.test. 20 CNAME b.test."], [], ["20 our.test. SOA"],
                     id="nothing for a shorter time"),
    ],
)  # fmt: skip
def test_the_end_of_the_chain_is_the_owners(texts, answer, authority):
    found, denied = resolved(chain(*texts), A, record(SOA), [record(THEIR_SOA)])
    assert with_ttl(found) == answer
    assert [line[: line.index("SOA") + 3] for line in with_ttl(denied)] == authority


@pytest.mark.parametrize(
    ("beyond", "ttl"),
    [
        pytest.param([THEIR_SOA], 60, id="longer than ours"),
        pytest.param([THEIR_SOA.replace("500", "7")], 7, id="shorter than ours"),
        pytest.param([], 0, id="that nobody proves"),
    ],
)
def test_a_denial_lasts_no_longer_than_that_of_the_target(beyond, ttl):
    _, (denied,) = resolved(chain(ALIAS), A, record(SOA), chain(*beyond))
    assert (denied.ttl, names.to_text(denied.owner)) == (ttl, "our.test.")


def test_without_a_soa_nothing_is_denied():
    assert resolved(chain(ALIAS), A, None, []) == ([], [])


def test_the_target_is_what_others_are_asked_for():
    ours = chain("x.test. CNAME our.test.", ALIAS)
    assert borrowed_from(ours) is ours[1]
    assert names.to_text(asked_for(names.from_text("x.test."), ours)) == "www.example.test."
    assert borrowed_from(ours[:1]) is None
    assert asked_for(ours[0].owner, ours[:1]) == ours[0].owner

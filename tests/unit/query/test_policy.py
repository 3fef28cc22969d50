import pytest

from dnsd.query.acl import Networks
from dnsd.query.policy import OURSELVES, HereAnswers, Policy, policy_number
from dnsd.resolver.local.answer import Source
from dnsd.resolver.local.blocks import Blocks, BlockStore, CompiledList, write_store
from dnsd.resolver.local.local_names import LocalNames
from dnsd.resolver.local.special import SpecialNames
from dnsd.wire import names
from dnsd.wire.iana import Rcode, RRType

N = names.from_text


def _policy(clients, block=(), suppress=(), forward=()):
    types = frozenset(RRType[text] for text in suppress)
    return Policy(Networks.from_text([clients]), block, types, tuple(map(N, forward)))


POLICIES = [
    _policy("192.0.2.128/25", block=("kids",)),
    _policy("192.0.2.0/24", suppress=("AAAA", "HTTPS")),
    _policy("2001:db8::/32"),
    _policy(
        "203.0.113.0/25", block=("ads",), forward=(".", "lab.test", "in-addr.arpa", "ads.example")
    ),
]


@pytest.mark.parametrize(
    ("client", "number"),
    [
        (bytes((192, 0, 2, 200)), 1),
        (bytes((192, 0, 2, 1)), 2),
        (bytes.fromhex("20010db8000000000000000000000001"), 3),
        (bytes((198, 51, 100, 1)), 0),
        (bytes(16), 0),
    ],
)
def test_the_first_policy_that_fits_counts(client, number):
    assert policy_number(POLICIES, client) == number


@pytest.fixture
def counted():
    return []


@pytest.fixture
def here(tmp_path, counted):
    table = LocalNames(SpecialNames(builtin=True), domain=N("home.arpa"), ttl=60)
    table.add_addresses(Source.HOSTS, [(N("nas.ads.example"), bytes((192, 0, 2, 9)))])
    write_store(
        tmp_path / "lists",
        [CompiledList("ads", tree=True), CompiledList("kids", tree=True)],
        {N("ads.example"): 1, N("games.example"): 2},
        1 << 20,
    )
    store = BlockStore(tmp_path / "lists")
    made = HereAnswers(table, POLICIES, ["ads", "kids"], counted.append)
    made.blocks = Blocks(store, {"ads": "nxdomain", "kids": "refuse"})
    yield made
    store.close()


@pytest.mark.parametrize(
    ("name", "rrtype", "policy", "rcode", "source"),
    [
        pytest.param("www.ads.example", "A", 0, "NXDOMAIN", "BLOCK", id="every list for everybody"),
        pytest.param("games.example", "A", 0, "REFUSED", "BLOCK", id="and the other list"),
        pytest.param("games.example", "A", 1, "REFUSED", "BLOCK", id="a policy's own list"),
        pytest.param("www.ads.example", "A", 1, None, None, id="a list that a policy leaves out"),
        pytest.param("www.ads.example", "A", 2, None, None, id="a policy without lists"),
        pytest.param("www.example", "AAAA", 2, "NOERROR", "SUPPRESSED", id="a suppressed type"),
        pytest.param("www.example", "A", 2, None, None, id="another type"),
        pytest.param("nas.ads.example", "A", 0, "NOERROR", "HOSTS", id="a machine of ours"),
        pytest.param("nas.ads.example", "AAAA", 0, "NOERROR", "HOSTS", id="has what it has"),
        pytest.param("www.lab.test", "A", 4, None, None, id="a special name of a zone forwarded"),
        pytest.param("www.lab.test", "A", 2, "NXDOMAIN", "SPECIAL", id="not for others"),
        pytest.param("www.lab.test", "A", OURSELVES, "NXDOMAIN", "SPECIAL", id="not for ourselves"),
        pytest.param("www.test", "A", 4, "NXDOMAIN", "SPECIAL", id="a special name beside it"),
        pytest.param(
            "1.0.0.10.in-addr.arpa",
            "PTR",
            4,
            "NXDOMAIN",
            "SPECIAL",
            id="a special zone below a forwarded one",
        ),
        pytest.param(
            "localhost", "A", 4, "NOERROR", "SPECIAL", id="all is forwarded but special names"
        ),
        pytest.param(
            "nas.ads.example",
            "A",
            4,
            "NOERROR",
            "HOSTS",
            id="a machine of ours in a zone forwarded",
        ),
        pytest.param(
            "www.ads.example", "A", 4, "NXDOMAIN", "BLOCK", id="a list counts in a zone forwarded"
        ),
        pytest.param("localhost", "AAAA", 2, "NOERROR", "SPECIAL", id="a special name"),
        pytest.param("www.example", "A", 0, None, None, id="nobody here knows"),
    ],
)
def test_what_is_answered_here(here, counted, name, rrtype, policy, rcode, source):
    found = here(N(name), RRType[rrtype], policy)
    assert (found and Rcode(found.rcode).name) == rcode
    assert [each.name for each in counted] == ([source] if source else [])


def test_names_of_ours_are_known_whatever_their_types(here):
    assert here.is_local(N("nas.ads.example"))
    assert here.is_local(N("x.home.arpa"))
    assert not here.is_local(N("www.ads.example"))


def test_block_lists_do_not_count_for_name_servers(here):
    assert here(N("ns1.ads.example"), RRType.A, OURSELVES) is None
    assert here(N("nas.ads.example"), RRType.A, OURSELVES).answer


def test_without_compiled_lists_nothing_is_blocked(here):
    here.blocks = None
    assert here(N("www.ads.example"), RRType.A, 0) is None


def _alias(owner, target):
    return N(owner), RRType.CNAME, N(target)


def test_aliases_are_followed_as_far_as_they_lead_here(here):
    here.names.add(
        Source.NAMES,
        [_alias("a.home.arpa", "b.home.arpa"), _alias("b.home.arpa", "nas.ads.example"),
         _alias("out.home.arpa", "www.example"), _alias("blocked.home.arpa", "www.ads.example"),
         _alias("circle.home.arpa", "circle.home.arpa")],
    )  # fmt: skip
    found = here(N("a.home.arpa"), RRType.A, 0)
    assert [rrset.type for rrset in found.answer] == [RRType.CNAME, RRType.CNAME, RRType.A]
    assert (found.rcode, found.unfinished) == (0, b"")
    assert here(N("out.home.arpa"), RRType.A, 0).unfinished == N("www.example")
    found = here(N("blocked.home.arpa"), RRType.A, 0)
    assert (found.rcode, found.explanation.code, found.unfinished) == (3, 15, b"")
    found = here(N("circle.home.arpa"), RRType.A, 0)
    assert (found.rcode, len(found.answer), found.unfinished) == (0, 1, b"")


def test_an_answer_is_the_caller_s_to_change(here):
    here(N("nas.ads.example"), RRType.A, 0).answer.clear()
    here(N("www.example"), RRType.AAAA, 2).answer.append(None)
    assert here(N("nas.ads.example"), RRType.A, 0).answer
    assert not here(N("www.example"), RRType.AAAA, 2).answer

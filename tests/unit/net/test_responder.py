"""Every reply from the cache equals what the pipeline would have said, octet for octet."""

import functools

import dns.flags
import dns.message
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnsd.authority.answer import Answer
from dnsd.net.responder import Responder
from dnsd.observe import metrics
from dnsd.query.acl import Networks
from dnsd.query.answer_cache import AnswerCacheOptions
from dnsd.query.cookies import Cookies
from dnsd.query.finish import FinishOptions
from dnsd.query.identity import Identity
from dnsd.query.parts import Parts
from dnsd.query.pipeline import Pipeline
from dnsd.query.ratelimit import Limiter, LimiterOptions
from dnsd.query.request import Reply, Request, Transport
from dnsd.query.views import ViewOptions, Views
from dnsd.wire import names
from dnsd.wire.rrset import RRset

WALL = 1_800_000_000
LOCAL, STRANGER, REFUSED = b"\x7f\0\0\1", b"\xc0\0\2\x09", b"\xcb\0\x71\x09"


def never(*_):
    """Take a reply of a later turn, of which there must be none here."""
    raise AssertionError("a reply came late")


class World:
    """A little authority whose content changes, with slots as the store has them."""

    def __init__(self):
        self.texts = {"www.one.test.": 1, "big.one.test.": 60, "www.two.test.": 1}
        self.edition = 0

    def __call__(self, qname, qtype, *, every_type, dnssec_ok):
        name = names.to_text(qname)
        slot = 1 if name.endswith("one.test.") else 2 if name.endswith("two.test.") else None
        if slot is None:
            return None
        count = self.texts.get(name)
        if count is None or qtype != 16:
            soa = RRset(qname, 6, 60, (b"\0\0" + bytes(19) + bytes([self.edition]),))
            return Answer(3 if count is None else 0, True, [], [soa], [], slot=slot)
        rdatas = tuple(bytes([20]) + f"{self.edition:03} {i:03}".encode().ljust(20)
                       for i in range(count))  # fmt: skip
        return Answer(0, True, [RRset(qname, 16, 300, rdatas)], [], [], slot=slot)


def parts(world, **limits):
    return Parts(
        authority=world,
        views=Views(ViewOptions(
            allow=Networks.from_text(["loopback", "192.0.2.0/24"]),
            unlimited=Networks.from_text(["loopback"]),
        )),
        limiter=Limiter(LimiterOptions(**limits)),
        cookies=Cookies([b"0123456789abcdef"]),
        identity=Identity(nsid=b"here"),
        finish=FinishOptions(),
    )  # fmt: skip


class Log:
    def fault(self, kind, error, **fields):
        raise AssertionError(f"{kind} failed") from error


def responder(world, cache=True, **limits):
    page = metrics.new_page(1)
    shared = (page.row(0), page.generations)
    made = parts(world, **limits)
    options = AnswerCacheOptions(entries=8, aliases=8) if cache else None
    return Responder(made, Pipeline(made), options, shared, Log()), page


def request(octets, client=LOCAL, transport=Transport.UDP, now=100.0):
    return Request(octets, client, 4000, None, transport, now, WALL)


NAMES = ["www.one.test.", "WWW.one.test.", "big.one.test.", "none.one.test.", "www.two.test.",
         "www.elsewhere.test.", "one.test."]  # fmt: skip


def fresh_cookie(client):
    return Cookies([b"0123456789abcdef"]).make(b"8 octets", client, WALL - 60)


def form(name, rrtype, flags, edns):
    message = dns.message.make_query(name, rrtype, use_edns=False)
    message.flags, message.id = flags, 7
    if edns:
        message.use_edns(**edns)
    return message.to_wire()


def option(code, value):
    return dns.edns.GenericOption(code, value)


EDNS = st.one_of(
    st.none(),
    st.builds(
        lambda size, do, options, version: {
            "edns": version, "payload": size, "ednsflags": dns.flags.DO if do else 0,
            "options": options,
        },
        st.sampled_from([0, 512, 600, 1232, 4096]),
        st.booleans(),
        st.sampled_from([
            [], [option(10, b"8 octets")], [option(10, fresh_cookie(LOCAL))],
            [option(10, fresh_cookie(STRANGER))], [option(10, b"8 octets" + bytes(16))],
            [option(10, b"short")], [option(3, b"")], [option(12, bytes(8))],
            [option(10, b"8 octets"), option(3, b"")], [option(65001, b"x")],
        ]),
        st.sampled_from([0, 0, 0, 1]),
    ),
)  # fmt: skip
QUERIES = st.builds(
    form,
    st.sampled_from(NAMES),
    st.sampled_from(["TXT", "A", "ANY", "HTTPS", "TYPE97"]),
    st.sampled_from([0, dns.flags.RD, dns.flags.CD, dns.flags.AD, dns.flags.RD | dns.flags.AD]),
    EDNS,
)
ASK = st.tuples(
    st.just("ask"), QUERIES, st.sampled_from([LOCAL, STRANGER, REFUSED]),
    st.sampled_from(Transport),
)  # fmt: skip
CHANGE = st.tuples(st.just("change"), st.sampled_from([1, 2]))
NO_RATE = {"responses_per_second": 0, "errors_per_second": 0, "formerr_per_second": 0}


@settings(max_examples=150)
@given(st.lists(st.one_of(ASK, ASK, ASK, CHANGE), max_size=25))
def test_the_cache_changes_no_reply(steps):
    world = World()
    cached, page = responder(world, **NO_RATE)
    plain, _ = responder(world, cache=False, **NO_RATE)
    for step in steps:
        if step[0] == "change":
            world.edition += 1
            page.bump(0)
            page.bump(1)
            page.bump(2)
            continue
        _, octets, client, transport = step
        for _ in range(3):  # miss, hit, hit that makes an alias
            asked = request(octets, client, transport)
            assert cached.respond(asked, never) == plain.respond(asked, never)
        aliases, _ = cached.aliases_for(client)
        stored = aliases.get(octets[2:]) if transport is Transport.UDP else None
        if stored:
            assert octets[:2] + stored[0] == plain.respond(asked, never)


def test_a_reader_is_told_which_clients_have_their_replies_counted():
    answering, _ = responder(World())
    assert answering.aliases_for(LOCAL)[1] is False
    assert answering.aliases_for(STRANGER)[1] is True


def test_a_hit_is_counted_against_the_rate_like_any_reply():
    answering, page = responder(World(), responses_per_second=5, errors_per_second=0)
    octets = form("www.one.test.", "TXT", 0, None)
    replies = [answering.respond(request(octets, STRANGER), never) for _ in range(10)]
    truncated = [bool(reply[2] & 2) for reply in replies]
    assert truncated == [False] * 5 + [True] * 5
    assert page.row(0)[metrics.limit_slot("response_rate")] == 5


@pytest.mark.parametrize("name", ["www.one.test.", "WwW.OnE.test.", "none.one.test.", "no.zone."])
@pytest.mark.parametrize("flags", [0, dns.flags.RD, dns.flags.RD | dns.flags.CD])
@pytest.mark.parametrize(
    "edns",
    [
        None,
        {"edns": 0, "payload": 600},
        {"edns": 0, "payload": 1232, "ednsflags": dns.flags.DO},
        {"edns": 0, "payload": 1232, "options": [option(10, b"8 octets")]},
        {"edns": 0, "payload": 1232, "options": [option(10, b"8 octets" + bytes(16))]},
    ],
)
def test_a_reply_over_its_rate_is_the_same_with_and_without_the_cache(name, flags, edns):
    rates = {"responses_per_second": 4, "errors_per_second": 4}
    cached, page = responder(World(), **rates)
    plain, plain_page = responder(World(), cache=False, **rates)
    asked = request(form(name, "TXT", flags, edns), STRANGER)
    replies = [plain.respond(asked, never) for _ in range(8)]
    assert [cached.respond(asked, never) for _ in range(8)] == replies
    assert replies[7][2] & 2
    rows = page.row(0), plain_page.row(0)
    for slot in [*map(metrics.limit_slot, ("response_rate", "error_rate")),
                 *(metrics.hot_slot(0, 16, rcode, zones) for rcode in range(6)
                   for zones in range(3))]:  # fmt: skip
        assert rows[0][slot] == rows[1][slot]


def test_a_flood_over_its_rate_does_not_reach_the_zones():
    world = World()
    answering, _ = responder(world, responses_per_second=1)
    answering.respond(request(form("www.one.test.", "TXT", 0, None), STRANGER), never)
    world.texts = None  # whoever asks now fails
    for _ in range(5):
        asked = request(form("www.one.test.", "TXT", 0, None), STRANGER)
        assert answering.respond(asked, never)[2] & 2


def test_full_tables_are_counted_once_at_the_next_sample():
    answering, page = responder(World())
    row = page.row(0)
    limits = [metrics.limit_slot(f"answer_cache_{kind}") for kind in ("entries", "aliases")]
    for _ in range(3):
        answering.respond(request(form("www.one.test.", "TXT", 0, None)), never)
    answering.sample()
    assert [row[slot] for slot in limits] == [0, 0]
    for i in range(9):
        for _ in range(3):
            answering.respond(request(form(f"n{i}.one.test.", "TXT", 0, None)), never)
    answering.sample()
    answering.sample()
    assert [row[slot] for slot in limits] == [1, 1]


def test_a_verified_cookie_is_not_limited():
    answering, _ = responder(World(), responses_per_second=1)
    edns = {"edns": 0, "payload": 1232, "options": [option(10, fresh_cookie(STRANGER))]}
    octets = form("www.one.test.", "TXT", 0, edns)
    replies = [answering.respond(request(octets, STRANGER), never) for _ in range(10)]
    assert not any(reply[2] & 2 for reply in replies)


def test_a_change_during_the_look_up_keeps_the_old_answer_out():
    page_of = {}

    class Changing(World):
        def __call__(self, *arguments, **options):
            answer = super().__call__(*arguments, **options)
            if self.edition == 0:
                self.edition = 1
                page_of["page"].bump(0)
                page_of["page"].bump(1)
            return answer

    answering, page_of["page"] = responder(Changing())
    octets = form("www.one.test.", "TXT", 0, None)
    assert b"000 000" in answering.respond(request(octets), never)
    assert b"001 000" in answering.respond(request(octets), never)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [(b"short", "malformed"), (form("www.one.test.", "A", dns.flags.QR, None), "response")],
)
def test_what_gets_no_reply_is_counted_by_its_reason(octets, reason):
    answering, page = responder(World())
    assert answering.respond(request(octets), never) == b""
    assert page.row(0)[metrics.drop_slot(reason)] == 1


def test_queries_are_counted_by_transport_type_and_rcode():
    answering, page = responder(World())
    ask = functools.partial(form, flags=0, edns=None)
    for _ in range(3):
        answering.respond(request(ask("www.one.test.", "TXT")), never)
    answering.respond(request(ask("none.one.test.", "A"), transport=Transport.TCP), never)
    row = page.row(0)
    assert row[metrics.hot_slot(0, 16, 0, 0)] == 3
    assert row[metrics.hot_slot(1, 1, 3, 0)] == 1
    assert row[metrics.ANSWER_CACHE_HITS.slot()] == 2
    assert row[metrics.ANSWER_CACHE_MISSES.slot()] == 2


@pytest.mark.parametrize(
    ("found", "validation", "counted"),
    [
        ("miss", "secure", {("secure",)}),
        ("hit", "insecure", {("insecure",)}),
        ("stale", "indeterminate", {("indeterminate",)}),
        ("failed", "signature_expired", {("bogus",), ("signature_expired",)}),
        ("failed", "other", {("bogus",), ("other",)}),
        ("local", "indeterminate", set()),
        ("", "", set()),
    ],
)
def test_answers_are_counted_by_what_validation_found(found, validation, counted):
    class Resolving:
        def reply(self, _request, _later):
            return Reply(b"reply", found=found, validation=validation)

    page = metrics.new_page(1)
    shared = (page.row(0), page.generations)
    made = Responder(parts(World()), Resolving(), None, shared, Log())
    assert made.respond(request(b"query"), never) == b"reply"
    seen = {
        labels
        for metric in (metrics.RESOLVER_VALIDATION, metrics.RESOLVER_BOGUS)
        for labels, slots in metric.series.items()
        if sum(page.row(0)[slot] for slot in slots)
    }
    assert seen == counted

import dns.flags
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.query import answer_cache
from dnsd.query.answer_cache import (
    NEVER,
    NOTED_NAMES,
    AnswerCacheOptions,
    Table,
    see,
)
from dnsd.wire import names

QNAME = "www.example.test."


NOW = 1000.0


def query(name=QNAME, rrtype="A", *, flags=0, **edns):
    message = dns.message.make_query(name, rrtype, use_edns=False)
    message.flags = flags
    message.id = 0x1234
    if edns:
        message.use_edns(**{"edns": 0, "payload": 1232, **edns})
    return message.to_wire()


def reply_to(octets, addresses=("192.0.2.1",)):
    made = dns.message.make_response(dns.message.from_wire(octets))
    made.flags |= dns.flags.AA
    name = made.question[0].name
    made.answer.append(dns.rrset.from_text(name, 300, "IN", "A", *addresses))
    return made.to_wire()


def sight(octets, *, datagram=True, max_udp=1232):
    return see(octets, datagram=datagram, max_udp=max_udp)


@pytest.fixture
def generations():
    return [0] * 8


@pytest.fixture
def table(generations):
    return Table(AnswerCacheOptions(entries=4, aliases=4), generations)


def fill(table, octets, reply=None, slot=3, generation=0):
    table.store(sight(octets), reply or reply_to(octets), (slot, generation), (7, b"\0"))


DNSSEC_OK = {"ednsflags": dns.flags.DO}
COOKIE = {"options": [dns.edns.GenericOption(10, b"12345678")]}


@pytest.mark.parametrize(
    ("octets", "limit"),
    [
        pytest.param(query(), 512, id="no EDNS"),
        pytest.param(query(flags=dns.flags.RD), 512, id="RD"),
        pytest.param(query(payload=4096), 1232, id="EDNS above our size"),
        pytest.param(query(payload=700), 700, id="EDNS below our size"),
        pytest.param(query(payload=20), 512, id="EDNS below 512 means 512"),
        pytest.param(query(**DNSSEC_OK), 1232, id="DO"),
        pytest.param(query("."), 512, id="the root"),
    ],
)
def test_a_plain_query_is_seen_with_its_limit(octets, limit):
    assert sight(octets).limit == limit
    assert sight(octets, datagram=False).limit == 65535


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"", id="empty"),
        pytest.param(query()[:11], id="less than a header"),
        pytest.param(query()[:-1], id="cut in the question"),
        pytest.param(query() + b"x", id="octets behind the question"),
        pytest.param(query(payload=1232) + b"x", id="octets behind OPT"),
        pytest.param(query(payload=1232)[:-1], id="OPT cut"),
        pytest.param(query(flags=dns.flags.QR), id="a response"),
        pytest.param(query(flags=dns.flags.TC), id="TC"),
        pytest.param(query(flags=0x0040), id="Z"),
        pytest.param(query(flags=0x2800), id="opcode UPDATE"),
        pytest.param(query(edns=1), id="EDNS version 1"),
        pytest.param(query(ednsflags=0x4000), id="unknown EDNS flag"),
        pytest.param(query(options=[dns.edns.GenericOption(3, b"")]), id="NSID"),
        pytest.param(
            query(options=[dns.edns.GenericOption(10, b"12345678"),
                           dns.edns.GenericOption(3, b"")]),
            id="cookie and NSID",
        ),
        pytest.param(query()[:12] + b"\xc0\x0c\0\1\0\1", id="compressed QNAME"),
        pytest.param(query()[:12] + b"\x41" + b"a" * 65 + b"\0\0\1\0\1", id="reserved label type"),
        pytest.param(query()[:12] + b"\x3f" + (b"a" * 63 + b"\x3f") * 4 + b"\0\0\1\0\1", id="long"),
    ],
)  # fmt: skip
def test_anything_else_is_left_to_the_pipeline(octets):
    assert sight(octets) is None


def test_the_cookie_of_a_query_is_handed_out():
    assert sight(query(**COOKIE)).cookie == b"12345678"
    assert sight(query(payload=1232)).cookie is None


DISTINCT = [
    query(),
    query(flags=dns.flags.RD),
    query(flags=dns.flags.CD),
    query(flags=dns.flags.AD),
    query(rrtype="AAAA"),
    query("example.test."),
    query(payload=1232),
    query(**DNSSEC_OK),
]


def test_what_may_change_a_reply_is_in_the_key():
    assert len({sight(octets).key for octets in DISTINCT}) == len(DISTINCT)


SAME = [query("WWW.Example.TEST."), query(), query("www.eXample.test.")]


def test_the_letter_case_of_a_name_is_not_in_the_key():
    assert len({sight(octets).key for octets in SAME}) == 1


def test_only_the_name_is_lowered():
    # Type 65 is the octet of a capital A.
    assert sight(query(rrtype="HTTPS")).key != sight(query(rrtype="TYPE97")).key


def test_a_reply_comes_back_with_the_id_and_spelling_of_the_query(table):
    fill(table, query())
    asked = bytearray(query("WwW.eXaMpLe.test."))
    asked[:2] = b"\xab\xcd"
    hit = table.find(bytes(asked), sight(bytes(asked)), NOW)
    assert hit.octets == reply_to(bytes(asked))
    assert hit.counter == 7


def test_a_reply_of_an_older_generation_is_gone(table, generations):
    fill(table, query())
    generations[3] += 1
    assert table.find(query(), sight(query()), NOW) is None
    assert len(table) == 0


def test_a_change_elsewhere_leaves_a_reply_in_place(table, generations):
    fill(table, query())
    generations[4] += 1
    assert table.find(query(), sight(query()), NOW) is not None


def test_a_reply_that_is_too_long_for_this_client_is_not_found(table):
    big = query(payload=1232)
    fill(table, big, reply_to(big, [f"192.0.2.{i}" for i in range(40)]))
    small = query(payload=512)
    assert table.find(small, sight(small), NOW) is None
    assert table.find(big, sight(big), NOW) is not None


def test_an_alias_is_made_at_the_second_sight_of_the_same_octets(table):
    fill(table, query())
    table.find(query(), sight(query()), NOW)
    assert not table.aliases
    hit = table.find(query(), sight(query()), NOW)
    rest, slot, generation, counter, rate_class, until = table.aliases[query()[2:]]
    assert query()[:2] + rest == hit.octets
    assert (slot, generation, counter, rate_class, until) == (3, 0, 7, b"\0", NEVER)


def test_a_query_with_a_cookie_makes_no_alias(table):
    octets = query(**COOKIE)
    fill(table, octets, reply_to(query(payload=1232)))
    for _ in range(3):
        assert table.find(octets, sight(octets), NOW) is not None
    assert not table.aliases


def test_a_flood_of_spellings_makes_no_aliases(table):
    fill(table, query())
    for i in range(2 ** len("www")):
        name = "".join(c.upper() if i >> j & 1 else c for j, c in enumerate("www"))
        octets = query(f"{name}.example.test.")
        table.find(octets, sight(octets), NOW)
    assert not table.aliases


def test_a_full_table_drops_its_oldest_half(table):
    octets = [query(f"n{i}.example.test.") for i in range(5)]
    for each in octets:
        fill(table, each)
    found = [table.find(each, sight(each), NOW) is not None for each in octets]
    assert found == [False, False, False, True, True]
    assert (table.entry_turnovers, table.alias_turnovers) == (1, 0)


def long_reply(octets, length):
    """A reply as long as one over TCP may be; what it says does not matter here."""
    return reply_to(octets).ljust(length, b"\0")


def test_long_replies_take_no_more_room_than_usual_ones(generations):
    table = Table(AnswerCacheOptions(entries=1024), generations)
    # Who owns a zone may have any number of names with 4,000 addresses each.
    octets = [query(f"n{i}.example.test.") for i in range(200)]
    for each in octets:
        fill(table, each, long_reply(each, 64_000))
        assert sum(len(stored[0]) for stored, _ in table._entries.values()) <= 512 * 1024
    assert table.find(octets[-1], sight(octets[-1], datagram=False), NOW)
    assert table.find(octets[0], sight(octets[0], datagram=False), NOW) is None
    assert table.entry_turnovers > 0


def test_a_reply_longer_than_all_there_is_room_for_is_not_kept(table):
    fill(table, query(), long_reply(query(), 2049))
    fill(table, query("other.test."), long_reply(query("other.test."), 2048))
    assert len(table) == 1


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from([60, 600, 1500, 3000]))))
def test_room_is_given_back_whatever_becomes_of_a_reply(steps):
    generations = [0] * 8
    table = Table(AnswerCacheOptions(entries=8), generations)
    for number, length in steps:
        asked = query(f"n{number}.test.")
        if length == 600:  # it is found, or has expired, or is of an older generation
            generations[3] += number == 9
            table.find(asked, sight(asked), NOW + 100 * number)
        else:
            times = (NOW, NOW + 300, NEVER)
            reply = reply_to(asked) + bytes(length)
            made_from = (3, generations[3])
            table.store(sight(asked), reply, made_from, (7, b"\0"), times)
        kept = [len(stored[0]) for stored, _ in table._entries.values()]
        assert table._octets == sum(kept) <= 8 * 512
        assert len(kept) <= 8


def test_a_query_over_a_stream_makes_no_alias(table):
    fill(table, query())
    for _ in range(3):
        assert table.find(query(), sight(query(), datagram=False), NOW)
    assert not table.aliases


def test_full_aliases_drop_their_oldest_half(table):
    fill(table, query())
    spellings = [query(name) for name in ("a.test.", "b.test.", "c.test.", "d.test.", "e.test.")]
    for each in spellings[:4]:
        fill(table, each)
        for _ in range(2):
            table.find(each, sight(each), NOW)
    assert (len(table.aliases), table.alias_turnovers) == (4, 0)
    fill(table, spellings[4])
    for _ in range(2):
        table.find(spellings[4], sight(spellings[4]), NOW)
    assert list(table.aliases) == [each[2:] for each in spellings[3:]]
    assert table.alias_turnovers == 1


@given(st.binary(max_size=600))
def test_any_octets_are_seen_or_left(octets):
    seen = sight(octets)
    assert seen is None or octets[12 : seen.question_end - 4].lower() == seen.key[2:-4]


AGEING = """id 0
opcode QUERY
rcode NOERROR
flags QR RD RA
edns 0
payload 1232
;QUESTION
www.example.test. IN A
;ANSWER
www.example.test. 60 IN CNAME host.example.test.
host.example.test. 30 IN A 192.0.2.1
;AUTHORITY
example.test. 3600 IN NS ns1.example.test.
;ADDITIONAL
"""


def ttls(hit):
    message = dns.message.from_wire(hit.octets)
    return [rrset.ttl for section in message.sections[1:] for rrset in section]


@pytest.fixture
def ageing(table):
    """A table with one answer of the resolver, to be refreshed from 27 s on."""
    octets = query(payload=1232)
    reply = dns.message.from_text(AGEING).to_wire()
    times = (NOW, NOW + 30, NOW + 27)
    table.store(sight(octets), reply, (3, 0), (7, b"\0"), times)
    return table, octets


@pytest.mark.parametrize(
    ("age", "left"),
    [
        pytest.param(0.0, [60, 30, 3600], id="at once"),
        pytest.param(0.99, [60, 30, 3600], id="within the first second"),
        pytest.param(1.0, [59, 29, 3599], id="a second later"),
        pytest.param(26.9, [34, 4, 3574], id="shortly before it is refreshed"),
    ],
)
def test_the_ttls_of_a_resolver_answer_run_down(ageing, age, left):
    table, octets = ageing
    assert ttls(table.find(octets, sight(octets), NOW + age)) == left


def test_an_alias_of_a_resolver_answer_lasts_until_the_next_second(ageing):
    table, octets = ageing
    for _ in range(2):
        table.find(octets, sight(octets), NOW + 5.5)
    assert table.aliases[octets[2:]][5] == NOW + 6


def test_the_ttls_of_an_answer_are_lowered_once_a_second(ageing, monkeypatch):
    table, octets = ageing
    ages = []

    def aged(rest, ageing, now):
        ages.append(now - NOW)
        return lowered(rest, ageing, now)

    lowered = answer_cache._aged
    monkeypatch.setattr(answer_cache, "_aged", aged)
    found = [ttls(table.find(octets, sight(octets), NOW + tenths / 10))[0] for tenths in range(35)]
    assert found == [60] * 10 + [59] * 10 + [58] * 10 + [57] * 5
    assert ages == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "age", [pytest.param(27, id="to be refreshed"), pytest.param(31, id="expired")]
)
def test_a_resolver_answer_is_looked_for_again_in_time(ageing, age):
    table, octets = ageing
    assert table.find(octets, sight(octets), NOW + age) is None
    assert not len(table)


def alias_chain(octets):
    made = dns.message.from_wire(reply_to(octets))
    made.answer = [
        dns.rrset.from_text(made.question[0].name, 300, "IN", "CNAME", "web.hosting.test."),
        dns.rrset.from_text("web.hosting.test.", 300, "IN", "A", "192.0.2.1"),
    ]
    return made.to_wire()


def test_names_that_were_found_are_told_once_with_those_behind_aliases(table):
    learned, ours = query("WWW.one.test."), query("www.ours.test.")
    for each, expiry in ((learned, NOW + 300), (ours, NEVER)):
        times = (NOW, expiry, NEVER)
        table.store(sight(each), alias_chain(each), (0, 0), (7, b"\0"), times)
    assert table.take_found() == set()
    for seconds in (1.0, 1.2, 3.0):
        assert table.find(learned, sight(learned), NOW + seconds)
        assert table.find(ours, sight(ours), NOW + seconds)  # no record cache has it
    expected = {names.from_text("www.one.test."), names.from_text("web.hosting.test.")}
    assert table.take_found() == expected
    assert table.take_found() == set()


def test_names_of_a_bounded_number_of_answers_are_noted(generations):
    table = Table(AnswerCacheOptions(), generations)
    for i in range(NOTED_NAMES + 100):
        asked = query(f"n{i}.test.")
        times = (NOW, NOW + 300, NEVER)
        table.store(sight(asked), reply_to(asked), (0, 0), (7, b"\0"), times)
        assert table.find(asked, sight(asked), NOW + 1)
    assert len(table.take_found()) == NOTED_NAMES

"""Response rate limiting: what is allowed, for any arrivals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.authority.answer import Answer
from dnsd.query.ratelimit import (
    CHAOS_CLASS,
    ERROR_CLASS,
    FORMERR_CLASS,
    LIMITS,
    RESPONSE_CLASS,
    Limiter,
    LimiterOptions,
    RateKind,
    rate_class,
)
from dnsd.wire import names
from dnsd.wire.rrset import RRset

CLIENT = bytes([192, 0, 2, 1])
WWW = RESPONSE_CLASS + b"\3www\4test\0"


def count(limiter, client, kind, times):
    return sum(limiter.allow(client, kind, now) for now in times)


@pytest.mark.parametrize(
    ("kind", "at_once", "a_second"),
    [
        pytest.param(WWW, 50, 50, id="answers"),
        pytest.param(ERROR_CLASS, 5, 5, id="errors"),
        pytest.param(CHAOS_CLASS, 3, 3, id="server identity"),
        pytest.param(FORMERR_CLASS, 1, 1, id="malformed queries"),
    ],
)
def test_each_kind_has_its_rate(kind, at_once, a_second):
    limiter = Limiter(LimiterOptions())
    assert count(limiter, CLIENT, kind, [1000.0] * 1000) == at_once
    rest = [1000.0 + i / 1000 for i in range(10_000)]
    assert count(limiter, CLIENT, kind, rest) == pytest.approx(10 * a_second, abs=1)


def test_a_rate_below_the_limit_is_never_limited():
    limiter = Limiter(LimiterOptions())
    assert all(limiter.allow(CLIENT, WWW, i / 49) for i in range(500))


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        pytest.param("c0000201", "c00002ff", True, id="one /24"),
        pytest.param("c0000201", "c0000301", False, id="two /24"),
        pytest.param("20010db8000000" + "00" * 9, "20010db8000000" + "ff" * 9, True, id="one /56"),
        pytest.param("20010db8000000" + "00" * 9, "20010db8000001" + "00" * 9, False, id="two"),
    ],
)
def test_a_client_net_is_counted_as_one(first, second, shared):
    limiter = Limiter(LimiterOptions())
    count(limiter, bytes.fromhex(first), WWW, [1.0] * 100)
    assert limiter.allow(bytes.fromhex(second), WWW, 1.0) is not shared


def test_classes_of_one_client_are_counted_apart():
    limiter = Limiter(LimiterOptions())
    count(limiter, CLIENT, WWW, [1.0] * 100)
    assert limiter.allow(CLIENT, RESPONSE_CLASS + b"\3ftp\4test\0", 1.0)
    assert limiter.allow(CLIENT, ERROR_CLASS + WWW[1:], 1.0)


def test_workers_share_the_rates():
    limiters = [Limiter(LimiterOptions(workers=4)) for _ in range(4)]
    times = [i / 1000 for i in range(10_000)]
    allowed = sum(count(limiter, CLIENT, WWW, times) for limiter in limiters)
    assert allowed <= 50 * 10 + 50


def test_the_slowest_rates_still_allow_one_reply_a_worker():
    limiter = Limiter(LimiterOptions(workers=8))
    assert limiter.allow(CLIENT, FORMERR_CLASS, 1.0)
    assert not limiter.allow(CLIENT, FORMERR_CLASS, 8.9)
    assert limiter.allow(CLIENT, FORMERR_CLASS, 9.1)


def test_a_rate_of_zero_is_no_limit():
    limiter = Limiter(LimiterOptions(responses_per_second=0))
    assert count(limiter, CLIENT, WWW, [1.0] * 1000) == 1000


@given(
    gaps=st.lists(st.floats(0, 0.5), max_size=200),
    rate=st.integers(1, 20),
    burst_s=st.sampled_from([0.5, 1.0, 3.0]),
)
def test_any_arrivals_get_at_most_the_rate_and_the_burst(gaps, rate, burst_s):
    limiter = Limiter(LimiterOptions(responses_per_second=rate, burst_s=burst_s, cells=16))
    now, start, allowed = 7.0, 7.0, 0
    for gap in gaps:
        now += gap
        allowed += limiter.allow(CLIENT, WWW, now)
        assert allowed <= rate * (now - start) + max(1.0, rate * burst_s) + 1e-6


@given(others=st.lists(st.tuples(st.binary(min_size=4, max_size=4), st.binary(max_size=8))))
def test_no_other_client_makes_a_debt_forgotten(others):
    limiter = Limiter(LimiterOptions(responses_per_second=10, cells=4))
    count(limiter, CLIENT, WWW, [1.0] * 100)
    for client, name in others:
        limiter.allow(client, RESPONSE_CLASS + name, 1.0)
    assert not limiter.allow(CLIENT, WWW, 1.0)


def test_a_flood_of_clients_takes_no_more_memory_and_limits_nobody_else():
    limiter = Limiter(LimiterOptions(cells=65536))
    size = len(limiter._first)
    # 20,000 forged nets in 0.4 s, as fast as we could answer them.
    for i in range(20_000):
        limiter.allow(i.to_bytes(3, "big") + b"\1", WWW, 1.0 + i / 50_000)
    assert len(limiter._first) == len(limiter._second) == size
    assert all(limiter.allow(b"\xff" + bytes([i, 0, 0]), WWW, 1.4) for i in range(100))


def test_the_table_has_at_least_the_cells_asked_for():
    assert len(Limiter(LimiterOptions(cells=1000))._first) == 1024


def test_every_kind_of_class_has_a_limit_of_its_own():
    assert [LIMITS[kind] for kind in RateKind] == [
        "response_rate",
        "error_rate",
        "chaos_rate",
        "formerr_rate",
    ]


def name(text):
    return names.from_text(text)


def rrset(owner, rrtype):
    return RRset(name(owner), rrtype, 300, (b"\0",))


def answer(rcode=0, *, aa=True, answers=(), authority=(), **more):
    return Answer(rcode, aa, list(answers), list(authority), [], slot=258, **more)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(
            answer(answers=[rrset("www.test.", 1)]),
            RESPONSE_CLASS + name("www.test."),
            id="data by name",
        ),
        pytest.param(
            answer(answers=[rrset("x.test.", 39), rrset("a.x.test.", 5)]),
            RESPONSE_CLASS + name("x.test."),
            id="names below a DNAME together",
        ),
        pytest.param(
            answer(answers=[rrset("a.w.test.", 1)], wildcard=name("*.w.test.")),
            RESPONSE_CLASS + name("*.w.test."),
            id="names of a wildcard together",
        ),
        pytest.param(
            answer(authority=[rrset("test.", 6)]),
            RESPONSE_CLASS + b"\xff\1\2",
            id="no data by zone",
        ),
        pytest.param(
            answer(3, authority=[rrset("test.", 6)]), ERROR_CLASS + b"\1\2", id="no name by zone"
        ),
        pytest.param(
            answer(3, answers=[rrset("www.test.", 5)], authority=[rrset("test.", 6)]),
            ERROR_CLASS + b"\1\2",
            id="an alias to no name by zone",
        ),
        pytest.param(
            answer(aa=False, authority=[rrset("sub.test.", 2)]),
            ERROR_CLASS + name("sub.test."),
            id="a referral by its cut",
        ),
    ],
)
def test_an_answer_is_counted_with_its_like(made, expected):
    assert rate_class(made) == expected

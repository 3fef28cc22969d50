import pytest

from dnsd.resolver.delegation import Delegation
from dnsd.resolver.minimisation import MINIMISED_TYPE, Minimiser, shortened
from dnsd.resolver.options import ResolverLimits, ResolverOptions
from dnsd.wire import names

MX = 15
RELAXED = ResolverOptions()
STRICT = ResolverOptions(minimisation="strict")
OFF = ResolverOptions(minimisation="off")


def cut(zone):
    return Delegation(names.from_text(zone), ())


def asked(name, zone, options=RELAXED, rrtype=MX):
    """All questions to the servers of one zone, as (name, type), up to the whole name."""
    minimiser = Minimiser(names.from_text(name), rrtype, options)
    questions = []
    while not questions or questions[-1][0] != name:
        qname, qtype = minimiser.next(cut(zone))
        questions.append((names.to_text(qname), qtype))
        assert len(questions) < 20
    return questions


@pytest.mark.parametrize(
    ("name", "zone", "shown"),
    [
        pytest.param("a.b.test.", ".", ["test.", "b.test.", "a.b.test."], id="one label each"),
        pytest.param("a.b.test.", "test.", ["b.test.", "a.b.test."], id="from the cut on"),
        pytest.param("a.b.test.", "b.test.", ["a.b.test."], id="one label below the cut"),
        pytest.param("b.test.", "b.test.", ["b.test."], id="the apex"),
        pytest.param(".", ".", ["."], id="the root"),
        pytest.param("_25._tcp.mx.b.test.", "test.", ["b.test.", "mx.b.test.", "_25._tcp.mx.b.test."], id="underscores are not asked for alone"),
        pytest.param("_dmarc.b.test.", "b.test.", ["_dmarc.b.test."], id="an underscore at once"),
        pytest.param("x._tcp.b.test.", "b.test.", ["x._tcp.b.test."], id="a label above an underscore"),
    ],
)  # fmt: skip
def test_a_name_is_shown_label_by_label(name, zone, shown):
    assert [qname for qname, _ in asked(name, zone)] == shown


def test_the_type_is_hidden_until_the_whole_name_is_asked():
    assert [qtype for _, qtype in asked("a.b.test.", ".")] == [MINIMISED_TYPE, MINIMISED_TYPE, MX]
    assert MINIMISED_TYPE == 1


@pytest.mark.parametrize(
    ("labels", "added"),
    [
        # The first four one by one, the rest in six steps, what is left over last.
        (4, [1, 1, 1, 1]),
        (10, [1] * 10),
        (11, [1, 1, 1, 1, 1, 1, 1, 1, 1, 2]),
        (18, [1, 1, 1, 1, 2, 2, 2, 2, 3, 3]),
        (34, [1, 1, 1, 1, 5, 5, 5, 5, 5, 5]),
        (127, [1, 1, 1, 1, 20, 20, 20, 21, 21, 21]),
    ],
)
def test_long_names_take_ten_steps_at_most(labels, added):
    shown = [qname for qname, _ in asked("a." * labels, ".")]
    counts = [names.label_count(names.from_text(each)) for each in shown]
    assert [b - a for a, b in zip([0, *counts], counts, strict=False)] == added
    assert len(shown) <= RELAXED.limits.minimised_steps


@pytest.mark.parametrize(
    ("limits", "shown"),
    [
        pytest.param(ResolverLimits(minimised_steps=0), ["a.b.c.test."], id="no steps"),
        pytest.param(ResolverLimits(minimised_steps=1), ["test.", "a.b.c.test."], id="one step"),
        pytest.param(
            ResolverLimits(minimised_steps=2, single_label_steps=0), ["c.test.", "a.b.c.test."],
            id="no single labels",
        ),
    ],
)  # fmt: skip
def test_the_limits_are_reached(limits, shown):
    options = ResolverOptions(limits=limits)
    assert [qname for qname, _ in asked("a.b.c.test.", ".", options)] == shown


def test_steps_are_counted_over_referrals():
    options = ResolverOptions(limits=ResolverLimits(minimised_steps=3))
    minimiser = Minimiser(names.from_text("a.b.c.d.test."), MX, options)
    shown = [
        names.to_text(minimiser.next(cut(zone))[0])
        for zone in (".", "test.", "d.test.", "c.d.test.")
    ]
    assert shown == ["test.", "d.test.", "c.d.test.", "a.b.c.d.test."]


def test_the_servers_of_a_child_are_asked_anew_for_what_the_parents_knew():
    minimiser = Minimiser(names.from_text("a.b.c.test."), MX, RELAXED)
    test, c = cut("test."), cut("c.test.")
    assert minimiser.next(test)[0] == names.from_text("c.test.")
    assert minimiser.next(test)[0] == names.from_text("b.c.test.")
    # A late referral to a cut above what was asked for.
    assert minimiser.next(c)[0] == names.from_text("b.c.test.")


def test_without_minimisation_the_whole_name_is_asked_at_once():
    assert asked("a.b.test.", ".", OFF) == [("a.b.test.", MX)]


@pytest.mark.parametrize(("options", "is_final"), [(RELAXED, False), (STRICT, True)])
def test_a_denial_is_final_only_when_strict(options, is_final):
    assert Minimiser(names.from_text("a.b.test."), MX, options).is_final_denial() is is_final


def test_after_a_denial_the_whole_name_is_asked():
    minimiser = Minimiser(names.from_text("a.b.test."), MX, RELAXED)
    minimiser.next(cut("."))
    minimiser.denied()
    assert minimiser.next(cut(".")) == (names.from_text("a.b.test."), MX)
    # It stays so: whose servers fail once would fail again.
    assert minimiser.next(cut("test.")) == (names.from_text("a.b.test."), MX)


@pytest.mark.parametrize(("options", "goes_on"), [(RELAXED, True), (STRICT, False)])
def test_after_a_failure_only_relaxed_shows_the_whole_name(options, goes_on):
    minimiser = Minimiser(names.from_text("a.b.test."), MX, options)
    minimiser.next(cut("."))
    assert minimiser.failed() is goes_on


def test_shortening_never_goes_backwards():
    name = names.from_text("a.b.c.d.e.f.g.h.test.")
    for known in range(names.label_count(name)):
        for taken in range(12):
            found = shortened(name, known, taken, RELAXED)
            assert names.is_subdomain(name, found)
            assert names.label_count(found) > known

"""Who is given up when too many client queries wait."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dnsd.resolver.options import ResolverLimits
from dnsd.resolver.shedding import Admission, Waiting

ROOM = (True, None, "")
REFUSED = (False, None, "recursions")


def waiting(recursions=4, shed_after_s=0.2):
    return Waiting(ResolverLimits(recursions=recursions, shed_after_s=shed_after_s))


def fill(queries, count, now=0.0, prefix=b"slow"):
    for i in range(count):
        assert queries.enter((prefix, i), b"%s%d" % (prefix, i), now) == ROOM


def test_queries_wait_while_there_is_room():
    queries = waiting()
    fill(queries, 4)
    assert len(queries) == 4
    queries.leave((b"slow", 1))
    assert queries.enter("next", b"next", 0.0) == ROOM


def test_a_newcomer_is_refused_while_all_are_young():
    queries = waiting()
    fill(queries, 4)
    assert queries.enter("next", b"next", 0.199) == REFUSED
    assert len(queries) == 4


def test_the_oldest_that_may_be_given_up_makes_room():
    queries = waiting()
    fill(queries, 2)  # protected
    assert queries.enter("third", b"third", 0.1).admitted
    assert queries.enter("fourth", b"fourth", 0.2).admitted
    assert queries.enter("next", b"next", 0.4) == Admission(True, "third", "shed_after")
    assert queries.enter("after", b"after", 0.4) == Admission(True, "fourth", "shed_after")
    assert len(queries) == 4


def test_half_are_never_given_up():
    queries = waiting(recursions=10)
    fill(queries, 10)
    shed = [queries.enter(i, b"%d" % i, 1.0).shed for i in range(20)]
    assert shed == [(b"slow", i) for i in (5, 6, 7, 8, 9)] + [None] * 15
    assert len(queries) == 10


def test_a_place_that_is_free_again_protects_the_next():
    queries = waiting()
    fill(queries, 4)
    queries.leave((b"slow", 0))
    assert queries.enter("protected", b"protected", 1.0).admitted
    assert queries.enter("x", b"x", 9.0).shed == (b"slow", 2)
    assert queries.enter("y", b"y", 9.0).shed == (b"slow", 3)
    assert queries.enter("z", b"z", 9.1) == REFUSED


def test_asking_again_keeps_no_question_young():
    queries = waiting(recursions=6)
    fill(queries, 3)
    assert queries.enter("first", b"same", 0.0).admitted
    assert queries.enter("again", b"same", 0.1).admitted
    queries.leave("first")
    assert queries.enter("and again", b"same", 0.19).admitted
    assert queries.enter("young", b"young", 0.19).admitted
    assert queries.enter("next", b"next", 0.21) == Admission(True, "again", "shed_after")
    assert queries.enter("after", b"after", 0.21) == Admission(True, "and again", "shed_after")
    assert queries.enter("last", b"last", 0.21) == REFUSED


def test_a_question_is_new_when_nobody_waited_for_it():
    queries = waiting(recursions=2)
    assert queries.enter(1, b"protected", 0.0).admitted
    assert queries.enter(2, b"same", 0.0).admitted
    queries.leave(2)
    assert queries.enter(3, b"same", 1.0).admitted
    assert queries.enter(4, b"next", 1.1) == REFUSED


def test_who_left_twice_left_once():
    queries = waiting()
    fill(queries, 1)
    queries.leave((b"slow", 0))
    queries.leave((b"slow", 0))
    assert len(queries) == 0


def test_what_has_left_takes_no_room():
    queries = waiting(recursions=10)
    fill(queries, 9)
    for i in range(10_000):
        assert queries.enter(i, b"quick", 0.0).admitted
        queries.leave(i)
    assert len(queries._sheddable) <= 21
    assert len(queries) == 9


def test_new_names_are_answered_while_a_slow_server_holds_all_places():
    # The attacker refills every place with questions that take 10 s, and asks each
    # again every 100 ms; a newcomer needs 50 ms.
    queries = waiting(recursions=100)
    fill(queries, 100)
    answered, leaving, number = 0, None, 0
    for tick in range(200, 10_000, 50):
        now = tick / 1000
        if leaving is not None:
            answered += leaving in queries._queries
            queries.leave(leaving)
        if tick % 100 == 0:
            for i in range(10):
                number += 1
                queries.enter(("attack", number), b"slow%d" % i, now)
        leaving = ("benign", tick)
        queries.enter(leaving, b"benign%d" % tick, now)
    assert answered >= 0.95 * (10_000 - 200) / 50


class Model(RuleBasedStateMachine):
    """Compares with a list that is searched in full each time."""

    def __init__(self):
        super().__init__()
        self.queries = waiting(recursions=6)
        self.model = []  # query, question, protected
        self.first = {}
        self.now = 0.0
        self.number = 0

    @rule(seconds=st.sampled_from([0.05, 0.1, 0.3]))
    def pass_time(self, seconds):
        self.now += seconds

    @rule(question=st.sampled_from([b"a", b"b", b"c", b"d"]))
    def enter(self, question):
        self.number += 1
        shed = None
        if len(self.model) == 6:
            old = [
                each for each in self.model if not each[2] and self.now - self.first[each[1]] >= 0.2
            ]
            if not old:
                assert self.queries.enter(self.number, question, self.now) == REFUSED
                return
            shed = min(old, key=lambda each: (self.first[each[1]], each[0]))[0]
            self.remove(shed)
        self.first.setdefault(question, self.now)
        protected = sum(each[2] for each in self.model) < 3
        self.model.append((self.number, question, protected))
        assert self.queries.enter(self.number, question, self.now) == Admission(
            True, shed, "shed_after" if shed else ""
        )

    @precondition(lambda self: self.model)
    @rule(place=st.integers(0, 5))
    def leave(self, place):
        query = self.model[place % len(self.model)][0]
        self.remove(query)
        self.queries.leave(query)

    def remove(self, query):
        self.model = [each for each in self.model if each[0] != query]
        asked = {each[1] for each in self.model}
        self.first = {question: at for question, at in self.first.items() if question in asked}

    @invariant()
    def as_many_wait(self):
        assert len(self.queries) == len(self.model) <= 6
        assert sum(not each[2] for each in self.model) <= 3


TestItDoesWhatAPlainListDoes = Model.TestCase


@pytest.mark.parametrize("recursions", [1, 2, 3])
def test_small_bounds_hold(recursions):
    queries = waiting(recursions=recursions)
    for i in range(10):
        queries.enter(i, b"%d" % i, i * 1.0)
        assert len(queries) <= recursions
    assert len(queries) == recursions

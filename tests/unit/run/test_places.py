"""Rows of a place: a process and its successor never share one."""

from __future__ import annotations

from dnsd.observe.page import Role
from dnsd.run.places import SUPERVISOR_ROW, Place, Process, Seat, roles_for, rows_for, rows_of
from dnsd.run.restarts import RestartOptions, Restarts, Silence


def process(seat):
    return Process(1, seat, 0, 0.0, Silence(1.0))


def test_every_place_has_two_rows_of_its_own():
    workers = 3
    rows = [row for place in range(workers + 1) for row in rows_of(place)]
    assert sorted([SUPERVISOR_ROW, *rows]) == list(range(rows_for(workers + 1)))


def test_there_is_a_place_for_mail_where_there_is_mail():
    without = [(Role.WORKER, 0), (Role.WORKER, 1), (Role.CONTROL, -1)]
    assert roles_for(2, mail=False) == without
    assert roles_for(2, mail=True) == [*without, (Role.MAIL, -1)]


def test_a_seat_is_free_in_the_row_that_nobody_has():
    place = Place(Role.WORKER, 1, (3, 4), Restarts(RestartOptions()))
    place.current = process(place.free_seat())
    assert place.current.seat.row == 3
    place.successor = process(place.free_seat())
    assert place.successor.seat.row == 4
    place.current = None
    assert place.free_seat() == Seat(Role.WORKER, 1, 3)


def test_seats_are_called_as_an_operator_would():
    assert str(Seat(Role.WORKER, 2, 5)) == "worker 2"
    assert str(Seat(Role.CONTROL, -1, 7)) == "control"

"""What the operator sees and changes."""

import pytest
from fakes.mail import NOW, accept, envelope, message, open_queue, settle

from dnsd.mail.queue_record import Attempt
from dnsd.mail.queue_view import QueueView, Totals
from dnsd.mail.reasons import Deferred, Delivered, Failed, ReasonClass
from dnsd.net.committer import commit

LATER = Deferred(ReasonClass.DNS_TEMPORARY, "no answer for example.org MX")


@pytest.fixture
def queue(tmp_path):
    found = open_queue(tmp_path)
    yield found
    found.close()


@pytest.fixture
def view(queue):
    return QueueView(queue)


def _do(queue, function, *items):
    return commit(queue, [(function, item) for item in items])


def test_pages_follow_one_another(queue, view):
    ids = []
    for place in range(5):
        which = envelope(f"u{place}@example.org")
        ids.append(which.queue_id)
        accept(queue, (which, message()))
    first = view.page(0, 2)
    second = view.page(first[-1].number, 2)
    third = view.page(second[-1].number, 2)
    assert [row.queue_id for row in first + second + third] == ids
    assert view.page(third[-1].number, 2) == []


def test_a_message_shows_its_recipients_and_what_was_said(queue, view):
    which = envelope("a@example.org", "b@example.org", "c@example.org")
    accept(queue, (which, message()))
    one, two, three = queue.due(NOW, 10)
    [recorded] = settle(queue, Attempt(one, LATER, NOW + 7))
    settle(queue, Attempt(two, Delivered("ok"), NOW))
    found = view.message(which.queue_id)
    assert (found.sender, found.size, found.origin) == (which.sender, 2_000, "authenticated")
    assert (found.address, found.account, found.received_at) == ("192.0.2.1", "alice", NOW)
    first, last = found.recipients
    assert (str(first.recipient), first.attempts, first.reason) == (
        "a@example.org",
        1,
        "dns_temporary",
    )
    assert (first.next_attempt, first.last_attempt) == (recorded.next_attempt, NOW + 7)
    assert first.text == "no answer for example.org MX"
    assert (last.recipient, last.attempts, last.last_attempt) == (three.recipient, 0, 0)
    assert view.message("NOSUCHID") is None


def test_totals(queue, view):
    assert view.totals() == Totals(0, 0, 0, None)
    which = envelope("a@example.org", "b@example.org", at=NOW - 50)
    accept(queue, (which, message()), (envelope(sender=None), message()))
    _do(queue, view.hold, which.queue_id)
    assert view.totals() == Totals(2, 3, 2, NOW - 50)


def test_a_held_message_is_not_tried_until_it_is_retried(queue, view):
    which, other = envelope("a@example.org"), envelope("b@example.org")
    accept(queue, (which, message()), (other, message()))
    assert _do(queue, view.hold, which.queue_id, "NOSUCHID") == [True, False]
    assert [str(due.recipient) for due in queue.due(NOW, 10)] == ["b@example.org"]
    assert queue.next_due() is None
    assert view.message(which.queue_id).recipients[0].is_held
    assert _do(queue, view.retry, (which.queue_id, NOW + 3), ("NOSUCHID", NOW)) == [True, False]
    assert queue.next_due() == NOW + 3
    assert len(queue.due(NOW + 3, 10)) == 1


@pytest.mark.parametrize("result", [LATER, Failed(ReasonClass.TLS, "5.7.4", "x")])
def test_a_hold_during_an_attempt_stays_unless_the_attempt_was_the_end(queue, view, result):
    which = envelope()
    accept(queue, (which, message()))
    [due] = queue.due(NOW, 1)
    _do(queue, view.hold, which.queue_id)
    settle(queue, Attempt(due, result, NOW))
    left = view.message(which.queue_id)
    if result is LATER:
        assert left.recipients[0].is_held
        assert queue.due(NOW + 100_000, 10) == []
    else:
        assert left is None


def test_a_retry_brings_a_deferred_message_forward(queue, view):
    which = envelope()
    accept(queue, (which, message()))
    settle(queue, *(Attempt(due, LATER, NOW) for due in queue.due(NOW, 1)))
    assert queue.due(NOW + 1, 1) == []
    _do(queue, view.retry, (which.queue_id, NOW + 1))
    [due] = queue.due(NOW + 1, 1)
    assert due.attempts == 1


def test_delete_takes_all_of_it_and_tells_nobody(queue, view):
    which = envelope("a@example.org", "b@example.org")
    accept(queue, (which, message(100_000)))
    assert _do(queue, view.delete, which.queue_id, "NOSUCHID") == [True, False]
    assert view.totals() == Totals(0, 0, 0, None)
    assert not list((queue.path.parent / "large").iterdir())


def test_the_view_keeps_no_snapshot(queue, view):
    accept(queue, (envelope(), message()))
    view.page(0, 10)
    assert not queue.reader.in_transaction

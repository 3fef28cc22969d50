"""What follows of an attempt: waits, expiry, and who is told."""

import pytest
from fakes.mail import NOW, accept, envelope, message, open_queue, settle

from dnsd.mail.queue_record import Attempt
from dnsd.mail.reasons import Deferred, Delivered, Failed, ReasonClass
from dnsd.mail.schedule import Schedule

LATER = Deferred(ReasonClass.TIMEOUT, "no greeting")
NEVER = Failed(ReasonClass.REMOTE_PERMANENT, "5.1.1", "550 no such user")


@pytest.fixture
def opened(tmp_path):
    queues = []

    def make(**given):
        queues.append(open_queue(tmp_path, **given))
        return queues[-1]

    yield make
    for queue in queues:
        queue.close()


def _texts(queue, at):
    dues = [due for due in queue.due(at, 100) if due.sender is None]
    return [b"".join(queue.open(due)).decode() for due in dues]


def test_a_deferral_counts_and_waits(opened):
    queue = opened(schedule=Schedule(warning_s=0))
    accept(queue, (envelope(), message()))
    now, waits = NOW, []
    for attempts in range(8):
        [due] = queue.due(now, 1)
        assert due.attempts == attempts
        [recorded] = settle(queue, Attempt(due, LATER, now))
        assert queue.next_due() == recorded.next_attempt
        waits.append(recorded.next_attempt - now)
        now = recorded.next_attempt
    for wait, least in zip(
        waits, (300, 600, 1_200, 2_400, 3_333, 3_333, 3_333, 3_333), strict=True
    ):
        assert least <= wait <= min(least * 1.2 + 1, 4_001)


def test_not_before_is_heeded(opened):
    queue = opened()
    accept(queue, (envelope(), message()))
    [due] = queue.due(NOW, 1)
    [recorded] = settle(queue, Attempt(due, LATER._replace(not_before=NOW + 9_000.5), NOW))
    assert recorded.next_attempt == NOW + 9_001


def test_a_delay_is_told_once(opened):
    queue = opened(schedule=Schedule(10, 10, 1_000, 50))
    accept(queue, (envelope(), message()))
    told = []
    for now in range(NOW, NOW + 200, 20):
        for due in queue.due(now, 10):
            if due.sender is None:
                told.append(b"".join(queue.open(due)).decode())
                settle(queue, Attempt(due, Delivered("ok"), now))
            else:
                settle(queue, Attempt(due, LATER, now))
    assert len(told) == 1
    assert "Action: delayed" in told[0]
    assert "Will-Retry-Until: " in told[0]
    assert "no greeting" in told[0]


def test_the_last_attempt_is_at_the_end_of_the_lifetime_and_its_failure_is_told(opened):
    queue = opened(schedule=Schedule(10, 40, 100, 0))
    accept(queue, (envelope(), message()))
    now = NOW
    while True:
        [due] = queue.due(now, 1)
        [recorded] = settle(queue, Attempt(due, LATER, now))
        if recorded.is_final:
            break
        now = recorded.next_attempt
    assert now == NOW + 100
    assert recorded.result.reason is ReasonClass.EXPIRED
    [text] = _texts(queue, now)
    assert "Action: failed" in text
    assert "Status: 4.4.7" in text
    assert "no greeting" in text


def test_failures_of_one_message_are_told_together(opened):
    queue = opened()
    accept(
        queue,
        (envelope("a@example.org", "b@example.org", "c@example.org"), message(text="one")),
        (envelope("d@example.org"), message(text="two")),
    )
    settle(queue, *(Attempt(due, NEVER, NOW) for due in queue.due(NOW, 10)))
    one, two = sorted(_texts(queue, NOW), key=lambda text: "Subject: two" in text)
    assert [one.count(f"Final-Recipient: rfc822; {n}@example.org") for n in "abcd"] == [1, 1, 1, 0]
    assert two.count("Final-Recipient") == 1
    assert "Subject: two" in two


def test_above_the_limit_of_an_hour_a_failure_waits_and_is_told_later(opened):
    queue = opened(per_hour=2)
    for name in "abc":
        accept(queue, (envelope(f"{name}@example.org"), message()))
    recorded = settle(queue, *(Attempt(due, NEVER, NOW) for due in queue.due(NOW, 10)))
    assert [entry.is_final for entry in recorded] == [True, True, False]
    later = recorded[2].next_attempt
    assert len(_texts(queue, NOW)) == 2
    at = max(later, NOW + 3_600)
    [due] = [due for due in queue.due(at, 10) if due.sender]
    [last] = settle(queue, Attempt(due, NEVER, at))
    assert last.is_final
    assert last.is_told


def test_even_at_the_end_of_its_lifetime_a_failure_is_told(opened):
    queue = opened(per_hour=1, schedule=Schedule(10, 40, 100, 0))
    for name in "ab":
        accept(queue, (envelope(f"{name}@example.org"), message()))
    dues = queue.due(NOW, 10)
    recorded = settle(queue, *(Attempt(due, LATER, NOW + 100) for due in dues))
    assert sorted(entry.is_final for entry in recorded) == [False, True]


def test_a_notification_of_a_large_message_holds_its_header(opened):
    queue = opened()
    accept(queue, (envelope(), message(200_000, text="a large one")))
    settle(queue, *(Attempt(due, NEVER, NOW) for due in queue.due(NOW, 10)))
    [text] = _texts(queue, NOW)
    assert "Subject: a large one" in text
    assert len(text) < 8_192 + 200


def test_a_failure_of_a_damaged_message_is_told_without_its_header(opened):
    queue = opened()
    which = envelope()
    accept(queue, (which, message(200_000, text="a large one")))
    queue.spool.finished(which.queue_id).unlink()
    settle(queue, *(Attempt(due, NEVER, NOW) for due in queue.due(NOW, 10)))
    [text] = _texts(queue, NOW)
    assert "Subject: a large one" not in text
    assert which.queue_id in text


def test_the_reason_of_the_last_attempt_is_kept(opened):
    queue = opened()
    accept(queue, (envelope(), message()))
    [due] = queue.due(NOW, 1)
    settle(queue, Attempt(due, LATER._replace(text="x" * 5_000), NOW + 1))
    found = queue.reader.execute("SELECT reason, length(text), last_attempt FROM recipients")
    assert found.fetchone() == ("timeout", 1_000, NOW + 1)

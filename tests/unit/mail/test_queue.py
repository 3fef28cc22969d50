"""The queue: what was accepted is kept until each recipient is done with."""

import sqlite3

import pytest
from fakes.disks import BROKEN, FULL, FailingDisk
from fakes.mail import LIMIT, NOW, accept, envelope, incoming, message, open_queue, settle

from dnsd.mail.envelope import Body, OriginKind
from dnsd.mail.queue_record import Attempt
from dnsd.mail.reasons import Deferred, Delivered, Failed, ReasonClass
from dnsd.mail.stores import MessageDamaged, StoreFailed, StoreFull
from dnsd.net.committer import commit

OK = Delivered("250 ok", "mx.example.org")
LATER = Deferred(ReasonClass.REMOTE_TEMPORARY, "450 later")
NEVER = Failed(ReasonClass.REMOTE_PERMANENT, "5.1.1", "550 no such user")


@pytest.fixture
def queue(tmp_path):
    found = open_queue(tmp_path)
    yield found
    found.close()


def _reopened(queue):
    queue.close()
    return open_queue(queue.path.parent)


def _fail_after(queue, function, items):
    def broken(given):
        function(given)
        raise ZeroDivisionError

    [error] = commit(queue, [(broken, item) for item in items])
    assert isinstance(error, ZeroDivisionError)


def _recipients(dues):
    return sorted(str(due.recipient) for due in dues)


@pytest.mark.parametrize("size", [2_000, 65_536, 65_537, 300_000])
def test_what_is_accepted_comes_out_after_a_restart(queue, size):
    octets = message(size)
    which = envelope(
        "bob@example.org", '"a b"@example.net', "c@[192.0.2.7]", utf8=True, body=Body.EIGHT_BIT
    )
    [fresh] = accept(queue, (which, octets))
    queue = _reopened(queue)
    dues = queue.due(NOW, 10)
    assert dues == fresh
    assert [due.recipient for due in dues] == list(which.recipients)
    for due in dues:
        assert (due.queue_id, due.sender, due.size) == (which.queue_id, which.sender, size)
        assert (due.utf8, due.body, due.attempts) == (True, Body.EIGHT_BIT, 0)
        assert b"".join(queue.open(due)) == octets


def test_the_null_sender_stays_the_null_sender(queue):
    accept(queue, (envelope(sender=None), message()))
    [due] = queue.due(NOW, 10)
    assert due.sender is None
    assert not due.may_bounce


def test_nothing_is_there_before_the_transaction_ends(queue):
    which = envelope()
    found = incoming(queue, which, message())
    with queue.transaction():
        queue.add([(which, found)])
        assert queue.due(NOW, 10) == []
    assert len(queue.due(NOW, 10)) == 1


def test_a_transaction_that_fails_leaves_nothing(queue):
    which = envelope()
    found = incoming(queue, which, message(100_000))
    _fail_after(queue, queue.add, [(which, found)])
    assert queue.due(NOW, 10) == []
    accept(queue, (envelope("carol@example.org"), message()))
    assert _recipients(queue.due(NOW, 10)) == ["carol@example.org"]


def test_a_message_that_cannot_be_written_costs_no_other(tmp_path):
    disk = FailingDisk()
    queue = open_queue(tmp_path, disk=disk)
    good, bad = envelope("good@example.org"), envelope("bad@example.org")
    items = [
        (bad, incoming(queue, bad, message(100_000))),
        (good, incoming(queue, good, message())),
    ]
    disk.calls.clear()
    disk.fail = ("sync", 1, FULL)
    with queue.transaction():
        results = queue.add(items)
    assert isinstance(results[0], StoreFull)
    assert _recipients(results[1]) == _recipients(queue.due(NOW, 10)) == ["good@example.org"]


@pytest.mark.parametrize("count", [0, 1_025])
def test_a_message_has_recipients_but_not_too_many(queue, count):
    which = envelope()._replace(recipients=envelope().recipients * count)
    [result] = accept(queue, (which, message()))
    assert isinstance(result, StoreFailed)


@pytest.mark.parametrize("count", [1, 2, 3, 63, 64, 65, 100, 127, 200])
def test_any_number_of_messages_shares_a_transaction(queue, count):
    accept(queue, *((envelope(f"u{i}@example.org"), message(500)) for i in range(count)))
    dues = queue.due(NOW, 1_000)
    assert len({due.queue_id for due in dues}) == len(dues) == count
    settle(queue, *(Attempt(due, OK, NOW) for due in dues))
    assert _counts(queue) == (0, 0)


def test_a_recipient_is_claimed_once_until_it_is_released(queue):
    [fresh] = accept(queue, (envelope("a@example.org", "b@example.org"), message()))
    assert queue.claim(fresh) == fresh
    assert queue.claim(fresh) == []
    assert queue.due(NOW, 10) == []
    assert queue.next_due() is None
    queue.release(fresh[:1])
    assert queue.due(NOW, 10) == fresh[:1]


def test_what_was_in_an_attempt_at_a_crash_is_due_again(queue):
    accept(queue, (envelope(), message()))
    [before] = queue.due(NOW, 10)
    queue = _reopened(queue)
    assert queue.due(NOW, 10) == [before]


def test_those_that_wait_longest_are_first_and_busy_domains_are_left_out(queue):
    for place, domain in enumerate(("a.test", "b.test", "a.test", "c.test")):
        accept(queue, (envelope(f"u{place}@{domain}", at=NOW - place), message()))
    assert [due.recipient.local for due in queue.due(NOW, 2, {"a.test"})] == ["u3", "u1"]
    assert [due.recipient.local for due in queue.due(NOW, 10)] == ["u2", "u0"]


def test_nothing_is_due_before_its_time(queue):
    accept(queue, (envelope(at=NOW + 10), message()))
    assert queue.next_due() == NOW + 10
    assert queue.due(NOW + 9.9, 10) == []
    assert len(queue.due(NOW + 10, 10)) == 1


def test_results_are_of_their_own_recipients(queue):
    accept(queue, (envelope("a@example.org", "b@example.org", "c@example.org"), message()))
    one, two, three = queue.due(NOW, 10)
    settle(queue, Attempt(one, OK, NOW), Attempt(two, LATER, NOW))
    queue.release([three])
    assert _recipients(queue.due(NOW, 10)) == ["c@example.org"]
    later = queue.due(NOW + 400, 10)
    assert _recipients(later) == ["b@example.org"]
    assert later[0].attempts == 1


@pytest.mark.parametrize("size", [2_000, 100_000])
def test_a_message_is_gone_with_its_last_recipient(queue, size):
    accept(queue, (envelope("a@example.org", "b@example.org"), message(size)))
    for left in (1, 0):
        [due] = queue.due(NOW, 1)
        settle(queue, Attempt(due, OK, NOW))
        assert _counts(queue) == (left, left)
        assert len(list((queue.path.parent / "large").iterdir())) == (left if size > 65_536 else 0)
    with pytest.raises(MessageDamaged, match="deleted"):
        queue.open(due)


def test_a_file_goes_only_after_the_commit(tmp_path):
    disk = FailingDisk()
    queue = open_queue(tmp_path, disk=disk)
    accept(queue, (envelope(), message(100_000)))
    [due] = queue.due(NOW, 1)
    disk.calls.clear()
    with queue.transaction():
        queue.record([Attempt(due, OK, NOW)])
        assert "remove" not in disk.calls
    assert disk.calls == ["remove"]


def test_a_crash_between_commit_and_removal_leaves_a_file_for_the_next_start(tmp_path):
    disk = FailingDisk()
    queue = open_queue(tmp_path, disk=disk)
    accept(queue, (envelope(), message(100_000)))
    [due] = queue.due(NOW, 1)
    disk.calls.clear()
    disk.fail = ("remove", 1, BROKEN)
    settle(queue, Attempt(due, OK, NOW))
    queue.close()
    queue = open_queue(tmp_path)
    assert not list((tmp_path / "large").iterdir())


def test_a_deleted_message_is_not_tried_and_an_attempt_under_way_changes_nothing(queue):
    which = envelope()
    accept(queue, (which, message(100_000)))
    [due] = queue.due(NOW, 1)
    with queue.transaction():
        assert queue.remove(which.queue_id)
        assert not queue.remove("NOSUCHID")
    assert _counts(queue) == (0, 0)
    [recorded] = settle(queue, Attempt(due, NEVER, NOW))
    assert not recorded.is_told
    assert _counts(queue) == (0, 0)
    assert not list((queue.path.parent / "large").iterdir())


def test_a_failure_is_told_to_a_known_sender_in_the_same_transaction(queue):
    accept(queue, (envelope("nobody@example.org"), message()))
    [due] = queue.due(NOW, 1)
    _fail_after(queue, queue.record, [Attempt(due, NEVER, NOW)])
    assert _counts(queue) == (1, 1)
    settle(queue, Attempt(due, NEVER, NOW))
    [notice] = queue.due(NOW, 10)
    assert str(notice.recipient) == "alice@example.test"
    assert notice.sender is None
    assert b"nobody@example.org" in b"".join(queue.open(notice))
    settle(queue, Attempt(notice, NEVER, NOW))  # of which nobody is told
    assert _counts(queue) == (0, 0)


def test_nobody_is_told_of_what_the_public_sent(queue):
    accept(queue, (envelope("nobody@example.org", kind=OriginKind.PUBLIC), message()))
    [due] = queue.due(NOW, 1)
    settle(queue, Attempt(due, NEVER, NOW))
    assert _counts(queue) == (0, 0)


def test_a_damaged_row_is_never_given_out(queue):
    accept(queue, (envelope(), message()))
    queue.writer.execute("UPDATE messages SET octets = substr(octets, 1, 100)")
    [due] = queue.due(NOW, 1)
    with pytest.raises(MessageDamaged):
        list(queue.open(due))


def test_large_messages_of_a_lost_table_are_put_aside(tmp_path):
    queue = open_queue(tmp_path)
    which = envelope()
    accept(queue, (which, message(100_000)))
    queue.close()
    for path in tmp_path.glob("queue.db*"):
        path.unlink()
    queue = open_queue(tmp_path)
    assert (tmp_path / "without-envelope" / which.queue_id).read_bytes() == message(100_000)


def test_a_file_that_is_no_queue_is_an_error_that_says_what_to_do(tmp_path):
    (tmp_path / "queue.db").write_bytes(b"no table" * 1_000)
    with pytest.raises(StoreFailed, match="move it away"):
        open_queue(tmp_path)


def test_errors_of_the_table_are_errors_of_the_store(queue):
    queue.writer.execute("PRAGMA max_page_count = 1")
    found = [(envelope(), message(60_000)) for _ in range(20)]
    with pytest.raises(StoreFull, match="free space"):
        accept(queue, *found)
    queue.writer.execute("PRAGMA max_page_count = 1000000")
    accept(queue, *found)
    assert len(queue.due(NOW, 100)) == 20


def test_a_fault_of_ours_is_not_taken_for_one_of_the_disk(queue):
    which = envelope()
    with pytest.raises(sqlite3.IntegrityError):
        accept(queue, (which, message()), (which, message()))
    assert queue.due(NOW, 10) == []


def test_the_limit_of_the_spool_is_that_of_a_message(queue):
    assert queue.spool._free_octets == LIMIT * 3 // 2


def _counts(queue):
    one = queue.reader.execute("SELECT count(*) FROM messages").fetchone()[0]
    return one, queue.reader.execute("SELECT count(*) FROM recipients").fetchone()[0]

"""PR9: whatever happens in whatever order, accepted mail is delivered, told of, or still there.

Crashes come at any call to the disk, and between an attempt and its record. A table is
atomic (SQLite's own tests say so); what power failures do to files is
tests/experiments/power_loss.py.
"""

import re
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from fakes.disks import FailingDisk, PowerFailure
from fakes.mail import NOW, Entropy, envelope, incoming, message, open_queue
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dnsd.mail.envelope import OriginKind
from dnsd.mail.queue_record import Attempt
from dnsd.mail.queue_view import QueueView
from dnsd.mail.reasons import Deferred, Delivered, Failed, ReasonClass
from dnsd.mail.schedule import Schedule

SCHEDULE = Schedule(first_retry_s=10, max_retry_s=60, lifetime_s=300, warning_s=100)
SIZES = st.sampled_from([200, 3_000, 65_536, 65_537, 150_000])
KINDS = st.sampled_from([OriginKind.PUBLIC, OriginKind.LISTED, OriginKind.AUTHENTICATED])
RESULTS = st.sampled_from([
    Delivered("250 ok"),
    Deferred(ReasonClass.TIMEOUT, "slow"),
    Deferred(ReasonClass.DNS_TEMPORARY, "servfail", NOW + 200),
    Failed(ReasonClass.REMOTE_PERMANENT, "5.1.1", "550 no"),
])  # fmt: skip


class QueueMachine(RuleBasedStateMachine):
    """The queue beside a dictionary of what it owes."""

    def __init__(self):
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.entropy = Entropy()
        self.now = NOW
        self.octets = {}  # of accepted messages
        self.senders = {}  # of those that may be told
        self.owed = {}  # (id, recipient) -> earliest and latest time of the next attempt
        self.ended = Counter()  # deliveries recorded
        self.failed = set()
        self.told = Counter()  # (id, recipient, action) of notifications that were added
        self.unsure = {}  # accepted, or not: the crash came before the answer
        self.crashes = 0
        self._open()

    def teardown(self):
        self.queue.close()
        shutil.rmtree(self.directory)

    def _open(self):
        self.disk = FailingDisk()
        self.queue = open_queue(
            self.directory, schedule=SCHEDULE, disk=self.disk, per_hour=10**6, entropy=self.entropy
        )
        self.view = QueueView(self.queue)

    def _crash(self):
        self.crashes += 1
        self.queue.close()
        self._open()
        for queue_id, (which, octets) in self.unsure.items():
            if self.view.message(queue_id) is not None:
                self._accepted(which, octets)
        self.unsure.clear()

    def _accepted(self, which, octets):
        self.octets[which.queue_id] = octets
        if which.may_bounce:
            self.senders[which.queue_id] = which.sender
        for recipient in which.recipients:
            self.owed[which.queue_id, str(recipient)] = (self.now, self.now)

    @rule(
        sizes=st.lists(SIZES, min_size=1, max_size=3),
        count=st.integers(1, 3),
        kind=KINDS,
        crash=st.none() | st.integers(1, 14),
        null=st.booleans(),
    )
    def accept(self, sizes, count, kind, crash, null):
        self.disk.calls.clear()
        if crash:
            self.disk.fail = (None, crash, PowerFailure())
        made = []
        try:
            for size in sizes:
                which = envelope(
                    *(f"r{i}@example.org" for i in range(count)),
                    at=self.now,
                    kind=kind,
                    sender=None if null else "alice@example.test",
                    entropy=self.entropy,
                )
                octets = message(size, which.queue_id)
                made.append((which, octets, incoming(self.queue, which, octets)))
            with self.queue.transaction():
                self.queue.add([(which, found) for which, _, found in made])
        except PowerFailure:
            self.unsure = {which.queue_id: (which, octets) for which, octets, _ in made}
            self._crash()
        else:
            self.disk.fail = None
            for which, octets, _ in made:
                self._accepted(which, octets)

    @rule(
        result=RESULTS, limit=st.integers(1, 4), crash=st.sampled_from([None, "before", "remove"])
    )
    def attempt(self, result, limit, crash):
        dues = self.queue.due(self.now, limit)
        for due in dues:
            whole = b"".join(self.queue.open(due))
            if due.sender is None and due.queue_id not in self.octets:
                self._noticed(due, whole)
            else:
                assert whole == self.octets[due.queue_id]
                assert self.owed[due.queue_id, str(due.recipient)][0] <= self.now
        if crash == "before":  # delivered, and nobody knows
            self._crash()
            return
        if crash == "remove":
            self.disk.calls.clear()
            self.disk.fail = ("remove", 1, PowerFailure())
        recorded = []
        try:
            with self.queue.transaction():
                recorded += self.queue.record([Attempt(due, result, self.now) for due in dues])
        except PowerFailure:  # after the commit
            self._recorded(recorded)
            self._crash()
            return
        self.disk.fail = None
        self.queue.release(dues)
        self._recorded(recorded)

    def _recorded(self, recorded):
        for due, result, next_attempt, is_told in recorded:
            key = due.queue_id, str(due.recipient)
            if key not in self.owed:
                continue  # a notification
            if next_attempt is None:
                del self.owed[key]
                self.ended[key] += isinstance(result, Delivered)
                if isinstance(result, Failed):
                    self.failed.add(key)
                    assert is_told == (due.queue_id in self.senders)
                    if result.reason is ReasonClass.EXPIRED:
                        assert self.now >= due.received_at + SCHEDULE.lifetime_s
            else:
                end = due.received_at + SCHEDULE.lifetime_s
                least = min(self.now + SCHEDULE.first_retry_s, end)
                most = min(max(self.now + SCHEDULE.max_retry_s + 1, result.not_before), end)
                assert least <= next_attempt <= most
                self.owed[key] = (next_attempt, next_attempt)

    def _noticed(self, due, octets):
        """Read a notification, once for all attempts at it."""
        text = octets.decode()
        original = re.search(r"Its queue id is (\w+)\.", text)[1]
        assert due.recipient == self.senders[original]
        assert due.sender is None
        action = re.search(r"^Action: (\w+)", text, re.MULTILINE)[1]
        self.octets[due.queue_id] = octets
        for recipient in re.findall(r"^Final-Recipient: rfc822; (\S+)", text, re.MULTILINE):
            self.told[original, recipient, action] += 1
        # Nobody has seen it before, so it is due since it was made.
        self.owed[due.queue_id, str(due.recipient)] = (due.received_at, due.received_at)

    @rule(seconds=st.sampled_from([1, 9, 30, 61, 150]))
    def wait(self, seconds):
        self.now += seconds

    @rule()
    def restart(self):
        self._crash()

    @precondition(lambda self: self.octets)
    @rule(place=st.integers(0), what=st.sampled_from(["hold", "retry", "delete"]))
    def operate(self, place, what):
        queue_id = sorted(self.octets)[place % len(self.octets)]
        item = (queue_id, self.now) if what == "retry" else queue_id
        with self.queue.transaction():
            [found] = getattr(self.view, what)([item])
        assert found == any(key[0] == queue_id for key in self.owed)
        for key in [key for key in self.owed if key[0] == queue_id]:
            if what == "delete":
                del self.owed[key]
            elif what == "retry":
                self.owed[key] = (self.now, self.now)

    @invariant()
    def nothing_is_lost_and_nothing_told_twice(self):
        there = {
            (row.queue_id, str(one.recipient)): one.next_attempt
            for row in self.view.page(0, 1_000)
            for one in row.recipients
        }
        assert self.owed.keys() <= there.keys()
        for key in there.keys() - self.owed.keys():
            assert key[0] not in self.octets  # a notification that nobody has read yet
        for key, (least, most) in self.owed.items():
            assert least <= there[key] <= most
        assert all(count == 1 for count in self.told.values())
        for queue_id, _, _ in self.told:
            assert queue_id in self.senders
        files = {path.name for path in (self.directory / "large").iterdir()}
        assert files == {
            queue_id for queue_id, _ in there if len(self.octets.get(queue_id, b"")) > 65_536
        }


QueueMachine.TestCase.settings = settings(
    max_examples=80,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.slow
class TestQueueMachine(QueueMachine.TestCase):
    """Run by pytest."""

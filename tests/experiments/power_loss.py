"""C-10: what a power failure leaves of mail, in every state that it may leave.

    python tests/experiments/power_loss.py [--rounds N]

Messages are accepted, delivered into a Maildir and recorded over a disk that remembers its calls
(`fakes/power.py`). After every single call the power fails: each change that was not
synced may be lost alone, each file may have any of several contents. Every image is
opened as at a start. Shown: how many images there are, and in how many of them

- each message that was acknowledged is in the queue, whole, or in the Maildir, whole;
- nothing in the queue and nothing in the Maildir's ``new`` is torn;
- nothing is left in the spool that no row names.

A transaction of SQLite counts as one step. Where more than 6 changes of names wait,
their subsets are drawn: all, none, each alone, all but each, and 64 more.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.figures import machine
from fakes.mail import LIMIT, NOW, Entropy, envelope, incoming, message
from fakes.power import PowerDisk, legal_images

from dnsd.mail.dsn import Notices
from dnsd.mail.maildir import Maildirs
from dnsd.mail.queue import Queue
from dnsd.mail.queue_record import Attempt, Keeping
from dnsd.mail.reasons import Deferred, Delivered, ReasonClass
from dnsd.mail.schedule import Schedule
from dnsd.mail.spool import Spool
from dnsd.mail.stores import StoreFailed

ROOT = Path("/")
SPOOL, MAIL = Path("/spool"), Path("/mail")
HEAD = b"Delivered-To: bob@example.test\r\n"
SIZES = (2_000, 150_000, 70_000)


class Step:
    """The world after one call: files, the table, and what was promised by then."""

    def __init__(self, state, table, acknowledged, delivered):
        self.state = state
        self.table = table
        self.acknowledged = acknowledged
        self.delivered = delivered


class Run:
    """Takes, delivers and records messages, and remembers each step.

    Attributes:
        steps: in their order.
        octets: of each message by queue id.
    """

    def __init__(self, directory, *, disk=None):
        self.disk = disk or PowerDisk()
        self.steps = []
        self.octets = {}
        self._table = b""
        self._acknowledged = frozenset()
        self._delivered = frozenset()
        self._entropy = Entropy()
        self.disk.log = _Log(self)
        self.queue = opened(directory / "queue.db", self.disk, self._entropy)
        self._committed()
        self.maildirs = Maildirs(MAIL, "mx1", self.disk)

    def note(self, state):
        """Remember the world as it is."""
        self.steps.append(Step(state, self._table, self._acknowledged, self._delivered))

    def _committed(self):
        self._table = self.queue.reader.serialize()
        self.note(self.disk.state())

    def accept(self, sizes):
        """Take messages in one commit, the last one not to its end."""
        made = []
        for size in sizes:
            which = envelope("bob@example.test", at=NOW, entropy=self._entropy)
            self.octets[which.queue_id] = message(size, which.queue_id)
            made.append((which, incoming(self.queue, which, self.octets[which.queue_id])))
        with self.queue.transaction():
            self.queue.add(made)
            # The file of SQLite is as it was until its commit.
        self._committed()
        self._acknowledged |= {which.queue_id for which, _ in made}
        self.note(self.disk.state())

    def give_up(self, size):
        """Begin with a message whose sender goes away."""
        which = envelope("bob@example.test", entropy=self._entropy)
        incoming(self.queue, which, message(size)).abort()

    def deliver(self, count):
        """Deliver some into the Maildir; the first is deferred."""
        attempts = []
        for place, due in enumerate(self.queue.due(NOW, count)):
            if not place:
                attempts.append(Attempt(due, Deferred(ReasonClass.LOCAL_STORE, "x"), NOW))
                continue
            name = self.maildirs.name_of(due.queue_id, 0, due.received_at)
            self.maildirs.deliver(due.recipient, name, HEAD, self.queue.open(due))
            attempts.append(Attempt(due, Delivered("put into the Maildir"), NOW))
        done = {entry.due.queue_id for entry in attempts if isinstance(entry.result, Delivered)}
        remove = self.queue.spool.remove

        def removed_after_commit(queue_ids):
            self._committed()
            self._delivered |= done
            remove(queue_ids)

        self.queue.spool.remove = removed_after_commit
        with self.queue.transaction():
            self.queue.record(attempts)
        self.queue.spool.remove = remove
        self.queue.release([entry.due for entry in attempts])


class _Log:
    def __init__(self, run):
        self._run = run

    def append(self, state):
        self._run.note(state)


def opened(path, disk, entropy):
    """Open a queue over a disk."""
    queue = Queue(
        path,
        Spool(SPOOL, LIMIT, disk),
        Keeping(Schedule(), Notices("mx1.example.test"), entropy),
    )
    queue.recover()
    return queue


def faults_of(step, image, octets, path):
    """Start on what is left, and say what is not as promised."""
    files, directories = image
    for beside in path.parent.glob("queue.db*"):
        beside.unlink()
    if step.table:
        path.write_bytes(step.table)
    disk = PowerDisk(files, directories)
    queue = opened(path, disk, Entropy(1))
    found = []
    try:
        there = {}
        for due in queue.due(NOW + 10**6, 10**6):
            try:
                there[due.queue_id] = b"".join(queue.open(due))
            except StoreFailed as failed:
                found.append(f"torn in the queue: {failed}")
    finally:
        queue.close()
    found += [f"{key}: other octets" for key, got in there.items() if got != octets[key]]
    mail = {
        path.name.split(".")[1].removesuffix("R0"): got
        for path, got in disk_files(disk, "new").items()
    }
    for key, got in mail.items():
        if got != (HEAD + octets[key]).replace(b"\r\n", b"\n"):
            found.append(f"{key}: torn in the Maildir")
    found += [f"{key}: lost" for key in step.acknowledged - there.keys() - mail.keys()]
    found += [f"{key}: delivered and gone" for key in step.delivered - mail.keys()]
    large = {path.name for path in disk_files(disk, "large")}
    found += [f"{key}: left behind" for key in large - there.keys()]
    found += [f"{path}: left behind" for path in disk_files(disk, "tmp") if SPOOL in path.parents]
    return found


def disk_files(disk, folder):
    """Files in directories of a name, with their octets."""
    return {path: bytes(disk.nodes[node][0]) for path, node in disk.now.items()
            if node and path.parent.name == folder}  # fmt: skip


def replay(run, directory, enough):
    """Start on every image of every step; return how many there were, and faults.

    Args:
        run: whose steps.
        directory: for the table.
        enough: faults after which to stop.
    """
    seen = set()
    faults = []
    for place, step in enumerate(run.steps):
        for image in legal_images(step.state, place):
            if len(faults) >= enough:
                return len(seen), faults
            files, directories = image
            key = hash((
                frozenset(files.items()), directories, step.table, step.acknowledged,
                step.delivered,
            ))  # fmt: skip
            if key in seen:
                continue
            seen.add(key)
            faults += [f"step {place}: {one}" for one in faults_of(
                step, image, run.octets, directory / "queue.db")]  # fmt: skip
    return len(seen), faults


def play(directory, rounds, *, disk=None, enough=100):
    """Run, then replay: calls, images, faults."""
    for part in ("run", "replay"):
        (directory / part).mkdir()
    run = Run(directory / "run", disk=disk)
    for place in range(rounds):
        run.accept(SIZES[place % 3 :] + SIZES[: place % 3])
        run.give_up(150_000)
        run.deliver(4)
    run.queue.close()
    images, faults = replay(run, directory / "replay", enough)
    return len(run.steps), images, faults


def main():
    """Run it and print the figures; exit 1 if an image is not as promised."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rounds", type=int, default=2)
    rounds = options.parse_args().rounds
    with tempfile.TemporaryDirectory() as directory:
        calls, images, faults = play(Path(directory), rounds)
    print(
        f"power failed after each of {calls} calls: {images} images of the disk, "
        f"{len(faults)} of them not as promised; bound 0; {machine()}"
    )
    print("\n".join(faults[:10]))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())

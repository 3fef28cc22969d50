"""C-9, part of the queue: kill -9 while messages are taken, again and again.

    python tests/experiments/intake_kills.py [--kills N]

A process takes messages of 1 to 100 KiB from 20 clients through the committer and says
of each when it is safe; some it delivers and records. It is killed at a random moment,
and the next one starts on what is left. Shown: of all messages that were said to be safe
and were not delivered, how many are in the queue, whole; and that those delivered again
are at most what was under way.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from hashlib import blake2b
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.figures import machine
from fakes.mail import NOW, envelope, incoming, open_queue

CLIENTS = 20


def _octets(seed):
    """Make a message of 1 to 100 KiB that ends with the digest of all before."""
    chance = random.Random(seed)
    text = (f"{seed} ".encode() * 1_000)[: chance.choice((1_000, 20_000, 65_400, 66_000, 102_400))]
    text = b"Subject: x\r\n\r\n" + text * (chance.randint(1_000, 102_400) // len(text) + 1)
    return text + blake2b(text, digest_size=16).hexdigest().encode()


def _is_whole(octets):
    return blake2b(octets[:-32], digest_size=16).hexdigest().encode() == octets[-32:]


def take(directory):
    """Take messages for ever; the process that is killed."""
    from twisted.internet import reactor

    from dnsd.mail.queue_record import Attempt
    from dnsd.mail.reasons import Delivered
    from dnsd.net.committer import Committer

    queue = open_queue(Path(directory), entropy=os.urandom)
    committer = Committer(queue, reactor)

    def say(word, queue_id):
        os.write(1, f"{word} {queue_id}\n".encode())

    def begin():
        which = envelope("bob@example.org", at=time.time(), entropy=os.urandom)
        found = incoming(queue, which, _octets(which.queue_id))
        committer.submit(queue.add, (which, found)).addCallback(accepted)

    def accepted(dues):
        [due] = queue.claim(dues)
        say("accepted", due.queue_id)
        begin()
        if random.random() < 0.5:
            say("delivered", due.queue_id)
            attempt = Attempt(due, Delivered("ok"), time.time())
            committer.submit(queue.record, attempt).addCallback(recorded)

    def recorded(entry):
        queue.release([entry.due])
        say("recorded", entry.due.queue_id)

    for _ in range(CLIENTS):
        reactor.callWhenRunning(begin)
    say("ready", "-")
    reactor.run()


def kill_one(directory, chance):
    """Run one process, kill it, and return what it said: sets of ids by word."""
    child = subprocess.Popen(
        [sys.executable, __file__, "--take", str(directory)], stdout=subprocess.PIPE
    )
    try:
        said = child.stdout.readline()
        assert said == b"ready -\n", said
        time.sleep(chance.uniform(0.0, 0.25))
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read()
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    found = {"accepted": set(), "delivered": set(), "recorded": set()}
    for line in rest.decode().splitlines():
        word, _, queue_id = line.partition(" ")
        found[word].add(queue_id)
    return found


def run(directory, kills, seed=9):
    """Kill so many processes; return counts and faults."""
    chance = random.Random(seed)
    total = {"accepted": set(), "delivered": set(), "recorded": set()}
    again = 0
    faults = []
    for _ in range(kills):
        for word, found in kill_one(directory, chance).items():
            total[word] |= found
        queue = open_queue(directory)
        try:
            there = set()
            for due in queue.due(NOW + 10**9, 10**9):
                there.add(due.queue_id)
                if not _is_whole(b"".join(queue.open(due))):
                    faults.append(f"{due.queue_id} is torn")
        finally:
            queue.close()
        faults += [f"{i} is lost" for i in total["accepted"] - total["delivered"] - there]
        faults += [f"{i} is sent again though recorded" for i in total["recorded"] & there]
        again = len(total["delivered"] & there)
        files = {path.name for path in (directory / "large").iterdir()}
        faults += [f"{name} is left behind" for name in files - there]
        faults += [f"{p.name} is left in tmp" for p in (directory / "tmp").iterdir()]
    return len(total["accepted"]), len(total["delivered"]), again, faults


def main():
    """Run it at full length; exit 1 if a message is lost or torn."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--kills", type=int, default=100)
    options.add_argument("--take", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.take:
        return take(given.take)
    with tempfile.TemporaryDirectory() as directory:
        accepted, delivered, again, faults = run(Path(directory), given.kills)
    print(
        f"{given.kills} kills: {accepted} messages accepted, {delivered} delivered, {again} of "
        f"them to be sent again under their ids; {len(faults)} lost, torn or left behind; "
        f"bound 0; {machine()}"
    )
    print("\n".join(faults[:10]))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())

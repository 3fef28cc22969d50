"""Clock steps: the wall clock jumps, and nothing that counts seconds notices.

    python tests/experiments/clock.py [--rounds 2]

1. A daemon under load, in one process and with two workers, whose wall clock jumps an
   hour and a day ahead and back, to 1970, and over the end of 32 bits in 2038; two
   seconds later it is right again, which is one more jump. Every jump comes while
   timers run: a name server is silent, a connection is idle, records expire. Shown: no
   client is left without its answer; nothing that is due comes early by more than a
   second, and everything comes; no TTL is more than was left; old cookies cost nothing;
   the serial of a zone that is edited at each jump grows.
2. It is stopped, the clock jumps, it starts again: the cache is still there, and what
   is left of TTLs is what the time that passed has left.
3. In another boot, where monotonic time begins anew, only the wall clock tells how long
   the machine was off (``resolver/cache/lmdb_file``). Shown for each jump: no TTL is more
   than it was; where the clock went back, the cache is thrown away.
4. A resolver that validates, in simulated time, whose clock makes the same jumps: what is
   called secure has signatures that hold at the time that the clock shows, for no longer
   than they do, or was validated before and has not expired since; what is signed is never
   insecure; without a right clock it is SERVFAIL.
5. All places where the wall clock is read are those of the table here.

The wall clock is stepped inside the program (``fakes/wall_clock``), the machine's stays.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import select
import socket
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import dns.edns
import dns.message
import dns.rcode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.clients import SteadyClient
from experiments.daemon import Daemon, verdict
from experiments.figures import machine
from experiments.signed_clock import jumps as jumps_of_validator
from fakes.cache_entries import name, positive
from fakes.cache_files import MOMENT, SharedFile
from fakes.wall_clock import WallClock

from dnsd.resolver.cache.lmdb_file import Moment
from dnsd.wire import serial

SHIPPED = Path(__file__).resolve().parents[2] / "dnsd"
HOUR_S, DAY_S = 3600, 86_400
#: Name of a step, and the wall clock after it: (seconds more, or Unix time).
STEPS = {
    "an hour ahead": (HOUR_S, None),
    "an hour back": (-HOUR_S, None),
    "a day ahead": (DAY_S, None),
    "a day back": (-DAY_S, None),
    "to 1970": (0, 1.0),
    "to 2038": (0, 2.0**31 - 1),  # and over the end of 32 bits a second later
}
#: Where shipped code reads the wall clock, and what for.
WALL_CLOCK_USES = {
    "cli/account.py": "when an account was made and its password changed",
    "cli/check.py": "serials that a zone would get",
    "cli/key.py": "how long signatures hold",
    "cli/lab.py": "from when and until when the signatures of the lab hold",
    "cli/queue.py": "from when on a message is due that is to be tried now",
    "cli/status.py": "how long ago something was",
    "cli/zone_files.py": "serials of new zone files",
    "config/normal_resolver.py": "warnings of negative trust anchors that are passed",
    "net/clock.py": "wall_now: cookies, certificates, signatures, leases, Date of HTTP, ages of lists",
    "net/udp_batch.py": "cookies",
    "observe/log.py": "times in the log",
    "run/first_compile.py": "serials",
    "run/single.py": "when the process started, for status",
    "run/start.py": "certificates",
    "run/startup.py": "certificates",
    "run/supervisor.py": "when a process started, for status",
    "run/wiring_cache.py": "how long the machine was off, for TTLs in the cache's file",
}

UPSTREAM = "127.0.9.6"
ZONE = "example.test."
LOCAL = "local.test."
TTLS = {"hot": 3600, "short": 3, "warm": 12, "cold": 60}
_EARLY_S = 1.0
# TTLs are whole seconds, rounded up when a reply is made and again while it is kept.
_ROUNDED_S = 2.5
WAIT_S, QUERY_S, IDLE_S = 2.0, 4.0, 3.0
HELD_S = 2.0
RATE = 100
PATIENCE_S = 20.0


class Authority(threading.Thread):
    """Answers for one zone and writes down when; at all other addresses it is silent.

    Attributes:
        asked: monotonic seconds of queries over UDP, by name.
    """

    def __init__(self):
        super().__init__(daemon=True)
        self.asked = defaultdict(list)
        self._over = threading.Event()
        self._sockets = []
        for address in (UPSTREAM, "0.0.0.0"):
            opened = socket.socket(type=socket.SOCK_DGRAM)
            opened.bind((address, 0))
            self._sockets.append(opened)
        self.port, self.silent_port = (each.getsockname()[1] for each in self._sockets)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self.join()
        for each in self._sockets:
            each.close()

    def run(self):
        """Answer until it is over."""
        while not self._over.is_set():
            for opened in select.select(self._sockets, [], [], 0.05)[0]:
                octets, client = opened.recvfrom(4096)
                end = octets.index(0, 12) + 5
                label = octets[13 : 13 + octets[12]].lower().decode()
                self.asked[label].append(time.monotonic())
                if opened is self._sockets[0]:
                    ttl = TTLS[label.rstrip("0123456789")].to_bytes(4, "big")
                    header = octets[:2] + b"\x84\0\0\1\0\1\0\0\0\0"
                    answer = b"\xc0\x0c\0\1\0\1" + ttl + b"\0\4\xc0\0\2\1"
                    opened.sendto(header + octets[12:end] + answer, client)


@dataclass
class Found:
    """What was seen.

    Attributes:
        answered: queries of the load.
        jumps: of the clock.
        timers: how many were watched.
        earliest: seconds that the worst of them came early; 0 for none.
        latest: seconds that the worst came late.
        renewed: cookies that were replaced for new ones.
        failures: what must not be.
    """

    answered: int = 0
    jumps: int = 0
    timers: int = 0
    earliest: float = 0.0
    latest: float = 0.0
    renewed: int = 0
    failures: list = field(default_factory=list)

    def expect(self, holds, text):
        """Note what must not be."""
        if not holds:
            self.failures.append(text)

    def timer(self, what, seconds, due_s, least_s=None):
        """Note when something came that was due after so many seconds; None: never."""
        self.timers += 1
        if seconds is None:
            self.failures.append(f"{what} did not come")
            return
        early = (due_s if least_s is None else least_s) - seconds
        self.earliest = max(self.earliest, early)
        self.latest = max(self.latest, seconds - due_s)
        self.expect(early <= _EARLY_S, f"{what} came after {seconds:.1f} s instead of {due_s}")


def settings(authority, workers):
    """Configure a resolver that knows both servers, with short time limits."""
    stub = {"zone": ZONE, "servers": [UPSTREAM], "port": authority.port, "kind": "stub"}
    silent = [
        {"zone": f"silent{i}.test.", "servers": [f"127.0.10.{i + 1}"], "port": authority.silent_port,
         "kind": "stub"}
        for i in range(100)
    ]  # fmt: skip
    return {
        "workers": workers,
        "limits": {"tcp_idle": f"{IDLE_S}s"},
        "resolver": {
            "enabled": "on", "local_zones": "none", "priming": "off",
            "limits": {"client_misses": 0, "udp_timeout_first": f"{WAIT_S}s",
                       "query_time": f"{QUERY_S}s"},
            "forward": [stub, *silent],
        },
    }  # fmt: skip


class Watch(threading.Thread):
    """Waits for what a socket brings, and notes after how many seconds it did."""

    def __init__(self, opened):
        super().__init__(daemon=True)
        self.seconds = None
        self._opened = opened
        self._since = time.monotonic()
        opened.settimeout(PATIENCE_S)
        self.start()

    def run(self):
        """Wait for it."""
        with contextlib.suppress(TimeoutError), self._opened:
            self._opened.recv(4096)
            self.seconds = time.monotonic() - self._since

    def end(self):
        """Wait until it came; the seconds, or None."""
        self.join()
        return self.seconds


class Jumping:
    """A daemon whose clock jumps."""

    def __init__(self, daemon, authority, clock, found):
        self.daemon = daemon
        self.authority = authority
        self.clock = clock
        self.found = found
        self.number = 0
        self.cookie = b"\x01client\x01"
        self.serial = None

    def jump(self, step):
        """Let the clock jump, or stand right again for None."""
        seconds, wall = STEPS[step] if step else (0, None)
        self.clock.step(seconds if wall is None else wall - time.time())
        self.found.jumps += 1

    def through(self, step):
        """Jump and jump back, each time while timers run."""
        found = self.found
        watches = [self.watch(), None]
        for i, there in enumerate((step, None)):
            time.sleep(0.5)
            self.jump(there)
            self.use_cookie(step)
            self.edit(step)
            if i == 0:
                time.sleep(HELD_S)
                watches[1] = self.watch()
        for number, silent, idle in watches:
            found.timer(f"{step}: the end of a question", silent.end(), QUERY_S)
            found.timer(f"{step}: the end of a connection", idle.end(), IDLE_S)
            sent = self.authority.asked[f"s{number}"]
            found.expect(len(sent) >= 2, f"{step}: a silent server was asked {len(sent)} times")
            for first, second in pairwise(sent):
                found.timer(f"{step}: a repetition", second - first, WAIT_S)

    def watch(self):
        """Ask a silent server, and leave a connection idle."""
        self.number += 1
        daemon, number = self.daemon, self.number
        silent = socket.socket(type=socket.SOCK_DGRAM)
        silent.connect((daemon.address, daemon.port))
        silent.send(dns.message.make_query(f"s{number}.silent{number}.test.", "A").to_wire())
        stream = socket.create_connection((daemon.address, daemon.port))
        octets = dns.message.make_query(f"hot.{ZONE}", "A").to_wire()
        stream.sendall(len(octets).to_bytes(2, "big") + octets)
        stream.recv(4096)
        return number, Watch(silent), Watch(stream)

    def use_cookie(self, step):
        """Ask with the cookie that the last answer gave."""
        query = dns.message.make_query(f"hot.{ZONE}", "A", use_edns=0)
        query.use_edns(options=[dns.edns.GenericOption(10, self.cookie)])
        reply = dns.message.from_wire(self.daemon.ask(query.to_wire()))
        given = [each.to_wire() for each in reply.options if each.otype == 10]
        self.found.expect(
            reply.rcode() == dns.rcode.NOERROR and reply.answer and given,
            f"{step}: a query with an old cookie gets {dns.rcode.to_text(reply.rcode())}",
        )
        self.found.renewed += bool(given) and given[0] != self.cookie and len(self.cookie) > 8
        self.cookie = given[0] if given else self.cookie

    def edit(self, step):
        """Change the zone; its serial is to grow."""
        self.daemon.write_zone(LOCAL, local_zone(self.found.jumps))
        self.daemon.control.reload()
        reply = self.daemon.ask(dns.message.make_query(LOCAL, "SOA").to_wire())
        now = dns.message.from_wire(reply).answer[0][0].serial
        self.found.expect(
            self.serial is None or serial.is_newer(now, self.serial),
            f"{step}: serial {now} after {self.serial}",
        )
        self.serial = now

    def hot_ttl(self, step):
        """Look at the TTL of a record that is fetched once."""
        reply = dns.message.from_wire(
            self.daemon.ask(dns.message.make_query(f"hot.{ZONE}", "A").to_wire())
        )
        problem = self.wrong_ttl("hot", reply)
        self.found.expect(not problem, f"{step}: {problem}")

    def wrong_ttl(self, label, reply):
        """Tell what is wrong with the TTL of a reply."""
        if not reply.answer:
            return f"{label}: no answer, {dns.rcode.to_text(reply.rcode())}"
        ttl, kind = reply.answer[0].ttl, label.rstrip("0123456789")
        if ttl > TTLS[kind]:
            return f"{label}: TTL {ttl} of {TTLS[kind]}"
        if kind != "hot":
            return ""
        age = time.monotonic() - self.authority.asked["hot"][0]
        if abs(TTLS["hot"] - age - ttl) > _ROUNDED_S:
            return f"TTL {ttl} of {TTLS['hot']} after {age:.1f} s"
        return ""


def local_zone(number):
    """A zone of our own, with something that changes."""
    return (
        "soa: {primary: ns.local.test., hostmaster: a@local.test}\n"
        "records:\n  '': {type: NS, value: ns.local.test.}\n"
        f"  ns: {{type: A, value: 192.0.2.1}}\n  n: {{type: TXT, value: 'edit {number}'}}\n"
    )


def load(directory, workers, steps=tuple(STEPS), program=(), starts=tuple(STEPS)):
    """Let the clock of a daemon under load jump; what was seen.

    Args:
        directory: for it.
        workers: how many it has.
        steps: made under load, one after the other.
        program: to be run instead, see ``WallClock``.
        starts: steps made while it is stopped.
    """
    found = Found()
    directory.mkdir(parents=True, exist_ok=True)
    clock = WallClock(directory / "clock")
    with Authority() as authority:
        daemon = Daemon(
            directory / "dnsd", {LOCAL: local_zone(0)}, program=program or clock.program,
            **settings(authority, workers),
        )  # fmt: skip
        jumping = Jumping(daemon, authority, clock, found)
        with daemon:
            jumping.hot_ttl("the walking path")
            under_load(jumping, steps)
            found.failures += daemon.faults()
            judge_fetches(authority, found)
            for step in (*starts, None) if starts else ():
                daemon.__exit__()
                jumping.jump(step)
                daemon.__enter__()
                jumping.hot_ttl(f"started again, {step or 'right again'}")
            found.failures += daemon.faults()
        times = alone(authority.asked["hot"])
        found.expect(
            len(times) == 1, f"a record was fetched {len(times)} times in spite of the cache"
        )
    return found


def under_load(jumping, steps):
    """Jump while queries come all the time."""
    labels = [label for i in range(500) for label in ("hot", "short", "warm", f"cold{i}")]
    queries = [dns.message.make_query(f"{label}.{ZONE}", "A").to_wire() for label in labels]

    def judge(place, _sent_at, reply):
        return jumping.wrong_ttl(labels[place], dns.message.from_wire(reply))

    client = SteadyClient(jumping.daemon, queries, judge, rate=RATE)
    with client as tally:
        for step in steps:
            jumping.through(step)
    found = jumping.found
    # Each is more than a cookie lives, so this is what the daemon itself saw of them.
    jumps = found.jumps - 1
    found.expect(found.renewed == jumps, f"{found.renewed} cookies were renewed by {jumps} jumps")
    found.answered = tally.answered
    found.expect(not tally.lost, f"{len(tally.lost)} queries were not answered")
    found.failures += tally.wrong[:10]
    found.expect(tally.answered > RATE, f"only {tally.answered} queries were answered")


def alone(times):
    """Leave out what another worker asked before it saw the answer."""
    return times[:1] + [b for a, b in pairwise(times) if b - a > 0.2]


def judge_fetches(authority, found):
    """Look at when records that expired were fetched again."""
    for label, least_s in (("short", TTLS["short"]), ("warm", 0.9 * TTLS["warm"])):
        times = alone(authority.asked[label])
        for first, second in pairwise(times):
            found.timer(f"{label}: fetched again", second - first, TTLS[label], least_s)
        found.expect(label == "warm" or len(times) >= 2, f"{label} was not fetched again")


# --- other boots --------------------------------------------------------------------


def other_boots(directory):
    """Close a cache, let the clock jump while the machine is off, open it; and once more.

    Returns:
        Rows of the step and what is left of two records' TTLs of an hour, in the boot
        after, -1 for nothing; and failures.
    """
    rows, failures = [], []
    closed_s, off_s, ttl = 60, 600, 3600
    steps = {"right": (0, None), "five minutes back": (-300, None)} | STEPS
    for number, (step, (seconds, wall)) in enumerate(steps.items()):
        place = directory / str(number)
        place.mkdir(parents=True)
        began = MOMENT.monotonic
        with SharedFile(place) as file:
            keep(file, "first.test.", began, ttl)
            file.close_cleanly(
                MOMENT._replace(wall=MOMENT.wall + closed_s, monotonic=began + closed_s)
            )
        jumped = MOMENT.wall + closed_s + off_s + seconds if wall is None else wall
        with SharedFile(place, moment=Moment(b"boot 2", jumped, 5.0)) as file:
            first = left(file, "first.test.", 5.0)
            keep(file, "second.test.", 5.0, ttl)
            file.close_cleanly(Moment(b"boot 2", jumped + closed_s, 5.0 + closed_s))
        right = MOMENT.wall + 2 * (closed_s + off_s)
        with SharedFile(place, moment=Moment(b"boot 3", right, 5.0)) as file:
            second = left(file, "second.test.", 5.0)
        rows.append((step, first, second))
        for which, found in (("first", first), ("second", second)):
            if found > ttl - closed_s:
                failures.append(f"{step}: {found:.0f} s are left of the {which} record")
    true_left = ttl - closed_s - off_s
    if rows[0][1:] != (true_left, true_left):
        failures.append(f"with a right clock {rows[0][1:]} are left of {true_left}")
    return rows, failures


def keep(file, owner, now, ttl):
    """Keep a record for all processes."""
    file.cache.records.put(positive(owner, now=now, ttl=ttl), now)
    file.cache.commit(now)


def left(file, owner, now):
    """Seconds that are left of a record, -1 for none."""
    entry = file.cache.records.find(name(owner), 1, now)
    return -1 if entry is None else round(entry.expiry - now, 3)


# --- the code -----------------------------------------------------------------------


def wall_clock_reads(directory=SHIPPED):
    """List the modules that ask Python for the wall clock."""
    found = set()
    for path in directory.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and _is_wall_clock(node):
                found.add(str(path.relative_to(directory)))
    return found


def _is_wall_clock(node):
    module = ast.unparse(node.value).rpartition(".")[2]
    return (module == "time" and node.attr in ("time", "time_ns", "ctime", "CLOCK_REALTIME")) or (
        node.attr in ("now", "today", "utcnow") and module in ("datetime", "date")
    )


def main():
    """Let everything jump; exit 1 when somebody noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2, help="how often each step is made")
    options = parser.parse_args()
    failures, answered, jumps, timers = [], 0, 0, 0
    with tempfile.TemporaryDirectory() as directory:
        for workers in (0, 2):
            steps = tuple(STEPS) * options.rounds
            found = load(Path(directory) / f"workers-{workers}", workers, steps)
            print(
                f"{workers} workers: {found.jumps} jumps, {found.answered:,} queries answered, "
                f"{found.timers} timers: at most {found.earliest:.2f} s early and {found.latest:.2f} s "
                f"late; {found.renewed} cookies renewed"
            )
            failures += [f"{workers} workers: {each}" for each in found.failures]
            answered, jumps, timers = (
                answered + found.answered,
                jumps + found.jumps,
                timers + found.timers,
            )
        rows, more = other_boots(Path(directory) / "boots")
    print(f"{'while the machine was off':26} {'left of 3,540 s':>15} {'of one kept then':>17}")
    for step, first, second in rows:
        print(f"{step:26} {_in_words(first):>15} {_in_words(second):>17}")
    failures += more
    signed = [jumps_of_validator(STEPS, seed) for seed in range(10 * options.rounds)]
    signed_jumps = sum(each.jumps for each in signed)
    counts = sum((each.counts for each in signed), Counter())
    failures += [text for each in signed for text in each.failures]
    print(f"a validator's clock: {signed_jumps} jumps, " + ", ".join(
        f"{count} {what}" for what, count in sorted(counts.items())))  # fmt: skip
    reads = wall_clock_reads()
    if reads != set(WALL_CLOCK_USES):
        failures.append(
            f"read the wall clock, or are in the table only: {reads ^ set(WALL_CLOCK_USES)}"
        )
    return verdict(
        f"{jumps + signed_jumps} jumps of the wall clock: {answered:,} queries answered, {timers} timers, no TTL above "
        f"its original, the cache survives; {len(reads)} modules read the wall clock; {machine()}",
        failures,
    )


def _in_words(seconds):
    return f"{seconds:,.0f}" if seconds >= 0 else "nothing"


if __name__ == "__main__":
    sys.exit(main())

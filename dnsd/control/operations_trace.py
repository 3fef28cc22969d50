"""How the resolver finds an answer from the root down, step by step, and who vouches for it.

Each trace runs the resolver's own procedures in a world of its own, with the
daemon's options and network and with empty caches: what is shown is the whole way,
and nothing that is learned on it is kept.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred

from dnsd.control.operations_chain import Findings
from dnsd.resolver.outcome import Outcome
from dnsd.resolver.resolver import Resolver
from dnsd.resolver.scrub import Meaning
from dnsd.wire import names, rdata
from dnsd.wire.iana import rcode_to_text, rrtype_to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dnsd.control.chain_shapes import TrustChain
    from dnsd.control.shapes import Trace, TraceStep
    from dnsd.resolver.outcome import Step
    from dnsd.resolver.scrub import Scrubbed
    from dnsd.resolver.world import World
    from dnsd.wire.rrset import RRset

# A client query sends 100 packets at most unless configured otherwise.
MAX_STEPS: Final = 200


class TraceOperations:
    """Runs traces."""

    def __init__(
        self,
        make_world: Callable[[], World],
        end_world: Callable[[World], None],
        on_fault: Callable[[Exception], None],
    ) -> None:
        """Work with what wiring has built.

        Args:
            make_world: makes a world with empty caches and a network of its own.
            end_world: told of each of them when it is needed no longer.
            on_fault: told of every exception of a procedure; each is a defect.
        """
        self._make_world = make_world
        self._end_world = end_world
        self._on_fault = on_fault

    def trace(self, name: bytes, rrtype: int) -> Deferred[Trace]:
        """Find an answer and tell every step; the time limit of queries ends it.

        Args:
            name: in canonical form.
            rrtype: a type of data, or ANY.
        """
        world = self._make_world()
        resolver = Resolver(world, self._on_fault)
        started = world.network.now()
        steps: list[Step] = []
        done: Deferred[Trace] = Deferred()

        def finish(outcome: Outcome) -> None:
            self._end_world(world)
            done.callback(_render(steps, outcome, world.network.now() - started))

        outcome = resolver.resolve(name, rrtype, finish, trace=steps.append)
        if isinstance(outcome, Outcome):
            finish(outcome)
        return done

    def chain(self, name: bytes, rrtype: int) -> Deferred[TrustChain]:
        """Find an answer and tell by which chain of trust it was validated.

        Args:
            name: in canonical form.
            rrtype: a type of data, or ANY.
        """
        world = self._make_world()
        resolver = Resolver(world, self._on_fault)
        started = world.network.now()
        findings = Findings(name, world.trust)
        done: Deferred[TrustChain] = Deferred()

        def finish(outcome: Outcome) -> None:
            self._end_world(world)
            records = _records(outcome.answer)
            done.callback(findings.chain(outcome, records, world.network.now() - started))

        outcome = resolver.resolve(name, rrtype, finish, evidence=findings.add)
        if isinstance(outcome, Outcome):
            finish(outcome)
        return done


def _render(steps: list[Step], outcome: Outcome, seconds: float) -> Trace:
    explanation = outcome.explanation
    return {
        "steps": [_step(step) for step in steps[:MAX_STEPS]],
        "omitted": max(0, len(steps) - MAX_STEPS),
        "rcode": rcode_to_text(outcome.rcode),
        "answer": list(_records(outcome.answer)),
        "error_code": None if explanation is None else explanation.code,
        "error_text": "" if explanation is None else explanation.text,
        "limits": list(outcome.limits),
        "packets": outcome.packets,
        "seconds": round(seconds, 4),
    }


def _step(step: Step) -> TraceStep:
    told: TraceStep = {
        "zone": names.to_text(step.zone),
        "server": names.to_text(step.server) if step.server else "",
        "address": str(ip_address(step.address)),
        "transport": step.transport.name.lower(),
        "name": names.to_text(step.name),
        "type": rrtype_to_text(step.type),
        "result": step.result.name.lower(),
        "seconds": round(step.seconds, 4),
        "remark": step.remark,
        "meaning": "",
        "rcode": "",
        "records": [],
        "end": "",
        "cut": "",
        "servers": [],
        "dropped": 0,
        "wants_tcp": False,
    }
    said = step.said
    if said is not None:
        told["meaning"] = said.meaning.name.lower()
        told["rcode"] = rcode_to_text(said.rcode)
        told["records"] = list(_records(said.chain))
        told["end"] = names.to_text(said.end) if said.end else ""
        told["dropped"] = said.dropped
        told["wants_tcp"] = said.wants_tcp
        if said.meaning is Meaning.REFERRAL:
            told["cut"] = names.to_text(said.cut)
            told["servers"] = list(_servers(said))
    return told


def _servers(said: Scrubbed) -> Iterator[str]:
    for name in said.servers:
        addresses = [str(ip_address(each)) for each in said.addresses.get(name, ())]
        yield " ".join([names.to_text(name), *addresses])


def _records(rrsets: Iterable[RRset]) -> Iterator[str]:
    for rrset in rrsets:
        owner = f"{names.to_text(rrset.owner)} {rrset.ttl} {rrtype_to_text(rrset.type)}"
        for octets in rrset.rdatas:
            yield f"{owner} {rdata.to_text(rrset.type, octets)}"

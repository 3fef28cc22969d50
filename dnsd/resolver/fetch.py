"""The procedure of one name and type: from the closest zone cut known down to it.

    whom to ask ─► ask the zone ─► referral ─► keep the cut, ask the child
                        │  ▲
                        │  └──── a shortened name said nothing: one label more
                        ▼
             answer · alias · denial ─► keep it

Only the zone that is asked decides: what its servers say outside of it was taken
away by ``scrub``. A referral leads strictly down and names a cut at or above the
name asked for, so that there is an end to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dnsd.resolver.asking import Asking
from dnsd.resolver.budget import PASSING
from dnsd.resolver.cache.contract import Kind, Security
from dnsd.resolver.commands import Ask
from dnsd.resolver.keep import keep_chain, keep_denial
from dnsd.resolver.minimisation import MINIMISED_TYPE, Minimiser
from dnsd.resolver.outcome import BOGUS_CODES, Explanation, Failed, ended, why_bogus
from dnsd.resolver.referral import delegation_of
from dnsd.resolver.scrub import Meaning
from dnsd.resolver.security.chain import UndecidedError
from dnsd.resolver.security.judgement import Judge
from dnsd.resolver.told import Told
from dnsd.wire.iana import ExtendedError, RRType
from dnsd.wire.names import ROOT, parent

if TYPE_CHECKING:
    from collections.abc import Generator

    from dnsd.resolver.budget import Budget
    from dnsd.resolver.cache.contract import Entry
    from dnsd.resolver.delegation import Delegation
    from dnsd.resolver.world import World

_DS = int(RRType.DS)
_NS = int(RRType.NS)

_TOO_MANY_REFERRALS = ended(
    Explanation(int(ExtendedError.OTHER), "too many referrals one after the other"), "referrals"
)
_NOTHING_USABLE = Failed(
    Explanation(int(ExtendedError.INVALID_DATA), "no server said anything that can be believed")
)


def fetch(world: World, question: Ask, budget: Budget) -> Generator[Any, Any, Entry | Failed]:
    """Find what one name has of one type.

    Returns:
        Data, an alias, or a denial, each kept already; or why there is none.
    """
    return remembering(world, question, _Fetch(world, question, budget).run())


def remembering(
    world: World, question: Ask, procedure: Generator[Any, Any, Entry | Failed]
) -> Generator[Any, Any, Entry | Failed]:
    """Run a procedure unless its question failed lately, and remember how it ends.

    Args:
        world: where it is remembered.
        question: name and type.
        procedure: finds its answer; not begun yet.

    Source: RFC 9520.
    """
    started = world.network.now()
    known = world.failures.find(question.name, question.type, started)
    if known is not None:
        return Failed(known, is_bogus=known.code in BOGUS_CODES)
    try:
        found = yield from procedure
    except UndecidedError as undecided:
        found = undecided.failed
    if not isinstance(found, Failed):
        world.failures.forget(question.name, question.type)
    elif found.limit not in PASSING:
        _note_failure(world, question, found, started)
    return found


def _note_failure(world: World, question: Ask, failed: Failed, started: float) -> None:
    """Remember that a question failed, so that it is not asked again at once.

    Args:
        world: where it is remembered.
        question: name and type.
        failed: why.
        started: monotonic seconds when asking began; if nobody answered anything
            since then, it may be our own network that fails.
    """
    limits, now = world.options.limits, world.network.now()
    name, rrtype = question.name, question.type
    old = world.records.find_stale(name, rrtype, now, limits.stale_age_s)
    world.failures.failed(
        (name, rrtype),
        now,
        failed.explanation,
        grows=world.servers.answered_at >= started,
        least_s=limits.stale_recheck_s if old is not None else 0.0,
    )


class _Fetch:
    """One name and type, and the way to it."""

    __slots__ = ("_budget", "_denied", "_minimiser", "_question", "_world")

    def __init__(self, world: World, question: Ask, budget: Budget) -> None:
        self._world = world
        self._question = question
        self._budget = budget
        self._minimiser = Minimiser(question.name, question.type, world.options)
        # The denial of a shortened name that is not believed yet, and the name.
        self._denied: tuple[Told, bytes] | None = None

    def run(self) -> Generator[Any, Any, Entry | Failed]:
        """Go down from cut to cut, as a procedure."""
        world = self._world
        cut = yield from self._start()
        for _ in range(world.options.limits.referrals):
            told = yield from self._ask_zone(cut)
            if not isinstance(told, Told):
                return told
            if told.said.meaning is not Meaning.REFERRAL:
                yield from self._judge(told, self._question, cut)
                if told.judged is not None and told.judged.is_bogus:
                    told = yield from self._another(told, cut)
                return self._not_without_proof(told) or self._remembered(self._keep(told, cut))
            child = delegation_of(
                told.said, self._now, told.server, world.options, hit=self._budget.hit
            )
            # A zone below one that was revoked ends with it (CVE-2022-30699).
            child.expiry = min(child.expiry, cut.expiry)
            cut = child
            self._denied = None  # there is something below the name
            world.delegations.put(cut, self._now)
        self._budget.hit("referrals")
        return _TOO_MANY_REFERRALS

    def _start(self) -> Generator[Any, Any, Delegation]:
        """Find the deepest cut known; ask the root for its servers before all else."""
        world, name = self._world, self._question.name
        # The DS RRset of a zone stands at its parent (RFC 4035 §3.1.4.1).
        if self._question.type == _DS and name != ROOT:
            name = parent(name)
        cut = world.whom_to_ask(name, world.network.now())
        if cut is world.hints and world.options.priming:
            yield Ask(ROOT, _NS)
            cut = world.whom_to_ask(name, world.network.now())
        return cut

    def _ask_zone(self, cut: Delegation) -> Generator[Any, Any, Told | Entry | Failed]:
        """Ask the servers of one zone, with few labels first (RFC 9156 §2.3)."""
        question, minimiser = self._question, self._minimiser
        asking = Asking(self._world, cut, self._budget)
        while not cut.forward:
            name, rrtype = minimiser.next(cut)
            if name == question.name:
                break
            if self._world.failures.is_misleading(name, self._now):
                minimiser.denied()
                continue
            entry = self._world.records.find(name, rrtype, self._now, below=cut.zone)
            if entry is None:
                ask = Ask(name, rrtype, question.depth)
                told = yield from asking.ask(ask)
                if isinstance(told, Failed):
                    if told.limit in PASSING or not minimiser.failed():
                        return told
                    continue
                if told.said.meaning is Meaning.REFERRAL:
                    return told
                yield from self._judge(told, ask, cut)
                entry = self._keep_shortened(told, name, cut)
            if entry is not None and entry.kind is Kind.NXDOMAIN:
                if minimiser.is_final_denial():
                    return entry
                minimiser.denied()
        return (yield from asking.ask(question))

    def _another(self, told: Told, cut: Delegation) -> Generator[Any, Any, Told]:
        """Ask another server once whether it, too, says what is bogus.

        One of a zone's servers may have kept signatures until they expired, or be forged.
        """
        asking = Asking(self._world, cut, self._budget)
        other = yield from asking.ask(self._question, but=told.server)
        if isinstance(other, Failed) or other.said.meaning is Meaning.REFERRAL:
            return told
        yield from self._judge(other, self._question, cut)
        return other

    def _judge(self, told: Told, ask: Ask, cut: Delegation) -> Generator[Any, Any, None]:
        """Find out what a reply to a question is worth, where anything is validated."""
        if self._world.trust is None:
            return
        judge = Judge(self._world, self._budget, cut.zone, ask.depth)
        told.judged = yield from judge.reply(told.said, ask.type)

    def _not_without_proof(self, told: Told) -> Failed | None:
        """Fail where a denial is bogus and has nothing by which it could be kept."""
        judged, said = told.judged, told.said
        if judged is None or judged.denial is not Security.BOGUS or said.proof or said.chain:
            return None
        return Failed(judged.explanation or _NOTHING_USABLE.explanation, is_bogus=True)

    def _remembered(self, kept: Entry | Failed) -> Entry | Failed:
        """Fail where what is bogus is too large to be kept.

        A failure is remembered: not every client makes us validate it again.
        """
        if isinstance(kept, Failed) or kept.security is not Security.BOGUS:
            return kept
        if self._world.records.find(kept.name, kept.type, self._now) is not None:
            return kept
        return Failed(why_bogus(kept), is_bogus=True)

    @property
    def _now(self) -> float:
        return self._world.network.now()

    def _keep_shortened(self, told: Told, name: bytes, cut: Delegation) -> Entry | None:
        """Keep what was said of a shortened name; its denial, if that is final."""
        said = told.said
        if told.judged is not None and told.judged.is_bogus:
            # The whole name may be another matter.
            self._world.failures.misled(name, self._now)
            self._minimiser.denied()
        elif said.chain:
            keep_chain(self._world, told, cut.zone, self._budget)
        elif said.meaning is Meaning.NXDOMAIN:
            if self._minimiser.is_final_denial():
                return keep_denial(self._world, told, name, MINIMISED_TYPE, self._budget)
            # Kept now, it would deny the names beside this one too (RFC 8020).
            self._denied = told, name
            self._minimiser.denied()
        elif said.meaning is Meaning.NODATA:
            keep_denial(self._world, told, name, MINIMISED_TYPE, self._budget)
        return None

    def _keep(self, told: Told, cut: Delegation) -> Entry | Failed:
        """Keep the end of the way, and say what the question's own name has."""
        world, question, said = self._world, self._question, told.said
        first: Entry | None = None
        if said.chain:
            first = keep_chain(world, told, cut.zone, self._budget)
        if said.meaning not in (Meaning.NXDOMAIN, Meaning.NODATA):
            return first or _NOTHING_USABLE
        denied = keep_denial(world, told, said.end, question.type, self._budget)
        if said.meaning is Meaning.NXDOMAIN and self._denied is not None and not said.chain:
            keep_denial(world, *self._denied, MINIMISED_TYPE, self._budget)
        return first or denied

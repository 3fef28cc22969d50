"""A resolver of mail whose world is a few lines of text."""

from dnsd.mail.lookup import Answer, FailureKind, LookupFailed
from dnsd.wire import names, rdata
from dnsd.wire.iana import RRType

TTL = 300


def finished(coroutine):
    """Run a coroutine that waits for nothing but fakes, and return its value."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("the coroutine waits for something")


class FakeResolver:
    """Answers from records in presentation form, one a line: ``NAME TYPE RDATA``.

    Args:
        records: those lines.
        secure: names of zones, each with all below, whose records are validated.
        insecure: names that are not although they are in one of these.
        failing: ``NAME`` or ``NAME TYPE`` that no server answers for.
        bogus: likewise with bad signatures.

    Attributes:
        asked: ``NAME TYPE`` in order.
    """

    def __init__(self, records="", *, secure=(), insecure=(), failing=(), bogus=()):
        self.records = {}
        for line in records.splitlines():
            if line.strip():
                owner, rtype, text = line.split(None, 2)
                kind = RRType[rtype]
                self.records.setdefault((names.from_text(owner), kind), []).append(
                    rdata.from_text(kind, text, names.ROOT)
                )
        self.secure = [names.from_text(name) for name in secure]
        self.insecure = {names.from_text(name) for name in insecure}
        self.failing = set(failing)
        self.bogus = set(bogus)
        self.asked = []

    async def look_up(self, name, rtype, /):
        self.asked.append(f"{names.to_text(name)} {RRType(rtype).name}")
        secure, at = True, name
        for _ in range(8):
            self._fail(at, rtype)
            secure = secure and self._is_secure(at)
            alias = self.records.get((at, RRType.CNAME))
            if alias is None or rtype == RRType.CNAME:
                break
            at = alias[0].lower()
        found = tuple(self.records.get((at, rtype), ()))
        exists = any(names.is_subdomain(owner, at) for owner, _ in self.records)
        return Answer(name, int(rtype), found, at, secure, TTL, exists)

    def _is_secure(self, name):
        return name not in self.insecure and any(
            names.is_subdomain(name, zone) for zone in self.secure
        )

    def _fail(self, name, rtype):
        text = names.to_text(name)
        asked = {text, f"{text} {RRType(rtype).name}"}
        if asked & self.failing:
            raise LookupFailed(FailureKind.TEMPORARY, f"{text} no server answers (EDE 22)")
        if asked & self.bogus:
            raise LookupFailed(FailureKind.BOGUS, f"{text} RRSIG expired (EDE 7)")

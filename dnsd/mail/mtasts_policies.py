"""The MTA-STS policy of a domain that counts now: looked up, fetched, or remembered.

Source: RFC 8461 §3.3, §5.1. The record's id tells that a policy changed. While a kept
policy lasts it counts also when the record is gone, cannot be found out, or the new
policy cannot be fetched. After a failure five minutes pass before the next try (§3.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from dnsd.mail.lookup import LookupFailed, domain_name, texts
from dnsd.mail.mtasts import Policy, PolicyError, parse, record_id
from dnsd.wire import names
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.mail.lookup import Resolver
    from dnsd.mail.mtasts_cache import PolicyCache

RETRY_S: Final = 300
_MAX_FAILURES: Final = 10_000


class FetchFailed(Exception):  # noqa: N818 - what happened, not a fault of ours
    """The policy could not be fetched; the text says why."""


class Fetch(Protocol):
    """Fetches ``https://mta-sts.DOMAIN/.well-known/mta-sts.txt`` (RFC 8461 §3.3)."""

    async def __call__(self, domain: str, /) -> bytes:
        """Return the body of the response.

        Raises:
            FetchFailed: there is none that may be believed.
        """


class Policies:
    """Implements ``plan.PolicySource``."""

    def __init__(
        self,
        cache: PolicyCache,
        resolver: Resolver,
        fetch: Fetch,
        wall_now: Callable[[], int],
    ) -> None:
        self._cache = cache
        self._resolver = resolver
        self._fetch = fetch
        self._wall_now = wall_now
        self._not_before: dict[str, int] = {}

    async def policy(self, domain: str, /) -> Policy | None:
        """Return the policy that counts now; None without one."""
        kept = self._cache.get(domain, self._wall_now())
        found = await self._record(domain)
        if found is not None and (kept is None or found != kept.record_id):
            policy = await self._fetched(domain, found)
            if policy is not None:
                return policy
        return kept.policy if kept is not None else None

    async def _record(self, domain: str) -> str | None:
        try:
            name = names.from_labels([b"_mta-sts"], domain_name(domain))
            answer = await self._resolver.look_up(name, RRType.TXT)
        except (LookupFailed, FormError):
            return None
        return record_id(texts(answer))

    async def _fetched(self, domain: str, found: str) -> Policy | None:
        now = self._wall_now()
        if self._not_before.get(domain, 0) > now:
            return None
        try:
            policy = parse(await self._fetch(domain))
        except (FetchFailed, PolicyError):
            if len(self._not_before) >= _MAX_FAILURES:
                self._not_before = {d: t for d, t in self._not_before.items() if t > now}
                if len(self._not_before) >= _MAX_FAILURES:
                    self._not_before.clear()
            self._not_before[domain] = now + RETRY_S
            return None
        self._not_before.pop(domain, None)
        self._cache.put(domain, found, policy, now)
        return policy

"""Where mail for a domain goes: hosts in order, and what each must prove.

All that is known comes from the resolver that is given, with how sure it is. Decisions
where servers differ:

- An MX record that leads to an alias is followed, as Postfix does, although RFC 5321
  §5.1 forbids such records.
- Hosts that cannot be found out are left out while others are there; when none are left
  the mail waits. "No such host" of all of them is for ever.
- A host that is ourselves takes all with an equal or higher preference with it (RFC 5321
  §5.1); when none are left, that is a loop.
- Of many MX records ten are looked at, in order, and five addresses used.

DANE: RFC 7672 §2. The MX answer (or the proof that there is none), the address and the
TLSA records must all be secure; a failed look-up of TLSA takes the host out of the plan
(§2.1.2); records of which none can be used still ask for encryption (§2.2). A host with
TLSA records is not judged by MTA-STS (RFC 8461 §2).
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.mail import dane, mtasts
from dnsd.mail.lookup import (
    Answer,
    FailureKind,
    LookupFailed,
    addresses,
    domain_name,
    domain_text,
    exchanges,
)
from dnsd.mail.plan import Host, Plan, PlanFailure, PlanOptions, PolicySource
from dnsd.mail.reasons import ReasonClass
from dnsd.mail.tls_policy import TlsKind, TlsPolicy
from dnsd.wire import names
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.mail.lookup import Resolver

MAX_ADDRESSES: Final = 5
MAX_HOSTS: Final = 10

_OPPORTUNISTIC: Final = TlsKind.OPPORTUNISTIC


class _Exchange(NamedTuple):
    """A host before its addresses are known.

    Attributes:
        preference: of its MX record.
        name: wire form.
        secure: the record that names it was validated.
    """

    preference: int
    name: bytes
    secure: bool


async def plan(
    domain: str,
    options: PlanOptions,
    resolver: Resolver,
    entropy: Callable[[int], bytes],
    sts: PolicySource | None = None,
) -> Plan | PlanFailure:
    """Find the hosts that take mail for a domain.

    Args:
        domain: as in ``Mailbox.domain``: a name, or an address literal.
        options: what to go by.
        resolver: finds answers.
        entropy: gives as many octets as it is asked for; orders equal hosts.
        sts: knows MTA-STS policies; None if they are not followed.
    """
    planning = _Planning(domain, options, resolver, entropy)
    route = options.routes.get(domain) or options.smart_host
    if route is not None:
        return await planning.by_route(*route)
    if domain.startswith("["):
        return planning.by_literal(domain, options.port, "literal")
    try:
        return await planning.by_mx(sts)
    except FormError as error:
        return PlanFailure(ReasonClass.DNS_NXDOMAIN, "5.1.2", f"{domain}: {error}")


def failure_of(failed: LookupFailed) -> PlanFailure:
    """Return what a failed look-up means for delivery: later, whatever the kind."""
    if failed.kind is FailureKind.BOGUS:
        return PlanFailure(ReasonClass.DNS_BOGUS, "4.7.0", failed.text)
    return PlanFailure(ReasonClass.DNS_TEMPORARY, "4.4.3", failed.text)


class _Planning:
    """One plan while it is made."""

    def __init__(
        self,
        domain: str,
        options: PlanOptions,
        resolver: Resolver,
        entropy: Callable[[int], bytes],
    ) -> None:
        self._domain = domain
        self._options = options
        self._resolver = resolver
        self._entropy = entropy
        self._port = options.port
        self._notes: list[str] = []
        self._failed: LookupFailed | None = None
        self._policy: mtasts.Policy | None = None
        self._unfit = False  # a host is left out by the policy
        self._names = [domain]  # that may stand in a certificate for DANE

    # --- ways to a host -----------------------------------------------------------------

    def by_literal(self, literal: str, port: int, found_by: str) -> Plan | PlanFailure:
        """Return the plan for an address literal, ``[192.0.2.1]`` or ``[IPv6:…]``."""
        address = literal[1:-1].removeprefix("IPv6:")
        if self._is_own(address) and found_by == "literal":
            text = f"{literal} is this host, which does not take mail for it"
            return PlanFailure(ReasonClass.LOOP, "5.4.6", text)
        tls = TlsPolicy(_OPPORTUNISTIC)
        return Plan((Host(literal, 0, (address,), port, False, tls),), found_by)  # noqa: FBT003

    async def by_route(self, name: str, port: int) -> Plan | PlanFailure:
        """Return the plan for a smart host, whose MX records do not count."""
        self._port = port
        if name.startswith("["):
            return self.by_literal(name, port, "smart host")
        self._names = []
        host = await self._host(_Exchange(0, domain_name(name), True))  # noqa: FBT003
        return Plan((host,), "smart host") if host is not None else self._nothing()

    async def by_mx(self, sts: PolicySource | None) -> Plan | PlanFailure:
        """Return the plan that the MX records make (RFC 5321 §5.1)."""
        try:
            answer = await self._resolver.look_up(domain_name(self._domain), RRType.MX)
        except LookupFailed as failed:
            return failure_of(failed)
        found = self._exchanges(answer)
        if isinstance(found, PlanFailure):
            return found
        if answer.secure and answer.canonical != answer.name:
            self._names.append(domain_text(answer.canonical))
        if sts is not None:
            self._policy = await sts.policy(self._domain)
        hosts: list[Host] = []
        for exchange in found[:MAX_HOSTS]:
            host = await self._host(exchange)
            if host is None:
                continue
            if self._leads_here(host):
                return self._before(host, hosts, answer)
            room = MAX_ADDRESSES - sum(len(each.addresses) for each in hosts)
            if room > 0:
                hosts.append(host._replace(addresses=host.addresses[:room]))
            # An equal one may still be ourselves.
            elif host.preference > hosts[-1].preference:
                break
        return self._done(hosts, answer) if hosts else self._nothing()

    def _exchanges(self, answer: Answer) -> list[_Exchange] | PlanFailure:
        """Return the hosts that MX records name, in the order in which to try them."""
        domain = self._domain
        if not answer.exists:
            return PlanFailure(ReasonClass.DNS_NXDOMAIN, "5.1.2", f"there is no domain {domain}")
        records = exchanges(answer)
        if not records:
            return [_Exchange(0, answer.canonical, answer.secure)]
        named = [(preference, name) for preference, name in records if name != names.ROOT]
        if not named:
            # RFC 7505 §3.
            return PlanFailure(ReasonClass.NULL_MX, "5.1.10", f"{domain} takes no mail (null MX)")
        named.sort(key=lambda record: (record[0], self._entropy(8)))
        if len(named) > MAX_HOSTS:
            self._notes.append(f"{len(named) - MAX_HOSTS} of {len(named)} MX records left out")
        return [_Exchange(preference, name, answer.secure) for preference, name in named]

    def _before(self, own: Host, hosts: list[Host], answer: Answer) -> Plan | PlanFailure:
        """Return the plan for the hosts that are preferred to this one."""
        self._notes.append(f"{own.name} is this host")
        # What was found before it may have the same preference.
        hosts = [each for each in hosts if each.preference < own.preference]
        if hosts:
            return self._done(hosts, answer)
        # A better one that could not be found out today may take it tomorrow.
        return self._nothing() if self._failed or self._unfit else self._loop(own)

    def _done(self, hosts: list[Host], answer: Answer) -> Plan:
        return Plan(tuple(hosts), "MX" if answer.rdatas else "address", tuple(self._notes))

    def _nothing(self) -> PlanFailure:
        """Say why no host is left."""
        if self._failed is not None:
            return failure_of(self._failed)
        text = "; ".join(self._notes) or f"{self._domain} has no host"
        if self._unfit:
            return PlanFailure(ReasonClass.POLICY, "4.7.5", text)
        return PlanFailure(ReasonClass.DNS_NXDOMAIN, "5.4.4", text)

    # --- one host -------------------------------------------------------------------------

    async def _host(self, exchange: _Exchange) -> Host | None:
        """Return a host with its addresses; None, with a note, if it is of no use."""
        name = domain_text(exchange.name)
        found: list[Answer] = []
        for rtype in (RRType.AAAA, RRType.A):
            try:
                found.append(await self._resolver.look_up(exchange.name, rtype))
            except LookupFailed as failed:
                self._leave_out(name, failed)
        families = [self._shuffled(addresses(answer)) for answer in found]
        texts = _alternating(families)
        if not texts:
            if found:
                self._notes.append(f"{name} has no address")
            return None
        secure = all(answer.secure for answer in found if answer.rdatas)
        host = Host(name, exchange.preference, texts, self._port, secure, TlsPolicy(_OPPORTUNISTIC))
        if self._leads_here(host):
            return host
        try:
            tls = await self._dane(exchange, found, secure=secure)
        except LookupFailed as failed:
            self._leave_out(name, failed)
            return None
        if tls is None:
            tls = self._sts(name)
        return None if tls is None else host._replace(tls=tls)

    def _leave_out(self, name: str, failed: LookupFailed) -> None:
        self._failed = failed
        self._notes.append(f"{name} is left out: {failed.text}")

    def _shuffled(self, texts: list[str]) -> list[str]:
        return sorted(texts, key=lambda _: self._entropy(8))

    def _leads_here(self, host: Host) -> bool:
        own = self._options.own_names
        return host.name in own or any(self._is_own(address) for address in host.addresses)

    def _is_own(self, text: str) -> bool:
        if text in self._options.own_addresses:
            return True
        address = ip_address(text)
        inner = getattr(address, "ipv4_mapped", None) or address
        if inner.is_unspecified or str(inner) in self._options.own_addresses:
            return True
        return bool(inner.is_loopback) and self._options.loopback_is_own

    def _loop(self, host: Host) -> PlanFailure:
        text = f"mail for {self._domain} leads back here: {host.name} is this host"
        return PlanFailure(ReasonClass.LOOP, "5.4.6", text)

    # --- what it must prove ------------------------------------------------------------------

    async def _dane(
        self, exchange: _Exchange, found: list[Answer], *, secure: bool
    ) -> TlsPolicy | None:
        """Return the policy that TLSA records make; None if DANE does not apply."""
        if not (self._options.dane and exchange.secure):
            return None
        canonical = next(answer.canonical for answer in found if answer.rdatas)
        if secure:
            # RFC 7672 §2.2.2: the end of aliases first, then the name itself.
            at = [canonical] if canonical == exchange.name else [canonical, exchange.name]
        elif canonical != exchange.name:
            alias = await self._resolver.look_up(exchange.name, RRType.CNAME)
            at = [exchange.name] if alias.secure and alias.rdatas else []
        else:
            at = []
        for name in at:
            asked = names.from_labels([b"_%d" % self._port, b"_tcp"], name)
            answer = await self._resolver.look_up(asked, RRType.TLSA)
            if answer.secure and answer.rdatas:
                return self._by_tlsa(name, answer)
        return None

    def _by_tlsa(self, name: bytes, answer: Answer) -> TlsPolicy:
        host = domain_text(name)
        records = dane.usable(answer.rdatas)
        origin = f"TLSA at {names.to_text(answer.name)}"
        kind = TlsKind.DANE if records else TlsKind.ENCRYPTED
        return TlsPolicy(kind, host, tuple(dict.fromkeys((host, *self._names))), records, origin)

    def _sts(self, name: str) -> TlsPolicy | None:
        """Return the policy of a host without TLSA records; None if it may have no mail."""
        policy = self._policy
        if policy is None or policy.mode is mtasts.Mode.NONE:
            return TlsPolicy(_OPPORTUNISTIC, name)
        origin = f"MTA-STS policy of {self._domain} ({policy.mode.value})"
        enforced = policy.mode is mtasts.Mode.ENFORCE
        if not policy.admits(name):
            self._notes.append(f"{name} is not in the {origin}")
            self._unfit = self._unfit or enforced
            return None if enforced else TlsPolicy(_OPPORTUNISTIC, name, origin=origin)
        kind = TlsKind.STS if enforced else TlsKind.STS_TESTING
        return TlsPolicy(kind, name, (name,), (), origin)


def _alternating(families: list[list[str]]) -> tuple[str, ...]:
    """Return addresses of both families in turn: one that does not work costs one try."""
    longest = max((len(family) for family in families), default=0)
    return tuple(family[i] for i in range(longest) for family in families if i < len(family))

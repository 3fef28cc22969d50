"""A plan of delivery made in this process, with a resolver that knows nothing yet.

Zones of ours are read from the store that the daemon compiled, as the daemon would.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from dnsd.authority.answer import answer, leads_away
from dnsd.authority.store import StoreError
from dnsd.authority.zones import Zones
from dnsd.mail.delivery_trace import trace
from dnsd.net.mail_lookup import MailLookup
from dnsd.observe import metrics
from dnsd.observe.log import EventLog
from dnsd.resolver.outcome import Outcome
from dnsd.resolver.resolver import Resolver
from dnsd.run import reactors, wiring, wiring_mail
from dnsd.run.wiring_resolver import fresh_world, network

if TYPE_CHECKING:
    from dnsd.config.schema import Config
    from dnsd.mail.delivery_trace import Trace
    from dnsd.resolver.follow import Local


def trace_here(config: Config, domain: str) -> Trace:
    """Make the plan for a domain; once in a process, for there is one reactor."""
    page = metrics.new_page(rows=1)
    log = EventLog(sys.stderr.fileno())
    around = reactors.begin(log, page.row(0))
    upstream = network(config, around)
    world = fresh_world(config, upstream, around.clock.wall_now)
    lookup = MailLookup(Resolver(world, lambda error: log.fault("resolver", error)), _here(config))
    found: list[Trace] = []

    async def find() -> None:
        options = wiring_mail.plan_options(config.mail)
        try:
            found.append(await trace(domain, options, lookup, os.urandom))
        except Exception as error:  # noqa: BLE001 - the last place where a fault can be told
            log.fault("trace", error)
        upstream.stop()
        around.reactor.stop()

    def begin() -> None:
        Deferred.fromCoroutine(find())

    around.reactor.callWhenRunning(begin)
    reactors.run(around, {})
    if not found:
        raise SystemExit(1)  # the fault has been printed
    return found[0]


def _here(config: Config) -> Local:
    """Return what answers from zones of ours; nothing where none is compiled."""
    try:
        zones = Zones(wiring.open_zones(config))
    except StoreError:
        return lambda _name, _rrtype: None

    def here(name: bytes, rrtype: int) -> Outcome | None:
        found = answer(zones, name, rrtype, every_type=False)
        if found is None or leads_away(found):
            return None
        return Outcome(found.rcode, found.answer, found.authority)

    return here

"""Which counters exchanges with name servers add to."""

from __future__ import annotations

from typing import Final

from dnsd.observe import metrics
from dnsd.resolver.commands import Result, Transport

# By transport, then by result.
RESULTS: Final = tuple(
    tuple(metrics.EXCHANGES.slot(transport.name.lower(), result.name.lower()) for result in Result)
    for transport in Transport
)
LATENCY: Final = tuple(
    metrics.EXCHANGE_LATENCY.buckets(transport.name.lower()) for transport in Transport
)
NEAR_MISSES: Final = metrics.NEAR_MISSES.slot()
NOT_THE_REPLY: Final = metrics.DISCARDED_DATAGRAMS.slot("not_the_reply")
LETTER_CASE: Final = metrics.DISCARDED_DATAGRAMS.slot("letter_case")
OTHER_SENDER: Final = metrics.DISCARDED_DATAGRAMS.slot("other_sender")
CONNECTIONS: Final = metrics.SERVER_CONNECTIONS.slot()
FULL_TURNS: Final = metrics.limit_slot("datagrams_per_turn")
OUTGOING_SOCKETS: Final = metrics.limit_slot("outgoing_sockets")
OUTGOING_TCP: Final = metrics.limit_slot("outgoing_tcp")

"""What listens over TCP, built from configuration: DNS, and DNS in TLS and HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dnsd.net.connections import ConnectionOptions, Connections
from dnsd.net.doh import DohServer, doh
from dnsd.net.doh_message import DohOptions
from dnsd.net.framed_tcp import DOT, TCP
from dnsd.net.tls_stream import TlsFactory, TlsOptions
from dnsd.query.acl import Networks
from dnsd.query.stream import StreamOptions

if TYPE_CHECKING:
    from dnsd.config.schema import Config
    from dnsd.net.clock import Clock
    from dnsd.net.connections import Kind, Responder
    from dnsd.run.inheritance import Inheritance


def clients(config: Config) -> int:
    """Return how many connections one process may have, of all transports."""
    limits = config.limits
    of_each = {
        "tcp": limits.tcp_clients,
        "dot": limits.tcp_clients,
        "doh": limits.doh_clients,
        "doh-http": limits.doh_clients,
    }
    return sum(number for transport, number in of_each.items() if transport in _served(config))


def streams(
    inheritance: Inheritance, responder: Responder, clock: Clock
) -> dict[str, Connections | TlsFactory]:
    """Build the factory of each transport that is listened on.

    Args:
        inheritance: the common ground.
        responder: answers queries.
        clock: of the process.
    """
    served = _served(inheritance.config)
    made: dict[str, Connections | TlsFactory] = {}

    def connections(kind: Kind, options: ConnectionOptions) -> Connections:
        return Connections(kind, options, clock, responder)

    if "tcp" in served:
        made["tcp"] = connections(TCP, _dns(inheritance))
    if "doh-http" in served:
        options = _http(inheritance)
        # Behind a proxy all clients have one address.
        made["doh-http"] = connections(
            doh(_server(inheritance)), replace(options, clients_per_net=options.clients)
        )
    contexts = inheritance.tls
    if contexts is not None:
        limits = inheritance.config.limits
        tls = TlsOptions(limits.tls_handshake_s, limits.tls_handshakes)
        if "dot" in served:
            inside = connections(DOT, _with_handshake(_dns(inheritance), tls))
            made["dot"] = TlsFactory(contexts.dot, inside, tls)
        if "doh" in served:
            options = _with_handshake(_http(inheritance), tls)
            inside = connections(doh(_server(inheritance)), options)
            made["doh"] = TlsFactory(contexts.https, inside, tls)
    return made


def _served(config: Config) -> set[str]:
    return {transport for listener in config.listen for transport in listener.transports}


def _server(inheritance: Inheritance) -> DohServer:
    config = inheritance.config
    limits = config.limits
    options = DohOptions(
        path=config.https.path.encode("ascii"),
        body_octets=limits.doh_body_octets,
        headers_octets=limits.doh_headers_octets,
        streams=limits.doh_streams,
        resets_per_second=limits.doh_resets,
    )
    return DohServer(options, Networks.from_text(config.https.proxies))


def _dns(inheritance: Inheritance) -> ConnectionOptions:
    limits = inheritance.config.limits
    return _options(inheritance, limits.tcp_clients)


def _http(inheritance: Inheritance) -> ConnectionOptions:
    return _options(inheritance, inheritance.config.limits.doh_clients)


def _options(inheritance: Inheritance, wanted: int) -> ConnectionOptions:
    """Return the limits of connections of one kind, no more than descriptors allow."""
    limits, room = inheritance.config.limits, inheritance.tcp_room
    number = min(wanted, max(1, wanted * room // clients(inheritance.config)))
    return ConnectionOptions(
        clients=number,
        clients_per_net=min(limits.tcp_clients_per_net, number),
        stream=StreamOptions(
            first_message_s=limits.tcp_first_message_s,
            message_s=limits.tcp_whole_message_s,
            idle_s=limits.tcp_idle_s,
            idle_busy_s=limits.tcp_idle_busy_s,
            idle_full_s=limits.tcp_idle_full_s,
            in_flight=limits.tcp_in_flight,
            unsent_octets=limits.tcp_unsent_octets,
            stall_s=limits.tcp_unsent_time_s,
        ),
    )


def _with_handshake(options: ConnectionOptions, tls: TlsOptions) -> ConnectionOptions:
    """Give a first message the time of the handshake that comes before it."""
    stream = options.stream
    first_message_s = stream.first_message_s + tls.handshake_s
    return replace(options, stream=replace(stream, first_message_s=first_message_s))

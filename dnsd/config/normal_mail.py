"""The mail part of the configuration, from as written to as it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.config import normal_tls, schema, schema_mail
from dnsd.config.written_mail import PROTOCOLS
from dnsd.source.problems import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dnsd.config.machine import Machine
    from dnsd.config.written_mail import (
        WrittenDelivery,
        WrittenMail,
        WrittenMailLimits,
        WrittenMailListener,
    )
    from dnsd.source.problems import Where

# Of each protocol: its port (RFC 5321 §2.3.4, RFC 6409 §3.1, RFC 8314 §3.3), and what
# stands in for it where low ports are not to be had.
_PORTS: Final = {"smtp": (25, 2525), "submission": (587, 5870), "submissions": (465, 4650)}


def mail(written: WrittenMail, state_directory: Path, machine: Machine) -> schema_mail.Mail:
    """Decide everything that ``mail:`` may leave open."""
    return schema_mail.Mail(
        enabled=written.enabled,
        hostname=written.hostname or machine.hostname,
        listen=_listeners(written.listen, machine),
        tls=schema.Tls(written.tls.certificate, written.tls.key),
        domains=tuple(dict.fromkeys(written.domains)),
        plaintext_login=tuple(written.plaintext_login),
        relay=schema_mail.Relay(tuple(written.relay.networks), tuple(written.relay.to)),
        aliases=written.aliases,
        maildir=state_directory / written.maildir,
        queue=state_directory / "queue",
        delivery=_delivery(written.delivery),
        limits=_limits(written.limits),
    )


def check(
    mail: schema_mail.Mail, where: Callable[..., Where], *, resolver_enabled: bool
) -> Iterator[Problem]:
    """Find what is wrong or unwise with values that are each right alone.

    Args:
        mail: the normalized form.
        where: finds the place of keys and indices below ``mail``.
        resolver_enabled: whether names are looked up.
    """
    seen: dict[tuple[str, int], int] = {}
    for index, listener in enumerate(mail.listen):
        first = seen.setdefault((listener.address, listener.port), index)
        if first != index:
            yield Problem(
                where("listen", index),
                "duplicate-listener",
                f"mail.listen[{index}] is {listener.address} port {listener.port} again,"
                f" first in line {where('listen', first).line}",
            )
    yield from normal_tls.check(mail.tls, "mail.tls", where("tls"))
    if mail.enabled and "." not in mail.hostname:
        yield Problem(
            where("hostname"),
            "host-without-domain",
            f"this machine calls itself {mail.hostname}, which other mail servers cannot look up",
            "the name that its address has in the DNS",
            "hostname: mx1.example.test",
            Severity.WARNING,
        )
    if mail.enabled and not resolver_enabled:
        yield Problem(
            where("enabled"),
            "mail-without-resolver",
            "mail is on, but the resolver that finds other mail servers is off",
            "both, or neither",
            "resolver: {enabled: on}; resolver.allow says who else may use it",
        )
    if "any" in mail.relay.networks and mail.enabled:
        yield Problem(
            where("relay", "networks"),
            "open-relay",
            "mail.relay.networks is any, which lets the whole world send through this host",
            "networks of yours",
            "networks: [loopback, private]",
        )


def _listeners(
    written: list[WrittenMailListener] | None, machine: Machine
) -> tuple[schema_mail.MailListener, ...]:
    if written is None:
        return tuple(
            schema_mail.MailListener("127.0.0.1", _port(protocol, machine), protocol)
            for protocol in PROTOCOLS
        )
    return tuple(
        schema_mail.MailListener(
            each.address, each.port or _port(each.protocol, machine), each.protocol
        )
        for each in written
    )


def _port(protocol: str, machine: Machine) -> int:
    usual, instead = _PORTS[protocol]
    return usual if machine.low_ports else instead


def _delivery(written: WrittenDelivery) -> schema_mail.Delivery:
    return schema_mail.Delivery(
        port=written.port,
        smart_host=written.smart_host,
        routes={each.domain: each.host for each in written.routes or ()},
        first_retry_s=written.first_retry,
        max_retry_s=max(written.first_retry, written.max_retry),
        lifetime_s=max(written.first_retry, written.lifetime),
        delayed_warning_s=written.delayed_warning,
        connect_timeout_s=written.connect_timeout,
        greeting_timeout_s=written.greeting_timeout,
        command_timeout_s=written.command_timeout,
        data_timeout_s=written.data_timeout,
        tls_trust=written.tls_trust,
        dane=written.dane,
        mta_sts=written.mta_sts,
    )


def _limits(written: WrittenMailLimits) -> schema_mail.MailLimits:
    return schema_mail.MailLimits(
        message_octets=written.message_size,
        recipients=written.recipients,
        connections=written.connections,
        connections_per_client=min(written.connections, written.connections_per_client),
        messages_per_minute=written.messages_per_minute,
        command_time_s=written.command_time,
        stress_time_s=min(written.command_time, written.stress_time),
        data_rate=written.data_rate,
        soft_errors=min(written.soft_errors, written.hard_errors),
        hard_errors=written.hard_errors,
        junk_commands=written.junk_commands,
        received_hops=written.received_hops,
        header_octets=written.header_size,
        login_failures_per_minute=written.login_failures_per_minute,
        login_failures_per_day=written.login_failures_per_day,
        destination_sessions=min(written.sessions, written.destination_sessions),
        sessions=written.sessions,
        bounces_per_hour=written.bounces_per_hour,
    )

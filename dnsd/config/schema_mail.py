"""``mail:`` as the program runs on it: normalized, frozen, complete.

Durations are seconds, sizes octets, domains text of A-labels in lower case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dnsd.config.schema import Tls


@dataclass(frozen=True, slots=True)
class MailListener:
    """One address and port that mail comes in at.

    Attributes:
        address: IPv4 or IPv6 address as text.
        port: 1..65535.
        protocol: ``smtp``, ``submission`` or ``submissions``.
    """

    address: str
    port: int
    protocol: str


@dataclass(frozen=True, slots=True)
class Relay:
    """Who may send to the world without a password.

    Attributes:
        networks: clients, in the words of ``Authority.allow``.
        to: domains they may send to; empty is any.
    """

    networks: tuple[str, ...]
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """Bringing mail to where it belongs.

    Attributes:
        port: of other mail servers.
        smart_host: name or address literal, and port, of what takes all mail; or None.
        routes: the same of single domains.
        first_retry_s: until the second attempt.
        max_retry_s: longest between two.
        lifetime_s: until mail goes back.
        delayed_warning_s: until its sender is told.
        connect_timeout_s: to connect.
        greeting_timeout_s: to wait for the greeting.
        command_timeout_s: to wait for the reply to a command.
        data_timeout_s: to wait for the reply to a whole message.
        tls_trust: PEM file of authorities; None is those of the system.
        dane: RFC 7672 is followed.
        mta_sts: RFC 8461 is followed.
    """

    port: int
    smart_host: tuple[str, int] | None
    routes: Mapping[str, tuple[str, int]]
    first_retry_s: float
    max_retry_s: float
    lifetime_s: float
    delayed_warning_s: float
    connect_timeout_s: float
    greeting_timeout_s: float
    command_timeout_s: float
    data_timeout_s: float
    tls_trust: Path | None
    dane: bool
    mta_sts: bool


@dataclass(frozen=True, slots=True)
class MailLimits:
    """Every budget of mail; ``written_mail.WrittenMailLimits`` says what each one is.

    The time under stress never exceeds the usual one, nor does what ends a connection lie
    below what slows it down.
    """

    message_octets: int
    recipients: int
    connections: int
    connections_per_client: int
    messages_per_minute: int
    command_time_s: float
    stress_time_s: float
    data_rate: int
    soft_errors: int
    hard_errors: int
    junk_commands: int
    received_hops: int
    header_octets: int
    login_failures_per_minute: int
    login_failures_per_day: int
    destination_sessions: int
    sessions: int
    bounces_per_hour: int


@dataclass(frozen=True, slots=True)
class Mail:
    """Taking mail, and bringing it to where it belongs.

    Attributes:
        enabled: there is a mail process.
        hostname: of this host, a name with a dot.
        listen: at least one listener, no address and port twice.
        tls: certificate of this host; both None for one of our own making.
        domains: kept here beside those of zones with mail.
        plaintext_login: who may log in without TLS, in the words of ``Authority.allow``.
        relay: who may send without a password.
        aliases: from ``local``, ``local@domain`` or ``@domain`` in lower case to mailboxes.
        maildir: directory of the mailboxes.
        queue: directory of the queue.
        delivery: how mail leaves.
        limits: budgets.
    """

    enabled: bool
    hostname: str
    listen: tuple[MailListener, ...]
    tls: Tls
    domains: tuple[str, ...]
    plaintext_login: tuple[str, ...]
    relay: Relay
    aliases: Mapping[str, tuple[str, ...]]
    maildir: Path
    queue: Path
    delivery: Delivery
    limits: MailLimits

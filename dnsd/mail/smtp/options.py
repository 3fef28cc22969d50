"""How a server of SMTP behaves: limits with their reasons, and what it offers.

Source: RFC 5321 §4.5.3 (sizes and timeouts), RFC 6409 §4.3, RFC 8314 §3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# RFC 5321 §4.5.3.1.4 asks for 512; long parameters and addresses want more.
COMMAND_LINE_OCTETS: Final = 2048
AUTH_LINE_OCTETS: Final = 12288  # RFC 4954 §4


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may make us do.

    Attributes:
        message_octets: of one message; announced with SIZE (``message_size``).
        recipients: of one message (``recipients``).
        recipient_overshoot: more recipients that are put off without counting as errors.
        line_octets: of one line of a message, its end left out.
        command_s: time for a command, and for a client to read its replies.
        rate_octets: a message must come at so many octets a second...
        rate_window_s: ...on the average of so many seconds.
        greeting_delay_s: how long we wait before the greeting for those who do not.
        soft_errors: after so many, replies to errors come late...
        soft_delay_s: ...by so many seconds.
        hard_errors: after so many we close.
        idle_commands: NOOP, RSET, VRFY and such; more are errors.
        unknown_recipients: after so many we close.
        authentications: failed ones; after so many we close.
        stress_command_s: in place of ``command_s`` and ``rate_window_s`` when most
            connections are taken.
        stress_errors: in place of ``hard_errors`` and ``idle_commands`` then.
    """

    message_octets: int = 26_214_400
    recipients: int = 100
    recipient_overshoot: int = 1000
    line_octets: int = 8192
    command_s: float = 300.0
    rate_octets: int = 500
    rate_window_s: float = 60.0
    greeting_delay_s: float = 0.0
    soft_errors: int = 10
    soft_delay_s: float = 1.0
    hard_errors: int = 20
    idle_commands: int = 100
    unknown_recipients: int = 10
    authentications: int = 3
    stress_command_s: float = 10.0
    stress_errors: int = 1


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """What a listener offers.

    Attributes:
        hostname: our own, for greeting and EHLO; mail for ``postmaster`` without a
            domain is for this one's.
        limits: of each connection.
        offers_tls: STARTTLS is possible.
        offers_authentication: AUTH is offered once passwords are safe from listeners.
        is_submission: clients must authenticate, unless their network is listed, and
            use TLS unless their network may log in without.
        refuses_early_talkers: a client that speaks before it may is closed.
    """

    hostname: str
    limits: Limits = Limits()
    offers_tls: bool = False
    offers_authentication: bool = False
    is_submission: bool = False
    refuses_early_talkers: bool = True

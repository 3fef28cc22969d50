"""Building mail from the configuration: what takes it, keeps it and brings it away."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Final

from dnsd.mail import verdict
from dnsd.mail.accounts import Accounts
from dnsd.mail.arriving import ArrivalOptions
from dnsd.mail.directory import MailDirectory
from dnsd.mail.dispatch import Dispatch, DispatchLimits
from dnsd.mail.dkim import keys as dkim_keys
from dnsd.mail.dkim.sign import Signer
from dnsd.mail.dkim.signature import is_selector
from dnsd.mail.dsn import Notices
from dnsd.mail.maildir import Maildirs
from dnsd.mail.password_limit import PasswordLimit
from dnsd.mail.passwords import Checker
from dnsd.mail.plan import PlanOptions
from dnsd.mail.queue import Keeping, Queue
from dnsd.mail.route import ANYWHERE, ClientStanding
from dnsd.mail.schedule import Schedule
from dnsd.mail.smtp.client_events import Timeouts
from dnsd.mail.smtp.clients import ClientLimits
from dnsd.mail.smtp.options import Limits, SessionOptions
from dnsd.mail.spool import Spool
from dnsd.net import mail_reception
from dnsd.net.committer import Committer
from dnsd.net.connection import packed
from dnsd.net.listeners import Endpoint
from dnsd.net.mail_delivery import LocalDelivery, OutcomeWriter
from dnsd.net.mail_lookup import MailLookup
from dnsd.net.mail_sender import MailSender, SenderOptions, World
from dnsd.net.smtp_client import Surroundings as ClientSurroundings
from dnsd.net.smtp_server import ServerOptions, SmtpServer
from dnsd.net.smtp_tls import SmtpTls
from dnsd.query.acl import Networks
from dnsd.query.policy import OURSELVES
from dnsd.run.mail_serving import MailServing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dnsd.config.schema import Config
    from dnsd.config.schema_mail import Mail
    from dnsd.control.surroundings import Surroundings
    from dnsd.query.recursion import Recursion
    from dnsd.run.inheritance import Inheritance


_SMTP_PORT: Final = 25


def endpoints(config: Config) -> list[Endpoint]:
    """List what is bound for clients of mail."""
    return [Endpoint(each.address, each.port, each.protocol) for each in config.mail.listen]


def accounts_path(config: Config) -> Path:
    """Return the file of accounts."""
    return config.state_directory / "accounts.db"


def serving(inheritance: Inheritance, recursion: Recursion, around: Surroundings) -> MailServing:
    """Build the mail side of one process; nothing is taken or sent yet.

    Args:
        inheritance: the common ground.
        recursion: finds what the DNS says.
        around: reactor, clock, log of the process.

    Raises:
        StoreFailed: queue or accounts cannot be opened.
    """
    config, mail = inheritance.config, inheritance.config.mail
    accounts = Accounts(accounts_path(config))
    queue = _queue(mail)
    kept = queue, Committer(queue, around.reactor)
    is_local = frozenset((*mail.domains, mail.hostname)).__contains__

    resolver = MailLookup(recursion.resolver, partial(recursion.here, OURSELVES))
    local = LocalDelivery(queue, Maildirs(mail.maildir, mail.hostname), accounts.has)
    sender = _sender(mail, kept, (resolver, is_local, local), around)
    limits = mail.limits
    guesses = PasswordLimit(limits.login_failures_per_minute, limits.login_failures_per_day)
    reception = mail_reception.MailReception(
        mail_reception.ReceptionOptions(
            ArrivalOptions(mail.hostname, limits.header_octets, limits.received_hops),
            verdict.Refusing.BY_POLICY,
            partial(signers, config),
            os.urandom,
        ),
        mail_reception.Keeping(*kept, sender.take),
        (MailDirectory(is_local, accounts.has, mail.aliases), resolver),
        mail_reception.Passwords(accounts, Checker(os.urandom), guesses),
        (around.clock, around.log),
    )
    servers = _servers(inheritance, reception, around)
    return MailServing(inheritance.mail_listeners, servers, sender, kept, around)


def _sender(
    mail: Mail,
    kept: tuple[Queue, Committer],
    found: tuple[MailLookup, Callable[[str], bool], LocalDelivery],
    around: Surroundings,
) -> MailSender:
    """Build what brings mail away."""
    resolver, is_local, local = found
    outcomes = OutcomeWriter(*kept, around.clock, around.log)
    world = World(
        queue=kept[0],
        outcomes=outcomes,
        resolver=resolver,
        sts=None,
        entropy=os.urandom,
        is_local=is_local,
        deliver_locally=local.deliver,
    )
    sender = MailSender(_sender_options(mail), world, _surroundings(mail, around), _dispatch(mail))
    outcomes.look = sender.look
    return sender


def _servers(
    inheritance: Inheritance, reception: mail_reception.MailReception, around: Surroundings
) -> dict[str, SmtpServer]:
    """Build what serves the connections of each protocol."""
    mail, contexts = inheritance.config.mail, inheritance.mail_tls
    return {
        protocol: SmtpServer(
            _server_options(mail, protocol),
            contexts.mail if contexts is not None else None,
            around.clock,
            reception,
            (around.row, around.log),
        )
        for protocol in {each.protocol for each in mail.listen}
    }


def signers(config: Config, domain: str) -> list[Signer]:
    """Find the keys that sign mail of a domain: files ``dkim/DOMAIN/SELECTOR.pem``."""
    found = []
    for path in sorted((config.state_directory / "dkim" / domain).glob("*.pem")):
        if not is_selector(path.stem.lower()):
            continue
        try:
            key = dkim_keys.from_pem(path.read_bytes())
        except (OSError, dkim_keys.UnusableKey):
            continue
        found.append(Signer(domain, path.stem.lower(), key))
    return found


def _queue(mail: Mail) -> Queue:
    delivery = mail.delivery
    mail.queue.mkdir(mode=0o700, parents=True, exist_ok=True)
    spool = Spool(mail.queue, mail.limits.message_octets)
    schedule = Schedule(
        first_retry_s=int(delivery.first_retry_s),
        max_retry_s=int(delivery.max_retry_s),
        lifetime_s=int(delivery.lifetime_s),
        warning_s=int(delivery.delayed_warning_s),
    )
    notices = Notices(mail.hostname, mail.limits.bounces_per_hour)
    return Queue(mail.queue / "queue.db", spool, Keeping(schedule, notices, os.urandom))


def plan_options(mail: Mail) -> PlanOptions:
    """Return what plans of delivery go by."""
    delivery = mail.delivery
    return PlanOptions(
        port=delivery.port,
        smart_host=delivery.smart_host,
        routes=delivery.routes,
        own_names=frozenset((mail.hostname,)),
        own_addresses=frozenset(
            each.address
            for each in mail.listen
            if each.protocol == "smtp" and each.port == delivery.port
        ),
        # With a port of its own, as in tests, loopback addresses are of other hosts.
        loopback_is_own=delivery.port == _SMTP_PORT,
        dane=delivery.dane,
    )


def _sender_options(mail: Mail) -> SenderOptions:
    delivery = mail.delivery
    return SenderOptions(
        hostname=mail.hostname,
        plan=plan_options(mail),
        timeouts=Timeouts(
            greeting_s=delivery.greeting_timeout_s,
            command_s=delivery.command_timeout_s,
            done_s=delivery.data_timeout_s,
        ),
    )


def _surroundings(mail: Mail, around: Surroundings) -> ClientSurroundings:
    delivery = mail.delivery
    return ClientSurroundings(
        around.reactor, around.clock, SmtpTls(delivery.tls_trust), delivery.connect_timeout_s
    )


def _dispatch(mail: Mail) -> Dispatch:
    limits = mail.limits
    return Dispatch(
        DispatchLimits(lanes=limits.sessions, lanes_per_domain=limits.destination_sessions)
    )


def _server_options(mail: Mail, protocol: str) -> ServerOptions:
    limits = mail.limits
    is_submission = protocol != "smtp"
    relay = Networks.from_text(mail.relay.networks)
    plain = Networks.from_text(mail.plaintext_login)
    destinations = frozenset(mail.relay.to) or ANYWHERE

    def standing(address: str) -> tuple[ClientStanding, bool]:
        is_listed = relay.contains(packed(address))
        found = ClientStanding(
            destinations=destinations if is_listed else frozenset(),
            may_log_in_plainly=plain.contains(packed(address)),
        )
        return found, is_listed

    return ServerOptions(
        session=SessionOptions(
            hostname=mail.hostname,
            limits=Limits(
                message_octets=limits.message_octets,
                recipients=limits.recipients,
                command_s=limits.command_time_s,
                rate_octets=limits.data_rate,
                soft_errors=limits.soft_errors,
                hard_errors=limits.hard_errors,
                idle_commands=limits.junk_commands,
                stress_command_s=limits.stress_time_s,
            ),
            offers_tls=protocol != "submissions",
            offers_authentication=is_submission,
            is_submission=is_submission,
        ),
        standing=standing,
        clients=ClientLimits(
            connections=limits.connections,
            connections_per_client=limits.connections_per_client,
            messages_per_minute=limits.messages_per_minute,
        ),
        begins_with_tls=protocol == "submissions",
    )

"""``mail:`` as it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import model_validator

from dnsd.config.addresses import Address, Network
from dnsd.config.kinds import Choice, Duration, Several, SeveralSections, Size, Switch, WholeNumber
from dnsd.config.mail_kinds import Aliases, HostName, MailDomain, NextHop
from dnsd.config.places import AuthoritiesFile, StatePath
from dnsd.config.section import Section, key, section
from dnsd.config.written_tls import WrittenTls

PROTOCOLS = ("smtp", "submission", "submissions")


class WrittenMailListener(Section):
    """One address and port that mail comes in at."""

    address: Annotated[str, Address()] = key(
        "Address to answer on; 0.0.0.0 and :: are every address of the machine.",
        example="192.0.2.25",
    )
    port: Annotated[int | None, WholeNumber("1", "65535", "auto")] = key(
        "Port to answer on; auto is 25 for smtp, 587 for submission and 465 for submissions"
        " where these are allowed, else 2525, 5870 and 4650.",
        "auto",
        example=25,
    )
    protocol: Annotated[str, Choice(PROTOCOLS)] = key(
        "What is spoken: smtp takes mail from other servers, submission from users with STARTTLS,"
        " submissions the same inside TLS.",
        "smtp",
        example="submission",
    )


class WrittenRelay(Section):
    """Machines that may send mail to the world without a password."""

    networks: Annotated[list[str], Several(Network())] = key(
        "Clients whose mail is relayed though they do not log in: printers, cameras, programs.",
        ["loopback"],
        example=["loopback", "192.0.2.0/24"],
    )
    to: Annotated[list[str], Several(MailDomain(), words=(("any", ()),))] = key(
        "Domains they may send to; any is a word.", "any", example=["example.test"]
    )


class WrittenRoute(Section):
    """A domain whose mail goes to a host that its MX records do not name."""

    domain: Annotated[str, MailDomain()] = key("The domain alone.", example="example.org")
    host: Annotated[tuple[str, int], NextHop()] = key(
        "Where its mail goes; the port is 25 unless written.", example="mail.example.net:587"
    )


class WrittenDelivery(Section):
    """Bringing mail to where it belongs."""

    port: Annotated[int, WholeNumber("1", "65535")] = key(
        "Port of other mail servers; another one than 25 is for tests.", "25", example=2525
    )
    smart_host: Annotated[tuple[str, int] | None, NextHop("none")] = key(
        "A host that takes all mail for elsewhere; none looks up each domain's own.",
        "none",
        example="smtp.example.net:587",
    )
    routes: Annotated[
        list[WrittenRoute] | None, SeveralSections("a list of mappings with domain and host")
    ] = key(
        "Domains whose mail goes to another host than their records name.",
        [],
        example=[{"domain": "example.org", "host": "192.0.2.30"}],
    )
    first_retry: Annotated[float, Duration("1s", "1d")] = key(
        "Time until the second attempt; each further wait is longer.", "5m", example="1m"
    )
    max_retry: Annotated[float, Duration("1s", "7d")] = key(
        "Longest time between two attempts.", "67m", example="4h"
    )
    lifetime: Annotated[float, Duration("10s", "30d")] = key(
        "Time after which mail that could not be delivered goes back.", "5d", example="2d"
    )
    delayed_warning: Annotated[float, Duration("5s", "30d")] = key(
        "Time after which its sender is told that mail is still here.", "4h", example="1d"
    )
    connect_timeout: Annotated[float, Duration("100ms", "10m")] = key(
        "Time to connect to a host.", "30s", example="10s"
    )
    greeting_timeout: Annotated[float, Duration("100ms", "10m")] = key(
        "Time to wait for a host's greeting.", "5m", example="1m"
    )
    command_timeout: Annotated[float, Duration("100ms", "1h")] = key(
        "Time to wait for the reply to a command.", "5m", example="1m"
    )
    data_timeout: Annotated[float, Duration("100ms", "1h")] = key(
        "Time to wait for the reply to a whole message.", "10m", example="5m"
    )
    tls_trust: Annotated[Path | None, AuthoritiesFile("certificates in PEM form", "system")] = key(
        "Whose signature makes a certificate good where a policy asks for one.",
        "system",
        example="authorities.pem",
    )
    dane: Annotated[bool, Switch()] = key(
        "Hold hosts to the keys that their signed zones publish (RFC 7672).", "on", example="off"
    )
    mta_sts: Annotated[bool, Switch()] = key(
        "Hold domains to the policies that they publish over HTTPS (RFC 8461).", "on", example="off"
    )


class WrittenMailLimits(Section):
    """Every budget of mail."""

    message_size: Annotated[int, Size("16KiB", "1GiB")] = key(
        "Octets of the largest message.", "25MiB", example="50MiB"
    )
    recipients: Annotated[int, WholeNumber("1", "1000")] = key(
        "Recipients of one message.", "100", example=500
    )
    connections: Annotated[int, WholeNumber("1", "10000")] = key(
        "Open connections.", "200", example=500
    )
    connections_per_client: Annotated[int, WholeNumber("1", "10000")] = key(
        "Open connections of one IPv4 address or IPv6 /64 network.", "20", example=5
    )
    messages_per_minute: Annotated[int, WholeNumber("1", "1000000")] = key(
        "Messages a minute of one such client.", "300", example=60
    )
    command_time: Annotated[float, Duration("100ms", "1h")] = key(
        "Time to wait for a command.", "5m", example="1m"
    )
    stress_time: Annotated[float, Duration("100ms", "1h")] = key(
        "The same while four fifths of all connections are taken.", "10s", example="5s"
    )
    data_rate: Annotated[int, WholeNumber("0", "1000000")] = key(
        "Octets a second that a message must come at, over a minute; 0 is any.", "500", example=1000
    )
    soft_errors: Annotated[int, WholeNumber("1", "1000")] = key(
        "Errors of one connection before each reply is a second late.", "10", example=5
    )
    hard_errors: Annotated[int, WholeNumber("1", "1000")] = key(
        "Errors that end a connection.", "20", example=10
    )
    junk_commands: Annotated[int, WholeNumber("1", "10000")] = key(
        "Commands without a message that end a connection.", "100", example=50
    )
    received_hops: Annotated[int, WholeNumber("5", "1000")] = key(
        "Received lines of a message that does not run in a circle.", "50", example=30
    )
    header_size: Annotated[int, Size("4KiB", "1MiB")] = key(
        "Octets of the header of a message.", "100KiB", example="200KiB"
    )
    login_failures_per_minute: Annotated[int, WholeNumber("1", "10000")] = key(
        "Wrong passwords a minute from one address; networks have three and nine times as many.",
        "10",
        example=3,
    )
    login_failures_per_day: Annotated[int, WholeNumber("1", "100000")] = key(
        "The same a day.", "50", example=20
    )
    destination_sessions: Annotated[int, WholeNumber("1", "1000")] = key(
        "Connections to one destination at a time.", "5", example=2
    )
    sessions: Annotated[int, WholeNumber("1", "10000")] = key(
        "Connections to all destinations at a time.", "100", example=20
    )
    bounces_per_hour: Annotated[int, WholeNumber("0", "100000")] = key(
        "Messages an hour that go back as undeliverable.", "100", example=20
    )


class WrittenMail(Section):
    """Taking mail, and bringing it to where it belongs."""

    enabled: Annotated[bool, Switch()] = key("Take and deliver mail.", "off", example="on")
    hostname: Annotated[str | None, HostName("auto")] = key(
        "Name of this host in greetings and Received lines, which other servers look up; auto is"
        " the machine's own.",
        "auto",
        example="mx1.example.test",
    )
    listen: Annotated[
        list[WrittenMailListener] | None,
        SeveralSections("a list of mappings with address, port and protocol, or auto", "auto", 1),
    ] = key(
        "Addresses and ports that mail comes in at.",
        None,
        example=[{"address": "192.0.2.25", "port": 25, "protocol": "smtp"}],
        otherwise="127.0.0.1, every protocol",
    )
    tls: WrittenTls = section("The certificate that mail servers and programs see.")
    domains: Annotated[list[str], Several(MailDomain())] = key(
        "Domains whose mail is kept here, beside those of our zones that have mail.",
        [],
        example=["example.test"],
    )
    plaintext_login: Annotated[list[str], Several(Network())] = key(
        "Clients who may log in without TLS.", ["loopback"], example=[]
    )
    relay: WrittenRelay = section("Who may send to the world without a password.")
    aliases: Annotated[dict[str, tuple[str, ...]], Aliases()] = key(
        "Names of mailboxes and whom their mail goes to: postmaster is that of every domain,"
        " sales@example.test of one, @example.test is every other name of it.",
        {},
        example={"postmaster": "admin@example.test", "@example.test": ["admin@example.test"]},
    )
    maildir: Annotated[str, StatePath()] = key(
        "Directory of the mailboxes, DOMAIN/USER/{cur,new,tmp}; below the state directory"
        " unless it begins with a slash.",
        "mail",
        example="/srv/mail",
    )
    delivery: WrittenDelivery = section("Bringing mail to where it belongs.")
    limits: WrittenMailLimits = section("Every budget of mail.")

    @model_validator(mode="before")
    @classmethod
    def _take_a_switch_alone(cls, written: object) -> object:
        return {"enabled": written} if written and isinstance(written, str) else written

"""Asks for names that nobody else knows, everywhere that a machine may ask.

Each question has a name of its own, three labels below the zone, so that no cache
knows it and a resolver that sends no more of a name than needed can be told:

    deep.down.leaktest-9f3c2a1b-7.example.test.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from dnsd.cli.lookup_exchange import AskError, AskOptions, Server, Way, ask
from dnsd.cli.lookup_question import QueryForm, query_octets
from dnsd.wire import names, rdata
from dnsd.wire.iana import RRType, rcode_to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dnsd.cli.lookup_exchange import Reply
    from dnsd.control.shapes import SightingShape

#: Addresses where nobody is (RFC 5737), so that only an interceptor can answer.
PLACEHOLDERS: Final = ("192.0.2.1", "198.51.100.1")

LABELS: Final = 3
_DEPTH: Final = (b"deep", b"down")
_A: Final = int(RRType.A)
# As many as show how ports and IDs are chosen.
_QUESTIONS: Final = 8
_SILENT: Final = 2  # questions without answer after which no more is asked


@dataclass(slots=True)
class Prober:
    """Asks, and knows whose question every name was.

    Attributes:
        zone: in canonical form.
        prefix: of the label next to the zone.
        entropy: returns so many octets that nobody can guess.
        options: how long to wait.
        owners: of each question by its number: who was asked.
    """

    zone: bytes
    prefix: str
    entropy: Callable[[int], bytes]
    options: AskOptions
    owners: list[str] = field(default_factory=list)

    def ask_resolver(self, server: Server) -> tuple[str, ...]:
        """Ask a resolver some questions; the outcome of each."""
        outcomes: list[str] = []
        for _ in range(_QUESTIONS):
            outcomes.append(self.ask_once(server, server.address))
            if outcomes == ["silence"] * _SILENT:
                break
        return tuple(outcomes)

    def ask_once(self, server: Server, owner: str) -> str:
        """Ask one question; its outcome.

        Args:
            server: whom to ask, over UDP.
            owner: on whose account.
        """
        query = query_octets(self._next_name(owner), _A, QueryForm(), self.entropy)
        try:
            return outcome_of(ask(query, server, Way.UDP, self.options))
        except AskError as error:
            return "silence" if error.silent else "unreachable"

    def ask_system(self) -> str:
        """Ask one question the way that programs do, through the C library."""
        name = names.to_text(self._next_name(""))
        try:
            found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_DGRAM)
        except socket.gaierror as error:
            is_denied = error.errno in (socket.EAI_NONAME, socket.EAI_NODATA)
            return "nxdomain" if is_denied else "SERVFAIL"
        return str(found[0][4][0])

    def sightings_of(self, owner: str, seen: Iterable[SightingShape]) -> tuple[SightingShape, ...]:
        """Pick the queries for names that were asked for on an account."""
        return tuple(each for each in seen if self._owner(each["name"]) == owner)

    def _next_name(self, owner: str) -> bytes:
        label = f"{self.prefix}{len(self.owners)}".encode("ascii")
        self.owners.append(owner)
        return names.from_labels([*_DEPTH, label], self.zone)

    def _owner(self, text: str) -> str | None:
        """Tell on whose account a name was asked for."""
        labels = names.to_labels(names.from_text(text))
        place = len(labels) - names.label_count(self.zone) - 1
        label = labels[place].decode("ascii", "replace") if place >= 0 else ""
        number = label.removeprefix(self.prefix)
        if not (number.isascii() and number.isdigit() and int(number[:6]) < len(self.owners)):
            return None
        return self.owners[int(number)]


def outcome_of(reply: Reply) -> str:
    """Write what a reply says of a name, as `leaktest_findings.Asked` has it."""
    message = reply.message
    addresses = [
        rdata.to_text(rrset.type, octets)
        for rrset in message.answer
        if rrset.type == _A
        for octets in rrset.rdatas
    ]
    if addresses:
        return addresses[0]
    rcode = rcode_to_text(message.rcode)
    return {"NOERROR": "nodata", "NXDOMAIN": "nxdomain"}.get(rcode, rcode)


def own_address(server: Server) -> str:
    """Return the address by which this machine reaches another; empty if it cannot."""
    family = socket.AF_INET6 if ":" in server.address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as opened:
            opened.connect((server.address, 53))  # sends nothing
            return str(opened.getsockname()[0])
    except OSError:
        return ""


def name_of(address: str, server: Server, prober: Prober) -> str:
    """Ask a resolver for the name of an address; empty if there is none."""
    name = names.from_text(ip_address(address).reverse_pointer)
    query = query_octets(name, int(RRType.PTR), QueryForm(), prober.entropy)
    try:
        reply = ask(query, server, Way.UDP, prober.options)
    except AskError:
        return ""
    for rrset in reply.message.answer:
        if rrset.type == RRType.PTR:
            return rdata.to_text(rrset.type, rrset.rdatas[0]).rstrip(".")
    return ""

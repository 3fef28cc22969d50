"""Kinds of values that are names, addresses and hosts of mail."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from dnsd.config.kinds import Kind, refuse, shown
from dnsd.mail.address import AddressError, parse_domain, parse_mailbox

SMTP_PORT = 25
_PORT = re.compile("[1-9][0-9]{0,4}")


class MailDomain(Kind):
    """A domain that mail is sent to, read as text of A-labels in lower case."""

    noun = "a domain such as example.test"

    def parse(self, text: str) -> str:
        """Read a name, which may be international."""
        return parse_domain(text, utf8=True)


@dataclass(frozen=True)
class HostName(MailDomain):
    """The name of a host, or a word, which gives None.

    Attributes:
        word: accepted beside a name.
    """

    word: str

    @property
    def expected(self) -> str:
        """The word and a name."""
        return f"{self.word}, or a name with a dot such as mx1.example.test"

    def parse(self, text: str) -> Any:
        """Read the word, or a name that other servers can look up."""
        if text == self.word:
            return None
        name = super().parse(text)
        if "." not in name:
            raise ValueError(text)
        return name


@dataclass(frozen=True)
class NextHop(Kind):
    """A host and perhaps a port that mail goes to; read as a pair, the word as None.

    Attributes:
        word: accepted beside a host; empty for none.
    """

    word: str = ""

    @property
    def expected(self) -> str:
        """The word and a host."""
        host = "a host such as smtp.example.net:587, 192.0.2.25 or [2001:db8::25]:25"
        return f"{self.word}, or {host}" if self.word else host

    @property
    def json_schema(self) -> dict[str, Any]:
        """Text."""
        return {"type": "string"}

    def parse(self, text: str) -> Any:
        """Read ``HOST``, ``HOST:PORT``, ``[ADDRESS]:PORT`` or the word."""
        if self.word and text == self.word:
            return None
        host, port = text, SMTP_PORT
        before, colon, after = text.rpartition(":")
        if colon and (before.endswith("]") or ":" not in before):
            if _PORT.fullmatch(after) is None or int(after) > 65535:
                raise ValueError(text)
            host, port = before, int(after)
        return parse_host(host), port


def parse_host(text: str) -> str:
    """Read a name or an address; an address becomes an address literal.

    Raises:
        ValueError: it is neither.
    """
    bare = text.removeprefix("[").removesuffix("]")
    if ":" in bare:
        return parse_domain(f"[IPv6:{bare.removeprefix('IPv6:')}]")
    if re.fullmatch("[0-9.]+", bare):
        return parse_domain(f"[{bare}]")
    return parse_domain(text, utf8=True)


class Aliases(Kind):
    """A mapping from names of mailboxes to mailboxes.

    Read as a mapping from ``local``, ``local@domain`` or ``@domain``, in lower case, to the
    texts of mailboxes.
    """

    noun = "a mapping from names to mailboxes, postmaster: admin@example.test"

    @property
    def json_schema(self) -> dict[str, Any]:
        """A mapping to one or several texts."""
        one = {"type": "string"}
        several = {"type": "array", "items": one, "minItems": 1}
        return {"type": "object", "additionalProperties": {"anyOf": [one, several]}}

    def read(self, written: object) -> Any:
        """Read names and mailboxes one by one."""
        if not isinstance(written, dict):
            refuse("not-a-mapping", f"is {shown(written)}", self.noun)
        return {_alias(str(name)): _targets(name, targets) for name, targets in written.items()}


def _alias(name: str) -> str:
    local, at, domain = name.rpartition("@")
    try:
        if not at:
            # What stands before the @ decides; the domain only completes it.
            return parse_mailbox(f"{name}@a.test", utf8=True).key.removesuffix("@a.test")
        if not local:
            return "@" + parse_domain(domain, utf8=True)
        return parse_mailbox(name, utf8=True).key
    except AddressError as error:
        refuse(
            "bad-alias",
            f"has the name {shown(name)}: {error}",
            "postmaster, sales@example.test or @example.test",
        )


def _targets(name: object, written: object) -> tuple[str, ...]:
    targets = written if isinstance(written, list) else [written]
    if not targets or targets == [""]:
        refuse("missing-value", f"has no mailbox for {shown(name)}", "one mailbox or several")
    try:
        return tuple(str(parse_mailbox(str(target), utf8=True)) for target in targets)
    except AddressError as error:
        refuse(
            "bad-mailbox",
            f"has for {shown(name)} what is no mailbox: {error}",
            "a mailbox such as admin@example.test",
        )

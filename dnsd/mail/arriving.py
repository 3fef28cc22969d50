"""One message on its way in: its header is read, its body goes past the checks to the disk.

What stands before the message when it is kept is only known at its end: our Received
field, what the checks came to, our signatures. The header is held back until it is
whole, at most some thousand lines of it; the body is not.

Source: RFC 5321 §4.4 (trace), §6.3 (loops); RFC 6409 §8 (what a submission lacks).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, Final, Protocol

from dnsd.mail import reply
from dnsd.mail.address import AddressError, parse_mailbox
from dnsd.mail.dkim.sign import Signing
from dnsd.mail.dkim.signature import name_of
from dnsd.mail.dkim.verify import Verifier
from dnsd.mail.smtp.reception import Refusal
from dnsd.mail.stores import StoreFailed, StoreFull
from dnsd.mail.verdict import without_forged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dnsd.mail.dkim.sign import Signer
    from dnsd.mail.smtp.transaction import Transaction

_LINE_END: Final = b"\r\n"
_END: Final = b"\r\n\r\n"
# A line that is none of a header ends it; what follows is body.
_FIELD: Final = re.compile(rb"[!-9;-~]+[ \t]*:")
_MAILBOX: Final = re.compile(r"<([^<>]*)>")
# A quote without an end is matched too: it would be tried again from each quote in it.
_COMMENT: Final = re.compile(r"\([^()]*\)|\"(?:[^\"\\]|\\.)*+(\")?")
#: Mailboxes of one From field that are looked at.
MAX_AUTHORS: Final = 10


class Kept(Protocol):
    """Where the octets go."""

    def write(self, octets: bytes) -> None:
        """Keep octets."""

    def abort(self) -> None:
        """Forget them."""


@dataclass(frozen=True, slots=True)
class ArrivalOptions:
    """What is looked at.

    Attributes:
        hostname: ours.
        header_octets: of the largest header.
        hops: Received fields of a message that does not run in a circle.
    """

    hostname: str
    header_octets: int = 102_400
    hops: int = 50


class Arriving:
    """One message.

    Attributes:
        queue_id: under which it will be kept.
        kept: where its octets go.
        fields: of its header, once that is whole.
    """

    def __init__(
        self,
        queue_id: str,
        transaction: Transaction,
        kept: Kept,
        options: ArrivalOptions,
        now: int,
    ) -> None:
        self.queue_id = queue_id
        self.kept = kept
        self.fields: list[bytes] = []
        self._transaction = transaction
        self._options = options
        self._now = now
        self._header = bytearray()
        self._is_body = False
        self._to_skip = len(_LINE_END)  # of the empty line, which is neither header nor body
        self._verifier: Verifier | None = None
        self._signing: Signing | None = None
        self._signers: Sequence[Signer] = ()

    # --- while it comes -----------------------------------------------------------------

    def sign_with(self, signers: Sequence[Signer]) -> None:
        """Have signatures made, once the header is there."""
        self._signers = signers

    def write(self, octets: bytes) -> None:
        """Take a part of it.

        Raises:
            Refusal: it is not to be kept; ``abort`` is called then too.
        """
        if self._is_body:
            self._take_body(octets)
            return
        seen = len(self._header)
        self._header += octets
        end = 0
        if not self._header.startswith(_LINE_END):
            # What was looked at before is not looked at again, however small the parts.
            end = self._header.find(_END, max(0, seen - 3)) + len(_LINE_END)
            if end < len(_LINE_END):
                if len(self._header) > self._options.header_octets:
                    raise Refusal(reply.HEADER_TOO_LARGE)
                return
        header, body = bytes(self._header[:end]), bytes(self._header[end:])
        self._take_header(header)
        self._take_body(body)

    def abort(self) -> None:
        """Forget it."""
        self.kept.abort()

    def finish(self) -> Verifier:
        """Note that it is whole.

        Returns:
            What checks the signatures that it came with.
        """
        if not self._is_body:
            self._take_header(bytes(self._header))
        assert self._verifier is not None
        return self._verifier

    # --- what stands before it ------------------------------------------------------------

    def authors(self) -> list[str]:
        """List the domains of the mailboxes in From; none where they cannot be read."""
        found = [field for field in self.fields if name_of(field) == b"from"]
        if len(found) != 1:
            return []
        text = found[0].partition(b":")[2].decode("utf-8", "replace").replace("\r\n", "")
        plain = _COMMENT.sub(
            lambda found: "" if found[1] or found[0].startswith("(") else found[0], text
        )
        boxes = _MAILBOX.findall(plain) or plain.split(",")
        try:
            return [parse_mailbox(box.strip(), utf8=True).domain for box in boxes[:MAX_AUTHORS]]
        except AddressError:
            return []

    def head(self, results: bytes = b"") -> bytes:
        """Return what is to stand before the message.

        Args:
            results: the Authentication-Results field, if there is one.
        """
        signatures = self._signing.finish() if self._signing is not None else b""
        return self._received() + results + signatures

    def _received(self) -> bytes:
        """Return our Received field (RFC 5321 §4.4)."""
        said = self._transaction
        protocol = "UTF8SMTP" if said.utf8 else "ESMTP" if said.is_extended else "SMTP"
        protocol += ("S" if said.tls else "") + ("A" if said.account else "")
        address = said.address if "." in said.address else f"IPv6:{said.address}"
        cipher = f"\r\n\t({said.tls.version}, {said.tls.cipher})" if said.tls else ""
        receiver = f"\r\n\tfor <{said.recipients[0]}>" if len(said.recipients) == 1 else ""
        return (
            f"Received: from {said.helo} ([{address}])\r\n"
            f"\tby {self._options.hostname} with {protocol} id {self.queue_id}{cipher}{receiver};\r\n"
            f"\t{formatdate(self._now)}\r\n"
        ).encode()

    # ------------------------------------------------------------------------------------

    def _take_header(self, octets: bytes) -> None:
        if len(octets) > self._options.header_octets:
            raise Refusal(reply.HEADER_TOO_LARGE)
        self._is_body = True
        self._header.clear()
        fields, rest = split_fields(octets)
        if sum(name_of(each) == b"received" for each in fields) > self._options.hops:
            raise Refusal(reply.LOOP)
        self._verifier = Verifier(fields, self._now)
        fields = without_forged(fields, self._options.hostname)
        is_submission = (
            self._transaction.account is not None or self._transaction.standing.is_listed
        )
        self.fields = [*(self._missing(fields) if is_submission else ()), *fields]
        if self._signers:
            self._signing = Signing(self.fields, self._signers, self._now)
        self._keep(b"".join(self.fields))
        if rest:
            # No empty line came before it: there is one now, and all of it is body.
            self._take_body(_LINE_END + rest)

    def _missing(self, fields: Sequence[bytes]) -> list[bytes]:
        """Make what a mail program should have written (RFC 6409 §8.1, §8.3)."""
        there = {name_of(each) for each in fields}
        made = []
        if b"date" not in there:
            made.append(f"Date: {formatdate(self._now)}\r\n".encode())
        if b"message-id" not in there:
            made.append(f"Message-ID: <{self.queue_id}@{self._options.hostname}>\r\n".encode())
        return made

    def _take_body(self, octets: bytes) -> None:
        """Take a part of the body, the empty line before it included."""
        if not octets:
            return
        self._keep(octets)
        skipped = min(self._to_skip, len(octets))
        self._to_skip -= skipped
        octets = octets[skipped:]
        for each in (self._verifier, self._signing):
            if each is not None:
                each.update(octets)

    def _keep(self, octets: bytes) -> None:
        try:
            self.kept.write(octets)
        except StoreFull:
            raise Refusal(reply.NO_SPACE) from None
        except StoreFailed:
            raise Refusal(reply.LOCAL_ERROR) from None


def split_fields(header: bytes) -> tuple[list[bytes], bytes]:
    """Split a header into its fields, each as it came.

    Args:
        header: whole lines.

    Returns:
        The fields, and what stands from the first line on that is none.
    """
    starts: list[int] = []
    place = 0
    for line in header.splitlines(keepends=True):
        if line[:1] not in (b" ", b"\t") or not starts:
            if not _FIELD.match(line):
                break
            starts.append(place)
        place += len(line)
    ends = [*starts[1:], place]
    return [header[start:end] for start, end in zip(starts, ends, strict=False)], header[place:]

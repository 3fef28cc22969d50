"""Kinds of values that name files, read against the file that names them.

A relative path starts at the directory of the configuration file and may not
leave it, by ``..`` or through a symbolic link; whoever wants another place
writes it from the root. What the server reads at start is looked at here, so
that a missing file is one problem of the report among the others.
"""

from __future__ import annotations

import re
import ssl
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_core import core_schema

from dnsd.config.kinds import OFF_WORDS, Kind, refuse, shown
from dnsd.dnssec.anchors import MAX_TEXT_OCTETS, AnchorError, builtin_anchors, read_anchors

if TYPE_CHECKING:
    from dnsd.config.machine import Machine
    from dnsd.dnssec.digests import Ds

_SECRET = re.compile("[0-9A-Fa-f]{32}")
_MAX_SECRETS = 2  # the one in use and the one before it (RFC 9018 §5)
_MAX_SECRET_FILE = 4096


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where and on what machine a configuration is read; the validation context.

    Attributes:
        directory: where relative paths start, absolute.
        machine: what ``auto`` is decided by.
    """

    directory: Path
    machine: Machine


class PlacedKind(Kind):
    """A kind whose values are read against their surroundings."""

    def place(self, text: str, surroundings: Surroundings) -> Any:
        """Turn text into the value or refuse it."""
        raise NotImplementedError

    def parse(self, text: str) -> str:
        """Take any text but none at all."""
        if not text or not text.isprintable():
            raise ValueError(text)
        return text

    def _read_placed(self, written: object, context: core_schema.ValidationInfo) -> Any:
        assert isinstance(context.context, Surroundings)
        return self.place(self.read(written), context.context)

    def __get_pydantic_core_schema__(self, _source: Any, _next: Any) -> core_schema.CoreSchema:
        return core_schema.with_info_plain_validator_function(self._read_placed)


class FilePath(PlacedKind):
    """A file or directory that need not exist yet; read as an absolute path."""

    noun = "a path"

    def place(self, text: str, surroundings: Surroundings) -> Any:
        """Resolve the path under the directory of the configuration."""
        return _resolve(text, surroundings.directory)


class SocketPath(PlacedKind):
    """A unix socket, placed by the loader, which knows the state directory; read as text."""

    noun = "a path"

    def place(self, text: str, surroundings: Surroundings) -> str:
        """Take the text; only its form is checked here."""
        del surroundings
        return text


class StatePath(PlacedKind):
    """A directory of what we keep, placed below the state directory by the loader; read as text."""

    noun = "a path, below the state directory unless it begins with a slash"

    def place(self, text: str, surroundings: Surroundings) -> str:
        """Take the text; only its form is checked here."""
        return str(_resolve(text, surroundings.directory)) if text.startswith(("/", "~")) else text


class ZonePath(PlacedKind):
    """A zone file or a directory of them that exists and can be read."""

    noun = "the path of a zone file or of a directory of zone files"

    def place(self, text: str, surroundings: Surroundings) -> Path:
        """Resolve the path and look whether it is there."""
        path = _resolve(text, surroundings.directory)
        try:
            if not stat.S_ISDIR(path.stat().st_mode):
                path.open("rb").close()
            else:
                next(path.iterdir(), None)
        except OSError as error:
            refuse(
                "unreadable-path", f"is {path}: {error.strerror}", self.expected, _mend(error, path)
            )
        return path


@dataclass(frozen=True)
class ReadableFile(PlacedKind):
    """A file that exists and can be read; read as an absolute path, the word as None.

    Attributes:
        what: what the file holds, a noun phrase.
        word: stands for no file; empty where there must be one.
    """

    what: str
    word: str = ""

    @property
    def expected(self) -> str:
        """What the file holds, and the word."""
        return f"the path of {self.what}" + (f", or {self.word}" if self.word else "")

    def read(self, written: object) -> Any:
        """Take text; nothing is the word."""
        return super().read(self.word if written is None and self.word else written)

    def place(self, text: str, surroundings: Surroundings) -> Path | None:
        """Resolve the path and look whether it can be read."""
        if self.word and text == self.word:
            return None
        path = _resolve(text, surroundings.directory)
        try:
            with path.open("rb") as file:
                file.read(1)
        except OSError as error:
            refuse(
                "unreadable-path", f"is {path}: {error.strerror}", self.expected, _mend(error, path)
            )
        return path


class AuthoritiesFile(ReadableFile):
    """A file of certificates that others must lead to; read as an absolute path."""

    def place(self, text: str, surroundings: Surroundings) -> Path | None:
        """Resolve the path and look whether there is a certificate."""
        path = super().place(text, surroundings)
        if path is not None:
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
            except ssl.SSLError:
                message = f"is {path}, which holds no certificates"
                refuse("no-authorities", message, self.expected)
        return path


class AnchorsFile(PlacedKind):
    """A file of DNSSEC trust anchors, or a word; read as its path and the anchors."""

    noun = "builtin, none, or the path of a file of DS and DNSKEY records"

    def read(self, written: object) -> Any:
        """Take text; nothing is builtin."""
        return super().read("builtin" if written is None else written)

    def place(
        self, text: str, surroundings: Surroundings
    ) -> tuple[Path | None, dict[bytes, tuple[Ds, ...]]]:
        """Read the anchors, so that no worker has to; none of them is no validation."""
        if text in OFF_WORDS:
            return None, {}
        if text == "builtin":
            return None, builtin_anchors()
        path = _resolve(text, surroundings.directory)
        try:
            with path.open("rb") as file:
                octets = file.read(MAX_TEXT_OCTETS + 1)
        except OSError as error:
            refuse(
                "unreadable-path", f"is {path}: {error.strerror}", self.expected, _mend(error, path)
            )
        try:
            # What is not ASCII may stand in a comment; elsewhere it is refused.
            return path, read_anchors(octets.decode("utf-8", "replace"))
        except AnchorError as error:
            place = f"{path}:{error.line}" if error.line else str(path)
            refuse("bad-anchor", f"is {place}: {error.reason}", self.expected)


class SecretFile(PlacedKind):
    """A file of cookie secrets that only its owner can read; read as its path and them."""

    noun = "the path of a file of one or two lines of 32 hexadecimal digits, or none"
    null = "none"

    def place(self, text: str, surroundings: Surroundings) -> tuple[Path | None, tuple[bytes, ...]]:
        """Read the secrets; what they are never stands in a message."""
        if text in OFF_WORDS:
            return None, ()
        path = _resolve(text, surroundings.directory)
        try:
            mode = path.stat().st_mode
            with path.open("rb") as file:
                lines = file.read(_MAX_SECRET_FILE).decode("ascii", "replace").split()
        except OSError as error:
            refuse(
                "unreadable-path", f"is {path}: {error.strerror}", self.expected, _mend(error, path)
            )
        if mode & 0o077:
            message = f"is {path}, which others than its owner can read"
            refuse("open-secret", message, "a file of mode 600", f"chmod 600 {path}")
        if not 1 <= len(lines) <= _MAX_SECRETS or not all(map(_SECRET.fullmatch, lines)):
            hint = f"openssl rand -hex 16 > {path}"
            refuse("bad-secret", f"is {path}, which holds no secrets", self.expected, hint)
        return path, tuple(bytes.fromhex(line) for line in lines)


class UserName(PlacedKind):
    """A user to become: auto, none, or the name of a user there is; None keeps who we are."""

    noun = "the name of a user, auto, or none"
    null = "none"

    def place(self, text: str, surroundings: Surroundings) -> str | None:
        """Find the user; ``auto`` is dnsd where there is such a user."""
        machine = surroundings.machine
        if text in OFF_WORDS or not machine.superuser:
            return None
        if text == "auto":
            return "dnsd" if "dnsd" in machine.users else None
        if text not in machine.users:
            command = f"useradd --system --no-create-home --shell /usr/sbin/nologin {text}"
            refuse(
                "user-unknown",
                f"is {shown(text)}, and there is no such user",
                self.expected,
                command,
            )
        return text


def _resolve(text: str, directory: Path) -> Path:
    path = Path(text)
    if path.is_absolute():
        return path
    resolved = (directory / path).resolve()
    if not resolved.is_relative_to(directory.resolve()):
        message = f"is {shown(text)}, which leads out of {directory}"
        refuse(
            "path-escape", message, "a path below that directory, or from the root", str(resolved)
        )
    return directory / path


def _mend(error: OSError, path: Path) -> str:
    if isinstance(error, PermissionError):
        return f"let the user who starts dnsd read {path}"
    return ""

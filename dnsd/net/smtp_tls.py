"""TLS of the sending end of SMTP: the handshake in memory, and who the server proved to be.

Which proof is asked for is decided in ``mail.delivery``; here are contexts for the three
kinds of it: none (any certificate will do, RFC 7435), the names and the authorities of
the system (RFC 8461 §4.1), and TLSA records (RFC 7672), which are judged after the
handshake, because OpenSSL's own DANE has no binding.
"""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING, Any, Final, cast

from dnsd.mail import dane

if TYPE_CHECKING:
    from pathlib import Path

    from dnsd.mail.tls_policy import TlsPolicy

_READ_OCTETS: Final = 65536
_DER: Final = 2  # `_ssl.ENCODING_DER`


class SmtpTls:
    """Contexts for connections to servers of mail; one set serves all connections."""

    def __init__(self, trust: Path | None = None) -> None:
        """Take what to trust.

        Args:
            trust: a file of authorities in PEM; None for the system's.

        Raises:
            OSError: the file cannot be read.
        """
        # RFC 7672 §8 and RFC 8461 §4.1 ask for no more than TLS 1.2 with SNI.
        self._any = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._any.check_hostname = False
        self._any.verify_mode = ssl.CERT_NONE
        self._any.minimum_version = ssl.TLSVersion.TLSv1_2
        self._trusted = ssl.create_default_context(cafile=trust)
        self._trusted.minimum_version = ssl.TLSVersion.TLSv1_2

    def begin(self, policy: TlsPolicy) -> TlsSide:
        """Begin a handshake."""
        context = self._trusted if policy.needs_authority else self._any
        return TlsSide(context, policy)


class TlsSide:
    """One side of one TLS connection, octets in and octets out.

    Attributes:
        is_open: the handshake is done and the server is who it has to be.
    """

    def __init__(self, context: ssl.SSLContext, policy: TlsPolicy) -> None:
        self.is_open = False
        self._policy = policy
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=policy.server_name or None
        )

    def shake_hands(self, octets: bytes, wall_now: int) -> str:
        """Go on with the handshake.

        Args:
            octets: as they came.
            wall_now: Unix seconds.

        Returns:
            Why it failed, for people; empty while it has not. `is_open` tells whether
            it is done.
        """
        self._incoming.write(octets)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return ""
        except ssl.SSLCertVerificationError as error:
            return f"its certificate is not trusted: {error.verify_message}"
        except ssl.SSLError as error:
            return f"TLS handshake: {error.reason or error}"
        if why := dane.refusal(self._policy, self._chain(), wall_now):
            return why
        self.is_open = True
        return ""

    def decrypt(self, octets: bytes) -> tuple[bytes, bool]:
        """Return what the server sent, and whether it can send more.

        No octet of a damaged stream is returned.
        """
        self._incoming.write(octets)
        pieces = []
        try:
            while piece := self._tls.read(_READ_OCTETS):
                pieces.append(piece)
        except ssl.SSLWantReadError:
            return b"".join(pieces), True
        except ssl.SSLError:
            pass
        return b"".join(pieces), False

    def encrypt(self, octets: bytes) -> None:
        """Take octets for the server.

        Raises:
            ssl.SSLError: the connection is over.
        """
        self._tls.write(octets)

    def close(self) -> None:
        """Say that no more comes."""
        # The server's own word for it has not come; nobody waits for it.
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()

    def octets_to_send(self) -> bytes:
        """Return what has to be written to the connection."""
        return self._outgoing.read()

    @property
    def version(self) -> str:
        """The version of TLS and the cipher, for people."""
        cipher = self._tls.cipher()
        return f"{self._tls.version()} {cipher[0] if cipher else ''}".strip()

    def _chain(self) -> list[bytes]:
        """Return the certificates that the server sent, DER, its own first."""
        tls: Any = self._tls
        if hasattr(tls, "get_unverified_chain"):  # since Python 3.13
            return cast("list[bytes]", tls.get_unverified_chain() or [])
        chain = tls._sslobj.get_unverified_chain() or []  # noqa: SLF001 - the same in 3.11
        return [certificate.public_bytes(_DER) for certificate in chain]

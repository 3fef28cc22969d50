"""MTA-STS: what a domain's policy says of its hosts (RFC 8461).

Here: the record that tells that there is a policy, the policy's text, and whether a host
fits it. Fetching is ``net``'s, keeping ``mtasts_cache``'s. Both texts come from whoever
owns the domain: they are bounded, and what breaks a rule is no policy at all.
"""

from __future__ import annotations

import enum
import re
from typing import Final, NamedTuple

# RFC 8461 §3.2 bounds max_age; the size is a suggestion of §3.3.
MAX_AGE_S: Final = 31_557_600
MAX_POLICY_OCTETS: Final = 65_536
MAX_HOSTS: Final = 100

_RECORD: Final = re.compile(
    rb"v=STSv1[ \t]*;[ \t]*id[ \t]*=[ \t]*([A-Za-z0-9]{1,32})[ \t]*(?:;.*)?", re.DOTALL
)
_HOST: Final = re.compile(
    r"(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*"
)


class Mode(enum.Enum):
    """What happens to mail whose host fails the policy."""

    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"


class PolicyError(ValueError):
    """It is no policy; the text says why."""


class Policy(NamedTuple):
    """A policy.

    Attributes:
        mode: what happens to mail whose host fails.
        hosts: patterns, lower case.
        max_age_s: how long it counts after it was fetched.
    """

    mode: Mode
    hosts: tuple[str, ...]
    max_age_s: int

    def admits(self, host: str) -> bool:
        """Tell whether a host is one of the policy's (RFC 8461 §4.1).

        Args:
            host: name in lower case without a final dot.
        """
        for pattern in self.hosts:
            # A wildcard stands for one label, the first.
            if pattern == host or (pattern[:2] == "*." and host.partition(".")[2] == pattern[2:]):
                return True
        return False


def record_id(texts: list[bytes]) -> str | None:
    """Return the id of the one record at ``_mta-sts``; None if there is no policy.

    Source: RFC 8461 §3.1: none or several that begin with ``v=STSv1;`` are none.

    Args:
        texts: of the TXT records.
    """
    ours = [text for text in texts if text.startswith(b"v=STSv1")]
    match = _RECORD.fullmatch(ours[0]) if len(ours) == 1 else None
    return match[1].decode("ascii") if match else None


def parse(octets: bytes) -> Policy:
    """Read a policy (RFC 8461 §3.2).

    Args:
        octets: of the body of the response.

    Raises:
        PolicyError: it is none.
    """
    if len(octets) > MAX_POLICY_OCTETS:
        raise PolicyError("the policy is too long")
    fields: dict[str, list[str]] = {}
    for line in octets.decode("utf-8", "replace").splitlines():
        key, colon, value = line.partition(":")
        if line.strip() and not colon:
            raise PolicyError("a line of the policy has no colon")
        fields.setdefault(key.strip(), []).append(value.strip())
    # Of fields other than mx the first counts.
    if fields.get("version", [""])[0] != "STSv1":
        raise PolicyError("the policy's version is not STSv1")
    mode = next((m for m in Mode if m.value == fields.get("mode", [""])[0]), None)
    age = fields.get("max_age", [""])[0]
    if mode is None:
        raise PolicyError("the policy has no mode that is known")
    if not re.fullmatch("[0-9]{1,10}", age):
        raise PolicyError("the policy has no max_age")
    hosts = tuple(host.lower().removesuffix(".") for host in fields.get("mx", []))
    if len(hosts) > MAX_HOSTS or not all(_HOST.fullmatch(host) for host in hosts):
        raise PolicyError("the policy names what is no host, or too many")
    if mode is not Mode.NONE and not hosts:
        raise PolicyError("the policy names no host")
    return Policy(mode, hosts, min(int(age), MAX_AGE_S))

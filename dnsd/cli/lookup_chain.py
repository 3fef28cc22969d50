"""The chain of trust of an answer in words, from the anchor down.

    www.bank.test. 300 A 192.0.2.80

    secure: its owner signed this, and every signature from the trust anchor down holds

     1  the root, a trust anchor
        DS 10202 ED25519 SHA-256 d952…
          vouches for key 10202
        its keys are signed by key 10202 of the root (expires in 9 d)
     2  test.
        DS 53583 ED25519 SHA-256 118d…
          vouches for key 53583, signed by key 10202 of the root (expires in 5 d)
        its keys are signed by key 53583 of test. (expires in 5 d)
     3  …
     4  www.bank.test. A is signed by key 22106 of bank.test. (expires in 3 d)

It is that by which the resolver itself judges (`control.operations_chain`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.cli.lookup_report import error_name, plain
from dnsd.wire import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.control.chain_shapes import (
        ChainDs,
        ChainEnd,
        ChainLink,
        ChainSignature,
        SignedSet,
        TrustChain,
    )

_STATUS: Final = {
    "secure": "its owner signed this, and every signature from the trust anchor down holds",
    "insecure": "its owner does not sign, so nobody can tell whether it was changed on the way",
    "bogus": "this should be signed and is not as it should be; it may be forged, so nobody gets it",
}
_NOT_VALIDATED: Final = "it was not validated, so nobody can tell whether it was changed on the way"
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))
_DIGESTS: Final = {"SHA1": "SHA-1", "SHA256": "SHA-256", "SHA384": "SHA-384"}


def chain_lines(chain: TrustChain, name: bytes, rrtype: str) -> Iterator[str]:
    """Write the chain of trust of one answer.

    Args:
        chain: as the daemon tells it.
        name: that was asked for, in canonical form.
        rrtype: that was asked for.
    """
    yield from _answer(chain, names.to_text(name), rrtype)
    yield ""
    yield from _verdict(chain)
    number = 0
    for number, link in enumerate(chain["links"], start=1):
        if number == 1:
            yield ""
        lines = _link(link)
        yield f"{number:2}  {next(lines)}"
        for line in lines:
            yield f"    {line}"
    for text in (*map(_signed, chain["signed"]), *map(_end, chain["ends"])):
        number += 1
        yield f"{number:2}  {text}"


def _answer(chain: TrustChain, name: str, rrtype: str) -> Iterator[str]:
    yield from chain["answer"]
    if chain["rcode"] == "NXDOMAIN":
        yield f"{name} does not exist"
    elif chain["rcode"] != "NOERROR":
        yield f"{name} {rrtype} is not answered ({chain['rcode']})"
    elif not chain["answer"]:
        yield f"{name} has no {rrtype} records"


def _verdict(chain: TrustChain) -> Iterator[str]:
    """Say what the answer is worth, and the one reason if there is one."""
    status = chain["status"]
    said = _why_unknown(chain) if status == "indeterminate" else _STATUS[status]
    if status == "insecure" and chain["reason_code"] is not None:
        said = _NOT_VALIDATED
    yield f"{status}: {said}"
    if chain["reason_code"] is not None:
        meaning = error_name(chain["reason_code"])
        text = plain(chain["reason"])
        yield f"because: {text} ({meaning})" if text else f"because: {meaning}"
    broken = chain["broken"]
    if broken is not None:
        yield f"where: {broken['type']} of {_zone(broken['name'])}"


def _why_unknown(chain: TrustChain) -> str:
    if not chain["anchors"]:
        return "there is no trust anchor, so nothing is validated"
    if chain["rcode"] not in ("NOERROR", "NXDOMAIN"):
        return "it could not be found out, which says nothing of signatures"
    return f"no trust anchor is above it, only {', '.join(map(_zone, chain['anchors']))}"


def _link(link: ChainLink) -> Iterator[str]:
    zone = _zone(link["zone"])
    yield f"{zone}, a trust anchor" if link["anchor"] else zone
    signature = link["ds_signature"]
    by = "" if signature is None else f", signed by {_signature(signature)}"
    for ds in link["ds"]:
        yield _ds(ds)
        yield f"  {_vouches(ds, link)}{by}"
    if link["keys_signature"] is not None:
        yield f"its keys are signed by {_signature(link['keys_signature'])}"
        others = [str(key["key_tag"]) for key in link["keys"] if not key["vouched_for"]]
        if others:
            yield f"  so they may sign too: key {', key '.join(others)}"
    if link["status"] == "insecure":
        yield f"signing ends here: {plain(link['reason'])}"
    elif link["status"] == "bogus":
        yield f"the chain breaks here: {plain(link['reason'])}"


def _ds(ds: ChainDs) -> str:
    digest_type = _DIGESTS.get(ds["digest_type"], f"digest type {ds['digest_type']}")
    return f"DS {ds['key_tag']} {_algorithm(ds['algorithm'])} {digest_type} {ds['digest']}"


def _vouches(ds: ChainDs, link: ChainLink) -> str:
    if ds["vouches"]:
        return f"vouches for key {ds['key_tag']}"
    if not link["keys"]:
        return "vouches for a key that was not looked at"
    return "vouches for none of its keys"


def _end(end: ChainEnd) -> str:
    if end["proof"] == "DS":
        return (
            f"{_zone(end['zone'])} says with DS how {end['name']} is signed, in a way that is"
            f" unknown here: {plain(end['reason'])}"
        )
    return f"{_zone(end['zone'])} proves with {end['proof']} that {end['name']} is not signed"


def _signed(signed: SignedSet) -> str:
    wildcard = f" (made of {signed['wildcard']})" if signed["wildcard"] else ""
    by = _signature(signed["signature"])
    return f"{signed['name']} {signed['type']}{wildcard} is signed by {by}"


def _signature(signature: ChainSignature) -> str:
    by = f"key {signature['key_tag']} of {_zone(signature['zone'])}"
    return f"{by} (expires in {_left(signature['expires_s'])})"


def _left(seconds: int) -> str:
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _algorithm(text: str) -> str:
    return f"algorithm {text}" if text.isdecimal() else text


def _zone(name: str) -> str:
    return "the root" if name == "." else name

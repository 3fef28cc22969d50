"""The way to an answer from the root down, each step in words.

     1  asked a.root.test. (192.0.2.1), a server of the root, for test. A
        it refers to the servers of test., UDP, 3 ms
          ns.test. 192.0.2.2
     2  …

The steps are those of the resolver itself (`control.operations_trace`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.cli.lookup_report import error_text, plain
from dnsd.cli.printing import counted
from dnsd.wire import names
from dnsd.wire.edns_options import Error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.control.chain_shapes import TrustChain
    from dnsd.control.shapes import Trace, TraceStep

_RESULTS: Final = {
    "timed_out": "it does not answer in time",
    "unreachable": "it cannot be reached",
    "wrong_id": "replies with a wrong ID came: somebody guesses, so it is asked over TCP",
    "case_changed": "its replies have other letter case than the question, which proves nothing",
    "closed": "it closed the connection, or sent something else",
    "no_socket": "no socket was free to ask it",
    "untrusted": "its certificate is not trusted, so it is told nothing",
}


def trace_lines(trace: Trace, name: bytes, rrtype: str) -> Iterator[str]:
    """Write a trace.

    Args:
        trace: of one question.
        name: that was asked for, in canonical form.
        rrtype: that was asked for.
    """
    chain = [name]
    for place, step in enumerate(trace["steps"], start=1):
        lines = _step(step, chain)
        yield f"{place:2}  {next(lines)}"
        for line in lines:
            yield f"    {line}"
        if step["meaning"] == "alias" and _is_on_the_way(step, chain):
            chain.append(names.from_text(step["end"]))
    if trace["omitted"]:
        yield f"    and {trace['omitted']} more steps"
    yield ""
    yield from _end(trace, name, rrtype)


def leads_to_records(trace: Trace | TrustChain, rrtype: str) -> bool:
    """Tell whether a trace or a chain of trust ends with records of the type asked for."""
    types = {line.split()[2] for line in trace["answer"]}
    return trace["rcode"] == "NOERROR" and bool(types) and (rrtype == "ANY" or rrtype in types)


def _step(step: TraceStep, chain: list[bytes]) -> Iterator[str]:
    zone = "the root" if step["zone"] == "." else step["zone"]
    server = f"{step['server']} ({step['address']})" if step["server"] else step["address"]
    yield f"asked {server}, a server of {zone}, for {step['name']} {step['type']}{_why(step, chain)}"
    time = f", {step['seconds'] * 1000:.0f} ms" if step["result"] == "reply" else ""
    yield f"{_said(step)}, {step['transport'].upper()}{time}"
    for text in step["servers"] if step["meaning"] == "referral" else step["records"]:
        yield f"  {text}"
    if step["dropped"]:
        sets = counted(step["dropped"], "record set")
        yield f"left out: {sets} that a server of {zone} has no say in"
    if step["remark"]:
        yield plain(step["remark"])


def _is_on_the_way(step: TraceStep, chain: list[bytes]) -> bool:
    return names.is_subdomain(chain[-1], names.from_text(step["name"]))


def _why(step: TraceStep, chain: list[bytes]) -> str:
    """Say why something else than the question is asked for."""
    asked = names.from_text(step["name"])
    if asked == chain[-1]:
        return ""
    if step["type"] in ("DNSKEY", "DS"):
        return " (to validate what is said)"
    if asked == names.ROOT:
        return " (to begin with)"
    if _is_on_the_way(step, chain):
        return " (all it needs to know of the name)"
    return " (to find a name server's address)"


def _said(step: TraceStep) -> str:
    if step["result"] != "reply":
        return _RESULTS.get(step["result"], step["result"])
    if step["wants_tcp"]:
        return "what it says must be asked for over TCP: it is too long, or easily forged"
    match step["meaning"]:
        case "answer":
            return "it answers"
        case "alias":
            return f"it says that this is an alias, which leads to {step['end']}"
        case "nodata":
            return f"it says that {step['end']} has no such records"
        case "nxdomain":
            return f"it says that {step['end']} does not exist"
        case "referral":
            return f"it refers to the servers of {step['cut']}"
        case "lame":
            return f"it does not serve {step['zone']} (lame)"
        case _:
            return f"it gives nothing that can be used ({step['rcode'] or 'malformed'})"


def _end(trace: Trace, name: bytes, rrtype: str) -> Iterator[str]:
    text = names.to_text(name)
    yield from trace["answer"]
    if trace["rcode"] == "NXDOMAIN":
        yield f"{text} does not exist"
    elif trace["rcode"] != "NOERROR":
        yield f"{text} {rrtype} could not be found out ({trace['rcode']})"
    elif not trace["answer"]:
        yield f"{text} has no {rrtype} records"
    if trace["error_code"] is not None:
        error = Error(trace["error_code"], trace["error_text"])
        yield f"because: {error_text(error)}"
    if trace["limits"]:
        yield f"limits that were hit: {', '.join(trace['limits'])}"
    yield f"{trace['packets']} queries, {trace['seconds'] * 1000:.0f} ms"

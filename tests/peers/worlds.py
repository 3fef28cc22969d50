"""Generated zones full of the shapes that name servers get wrong.

A world is an apex zone and perhaps a child zone that the same server holds.
Labels are few, so that wildcards, empty non-terminals, cuts, DNAMEs and chains
meet at the same names. Every zone can be loaded by named, nsd, knotd and dnsd:
what servers refuse at load is a subject of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

LABELS = ("a", "b", "c", "*", "ns", "w")
TYPES = ("A", "AAAA", "TXT", "MX", "CNAME", "DNAME", "NS", "SOA", "DS", "SRV")
MAX_DEPTH = 4


@dataclass
class World:
    """Zones by origin, as lists of (owner, TTL, type, rdata) in text."""

    origin: str
    zones: dict[str, list[tuple[str, int, str, str]]] = field(default_factory=dict)

    def texts(self):
        """Each zone as master-file text."""
        return {
            origin: "".join(f"{o} {ttl} IN {t} {r}\n" for o, ttl, t, r in records)
            for origin, records in self.zones.items()
        }

    def questions(self):
        """Every owner with its parents, children and siblings, by every main type."""
        owners = {owner for records in self.zones.values() for owner, *_ in records}
        asked = set(owners)
        for owner in owners:
            labels = owner.split(".")
            # Parents down to the apex: empty non-terminals are among them.
            for i in range(1, len(labels) - self.origin.count(".")):
                asked.add(".".join(labels[i:]))
            asked |= {f"x.{owner}", f"*.{owner}", f"a.b.{owner}"}
        return [(name, rrtype) for name in sorted(asked) for rrtype in (*TYPES, "ANY")]


class _Builder:
    """Draws one zone; keeps what makes a zone unloadable out of it."""

    def __init__(self, draw, origin, children):
        self.draw = draw
        self.origin = origin
        self.children = children
        self.records = []
        self.types = {}

    def name(self, *, deep=True):
        depth = self.draw.choice((1, 1, 1, 2, 2, 3, MAX_DEPTH) if deep else (1, 2))
        labels = [self.draw.choice(LABELS) for _ in range(depth)]
        return ".".join([*labels, self.origin])

    def target(self):
        """A name that a record may point to: mostly inside, at times outside."""
        kind = self.draw.random()
        if kind < 0.75:
            return self.name()
        if kind < 0.85:
            return self.origin
        return f"{self.draw.choice('ab')}.elsewhere.example."

    def add(self, owner, rrtype, rdata, ttl=None):
        present = self.types.setdefault(owner, {})
        alone = rrtype == "CNAME"
        if "CNAME" in present or (alone and present):
            return
        if rrtype == "DNAME" and ("DNAME" in present or "NS" in present or self._has_below(owner)):
            return
        if rrtype == "NS" and owner != self.origin and ("DNAME" in present or "*" in owner):
            return
        if self._below_dname(owner) or (rrtype not in ("NS", "DS") and self._is_hidden(owner)):
            return
        ttl = present.setdefault(rrtype, ttl if ttl is not None else self.draw.choice((60, 300)))
        record = (owner, ttl, rrtype, rdata)
        if record not in self.records:
            self.records.append(record)

    def _has_below(self, owner):
        return any(other.endswith("." + owner) for other in self.types)

    def _is_hidden(self, owner):
        """Tell whether a child zone holds the name; nsd would mix their records up.

        The delegation and its name server's address stand in both.
        """
        return (
            any(owner.endswith("." + child) and owner != f"ns.{child}" for child in self.children)
            or owner in self.children
        )

    def _below_dname(self, owner):
        return any("DNAME" in types and owner.endswith("." + other)
                   for other, types in self.types.items())  # fmt: skip


def _fill(builder, draw, size):
    numbers = iter(range(1, 255))
    for _ in range(size):
        owner = builder.name()
        kind = draw.choice(("A", "A", "AAAA", "TXT", "MX", "CNAME", "CNAME", "DNAME", "NS", "SRV"))
        number = next(numbers)
        if kind == "A":
            builder.add(owner, "A", f"192.0.2.{number}")
        elif kind == "AAAA":
            builder.add(owner, "AAAA", f"2001:db8::{number:x}")
        elif kind == "TXT":
            text = "x" * draw.choice((5, 60, 250))
            for i in range(draw.choice((1, 1, 2, 7))):
                builder.add(owner, "TXT", f'"{i}{text}"')
        elif kind == "MX":
            for i in range(draw.choice((1, 2))):
                builder.add(owner, "MX", f"{10 * i} {builder.target()}")
        elif kind == "SRV":
            builder.add(owner, "SRV", f"0 0 25 {builder.target()}")
        elif kind in ("CNAME", "DNAME"):
            builder.add(owner, kind, builder.target())
        else:
            _delegate(builder, draw, builder.name(deep=draw.random() < 0.3), number)


def _delegate(builder, draw, owner, number):
    """Cut a child away: glue inside it, beside it, or none; at times a DS."""
    if "*" in owner or owner == builder.origin:
        return
    kind = draw.choice(("inside", "beside", "outside"))
    host = {
        "inside": f"ns.{owner}",
        "beside": f"ns.{draw.choice('abc')}.{builder.origin}",
        "outside": "ns.elsewhere.example.",
    }[kind]
    builder.add(owner, "NS", host)
    if owner not in builder.types or "NS" not in builder.types[owner]:
        return
    if kind != "outside":
        builder.add(host, "A", f"198.51.100.{number}")
        if draw.random() < 0.5:
            builder.add(host, "AAAA", f"2001:db8:1::{number:x}")
    if draw.random() < 0.4:
        builder.add(owner, "DS", f"{number} 13 2 {number:02x}{'ab' * 31}")


def world(draw, number):
    """Draw one world; ``draw`` is a ``random.Random``, ``number`` makes its origin unique."""
    origin = f"w{number}.test."
    made = World(origin)
    origins = [origin]
    if draw.random() < 0.4:
        origins.append(f"{draw.choice('ab')}.{origin}")
    if draw.random() < 0.1:
        origins.append(f"c.{draw.choice('ab')}.{origin}")
    for apex in origins:
        children = [o for o in origins if o != apex and o.endswith("." + apex)]
        builder = _Builder(draw, apex, children)
        negative = draw.choice((30, 900))
        builder.add(apex, "SOA", f"ns.{apex} host.{apex} 1 3600 600 86400 {negative}", ttl=300)
        builder.add(apex, "NS", f"ns.{apex}")
        builder.add(f"ns.{apex}", "A", "192.0.2.53")
        if draw.random() < 0.15:
            builder.add(f"*.{apex}", "A", "192.0.2.77")
        for child in children:
            if draw.random() < 0.7:
                builder.add(child, "NS", f"ns.{child}")
                builder.add(f"ns.{child}", "A", "192.0.2.54")
        _fill(builder, draw, draw.choice((3, 6, 10, 16)))
        made.zones[apex] = builder.records
    return made

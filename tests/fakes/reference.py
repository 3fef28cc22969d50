"""What an authoritative server has to say, as slowly and plainly as possible.

The answers of ``dnsd.authority`` are compared with these. Nothing is shared
with it: names are tuples of labels, leaf first, the root is ``()``; types are
text; a zone is a dict of names to a dict of types to (TTL, list of values); a
world is a dict of origins to zones. A value is what the type needs: for NS,
CNAME and DNAME the target, for MX (preference, target), for SOA its MINIMUM,
else anything.

The steps are those of RFC 1034 §4.3.2 with the changes of RFC 4592 §3.3.1 and
RFC 6672 §3.2: from the apex down, label by label.
"""

MAX_LINKS = 11
MAX_NAME_OCTETS = 255


def respond(world, qname, qtype):
    """Return the reply as a dict, None without a zone for it.

    The sections are lists of RRsets: (owner, type, TTL, values). What a node
    has for type ANY stands apart, since not all of it need be sent.
    """
    origin = responsible(world, qname, qtype)
    if origin is None:
        return None
    reply = {"rcode": "NOERROR", "aa": True, "answer": [], "authority": [], "additional": [],
             "required": [], "any": None}  # fmt: skip
    seen = set()
    for _ in range(MAX_LINKS + 1):
        zone = world[origin]
        kind, place, node = walk(zone, origin, qname, qtype)
        if kind == "data" and qtype == "ANY":
            reply["any"] = [(qname, rrtype, *rrset) for rrtype, rrset in node.items()]
            break
        if kind == "data":
            ttl, values = node[qtype]
            reply["answer"].append((qname, qtype, ttl, values))
            reply["additional"] = beside(zone, origin, qtype, values)
            break
        if kind == "referral":
            reply["aa"] = bool(reply["answer"])
            ttl, servers = node["NS"]
            reply["authority"].append((place, "NS", ttl, servers))
            for server in unique(servers):
                if is_below(server, place):
                    reply["required"] += addresses_of(zone.get(server, {}), server)
                else:
                    reply["additional"] += addresses(zone, origin, server, glue=True)
            reply["additional"] += reply["required"]
            break
        if kind in ("no data", "name error"):
            if kind == "name error":
                reply["rcode"] = "NXDOMAIN"
            ttl, (minimum,) = zone[origin]["SOA"]
            reply["authority"].append((origin, "SOA", min(ttl, minimum), [minimum]))
            break
        if kind == "cname":
            ttl, (target,) = node["CNAME"]
        else:
            ttl, (stem,) = node["DNAME"]
            if (place, "DNAME", ttl, [stem]) not in reply["answer"]:
                reply["answer"].append((place, "DNAME", ttl, [stem]))
            target = qname[: len(qname) - len(place)] + stem
            if sum(1 + len(label) for label in target) + 1 > MAX_NAME_OCTETS:
                reply["rcode"] = "YXDOMAIN"
                break
        reply["answer"].append((qname, "CNAME", ttl, [target]))
        seen.add(qname)
        if target in seen or qtype == "CNAME":
            break
        qname = target
        # At the apex of the zone it is in, a chain asking for DS goes no further up.
        if qtype != "DS" or qname != origin:
            origin = responsible(world, qname, qtype)
        if origin is None:
            break
    return reply


def responsible(world, qname, qtype):
    """Return the origin of the zone to look in."""
    above = [qname[i:] for i in range(len(qname) + 1) if qname[i:] in world]
    if qtype == "DS" and len(above) > 1 and above[0] == qname:
        return above[1]
    return above[0] if above else None


def walk(zone, origin, qname, qtype):
    """Match down from the apex: what is there, where, and the node.

    For data and its absence the node is the one that stands for the name.
    """
    for i in range(len(qname) - len(origin), -1, -1):
        place = qname[i:]
        node = zone.get(place, {})
        if "NS" in node and place != origin and not (place == qname and qtype == "DS"):
            return "referral", place, node
        if place == qname:
            return match(node, place, qtype)
        if "DNAME" in node:
            return "dname", place, node
        if not exists(zone, qname[i - 1 :]):
            source = (b"*", *place)
            if exists(zone, source):
                return match(zone.get(source, {}), place, qtype)
            return "name error", place, {}
    raise AssertionError("the name is not in the zone")


def match(node, place, qtype):
    """Match the type at the node that stands for the name."""
    if qtype in node or (qtype == "ANY" and node):
        return "data", place, node
    if "CNAME" in node and qtype not in ("RRSIG", "NSEC"):
        return "cname", place, node
    return "no data", place, node


def exists(zone, name):
    """A name exists if it or any name below it owns a record."""
    return any(is_below(owner, name) for owner in zone)


def is_below(name, ancestor):
    return name[len(name) - len(ancestor) :] == ancestor and len(name) >= len(ancestor)


def beside(zone, origin, qtype, values):
    """Return addresses of the names that values point to."""
    if qtype == "NS":
        targets = values
    elif qtype == "MX":
        targets = [target for _, target in values]
    else:
        return []
    found = []
    for target in unique(targets):
        found += addresses(zone, origin, target, glue=qtype == "NS")
    return found


def addresses(zone, origin, target, *, glue):
    """Return what the zone has for a target, itself or by a wildcard."""
    if not target or not is_below(target, origin):
        return []
    kind, _, node = walk(zone, origin, target, "A")
    if kind in ("data", "no data"):
        return addresses_of(node, target)
    if kind == "referral" and glue:
        return addresses_of(zone.get(target, {}), target)
    return []


def addresses_of(node, owner):
    return [(owner, rrtype, *node[rrtype]) for rrtype in ("A", "AAAA") if rrtype in node]


def unique(values):
    return list(dict.fromkeys(values))

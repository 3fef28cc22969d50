"""Hypothesis strategies for the records of a zone: any octets that DNS allows."""

from hypothesis import strategies as st

from dnsd.authority.zonefile.draft import Record
from dnsd.source.problems import Where
from dnsd.wire import names
from dnsd.wire.iana import RRType

ORIGIN = names.from_text("example.test.")
PLACE = Where("generated")


def joined(*parts):
    """Octets of several strategies, one behind the other."""
    return st.tuples(*parts).map(b"".join)


def number(size):
    """An unsigned number of so many octets."""
    return st.binary(min_size=size, max_size=size)


def string(content):
    """A string with its length in front."""
    return content.map(lambda octets: bytes([len(octets)]) + octets)


labels = st.binary(min_size=1, max_size=12) | st.sampled_from(
    [
        b"www",
        b"*",
        b"_tcp",
        b"xn--caf-dma",
        b"no",
        b"010",
        b"@",
        b"a.b",
        b"$",
        b"host2",
        b"host10",
        b"1",
    ]
)
any_names = st.lists(labels, max_size=4).map(names.from_labels)
owners = st.lists(labels, max_size=3).map(
    lambda below: names.from_labels([*below, b"example", b"test"])
)
any_strings = string(
    st.binary(max_size=255) | st.sampled_from([b"", b'"', b"\\;", b"a;b", b'" "', b"\\# 1 00"])
)
texts = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=600)


def chunked(text):
    """TXT rdata as octoDNS makes it."""
    octets = text.encode()
    pieces = [octets[i : i + 255] for i in range(0, len(octets) or 1, 255)]
    return b"".join(bytes([len(piece)]) + piece for piece in pieces)


def parameters(chosen):
    """SvcParams in the order of their keys (RFC 9460 §2.2)."""
    return b"".join(
        key.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value
        for key, value in sorted(chosen.items())
    )


alpn = st.lists(string(st.binary(min_size=1, max_size=9)), min_size=1, max_size=3).map(b"".join)
svcparams = st.fixed_dictionaries(
    {},
    optional={
        1: alpn,
        3: number(2),
        4: st.lists(number(4), min_size=1, max_size=3).map(b"".join),
        6: st.lists(number(16), min_size=1, max_size=3).map(b"".join),
        7: st.just(b"/dns-query{?dns}"),
        65000: st.binary(max_size=9),
    },
).map(parameters)
digests = st.one_of(
    joined(number(2), number(1), st.just(bytes([kind])), number(size))
    for kind, size in ((1, 20), (2, 32), (4, 48))
)
certificates = joined(number(2), st.just(b"\x00"), st.binary(min_size=1, max_size=99))
locations = st.builds(
    lambda sizes, latitude, longitude, altitude: b"".join(
        [
            b"\x00",
            bytes(sizes),
            *(value.to_bytes(4, "big") for value in (latitude, longitude, altitude)),
        ]
    ),
    st.lists(
        st.sampled_from([m << 4 | e for m in range(1, 10) for e in range(10)]),
        min_size=3,
        max_size=3,
    ),
    st.integers(2**31 - 90 * 3600000, 2**31 + 90 * 3600000),
    st.integers(2**31 - 180 * 3600000, 2**31 + 180 * 3600000),
    st.integers(0, 2**32 - 1),
)

RDATA = {
    RRType.A: number(4),
    RRType.AAAA: number(16),
    RRType.NS: any_names,
    RRType.CNAME: any_names,
    RRType.PTR: any_names,
    RRType.DNAME: any_names,
    RRType.MX: joined(number(2), any_names),
    RRType.SRV: joined(number(6), any_names),
    RRType.SOA: joined(any_names, any_names, number(20)),
    RRType.TXT: st.lists(any_strings, min_size=1, max_size=3).map(b"".join) | texts.map(chunked),
    RRType.SPF: texts.map(chunked),
    RRType.CAA: joined(
        number(1), st.sampled_from([b"\x05issue", b"\x05iodef"]), st.binary(max_size=40)
    ),
    RRType.NAPTR: joined(number(4), any_strings, any_strings, any_strings, any_names),
    RRType.URI: joined(number(4), st.binary(min_size=1, max_size=60)),
    RRType.HINFO: joined(any_strings, any_strings),
    RRType.DS: digests,
    RRType.TLSA: certificates,
    RRType.SSHFP: joined(number(1), st.just(b"\x02"), number(32)),
    RRType.LOC: locations,
    RRType.SVCB: joined(st.just(b"\x00\x01"), any_names, svcparams),
    RRType.HTTPS: joined(st.just(b"\x00\x01"), any_names, svcparams),
    RRType.OPENPGPKEY: st.binary(min_size=1, max_size=60),
    65280: st.binary(max_size=40),
}

record_sets = st.sampled_from(sorted(RDATA)).flatmap(
    lambda rrtype: st.tuples(
        st.just(int(rrtype)),
        st.sampled_from([0, 60, 3600, 2**31 - 1]),
        st.lists(RDATA[rrtype], min_size=1, max_size=3, unique=True),
    )
)


def _records(sets):
    return [
        Record(owner, rrtype, ttl, rdata, PLACE)
        for (owner, rrtype), (ttl, rdatas) in sets.items()
        for rdata in rdatas
    ]


# Records of the zone ORIGIN; those of one name and type have one TTL.
zone_records = st.lists(st.tuples(owners, record_sets), max_size=6).map(
    lambda chosen: _records({(owner, kind): (ttl, values) for owner, (kind, ttl, values) in chosen})
)


def contents(records):
    """What records say, without their places, in one order."""
    return sorted((record.owner, record.type, record.ttl, record.rdata) for record in records)

"""One random fault in a signed zone: what signers, operators and attackers do wrong.

Each takes a ``random.Random`` and a ``Zone`` of ``peers.signed_zones`` and changes the
zone in place; some change nothing that a validator may object to.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from fakes.signed import rsa_dnskey
from peers.signed_zones import (
    CNAME,
    DAY,
    DNAME,
    DNSKEY,
    DS,
    NOW,
    NS,
    NSEC,
    NSEC3,
    NSEC3PARAM,
    SOA,
    TXT,
    A,
    key_of,
    signature,
)

from dnsd.dnssec.bitmaps import TypeBitmap, render
from dnsd.dnssec.digests import to_wire
from dnsd.dnssec.keys import Key
from dnsd.dnssec.nsec3_chain import Nsec3Policy
from dnsd.dnssec.nsec3_hash import Parameters
from dnsd.wire import names
from dnsd.wire.rrset import RRset

FAULTS = {}
ASKED = (A, SOA, 15, TXT, CNAME, DNAME, DNSKEY, NSEC, NSEC3, DS)


def fault(function):
    """Note a fault under its name."""
    FAULTS[function.__name__.replace("_", " ")] = function
    return function


def spoil(draw, zone):
    """Draw a fault, or none in one of eight; make it; its name."""
    if draw.random() < 1 / 8:
        return "none"
    name = draw.choice(list(FAULTS))
    FAULTS[name](draw, zone)
    return name


def pick(draw, zone, types=ASKED):
    """One signed RRset, the types equally likely."""
    found = [rrset for rrset in zone.signed() if rrset.type in types]
    rrtype = draw.choice(sorted({rrset.type for rrset in found}))
    zone.spoilt.append(rrtype)
    return draw.choice([rrset for rrset in found if rrset.type == rrtype])


def stranger(zone, number=2):
    """A key of the zone's algorithm that is not in it."""
    return key_of(zone.algorithm, number)


# Times


@fault
def one_expired(draw, zone):
    zone.sign(pick(draw, zone), inception=NOW - 30 * DAY, expiration=NOW - 4 * DAY)


@fault
def all_expired(_draw, zone):
    zone.sign_all(inception=NOW - 30 * DAY, expiration=NOW - 4 * DAY)


@fault
def one_in_the_future(draw, zone):
    zone.sign(pick(draw, zone), inception=NOW + 4 * DAY, expiration=NOW + 30 * DAY)


@fault
def all_in_the_future(_draw, zone):
    zone.sign_all(inception=NOW + 4 * DAY, expiration=NOW + 30 * DAY)


@fault
def expires_before_it_is_valid(draw, zone):
    zone.sign(pick(draw, zone), inception=NOW + 2 * DAY, expiration=NOW - 2 * DAY)


@fault
def one_expired_beside_a_right_one(draw, zone):
    rrset = pick(draw, zone)
    right = rrset.signatures
    zone.sign(rrset, inception=NOW - 30 * DAY, expiration=NOW - 4 * DAY)
    rrset.signatures += right


# Signatures


@fault
def no_signature_of_one(draw, zone):
    pick(draw, zone).signatures = ()


@fault
def no_signatures(_draw, zone):
    for rrset in zone.rrsets.values():
        rrset.signatures = ()


@fault
def nothing_signed_at_all(_draw, zone):
    for place in list(zone.rrsets):
        zone.rrsets[place].signatures = ()
        if place[1] in (DNSKEY, NSEC, NSEC3, NSEC3PARAM):
            del zone.rrsets[place]


@fault
def signed_by_a_key_that_is_not_there(draw, zone):
    zone.sign(pick(draw, zone), stranger(zone))


@fault
def signed_by_another_key_in_the_name_of_the_right_one(draw, zone):
    rrset = pick(draw, zone)
    tag = (zone.entry if rrset.type == DNSKEY else zone.signer).key.tag
    zone.sign(rrset, stranger(zone), key_tag=tag)


@fault
def another_key_tag(draw, zone):
    rrset = pick(draw, zone)
    zone.sign(rrset, key_tag=draw.randrange(65536))


@fault
def signature_with_a_flipped_bit(draw, zone):
    rrset = pick(draw, zone)
    octets = bytearray(rrset.signatures[0])
    octets[-1 - draw.randrange(40)] ^= 1 << draw.randrange(8)
    rrset.signatures = (bytes(octets),)


@fault
def signature_cut_short(draw, zone):
    rrset = pick(draw, zone)
    rrset.signatures = (rrset.signatures[0][: -draw.choice((1, 2, 20, 32))],)


@fault
def bad_signatures_beside_a_right_one(draw, zone):
    rrset = pick(draw, zone)
    right = rrset.signatures[0]
    count = draw.choice((1, 2, 3))
    bad = tuple(right[:-1] + bytes((right[-1] ^ n,)) for n in range(1, count + 1))
    rrset.signatures = (*bad, right) if draw.random() < 0.5 else (right, *bad)


@fault
def unknown_algorithm_beside_a_right_one(draw, zone):
    rrset = pick(draw, zone)
    right = rrset.signatures[0]
    rrset.signatures = (right[:2] + b"\xc8" + right[3:], right)


@fault
def unknown_algorithm_in_the_only_signature(draw, zone):
    rrset = pick(draw, zone)
    right = rrset.signatures[0]
    rrset.signatures = (right[:2] + b"\xc8" + right[3:],)


@fault
def one_label_too_few(draw, zone):
    rrset = pick(draw, zone)
    zone.sign(rrset, labels=max(0, rrset.signatures[0][3] - 1))


@fault
def one_label_too_many(draw, zone):
    rrset = pick(draw, zone)
    right = rrset.signatures[0]
    rrset.signatures = (right[:3] + bytes((right[3] + 1,)) + right[4:],)


@fault
def no_labels(draw, zone):
    zone.sign(pick(draw, zone), labels=0)


@fault
def signer_is_the_zone_above(draw, zone):
    zone.sign(pick(draw, zone), signer=names.parent(zone.origin))


@fault
def signer_is_below(draw, zone):
    zone.sign(pick(draw, zone), signer=b"\x05child" + zone.origin)


@fault
def signer_is_anybody(draw, zone):
    zone.sign(pick(draw, zone), signer=names.from_text("example.org."))


@fault
def signer_in_upper_case(draw, zone):
    # In the signed octets in lower case (RFC 6840 §5.1); a sender may write it as it likes.
    rrset = pick(draw, zone)
    right = rrset.signatures[0]
    end = 18 + len(zone.origin)
    rrset.signatures = (right[:18] + right[18:end].upper() + right[end:],)


# TTLs


@fault
def ttl_above_the_original(draw, zone):
    rrset = pick(draw, zone)
    rrset.ttl *= 10


@fault
def ttl_below_the_original(draw, zone):
    rrset = pick(draw, zone)
    rrset.ttl //= 2


# What is signed


@fault
def another_record_was_added(draw, zone):
    rrset = pick(draw, zone, (A, TXT, 15))
    rrset.rdatas += (rrset.rdatas[0][:-1] + bytes((rrset.rdatas[0][-1] ^ 3,)),) if rrset.type == A else (rrset.rdatas[0],)  # fmt: skip


@fault
def a_record_was_taken_away(_draw, zone):
    rrset = zone.rrsets[b"\x03www" + zone.origin, A]
    rrset.rdatas = rrset.rdatas[:1]


@fault
def a_record_was_changed(draw, zone):
    rrset = pick(draw, zone, (A, TXT))
    last = rrset.rdatas[-1]
    rrset.rdatas = (*rrset.rdatas[:-1], last[:-1] + bytes((last[-1] ^ 1,)))


@fault
def a_record_twice(draw, zone):
    rrset = pick(draw, zone, (A, TXT, 15))
    rrset.rdatas += rrset.rdatas[:1]


# Names as they are written


def _upper(name):
    return bytes(octet - 32 if 97 <= octet <= 122 else octet for octet in name)


@fault
def owners_in_upper_case(_draw, zone):
    def tamper(_name, reply):
        for section in (reply.answer, reply.authority):
            section[:] = [replace(rrset, owner=_upper(rrset.owner)) for rrset in section]

    zone.tamper = tamper


@fault
def names_in_records_in_upper_case(draw, zone):
    # Canonical form has most of them in lower case, the next name of NSEC as it is.
    rrset = pick(draw, zone, (15, CNAME, DNAME, SOA, NSEC, 33))
    skip = {15: 2, 33: 6}.get(rrset.type, 0)
    name = rrset.rdatas[0][skip:]
    end = len(zone.origin) + name.index(zone.origin) if zone.origin in name.lower() else 0
    changed = rrset.rdatas[0][:skip] + _upper(name[:end]) + name[end:]
    rrset.rdatas = (changed,)
    if rrset.type != NSEC or draw.random() < 0.5:
        zone.sign(rrset)


# Denials


def _without(sections, keep):
    for section in sections:
        section[:] = [rrset for rrset in section if keep(rrset)]


@fault
def denials_stripped(_draw, zone):
    zone.tamper = lambda _name, reply: _without([reply.authority], lambda x: x.type not in (NSEC, NSEC3))  # fmt: skip


@fault
def one_denial_stripped(draw, zone):
    place = draw.randrange(3)

    def tamper(_name, reply):
        found = [rrset for rrset in reply.authority if rrset.type in (NSEC, NSEC3)]
        if len(found) > place:
            reply.authority.remove(found[place])

    zone.tamper = tamper


@fault
def soa_stripped(_draw, zone):
    zone.tamper = lambda _name, reply: _without([reply.authority], lambda x: x.type != SOA)


@fault
def denial_of_another_name(draw, zone):
    kept = draw.choice([each for each in zone.rrsets.values() if each.type in (NSEC, NSEC3)])

    def tamper(_name, reply):
        if any(rrset.type in (NSEC, NSEC3) for rrset in reply.authority):
            _without([reply.authority], lambda x: x.type not in (NSEC, NSEC3))
            reply.authority.append(kept)

    zone.tamper = tamper


@fault
def all_denials_in_every_reply(_draw, zone):
    kept = [each for each in zone.rrsets.values() if each.type == NSEC][:12]

    def tamper(_name, reply):
        if any(rrset.type == SOA for rrset in reply.authority):
            present = {rrset.owner for rrset in reply.authority if rrset.type == NSEC}
            reply.authority += [rrset for rrset in kept if rrset.owner not in present]

    zone.tamper = tamper


@fault
def no_data_instead_of_nxdomain(_draw, zone):
    def tamper(_name, reply):
        reply.flags &= ~3 if reply.flags & 15 == 3 else ~0

    zone.tamper = tamper


@fault
def nxdomain_instead_of_no_data(_draw, zone):
    def tamper(_name, reply):
        if not reply.answer and any(x.type == SOA for x in reply.authority):
            reply.flags |= 3

    zone.tamper = tamper


@fault
def data_hidden_by_a_denial_of_itself(_draw, zone):
    owner = b"\x03www" + zone.origin
    soa = zone.rrsets[zone.origin, SOA]

    def tamper(_name, reply):
        kept = [rrset for rrset in reply.answer if rrset.owner != owner]
        if len(kept) < len(reply.answer) and (owner, NSEC) in zone.rrsets:
            reply.answer[:] = kept
            reply.authority[:] = [soa, zone.rrsets[owner, NSEC]]

    zone.tamper = tamper


def _split(rrset):
    """Head with the next name or hash, and the types of a denial."""
    rdata = rrset.rdatas[0]
    if rrset.type == NSEC:
        end = 0
        while rdata[end]:
            end += 1 + rdata[end]
        end += 1
    else:
        end = 5 + rdata[4]
        end += 1 + rdata[end]
    return rdata[:end], rdata[end:]


def _change_bitmap(draw, zone, add=(), remove=()):
    rrset = pick(draw, zone, (NSEC, NSEC3))
    head, types = _split(rrset)
    present = TypeBitmap(types)
    kept = {each for each in range(256) if each in present}
    rrset.rdatas = (head + render((kept | set(add)) - set(remove)),)
    return rrset


@fault
def bitmap_changed(draw, zone):
    _change_bitmap(draw, zone, add=(draw.choice((A, TXT, 99)),))


@fault
def bitmap_says_more(draw, zone):
    zone.sign(_change_bitmap(draw, zone, add=(draw.choice((A, TXT, 15, 99, CNAME, DNAME, NS, DS)),)))  # fmt: skip


@fault
def bitmap_says_less(draw, zone):
    zone.sign(_change_bitmap(draw, zone, remove=(draw.choice((A, TXT, CNAME, NS, DS, SOA)),)))


@fault
def bitmap_without_rrsig(draw, zone):
    zone.sign(_change_bitmap(draw, zone, remove=(46,)))


@fault
def bitmap_of_a_wildcard_expansion(draw, zone):
    rrset = pick(draw, zone, (NSEC,)) if zone.policy is None else pick(draw, zone, (NSEC3,))
    zone.sign(rrset, labels=max(0, rrset.signatures[0][3] - 1))


def _change_next(draw, zone):
    rrset = pick(draw, zone, (NSEC, NSEC3))
    head, types = _split(rrset)
    if rrset.type == NSEC3:
        changed = head[:-20] + draw.choice((bytes(20), b"\xff" * 20, draw.randbytes(20)))
    else:
        changed = draw.choice((
            zone.origin, rrset.owner, b"\x04nnnn" + zone.origin, b"\x01~" + zone.origin,
            b"\x01~" + rrset.owner, names.parent(zone.origin), names.from_text("example.org."), b"\0",
        ))  # fmt: skip
    rrset.rdatas = (changed + types,)
    return rrset


@fault
def next_name_changed(draw, zone):
    _change_next(draw, zone)


@fault
def next_name_wrong(draw, zone):
    zone.sign(_change_next(draw, zone))


def _hashed(draw, zone):
    if zone.policy is None:
        zone.remake(Nsec3Policy())
    rrset = pick(draw, zone, (NSEC3,))
    return rrset, rrset.rdatas[0]


@fault
def nsec3_flag_unknown(draw, zone):
    rrset, rdata = _hashed(draw, zone)
    rrset.rdatas = (rdata[:1] + b"\x02" + rdata[2:],)
    zone.sign(rrset)


@fault
def nsec3_hash_algorithm_unknown(draw, zone):
    rrset, rdata = _hashed(draw, zone)
    rrset.rdatas = (b"\x02" + rdata[1:],)
    zone.sign(rrset)


@fault
def nsec3_opt_out_on_one(draw, zone):
    rrset, rdata = _hashed(draw, zone)
    rrset.rdatas = (rdata[:1] + bytes((rdata[1] ^ 1,)) + rdata[2:],)
    zone.sign(rrset)


@fault
def nsec3_other_salt_on_one(draw, zone):
    rrset, rdata = _hashed(draw, zone)
    rrset.rdatas = (rdata[:4] + b"\x02zz" + rdata[5 + rdata[4] :],)
    zone.sign(rrset)


@fault
def nsec3_hash_of_another_length(draw, zone):
    rrset, _ = _hashed(draw, zone)
    head, types = _split(rrset)
    rrset.rdatas = (head[:-21] + b"\x13" + head[-20:-1] + types,)
    zone.sign(rrset)


@fault
def nsec3_many_iterations(draw, zone):
    zone.remake(Nsec3Policy(Parameters(draw.choice((51, 100, 150, 151, 500)), b"")))


@fault
def nsec3_iterations_allowed(draw, zone):
    zone.remake(Nsec3Policy(Parameters(draw.choice((1, 10, 50)), draw.choice((b"", b"\xaa" * 8)))))


@fault
def nsec3_long_salt(draw, zone):
    iterations, octets = draw.choice(((0, 255), (1, 64), (5, 255), (10, 255), (50, 64)))
    zone.remake(Nsec3Policy(Parameters(iterations, b"\xaa" * octets)))


# What the zone above says


@fault
def no_ds(_draw, zone):
    zone.ds = []


@fault
def ds_with_another_digest(draw, zone):
    ds = zone.ds[0]
    zone.ds = [ds[:-1] + bytes((ds[-1] ^ 1 << draw.randrange(8),))]


@fault
def ds_with_another_tag(_draw, zone):
    zone.ds = [bytes((zone.ds[0][0] ^ 1,)) + zone.ds[0][1:]]


@fault
def ds_of_another_algorithm(draw, zone):
    others = [each for each in (8, 10, 13, 14, 15, 16) if each != zone.algorithm]
    zone.ds = [zone.ds[0][:2] + bytes((draw.choice(others),)) + zone.ds[0][3:]]


@fault
def ds_of_unknown_algorithm(draw, zone):
    zone.ds = [zone.ds[0][:2] + bytes((draw.choice((4, 9, 17, 200, 253, 254)),)) + zone.ds[0][3:]]


@fault
def ds_of_unknown_digest(draw, zone):
    zone.ds = [zone.ds[0][:3] + bytes((draw.choice((0, 5, 9, 250)),)) + zone.ds[0][4:]]


@fault
def ds_unknown_beside_right(draw, zone):
    ds = zone.ds[0]
    zone.ds += [draw.choice((ds[:2] + b"\xfd" + ds[3:], ds[:3] + b"\xfa" + ds[4:]))]


@fault
def ds_wrong_beside_right(draw, zone):
    ds = zone.ds[0]
    zone.ds += [ds[:-1] + bytes((ds[-1] ^ each,)) for each in range(1, draw.choice((2, 3, 6)))]


@fault
def ds_unknown_beside_wrong(_draw, zone):
    ds = zone.ds[0]
    zone.ds = [ds[:2] + b"\xfd" + ds[3:], ds[:-1] + bytes((ds[-1] ^ 1,))]


def _sha1(zone):
    digest = hashlib.sha1(zone.origin + zone.entry.dnskey, usedforsecurity=False).digest()
    return zone.ds[0][:3] + b"\x01" + digest


@fault
def ds_sha1_alone(_draw, zone):
    zone.ds = [_sha1(zone)]


@fault
def ds_sha1_right_sha256_wrong(_draw, zone):
    zone.ds = [_sha1(zone), zone.ds[0][:-1] + bytes((zone.ds[0][-1] ^ 1,))]


@fault
def ds_sha384_alone(_draw, zone):
    zone.ds = [zone.entry.ds(zone.origin, 4)]


@fault
def ds_sha384_wrong_sha256_right(_draw, zone):
    ds = zone.entry.ds(zone.origin, 4)
    zone.ds.append(ds[:-1] + bytes((ds[-1] ^ 1,)))


@fault
def ds_cut_short(draw, zone):
    zone.ds = [zone.ds[0][: draw.choice((5, 20, -1))]]


# Keys


def _keys(zone):
    return zone.rrsets[zone.origin, DNSKEY]


def _replace_entry(zone, flags, protocol=3):
    """Give the entry key other flags; the DS and the signatures follow."""
    rdata = flags.to_bytes(2, "big") + bytes((protocol,)) + zone.entry.dnskey[3:]
    keys = _keys(zone)
    keys.rdatas = tuple(rdata if each == zone.entry.dnskey else each for each in keys.rdatas)
    changed = Key(rdata)
    zone.ds = [to_wire(zone.origin, changed, 2)]
    zone.sign(keys, key_tag=changed.tag)
    if zone.signer is zone.entry:
        for rrset in zone.signed():
            zone.sign(rrset, key_tag=changed.tag)


@fault
def entry_key_revoked(_draw, zone):
    _replace_entry(zone, 0x0181)


@fault
def revoked_key_beside(draw, zone):
    other = stranger(zone).dnskey
    keys = _keys(zone)
    keys.rdatas += (b"\x01\x81" + other[2:],)
    zone.sign(keys)
    if draw.random() < 0.5:
        revoked = Key(keys.rdatas[-1])
        zone.sign(pick(draw, zone, (A, TXT, SOA)), stranger(zone), key_tag=revoked.tag)


@fault
def no_zone_key(_draw, zone):
    _replace_entry(zone, 0x0001)


@fault
def entry_key_without_sep(_draw, zone):
    _replace_entry(zone, 0x0100)


@fault
def key_of_another_protocol(_draw, zone):
    _replace_entry(zone, 0x0101, 4)


@fault
def no_keys(_draw, zone):
    del zone.rrsets[zone.origin, DNSKEY]
    zone.chain()
    zone.sign_all()


@fault
def entry_key_missing(_draw, zone):
    keys = _keys(zone)
    keys.rdatas = tuple(each for each in keys.rdatas if each != zone.entry.dnskey)
    keys.rdatas += (stranger(zone).dnskey,)
    zone.sign(keys)


@fault
def signing_key_missing(_draw, zone):
    keys = _keys(zone)
    keys.rdatas = (zone.entry.dnskey,)
    zone.sign(keys)


@fault
def keys_signed_by_another_of_them(_draw, zone):
    keys = _keys(zone)
    other = stranger(zone)
    keys.rdatas += (other.dnskey,)
    zone.sign(keys, other)


@fault
def ds_of_another_key_of_the_zone(_draw, zone):
    other = stranger(zone)
    keys = _keys(zone)
    keys.rdatas += (other.dnskey,)
    zone.sign(keys, zone.entry, other)
    zone.ds = [other.ds(zone.origin)]


@fault
def key_of_another_algorithm_beside(draw, zone):
    # RFC 6840 §5.11: any algorithm of those in the DS RRset is enough.
    others = [each for each in (8, 13, 15) if each != zone.algorithm]
    other = key_of(draw.choice(others), 2)
    keys = _keys(zone)
    keys.rdatas += (other.dnskey,)
    zone.sign(keys)
    if draw.random() < 0.5:
        zone.ds.append(other.ds(zone.origin))


@fault
def two_algorithms_at_work(draw, zone):
    others = [each for each in (8, 13, 15) if each != zone.algorithm]
    other = key_of(draw.choice(others), 2)
    keys = _keys(zone)
    keys.rdatas += (other.dnskey,)
    zone.ds.append(other.ds(zone.origin))
    for rrset in zone.signed():
        first = zone.entry if rrset.type == DNSKEY else zone.signer
        zone.sign(rrset, first, other)
        if draw.random() < 0.3:
            broken = draw.randrange(2)
            found = list(rrset.signatures)
            found[broken] = found[broken][:-1] + bytes((found[broken][-1] ^ 1,))
            rrset.signatures = tuple(found)


@fault
def key_of_unknown_algorithm_beside(_draw, zone):
    keys = _keys(zone)
    keys.rdatas += (b"\x01\x01\x03\xfd" + bytes(40),)
    zone.sign(keys)


@fault
def malformed_key_beside(_draw, zone):
    keys = _keys(zone)
    keys.rdatas += (zone.signer.dnskey[:-7],)
    zone.sign(keys)


@fault
def keys_with_the_same_tag(draw, zone):
    algorithm = zone.algorithm
    if algorithm not in (8, 10):
        return _curve_keys_with_the_same_tag(draw, zone)
    keys = _keys(zone)
    for number in range(draw.choice((1, 1, 2, 5))):
        modulus = b"\xff" + bytes((number + 1,)) * 250 + b"\x01\x01\x01\x01\x01"
        same = rsa_dnskey(modulus, flags=256, tag=zone.signer.key.tag, algorithm=algorithm)
        keys.rdatas = (same, *keys.rdatas)
    return zone.sign(keys)


def _curve_keys_with_the_same_tag(draw, zone):
    """Flags and the key count for the tag: change two octets that add up to the same."""
    keys = _keys(zone)
    own = zone.signer.dnskey
    for _ in range(draw.choice((1, 2))):
        place = 4 + 2 * draw.randrange(8)
        first, second = own[place : place + 2], own[place + 2 : place + 4]
        swapped = own[:place] + second + first + own[place + 4 :]
        keys.rdatas = (swapped, *keys.rdatas)
    zone.sign(keys)


@fault
def signed_twice(draw, zone):
    rrset = pick(draw, zone)
    key = zone.entry if rrset.type == DNSKEY else zone.signer
    rrset.signatures += (
        signature(rrset, key, zone.origin, inception=NOW - DAY, expiration=NOW + 9 * DAY),
    )


@fault
def cname_beside_data(draw, zone):
    owner = b"\x03www" + zone.origin
    rrset = RRset(owner, CNAME, 60, (b"\x04mail" + zone.origin,))
    zone.rrsets[owner, CNAME] = rrset
    zone.chain()
    zone.sign_all()
    if draw.random() < 0.5:
        rrset.signatures = ()

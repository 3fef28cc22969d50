import pytest

from dnsd.authority.node import (
    FLAG_APEX,
    FLAG_WILDCARD_CHILD,
    Node,
    encode_node,
)
from dnsd.wire.errors import FormError
from dnsd.wire.rrset import RRset

OWNER = b"\x01a\x04test\x00"
A = RRset(OWNER, 1, 300, (b"\xc0\x00\x02\x01", b"\xc0\x00\x02\x02"))
TXT = RRset(OWNER, 16, 2**31 - 1, (b"\x05hello",))
SIGNED = RRset(OWNER, 28, 60, (b"\x00" * 16,), (b"first signature", b"second"))
LONG = RRset(OWNER, 65280, 0, (b"x" * 65535,))
EMPTY_RDATA = RRset(OWNER, 10, 1, (b"",))


@pytest.mark.parametrize(
    "rrsets",
    [[], [A], [TXT], [A, TXT], [A, TXT, SIGNED], [SIGNED], [LONG], [EMPTY_RDATA, A]],
    ids=lambda rrsets: " ".join(str(rrset.type) for rrset in rrsets) or "none",
)
def test_what_is_encoded_is_read_back(rrsets):
    node = Node(encode_node(FLAG_APEX | FLAG_WILDCARD_CHILD, rrsets))
    by_type = sorted(rrsets, key=lambda rrset: rrset.type)
    assert node.flags == FLAG_APEX | FLAG_WILDCARD_CHILD
    assert node.types == tuple(rrset.type for rrset in by_type)
    assert node.rrsets(OWNER) == by_type
    assert [node.rrset(OWNER, rrset.type) for rrset in rrsets] == rrsets
    assert node.rrset(OWNER, 99) is None


def test_types_stand_in_ascending_order_whatever_the_order_given():
    assert encode_node(0, [TXT, SIGNED, A]) == encode_node(0, [A, TXT, SIGNED])


def test_an_rrset_takes_the_owner_it_is_asked_for_under():
    node = Node(encode_node(0, [A, SIGNED]))
    for rrtype in (1, 28):
        assert node.rrset(b"\x01x\x04test\x00", rrtype).owner == b"\x01x\x04test\x00"


def test_the_smallest_rrset_is_the_one_of_fewest_octets():
    assert Node(encode_node(0, [SIGNED, LONG, TXT, A])).smallest_rrset(OWNER) == TXT
    assert Node(encode_node(0, [])).smallest_rrset(OWNER) is None


@pytest.mark.parametrize(
    ("rrsets", "reason"),
    [
        ([A, TXT, A], "already"),
        ([RRset(OWNER, 16, 0, (b"x" * 40000, b"y" * 40000))], "2 records and 80000 octets"),
        ([RRset(OWNER, 10, 0, (b"",) * 70000)], "70000 records and 0 octets"),
    ],
    ids=["a type twice", "more octets than a message", "more records than a message"],
)
def test_what_no_message_can_carry_is_refused(rrsets, reason):
    with pytest.raises(FormError, match=reason):
        encode_node(0, rrsets)

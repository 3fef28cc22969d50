import dns.exception
import dns.message
import pytest

from dnsd.wire import message, objects
from dnsd.wire.errors import FormError
from dnsd.wire.reader import MAX_POINTER_HOPS, Reader

HEADER = bytes.fromhex("123480000001000100000000")
WWW = b"\x03www\x07example\x04test\x00"
QUESTION = WWW + b"\x00\x01\x00\x01"  # from octet 12 to 34
FIXED = b"\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01"


def at(octets, offset=12):
    """A reader of a message whose body is ``octets``, at ``offset``."""
    return Reader(HEADER + octets, offset)


def pointer(offset):
    return (0xC000 | offset).to_bytes(2, "big")


@pytest.mark.parametrize(
    ("octets", "offset", "name", "behind"),
    [
        pytest.param(b"\x00", 12, b"\x00", 13, id="the root"),
        pytest.param(WWW, 12, WWW, 30, id="without a pointer"),
        pytest.param(b"\x03WwW\x00", 12, b"\x03www\x00", 17, id="in lower case"),
        pytest.param(WWW + pointer(12), 30, WWW, 32, id="a pointer alone"),
        pytest.param(WWW + b"\x01a" + pointer(16), 30, b"\x01a" + WWW[4:], 34, id="a label before"),
        pytest.param(WWW + pointer(16) + pointer(30), 32, WWW[4:], 34, id="a pointer to a pointer"),
        pytest.param(
            b"\x04a.\xff\x00\x00", 12, b"\x04a.\xff\x00\x00", 18, id="any octet in a label"
        ),
        pytest.param(
            b"\x3f" + b"x" * 63 + b"\x00", 12, b"\x3f" + b"x" * 63 + b"\x00", 77, id="63 octets"
        ),
        pytest.param(b"\x01x" * 127 + b"\x00", 12, b"\x01x" * 127 + b"\x00", 267, id="127 labels"),
    ],
)
def test_a_name_is_expanded(octets, offset, name, behind):
    reader = at(octets, offset)
    assert reader.name() == name
    assert reader.offset == behind


def test_letter_case_can_be_kept():
    reader = at(b"\x03WwW\x00\x01A" + pointer(12), 17)
    assert reader.name_as_sent() == b"\x01A\x03WwW\x00"


LONG = b"\x3f" + b"x" * 63  # a label and its length, 64 octets

# Vectors of the kinds that RFC 9267 lists. Each stands where the owner of the
# first record of a message begins, at octet 34, behind a question.
HOSTILE = {
    "pointer to itself": pointer(34),
    "pointer forward": pointer(36) + b"\x01a\x00",
    "pointer forward behind a label": b"\x01a" + pointer(40) + b"\x00" * 8,
    "loop of two": b"\x01a" + pointer(34),
    "loop through a label in the middle": b"\x01a\x01b" + pointer(36),
    # Octet 33, the end of the class, is 1: a label of the pointer's own first octet.
    "pointer to labels that overlap it": pointer(33) + b"x" * 33 + b"\x00",
    "pointer into the header": pointer(2),
    "pointer past the end": pointer(0x3FFF),
    "label type 01": b"\x41" + b"x" * 65 + b"\x00",
    "label type 10": b"\x81" + b"x" * 129 + b"\x00",
    "length over the end": b"\x3fabc",
    "half a pointer": b"\xc0",
    "256 octets without a pointer": LONG * 3 + b"\x3e" + b"x" * 62 + b"\x01a\x00",
    "more than 255 octets with a pointer": LONG * 3 + b"\x35" + b"x" * 53 + pointer(12),
    "no root label": b"\x03abc",
}  # fmt: skip


@pytest.mark.parametrize("vector", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_name_is_refused(vector):
    with pytest.raises(FormError):
        Reader(HEADER + QUESTION + vector, 34).name()


# dnspython reads a pointer into the header; with a record behind it, half a
# pointer is one.
INTO_THE_HEADER = {"pointer into the header", "half a pointer"}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_owner_makes_the_message_malformed_for_every_reader(kind):
    octets = HEADER + QUESTION + HOSTILE[kind] + FIXED
    with pytest.raises(FormError):
        message.parse_message(octets)
    with pytest.raises(FormError):
        message.parse_query(octets)
    with pytest.raises(FormError):
        objects.parse(octets)
    if kind not in INTO_THE_HEADER:
        with pytest.raises(dns.exception.DNSException):
            dns.message.from_wire(octets)


def test_a_pointer_behind_a_pointer_leads_before_its_own_labels_as_well():
    # Read from octet 14 a label ends with what is the root label when read from 12.
    octets = b"\x03x\x02y\x00" + pointer(12)
    with pytest.raises(FormError):
        at(octets + pointer(14), 19).name()
    assert at(octets + pointer(12), 19).name() == b"\x03x\x02y\x00"


def test_a_name_must_end_inside_its_rdata():
    # CNAME whose RDLENGTH is 4 although its name has 22 octets.
    record = b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x04" + WWW
    with pytest.raises(FormError):
        message.parse_message(HEADER + QUESTION + record)


def test_the_second_octet_of_a_pointer_must_be_inside_the_rdata():
    record = b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x03\x01a\xc0\x0c"
    with pytest.raises(FormError):
        message.parse_message(HEADER + QUESTION + record)


def chain(length):
    """Octets whose pointers lead from one to the one before, down to a root label."""
    return b"\x00" + b"".join(pointer(12 if i == 0 else 11 + 2 * i) for i in range(length))


def test_a_chain_of_pointers_has_an_end():
    octets = chain(MAX_POINTER_HOPS)
    last = 12 + len(octets) - 2
    allowed = at(octets, last)
    assert allowed.name() == b"\x00"
    assert allowed.pointer_hops == MAX_POINTER_HOPS
    refused = at(octets + pointer(last), last + 2)
    with pytest.raises(FormError, match="1000 pointers"):
        refused.name()


def test_a_tail_behind_two_pointers_counts_towards_the_length():
    first = LONG * 2 + b"\x00"
    second = LONG * 2 + pointer(12)
    reader = at(first + second + pointer(12 + len(first)), 12 + len(first + second))
    with pytest.raises(FormError, match="255 octets"):
        reader.name()


def test_hops_are_counted_for_the_whole_message():
    # Two chains, each within the limit, which together pass it.
    first = chain(200)
    second = b"\x00" + b"".join(pointer(12 + len(first) + max(0, 2 * i - 1)) for i in range(200))
    reader = Reader(HEADER + first + second, 12 + len(first) - 2, max_pointer_hops=300)
    assert reader.name() == b"\x00"
    assert reader.pointer_hops == 200
    reader.offset = 12 + len(first + second) - 2
    with pytest.raises(FormError, match="300 pointers"):
        reader.name()


def test_a_place_read_before_costs_no_hop():
    octets = WWW + pointer(12) * 5000
    reader = at(octets)
    assert {reader.name() for _ in range(5001)} == {WWW}
    assert reader.pointer_hops == 0


def test_a_tail_that_many_names_share_costs_one_hop():
    octets = WWW + (b"\x01a" + pointer(16)) * 3000
    reader = at(octets)
    names = [reader.name() for _ in range(3001)]
    assert names[1] == names[-1] == b"\x01a" + WWW[4:]
    assert reader.pointer_hops == 1


class CountingOctets(bytes):
    """Octets that count how often one of them, or a slice, is taken."""

    taken = 0

    def __getitem__(self, key):
        CountingOctets.taken += 1
        return super().__getitem__(key)


def reads(octets, count):
    """Return how often octets were looked at to read ``count`` names or to refuse."""
    CountingOctets.taken = 0
    reader = Reader(CountingOctets(HEADER + octets), 12)
    try:
        for _ in range(count):
            reader.name()
    except FormError:
        pass
    return CountingOctets.taken


def test_work_grows_with_the_octets_and_not_faster():
    """The worst names: each a label before a pointer into the one before it."""

    def ladder(count):
        return b"\x01a\x00" + b"".join(
            b"\x01a" + pointer(12 if i == 0 else 11 + 4 * i) for i in range(count)
        )

    few, many = (reads(ladder(n), n) for n in (50, 100))
    assert many <= 2.1 * few
    # All the pointers that fit below 0x4000: refused at the limit, or at 255 octets.
    assert reads(ladder(4000), 4000) <= 3 * reads(ladder(120), 120)


def test_a_bomb_of_64_kib_is_refused_after_few_reads():
    octets = chain(8000)
    start = 12 + len(octets)
    records = pointer(start - 2) * 20000
    CountingOctets.taken = 0
    reader = Reader(CountingOctets(HEADER + octets + records), start)
    with pytest.raises(FormError):
        reader.name()
    assert CountingOctets.taken <= 5 * MAX_POINTER_HOPS


def test_numbers_and_octets_stop_at_the_end():
    reader = at(b"\x01\x02\x03\x04\x05\x06\x07\x08")
    assert (reader.uint8(), reader.uint16(), reader.uint32()) == (1, 0x0203, 0x04050607)
    assert reader.remaining == 1
    for read in (reader.uint16, reader.uint32, lambda: reader.octets(2), lambda: reader.skip(2)):
        with pytest.raises(FormError):
            read()
        assert reader.remaining == 1
    assert reader.octets(1) == b"\x08"
    with pytest.raises(FormError):
        reader.uint8()


def test_no_read_passes_the_narrowed_end():
    reader = at(b"\x03www\x00rest")
    reader.end = 15
    with pytest.raises(FormError):
        reader.name()
    reader.offset = 12
    with pytest.raises(FormError):
        reader.octets(4)
    reader.end = 17
    assert reader.name() == b"\x03www\x00"
    assert reader.remaining == 0


def test_an_uncompressed_name_has_no_pointer():
    octets = WWW + b"\x01a" + pointer(12)
    assert at(octets).uncompressed_name() == WWW
    with pytest.raises(FormError, match="compressed"):
        at(octets, 30).uncompressed_name()


def test_octets_cannot_be_skipped_backwards():
    with pytest.raises(FormError):
        at(b"abc", 14).skip(-1)

import pytest

from dnsd.query.lookout import ROOM, Board, Lookout, Sighting, board_octets
from dnsd.query.request import Request, Transport
from dnsd.wire import names
from dnsd.wire.edns import Edns
from dnsd.wire.message import Message, Question, parse_query, render_message

CLIENT = bytes((192, 0, 2, 9))
ZONE = names.from_text("example.test.")


@pytest.fixture
def memory():
    return memoryview(bytearray(board_octets(2)))


@pytest.fixture
def board(memory):
    return Board(memory)


@pytest.fixture
def lookouts(memory):
    return [Lookout(memory, row) for row in range(2)]


def look(lookout, text, now=1.0, *, edns=None, transport=Transport.UDP, client=CLIENT):
    name = b"".join(bytes((len(part),)) + part for part in text.encode().split(b".")) + b"\0"
    message = Message(0x1234, 0x0110, [Question(name, 28, 1)], edns=edns)
    octets = render_message(message)
    request = Request(octets, client, 4711, None, transport, now, 0)
    return lookout.sees(request, parse_query(octets))


def test_nothing_is_watched_at_first(board, lookouts):
    assert not look(lookouts[0], "x1.example.test")
    assert board.sightings() == ([], 0)
    assert board.ends_at() == 0


def test_a_query_is_recorded_with_what_tells_its_sender(board, lookouts):
    board.watch(ZONE, b"x", 60.0)
    assert board.ends_at() == 60.0
    edns = Edns(1232, do=True, options=((10, bytes(8)),))
    assert look(lookouts[1], "a.X1.Example.test", 2.5, edns=edns, transport=Transport.TCP)
    assert look(lookouts[0], "x2.example.test", 1.5, client=b"\x20\x01" + bytes(14))
    assert board.sightings() == (
        [
            Sighting(1.5, b"\x20\x01" + bytes(14), 4711, 0x1234, 0x0110, 28, 0, 0, False, False,
                     False, b"\x02x2\x07example\x04test\0"),
            Sighting(2.5, CLIENT, 4711, 0x1234, 0x0110, 28, 1232, 1, True, True, True,
                     b"\x01a\x02X1\x07Example\x04test\0"),
        ],
        0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "is_watched"),
    [
        ("pre7.example.test", True),
        ("a.b.pre.example.test", True),
        ("example.test", False),
        ("pr.example.test", False),
        ("pre7.other.test", False),
        ("pre7.a.example.test", False),
        ("pre7.xexample.test", False),
        ("test", False),
        (b"pre7\x07example.test".decode(), False),
    ],
)
def test_only_names_with_the_prefix_next_to_the_zone_are_watched(board, lookouts, text, is_watched):
    board.watch(ZONE, b"pre", 60.0)
    assert look(lookouts[0], text) is is_watched


def test_the_root_may_be_the_zone(board, lookouts):
    board.watch(names.ROOT, b"pre", 60.0)
    assert look(lookouts[0], "a.pre1")
    assert not look(lookouts[0], "pre1.a")


def test_a_watch_has_an_end(board, lookouts):
    board.watch(ZONE, b"x", 60.0)
    assert not look(lookouts[0], "x.example.test", 60.0)
    assert look(lookouts[0], "x.example.test", 59.9)
    board.end()
    assert not look(lookouts[0], "x.example.test", 1.0)
    assert len(board.sightings()[0]) == 1


def test_the_next_watch_begins_with_nothing(board, lookouts):
    board.watch(ZONE, b"x", 60.0)
    look(lookouts[0], "x.example.test")
    board.watch(ZONE, b"yy", 60.0)
    assert board.sightings() == ([], 0)
    assert not look(lookouts[0], "x.example.test")
    assert look(lookouts[0], "yy.example.test")
    assert len(board.sightings()[0]) == 1


def test_what_has_no_room_is_counted(board, lookouts):
    board.watch(ZONE, b"x", 60.0)
    for n in range(ROOM + 7):
        assert look(lookouts[1], f"x{n}.example.test")
    found, omitted = board.sightings()
    assert (len(found), omitted) == (ROOM, 7)


def test_the_longest_name_fits(board, lookouts):
    text = ".".join(["x" * 63] * 3 + ["x" * 48, "example", "test"])
    board.watch(ZONE, b"x" * 31, 60.0)
    assert look(lookouts[1], text, client=bytes(16))
    ((sighting,), _) = board.sightings()
    assert len(sighting.name) == 255

import pytest

from dnsd.control.operations_sightings import SightingOperations
from dnsd.query.lookout import ROOM, Board, Lookout, board_octets
from dnsd.query.request import Request, Transport
from dnsd.wire import names
from dnsd.wire.edns import Edns
from dnsd.wire.message import Message, Question, parse_query, render_message

ZONE = names.from_text("example.test.")
NAME = b"\x02X1\x07example\x04test\x00"


@pytest.fixture
def memory():
    return memoryview(bytearray(board_octets(1)))


@pytest.fixture
def operations(memory, around):
    return SightingOperations(Board(memory), around.clock)


@pytest.fixture
def look(memory, time):
    lookout = Lookout(memory, 0)

    def look():
        octets = render_message(Message(7, 0, [Question(NAME, 1, 1)], edns=Edns(1232, do=True)))
        client = bytes((192, 0, 2, 9))
        request = Request(octets, client, 53, None, Transport.TLS, time.seconds(), 0)
        return lookout.sees(request, parse_query(octets))

    return look


def test_what_was_seen_is_told(operations, look, time):
    assert operations.watch(ZONE, "x") == {"sightings": [], "omitted": 0, "left_s": 60.0}
    time.advance(10)
    look()
    time.advance(2.5)
    assert operations.seen() == {
        "sightings": [
            {
                "age_s": 2.5, "client": "192.0.2.9", "port": 53, "id": 7, "transport": "dot",
                "name": "X1.example.test.", "type": "A", "udp_size": 1232, "edns": True,
                "dnssec": True, "cookie": False,
            }
        ],
        "omitted": 0,
        "left_s": 47.5,
    }  # fmt: skip


def test_a_watch_ends_by_itself_or_when_told(operations, look, time):
    operations.watch(ZONE, "x")
    assert operations.busy_s() == 60.0
    time.advance(60)
    assert operations.busy_s() == 0.0
    assert not look()
    operations.watch(ZONE, "x")
    assert look()
    ended = operations.end()
    assert (len(ended["sightings"]), ended["left_s"]) == (1, 0.0)
    assert not look()


def test_what_had_no_room_is_counted(operations, look):
    operations.watch(ZONE, "x")
    for _ in range(ROOM + 2):
        look()
    assert operations.seen()["omitted"] == 2

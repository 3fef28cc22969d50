import pytest

from dnsd.resolver.local.answer import Source
from dnsd.resolver.local.blocks import (
    Blocks,
    BlocksError,
    BlockStore,
    CompiledList,
    open_blocks,
    write_store,
)
from dnsd.wire import names
from dnsd.wire.iana import Rcode, RRType

N = names.from_text
LISTS = [CompiledList("ads", tree=True), CompiledList("hosts", tree=False),
         CompiledList("allowed", tree=True), CompiledList("kids", tree=True)]  # fmt: skip
ENTRIES = {
    N("ads.example"): 0b0001,
    N("tracker.example"): 0b0010,
    N("good.ads.example"): 0b0100,
    N("both.example"): 0b1001,
    N("zip"): 0b0001,
    N("mov"): 0b0010,
}
ACTIONS = {"kids": "refuse", "ads": "nxdomain", "hosts": "null", "allowed": "allow"}


@pytest.fixture
def store(tmp_path):
    write_store(tmp_path / "lists", LISTS, ENTRIES, 1 << 20)
    opened = BlockStore(tmp_path / "lists")
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("name", "lists"),
    [
        pytest.param("ads.example", 0b0001, id="the name itself"),
        pytest.param("a.b.ads.example", 0b0001, id="below a domain"),
        pytest.param("tracker.example", 0b0010, id="a host"),
        pytest.param("a.tracker.example", 0, id="below a host"),
        pytest.param("x.good.ads.example", 0b0101, id="on two lists at different heights"),
        pytest.param("both.example", 0b1001, id="on two lists at once"),
        pytest.param("xads.example", 0, id="beside a domain"),
        pytest.param("example", 0, id="above a domain"),
        pytest.param("zip", 0b0001, id="a top-level domain"),
        pytest.param("a.b.zip", 0b0001, id="below a top-level domain"),
        pytest.param("a.mov", 0, id="below a host of one label"),
    ],
)
def test_a_name_is_on_lists_itself_or_by_an_ancestor(store, name, lists):
    assert store.find(N(name)) == lists


def _find(store, name, rrtype="A", lists=tuple(ACTIONS)):
    blocks = Blocks(store, ACTIONS)
    return blocks.find(N(name), RRType[rrtype], blocks.mask(lists))


@pytest.mark.parametrize(
    ("name", "rrtype", "rcode", "rdatas"),
    [
        ("ads.example", "A", "NXDOMAIN", []),
        ("tracker.example", "A", "NOERROR", [bytes(4)]),
        ("tracker.example", "AAAA", "NOERROR", [bytes(16)]),
        ("tracker.example", "HTTPS", "NOERROR", []),
        ("both.example", "A", "REFUSED", []),
    ],
)
def test_what_becomes_of_a_name_is_the_first_list_s_action(store, name, rrtype, rcode, rdatas):
    found = _find(store, name, rrtype)
    assert Rcode(found.rcode).name == rcode
    assert [rdata for rrset in found.answer for rdata in rrset.rdatas] == rdatas
    assert bool(found.authority) is (rcode != "REFUSED" and not rdatas)
    assert found.source is Source.BLOCK


def test_the_reply_names_the_list(store):
    assert _find(store, "a.ads.example").explanation == (15, "on block list ads")


def test_an_exception_wins(store):
    assert _find(store, "good.ads.example") is None
    assert _find(store, "good.ads.example", lists=("ads",)) is not None


def test_only_the_lists_that_count_do(store):
    assert _find(store, "ads.example", lists=("kids", "hosts")) is None
    assert _find(store, "both.example", lists=("ads",)).rcode == Rcode.NXDOMAIN
    assert _find(store, ".") is None


def test_a_list_that_is_not_compiled_yet_has_no_names(store):
    blocks = Blocks(store, {**ACTIONS, "new": "nxdomain"})
    assert blocks.mask(["new"]) == 0


def test_a_list_that_is_not_configured_any_more_has_no_say(store):
    blocks = Blocks(store, {"hosts": "null"})
    assert blocks.mask(["ads", "hosts"]) == 0b0010


def test_more_lists_than_bits_of_an_octet_are_told_apart(tmp_path):
    lists = [CompiledList(f"list{i}", tree=True) for i in range(20)]
    write_store(tmp_path / "lists", lists, {N("a.example"): 1 << 19 | 1}, 1 << 20)
    store = BlockStore(tmp_path / "lists")
    assert store.find(N("b.a.example")) == 1 << 19 | 1
    store.close()


def test_a_store_that_is_not_there_or_damaged_is_refused_with_a_reason(tmp_path):
    with pytest.raises(BlocksError, match="absent"):
        BlockStore(tmp_path / "absent")
    (tmp_path / "junk").write_bytes(b"junk" * 5000)
    with pytest.raises(BlocksError, match="junk"):
        BlockStore(tmp_path / "junk")
    write_store(tmp_path / "torn", LISTS, {N(f"{i}.example"): 1 for i in range(5000)}, 1 << 22)
    octets = (tmp_path / "torn").read_bytes()
    (tmp_path / "torn").write_bytes(octets[: len(octets) // 2 // 4096 * 4096])
    with pytest.raises(BlocksError, match="cut short"):
        BlockStore(tmp_path / "torn")


def test_a_store_that_has_no_room_is_an_error_with_a_reason(tmp_path):
    many = {N(f"{i}.example"): 1 for i in range(50_000)}
    with pytest.raises(BlocksError, match="MDB_MAP_FULL"):
        write_store(tmp_path / "lists", LISTS, many, 1 << 18)


def test_a_store_is_opened_once_and_closed_when_nobody_has_it(tmp_path):
    path = tmp_path / "lists"
    write_store(path, LISTS, ENTRIES, 1 << 20)
    first = open_blocks(path)
    assert open_blocks(path) is first
    del first
    again = BlockStore(path)  # LMDB would refuse if it were still open
    again.close()
    with pytest.raises(BlocksError, match="No such file"):
        open_blocks(tmp_path / "absent")

"""Maildirs: a message is there whole and safe, or not at all."""

import mailbox

import pytest
from fakes.disks import BROKEN, FULL, FailingDisk, PowerFailure
from hypothesis import given
from hypothesis import strategies as st

from dnsd.mail.address import Mailbox
from dnsd.mail.maildir import Maildirs
from dnsd.mail.stores import MessageDamaged, StoreFailed, StoreFull

BOB = Mailbox("Bob", "example.test")
HEAD = b"Return-Path: <alice@example.test>\r\nDelivered-To: bob@example.test\r\n"
OCTETS = b"Subject: hello\r\n\r\nline\r\n"


def _deliver(maildirs, chunks=(OCTETS,), account=BOB, queue_id="ID1"):
    return maildirs.deliver(account, maildirs.name_of(queue_id, 0, 1_700_000_000), HEAD, chunks)


def _files(directory):
    return sorted(str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file())


def test_another_program_reads_it(tmp_path):
    path = _deliver(Maildirs(tmp_path / "mail", "mx1.example.test"))
    assert path.parent == tmp_path / "mail" / "example.test" / "bob" / "new"
    box = mailbox.Maildir(tmp_path / "mail" / "example.test" / "bob", create=False)
    [found] = box
    assert found["Subject"] == "hello"
    assert found["Delivered-To"] == "bob@example.test"
    assert found.get_payload() == "line\n"
    assert path.name == "1700000000.ID1R0.mx1.example.test"


@pytest.mark.parametrize(
    ("one", "two"), [("stra\u00dfe", "STRASSE"), ("\u00e9", "e\u0301"), ("Bob", "bob")]
)
def test_spellings_of_one_account_have_one_maildir(tmp_path, one, two):
    maildirs = Maildirs(tmp_path, "mx1.example.test")
    mailboxes = Mailbox(one, "example.test"), Mailbox(two, "example.test")
    assert mailboxes[0].key == mailboxes[1].key
    assert maildirs.directory(mailboxes[0]) == maildirs.directory(mailboxes[1])


def test_the_order_of_calls_is_one_that_a_power_failure_cannot_harm(tmp_path):
    disk = FailingDisk()
    maildirs = Maildirs(tmp_path / "mail", "mx1.example.test", disk)
    _deliver(maildirs)
    first = list(disk.calls)
    assert first[:3] == ["make_directory"] * 3
    assert first[3:7] == ["sync_directory"] * 4  # each name on the way to it
    disk.calls.clear()
    _deliver(maildirs, queue_id="ID2")
    assert [call for call in disk.calls if call not in ("remove", "write")] == [
        "create",
        "sync",
        "close",
        "rename",
        "sync_directory",
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_lines_end_with_lf_wherever_the_chunks_end(tmp_path, size):
    octets = b"a\r\n\r\r\nb\rc\r\n\n\r\n\r"
    chunks = [octets[i : i + size] for i in range(0, len(octets), size)]
    path = _deliver(Maildirs(tmp_path, "mx1"), chunks)
    assert path.read_bytes() == (HEAD + octets).replace(b"\r\n", b"\n")


def test_a_second_delivery_takes_the_place_of_the_first(tmp_path):
    maildirs = Maildirs(tmp_path, "mx1")
    assert _deliver(maildirs) == _deliver(maildirs)
    assert len(_files(tmp_path)) == 1
    _deliver(maildirs, queue_id="ID2")
    assert len(_files(tmp_path)) == 2


@pytest.mark.parametrize(
    ("error", "kind"), [(FULL, StoreFull), (BROKEN, StoreFailed)], ids=["full", "broken"]
)
@pytest.mark.parametrize(
    "call", ["make_directory", "create", "write", "sync", "rename", "sync_directory"]
)
def test_a_disk_that_fails_is_an_error_and_another_attempt_is_good(tmp_path, call, error, kind):
    disk = FailingDisk()
    disk.fail = (call, 1, error)
    maildirs = Maildirs(tmp_path, "mx1", disk)
    with pytest.raises(kind):
        _deliver(maildirs)
    assert [name for name in _files(tmp_path) if "/new/" in name] == []
    disk.fail = None
    _deliver(maildirs)
    assert len(_files(tmp_path)) == 1


def test_a_damaged_message_is_not_delivered(tmp_path):
    def chunks():
        yield OCTETS
        raise MessageDamaged("x")

    with pytest.raises(MessageDamaged):
        _deliver(Maildirs(tmp_path, "mx1"), chunks())
    assert _files(tmp_path) == []


def test_a_crash_at_any_call_leaves_nothing_that_is_torn(tmp_path):
    whole = (HEAD + OCTETS).replace(b"\r\n", b"\n")
    for nth in range(1, 100):
        root = tmp_path / str(nth)
        root.mkdir()
        disk = FailingDisk((None, nth, PowerFailure()))
        try:
            _deliver(Maildirs(root, "mx1", disk))
        except PowerFailure:
            pass
        else:
            assert nth > 12  # calls that a first delivery makes
            break
        assert all(path.read_bytes() == whole for path in root.glob("*/*/new/*"))
        assert _deliver(Maildirs(root, "mx1")).read_bytes() == whole
        assert len(list(root.glob("*/*/new/*"))) == 1


ODD = st.text(st.sampled_from('./%~aA\0\\\r\n:éλ "'), max_size=12)


@given(ODD, ODD)
def test_no_address_leads_out_of_the_directory_or_into_that_of_another(tmp_path_factory, one, two):
    root = tmp_path_factory.getbasetemp() / "root"
    maildirs = Maildirs(root, "mx1")
    places = [maildirs.directory(Mailbox(local, "example.test")) for local in (one, two)]
    for place in places:
        assert place.parent == root / "example.test"
        assert place.name not in ("", ".", "..")
        assert "/" not in place.name
        assert place.name.isascii()
        assert place.name.isprintable()
    assert (places[0] == places[1]) == (one.lower() == two.lower())

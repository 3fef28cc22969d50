from pathlib import Path

import pytest

from dnsd.control.blocklists_compile import NOTHING_YET, compile_lists, current_store
from dnsd.resolver.local.blocks import BlockStore
from dnsd.wire import names

N = names.from_text


@pytest.fixture
def directory(tmp_path):
    made = tmp_path / "block-lists"
    for each in (made, made / "good", made / "fetched"):
        each.mkdir()
    return made


@pytest.fixture
def compiled(directory):
    """Compile lists, given as name → path; returns state, names and reason of each."""

    def run(**paths):
        report = compile_lists(
            {
                "directory": str(directory),
                "lists": [
                    {"name": name, "path": str(path), "form": "auto"}
                    for name, path in paths.items()
                ],
                "max_octets": 1000,
                "max_names": 10,
                "memory_octets": 0,
                "store_octets": 1 << 20,
                "time_s": 0,
            }
        )
        assert report["failure"] == ""
        return {
            each["name"]: (each["state"], each["names"], each["reason"]) for each in report["lists"]
        }

    return run


@pytest.fixture
def listed(directory):
    """Tell which lists a name is on, by the current store."""

    def find(name):
        store = BlockStore(current_store(directory))
        lists = [each for bit, each in enumerate(store.lists) if store.find(N(name)) & 1 << bit]
        store.close()
        return lists

    return find


def _write(path, text):
    path.write_text(text)
    return path


def test_lists_are_compiled_and_published(tmp_path, compiled, listed):
    ads = _write(tmp_path / "ads", "ads.example\nboth.example\n")
    hosts = _write(tmp_path / "hosts", "0.0.0.0 both.example\n")
    assert compiled(ads=ads, hosts=hosts) == {
        "ads": ("compiled", 2, ""),
        "hosts": ("compiled", 1, ""),
    }
    assert listed("x.ads.example") == ["ads"]
    assert listed("both.example") == ["ads", "hosts"]
    assert listed("x.both.example") == ["ads"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("<html>\n<p>gone", "is no list of domains: 2 lines cannot be read, the first is line 1", id="no list"),
        pytest.param("a.example\n" * 101, "has more than 1000 octets", id="too large"),
        pytest.param("".join(f"{i}.example\n" for i in range(11)), "has more than 10 names", id="too many names"),
        pytest.param(None, "no such file or directory", id="gone"),
    ],
)  # fmt: skip
def test_a_broken_list_keeps_its_last_good_copy(tmp_path, compiled, listed, text, reason):
    path = _write(tmp_path / "ads", "ads.example\n")
    compiled(ads=path)
    path.unlink()
    if text is not None:
        path.write_text(text)
    for _ in range(2):  # and again, after that
        state, count, said = compiled(ads=path)["ads"]
        assert (state, count) == ("kept", 1)
        assert said.endswith(reason)
    assert listed("ads.example") == ["ads"]


def test_a_broken_list_hurts_no_other(tmp_path, compiled, listed):
    good = _write(tmp_path / "good", "ads.example\n")
    found = compiled(broken=_write(tmp_path / "broken", "< >\n"), good=good)
    assert found["broken"][:2] == ("absent", 0)
    assert listed("ads.example") == ["good"]


def test_the_limit_that_a_list_hits_has_its_name(directory, tmp_path):
    path = _write(tmp_path / "ads", "a.example\nb.example\n")
    for octets, count, limit in (
        (5, 5, "block_list_size"),
        (99, 1, "block_list_names"),
        (99, 2, ""),
    ):
        report = compile_lists(
            {"directory": str(directory), "lists": [{"name": "ads", "path": str(path), "form": "auto"}],
             "max_octets": octets, "max_names": count, "memory_octets": 0, "store_octets": 1 << 20,
             "time_s": 0}
        )  # fmt: skip
        assert report["lists"][0]["limit"] == limit


def test_a_fetched_copy_becomes_the_good_one(directory, compiled, listed):
    fetched = _write(directory / "fetched" / "ads", "ads.example\n")
    assert compiled(ads=fetched)["ads"] == ("compiled", 1, "")
    assert not fetched.exists()
    assert compiled(ads="")["ads"] == ("compiled", 1, "")
    assert listed("ads.example") == ["ads"]


def test_a_list_that_was_never_fetched_is_absent(compiled):
    assert compiled(ads="")["ads"] == ("absent", 0, NOTHING_YET)


def test_lines_that_cannot_be_read_are_counted(tmp_path, directory):
    path = _write(tmp_path / "ads", "a.example\nb.example\n||c^\n")
    report = compile_lists(
        {"directory": str(directory), "lists": [{"name": "ads", "path": str(path), "form": "domains"}],
         "max_octets": 99, "max_names": 9, "memory_octets": 0, "store_octets": 1 << 20, "time_s": 0}
    )  # fmt: skip
    (outcome,) = report["lists"]
    assert (outcome["names"], outcome["unreadable"], outcome["first_unreadable"]) == (2, 1, 3)


def test_the_store_before_stays_open_and_older_ones_go(directory, tmp_path, compiled):
    path = _write(tmp_path / "ads", "ads.example\n")
    compiled(ads=path)
    first = BlockStore(current_store(directory))
    compiled(ads=path)
    assert len(list(directory.glob("compiled-*"))) == 2
    compiled(ads=path)
    assert len(list(directory.glob("compiled-*"))) == 2
    assert first.find(N("ads.example")) == 1  # its file is gone, its pages are not
    first.close()


def test_a_run_that_fails_changes_nothing(directory, tmp_path, compiled):
    path = _write(tmp_path / "ads", "ads.example\n")
    compiled(ads=path)
    before = current_store(directory)
    path.write_text("other.example\n")
    report = compile_lists(
        {"directory": str(directory), "lists": [{"name": "ads", "path": str(path), "form": "auto"}],
         "max_octets": 99, "max_names": 9, "memory_octets": 0, "store_octets": 4096, "time_s": 0}
    )  # fmt: skip
    assert "MDB_" in report["failure"]
    assert current_store(directory) == before
    assert (directory / "good" / "ads").read_text() == "ads.example\n"
    assert list(directory.glob("compiled-*")) == [before]


@pytest.mark.parametrize("text", ["", "../../etc/passwd", "compiled-x/../../y", "\xff"])
def test_what_names_no_store_is_no_store(directory, text):
    (directory / "current").write_bytes(text.encode("latin-1"))
    assert current_store(directory) is None


def test_without_a_directory_a_run_says_so(tmp_path):
    report = compile_lists(
        {"directory": str(tmp_path / "absent"), "lists": [], "max_octets": 9, "max_names": 9,
         "memory_octets": 0, "store_octets": 1 << 20, "time_s": 0}
    )  # fmt: skip
    assert report["failure"]
    assert current_store(Path("/nonexistent")) is None

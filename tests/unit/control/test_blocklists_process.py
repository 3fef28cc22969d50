import json
import subprocess

import pytest

from dnsd.control.blocklists_compile import current_store
from dnsd.control.blocklists_options import BlockListsOptions
from dnsd.control.child import child_command, outcome_of
from dnsd.resolver.local.blocks import BlockStore
from dnsd.wire import names

pytestmark = pytest.mark.slow


def _run(request):
    command = child_command("dnsd.control.blocklists_process")
    ended = subprocess.run(
        command, input=json.dumps(request).encode(), capture_output=True, env={}, check=False
    )
    return outcome_of(ended.stdout, ended.stderr, ended.returncode)


@pytest.fixture
def request_of(tmp_path):
    (tmp_path / "good").mkdir()

    def make(text, **changes):
        (tmp_path / "ads").write_text(text)
        options = BlockListsOptions(tmp_path, ())
        return {
            "directory": str(tmp_path),
            "lists": [{"name": "ads", "path": str(tmp_path / "ads"), "form": "auto"}],
            "max_octets": options.list_octets, "max_names": options.list_names,
            "memory_octets": options.memory_octets, "store_octets": 16 << 20,
            "time_s": options.time_s, **changes,
        }  # fmt: skip

    return make


def test_lists_are_compiled(request_of, tmp_path):
    report = _run(request_of("ads.example\n"))
    assert (report["failure"], report["names"]) == ("", 1)
    store = BlockStore(current_store(tmp_path))
    assert store.find(names.from_text("www.ads.example")) == 1
    store.close()


def test_a_list_beyond_its_memory_changes_nothing(request_of, tmp_path):
    text = "".join(f"{i}.ads.example\n" for i in range(300_000))
    failure = _run(request_of(text, memory_octets=40 << 20))
    assert failure.limit == "memory"
    assert current_store(tmp_path) is None


def test_a_url_is_fetched(tmp_path):
    report = _run(
        {"url": "https://127.0.0.1:1/x", "path": str(tmp_path / "x"), "etag": "", "last_modified": "",
         "max_octets": 9, "timeout_s": 30, "memory_octets": 1 << 30, "store_octets": 0, "time_s": 30}
    )  # fmt: skip
    assert report["result"] == "failed"
    assert "refused" in report["reason"].lower()

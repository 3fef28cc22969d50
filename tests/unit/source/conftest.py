"""Read YAML as zone files are read, includes from a directory of the test."""

import pytest

from dnsd.source.entry_stream import EntryStream
from dnsd.source.marked_yaml import Document
from dnsd.source.nodes import Policy, zone_policy


@pytest.fixture
def read(tmp_path):
    """Read a zone-like file whole: its plain value and the ids of the problems."""

    def read_whole(text, limits=None, **files):
        for name, content in files.items():
            (tmp_path / f"{name}.yaml").write_bytes(content.encode("utf-8", "surrogateescape"))
        policy = zone_policy(tmp_path)
        if limits:
            policy = Policy(references=True, includes=policy.includes, limits=limits)
        problems = []
        node = None
        with EntryStream(text.encode(), str(tmp_path / "zone.yaml"), policy, problems) as stream:
            node = stream.node()
        return node and Document(node).plain(), [problem.id for problem in problems]

    return read_whole

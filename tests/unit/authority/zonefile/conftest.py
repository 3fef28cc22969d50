"""Read zone texts as files, and show records as text."""

import pytest

from dnsd.authority.zonefile.yaml_zone import read_zone
from dnsd.wire import names, rdata
from dnsd.wire.iana import rrtype_to_text


def record_text(record):
    """One record in one line: owner, TTL, type, rdata."""
    rrtype = rrtype_to_text(record.type)
    value = rdata.to_text(record.type, record.rdata)
    return f"{names.to_text(record.owner)} {record.ttl} {rrtype} {value}"


@pytest.fixture
def zone(tmp_path):
    """Read a text as the file ``example.test.yaml``, or another; further files beside it."""

    def read(text, file="example.test.yaml", **others):
        for name, content in others.items():
            (tmp_path / f"{name}.yaml").write_text(content)
        path = tmp_path / file
        path.write_text(text)
        return read_zone(path, tmp_path)

    return read


@pytest.fixture
def records(zone):
    """Read a text as a zone that has no problems: its records as lines."""

    def read(text, file="example.test.yaml", **others):
        draft = zone(text, file, **others)
        assert draft.problems == []
        return [record_text(record) for record in draft.records]

    return read


@pytest.fixture
def value(records):
    """Read one value of one type: its rdata as text, ``" | "`` between several."""

    def read(rrtype, written):
        prefix = f"x.example.test. 3600 {rrtype} "
        lines = records(f"x: {{type: {rrtype}, values: {written}}}")
        assert all(line.startswith(prefix) for line in lines)
        return " | ".join(line.removeprefix(prefix) for line in lines)

    return read


@pytest.fixture
def problem_ids(zone):
    """Read a text as a zone: the ids of its problems in the order of the file."""

    def read(text, **others):
        problems = sorted(zone(text, **others).problems, key=lambda problem: problem.where)
        return [problem.id for problem in problems]

    return read

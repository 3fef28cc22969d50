"""Any octets are a zone or problems with places; a good zone survives being written.

Run: ``python tests/fuzz/targets/zone_yaml.py [libFuzzer options] [corpus]``
"""

import atexit
import shutil
import sys
import tempfile
from pathlib import Path

from dnsd.authority.zonefile.octodns_export import write_octodns
from dnsd.authority.zonefile.yaml_zone import read_zone
from dnsd.source.marked_yaml import parse
from dnsd.source.problems import ConfigError, errors, render
from dnsd.wire import names, rdata


def one_zone(octets, directory):
    """Hold what is promised of a zone file; returns its draft."""
    path = directory / "example.test.yaml"
    path.write_bytes(octets)
    draft = read_zone(path, directory)
    for problem in draft.problems:
        assert problem.where.file.startswith(str(directory))
        assert (
            problem.where.line <= octets.count(b"\n") + octets.count(b"\r") + 2
            or not octets.isascii()
        )
    assert render(draft.problems).endswith(("error", "errors", "warning", "warnings"))
    # An alias stands for nodes that are written; what they add is bounded.
    assert len(draft.records) <= 10_000 + 4 * len(octets)
    for record in draft.records:
        assert names.is_subdomain(record.owner, draft.origin)
        assert 0 <= record.ttl <= 2**31 - 1
        rdata.check(record.type, record.rdata)
    if not errors(draft.problems):
        assert contents(read_again(draft, directory)) == contents(draft)
    return draft


def read_again(draft, directory):
    """Write a draft as octoDNS does, and read that."""
    (directory / "bare.yaml").write_text(write_octodns(draft.origin, draft.records))
    zone = names.to_text(draft.origin).replace("'", "''")
    path = directory / "again.yaml"
    path.write_text(f"zone: '{zone}'\nrecords: !include bare.yaml\n")
    again = read_zone(path, directory)
    assert errors(again.problems) == []
    return again


def contents(draft):
    """What the records say, without their places."""
    return sorted((record.owner, record.type, record.ttl, record.rdata) for record in draft.records)


def one_document(octets):
    """Hold what is promised of a configuration file: plain values, no more nodes than octets."""
    try:
        document = parse(octets, "dnsd.yaml")
    except ConfigError as error:
        problems = error.problems
    else:
        assert size(document.plain()) <= 2 * len(octets) + 1
        problems = ()
    assert all(problem.where.file == "dnsd.yaml" for problem in problems)


def size(value):
    """Count the values in a value."""
    if isinstance(value, dict):
        return 1 + len(value) + sum(map(size, value.values()))
    if isinstance(value, list):
        return 1 + sum(map(size, value))
    return 1


def one_input(octets):
    """Take the octets for both kinds of file."""
    one_document(octets)
    one_zone(octets, DIRECTORY)


if __name__ == "__main__":
    try:
        import atheris
    except ImportError:
        sys.exit("skipped: pip install 'dnsd[fuzz]' brings atheris")
    DIRECTORY = Path(tempfile.mkdtemp(prefix="dnsd-fuzz-"))
    atexit.register(shutil.rmtree, DIRECTORY)
    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()

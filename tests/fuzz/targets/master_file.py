"""Any text is a master file or problems with places; a good one survives being written.

Run: ``python tests/fuzz/targets/master_file.py [libFuzzer options] [corpus]``
"""

import sys

from dnsd.authority.zonefile.master_file import read_master, write_master
from dnsd.source.problems import errors, render
from dnsd.wire import names, rdata

ORIGIN = names.from_text("example.test.")


def one_text(text):
    """Hold what is promised of a master file; returns its draft."""
    draft = read_master(text, ORIGIN, "db.example")
    for problem in draft.problems:
        assert problem.where.file == "db.example"
        assert 1 <= problem.where.line <= text.count("\n") + 1
        assert problem.where.column >= 1
    assert render(draft.problems)
    for record in draft.records:
        assert names.is_subdomain(record.owner, ORIGIN)
        assert 0 <= record.ttl <= 2**31 - 1
        rdata.check(record.type, record.rdata)
    if not errors(draft.problems):
        again = read_master(write_master(ORIGIN, draft.records), ORIGIN, "db.again")
        assert again.problems == []
        assert contents(again) == contents(draft)
    return draft


def contents(draft):
    """What the records say, without their places."""
    return sorted((record.owner, record.type, record.ttl, record.rdata) for record in draft.records)


def one_input(octets):
    """Take the octets for a master file."""
    one_text(octets.decode("utf-8", "surrogateescape"))


if __name__ == "__main__":
    try:
        import atheris
    except ImportError:
        sys.exit("skipped: pip install 'dnsd[fuzz]' brings atheris")
    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()

from pathlib import Path

from dnsd.authority.build import run_problems
from dnsd.authority.store import StoreError
from dnsd.wire import names


def test_problems_of_a_run_say_what_to_do():
    problems = [
        run_problems.zone_twice(names.from_text("a.test."), "a.yaml", "b.yaml"),
        run_problems.deletion_share("a.yaml", 40, 100, 0.3),
        run_problems.files_gone("a.yaml", 3, 3, 0.3),
        run_problems.store_failed("a.yaml", StoreError("the disk is full")),
        run_problems.unreadable(Path("a"), OSError(2, "No such file"), "a directory"),
    ]
    assert list(map(str, problems)) == [
        "a.yaml: zone-twice: a.test. is also in b.yaml\n    expected: one file a zone",
        (
            "a.yaml: deletion-share: 40 of 100 records would go away; "
            "the version from before is kept\n"
            "    expected: at most 30% of a zone at once (authority.max_deletion_share)\n"
            "    hint: dnsd zone reload --force"
        ),
        (
            "a.yaml: zone-file-gone: the files of 3 of 3 zones are gone; the zone is kept\n"
            "    expected: files for some zones, at most 30% gone at once "
            "(authority.max_deletion_share)\n"
            "    hint: dnsd zone reload --force"
        ),
        "a.yaml: zone-store: the disk is full",
        "a: zone-unreadable: no such file\n    expected: a directory",
    ]

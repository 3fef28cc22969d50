from typing import get_args

from dnsd.control.blocklists_shapes import ListOutcome, ListState, ListStatus


def test_a_status_tells_what_an_outcome_does():
    assert {"name", "state", "names", "reason"} <= ListOutcome.__annotations__.keys()
    assert {"name", "state", "names", "reason"} <= ListStatus.__annotations__.keys()
    assert get_args(ListState) == ("compiled", "kept", "absent")

import dataclasses

import pytest


def test_nothing_can_be_exchanged_under_whoever_uses_it(around):
    with pytest.raises(dataclasses.FrozenInstanceError):
        around.row = None

"""Power failures after every call, in short; and that their absence of faults means something."""

import pytest
from experiments.power_loss import play
from fakes.power import PowerDisk

pytestmark = pytest.mark.slow


def test_every_image_is_as_promised(tmp_path):
    calls, images, faults = play(tmp_path, 1)
    assert faults == []
    assert calls > 50
    assert images > 1_000


class Careless(PowerDisk):
    """Leaves one kind of call undone."""

    def __init__(self, left_out):
        super().__init__()
        setattr(self, left_out, lambda *_: None)


@pytest.mark.parametrize("left_out", ["sync", "sync_directory"])
def test_a_call_that_is_left_out_is_found_out(tmp_path, left_out):
    _, _, faults = play(tmp_path, 1, disk=Careless(left_out), enough=1)
    assert faults

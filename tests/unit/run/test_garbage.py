"""The collector's thresholds, in a process of their own: they are the whole process's."""

import subprocess
import sys

CODE = """
import gc
from dnsd.run import garbage
kept = [object() for _ in range(100)]
garbage.settle()
print(gc.get_freeze_count() > 100, gc.get_threshold()[0] > 10_000, gc.isenabled())
"""


def test_what_exists_is_frozen_and_the_young_are_left_in_peace():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "True"]

"""Malformed messages at the live server, in short."""

import pytest
from experiments.malformed import run

pytestmark = pytest.mark.slow


def test_malformed_messages_leave_no_trace_and_get_well_formed_replies(tmp_path):
    outcome = run(tmp_path, datagrams=4000, streams=600)
    assert outcome.failures == []
    assert outcome.datagrams.replies > 1000
    assert outcome.streams.replies > 100
    before, after = outcome.descriptors
    assert after <= before

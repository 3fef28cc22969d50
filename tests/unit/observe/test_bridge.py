import json
import os

import pytest
from twisted.logger import Logger, LogPublisher, formatEvent
from twisted.python.failure import Failure

from dnsd.observe import metrics
from dnsd.observe.bridge import TwistedBridge
from dnsd.observe.log import EventLog


@pytest.fixture
def row():
    return metrics.new_page(rows=1).row(0)


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    yield descriptor, lambda: [json.loads(line) for line in path.read_bytes().splitlines()]
    os.close(descriptor)


@pytest.fixture
def logger(written, row):
    bridge = TwistedBridge(EventLog(written[0]), row, formatEvent)
    return Logger(namespace="some.module", observer=LogPublisher(bridge))


def test_an_event_of_twisted_is_written(logger, written):
    logger.warn("port {port} is odd\n", port=53)
    (event,) = written[1]()
    assert (event["level"], event["event"]) == ("warning", "twisted")
    assert (event["text"], event["where"]) == ("port 53 is odd\n", "some.module")


def test_what_twisted_tells_of_its_doings_is_for_developers(logger, written):
    logger.info("Starting factory")
    assert written[1]() == []


def test_an_exception_that_reached_the_reactor_is_counted(logger, written, row):
    def callback():
        raise RuntimeError("boom")

    try:
        callback()
    except RuntimeError:
        logger.failure("Unhandled Error", Failure())
    (event,) = written[1]()
    assert (event["level"], event["event"]) == ("critical", "uncaught_exception")
    assert event["error"] == "RuntimeError: boom"
    assert event["at"].startswith("test_bridge.py:")
    assert row[metrics.UNCAUGHT_EXCEPTIONS.slot()] == 1


def test_an_event_that_cannot_be_rendered_is_told_as_a_fault(written, row):
    def render(event):
        raise ZeroDivisionError

    TwistedBridge(EventLog(written[0]), row, render)({"log_namespace": "x"})
    (event,) = written[1]()
    assert event["event"] == "log_bridge"

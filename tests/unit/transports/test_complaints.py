"""The log of a server that breaks the rules without end."""

import logging

import pytest

from doorward.transports.complaints import Complaints

log = logging.getLogger("a server")


def test_a_flood_is_told_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints(log, "crm")
    for _ in range(10_000):
        complaints.say(1000.0, "a line of %d bytes is no message", 7)
    assert len(caplog.messages) == 20
    assert set(caplog.messages) == {"server crm: a line of 7 bytes is no message"}
    complaints.say(1060.0, "a response to no request")
    assert caplog.messages[20:] == [
        "server crm: 9980 more such lines were left out here",
        "server crm: a response to no request",
    ]
    complaints.finish()
    assert len(caplog.messages) == 22


def test_its_end_tells_what_was_left_out(caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints(log, "crm")
    for _ in range(25):
        complaints.say(1000.0, "no message")
    complaints.finish()
    assert caplog.messages[-1] == "server crm: 5 more such lines were left out here"

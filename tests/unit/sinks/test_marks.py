from typing import Any

import pytest
from tests.receivers.events import event

from doorward.sinks.marks import marks, severity
from doorward.sinks.syslog_message import message


def test_what_says_something_by_its_name() -> None:
    made = event(1, entities={"US_SSN": 2, "EMAIL": 1}, reason="x")
    assert marks(made) == {
        "event_id": made.id,
        "kind": "exchange",
        "phase": "outcome",
        "decision": "allow",
        "reason": "x",
        "identity": "agent:sales",
        "mcp_server": "crm",
        "tool_name": "get_customer",
        "finding": ["EMAIL", "US_SSN"],
    }


@pytest.mark.parametrize("odd", [5, 1.5, True, ["a", 1], [[1]], "text"])
def test_a_record_that_somebody_changed_holds_up_nothing(odd: Any) -> None:
    """What raised here would make each try of a delivery fail."""
    made = event(1, entities=odd, kind=odd, severity=odd, tool_name=odd)
    assert marks(made).keys() >= {"event_id", "phase"}
    assert "finding" not in marks(made)
    assert severity(made) == ""
    assert made.id.encode() in message(made, 16, "h", "a", "x@1")

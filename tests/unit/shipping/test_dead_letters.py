import json
from pathlib import Path

from doorward.core.delivery import Event
from doorward.shipping.dead_letters import MOST_REASON, Dead, DeadLetters


def test_a_dead_letter_says_what_where_when_and_why(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path / "x.dead.jsonl", "x", lambda: 1795377000.5)
    event = Event("e1", 1.0, "k", {"event_id": "e1", "seq": 7}, b"data")
    letters.keep([Dead(event, "too old"), Dead(event, "y" * 10_000)])
    letters.keep([Dead(event, "again")])
    lines = [json.loads(line) for line in (tmp_path / "x.dead.jsonl").read_text().splitlines()]
    assert lines[0] == {
        "sink": "x",
        "time": "2026-11-22T19:50:00.500Z",
        "reason": "too old",
        "event_id": "e1",
        "event": {"event_id": "e1", "seq": 7},
    }
    assert [len(line["reason"]) for line in lines] == [7, MOST_REASON, 5]
    assert (tmp_path / "x.dead.jsonl").stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_written_holds_up_nothing(tmp_path: Path) -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    letters = DeadLetters(tmp_path / "x.dead.jsonl", "x")
    letters.keep([Dead(Event("e1", 1.0, "k", {"deep": deep}, b""), "too deep")])
    said = json.loads((tmp_path / "x.dead.jsonl").read_text())
    assert (said["event_id"], said["event"], said["reason"]) == ("e1", None, "too deep")

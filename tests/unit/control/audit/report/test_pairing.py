import pytest
from tests.unit.control.audit.report.records import intent, seen

from doorward.control.audit.report import pairing
from doorward.control.audit.report.pairing import Pairing, Part


def test_the_parts_of_an_exchange() -> None:
    pairs = Pairing()
    assert pairs.part(intent()) is Part.FIRST
    assert pairs.part(seen(kind="message", phase="")) is Part.NOTE
    assert pairs.open == 1
    assert pairs.part(seen()) is Part.LAST
    assert pairs.end(seen()) is None
    assert pairs.open == 0


def test_what_has_no_intent_stands_alone() -> None:
    pairs = Pairing()
    assert pairs.part(seen(decision="deny")) is Part.ONLY
    assert pairs.part(seen(kind="message", phase="")) is Part.ONLY
    assert pairs.open == 0


def test_an_interrupted_exchange_says_what_its_notes_said() -> None:
    pairs = Pairing()
    note = seen(kind="message", phase="", entities={"PERSON": 1})
    pairs.part(intent())
    pairs.part(note)
    cut = seen(reason="journal.interrupted", decision="error")
    assert pairs.part(cut) is Part.LAST
    assert pairs.end(cut) is note


def test_an_interrupted_outcome_may_be_read_before_its_intent() -> None:
    pairs = Pairing()
    pairs.end(seen(reason="journal.interrupted", decision="error"))
    pairs.part(intent())
    assert pairs.open == 0


def test_summaries_of_a_stream_that_opened_earlier_are_one_stream() -> None:
    pairs = Pairing()
    for _ in range(3):
        assert pairs.part(seen(kind="stream", phase="summary", uninspected=1)) is Part.NOTE
    assert pairs.open == 1
    assert [note.uninspected for note in pairs.notes()] == [1]


def test_memory_is_bounded_and_nothing_is_forgotten_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairing, "MOST_OPEN", 2)
    pairs = Pairing()
    for number in range(5):
        pairs.part(intent(str(number)))
    assert (pairs.open, pairs.forgotten) == (5, 3)
    assert pairs.part(seen(exchange_id="9", kind="stream", phase="summary")) is Part.NOTE
    assert pairs.notes() == []

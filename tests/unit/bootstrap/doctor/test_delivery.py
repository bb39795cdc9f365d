import os
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.unit.bootstrap.doctor.surroundings import loaded, only, states

from doorward.bootstrap.doctor.delivery import delivery
from doorward.bootstrap.doctor.line import Line
from doorward.shipping.status import Status, Written

SINKS = ["siem", "stdout"]
WELL = {"up": True, "delivered": 1200, "rate": 13.94, "writers": {"ab" * 16: 41}}


def look(directory: Path, *sinks: Status, age: float = 0.5, serving: bool = True, text: bytes = b"") -> list[Line]:
    place = directory / ".doorward" / "audit" / "shipping" / "status.json"
    if sinks or text:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text or msgspec.json.encode(Written(time.time() - age, 4711, list(sinks))))
    return delivery(loaded(directory), SINKS, serving=serving)


def siem(**more: Any) -> Status:
    return Status(name="siem", use="splunk", **(WELL | more))


def stdout() -> Status:
    return Status(name="stdout", use="stdout", up=True)


def test_without_sinks_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert delivery(loaded(tmp_path), [], serving=True) == []


def test_a_sink_that_is_well(tmp_path: Path) -> None:
    found = look(tmp_path, siem(), stdout())
    assert states(found) == ["ok", "ok"]
    assert [line.about for line in found] == ["sink siem", "sink stdout"]
    assert found[0].what == "splunk: 1200 delivered, 13.9/s, nothing waiting, acknowledged up to abababab:41"


def test_what_waits_is_told(tmp_path: Path) -> None:
    line = look(tmp_path, siem(waiting_bytes=3 << 20, waiting_seconds=61.0, repeated=7), stdout())[0]
    assert line.state == "ok"
    assert "7 sent again" in line.what
    assert "3.0 MiB waiting for 61 s" in line.what


def test_many_writers_are_counted(tmp_path: Path) -> None:
    line = look(tmp_path, siem(writers={f"{number:032x}": number for number in range(12)}), stdout())[0]
    assert "and 9 more writers" in line.what


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        ({"up": False, "last_error": "HTTP 403", "since": 1.0}, "fail", "HTTP 403"),
        ({"up": True, "last_error": "HTTP 503"}, "ok", "delivered"),
        ({"up": False}, "ok", "delivered"),  # nothing was there for it yet
        ({"fill": 0.81}, "fail", "81% of the room"),
        ({"fill": 0.5}, "warn", "50% of the room"),
        ({"waiting_seconds": 901.0}, "warn", "less than comes"),
        ({"dead": 3}, "warn", "3 dead letters"),
        ({"unsaved": True}, "warn", "its cursor cannot be saved"),
        ({"damaged": 2}, "warn", "2 lines or segments of the log could not be read"),
    ],
)
def test_what_is_wrong_with_a_sink(tmp_path: Path, status: dict[str, Any], state: str, words: str) -> None:
    line = look(tmp_path, siem(**status), stdout())[0]
    assert (line.state, words in line.what) == (state, True)
    assert line.remedy or state == "ok"


def test_what_can_be_done_is_what_the_sink_says(tmp_path: Path) -> None:
    status = siem(up=False, last_error="HTTP 403", remedy="check the sink's credentials")
    assert look(tmp_path, status, stdout())[0].remedy == "check the sink's credentials"


@pytest.mark.parametrize(("serving", "state"), [(True, "fail"), (False, "warn")])
def test_a_shipper_that_does_not_run(tmp_path: Path, serving: bool, state: str) -> None:
    first, *others = look(tmp_path, siem(), stdout(), age=60.0, serving=serving)
    assert (first.about, first.state) == ("delivery", state)
    assert "60 s old, of process 4711" in first.what
    assert len(others) == 2


@pytest.mark.parametrize("age", [0.5, 60.0])
def test_a_shipper_that_cannot_note_what_was_taken(tmp_path: Path, age: float, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / ".doorward" / "audit" / "shipping"
    monkeypatch.setattr(os, "access", lambda path, mode: path != place)  # root may write to any other
    first, *others = look(tmp_path, siem(), stdout(), age=age)
    assert (first.about, first.state) == ("delivery", "fail")
    assert f"{place} cannot be written to: what sinks have taken is not noted" in first.what
    assert "does not run" not in first.what
    assert len(others) == 2
    (place / "status.json").unlink()
    line = only(look(tmp_path))
    assert (line.state, "cannot be written to: nothing is shipped" in line.what) == ("fail", True)
    monkeypatch.undo()
    assert states(look(tmp_path, siem(), stdout())) == ["ok", "ok"]


def test_a_last_sign_from_before_the_clock_was_set_back_is_none(tmp_path: Path) -> None:
    first = look(tmp_path, siem(), stdout(), age=-3600.0)[0]
    assert (first.about, first.state) == ("delivery", "fail")
    assert "its last sign is of a time in 60 min" in first.what


@pytest.mark.parametrize("text", [b"", b"{", b'{"at": "soon"}'])
def test_no_status(tmp_path: Path, text: bytes) -> None:
    assert only(look(tmp_path, text=text)).state == "fail"
    assert only(look(tmp_path, text=text, serving=False)).state == "warn"


def test_a_sink_that_the_shipper_does_not_know(tmp_path: Path) -> None:
    found = look(tmp_path, siem())
    assert states(found) == ["ok", "warn"]
    assert found[1].about == "sink stdout"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_status_that_we_may_not_read(tmp_path: Path) -> None:
    look(tmp_path, siem())
    (tmp_path / ".doorward" / "audit" / "shipping").chmod(0)
    with pytest.raises(PermissionError):  # which side_by_side tells
        look(tmp_path)

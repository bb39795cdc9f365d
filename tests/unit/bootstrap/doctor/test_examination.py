import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.unit.bootstrap.doctor.surroundings import loaded

from doorward.bootstrap.doctor import examination as module
from doorward.bootstrap.doctor.examination import examined
from doorward.bootstrap.doctor.line import Line
from doorward.core.errors import DetectorFault
from doorward.detectors.stub import Stub
from doorward.shipping.status import Status, Written


def lines(directory: Path, **sections: Any) -> dict[str, Line]:
    quiet = {"listen": {"address": "127.0.0.1:0"}, "admin": {"address": "127.0.0.1:0"}, "servers": {}}
    return {line.about: line for line in examined(Path(loaded(directory, **quiet | sections).file)).lines}


def test_what_is_looked_at(tmp_path: Path) -> None:
    found = lines(
        tmp_path,
        servers={"crm": {"command": "sh"}},
        identity={"issuers": [{"issuer": "http://127.0.0.1:9", "name": "idp"}]},
        inspect={"detectors": [{"use": "stub", "texts": {"PERSON": ["Ines"]}}]},
        audit={"sinks": [{"use": "stdout"}]},
    )
    assert list(found) == [
        "configuration", "keys", "store", "audit", "room", "checkpoints", "clock", "listen", "admin",
        "server crm", "issuer idp", "delivery", "detectors",
    ]  # fmt: skip
    apart = ("configuration", "room")  # which may have something to say
    assert {about: line.state for about, line in found.items() if line.state != "ok" and about not in apart} == {
        "checkpoints": "warn",
        "issuer idp": "fail",
        "delivery": "warn",
    }


def test_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "doorward.yaml"
    file.write_text("mod: audit\nlimits: {depth: deep}\n")
    report = examined(file)
    assert not report.usable
    assert [(line.state, line.about) for line in report.lines] == [("fail", "configuration")] * 2
    assert report.lines[0].what == f"{file}:1:1: mod: unknown key 'mod'"
    assert report.lines[0].remedy == "did you mean mode?"


def test_what_does_not_compile_is_told_beside_the_rest(tmp_path: Path) -> None:
    config = loaded(tmp_path, servers={"crm": {"command": "sh", "env": {"KEY": "env:DOORWARD_NOT_SET"}}})
    report = examined(Path(config.file))
    assert not report.usable
    assert report.lines[0].about == "configuration"
    assert report.lines[0].state == "fail"
    assert "keys" in {line.about for line in report.lines}


def test_a_sink_that_cannot_be_made(tmp_path: Path) -> None:
    sinks = [{"use": "file", "path": "out.jsonl", "kep": 3}, {"use": "stdout", "name": "Not A Name"}]
    report = examined(Path(loaded(tmp_path, audit={"sinks": sinks}).file))
    assert not report.usable
    assert [line.what.partition("audit.")[2][:8] for line in report.lines[:2]] == ["sinks[0]", "sinks[1]"]


def test_sinks_are_told_by_their_names(tmp_path: Path) -> None:
    sinks = [{"use": "file", "path": "out.jsonl", "name": "local"}, {"use": "stdout"}]
    written = Written(time.time(), 1, [Status(name="local", use="file", up=True)])
    place = tmp_path / ".doorward" / "audit" / "shipping"
    place.mkdir(parents=True)
    (place / "status.json").write_bytes(msgspec.json.encode(written))
    found = lines(tmp_path, audit={"sinks": sinks})
    assert (found["sink local"].state, found["sink stdout"].state) == ("ok", "warn")


def test_warnings_of_the_configuration_are_counted(tmp_path: Path) -> None:
    line = lines(tmp_path, mode="enforce")["configuration"]
    assert (line.state, "doorward check" in line.remedy) == ("warn", True)


@pytest.mark.parametrize("fault", [ImportError("no module"), DetectorFault("no model")])
def test_a_detector_that_does_not_get_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    def load(self: Stub) -> None:
        raise fault

    monkeypatch.setattr(Stub, "load", load, raising=False)
    line = lines(tmp_path, inspect={"detectors": [{"use": "stub", "texts": {"PERSON": ["Ines"]}}]})["detectors"]
    assert (line.state, "cannot get ready" in line.what) == ("fail", True)


def test_nothing_is_made(tmp_path: Path) -> None:
    lines(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["doorward.yaml"]


def test_what_answers_without_an_end_at_the_admin_address_is_no_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = threading.Event()
    monkeypatch.setattr(module, "running", lambda _: never.wait())
    monkeypatch.setattr(module, "GATEWAY", 0.01)
    assert "gateway" not in lines(tmp_path)
    never.set()

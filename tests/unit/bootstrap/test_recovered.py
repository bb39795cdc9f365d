"""Whatever earlier processes left in the log, the next one starts, and says what it could not put in order."""

import logging
import os
from pathlib import Path

import pytest
from tests.journals import journal, lines, record

from doorward.bootstrap import recovered
from doorward.core import audit_layout
from doorward.core.errors import JournalFault

W, X = "a" * 32, "b" * 32


@pytest.mark.parametrize(
    "fault",
    [OSError(5, "Input/output error"), JournalFault("full"), ValueError("odd"), KeyError("odd")],
)
def test_no_fault_keeps_a_process_from_starting(
    tmp_path: Path, fault: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(recovered, "recover", fails)
    kept = journal(tmp_path)
    recovered.recovered(tmp_path, kept)
    kept.close()
    (told,) = caplog.records
    assert told.levelno == logging.ERROR
    assert "could not be put in order" in told.getMessage()


DEEP = b"[" * 100_000 + b"]" * 100_000
MANY = b"9" * 4300  # the longest number that is read; one more could not be written


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("journal-000001.jsonl", b'{"seq":' + MANY + b',"exchange_id":"x","kind":"exchange","phase":"intent"}\n'),
        ("journal-000001.jsonl", b'{"seq":-5,"exchange_id":"x","kind":"exchange","phase":"intent"}\n'),
        ("journal-000001.jsonl", b'{"heads":' + DEEP + b"}\n"),
        ("journal-000001.jsonl", b'{"seq":1,"more":' + DEEP + b"}\n"),
        ("journal-000001.jsonl", b"\xff\xfe\0\n\0\0"),
        ("checkpoints.jsonl", b'{"count":' + MANY + b',"number":' + MANY + b',"signature":"?"}\n{}\n\xff\n[[\n'),
        ("closed.new", b"?"),
        ("torn-000001-7", b"?"),
    ],
)
def test_what_is_on_the_disk_keeps_no_process_from_starting(
    tmp_path: Path, name: str, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    for writer in (W, X):
        (tmp_path / writer).mkdir()
        for file in (audit_layout.segment(1), audit_layout.LOCK):
            (tmp_path / writer / file).touch()
    (tmp_path / W / name).write_bytes(content)
    kept = journal(tmp_path)
    recovered.recovered(tmp_path, kept)
    kept.append(record())
    kept.close()
    assert (tmp_path / X / audit_layout.CLOSED).exists()
    assert (tmp_path / W / audit_layout.CLOSED).exists()
    assert not [told for told in caplog.records if told.exc_info]
    assert len(lines(tmp_path, kept.writer)) >= 2


@pytest.mark.parametrize("name", [audit_layout.segment(1), audit_layout.CHECKPOINTS])
def test_a_pipe_in_place_of_a_file_does_not_hold_it_up(tmp_path: Path, name: str) -> None:
    (tmp_path / W).mkdir()
    os.mkfifo(tmp_path / W / name)
    if name != audit_layout.segment(1):
        (tmp_path / W / audit_layout.segment(1)).touch()
    kept = journal(tmp_path)
    recovered.recovered(tmp_path, kept)
    kept.close()

from pathlib import Path
from typing import Any

import msgspec

from doorward.control.policies import past
from doorward.core import audit_layout
from doorward.core.audit import AuditRecord

A, B = "a" * 32, "b" * 32


def record(number: int, **members: Any) -> AuditRecord:
    usual: dict[str, Any] = {
        "event_id": f"e{number}",
        "exchange_id": f"x{number}",
        "kind": "exchange",
        "phase": "outcome",
        "timestamp": f"2026-01-01T00:{number:02d}:00.000Z",
        "seq": number,
    }
    return AuditRecord(**{**usual, **members})


def write(directory: Path, writer: str, *records: AuditRecord, torn: bytes = b"") -> None:
    (directory / writer).mkdir()
    lines = b"".join(msgspec.json.encode(each) + b"\n" for each in records)
    (directory / writer / audit_layout.segment(1)).write_bytes(lines + torn)


def test_what_is_old_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, A, *(record(number) for number in range(5)))
    write(tmp_path, B, *(record(number) for number in range(10, 13)))
    found = [each.seq for each in past.since(tmp_path, record(3).timestamp)]
    assert sorted(found) == [3, 4, 10, 11, 12]


def test_what_is_no_record_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, A, record(1), torn=b'{"kind":"exch\n\n{}\n[1]\n{"x": \xff}\n')
    write(tmp_path, B, record(2), torn=b'{"event_id": "being written')
    (tmp_path / "file").write_text("not a writer")
    assert sorted(each.seq for each in past.since(tmp_path, "")) == [1, 2]


def test_members_of_a_later_version_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / A).mkdir()
    later = {**msgspec.to_builtins(record(1)), "new": 1}
    (tmp_path / A / audit_layout.segment(1)).write_bytes(msgspec.json.encode(later) + b"\n")
    assert [each.seq for each in past.since(tmp_path, "")] == [1]


def test_all_of_one_exchange_in_order_and_nothing_else(tmp_path: Path) -> None:
    intent, outcome = record(3, exchange_id="x", phase="intent"), record(4, exchange_id="x")
    write(tmp_path, A, record(1), intent, outcome, record(5, exchange_id="x", kind="alert", phase=""))
    write(tmp_path, B, record(2, exchange_id="xx"), record(6, batch_id="x"))
    assert [each.phase for each in past.of_exchange(tmp_path, "x")] == ["intent", "outcome"]
    assert past.of_exchange(tmp_path, "nothing") == []
    assert past.of_exchange(tmp_path / "gone", "x") == []

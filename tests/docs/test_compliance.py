"""The mapping of fields to controls names every field, and no control that it does not explain."""

import re
from pathlib import Path

from doorward.core.audit import AuditRecord

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "compliance.md").read_text(encoding="utf-8")
CONTROLS, FIELDS = PAGE.partition("## Fields")[::2]


def rows(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")
    ]


MAPPED = [row for row in rows(FIELDS) if row[0].startswith("`")]


def test_every_field_is_mapped_in_the_order_of_the_record() -> None:
    assert [row[0].strip("`") for row in MAPPED] == list(AuditRecord.__struct_fields__)
    assert all(len(row) == 6 and row[1] for row in MAPPED)


def test_every_control_that_a_field_serves_is_explained() -> None:
    explained = {word.removeprefix("164.") for row in rows(CONTROLS) for word in re.split("[ ,]+", row[0])}
    for row in MAPPED:
        for cell in row[2:]:
            assert {control for control in cell.split(", ") if control} <= explained, row


def test_it_is_marked_as_orientation() -> None:
    assert "no legal advice" in PAGE.partition("##")[0]

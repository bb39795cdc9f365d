import json
import os
import pwd
from pathlib import Path

import pytest

from doorward import configfile
from doorward.bootstrap.admin_records import MOST_DETAIL, admin_record, os_user
from doorward.core.audit import AuditRecord
from doorward.core.errors import JournalFault


def loaded(directory: Path) -> configfile.Loaded:
    text = "servers: {a: {url: 'http://127.0.0.1:1/mcp'}}\naudit: {directory: log}\nkeys: {directory: keys}\n"
    return configfile.load_text(text, file=str(directory / "doorward.yaml"))


def test_one_record_in_a_journal_of_its_own(tmp_path: Path) -> None:
    for number in range(2):
        admin_record(loaded(tmp_path), what="override grant", detail=f"o{number}", user="os:ines")
    journals = list(tmp_path.glob("log/*/journal-*.jsonl"))
    assert len(journals) == 2
    records = [json.loads(journal.read_text().splitlines()[1]) for journal in journals]
    assert {record["detail"] for record in records} == {"o0", "o1"}
    for record in records:
        assert list(record) == list(AuditRecord.__struct_fields__)
        found = [record[name] for name in ("kind", "method", "identity", "seq", "decision")]
        assert found == ["admin", "override grant", "os:ines", 1, "allow"]
    assert len({record["event_id"] for record in records}) == 2


def test_a_detail_is_bounded(tmp_path: Path) -> None:
    admin_record(loaded(tmp_path), what="x", detail="y" * 100_000, user="os:ines")
    (journal,) = tmp_path.glob("log/*/journal-*.jsonl")
    assert len(json.loads(journal.read_text().splitlines()[1])["detail"]) == MOST_DETAIL


def test_no_place_no_record(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("")
    with pytest.raises(JournalFault):
        admin_record(loaded(tmp_path), what="x", detail="", user="os:ines")


def test_the_user_is_the_systems_not_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USER", "LOGNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "mallory")
    assert os_user() == f"os:{pwd.getpwuid(os.getuid()).pw_name}"
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_001)
    assert os_user() == "os:4000000001"

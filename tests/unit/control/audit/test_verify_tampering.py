"""Seven tamperings, and more, each found at its sequence."""

import os
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random

import msgspec
import pytest
from tests.audit_logs import Key, changed

from doorward.control.audit.verify.findings import COMPLETE, INTACT, Fault
from doorward.control.audit.verify.public_keys import PublicKeys
from doorward.control.audit.verify.report import Report
from doorward.control.audit.verify.whole import verify

GOLDEN = Path(__file__).parents[3] / "golden" / "audit"
FIRST, SECOND, THIRD = "a1" * 16, "b2" * 16, "c3" * 16
Lines = list[bytes]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A copy of the golden log. Its first writer has records 0 to 25 in segments of ten."""
    shutil.copytree(GOLDEN / "log", tmp_path / "log")
    shutil.copytree(GOLDEN / "exported", tmp_path / "exported")
    return tmp_path / "log"


def verified(log: Path, *, exported: bool = False) -> Report:
    keys = PublicKeys((GOLDEN / "public.pem").read_bytes())
    return verify(log, keys, exported=log.parent / "exported" if exported else None)


def found(log: Path, *, exported: bool = False) -> Fault:
    """The first fault; there is one."""
    report = verified(log, exported=exported)
    assert not report.complete
    return report.faults[0]


def tamper(log: Path, record: int, change: Callable[[Lines, int], Lines], writer: str = FIRST) -> None:
    """Change the segment that holds a record; ``change`` is told where in it the record stands."""
    segment = log / writer / f"journal-{record // 10 + 1:06d}.jsonl"
    changed(segment, lambda lines: change(lines, record % 10))


def test_the_golden_log_is_intact_and_complete(log: Path) -> None:
    for exported in (False, True):
        report = verified(log, exported=exported)
        assert report.faults == []
        assert (report.intact, report.complete) == (True, True)
        assert (report.writers, report.records, report.pending) == (3, 66, [])
    assert [(writer, a.reason) for writer, a in report.admitted] == [
        (THIRD, "journal.torn"),
        (THIRD, "journal.unavailable"),
    ]


def test_the_golden_log_is_made_of_the_same_bytes(tmp_path: Path) -> None:
    from tests.golden.audit.make import make

    make(tmp_path)
    names = sorted(path.relative_to(GOLDEN) for path in GOLDEN.rglob("*") if path.suffix in (".jsonl", ".pem"))
    assert len(names) > 10
    for name in names:
        assert (tmp_path / name).read_bytes() == (GOLDEN / name).read_bytes(), name


# -- the seven -------------------------------------------------------------------------------------------------------


def at(record: int, what: str) -> Callable[[Fault], bool]:
    return lambda fault: (fault.writer, fault.first) == (FIRST, record) and what in fault.what


@pytest.mark.parametrize("record", [0, 1, 5, 8, 9, 10, 11, 19, 20, 24])
@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda lines, n: [*lines[:n], lines[n].replace(b"5", b"6", 1), *lines[n + 1 :]], "was changed"),
        (lambda lines, n: [*lines[:n], *lines[n + 1 :]], "missing"),
        (lambda lines, n: [*lines[:n], lines[n].replace(b"5", b"6", 1), *lines[n:]], "stands twice"),
        (lambda lines, n: [*lines[:n], b"{}\n", *lines[n:]], "put in"),
        (lambda lines, n: [*lines[: n + 1], lines[n], *lines[n + 1 :]], "stands twice"),
        (lambda lines, n: [*lines[:n], b"what was here is gone\n", *lines[n + 1 :]], "is no record"),
    ],
    ids=["change", "deletion", "insertion", "rubbish", "duplication", "overwriting"],
)
def test_a_tampering_is_found_where_it_was_done(
    log: Path, record: int, change: Callable[[Lines, int], Lines], what: str
) -> None:
    tamper(log, record, change)
    report = verified(log)
    assert not report.intact
    faults = [fault for fault in report.faults if "first line" not in fault.what]
    assert (faults[0].writer, faults[0].promise, faults[0].first) == (FIRST, INTACT, record)
    assert what in faults[0].what
    # The others are not suspected.
    assert {fault.writer for fault in faults} == {FIRST}


def test_no_byte_of_a_record_can_be_changed(log: Path) -> None:
    random = Random(5)
    keys = PublicKeys((GOLDEN / "public.pem").read_bytes())
    for _ in range(400):
        segment = random.choice(sorted(log.glob("*/journal-*.jsonl")))
        whole = segment.read_bytes()
        place = random.randrange(len(whole))
        other = random.choice([byte for byte in b'09az" \n}\0' if byte != whole[place]])
        segment.write_bytes(whole[:place] + bytes((other,)) + whole[place + 1 :])
        record = (int(segment.name[8:14]) - 1) * 10 + whole[:place].count(b"\n")
        fault = next(fault for fault in verify(log, keys).faults if "first line" not in fault.what)
        assert fault.writer == segment.parent.name
        assert fault.first is not None
        assert fault.last is not None
        # Of the last record of a chain nobody but a signature tells, and that is for all since the one before.
        last = record == whole.count(b"\n") - 1 + (int(segment.name[8:14]) - 1) * 10
        assert fault.first in (record - 1, record) or (last and fault.first <= record <= fault.last), (segment, place)
        segment.write_bytes(whole)
    assert verify(log, keys).faults == []


@pytest.mark.parametrize("record", [1, 4, 8, 11, 22])
def test_two_records_that_changed_places(log: Path, record: int) -> None:
    tamper(log, record, lambda lines, n: [*lines[:n], lines[n + 1], lines[n], *lines[n + 2 :]])
    assert found(log).first == record


def test_two_records_that_changed_places_over_segments(log: Path) -> None:
    nine, ten = (log / FIRST / f"journal-00000{number}.jsonl" for number in (1, 2))
    last, first = nine.read_bytes().splitlines(True)[-1], ten.read_bytes().splitlines(True)[0]
    changed(nine, lambda lines: [*lines[:-1], first])
    changed(ten, lambda lines: [last, *lines[1:]])
    assert found(log).first == 9


def cut(log: Path, records: int, writer: str = FIRST) -> None:
    """Leave so many records."""
    for segment in sorted((log / writer).glob("journal-*.jsonl"), reverse=True):
        first = (int(segment.name[8:14]) - 1) * 10
        if first >= records:
            segment.unlink()
        else:
            changed(segment, lambda lines, first=first: lines[: records - first])  # type: ignore[misc]


@pytest.mark.parametrize("records", [25, 24, 20, 11, 10, 1])
def test_a_chain_that_is_cut_short(log: Path, records: int) -> None:
    cut(log, records)
    fault = found(log)
    assert (fault.writer, fault.promise, fault.first, fault.last) == (FIRST, COMPLETE, records, 25)
    assert verified(log).intact


def test_a_chain_that_is_gone(log: Path) -> None:
    cut(log, 0)
    assert (found(log).writer, found(log).first) == (FIRST, 0)


def test_a_chain_that_was_cut_with_its_checkpoints_needs_another_writer_or_the_exported_ones(log: Path) -> None:
    roll_back(log, 24)
    # Its Opening names the writer while it lived: at its last record but one of then.
    assert not verified(log, exported=True).complete
    assert verified(log).complete is False


def roll_back(log: Path, records: int) -> None:
    """As the writer was when it had so many records."""
    cut(log, records)
    changed(log / FIRST / "checkpoints.jsonl", lambda lines: [line for line in lines if said(line)["count"] <= records])
    (log / FIRST / "closed").unlink()


def said(line: bytes) -> dict[str, int]:
    found: dict[str, int] = msgspec.json.decode(line)
    return found


def test_an_older_copy_of_one_writer(log: Path) -> None:
    roll_back(log, 17)
    fault = found(log, exported=True)
    assert (fault.promise, "were exported" in fault.what) == (COMPLETE, True)
    assert ((FIRST, 17, 25)) in [(f.writer, f.first, f.last) for f in verified(log, exported=True).faults]


def test_an_older_copy_of_all(log: Path) -> None:
    roll_back(log, 17)
    for writer in (SECOND, THIRD):
        shutil.rmtree(log / writer)
    assert verified(log).complete  # nobody in it knows better
    faults = verified(log, exported=True).faults
    assert [(fault.writer, fault.first) for fault in faults if "whole writer" in fault.what] == [
        (SECOND, 0),
        (THIRD, 0),
    ]
    assert any((fault.writer, fault.first) == (FIRST, 17) for fault in faults)


@pytest.mark.parametrize("exported", [False, True])
def test_a_writer_that_was_removed_is_named_by_a_later_one(log: Path, exported: bool) -> None:
    shutil.rmtree(log / SECOND)
    fault = found(log, exported=exported)
    assert (fault.writer, fault.promise, fault.first) == (SECOND, COMPLETE, 0)
    assert THIRD in fault.what


def test_the_newest_writer_that_was_removed_needs_exported_checkpoints(log: Path) -> None:
    shutil.rmtree(log / THIRD)
    assert found(log, exported=True).writer == THIRD
    # What it recovered has no end either.
    assert found(log).writer == SECOND


# -- by who can do more ----------------------------------------------------------------------------------------------


def rewritten(lines: Lines, first: int, writer: str = FIRST) -> Lines:
    """The chain made anew from a line on."""
    made: Lines = []
    for number, line in enumerate(lines):
        record = msgspec.json.decode(line)
        if number >= first:
            record["prev"] = sha256(made[-1]).hexdigest() if made else ""
            record["identity"] = "agent:nobody" if number == first else record["identity"]
        made.append(msgspec.json.encode(record) + b"\n" if number >= first else line)
    return made


@pytest.mark.parametrize("record", [1, 3, 5, 8, 13, 24])
def test_a_chain_that_was_made_anew_is_not_the_signed_one(log: Path, record: int) -> None:
    segments = sorted((log / FIRST).glob("journal-*.jsonl"))
    lines = rewritten([line for path in segments for line in path.read_bytes().splitlines(True)], record)
    for number, path in enumerate(segments):
        path.write_bytes(b"".join(lines[number * 10 : number * 10 + 10]))
    fault = found(log)
    assert (fault.writer, fault.promise) == (FIRST, INTACT)
    assert fault.first is not None
    assert fault.last is not None
    assert fault.first <= record <= fault.last
    assert "vouches" in fault.what


def test_a_segment_that_was_removed(log: Path) -> None:
    (log / FIRST / "journal-000002.jsonl").unlink()
    fault = found(log)
    assert (fault.first, fault.last) == (10, 19)
    assert "segment 3" in fault.what


def test_the_first_segment_that_was_removed(log: Path) -> None:
    (log / FIRST / "journal-000001.jsonl").unlink()
    faults = verified(log).faults
    assert any((fault.first, fault.last) == (0, 9) and "missing" in fault.what for fault in faults)


def test_a_record_of_another_writer(log: Path) -> None:
    foreign = (log / SECOND / "journal-000001.jsonl").read_bytes().splitlines(True)[5]
    tamper(log, 5, lambda lines, n: [*lines[:n], foreign, *lines[n:]])
    assert at(5, f"a record of the writer '{SECOND}'")(found(log))
    tamper(log, 5, lambda lines, n: [*lines[:n], *lines[n + 1 :]])
    assert verified(log).complete
    tamper(log, 5, lambda lines, n: [*lines[:n], foreign, *lines[n + 1 :]])
    assert at(5, f"is of the writer '{SECOND}'")(found(log))


def test_a_writer_under_another_name(log: Path) -> None:
    (log / FIRST).rename(log / ("d4" * 16))
    faults = verified(log).faults
    assert {fault.writer for fault in faults} == {FIRST, "d4" * 16}


@pytest.mark.parametrize("name", ["seq", "prev", "writer", "kind"])
def test_a_member_that_occurs_twice(log: Path, name: str) -> None:
    def twice(lines: Lines, n: int) -> Lines:
        value = msgspec.json.encode(msgspec.json.decode(lines[n])[name])
        return [*lines[:n], b'{"' + name.encode() + b'":' + value + b"," + lines[n][1:], *lines[n + 1 :]]

    tamper(log, 7, twice)
    assert at(7, "a member occurs twice")(found(log))


def test_the_last_record_of_a_writer_that_nobody_signed(log: Path) -> None:
    """A record added behind the last checkpoint of a writer that ended in order."""
    path = log / THIRD / "journal-000001.jsonl"
    last = path.read_bytes().splitlines(True)[-1]
    record = msgspec.json.decode(last) | {"seq": 14, "prev": sha256(last).hexdigest(), "phase": "outcome"}
    changed(path, lambda lines: [*lines, msgspec.json.encode(record) + b"\n"])
    assert (found(log).writer, "behind its last checkpoint" in found(log).what) == (THIRD, True)


@pytest.mark.parametrize(
    "line", [b"\0" * 4096 + b"\n", b"\n", b"[]\n", b"\xff\n", b'{"v":NaN}\n', b"{" * 100_000 + b"\n"]
)
def test_a_line_that_is_no_record(log: Path, line: bytes) -> None:
    tamper(log, 12, lambda lines, n: [*lines[:n], line, *lines[n:]])
    assert at(12, "is no record")(found(log))


def test_a_line_that_is_too_long(log: Path) -> None:
    tamper(log, 12, lambda lines, n: [*lines[:n], b"x" * (25 << 20) + b"\n", *lines[n:]])
    assert at(12, "longer than 8 MiB")(found(log))


def test_bytes_that_are_no_line_behind_a_segment(log: Path) -> None:
    with (log / FIRST / "journal-000002.jsonl").open("ab") as opened:
        opened.write(b'{"v":1')
    assert at(20, "without a line's end")(found(log))


def test_bytes_that_are_no_line_behind_the_last_segment(log: Path) -> None:
    with (log / FIRST / "journal-000003.jsonl").open("ab") as opened:
        opened.write(b'{"v":1')
    assert (found(log).promise, found(log).first) == (COMPLETE, 26)


def test_files_that_are_not_part_of_a_log_are_told_of(log: Path) -> None:
    (log / "note.txt").touch()
    (log / FIRST / "journal-000001.jsonl.bak").touch()
    (log / "shipping").mkdir()  # belongs to the shipper
    report = verified(log)
    assert report.complete
    assert report.notes == [
        "'note.txt' is not part of a log",
        f"writer {FIRST}: 'journal-000001.jsonl.bak' is not part of a log",
    ]


def test_a_segment_that_is_a_link_does_not_count(log: Path) -> None:
    path = log / FIRST / "journal-000003.jsonl"
    path.rename(log.parent / "elsewhere")
    path.symlink_to(log.parent / "elsewhere")
    assert (found(log).first, found(log).last) == (20, 25)


def test_a_segment_under_a_name_that_no_reader_looks_for_does_not_count(log: Path) -> None:
    (log / FIRST / "journal-000002.jsonl").rename(log / FIRST / "journal-0000002.jsonl")
    assert (found(log).first, found(log).last) == (10, 19)


@pytest.mark.parametrize("name", ["journal-0000001.jsonl", "journal-000004.jsonl"])
def test_what_only_looks_like_a_segment_is_not_passed_over(log: Path, name: str) -> None:
    """A reader that is less strict shows what is in it."""
    (log / FIRST / name).symlink_to(log / SECOND / "journal-000001.jsonl")
    fault = found(log)
    assert (fault.writer, fault.promise, fault.first) == (FIRST, INTACT, None)
    assert fault.what == f"'{name}' has the name of a part of the log, and is none"


def test_what_only_looks_like_a_writer_is_not_passed_over(log: Path) -> None:
    (log / ("f" * 32)).symlink_to(log / FIRST)
    assert (found(log).promise, found(log).what) == (
        INTACT,
        f"'{'f' * 32}' has the name of a part of the log, and is none",
    )


@pytest.mark.parametrize("exported", [False, True])
def test_a_link_in_the_place_of_a_writer_is_no_writer(log: Path, exported: bool) -> None:
    (log / FIRST).rename(log.parent / "elsewhere")
    (log / FIRST).symlink_to(log.parent / "elsewhere")
    like, missing = verified(log, exported=exported).faults
    assert (like.promise, like.what) == (INTACT, f"'{FIRST}' has the name of a part of the log, and is none")
    assert (missing.writer, missing.promise) == (FIRST, COMPLETE)
    assert missing.what.startswith("the whole writer is missing; named by the first record of the writer")


def test_first_lines_are_not_read_through_a_link(log: Path) -> None:
    """Else whoever has the log could have any file tell of writers that never were."""
    opening = (log / THIRD / "journal-000001.jsonl").read_bytes().splitlines(keepends=True)[0]
    (log.parent / "elsewhere").write_bytes(opening.replace(FIRST.encode(), b"f" * 32))
    for segment in (log / FIRST).glob("journal-*"):
        segment.unlink()
    (log / FIRST / "journal-000001.jsonl").symlink_to(log.parent / "elsewhere")
    assert {fault.writer for fault in verified(log).faults} == {FIRST}


def test_a_mark_of_the_end_that_is_a_pipe_keeps_nobody_waiting(log: Path) -> None:
    (log / FIRST / "closed").unlink()
    os.mkfifo(log / FIRST / "closed")
    assert f"writer {FIRST}: 'closed' is not part of a log" in verified(log).notes


@pytest.mark.parametrize("digits", [19, 4300])
def test_a_number_that_no_log_gets_to_is_no_count(log: Path, digits: int) -> None:
    """With thousands of digits it would fill the answer, or be more than can be written at all."""
    number = b'"seq":' + b"9" * digits + b","
    tamper(log, 12, lambda lines, at: [*lines[:at], lines[at].replace(b'"seq":12,', number), *lines[at + 1 :]])
    what = "the line where record 12 belongs is no record: its seq is not a count"
    assert (found(log).first, found(log).what) == (12, what)


# -- checkpoints -----------------------------------------------------------------------------------------------------


def checkpoints(log: Path, change: Callable[[Lines], Lines]) -> None:
    changed(log / FIRST / "checkpoints.jsonl", change)


@pytest.mark.parametrize("exported", [False, True])
@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda lines: [lines[0].replace(b'"number":0', b'"number":9'), *lines[1:]], "line 1 of its checkpoints"),
        (
            lambda lines: [lines[0], lines[1].replace(b'"count":', b'"count":1'), *lines[2:]],
            "line 2 of its checkpoints",
        ),
        (lambda lines: [*lines[:-1], lines[-1].replace(b"}\n", b',"x":1}\n')], "it has no signature"),
        (lambda lines: [*lines[:-1], lines[-1].replace(b'"final":true', b'"final":false')], "its signature is not by"),
        (lambda lines: lines[1:], "does not name the line before it"),
        (lambda lines: [lines[0], *lines[2:]], "does not name the line before it"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "does not name the line before it"),
        (lambda lines: [lines[0], *lines], "does not name the line before it"),
        (lambda lines: [*lines, lines[-1]], "does not name the line before it"),
        (lambda lines: [lines[0], b"{}\n", *lines[1:]], "it has no signature"),
        (lambda lines: [lines[0].replace(b'"v":1', b'"v":1,"v":1'), *lines[1:]], "a member occurs twice"),
    ],
)
def test_checkpoints_that_were_tampered_with(
    log: Path, change: Callable[[Lines], Lines], what: str, exported: bool
) -> None:
    checkpoints(log, change)
    report = verified(log, exported=exported)
    assert not report.intact
    assert what in report.faults[0].what
    assert report.faults[0].writer == FIRST


@pytest.mark.parametrize("left", [0, 2, 3])
def test_checkpoints_that_were_removed(log: Path, left: int) -> None:
    checkpoints(log, lambda lines: lines[:left])
    assert (found(log).promise, "the checkpoint with which it did is missing" in found(log).what) == (COMPLETE, True)
    assert f"there are {left}, and 4 were exported" in found(log, exported=True).what


def test_all_checkpoints_of_a_killed_writer_that_were_removed(log: Path) -> None:
    (log / SECOND / "checkpoints.jsonl").unlink()
    assert (found(log, exported=True).writer, found(log, exported=True).promise) == (SECOND, COMPLETE)


def signed_anew(lines: Lines, key: Key, key_id: str = "") -> Lines:
    """All checkpoints, signed by another."""
    from doorward.core import checkpoint

    made: Lines = []
    for line in lines:
        old = checkpoint.read(line)
        new = msgspec.structs.replace(
            old, key_id=key_id or key.key_id, prev=sha256(made[-1]).hexdigest() if made else ""
        )
        body = checkpoint.unsigned(new)
        made.append(checkpoint.line(body, key.sign(checkpoint.CONTEXT + body)))
    return made


def test_checkpoints_by_a_key_that_is_not_known(log: Path) -> None:
    key = Key("somebody else's")
    checkpoints(log, lambda lines: signed_anew(lines, key))
    assert f"signed by the key '{key.key_id}', which is not among the public keys" in found(log).what


def test_checkpoints_by_another_key_under_the_name_of_a_known_one(log: Path) -> None:
    checkpoints(log, lambda lines: signed_anew(lines, Key("somebody else's"), Key("golden").key_id))
    assert found(log).what.startswith("line 1 of its checkpoints: its signature is not by the key")


def test_the_key_of_another_log(log: Path) -> None:
    report = verify(log, PublicKeys(Key("another").pem))
    assert not report.intact
    assert {fault.writer for fault in report.faults} == {FIRST, SECOND, THIRD}


def test_another_history_signed_with_the_right_key(log: Path) -> None:
    """Who has the key can sign anything, but not undo what was exported."""
    checkpoints(log, lambda lines: signed_anew(lines[:1], Key("golden")) + lines[1:])
    assert verified(log).intact  # Ed25519 signs the same alike
    shorter = lambda lines: signed_anew([lines[0], *lines[2:]], Key("golden"))  # noqa: E731
    checkpoints(log, shorter)
    assert not verified(log, exported=True).intact
    assert "are not the exported ones" in found(log, exported=True).what or "number" in found(log, exported=True).what


def test_exported_checkpoints_that_are_damaged(log: Path) -> None:
    changed(log.parent / "exported" / f"{FIRST}.jsonl", lambda lines: [lines[0], b"{}\n", *lines[1:]])
    assert "(the exported copy)" in found(log, exported=True).what


def test_exported_checkpoints_that_lag_behind(log: Path) -> None:
    changed(log.parent / "exported" / f"{FIRST}.jsonl", lambda lines: lines[:2])
    report = verified(log, exported=True)
    assert report.complete
    assert (report.exported, report.exported_records) == (3, 17 + 21 + 14)

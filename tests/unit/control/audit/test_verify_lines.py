"""The quick way to read a line never takes what the slow one refuses, nor reads it otherwise."""

import json
from pathlib import Path
from random import Random

import msgspec
import pytest
from tests.audit_logs import Log

from doorward.control.audit.verify import lines
from doorward.control.audit.verify.lines import LONGEST, Entry, Parts, Quick, read
from doorward.control.audit.verify.strict import Unclear, strict
from doorward.core.audit import AuditRecord

MEMBERS = [*lines.HEAD, *lines.CALLER, *lines.HASHES, *lines.VERDICT, *lines.TAIL]


@pytest.fixture
def written(tmp_path: Path) -> list[bytes]:
    log = Log(tmp_path)
    writer = log.writer()
    for tool in ("get_customer", "list"):
        writer.call(tool_name=tool, rules=("a", "b"), latency_ms=5.125)
    writer.refusal()
    writer.record("message", identity="corp|älice", bytes_in=4)
    stream = writer.record("stream", "opened", upstream_status=200).exchange_id
    writer.record("stream", "closed", exchange_id=stream, detail="the stream ended")
    return writer.lines()


def same(parts: Parts, entry: Entry) -> bool:
    exchange, writer, seq, prev, what, moment = (part.decode() for part in parts)
    kind, _, phase = what.partition('","phase":"')
    return (exchange, writer, int(seq), prev, kind, phase, moment) == (
        entry.exchange_id,
        entry.writer,
        entry.seq,
        entry.prev,
        entry.kind,
        entry.phase,
        entry.timestamp,
    )


def test_the_members_are_those_of_a_record_in_their_order() -> None:
    assert tuple(MEMBERS) == AuditRecord.__struct_fields__
    assert len(set(MEMBERS)) == len(MEMBERS)  # or a line could have one twice


def test_ordinary_lines_are_read_quickly(written: list[bytes]) -> None:
    quick = Quick()
    for line in written[1:]:
        parts = quick(line)
        assert parts is not None
        assert same(parts, read(line))
    assert quick(written[0]) is None  # an opening


def test_the_end_of_another_writers_exchange_is_read_slowly(tmp_path: Path) -> None:
    writer = Log(tmp_path).writer()
    writer.call(reason="journal.interrupted")
    assert [Quick()(line) for line in writer.lines()] == [None] * 3


def test_whatever_is_done_to_a_line(written: list[bytes]) -> None:
    """Bytes changed, removed, put in, and pieces of other lines: quickly read means slowly read, and alike."""
    random = Random(5)
    quick = Quick()
    taken = 0
    for _ in range(60_000):
        line = bytearray(random.choice(written))
        for _ in range(random.randint(1, 2)):
            _do(line, random, written)
        parts = quick(bytes(line))
        if parts is not None:
            taken += 1
            assert same(parts, read(bytes(line))), line
    assert taken > 1000


def _do(line: bytearray, random: Random, written: list[bytes]) -> None:
    place = random.randrange(len(line))
    what = random.randint(0, 4)
    if what == 0:
        line[place] = random.choice(b'"\\{}[]:,0123456789abcdefE+-.\n \0\x1f\x7f\x80\xc3\xff')
    elif what == 1:
        del line[place : place + random.choice((1, 1, 2, 20))]
    elif what == 2:
        line.insert(place, random.choice(b'"\\{}[],:0189ae.- \n\xc3'))
    elif what == 3:
        other = random.choice(written)
        start = random.randrange(len(other))
        line[place:place] = other[start : start + random.randint(1, 60)]
    else:  # a member that is there twice, or in another place
        members = bytes(line).split(b',"')
        members.insert(random.randrange(len(members)), random.choice(members))
        line[:] = b',"'.join(members)


def test_what_is_remembered_is_bounded(written: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Quick, "KEPT", 3)
    quick = Quick()
    for number in range(20):
        assert quick(written[1].replace(b"get_customer", b"t%d" % number)) is not None
    assert len(quick._callers) <= 3
    assert quick(written[1].replace(b"get_customer", b"t" * 5000)) is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"v": 2}, "version"),
        ({"v": True}, "version"),
        ({"v": 1.0}, "version"),
        ({"seq": -1}, "seq"),
        ({"seq": True}, "seq"),
        ({"seq": 1.0}, "seq"),
        ({"seq": "1"}, "seq"),
        ({"prev": None}, "prev"),
        ({"prev": "ab"}, "prev"),
        ({"prev": "A" * 64}, "prev"),
        ({"writer": 1}, "writer"),
        ({"kind": None}, "kind"),
        ({"phase": []}, "phase"),
        ({"exchange_id": 1}, "exchange_id"),
        ({"timestamp": 1}, "timestamp"),
        ({"reason": None}, "reason"),
        ({"heads": []}, "heads"),
    ],
)
def test_members_of_another_kind(written: list[bytes], change: dict[str, object], why: str) -> None:
    record = msgspec.json.decode(written[1]) | change
    line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
    with pytest.raises(Unclear, match=why):
        read(line)
    assert Quick()(line) is None


def test_a_line_needs_an_end_and_has_one(written: list[bytes]) -> None:
    with pytest.raises(Unclear, match="no end"):
        read(written[1][:-1])
    with pytest.raises(Unclear, match="longer"):
        read(b" " * LONGEST + b"\n")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"1",
        b"{} {}",
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":1}}',
        b'{"a":1,"\\u0061":1}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":NaN}',
        b'{"a":"\n"}',
        b'{"a":"\xff"}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_not_clear(text: bytes) -> None:
    with pytest.raises(Unclear):
        strict(text)

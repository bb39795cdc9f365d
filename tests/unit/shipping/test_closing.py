from pathlib import Path

import pytest
from tests.audit_logs import Log, Writer, changed

from doorward.core import audit_layout
from doorward.shipping import closing
from doorward.shipping.extents import Extents
from doorward.shipping.source import Source


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    made = Log(tmp_path / "audit").writer(segment_records=2)
    for _ in range(4):
        made.call()
    made.close()
    return made


def whole(writer: Writer) -> bool:
    return closing.whole(
        writer.place, [(number, path.stat().st_size) for number, path in enumerate(writer.segments(), 1)]
    )


def test_one_that_has_ended_in_order_is_whole(writer: Writer) -> None:
    assert whole(writer)


def test_a_segment_that_has_only_begun_says_nothing(writer: Writer) -> None:
    (writer.place / audit_layout.segment(len(writer.segments()) + 1)).touch()
    assert whole(writer)


def test_one_whose_end_is_not_there_is_not(writer: Writer) -> None:
    last = writer.segments()[-1]
    last.write_bytes(last.read_bytes()[:-1])
    assert not whole(writer)
    for segment in reversed(writer.segments()):
        segment.unlink()
        assert not whole(writer)


def test_a_long_line_is_read_whole(tmp_path: Path) -> None:
    made = Log(tmp_path / "audit").writer()
    made.refusal(detail="x" * 100_000)
    made.close()
    assert whole(made)
    changed(made.segments()[0], lambda lines: lines[:1])
    assert not whole(made)


@pytest.mark.parametrize("said", [b"", b"{", b"[]", b'{"count":"1"}'])
def test_a_marker_that_says_nothing_counts(writer: Writer, said: bytes) -> None:
    (writer.place / audit_layout.CLOSED).write_bytes(said)
    writer.segments()[-1].unlink()
    assert whole(writer)


@pytest.mark.parametrize("last", [b"nonsense\n", b"{}\n", b'{"seq":"1"}\n', b"x" * (2 << 20) + b"\n"])
def test_nothing_is_waited_for_behind_a_line_that_is_damaged(writer: Writer, last: bytes) -> None:
    changed(writer.segments()[-1], lambda _: [last])
    assert whole(writer)


def test_a_writer_that_is_put_back_is_read_to_its_end_whatever_comes_first(writer: Writer) -> None:
    """In the order of their names, as most copy them: `closed` is before the segments."""
    away = writer.place.with_name("away")
    ids = [line.split(b'"event_id":"')[1][:32].decode() for line in writer.lines() if b'"phase":"intent"' not in line]
    writer.place.rename(away)
    writer.place.mkdir()
    ticks = iter(range(10**9))
    reading = Source(Extents(writer.log.directory, lambda: float(next(ticks))), {}, set())
    found: list[str] = []
    ended = []
    for path in sorted(away.iterdir()):
        (writer.place / path.name).write_bytes(path.read_bytes())
        while (turn := reading.turn()) is not None:
            for each in turn:
                found += [each.record["event_id"]] if each.record and each.record["phase"] != "signed" else []
                ended += [path.name] if each.ended else []
    assert found == ids
    assert ended == [audit_layout.segment(len(writer.segments()))]

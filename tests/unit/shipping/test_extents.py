import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.audit_logs import Log

from doorward.core import audit_layout
from doorward.shipping.cursor import Position
from doorward.shipping.extents import AT_LEAST_EACH, FRESH, SURE, Extent, Extents


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_how_much_is_beyond_a_position() -> None:
    extent = Extent(((1, 100), (2, 50), (3, 7)), 40)
    assert extent.beyond(Position()) == 197
    assert extent.beyond(Position(1, 90)) == 107
    assert extent.beyond(Position(2, 50, 0, 2, 40)) == 7
    assert extent.beyond(Position(3, 7, 0, 2, 30)) == 10
    assert extent.beyond(Position(3, 9, 0, 2, 50)) == 0  # somebody made them shorter


def test_nobody_is_looked_at_twice_who_has_ended(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log(tmp_path)
    for _ in range(20):
        log.writer().close()
    alive = log.writer()
    later = tmp_path.stat().st_mtime + 2 * SURE
    extents = Extents(tmp_path, clock, lambda: later)
    for name in extents.writers():
        extents.of(name)
    looked: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: looked.append(Path(path).name) or scandir(path))
    for _ in range(10):
        clock.now += FRESH / 2
        for name in extents.writers():
            extents.of(name)
    assert set(looked) == {alive.name}
    assert len(looked) < 10


def test_new_writers_are_seen_however_fast_they_come(tmp_path: Path, clock: Clock) -> None:
    log = Log(tmp_path)
    extents = Extents(tmp_path, clock)
    for _ in range(20):
        made = log.writer().name  # perhaps within the same tick of the clock of the file system
        assert made in extents.writers()


def test_the_directory_is_read_now_and_then_whatever_its_time_says(tmp_path: Path, clock: Clock) -> None:
    log = Log(tmp_path)
    log.writer()
    extents = Extents(tmp_path, clock, lambda: 1e12)
    before = extents.writers()
    kept = tmp_path.stat()
    made = log.writer().name
    os.utime(tmp_path, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    assert extents.writers() is before
    clock.now += AT_LEAST_EACH
    assert made in extents.writers()


def test_what_grew_until_it_was_closed_is_not_missed(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of a directory is not made in one moment: a segment may be missing beside `closed`."""
    writer = Log(tmp_path).writer(segment_records=1)
    writer.call()
    writer.close()
    extents = Extents(tmp_path, clock)
    look, looks = extents._look, []

    def first_too_early(name: str) -> Extent:
        looks.append(name)
        found = look(name)
        return found if len(looks) > 1 else Extent(found.segments[:1], 0, True)

    monkeypatch.setattr(extents, "_look", first_too_early)
    assert extents.of(writer.name).segments == tuple(
        (number, (writer.place / audit_layout.segment(number)).stat().st_size) for number in (1, 2, 3)
    )


def test_a_directory_that_cannot_be_had_has_nobody_and_comes_back(tmp_path: Path, clock: Clock) -> None:
    log = Log(tmp_path / "audit")
    name = log.writer().name
    extents = Extents(tmp_path / "audit", clock, lambda: 1e12)
    assert extents.writers() == [name]
    (tmp_path / "audit").rename(tmp_path / "away")
    assert extents.writers() == []
    (tmp_path / "away").rename(tmp_path / "audit")
    assert extents.writers() == [name]


def test_a_segment_is_measured_after_the_next_one_was_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a large directory others are made while it is listed; what was put into the former would be passed over."""
    log = Log(tmp_path)
    writer = log.writer()
    first, second = (writer.place / audit_layout.segment(number) for number in (1, 2))
    real = os.scandir
    seen = list(real(writer.place))

    @contextmanager
    def scandir(path: Any) -> Iterator[Iterator[Any]]:
        def entries() -> Iterator[Any]:
            yield from seen
            first.write_bytes(first.read_bytes() + b"more")
            second.touch()
            yield from [each for each in real(writer.place) if each.name == second.name]

        yield entries()

    extents = Extents(log.directory)
    monkeypatch.setattr(os, "scandir", scandir)
    found = extents.of(writer.name)
    assert found.segments == ((1, first.stat().st_size), (2, 0))


def test_a_log_that_cannot_be_listed_is_not_one_that_has_nobody(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = Log(tmp_path).writer().name
    extents = Extents(tmp_path, clock)

    def scandir(path: Any) -> Any:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(OSError, match="Too many"):
        extents.writers()
    monkeypatch.undo()
    assert extents.writers() == [name]


def test_who_is_not_closed_any_more_is_looked_at_again(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory may be replaced between the two looks at it."""
    writer = Log(tmp_path).writer()
    extents = Extents(tmp_path, clock)
    look = extents._look
    closed_before = iter([True])
    monkeypatch.setattr(extents, "_look", lambda name: look(name)._replace(closed=next(closed_before, False)))
    before = extents.of(writer.name)
    writer.refusal()
    clock.now += FRESH
    assert extents.of(writer.name).segments > before.segments

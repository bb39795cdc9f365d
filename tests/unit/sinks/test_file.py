import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.receivers.events import event, some

from doorward.configtypes import Duration, InvalidConfiguration, Plugin, Refused, Size
from doorward.core.delivery import ALL, Event, SinkFault
from doorward.plugins import builder
from doorward.sinks.file import File

Make = Callable[..., File]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


@pytest.fixture
def file(path: Path) -> Iterator[Make]:
    made: list[File] = []

    def make(**options: Any) -> File:
        made.append(File(File.Options(**{"path": path, **options})))
        return made[-1]

    yield make
    for one in made:
        one._written.close()


def lines(events: list[Event]) -> bytes:
    return b"".join(one.data + b"\n" for one in events)


def test_an_event_is_a_line_that_nobody_else_may_read(file: Make, path: Path) -> None:
    sink = file()
    assert not path.exists()
    assert [sink.deliver(some(3)), sink.deliver(some(2))] == [ALL, ALL]
    assert path.read_bytes() == lines(some(3)) + lines(some(2))
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_is_on_the_disk_when_it_counts(file: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda opened: (synced.append(os.fstat(opened).st_size), real(opened))[1])
    sink = file()
    sink.deliver(some(2))
    sink.deliver(some(1))
    assert synced[-2:] == [len(lines(some(2))), len(lines(some(2)) + lines(some(1)))]


def test_what_was_there_stays_before_it(file: Make, path: Path) -> None:
    path.write_bytes(b"{}\n")
    file().deliver(some(1))
    assert path.read_bytes() == b"{}\n" + lines(some(1))


@pytest.mark.parametrize("before", [b"", b"{}\n", b"{}\n" + b"x" * 200_000 + b"\n"])
@pytest.mark.parametrize("torn", [b'{"a":', b"y" * 200_000])
def test_half_a_line_of_a_killed_process_is_cut_off(file: Make, path: Path, before: bytes, torn: bytes) -> None:
    path.write_bytes(before + torn)
    file().deliver(some(1))
    assert path.read_bytes() == before + lines(some(1))


def test_killed_at_any_moment_it_keeps_what_counted(file: Make, path: Path) -> None:
    code = """
import sys
from pathlib import Path
from doorward.core.delivery import Event
from doorward.sinks.file import File
sink, number = File(File.Options(path=Path(sys.argv[1]))), 0
while True:
    line = b'{"event_id":"%d","x":"' % number + b"x" * 50_000 + b'"}'
    sink.deliver([Event(str(number), 0.0, "", {}, line)])
    print(number, flush=True)
    number += 1
"""
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        counted = [child.stdout.readline() for _ in range(20)]
        child.kill()
        counted += child.stdout.readlines()
    file().deliver([event(1)])
    found = [json.loads(line)["event_id"] for line in path.read_bytes().splitlines()]
    assert found.pop() == event(1).id
    assert found[: len(counted)] == [str(number) for number in range(len(counted))]


@pytest.mark.parametrize("taken", [0, 10, 300, 1000])
def test_of_what_a_full_disk_took_only_whole_lines_stay(
    file: Make, path: Path, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink, real, left = file(), os.write, [taken]
    sink.deliver([event(9)])

    def write(opened: int, data: bytes) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        part, left[0] = data[: left[0]], 0
        return real(opened, part)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", write)
        with pytest.raises(SinkFault, match="No space left"):
            sink.deliver(some(5))
    kept = path.read_bytes()
    assert kept.endswith(b"\n")
    assert (lines([event(9)]) + lines(some(5))).startswith(kept)
    assert len(kept) > len(lines([event(9)])) or taken < len(lines(some(1)))
    assert sink.deliver(some(5)) == ALL
    assert path.read_bytes() == kept + lines(some(5))


def test_after_a_failed_sync_it_is_written_again(file: Make, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = file()
    sink.deliver(some(1))

    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(SinkFault, match="Input/output"):
            sink.deliver(some(2))
    assert sink.deliver(some(2)) == ALL
    assert path.read_bytes() == lines(some(1)) + lines(some(2)) * 2


def test_it_is_rotated_by_size_and_all_are_kept(file: Make, path: Path) -> None:
    sink = file(size=Size(3 * len(lines(some(1)))))
    for number in range(7):
        sink.deliver([event(number)])
    kept = sorted(path.parent.iterdir())
    assert [one.name for one in kept] == ["events.jsonl", "events.jsonl.000001", "events.jsonl.000002"]
    assert kept[1].read_bytes() + kept[2].read_bytes() + kept[0].read_bytes() == lines(some(7))
    assert kept[0].read_bytes() == lines([event(6)])


def test_a_delivery_larger_than_that_is_one_file(file: Make, path: Path) -> None:
    sink = file(size=Size(10))
    sink.deliver(some(3))
    sink.deliver(some(2))
    assert path.with_name("events.jsonl.000001").read_bytes() == lines(some(3))
    assert path.read_bytes() == lines(some(2))


def test_only_the_newest_are_kept_where_asked_for(file: Make, path: Path) -> None:
    others = ["events.jsonl.bak", "events.jsonl.1", "other.jsonl.000001", "events.jsonl.000001.gz"]
    for name in others:
        path.with_name(name).write_text("theirs")
    sink = file(size=Size(1), keep=2)
    for number in range(6):
        sink.deliver([event(number)])
    names = {one.name for one in path.parent.iterdir()} - set(others)
    assert names == {"events.jsonl", "events.jsonl.000004", "events.jsonl.000005"}
    assert all(path.with_name(name).exists() for name in others)


def test_it_is_rotated_by_age(file: Make, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_790_000_000.0]
    monkeypatch.setattr("doorward.sinks.file.time.time", lambda: now[0])
    sink = file(age=Duration(60), size=Size(0))
    sink.deliver([event(0)])
    now[0] += 59
    sink.deliver([event(1)])
    now[0] += 1
    sink.deliver([event(2)])
    assert path.with_name("events.jsonl.000001").read_bytes() == lines(some(2))
    now[0] += 1000
    assert path.read_bytes() == lines([event(2)])


def test_numbers_go_on_after_a_restart(file: Make, path: Path) -> None:
    for number in range(3):
        sink = file(size=Size(1))
        sink.deliver([event(number)])
        sink._written.close()
    assert path.with_name("events.jsonl.000002").read_bytes() == lines([event(1)])


def test_a_file_that_somebody_moved_away_is_begun_anew(file: Make, path: Path) -> None:
    sink = file()
    sink.deliver(some(1))
    path.rename(path.with_name("moved"))
    sink.deliver(some(2))
    assert path.read_bytes() == lines(some(2))


def test_two_do_not_write_one_file(file: Make, path: Path) -> None:
    first, second = file(), file()
    first.deliver(some(1))
    with pytest.raises(SinkFault, match="another process"):
        second.deliver(some(1))
    assert path.read_bytes() == lines(some(1))
    first.close()  # as at a reload
    second.deliver(some(1))
    assert path.read_bytes() == 2 * lines(some(1))


def test_a_directory_that_is_not_there_may_come(file: Make, path: Path) -> None:
    sink = file(path=path.parent / "later" / "events.jsonl")
    with pytest.raises(SinkFault, match="No such file"):
        sink.deliver(some(1))
    (path.parent / "later").mkdir()
    assert sink.deliver(some(1)) == ALL


def test_only_files(file: Make, path: Path, tmp_path: Path) -> None:
    for other in (tmp_path, Path("/dev/null")):
        with pytest.raises(Refused, match="not a file"):
            file(path=other)
    sink = file()
    os.mkfifo(path)
    with pytest.raises(SinkFault, match="not a file"):
        sink.deliver(some(1))


def test_as_a_configuration_writes_it(tmp_path: Path) -> None:
    made = builder({}, tmp_path)("sinks", Plugin("file", {"path": "out.jsonl", "size": "1MiB", "age": "1h", "keep": 7}))
    assert isinstance(made, File)
    assert (made.options.path, made.options.size, made.options.age) == (tmp_path / "out.jsonl", 1 << 20, 3600)
    for wrong in ({"path": "a", "keep": -1}, {"path": "a", "size": "big"}, {}):
        with pytest.raises(InvalidConfiguration):
            builder({}, tmp_path)("sinks", Plugin("file", wrong))

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from tests.receivers.events import event, some

from doorward.configtypes import Duration, Plugin
from doorward.core.delivery import ALL, SinkFault
from doorward.plugins import builder
from doorward.sinks.stdout import Stdout


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    for opened in (reader, writer):
        try:
            os.close(opened)
        except OSError:
            pass


def made(descriptor: int, timeout: float = 5.0) -> Stdout:
    return Stdout(Stdout.Options(timeout=Duration(timeout)), descriptor)


def read(reader: int, most: int) -> bytes:
    return os.read(reader, most)


def test_an_event_is_a_line(pipe: tuple[int, int]) -> None:
    assert made(pipe[1]).deliver(some(2)) == ALL
    assert read(pipe[0], 1 << 20) == b"".join(one.data + b"\n" for one in some(2))


def test_more_than_a_pipe_holds_waits_for_its_reader(pipe: tuple[int, int]) -> None:
    events, received = some(1000), bytearray()

    def drain() -> None:
        while part := os.read(pipe[0], 1 << 16):
            received.extend(part)

    reading = Thread(target=drain)
    reading.start()
    assert made(pipe[1]).deliver(events) == ALL
    os.close(pipe[1])
    reading.join()
    assert received == b"".join(one.data + b"\n" for one in events)


def test_nobody_reads_and_then_no_line_is_torn(pipe: tuple[int, int]) -> None:
    events = [event(number, data=b"%d" % (number % 10) * 5000) for number in range(30)]
    sink = made(pipe[1], 0.05)
    for _ in range(2):
        with pytest.raises(SinkFault, match="nobody reads"):
            sink.deliver(events)
    held = read(pipe[0], 1 << 20)
    assert len(held) % 5001 > 0  # within a line
    assert sink.deliver(events[:3]) == ALL
    lines = (held + read(pipe[0], 1 << 20)).split(b"\n")
    assert lines.pop() == b""
    assert {len(line) for line in lines} == {5000}
    assert lines[-3:] == [one.data for one in events[:3]]


def test_a_reader_that_has_gone(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    with pytest.raises(SinkFault, match="Broken pipe"):
        made(pipe[1]).deliver(some(1))


def test_closing_ends_it(pipe: tuple[int, int]) -> None:
    sink = made(pipe[1], 30)
    closing = Thread(target=lambda: (os.read(pipe[0], 1), sink.close()))
    closing.start()
    with pytest.raises(SinkFault):
        sink.deliver([event(0, data=b"x" * 200_000)])
    closing.join()


def test_as_a_configuration_writes_it(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    sink = builder({}, tmp_path)("sinks", Plugin("stdout", {"format": "ecs"}))
    assert isinstance(sink, Stdout)
    sink.deliver(some(1))
    assert capfdbinary.readouterr().out == some(1)[0].data + b"\n"

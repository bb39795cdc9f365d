"""A disk that is really full, before a call and between a call and its answer (G4)."""

import asyncio
import contextlib
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chaos.running import Running, running, trace_of
from tests.hostile.scripted import Asked, Line
from tests.hostile.setting import echo, reason_of
from tests.waiting import PATIENCE, until

BLOCK = bytes(4096)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The audit directory, on a file system of its own: 4 MiB, of which 2 must be free for the journal to resume."""
    mount, place = shutil.which("mount"), tmp_path / "audit"
    if mount is None:
        pytest.skip("there is no mount here")
    place.mkdir()
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", place], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


class Held:
    """An upstream that has a call and does not answer it until ``release``."""

    def __init__(self) -> None:
        self.trace = ""
        self._released = threading.Event()

    def release(self) -> None:
        self._released.set()

    async def __call__(self, asked: Asked, line: Line) -> bool:
        self.trace = trace_of(asked)
        assert await asyncio.to_thread(self._released.wait, PATIENCE)
        return await echo(asked, line)


async def test_a_full_disk_stops_calls_and_answers_until_there_is_space(tmp_path: Path, small_disk: Path) -> None:
    held = Held()
    with running(tmp_path, {"held": held}, workers=1) as chaos:
        gateway, ballast = chaos.gateway, small_disk / "ballast"
        _, answer = await chaos.call()
        assert answer.status == 200
        async with asyncio.TaskGroup() as tasks:
            between = tasks.create_task(chaos.call("held"))
            await until(lambda: held.trace)
            _fill(ballast)
            refused = await _until_refused(chaos)
            reached = len(chaos.forwarded.traces)
            for _ in range(5):
                trace, answer = await chaos.call()
                refused.add(trace)
                assert reason_of(answer) == "journal.unavailable"
            assert len(chaos.forwarded.traces) == reached
            status, why = gateway.readiness()
            assert status == 503
            assert "the audit log cannot be written: No space left on device" in why
            held.release()
        _, answer = between.result()
        assert reason_of(answer) == "journal.unavailable"
        assert held.trace.encode() not in answer.body  # the upstream's answer, which repeats it

        ballast.unlink()
        await until(lambda: gateway.readiness()[0] == 200)
        after, answer = await chaos.call()
        assert answer.json()["result"]
        gateway.stop()

        await chaos.verify("--strict")
        told = chaos.told()
        assert told.unrecorded({*chaos.forwarded.traces, held.trace}) == set()
        assert refused & set(chaos.forwarded.traces) == set()
        assert told.unended() == []
        assert told.phases(held.trace) == [("intent", "allow"), ("outcome", "error")]
        assert told.phases(after) == [("intent", "allow"), ("outcome", "allow")]
        assert told.reasons("gap") == {"journal.unavailable"}


def _fill(path: Path) -> None:
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(BLOCK):
            pass


async def _until_refused(chaos: Running) -> set[str]:
    """Calls until the last block of the segment is full too; the trace of the one that was refused."""
    for _ in range(100):
        trace, answer = await chaos.call()
        if answer.status != 200 or "result" not in answer.json():
            assert reason_of(answer) == "journal.unavailable"
            return {trace}
    raise AssertionError("the disk is full, and calls go on")

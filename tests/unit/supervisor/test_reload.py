import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from doorward.core.errors import ConfigurationFault
from doorward.supervisor.plan import Plan
from doorward.supervisor.reload import Reloads, look


def load(path: Path) -> Plan:
    text = path.read_text()
    if text == "bug":
        raise RuntimeError("a secret")
    if text == "bad":
        raise ConfigurationFault("bad.yaml:1:1: bad")
    return Plan(path, text, text, "127.0.0.1:1", "127.0.0.1:2", 1, 1.0, Path("k"), Path("l"), "audit")


class Workers:
    def __init__(self) -> None:
        self.seen: list[tuple[int, str]] = []
        self.against: list[str] = []
        self.reached = asyncio.Event()

    async def adopt(self, version: int, text: str, commit: Callable[[], None]) -> list[str]:
        self.seen.append((version, text))
        self.reached.set()
        if not self.against:
            commit()
        return self.against


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "doorward.yaml"
    made.write_text("one")
    return made


async def test_versions_rise_by_one_and_a_refused_one_is_not_used_again(path: Path) -> None:
    reloads, workers = Reloads(load(path), load), Workers()
    workers.against = ["no"]
    path.write_text("two")
    await reloads.attempt(workers.adopt)
    assert (reloads.version, reloads.plan.text, reloads.problems) == (1, "one", ["no"])
    workers.against = []
    path.write_text("three")
    await reloads.attempt(workers.adopt)
    assert (reloads.version, reloads.plan.text, reloads.problems) == (3, "three", [])
    assert workers.seen == [(2, "two"), (3, "three")]


async def test_the_same_text_is_brought_into_force_again_only_when_asked_for(path: Path) -> None:
    reloads, workers = Reloads(load(path), load), Workers()
    await reloads.attempt(workers.adopt)
    assert workers.seen == []
    await reloads.attempt(workers.adopt, unchanged=True)
    assert workers.seen == [(2, "one")]


async def test_a_bad_file_reaches_no_worker(path: Path) -> None:
    reloads, workers = Reloads(load(path), load), Workers()
    path.write_text("bad")
    await reloads.attempt(workers.adopt)
    assert workers.seen == []
    assert reloads.status()["failed"] is True
    assert reloads.status()["problems"] == ["bad.yaml:1:1: bad"]


@pytest.mark.parametrize("text", ["", " \n\n"])
async def test_an_emptied_file_takes_nothing_away(path: Path, text: str) -> None:
    """A full disk leaves one, and it would be a valid configuration without servers."""
    reloads, workers = Reloads(load(path), load), Workers()
    path.write_text(text)
    await reloads.attempt(workers.adopt, unchanged=True)
    assert workers.seen == []
    assert "is empty" in reloads.problems[0]
    path.write_text("one")
    await reloads.attempt(workers.adopt)
    assert (workers.seen, reloads.problems) == ([], [])


A, B = "a.cedar", "b.cedar"


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "holds no policies any more"),
        ({"facts.yaml": "x"}, "holds no policies any more"),
        ({A: " \n", B: "forbid b"}, "a.cedar: is empty"),
        ({B: "forbid b"}, ""),  # removed on purpose: something is left
        ({A: "// none"}, ""),
        ({A: "forbid a", B: ""}, ""),  # it was empty before
    ],
)
async def test_policies_that_are_gone_or_emptied_stay_in_force(path: Path, files: dict[str, str], told: str) -> None:
    found: dict[str, str] = {A: "forbid a", B: "forbid b"}
    if files.get(B) == "":
        found.update({A: "forbid more", B: ""})

    def with_policies(path: Path) -> Plan:
        return msgspec.structs.replace(load(path), policies=Path("p"), policy_files=dict(found), state=str(found))

    reloads, workers = Reloads(with_policies(path), with_policies), Workers()
    found.clear()
    found.update(files)
    await reloads.attempt(workers.adopt)
    assert [told in problem for problem in reloads.problems] == ([True] if told else [])
    assert bool(workers.seen) is not bool(told)


async def test_another_directory_may_hold_no_policies(path: Path) -> None:
    first = msgspec.structs.replace(load(path), policies=Path("p"), policy_files={A: "forbid a"})
    reloads, workers = Reloads(first, lambda path: msgspec.structs.replace(load(path), policies=Path("q"))), Workers()
    path.write_text("two")
    await reloads.attempt(workers.adopt)
    assert (workers.seen, reloads.problems) == ([(2, "two")], [])


async def test_a_fault_of_our_own_while_reading_keeps_the_last_version_too(path: Path) -> None:
    reloads, workers = Reloads(load(path), load), Workers()
    path.write_text("bug")
    await reloads.attempt(workers.adopt)
    assert workers.seen == []
    assert reloads.problems == [f"RuntimeError while reading {path}; see the log"]


async def test_other_secrets_behind_the_same_text_are_noticed(path: Path) -> None:
    state = ["one"]

    def load_with_state(path: Path) -> Plan:
        return msgspec.structs.replace(load(path), state=state[0])

    reloads, workers = Reloads(load_with_state(path), load_with_state), Workers()
    await reloads.attempt(workers.adopt)
    assert workers.seen == []
    state[0] = "two"
    await reloads.attempt(workers.adopt)
    assert workers.seen == [(2, "one")]


async def test_an_unchanged_file_is_read_now_and_then_all_the_same(path: Path) -> None:
    reads = []

    def counting(path: Path) -> Plan:
        reads.append(path)
        if len(reads) == 3:
            workers.reached.set()
        return load(path)

    workers = Workers()
    reloads = Reloads(load(path), counting)
    following = asyncio.create_task(reloads.follow(workers.adopt, 0.001, anyway=0.002))
    async with asyncio.timeout(10):
        await workers.reached.wait()
    following.cancel()
    assert workers.seen == []


async def test_a_change_is_followed(path: Path) -> None:
    reloads, workers = Reloads(load(path), load), Workers()
    following = asyncio.create_task(reloads.follow(workers.adopt, 0.001))
    await asyncio.sleep(0)
    path.write_text("two and more")
    async with asyncio.timeout(10):
        await workers.reached.wait()
    following.cancel()
    assert workers.seen == [(2, "two and more")]


def test_a_replaced_file_looks_different_even_with_the_same_size_and_time(path: Path) -> None:
    before = look(path)
    assert before is not None
    fresh = path.with_suffix(".new")
    fresh.write_text("eno")
    os.utime(fresh, ns=(before[0], before[0]))
    fresh.replace(path)
    assert look(path) != before
    path.unlink()
    assert look(path) is None

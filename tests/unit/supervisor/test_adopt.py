"""A version that one process refuses is let go of by all others."""

from types import SimpleNamespace
from typing import Any

from doorward.supervisor.run import Supervisor


class Processes:
    """A fleet, as far as a reload sees it."""

    def __init__(self, *problems: str) -> None:
        self.problems = list(problems)
        self.done: list[tuple[str, int]] = []

    async def prepare(self, version: int, text: str) -> list[str]:
        self.done.append(("prepare", version))
        return self.problems

    async def swap(self, version: int) -> None:
        self.done.append(("swap", version))

    def drop(self, version: int) -> None:
        self.done.append(("drop", version))


async def adopted(workers: Processes, shipper: Processes) -> tuple[list[str], list[str]]:
    committed: list[str] = []
    supervisor: Any = SimpleNamespace(_fleet=workers, _shipping=shipper)
    found = await Supervisor._adopt(supervisor, 7, "text", lambda: committed.append("now"))
    return found, committed


async def test_all_take_it() -> None:
    workers, shipper = Processes(), Processes()
    assert await adopted(workers, shipper) == ([], ["now"])
    assert workers.done == shipper.done == [("prepare", 7), ("swap", 7)]


async def test_one_refuses_it() -> None:
    workers, shipper = Processes("no"), Processes()
    assert await adopted(workers, shipper) == (["no"], [])
    assert workers.done == shipper.done == [("prepare", 7), ("drop", 7)]

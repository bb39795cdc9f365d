"""The configuration file, followed: read again when it changes or on SIGHUP; the last good version stays in force."""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from doorward.core.errors import ConfigurationFault
from doorward.supervisor.plan import Load, Plan, fixed
from doorward.worker.process import told

log = logging.getLogger(__name__)

Adopt = Callable[[int, str, Callable[[], None]], Awaitable[list[str]]]
"""(version, text, commit) -> what stands against it (``Supervisor._adopt``)."""

Look = tuple[int, int, int] | None


class Reloads:
    """``plan`` and ``version`` are in force; ``problems``: why the file is not; ``waiting``: what needs a restart."""

    def __init__(self, plan: Plan, load: Load) -> None:
        self.plan = plan
        self.version = 1
        self.problems: list[str] = []
        self.waiting: list[str] = []
        self.at: float | None = None  # of the last attempt, in seconds since the epoch
        self._load = load
        self._number = 1
        self._one = asyncio.Lock()

    async def attempt(self, adopt: Adopt, *, unchanged: bool = False) -> None:
        """Read the file and bring it into force if it can be; ``unchanged``: even if its text is the one in force.

        For the same text may mean something else by now: the files that it refers to may hold other secrets.
        """
        async with self._one:
            self.at = time.time()
            try:
                plan = self._load(self.plan.path)
            except ConfigurationFault as fault:
                return self._refuse(told(fault))
            except Exception as error:  # whatever a file does to the compiler, the last good version serves on
                log.exception("%s cannot be compiled", self.plan.path)
                return self._refuse([f"{type(error).__name__} while reading {self.plan.path}; see the log"])
            if not plan.text.strip() and self.plan.text.strip():
                # Cut short by a full disk, or about to be written: nobody empties it to take every server away.
                return self._refuse(
                    [f"{plan.path}: is empty (write it anew; `servers: {{}}` means that there is none)"]
                )
            if lost := _lost(self.plan, plan):
                return self._refuse(lost)
            if (plan.text, plan.state) == (self.plan.text, self.plan.state) and not unchanged:
                return self._good(quiet=not self.problems)
            plan, waiting = fixed(self.plan, plan)
            self._number += 1  # used up even if a worker refuses, so that no two texts ever share one
            version = self._number

            def commit() -> None:
                self.plan, self.version, self.waiting = plan, version, waiting

            if problems := await adopt(version, plan.text, commit):
                return self._refuse(problems)
            return self._good()

    async def follow(self, adopt: Adopt, every: float, anyway: float = 3600.0) -> None:
        """Attempt whenever the file has changed and then stood still for one look, for half a file may be valid too.

        Each ``anyway`` seconds even if it has not: a key may be due for its successor.
        """
        tried = last = self._look()
        due = time.monotonic() + anyway
        while True:
            await asyncio.sleep(every)
            now = self._look()
            changed = now != tried and now == last
            if changed or time.monotonic() >= due:
                tried, due = now, time.monotonic() + anyway
                await self.attempt(adopt)
            last = now

    def _look(self) -> tuple[Look, ...]:
        """The configuration and the policies beside it."""
        return (look(self.plan.path), *_policy_looks(self.plan.policies))

    def status(self) -> dict[str, Any]:
        """The state of the last reload, for ``/api/v1/status``."""
        return {
            "failed": bool(self.problems),
            "problems": self.problems,
            "needs_restart": self.waiting,
            "at": self.at,
        }

    def _refuse(self, problems: list[str]) -> None:
        self.problems = problems
        for problem in problems:
            log.error("reload refused, the last good version stays in force: %s", problem)

    def _good(self, *, quiet: bool = False) -> None:
        self.problems = []
        if quiet:
            return
        log.info("configuration version %d (%s) is in force", self.version, self.plan.digest[:12])
        for name in self.waiting:
            log.warning("%s has changed: it takes effect after a restart", name)
        for notice in self.plan.notices:
            log.warning("%s", notice)


def _lost(old: Plan, new: Plan) -> list[str]:
    """Policies that are gone in a way that nobody intends: a directory that was moved or unmounted, a file cut short by
    a full disk. What they forbid would be permitted from one moment to the next.
    """
    if old.policies != new.policies:
        return []
    held, holds = _holding(old), _holding(new)
    if emptied := sorted(held & new.policy_files.keys() - holds):
        return [f"{new.policies}/{name}: is empty (write it anew, or remove it)" for name in emptied]
    if held and not holds:
        remedy = "put them back; to have none, leave a file NAME.cedar with a comment alone, or restart"
        return [f"{new.policies}: holds no policies any more ({remedy})"]
    return []


def _holding(plan: Plan) -> set[str]:
    """The policy files with something in them."""
    return {name for name, text in plan.policy_files.items() if name.endswith(".cedar") and text.strip()}


def _policy_looks(directory: Path | None) -> list[Look]:
    if directory is None:
        return []
    try:
        return [look(directory), *(look(path) for path in sorted(directory.iterdir()))]
    except OSError:
        return [None]


def look(path: Path) -> Look:
    """What changes when a file is written or replaced; None while there is none."""
    try:
        seen = os.stat(path)
    except OSError:
        return None
    return seen.st_mtime_ns, seen.st_size, seen.st_ino

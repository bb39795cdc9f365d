"""What servers said about their tools, kept in the store and given to the policies: names for globs, types for rules.

A list of tools that brings something new waits until the policies know it, for it is filtered by them. What is written
is written in a thread; if it cannot be, the tools are known until the worker ends.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping

from doorward.configtypes import InvalidConfiguration
from doorward.control.policies.fitting import fitting
from doorward.control.policies.schema import KnownTool
from doorward.control.store import Store, StoreFault
from doorward.core.ports import Clock
from doorward.gateway.task_owners import Task, TaskOwners
from doorward.gateway.tool_schemas import ToolSchema, ToolSchemas

log = logging.getLogger(__name__)

SOONEST = 1.0
"""Seconds between two compilations: a server that shows new tools all the time must not keep the worker busy."""

MOST_ODD = 2048
"""Tools that do not fit the policies and are remembered, until there are others."""

TASK_LIFE = 86400.0
"""Seconds for which the owner of a task is remembered in the store."""

Recompile = Callable[[list[KnownTool]], None]
"""Puts policies in force that know these tools. Called in a thread; raises ``InvalidConfiguration``."""


class Catalogue:
    """``schemas`` and ``tasks`` are the pipeline's; ``settle`` is awaited before a list of tools is filtered."""

    def __init__(self, store: Store, clock: Clock, recompile: Recompile) -> None:
        self._store = store
        self._clock = clock
        self._recompile = recompile
        self._known: dict[tuple[str, str], ToolSchema] = {}
        self._new: dict[tuple[str, str], ToolSchema] = {}
        self._stored: dict[tuple[str, str], ToolSchema] = {}
        self._servers: tuple[str, ...] = ()
        self._odd: dict[tuple[str, str], ToolSchema] = {}  # what the policies could not take in
        self._crossed: list[Task] = []
        self._settling: asyncio.Task[None] | None = None
        self._next = 0.0
        self.schemas = ToolSchemas(self._changed)
        self.tasks = TaskOwners(self._crossed.append)

    def seed(self, servers: Iterable[str]) -> None:
        """What is stored already. Raises ``StoreFault``."""
        self._servers = tuple(servers)
        self._stored = self._read()
        self._known.update(self._stored)
        self._seed(self._servers)

    async def look(self) -> None:
        """Take in what other workers were told meanwhile: a call may come here, and its list have gone there. Raises
        ``StoreFault``.
        """
        before, self._stored = self._stored, await asyncio.to_thread(self._read)
        new = {key: tool for key, tool in self._stored.items() if before.get(key) != tool}
        if not new:
            return
        self._seed({server for server, _ in new})
        self._new = {**{key: tool for key, tool in new.items() if not _alike(tool, self._known.get(key))}, **self._new}

    def _read(self) -> dict[tuple[str, str], ToolSchema]:
        return {
            (server, each.tool): ToolSchema(each.tool, each.input_schema, each.output_schema or b"", each.annotations)
            for server in self._servers
            for each in self._store.tools(server)
        }

    def _seed(self, servers: Iterable[str]) -> None:
        for server in servers:
            self.schemas.seed(server, [tool for (of, _), tool in self._stored.items() if of == server])

    def known(self) -> list[KnownTool]:
        """All tools, as policies need them. Nobody has approved what is said here, so none is ``read_only``."""
        return _as_policies_need(self._known)

    def retry(self, servers: Iterable[str]) -> None:
        """There is another configuration now: what did not fit its policies may do so."""
        self._servers = tuple(servers)
        self._new = {**self._odd, **self._new}
        self._odd.clear()

    @property
    def unsettled(self) -> bool:
        """Whether something was said that the policies do not know yet."""
        return bool(self._new)

    async def settle(self) -> None:
        """Return when the policies know what was said so far, or will soon."""
        if self._settling is None:
            if self._clock.monotonic() < self._next:
                return  # the next list takes it along
            self._settling = asyncio.create_task(self._settle())
            self._settling.add_done_callback(self._settled)
        await asyncio.wait({self._settling})  # what went wrong is in the log, and no list waits for it

    async def task(self, server: str, task_id: str) -> Task | None:
        """A task, as the store knows it. It is nobody's where the store cannot be asked: it fails closed."""
        try:
            await self.flush()
            found = await asyncio.to_thread(self._store.task, server, task_id, self._clock.wall())
        except StoreFault as fault:
            log.error("the owner of a task cannot be looked up: %s", fault.detail)
            return None
        return None if found is None else Task(server, task_id, *found)

    async def flush(self) -> None:
        """Write the tasks that crossed. Raises ``StoreFault``."""
        crossed = self._crossed[:]
        self._crossed.clear()
        if crossed:
            await asyncio.to_thread(self._remember, crossed)

    def _remember(self, tasks: list[Task]) -> None:
        until = self._clock.wall() + TASK_LIFE
        for task in tasks:
            self._store.remember_task(task.server, task.id, task.owner, until, task.tool)

    def _changed(self, server: str, tool: ToolSchema) -> None:
        self._new[(server, tool.name)] = tool

    def _settled(self, task: "asyncio.Task[None]") -> None:
        self._settling = None
        self._next = self._clock.monotonic() + SOONEST
        if not task.cancelled() and task.exception() is not None:
            log.error("the policies could not take in new tools", exc_info=task.exception())

    async def _settle(self) -> None:
        new, self._new = self._new, {}
        known = dict(self._known)
        try:
            self._known.update(new)
            await asyncio.to_thread(self._recompile, self.known())
        except InvalidConfiguration as invalid:
            # A server that describes a tool otherwise than the policies need it must not stand in the way of others:
            # what does not fit is left out, and what was known of it stays in force.
            self._known = known
            fit = await asyncio.to_thread(fitting, known, new, _server, self._fits)
            odd = {key: tool for key, tool in new.items() if key not in fit}
            self._odd = dict(list({**self._odd, **odd}.items())[-MOST_ODD:])
            self._known.update(fit)
            log.error("the policies do not fit what servers now say about %d tools: %s", len(odd), invalid.problems[0])
            new = fit
        await asyncio.to_thread(self._keep, new)

    def _fits(self, tools: Mapping[tuple[str, str], ToolSchema]) -> bool:
        """Whether the policies can know these tools; then they do."""
        try:
            self._recompile(_as_policies_need(tools))
        except InvalidConfiguration:
            return False
        return True

    def _keep(self, new: dict[tuple[str, str], ToolSchema]) -> None:
        at = self._clock.wall()
        try:
            for (server, name), tool in new.items():
                if self._stored.get((server, name)) == tool:
                    continue  # another worker has done so
                self._store.keep_tool(server, name, tool.input, tool.output or None, tool.annotations, at)
        except StoreFault as fault:
            log.error("what servers said about their tools is not kept: %s", fault.detail)


def _as_policies_need(tools: Mapping[tuple[str, str], ToolSchema]) -> list[KnownTool]:
    return [KnownTool(server, name, tool.input or b"{}") for (server, name), tool in tools.items()]


def _alike(tool: ToolSchema, other: ToolSchema | None) -> bool:
    """Whether it takes and gives the same."""
    return other is not None and (tool.input, tool.output) == (other.input, other.output)


def _server(key: tuple[str, str]) -> str:
    return key[0]

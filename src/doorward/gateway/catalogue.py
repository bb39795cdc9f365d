"""What the pipeline needs of what servers said about their tools, and of whose tasks are whose."""

from typing import Protocol

from doorward.gateway.task_owners import Task, TaskOwners
from doorward.gateway.tool_schemas import ToolSchemas


class Catalogue(Protocol):
    """``bootstrap/catalogue.py`` is the real one, which keeps it in the store."""

    schemas: ToolSchemas
    tasks: TaskOwners

    @property
    def unsettled(self) -> bool:
        """Whether a server said something new that the policies do not know yet."""

    async def settle(self) -> None:
        """Return when they do, or soon will; awaited before a list of tools is filtered."""

    async def task(self, server: str, task_id: str) -> Task | None:
        """A task that is unknown here, if anybody knows it."""


class NoCatalogue:
    """For a pipe, and for tests: what passed here, and nothing else."""

    def __init__(self) -> None:
        self.schemas = ToolSchemas()
        self.tasks = TaskOwners()

    @property
    def unsettled(self) -> bool:
        return False

    async def settle(self) -> None:
        return

    async def task(self, server: str, task_id: str) -> Task | None:
        return None

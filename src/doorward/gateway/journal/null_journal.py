"""A journal that keeps nothing."""

from doorward.core.audit import Record


class NullJournal:
    """For tests, for measuring what the journal costs, and where none can be had and none is required."""

    writer = ""

    def append(self, record: Record, *, early: bool = False) -> int:
        return 0

    async def written(self, ticket: int | None = None) -> None:
        return

    async def synced(self, ticket: int | None = None) -> None:
        return

    def flush(self, timeout: float = 0.0) -> None:
        return

    def close(self) -> None:
        return

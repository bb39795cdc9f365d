"""What a verification finds."""

from dataclasses import dataclass

INTACT, COMPLETE = "intact", "complete"
"""The two promises: what is there is what was written; nothing that was written is missing."""


@dataclass(slots=True, frozen=True)
class Fault:
    """A promise that a writer's log does not keep. ``first``: the first record that is bad or missing; None where it
    is not about a record. ``last``: how far it may reach.
    """

    writer: str
    promise: str
    first: int | None
    last: int | None
    what: str


def records(first: int, last: int) -> str:
    """Records in words, by their sequence numbers."""
    return f"record {first:,}" if first == last else f"records {first:,} to {last:,}"

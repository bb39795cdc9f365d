"""What a journal is told when it is made."""

from typing import Protocol

import msgspec


class Signer(Protocol):
    """Signs checkpoints; ``key_id`` says with which key."""

    @property
    def key_id(self) -> str: ...

    def sign(self, data: bytes) -> bytes:
        """The Ed25519 signature. Called in a thread of the journal's."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Times are seconds.

    ``sync_after``: from the first byte that is not synced to the sync that takes it. ``stuck_after``: a write or sync
    that takes longer makes the journal refuse. ``refuses``: whether calls are refused while it does (the records say
    so). ``moment``: the loop stands still at most so long for the writer, which takes a tenth of it for a group; and
    after it did so in vain not again, before ``proof`` groups in a row took no longer. ``most_queued``: records that
    wait to be written; a tenth of them may be ``early``.
    """

    segment_bytes: int = 64 << 20
    segment_age: float = 86_400.0
    sync_after: float = 0.005
    stuck_after: float = 2.0
    moment: float = 0.0005
    proof: int = 16
    checkpoint_records: int = 1000
    checkpoint_seconds: float = 1.0
    reserve_bytes: int = 1 << 20
    most_queued: int = 10_000
    retry_after: float = 0.25
    close_within: float = 5.0
    refuses: bool = True

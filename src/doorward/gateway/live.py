"""The one place that holds the current ``Snapshot``, and what a worker says about its health."""

from doorward.core.shared import Shared
from doorward.core.snapshot import Snapshot


class Live:
    """Read ``snapshot`` once per call and keep it to the call's end; ``swap`` replaces it whole.

    ``ready``: the listener is open. ``draining``: no new calls, the old ones may end.
    """

    __slots__ = ("_troubles", "blind", "draining", "ready", "shared", "snapshot")

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.shared = Shared()  # what all workers share; replaced whole, between two reloads too
        self.blind = False  # for too long nobody knew what has been revoked meanwhile
        self.ready = False
        self.draining = False
        self._troubles: dict[str, str] = {}

    def swap(self, snapshot: Snapshot) -> None:
        """Put the next version in place. Raises ValueError if it is not newer: versions never go back."""
        if snapshot.version <= self.snapshot.version:
            raise ValueError(f"version {snapshot.version} is not newer than {self.snapshot.version}")
        self.snapshot = snapshot

    def refine(self, snapshot: Snapshot) -> None:
        """The same version, which knows more about the servers' tools. Dropped if another version came meanwhile."""
        if snapshot.version == self.snapshot.version:
            self.snapshot = snapshot

    def trouble(self, part: str, reason: str) -> None:
        """``part`` cannot do its work for now, so calls are being refused; ``reason`` is one line without payload."""
        self._troubles[part] = reason

    def recovered(self, part: str) -> None:
        """``part`` works again."""
        self._troubles.pop(part, None)

    def healthy_reasons(self) -> list[str]:
        """Why this worker should get no new calls; empty when it should."""
        reasons = [f"{part}: {reason}" for part, reason in self._troubles.items()]
        if self.draining:
            reasons.append("draining: this worker is about to stop")
        elif not self.ready:
            reasons.append("starting: the listener is not open yet")
        return reasons

"""How long a server whose processes keep ending is left alone. Pure: time comes in as an argument."""

_MOST_OWNERS = 4096


class Backoff:
    """One entry a principal, so that nobody can lock others out by crashing a server.

    After the n-th crash in a row no new process is started for ``first`` * 2^(n-1) seconds, at most ``most``. A row
    ends with a process that lived for ``healthy`` seconds, or as long after the last wait.
    """

    __slots__ = ("_crashes", "_first", "_healthy", "_most")

    def __init__(self, first: float = 1.0, most: float = 30.0, healthy: float = 30.0) -> None:
        self._first = first
        self._most = most
        self._healthy = healthy
        self._crashes: dict[str, tuple[int, float]] = {}  # owner -> crashes in a row, not before

    def wait(self, owner: str, now: float) -> float:
        """Seconds until a process may be started for ``owner``; 0 if it may be now."""
        _, until = self._crashes.get(owner, (0, now))
        return max(0.0, until - now)

    def crashed(self, owner: str, lived: float, now: float) -> None:
        """A process that nobody asked to end has ended after ``lived`` seconds, or could not be started (0)."""
        row, until = self._crashes.pop(owner, (0, now))
        if lived >= self._healthy or now - until >= self._healthy:
            row = 0
        delay = min(self._most, self._first * 2.0 ** min(row, 30))
        self._crashes[owner] = (row + 1, now + delay)
        if len(self._crashes) > _MOST_OWNERS:
            del self._crashes[next(iter(self._crashes))]

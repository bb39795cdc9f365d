"""How often one address, or one client, may ask the token service, and fail: token buckets, a bounded number of them.

``limits.failed_logins_per_minute`` is what one address may fail. A client may fail ``CLIENT`` times as often, from all
addresses together: otherwise one stranger who names it could lock it out. Requests of any outcome: ``REQUESTS`` times.
Each worker counts for itself.
"""

from collections import OrderedDict

from doorward.stages.limit import Bucket, source, take

CLIENT = 4
REQUESTS = 20
MOST = 10_000


class Attempts:
    """``now`` is monotonic seconds, as everywhere here. Waiting times are in seconds; 0.0 means: go on."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._buckets: OrderedDict[tuple[str, str], Bucket] = OrderedDict()

    def request(self, address: str, now: float) -> float:
        """Count one request of an address, unless it has to wait."""
        key = ("request", source(address))
        wait = self._wait(("address", key[1]), self.per_minute, now) or self._wait(key, self._requests, now)
        if not wait:
            self._take(key, self._requests, now)
        return wait

    def client(self, client_id: str, now: float) -> float:
        """Count one request in the name of a configured client, unless that client has to wait."""
        key = ("requests of", client_id)
        failed = self._wait(("client", client_id), self.per_minute * CLIENT, now)
        wait = failed or self._wait(key, self._requests, now)
        if not wait:
            self._take(key, self._requests, now)
        return wait

    def failed(self, address: str, client_id: str, now: float) -> None:
        """Count one failed authentication. ``client_id``: a configured client's, or empty."""
        self._take(("address", source(address)), self.per_minute, now)
        if client_id:
            self._take(("client", client_id), self.per_minute * CLIENT, now)

    @property
    def _requests(self) -> int:
        return self.per_minute * REQUESTS

    def _wait(self, key: tuple[str, str], per_minute: int, now: float) -> float:
        bucket = self._buckets.get(key)
        if bucket is None:
            return 0.0
        left = min(float(per_minute), bucket.left + (now - bucket.at) * per_minute / 60.0)
        return 0.0 if left >= 1.0 else (1.0 - left) * 60.0 / per_minute

    def _take(self, key: tuple[str, str], per_minute: int, now: float) -> None:
        self._buckets[key], _ = take(self._buckets.get(key), per_minute, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > MOST:
            self._buckets.popitem(last=False)  # the one that was left alone the longest, so the fullest

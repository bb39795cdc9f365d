"""(state, now) -> (state, Decision): a token bucket, and how many calls may be under way."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

import msgspec

from doorward.core.decision import ALLOW, Decision, Effect, Reason
from doorward.core.policy import Severity

RATE = Decision(
    Effect.DENY,
    Reason.LIMIT_RATE,
    Severity.HIGH,
    rules=("calls_per_minute",),
    what="this caller sent more calls than its limit allows",
    remedy="wait for the time that Retry-After or retry_after_s names and send the call again",
)
OVERLOAD = Decision(
    Effect.DENY,
    Reason.LIMIT_OVERLOAD,
    Severity.CRITICAL,
    what="the gateway has as many calls under way as it may",
    remedy="wait for the time that Retry-After or retry_after_s names and send the call again",
)
STREAMS = Decision(
    Effect.DENY,
    Reason.LIMIT_STREAMS,
    Severity.CRITICAL,
    what="this caller has as many open streams as it may",
    remedy="close a stream before opening another",
)


class Bucket(msgspec.Struct, frozen=True):
    """Calls left, and when that was counted (monotonic seconds)."""

    left: float
    at: float


def take(bucket: Bucket | None, per_minute: int, now: float) -> tuple[Bucket, Decision]:
    """One call out of a bucket that holds and refills ``per_minute`` calls."""
    if bucket is None:
        return Bucket(per_minute - 1.0, now), ALLOW
    left = min(float(per_minute), bucket.left + (now - bucket.at) * per_minute / 60.0)
    if left < 1.0:
        return Bucket(left, now), RATE
    return Bucket(left - 1.0, now), ALLOW


@lru_cache(maxsize=1024)
def source(address: str) -> str:
    """Whom an address stands for. An IPv6 host has a /64 of addresses to ask from: they are one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:64]
    if not isinstance(parsed, IPv6Address):
        return address
    return str(int(parsed) >> 64) if parsed.ipv4_mapped is None else str(parsed.ipv4_mapped)

"""How much of old calls with little risk is shipped. The log itself keeps every record.

For ``after`` from a server's first call everything is kept. Then, of calls of tools that only read, on servers that
are not sensitive, in which nothing was found, refused, overridden or failed, a part is: by a keyed hash of the trace,
so that a chain of agents is kept whole or not at all, and the same way by everyone who has the key. What is kept
stands for 1/keep, so that sums of weights are right on average.
"""

import logging
from collections.abc import Callable, Mapping
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec

from doorward.core.audit import timestamp
from doorward.shipping import places
from doorward.shipping.choosing import when

log = logging.getLogger(__name__)

MOST_SERVERS = 10_000
"""First calls that are remembered; of other servers everything is kept."""

_SENSITIVE = ("high", "critical")

ReadOnly = Callable[[str, str], bool]
"""(server, tool): whether the tool says that it only reads."""


class FirstCalls:
    """When each server was called first, as far as the log was read."""

    def __init__(self, path: Path) -> None:
        """Raises ``OSError`` where it cannot be read. What is damaged is said, and found out again."""
        self._path = path
        self._lock = Lock()
        self._dirty = False
        self._at: dict[str, float] = {}
        try:
            said = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
        except FileNotFoundError:
            return
        except ValueError:
            log.error("%s cannot be read: servers count as called for the first time by what is read from now on", path)
            return
        self._at = {server: at for server, text in said.items() if (at := when({"timestamp": text})) is not None}

    def seen(self, server: str, at: float) -> float | None:
        """There was a call then; when the first one was. None: too many servers to know."""
        first = self._at.get(server)
        if first is None or at < first:
            with self._lock:
                if server not in self._at and len(self._at) >= MOST_SERVERS:
                    return None
                first = self._at[server] = min(at, self._at.get(server, at))
                self._dirty = True
        return first

    def save(self) -> None:
        """Unless nothing has changed. Raises ``OSError``."""
        with self._lock:
            if not self._dirty:
                return
            said = {server: timestamp(at + 0.0005) for server, at in sorted(self._at.items())}
            places.replace(self._path, msgspec.json.encode(said) + b"\n")
            self._dirty = False


class Sampling(msgspec.Struct, frozen=True):
    """``after``: seconds from a server's first call; ``keep``: a share; ``key``: never changes."""

    after: float
    keep: float
    key: bytes
    read_only: ReadOnly

    def weight(self, record: Mapping[str, Any], at: float, first: float | None) -> float:
        """For how many calls the record stands; 0: it is not shipped."""
        if self.keep >= 1 or first is None or at - first < self.after or not low_risk(record):
            return 1.0
        if not self.read_only(record.get("mcp_server", ""), record["tool_name"]):
            return 1.0
        return 1 / self.keep if kept(self.key, chain(record), self.keep) else 0.0


def low_risk(record: Mapping[str, Any]) -> bool:
    """As far as the record says: whether the tool only reads is another question."""
    said = record.get
    status = said("upstream_status")
    return (
        said("kind") == "exchange"
        and said("phase") == "outcome"
        and said("method") == "tools/call"
        and said("decision") == "allow"
        and isinstance(said("tool_name"), str)
        and said("sensitivity") not in _SENSITIVE
        and not (said("reason") or said("would_have") or said("override"))
        and not (said("findings") or said("entities") or said("pii_redacted") or said("redaction_count"))
        and not said("uninspected")
        and (status is None or (type(status) is int and status < 400))
    )


def chain(record: Mapping[str, Any]) -> str:
    """What is kept together."""
    return str(record.get("trace_id") or record.get("exchange_id") or record.get("event_id"))


def kept(key: bytes, chain: str, keep: float) -> bool:
    """Whether a chain is among the part ``keep`` of all."""
    drawn = blake2b(chain.encode("utf-8", "surrogatepass"), digest_size=8, key=key).digest()
    return int.from_bytes(drawn) < keep * 2.0**64

"""Audit logs made in a moment, without a gateway: for tests of who reads, verifies or asks them.

log = Log(tmp_path / "audit", exported=tmp_path / "exported")
writer = log.writer()
writer.call()
writer.close()
"""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from doorward.core import audit_layout, checkpoint
from doorward.core.audit import AuditRecord, Opening, timestamp
from doorward.core.checkpoint import Checkpoint, Open

BEGIN = 1_795_000_000.0
"""Seconds since the epoch at which the first record is made."""


class Key:
    """A key that signs checkpoints, always the same for the same name."""

    def __init__(self, name: str = "audit logs of tests") -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())
        public = self._key.public_key()
        self.key_id = sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]
        self.pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)


class Log:
    """An audit directory. ``step``: seconds between two records; ``random`` makes the ids."""

    def __init__(
        self,
        directory: Path,
        *,
        exported: Path | None = None,
        key: Key | None = None,
        seed: int = 0,
        step: float = 0.01,
    ) -> None:
        self.directory = directory
        self.exported = exported
        self.key = key or Key()
        self.random = Random(seed)
        self.step = step
        self.now = BEGIN
        self.writers: list[Writer] = []
        directory.mkdir(parents=True, exist_ok=True)
        if exported is not None:
            exported.mkdir(parents=True, exist_ok=True)

    def id(self) -> str:
        """32 hexadecimal digits."""
        return f"{self.random.getrandbits(128):032x}"

    def time(self) -> str:
        """The time of the next record."""
        self.now += self.step
        return timestamp(self.now)

    def writer(self, **settings: Any) -> "Writer":
        """One that begins now; its first record names those before it that are alive or unnamed."""
        made = Writer(self, **settings)
        self.writers.append(made)
        return made

    def heads(self) -> dict[str, tuple[int, str]]:
        named = {(writer, head) for each in self.writers for writer, head in each.heads.items()}
        found = {writer.name: (writer.count, writer.head) for writer in self.writers}
        return {
            writer.name: found[writer.name]
            for writer in self.writers
            if writer.alive or (writer.name, found[writer.name]) not in named
        }


class Writer:
    """One writer. ``segment_records``: after how many a new segment begins."""

    def __init__(self, log: Log, *, name: str = "", segment_records: int = 1_000_000) -> None:
        self.log = log
        self.name = name or log.id()
        self.place = log.directory / self.name
        self.heads = log.heads()
        self.count, self.head, self.alive = 0, "", True
        self._segment, self._offset, self._in_segment, self._segment_records = 1, 0, 0, segment_records
        self._number, self._prev, self._copied = 0, "", 0
        self._open: dict[str, Open] = {}
        self.place.mkdir()
        (self.place / audit_layout.LOCK).touch()
        (self.place / audit_layout.segment(1)).touch()
        self._put(Opening(**_filled(log, "checkpoint", "opened", {}), heads=self.heads))

    def record(self, kind: str, phase: str = "", **fields: Any) -> AuditRecord:
        """One record of a kind."""
        made = AuditRecord(**_filled(self.log, kind, phase, fields))
        self._put(made)
        return made

    def intent(self, **fields: Any) -> str:
        """A call that goes to the server; its exchange id."""
        made = self.record("exchange", "intent", **_call() | fields)
        return made.exchange_id

    def outcome(self, exchange_id: str, **fields: Any) -> None:
        """Its answer."""
        answered = {"exchange_id": exchange_id, "latency_ms": 5.25, "gateway_ms": 0.5, "upstream_status": 200}
        self.record("exchange", "outcome", **_call() | answered | fields)

    def call(self, **fields: Any) -> str:
        """Both."""
        exchange_id = self.intent(**fields)
        self.outcome(exchange_id, **fields)
        return exchange_id

    def refusal(self, **fields: Any) -> None:
        """A call that was refused before it was forwarded: an outcome alone."""
        said = {"decision": "deny", "reason": "policy.denied", "rules": ("default-deny",), "severity": "high"}
        self.record("exchange", "outcome", **_call() | said | fields)

    def checkpoint(self, *, final: bool = False, key: Key | None = None, export: bool = True) -> None:
        """Sign what there is."""
        signer = key or self.log.key
        body = checkpoint.unsigned(
            Checkpoint(
                writer=self.name,
                number=self._number,
                count=self.count,
                head=self.head,
                segment=self._segment,
                offset=self._offset,
                timestamp=timestamp(self.log.now),
                prev=self._prev,
                open=tuple(self._open.values()),
                final=final,
                key_id=signer.key_id,
            )
        )
        line = checkpoint.line(body, signer.sign(checkpoint.CONTEXT + body))
        self._number, self._prev = self._number + 1, sha256(line).hexdigest()
        with (self.place / audit_layout.CHECKPOINTS).open("ab") as opened:
            opened.write(line)
        if export:
            self.export()

    def export(self) -> None:
        """Copy what is new of the checkpoints."""
        if self.log.exported is not None:
            new = (self.place / audit_layout.CHECKPOINTS).read_bytes()[self._copied :]
            self._copied += len(new)
            with (self.log.exported / audit_layout.exported(self.name)).open("ab") as opened:
                opened.write(new)

    def close(self) -> None:
        """End in order."""
        self.checkpoint(final=True)
        self.mark_closed(self.name)
        self.alive = False

    def kill(self, torn: bytes = b"") -> None:
        """End without a word, perhaps in the middle of a line."""
        with (self.place / audit_layout.segment(self._segment)).open("ab") as opened:
            opened.write(torn)
        self.alive = False

    def recover(self, other: "Writer") -> None:
        """Put in order what ``other`` left when it was killed, as the next start does."""
        path = other.place / audit_layout.segment(other._segment)
        torn = path.read_bytes()[other._offset :]
        if torn:
            (other.place / audit_layout.torn(other._segment, other._offset)).write_bytes(torn)
            with path.open("r+b") as opened:
                opened.truncate(other._offset)
            where = f"writer {other.name}, segment {other._segment}, offset {other._offset}"
            detail = f"{where}: {len(torn)} bytes of a record without its end were set aside"
            self.record("gap", decision="error", reason="journal.torn", detail=detail)
        for exchange_id in other._open:
            said = {"decision": "error", "reason": "journal.interrupted"}
            self.outcome(exchange_id, **said, detail=f"its writer {other.name} ended before the outcome")
        other.mark_closed(self.name)

    def mark_closed(self, by: str) -> None:
        """Nothing is open any more."""
        said = {"by": by, "at": timestamp(self.log.now), "count": self.count, "head": self.head}
        (self.place / audit_layout.CLOSED).write_bytes(msgspec.json.encode(said) + b"\n")

    def lines(self) -> list[bytes]:
        """All lines of all segments."""
        return [line for path in self.segments() for line in path.read_bytes().splitlines(keepends=True)]

    def segments(self) -> list[Path]:
        return sorted(self.place.glob("journal-*.jsonl"))

    def _put(self, record: AuditRecord) -> None:
        if self._in_segment == self._segment_records:
            self._segment, self._offset, self._in_segment = self._segment + 1, 0, 0
        line = record.line(self.name, self.count, self.head)
        if record.phase in ("intent", "opened") and record.kind != "checkpoint":
            self._open[record.exchange_id] = Open(record.exchange_id, self._segment, self._offset)
        else:
            self._open.pop(record.exchange_id, None)
        with (self.place / audit_layout.segment(self._segment)).open("ab") as opened:
            opened.write(line)
        self.head = sha256(line).hexdigest()
        self.count, self._offset, self._in_segment = self.count + 1, self._offset + len(line), self._in_segment + 1


def _filled(log: Log, kind: str, phase: str, fields: dict[str, Any]) -> dict[str, Any]:
    usual = {"event_id": log.id(), "exchange_id": log.id(), "kind": kind, "phase": phase, "timestamp": log.time()}
    return usual | fields


def _call() -> dict[str, Any]:
    return {
        "identity": "agent:sales",
        "client": "agent:sales",
        "client_ip": "127.0.0.1",
        "grant_id": "fixed:agent:sales",
        "credential": "none",
        "mcp_server": "crm",
        "tool_name": "get_customer",
        "method": "tools/call",
        "protocol": "2025-11-25",
        "transport": "http",
        "args_hash": "a5" * 32,
        "hash_key_id": "c1d0ee166f887aa3",
        "mode": "enforce",
        "sensitivity": "medium",
        "bytes_in": 126,
        "policy_digest": "d5" * 32,
    }


def random_log(directory: Path, seed: int, *, exported: bool = True) -> Log:
    """A clean one of up to four writers that end in order, are killed and put in order, or stay as they were left."""
    log = Log(directory / "audit", exported=directory / "exported" if exported else None, seed=seed)
    random = Random(seed)
    dead: list[Writer] = []
    for _ in range(random.randint(1, 4)):
        writer = log.writer(segment_records=random.choice((2, 3, 7, 1000)))
        for killed in dead:
            writer.recover(killed)
        dead.clear()
        under_way: list[str] = []
        for _ in range(random.randint(0, 12)):
            _something(writer, random, under_way)
        while under_way and random.random() < 0.9:
            writer.outcome(under_way.pop())
        if under_way or random.random() < 0.3:
            writer.kill(random.choice((b"", b'{"v":1,"event_id":"', b"\0" * 40)))
            dead.append(writer)
        else:
            writer.close()
    return log


def _something(writer: Writer, random: Random, under_way: list[str]) -> None:
    what = random.randint(0, 8)
    if what == 0:
        under_way.append(writer.intent())
    elif what == 1 and under_way:
        writer.outcome(under_way.pop(0))
    elif what == 2:
        writer.refusal(tool_name='a "name" \\ of \u202e ünïcode')
    elif what == 3:
        writer.record("gap", reason="edge.host", detail="41 requests were not recorded singly")
    elif what == 4:
        writer.checkpoint(export=random.random() < 0.8)
    elif what == 5:
        stream = writer.record("stream", "opened").exchange_id
        writer.record("stream", "summary", exchange_id=stream)
        writer.record("stream", "closed", exchange_id=stream)
    else:
        writer.call(rules=(f"rule-{random.randint(0, 3)}",))


def changed(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """Rewrite a file of lines: ``change`` is given them, each with its end, and gives what is to be there."""
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))

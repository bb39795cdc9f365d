"""How fast a log is verified: `python bench/verify.py [--records N] [--writers N] [--jobs N …]`.

Makes a log of calls (intent and outcome) in a directory of its own, with a checkpoint each 1,000 records, and says
records a second for each number of processes, best of some runs.
"""

import argparse
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from doorward.control.audit.verify.chains import processors
from doorward.control.audit.verify.public_keys import PublicKeys
from doorward.control.audit.verify.whole import verify
from doorward.core import audit_layout, checkpoint
from doorward.core.audit import AuditRecord, Opening, timestamp
from doorward.core.checkpoint import Checkpoint

BEGIN = 1_795_000_000.0
SEGMENT = 64 << 20
EACH = 1000  # records to a checkpoint
CALLERS, TOOLS = 20, 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=400_000)
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--jobs", type=int, nargs="*", default=sorted({1, processors()}))
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    key = Ed25519PrivateKey.from_private_bytes(sha256(b"bench").digest())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with tempfile.TemporaryDirectory() as directory:
        size = sum(
            make(Path(directory), number, given.records // given.writers, key) for number in range(given.writers)
        )
        sys.stdout.write(f"{given.records:,} records of {size // given.records} bytes, {given.writers} writers\n")
        for jobs in given.jobs:
            best = min(once(Path(directory), public, jobs) for _ in range(given.runs))
            speed, volume = given.records / best, size / best / (1 << 20)
            sys.stdout.write(
                f"{jobs} process{'' if jobs == 1 else 'es'}: {speed:,.0f} records/s, {volume:,.0f} MiB/s\n"
            )


def once(directory: Path, public: bytes, jobs: int) -> float:
    """Seconds for all of it."""
    begun = time.perf_counter()
    report = verify(directory, PublicKeys(public), jobs=jobs)
    took = time.perf_counter() - begun
    if report.faults:
        raise SystemExit(f"not a clean log: {report.faults[0]}")
    return took


def make(directory: Path, number: int, records: int, key: Ed25519PrivateKey) -> int:
    """One writer; the bytes of its segments."""
    writer = f"{number:032x}"
    place = directory / writer
    place.mkdir()
    opening = Opening(event_id="0", exchange_id="0", kind="checkpoint", phase="opened", timestamp=timestamp(BEGIN))
    lines = [opening.line(writer, 0, "")]
    head, segment, offset, size = sha256(lines[0]).hexdigest(), 1, len(lines[0]), 0
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    key_id, before = sha256(raw).hexdigest()[:16], ""
    signed = []
    for seq in range(1, records):
        line = call(seq).line(writer, seq, head)
        head = sha256(line).hexdigest()
        lines.append(line)
        offset += len(line)
        if seq % EACH == 0 or seq == records - 1:
            body = checkpoint.unsigned(
                Checkpoint(
                    writer=writer,
                    number=len(signed),
                    count=seq + 1,
                    head=head,
                    segment=segment,
                    offset=offset,
                    timestamp=timestamp(BEGIN + seq / 1000),
                    prev=before,
                    key_id=key_id,
                )
            )
            signed.append(checkpoint.line(body, key.sign(checkpoint.CONTEXT + body)))
            before = sha256(signed[-1]).hexdigest()
        if offset >= SEGMENT or seq == records - 1:
            (place / audit_layout.segment(segment)).write_bytes(b"".join(lines))
            lines, segment, size, offset = [], segment + 1, size + offset, 0
    (place / audit_layout.CHECKPOINTS).write_bytes(b"".join(signed))
    return size


def call(seq: int) -> AuditRecord:
    """Intents and outcomes in turn, of some callers and tools."""
    exchange, ended = divmod(seq - 1, 2)
    return AuditRecord(
        event_id=f"f5e87cdab49420a5{seq:08x}",
        exchange_id=f"f5e87cdab49420a5{exchange:08x}",
        kind="exchange",
        phase="outcome" if ended else "intent",
        timestamp=timestamp(BEGIN + seq / 1000),
        identity=f"agent:team-{exchange % CALLERS}",
        client=f"agent:team-{exchange % CALLERS}",
        client_ip="127.0.0.1",
        grant_id=f"fixed:agent:team-{exchange % CALLERS}",
        mcp_server="crm",
        tool_name=f"tool-{exchange % TOOLS}",
        method="tools/call",
        protocol="2025-11-25",
        transport="http",
        args_hash=sha256(b"%d" % exchange).hexdigest(),
        response_hash=sha256(b"%d" % seq).hexdigest() if ended else "",
        hash_key_id="c1d0ee166f887aa3",
        rules=("sales-may-read",),
        mode="enforce",
        sensitivity="medium",
        bytes_in=126 + exchange % 50,
        bytes_out=578 if ended else 0,
        policy_digest="d5" * 32,
        upstream_status=200 if ended else None,
        latency_ms=4.125 + exchange % 7 if ended else None,
        gateway_ms=0.64,
    )


if __name__ == "__main__":
    main()

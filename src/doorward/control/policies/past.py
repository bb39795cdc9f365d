"""The journals of all writers, looked through for the commands that explain and replay."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from doorward.control.audit.read import lines_back, writers
from doorward.core.audit import AuditRecord

_read = msgspec.json.Decoder(AuditRecord).decode


def since(directory: Path, earliest: str) -> Iterator[AuditRecord]:
    """Every record from ``earliest`` on (a timestamp as records have it), writer by writer, the last first.

    Where the clock of a writer was set back, the records before that are left out if they seem older.
    """
    for writer in writers(directory):
        for line in lines_back(directory, writer):
            try:
                record = _read(line.raw)
            except msgspec.DecodeError:
                continue  # a line that a killed process left
            if record.timestamp < earliest:
                break
            yield record


def of_exchange(directory: Path, exchange_id: str) -> list[AuditRecord]:
    """All records of one exchange, the first first."""
    wanted = exchange_id.encode()
    found = []
    for writer in writers(directory):
        for line in lines_back(directory, writer):
            if wanted in line.raw:
                try:
                    record = _read(line.raw)
                except msgspec.DecodeError:
                    continue
                if record.exchange_id == exchange_id and record.kind != "alert":
                    found.append(record)
    return sorted(found, key=lambda record: (record.timestamp, record.seq))

"""A question to the log: by the index, and where none can be made by reading the journals from their ends."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from doorward.control.audit.filter import Filter
from doorward.control.audit.index import Hit, Index, IndexDamaged, IndexFault, TooLong
from doorward.control.audit.index_build import Told, milliseconds
from doorward.control.audit.index_query import Key
from doorward.control.audit.read import Line, Place, newest_first

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def newest(
    directory: Path,
    asked: Filter,
    limit: int,
    *,
    before: Key | None = None,
    all_records: bool = False,
    rebuild: bool = False,
    told: Told | None = None,
    without: Callable[[IndexFault], None] | None = None,
) -> list[Hit]:
    """At most ``limit`` records that fit, the newest first; the index is brought up to date before.

    ``without`` is told why there is no index: then the journals are read, which takes as long as they are. Intents
    whose outcome is there are left out but with ``all_records``.
    """
    index = Index(directory)
    try:
        index.update(rebuild=rebuild, told=told)
        try:
            return index.newest(asked, limit, before=before, all_records=all_records)
        except IndexDamaged:
            index.update(rebuild=True, told=told)
            return index.newest(asked, limit, before=before, all_records=all_records)
    except TooLong:
        raise
    except IndexFault as fault:
        if without is not None:
            without(fault)
        found = read_newest(directory, asked, before=before, all_records=all_records)
        return [hit for hit, _ in zip(found, range(limit), strict=False)]


def read_newest(
    directory: Path,
    asked: Filter,
    *,
    before: Key | None = None,
    all_records: bool = False,
    ends: dict[str, Place] | None = None,
) -> Iterator[Hit]:
    """The same from the journals alone: an outcome comes after its intent, so it is met first on the way back."""
    ended: set[str] = set()
    for line in newest_first(directory, ends):
        found = placed(line)
        if found is None:
            continue
        record, hit = found
        if not all_records and record.get("kind") == "exchange":
            exchange = record.get("exchange_id")
            if record.get("phase") == "outcome" and isinstance(exchange, str):
                ended.add(exchange)
            elif record.get("phase") == "intent" and exchange in ended:
                continue
        if (before is None or hit.key < before) and asked.matches(record):
            yield hit


def placed(line: Line) -> tuple[dict[str, Any], Hit] | None:
    """A line as a record, and as what the index would give for it; None: it is no record."""
    try:
        record = _decode(line.raw)
        key = (milliseconds(record["timestamp"]), line.place.writer, int(record["seq"]))
    except (ValueError, KeyError, TypeError):
        return None
    return record, Hit(line.place, key, line.raw)

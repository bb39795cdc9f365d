"""The sinks, by what the shipper says of them (``AUDIT/shipping/status.json``)."""

import time
from collections.abc import Iterable, Sequence

import msgspec

from doorward.bootstrap.configured import directories
from doorward.bootstrap.doctor.disk import unusable
from doorward.bootstrap.doctor.line import Line, fail, ok, size, span, warn
from doorward.configfile import Loaded
from doorward.shipping.places import Places
from doorward.shipping.status import MARKS, Status, Written

STALE = 10.0
"""Seconds: the shipper writes each second."""

LATE = 900.0
"""Seconds after which what waits is late, though the sink is up."""

_MOST = 4 << 20
_SHOWN = 3
_TRIED = "it is tried again until it works, and records wait on the disk; see its service, then its settings here"
_REMEDY = "`doorward serve` runs it, or `doorward ship`; records wait on the disk until then"


def delivery(loaded: Loaded, names: Sequence[str], *, serving: bool) -> list[Line]:
    """A line for each of the sinks, and one where nobody ships. ``serving``: a gateway with this file runs."""
    if not names:
        return []
    places = Places(directories(loaded)[1])
    written = _written(places)
    lines = _unnoted(places, written) or _not_running(written, serving=serving)
    if written is None:
        return lines
    known = {status.name: status for status in written.sinks}
    for name in names:
        lines.append(_sink(known[name]) if name in known else _unknown(name))
    return lines


def _unnoted(places: Places, written: Written | None) -> list[Line]:
    """A shipper that has no place to note what was taken has none for its status either: whether it runs, is not known
    then.
    """
    wrong = unusable("delivery", places.directory) if places.directory.exists() else None
    if wrong is None:
        return []
    if written is None:
        return [fail(wrong.about, f"{wrong.what}: nothing is shipped", wrong.remedy)]
    old = f"what is said of sinks is {span(time.time() - written.at)} old"
    what = f"{wrong.what}: what sinks have taken is not noted, and is sent again after a restart; {old}"
    return [fail(wrong.about, what, wrong.remedy)]


def _not_running(written: Written | None, *, serving: bool) -> list[Line]:
    state = fail if serving else warn
    if written is None:
        return [state("delivery", "nothing was shipped yet: there is no status of a shipper", _REMEDY)]
    age = time.time() - written.at
    if abs(age) <= STALE:  # one that is to come is from before the clock was set back
        return []
    old = f"{span(age)} old" if age > 0 else f"of a time in {span(-age)}"
    said = f"the shipper does not run: its last sign is {old}, of process {written.process}"
    return [state("delivery", said, _REMEDY)]


def _sink(status: Status) -> Line:
    about = f"sink {status.name}"
    said = _said(status)
    if not status.up and status.last_error:
        since = f" for {span(time.time() - status.since)}" if status.since else ""
        return fail(about, f"{said}; takes nothing{since}: {status.last_error}", status.remedy or _TRIED)
    if status.fill >= MARKS[1]:
        return fail(about, f"{said}; that is {status.fill:.0%} of the room", "make room now: a full disk refuses calls")
    if status.fill >= MARKS[0]:
        return warn(
            about, f"{said}; that is {status.fill:.0%} of the room", "make room, and see why it takes so little"
        )
    if status.waiting_seconds > LATE:
        return warn(about, f"{said}; it takes less than comes", "see its quota, its `every` and `events`")
    if status.unsaved:
        remedy = "the gateway's log says why: the disk, or who may write to the directory shipping of the log"
        return warn(about, f"{said}; its cursor cannot be saved, so a restart sends it all that once more", remedy)
    if status.damaged:
        what = f"{said}; {status.damaged} lines or segments of the log could not be read and were not sent"
        return warn(about, what, "`doorward audit verify` names them")
    if status.dead:
        where = f"{status.name}.dead.jsonl in the directory shipping of the log"
        return warn(about, f"{said}; {status.dead} dead letters", f"{where} says why they were refused")
    return ok(about, said)


def _said(status: Status) -> str:
    parts = [f"{status.use}: {status.delivered} delivered"]
    if status.repeated:
        parts.append(f"{status.repeated} sent again")
    parts.append(f"{status.rate:.1f}/s")
    waits = f"{size(status.waiting_bytes)} waiting" if status.waiting_bytes else "nothing waiting"
    parts.append(f"{waits} for {span(status.waiting_seconds)}" if status.waiting_seconds >= 1 else waits)
    if status.writers:
        parts.append(f"acknowledged up to {_positions(status.writers.items())}")
    return ", ".join(parts)


def _positions(writers: Iterable[tuple[str, int]]) -> str:
    """The last acknowledged record of some writers."""
    shown = [f"{writer[:8]}:{seq}" for writer, seq in writers]
    more = f" and {len(shown) - _SHOWN} more writers" if len(shown) > _SHOWN else ""
    return " ".join(shown[:_SHOWN]) + more


def _unknown(name: str) -> Line:
    return warn(f"sink {name}", "the shipper does not know it yet", "restart the gateway if it stays so")


def _written(places: Places) -> Written | None:
    try:
        with places.status.open("rb") as opened:
            return msgspec.json.decode(opened.read(_MOST), type=Written)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None

"""Who vouches for a writer's chain: its own checkpoints, their exported copy, and the writers that came later."""

from dataclasses import dataclass, field
from hashlib import sha256

from doorward.control.audit.verify.checkpoints import Mark, Proven, prove
from doorward.control.audit.verify.findings import COMPLETE, INTACT, Fault
from doorward.control.audit.verify.lines import LONGEST, read
from doorward.control.audit.verify.places import WRITER, File, Place, first_lines
from doorward.control.audit.verify.public_keys import PublicKeys
from doorward.control.audit.verify.segments import Named
from doorward.control.audit.verify.strict import Unclear, is_count

_CHUNK = 1 << 20


@dataclass(slots=True)
class Vouched:
    """The checkpoints to hold against a chain, what is wrong with them, and the last one that was exported."""

    proven: Proven
    exported: Mark | None = None
    faults: list[Fault] = field(default_factory=list)


def checkpoints(place: Place, keys: PublicKeys) -> Vouched:
    """What can be believed of a writer's checkpoints. Where the exported copy says more, or something else, the copy
    counts: it is out of reach of whoever has the log.
    """
    writer, copy = place.writer, place.exported
    same = _alike(place.checkpoints, copy) if place.checkpoints is not None and copy is not None else 0
    own = prove(place.checkpoints, writer, keys, same) if place.checkpoints is not None else Proven()
    vouched = Vouched(own)
    if own.fault:
        vouched.faults.append(Fault(writer, INTACT, own.last.count if own.last else 0, None, own.fault))
    if copy is None:
        return vouched
    if same == copy.size and not own.fault:
        vouched.exported = own.within
        return vouched
    exported = prove(copy, writer, keys)
    vouched.exported = exported.last
    if exported.fault:
        vouched.faults.append(Fault(writer, INTACT, None, None, f"{exported.fault} (the exported copy)"))
    if own.end > same and exported.end > same:
        shared = Proven() if same == 0 else prove(File(copy.path, same), writer, keys)
        what = f"its checkpoints are not the exported ones from line {shared.lines + 1} on"
        vouched.faults.append(Fault(writer, INTACT, shared.last.count if shared.last else 0, None, what))
    elif exported.lines > own.lines and not own.fault:
        what = f"checkpoints are missing: there are {own.lines:,}, and {exported.lines:,} were exported"
        vouched.faults.append(Fault(writer, COMPLETE, None, None, what))
    if exported.end > same:
        vouched.proven = exported
    return vouched


def openings(places: list[Place]) -> tuple[dict[str, Named], list[Fault]]:
    """What the first records say of other writers, by writer; and first records that are no openings."""
    named: dict[str, list[tuple[int, str, str]]] = {}
    faults = []
    for place in places:
        line, second = first_lines(place, LONGEST)
        if not line or (not line.endswith(b"\n") and len(line) <= LONGEST):
            continue  # it has not begun, or was killed while it did
        try:
            opening = read(line)
            heads = _heads(opening.heads) if _names(second, line) else []
            for writer, said in heads:
                named.setdefault(writer, []).append((*said, place.writer))
            if (opening.kind, opening.phase, opening.seq) != ("checkpoint", "opened", 0):
                raise Unclear("it is not the one that a writer begins with")
        except Unclear as fault:
            faults.append(Fault(place.writer, INTACT, 0, 0, f"its first line is not right: {fault}"))
    return {writer: tuple(sorted(said)) for writer, said in named.items()}, faults


def _names(second: bytes, first: bytes) -> bool:
    """Whether the line behind a first one names it. If not, that one was changed, and its word is not held against
    others; if there is none, nobody says otherwise.
    """
    try:
        return not second.endswith(b"\n") or read(second).prev == sha256(first).hexdigest()
    except Unclear:
        return True


def _heads(heads: dict[str, object]) -> list[tuple[str, tuple[int, str]]]:
    found = []
    for writer, said in heads.items():
        match said:
            case [count, str(head)] if WRITER.fullmatch(writer) and is_count(count):
                found.append((writer, (count, head)))
            case _:
                raise Unclear("its heads are not right")
    return found


def _alike(one: File, other: File) -> int:
    """How many bytes two files have in common at their beginnings, in whole lines; all of one, if so many."""
    most, place, lines = min(one.size, other.size), 0, 0
    with one.path.open("rb") as first, other.path.open("rb") as second:
        while place < most:
            left = first.read(min(_CHUNK, most - place))
            right = second.read(len(left))
            if left != right or not left:
                count = next((n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), len(right))
                end = left[:count].rfind(b"\n")
                return place + end + 1 if end >= 0 else lines
            end = left.rfind(b"\n")
            lines = place + end + 1 if end >= 0 else lines
            place += len(left)
    return place if place == other.size else lines

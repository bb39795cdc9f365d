"""Writes the tables of ``docs/coverage.md`` from the ones that the tests run on.

python -m tests.functional.matrix.document
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.functional.matrix.fields import EDGES, EVERY, KINDS, ROWS, SENDERS, UNKNOWN, Row

from doorward.core.methods import LEGACY, METHODS, REVISIONS

DOCUMENT = Path(__file__).parents[3] / "docs" / "coverage.md"
BEGIN, END = "<!-- made by tests/functional/matrix/document.py: {} -->\n", "<!-- end of {} -->\n"
TABLES = ("every message", "messages", "parts", "beside the messages")

_WAYS = {"client": "client → server", "server": "server → client"}
_DRESSES = {
    "key": "its name",
    "number": "a number",
    "json": "JSON in the text",
    "base64": "base64",
    "uri": "percent-encoded",
    "data": "a `data:` URI",
    "secret": "a secret",
}


def tables() -> dict[str, str]:
    """The made parts, by name."""
    made = (_every(), _messages(), _parts(), _edges())
    return dict(zip(TABLES, made, strict=True))


def written(text: str) -> str:
    """The document with its tables as they must be."""
    for name, table in tables().items():
        begin, end = BEGIN.format(name), END.format(name)
        head, _, rest = text.partition(begin)
        _, _, tail = rest.partition(end)
        text = f"{head}{begin}\n{table}\n{end}{tail}"
    return text


def _every() -> str:
    lines = ["| message | direction | text | exact |", "|---|---|---|---|"]
    for sender in SENDERS:
        for kind in KINDS:
            rows = [row for row in EVERY if (row.kind, row.sender, row.method) == (kind, sender, UNKNOWN)]
            lines.append(f"| {kind} | {_WAYS[sender]} | {_fate(rows, 'open')} | {_fate(rows, 'exact')} |")
    return "\n".join(lines) + "\n"


def _messages() -> str:
    lines = ["| method | revisions | message | direction | text | exact |", "|---|---|---|---|---|---|"]
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in ROWS:
        group = groups.setdefault((row.method, row.kind, row.sender), [])
        if not row.every:
            group.append(row)
    bare: list[str] = []
    for method in (*METHODS, UNKNOWN):
        for (named, kind, sender), rows in groups.items():
            if named != method or (kind == "error"):
                continue
            name = "any other method" if method == UNKNOWN else f"`{method}`"
            if not rows:
                bare.append(f"{name} ({kind}, {_WAYS[sender]})")
                continue
            revisions = _revisions(
                next(row for row in ROWS if (row.method, row.kind, row.sender) == (named, kind, sender))
            )
            fates = f"{_fate(rows, 'open')} | {_fate(rows, 'exact')}"
            lines.append(f"| {name} | {revisions} | {kind} | {_WAYS[sender]} | {fates} |")
    return "\n".join(lines) + f"\n\nWith nothing but what every message has: {', '.join(bare)}.\n"


def _parts() -> str:
    lines = ["| part | places in it |", "|---|---|"]
    parts: dict[str, list[Row]] = {}
    for row in ROWS:
        for depth, (at, name) in enumerate(row.within):
            inner = tuple((place.removeprefix(at), what) for place, what in row.within[depth + 1 :])
            parts.setdefault(name, []).append(row._replace(place=row.place.removeprefix(at), within=inner))
    lines += [f"| {name} | {_fate(rows, 'open')} |" for name, rows in sorted(parts.items())]
    return "\n".join(lines) + "\n"


def _edges() -> str:
    lines = ["| what | direction | what happens |", "|---|---|---|"]
    lines += [f"| {edge.what} | {edge.direction} | {edge.happens} |" for edge in EDGES]
    return "\n".join(lines) + "\n"


def _fate(rows: Iterable[Row], fate: str) -> str:
    """The places of one fate, each once, with the ways in which it was tried."""
    ways: dict[str, list[str]] = {}
    for row in rows:
        if row.fate != fate:
            continue
        if row.within:
            at, name = row.within[0]
            ways.setdefault(f"`{at}` ({name})", [])
            continue
        known = ways.setdefault(f"`{row.place}`", [])
        if row.dress != "text" and _DRESSES[row.dress] not in known:
            known.append(_DRESSES[row.dress])
    return ", ".join(f"{place} ({'; '.join(known)})" if known else place for place, known in ways.items())


def _revisions(row: Row) -> str:
    """In which a message can be sent, in few words."""
    known: Sequence[str] = row.revisions
    if len(known) == len(REVISIONS):
        return "all"
    if frozenset(known) == LEGACY:
        return f"until {known[-1]}"
    if len(known) == 1:
        return known[0]
    return f"{known[0]} on" if known[-1] == REVISIONS[-1] else f"{known[0]} to {known[-1]}"


def main() -> None:
    DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()

"""The calls of one trace as a tree, for people and as JSON."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click
import msgspec

from doorward.cli.audit.shown import Lines
from doorward.control.audit.tree import Node, as_json, tree

MOST_CALLS = 2_000
"""Calls of one trace that are drawn."""

_HOW = {"act": "(by whom it acts for)", "time": "(by time)"}
"""How a call was placed in the tree where not by its span."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def term_of(trace: str | None, as_tree: bool) -> Iterator[str]:
    """``--trace`` as a term of the filter."""
    if trace is None:
        if as_tree:
            raise click.UsageError("--tree needs --trace ID")
        return
    if not re.fullmatch(r"[0-9a-f]{32}", trace, re.ASCII):
        raise click.BadParameter("32 hexadecimal digits, in lower case", param_hint="--trace")
    yield f"trace={trace}"


def told_tree(found: Sequence[bytes], lines: Lines, *, as_json: bool) -> Iterator[str]:
    """The records of a trace, put together: a line for each call, or one JSON document."""
    if len(found) == MOST_CALLS:
        click.echo(f"note: these are the newest {MOST_CALLS} calls of it, and there may be older ones", err=True)
    top = tree(_decode(raw) for raw in found)
    return iter([_document(top)]) if as_json else _lines(top, lines)


def _document(top: Sequence[Node]) -> str:
    return msgspec.json.encode({"calls": as_json(top)}).decode()


def _lines(top: Sequence[Node], lines: Lines) -> Iterator[str]:
    for node in top:
        yield from _below(node, "", "", lines)


def _below(node: Node, branch: str, margin: str, lines: Lines) -> Iterator[str]:
    how = _HOW.get(node.by)
    line = lines.line(_with_redactions(node.record), branch)
    yield line if how is None else f"{line}  {how}"
    for child in node.below:
        last = child is node.below[-1]
        forks, goes_on = ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield from _below(child, margin + forks, margin + goes_on, lines)


def _with_redactions(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record with the number of redactions in its detail: its line would leave that out."""
    count = record.get("redaction_count")
    if not count:
        return record
    return {**record, "detail": ", ".join(filter(None, (f"{count} redacted", str(record.get("detail") or ""))))}

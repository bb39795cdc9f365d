"""A record as one line for people."""

import os
from collections.abc import Mapping
from typing import IO, Any

import click

_COLOURS = {"allow": "green", "redact": "yellow", "deny": "red", "error": "magenta", "open": "cyan"}

_WIDEST = 8


class Lines:
    """``open_intents``: an intent that is shown has no outcome, and says ``open``."""

    def __init__(self, out: IO[Any], *, open_intents: bool) -> None:
        self.colours = out.isatty() and not os.environ.get("NO_COLOR")
        self._open_intents = open_intents

    def line(self, record: Mapping[str, Any], indent: str = "") -> str:
        """Time, decision, identity, server and tool, reason, latency. ``indent`` stands behind the decision."""
        parts = [
            _plain(record.get("timestamp")),
            self._decision(record),
            indent + (_plain(record.get("identity")) or "-"),
            _where(record),
            *_why(record),
        ]
        latency = record.get("latency_ms")
        if isinstance(latency, (int, float)):
            parts.append(f"{latency:.1f} ms")
        return "  ".join(parts)

    def _decision(self, record: Mapping[str, Any]) -> str:
        decision = _plain(record.get("decision"))
        if record.get("phase") == "intent":
            decision = "open" if self._open_intents else "intent"
        padded = decision.ljust(_WIDEST)
        return click.style(padded, fg=_COLOURS.get(decision), bold=decision == "deny") if self.colours else padded


def _where(record: Mapping[str, Any]) -> str:
    kind = _plain(record.get("kind"))
    what = _plain(record.get("tool_name")) or _plain(record.get("method")) or kind
    server = _plain(record.get("mcp_server"))
    said = f"{server}/{what}" if server else what
    return (
        said
        if kind in ("exchange", "")
        else f"{said} ({kind}{' ' * bool(record.get('phase'))}{_plain(record.get('phase'))})"
    )


def _why(record: Mapping[str, Any]) -> list[str]:
    said = [_plain(record.get("reason"))] if record.get("reason") else []
    if record.get("would_have"):
        said.append(f"would have: {_plain(record.get('would_have'))}")
    entities = record.get("entities")
    if isinstance(entities, dict) and entities:
        said.append(" ".join(f"{_plain(name)}:{_plain(count)}" for name, count in entities.items()))
    if record.get("detail"):
        said.append(_plain(record.get("detail")))
    return said


def _plain(value: Any) -> str:
    """Text that does nothing to a terminal."""
    if value is None:
        return ""
    return "".join(mark if mark.isprintable() else "\N{REPLACEMENT CHARACTER}" for mark in str(value))

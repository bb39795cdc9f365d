"""The labelled messages that detection is measured on, and their own scorer. Neither is part of this repository.

A directory holds ``dev_synthetic.jsonl``, ``dev_real.jsonl`` and ``score.py``; an item is a message, its tags, and the
spans that must be found in it (``pointer``, ``start``, ``end``, ``entity``, ``text``).
"""

import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FILES = ("dev_synthetic.jsonl", "dev_real.jsonl")

# Templates, evasions and sources that nobody looked at while rules were written: what they score means something.
HELD_OUT = frozenset(
    [
        "customers",
        "invoices",
        "intl",
        "chat",
        "neg:ids",
        "neg:commits",
        "neg:cat",
        "evasion:urlenc",
        "evasion:qp",
        "evasion:hexenc",
        "real:presidio",
        "real:re3d",
    ]
)

Item = dict[str, Any]


def items(directory: Path, part: str) -> list[Item]:
    """The items of "tune", "held-out" or "all"."""
    found = [json.loads(line) for name in FILES for line in (directory / name).read_text("utf-8").splitlines()]
    if part == "all":
        return found
    return [item for item in found if HELD_OUT.isdisjoint(item["tags"]) == (part == "tune")]


def scorer(directory: Path) -> Any:
    """The data's own ``score.py`` as a module."""
    spec = importlib.util.spec_from_file_location("pii_score", directory / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tagged(found: Sequence[Item], *wanted: str) -> list[Item]:
    """Those with one of the tags."""
    return [item for item in found if not set(wanted).isdisjoint(item["tags"])]


def direction(item: Item) -> str:
    """Requests go up, all else comes down."""
    return "arguments" if "method" in item["message"] else "results"

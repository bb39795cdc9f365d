"""What Doorward's library finds in the items: the trigger pass, the leaf walk, the detectors; no socket."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from bench.detection.data import Item, direction
from doorward.core.decode import decode
from doorward.core.finding import Finding
from doorward.core.ports import Detector
from doorward.gateway.scanning import Detectors
from doorward.plugins import find

Spans = dict[str, list[dict[str, Any]]]
COUNTS = 0.5  # the threshold that a configuration has where it says nothing
DEPTH = 64


def plug(name: str, **options: Any) -> Detector:
    """One detector, as ``use: NAME`` makes it."""
    made = find("detectors", name)
    detector: Detector = made(made.Options(**options))
    return detector


def detectors(names: bool) -> list[Detector]:
    """What the measurements run with: everything of ours."""
    return [plug(name) for name in ("patterns", "secrets", *(["names"] if names else []))]


def scanner(found: Sequence[Detector]) -> Detectors:
    """A scanner that takes its time: what is measured here is what is found."""
    made = Detectors(found, base=600.0, most=600.0)
    made.load()
    return made


def spans(items: Sequence[Item], found: Sequence[Detector]) -> Spans:
    """By the item's id, in the scorer's form."""
    return asyncio.run(_spans(items, scanner(found)))


async def _spans(items: Sequence[Item], made: Detectors) -> Spans:
    return {item["id"]: [_span(f) for f in await look(made, item) if f.score >= COUNTS] for item in items}


async def look(made: Detectors, item: Item) -> list[Finding]:
    """All findings in one item, whatever their score."""
    raw = json.dumps(item["message"], ensure_ascii=False).encode()
    way = direction(item)
    if made.quiet(raw, way):
        return []
    return await made.scan(raw, decode(raw, DEPTH), way)


def _span(finding: Finding) -> dict[str, Any]:
    span = {
        "pointer": finding.text.pointer,
        "start": finding.start,
        "end": finding.end,
        "entity": finding.entity,
        "rule": finding.rule,
        "score": finding.score,
    }
    return span | {"in": "key"} if finding.text.key else span

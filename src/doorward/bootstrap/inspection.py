"""What the detectors would find in a text, for ``doorward inspect``: the same walk, the same detectors, no gateway."""

import os
from pathlib import Path
from typing import Any

import msgspec

from doorward import plugins
from doorward.config import Inspect
from doorward.configfile import Loaded
from doorward.configtypes import InvalidConfiguration, Plugin, Problem
from doorward.core.finding import Finding, Text
from doorward.core.looking import Looking
from doorward.core.message import Message, read
from doorward.core.ports import Detector
from doorward.detection.custom import Custom, Pattern
from doorward.gateway.scanning import Detectors
from doorward.stages.inspect import judge, texts

USUAL = ("patterns", "secrets", "names")
"""The detectors without a configuration."""

_MOST_SECONDS = 600.0  # a person waits for it, and may end it


class Seen(msgspec.Struct, frozen=True):
    """One finding. ``line``: of the input, from 1. ``counts``: it reaches its threshold. ``action``: what the gateway
    would do about it in enforcing modes.
    """

    line: int
    pointer: str
    start: int
    end: int
    entity: str
    score: float
    detector: str
    rule: str
    counts: bool
    action: str
    value: str


def detectors(loaded: Loaded | None) -> list[Detector]:
    """Those of a configuration, patterns of one's own among them; without, the usual ones. Raises
    ``InvalidConfiguration``; also where a configuration has none, for then nothing would be looked for.
    """
    inspect = loaded.config.inspect if loaded is not None else Inspect(detectors=tuple(Plugin(n) for n in USUAL))
    build = plugins.builder(os.environ, loaded.base_dir if loaded is not None else Path.cwd())
    made: list[Detector] = []
    problems: list[Problem] = []
    for index, spec in enumerate(inspect.detectors):
        try:
            made.append(build("detectors", spec))
        except InvalidConfiguration as invalid:
            problems += [problem.below(f"inspect.detectors[{index}]") for problem in invalid.problems]
    try:
        own = [Pattern(entity=p.entity, regex=p.regex, score=p.score) for p in inspect.patterns]
        made += [Custom(own)] if own else []
    except ValueError as fault:
        problems.append(Problem(path="inspect.patterns", message=str(fault)))
    if not made and not problems:
        remedy = "add {use: patterns}, or leave out -c to see what the usual detectors find"
        problems.append(Problem(path="inspect.detectors", message="nothing is looked for", remedy=remedy))
    if problems:
        raise InvalidConfiguration(loaded.located(problems) if loaded is not None else problems)
    return made


async def inspected(data: bytes, found: list[Detector], looking: Looking, direction: str) -> list[Seen]:
    """All findings in ``data``: a JSON value, one such on each line, or plain text. Raises ``DetectorFault``."""
    scanner = Detectors(found, base=_MOST_SECONDS, most=_MOST_SECONDS)
    seen: list[Seen] = []
    try:
        for line, part in _parts(data):
            for finding in await scanner.scan_text(part[0], part[1], direction):
                seen.append(_seen(finding, line, looking, direction))
    finally:
        scanner.close()
    return seen


def _parts(data: bytes) -> list[tuple[int, tuple[bytes, list[Text]]]]:
    """What is looked through as one, with the line that it begins on."""
    value = _value(data)
    if value is not None:
        return [(1, (data, texts(value[0])))]
    lines = [(number, line) for number, line in enumerate(data.splitlines(), 1) if line.strip()]
    values = [(number, line, _value(line)) for number, line in lines]
    if len(values) > 1 and all(value is not None for _, _, value in values):
        return [(number, (line, texts(value[0]))) for number, line, value in values if value is not None]
    return [(1, (data, [Text("", data.decode("utf-8", "replace"))]))]


def _value(data: bytes) -> tuple[Any] | None:
    reading = read(data)
    if isinstance(reading, Message):
        return (reading.value,)
    try:
        return (msgspec.json.decode(data),)
    except (msgspec.DecodeError, RecursionError):
        return None


def _seen(finding: Finding, line: int, looking: Looking, direction: str) -> Seen:
    judged = judge([finding], direction, looking, lambda _: False)
    return Seen(
        line=line,
        pointer=finding.text.pointer,
        start=finding.start,
        end=finding.end,
        entity=finding.entity,
        score=round(finding.score, 2),
        detector=finding.detector,
        rule=finding.rule,
        counts=bool(judged.counted),
        action=looking.action(finding.entity, direction).effect if judged.counted else "none",
        value=finding.read,
    )

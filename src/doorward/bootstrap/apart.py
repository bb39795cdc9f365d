"""``python -m doorward.bootstrap.apart``: looks through the largest messages (``gateway/apart.py``)."""

import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from doorward import plugins
from doorward.config import Inspect
from doorward.configtypes import Plugin
from doorward.core.decode import UndecodableError, decode
from doorward.core.errors import DetectorFault
from doorward.core.finding import Text
from doorward.core.ports import Detector
from doorward.gateway.apart import Answer, Apart, Question, receive, send
from doorward.gateway.scanning import Detectors
from doorward.stages.inspect import texts

_COMMAND = (sys.executable, "-m", "doorward.bootstrap.apart")


class Setup(msgspec.Struct, frozen=True):
    """The detectors of a configuration: names and options, patterns of one's own, and what paths are relative to."""

    detectors: list[tuple[str, dict[str, Any]]]
    patterns: list[tuple[str, str, float]]
    base_dir: str


def apart(inspect: Inspect, base_dir: Path) -> Apart:
    """The way to such a process; it is not started yet."""
    setup = Setup(
        [(spec.use, dict(spec.options)) for spec in inspect.detectors],
        [(pattern.entity, pattern.regex, pattern.score) for pattern in inspect.patterns],
        str(base_dir),
    )
    return Apart(_COMMAND, msgspec.msgpack.encode(setup))


def main() -> None:
    """Serve until the pipe closes."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # a detector that prints must not speak in our name
    setup = receive(source)
    if setup is None:
        return
    detectors = _detectors(msgspec.msgpack.decode(setup, type=Setup))
    detectors.load()
    send(sink, b"ready")
    while (frame := receive(source)) is not None:
        send(sink, msgspec.msgpack.encode(_answered(detectors, msgspec.msgpack.decode(frame, type=Question))))


def _detectors(setup: Setup) -> Detectors:
    build = plugins.builder(os.environ, Path(setup.base_dir))
    made: list[Detector] = [build("detectors", Plugin(use, options)) for use, options in setup.detectors]
    if setup.patterns:
        from doorward.detection.custom import Custom, Pattern

        made.append(
            Custom([Pattern(entity=entity, regex=regex, score=score) for entity, regex, score in setup.patterns])
        )
    return Detectors(made)


def _texts(question: Question) -> list[Text]:
    return texts(decode(question.raw, question.depth))


def _answered(detectors: Detectors, question: Question) -> Answer:
    until = time.monotonic() + question.seconds
    try:
        make = partial(_texts, question)
        found = detectors.findings(make, question.direction, question.seconds, until)
    except DetectorFault as fault:
        return Answer(fault=fault.code)
    except UndecodableError:
        return Answer(fault=DetectorFault.code)
    # A text comes with each of its findings; the gateway only needs to know which they share.
    return Answer(findings=found)


if __name__ == "__main__":
    main()

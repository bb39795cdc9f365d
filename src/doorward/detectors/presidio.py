"""Microsoft's Presidio as a detector (``use: presidio``): the user's own recognizers and models, each leaf with the
names around it as context words.

It runs in a process of its own (``presidio_process.py``), so that what it loads and what runs away stay out of the
gateway. docs/presidio.md tells users how to set it up.
"""

import importlib.util
import re
import shutil
import sys
import weakref
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

import msgspec

from doorward.configtypes import Duration, Refused
from doorward.core.errors import DetectorFault
from doorward.core.finding import Finding
from doorward.core.leaf import Document, Leaf
from doorward.detectors import presidio_worker
from doorward.detectors.presidio_process import Process

_BATCH = 1 << 18
_WORD = re.compile(r"[^\W\d_]++")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PLACE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")

_Question = tuple[str, tuple[str, ...]]


class Presidio:
    """``config``: a Presidio analyzer YAML; "": Presidio's default recognizers for English, and no model.
    ``recognizers``: more of them, as ``module:Class``. ``python``: the interpreter that has Presidio; "": this one.
    ``exact``: whole texts, without context words. ``entities``: only these. ``threshold``: instead of the YAML's.
    ``start_within``: for loading the models.
    """

    name = "presidio"
    heavy = True
    triggers: Sequence[str] | None = None  # its recognizers are not ours, so that no message is known to be clean

    class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        config: str = ""
        recognizers: tuple[str, ...] = ()
        exact: bool = False
        entities: tuple[str, ...] = ()
        language: str = "en"
        threshold: float | None = None
        python: str = ""
        directions: tuple[Literal["arguments", "results"], ...] = ("arguments", "results")
        start_within: Duration = Duration(120)

    def __init__(self, options: Options) -> None:
        _refuse(options)
        self.directions = frozenset[str](options.directions)
        self._exact = options.exact
        settings = {
            "config": str(Path(options.config).resolve()) if options.config else "",
            "recognizers": options.recognizers,
            "entities": options.entities,
            "language": options.language,
            "threshold": options.threshold,
        }
        argv = [options.python or sys.executable, presidio_worker.__file__]
        self._process = Process(argv, settings, start_s=float(options.start_within))
        weakref.finalize(self, self._process.close)

    def load(self) -> None:
        """Begin to load, so that the first message need not wait."""
        try:
            self._process.start()
        except DetectorFault:
            pass  # it is in the log, and every message will say so

    def close(self) -> None:
        """End the worker process."""
        self._process.close()

    def detect(self, document: Document) -> list[Finding]:
        """What Presidio finds. Raises ``DetectorFault`` (``detector.timeout``: ``document.check`` said so)."""
        asked: dict[_Question, list[Leaf]] = {}
        for leaf in _whole(document.leaves) if self._exact else document.leaves:
            if leaf.string and not leaf.string.isspace():
                asked.setdefault((leaf.string, () if self._exact else _context(leaf.names)), []).append(leaf)
        findings: list[Finding] = []
        for batch in _batches(list(asked)):
            for found in self._process.ask(batch, document.check):
                index, start, end, entity, score, rule = _result(found, batch)
                findings += [leaf.finding(start, end, entity, score, self.name, rule) for leaf in asked[batch[index]]]
        return findings


def _refuse(options: Presidio.Options) -> None:
    if options.python and shutil.which(options.python) is None:
        raise Refused(f"python: {options.python} is no program", "give the path of an interpreter that has Presidio")
    if not options.python and importlib.util.find_spec("presidio_analyzer") is None:
        remedy = "install doorward[presidio], or name an interpreter that has it with python"
        raise Refused("presidio-analyzer is not installed beside Doorward", remedy)
    if options.config and not Path(options.config).is_file():
        raise Refused(f"config: {options.config} is no file", "give the path of a Presidio analyzer YAML")
    for place in options.recognizers:
        if not _PLACE.fullmatch(place):
            raise Refused(f"recognizers: {place!r} names no class", "write package.module:Class")
    if options.threshold is not None and not 0 <= options.threshold <= 1:
        raise Refused("threshold: expected a number from 0 to 1", "leave it out for the thresholds of the YAML")


def _whole(leaves: Sequence[Leaf]) -> Iterator[Leaf]:
    """One leaf for each text that really is in the message, as it stands there."""
    texts = {id(leaf.text): leaf.text for leaf in leaves}
    for text in texts.values():
        yield Leaf(text, text.string, number=text.number, name=text.key)


@lru_cache(4096)
def _context(names: tuple[str, ...]) -> tuple[str, ...]:
    """The words in the names around a leaf, nearest name first; each name in one piece too, as in ``creditcard``."""
    words = {name.lower(): None for name in names}
    for name in names:
        words |= dict.fromkeys(word.lower() for word in _WORD.findall(_CAMEL.sub(" ", name[:200])))
    return tuple(word for word in words if len(word) <= 200)


def _batches(questions: Sequence[_Question]) -> Iterator[list[_Question]]:
    """Pieces of some 256 K characters, so that neither side holds more of a long message at once."""
    batch: list[_Question] = []
    size = 0
    for question in questions:
        if batch and size + len(question[0]) > _BATCH:
            yield batch
            batch, size = [], 0
        batch.append(question)
        size += len(question[0]) + sum(map(len, question[1]))
    if batch:
        yield batch


def _result(found: Sequence[object], batch: Sequence[_Question]) -> tuple[int, int, int, str, float, str]:
    """One result, made sure of: recognizers are other people's code."""
    match found:
        case [int(index), int(start), int(end), str(entity), float() | int() as score, str(rule)] if (
            0 <= index < len(batch) and 0 <= start < end <= len(batch[index][0]) and entity
        ):
            return index, start, end, entity, min(max(float(score), 0.0), 1.0), rule
        case _:
            raise DetectorFault("presidio: a result that lies outside of its text")

"""A real detector for tests and demonstrations: it finds the literals that it is given, and can be slow or broken."""

import time
from collections.abc import Iterator, Sequence

import msgspec

from doorward.configtypes import Duration, Refused
from doorward.core.errors import DetectorFault
from doorward.core.finding import Finding
from doorward.core.leaf import Document, Leaf


class Stub:
    name = "stub"
    triggers: Sequence[str] | None = None
    directions = frozenset({"arguments", "results"})

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """``texts``: entity to literals. ``heavy``: off the event loop. ``delay``: before a scan. ``fail``: always."""

        texts: dict[str, tuple[str, ...]] = {}
        heavy: bool = False
        delay: Duration = Duration(0)
        fail: bool = False

    def __init__(self, options: Options) -> None:
        self.heavy = options.heavy
        self._delay = float(options.delay)
        self._fail = options.fail
        self._literals = [(literal, entity) for entity, literals in options.texts.items() for literal in literals]
        if not all(literal for literal, _ in self._literals):
            raise Refused("a literal is empty", "every text would match it; remove it")

    def detect(self, document: Document) -> list[Finding]:
        if self._delay:
            time.sleep(self._delay)
        if self._fail:
            raise DetectorFault("the stub was told to fail")
        return [found for leaf in document.leaves for found in self._in(leaf)]

    def _in(self, leaf: Leaf) -> Iterator[Finding]:
        for literal, entity in self._literals:
            start = leaf.string.find(literal)
            while start >= 0:
                end = start + len(literal)
                yield leaf.finding(start, end, entity, 1.0, self.name)
                start = leaf.string.find(literal, end)

"""A real detector for tests and demonstrations: it finds the literals that it is given, and can be slow or broken."""

import time
from collections.abc import Iterator, Sequence

import msgspec

from doorward.configtypes import Duration, Refused
from doorward.core.errors import DetectorFault
from doorward.core.finding import Finding, Text


class Stub:
    name = "stub"

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

    def detect(self, texts: Sequence[Text]) -> list[Finding]:
        if self._delay:
            time.sleep(self._delay)
        if self._fail:
            raise DetectorFault("the stub was told to fail")
        return [found for text in texts for found in self._in(text)]

    def _in(self, text: Text) -> Iterator[Finding]:
        for literal, entity in self._literals:
            start = text.string.find(literal)
            while start >= 0:
                end = start + len(literal)
                yield Finding(text, start, end, entity, 1.0, self.name)
                start = text.string.find(literal, end)

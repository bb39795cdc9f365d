"""The product's expressions, compiled by the first test that asks: a test module is imported by every worker of pytest,
and only one of them runs its tests.
"""

from functools import cached_property
from typing import Any

from doorward.detection.trigger import Triggers


class Compiled:
    """``Triggers`` of the same arguments, made when they are first used."""

    def __init__(self, expressions: tuple[str, ...], **how: Any) -> None:
        self._expressions, self._how = expressions, how

    @cached_property
    def triggers(self) -> Triggers:
        return Triggers(self._expressions, **self._how)

    def fires(self, raw: bytes) -> bool:
        return self.triggers.fires(raw)

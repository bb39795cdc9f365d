"""What every part of a configuration needs to be compiled: secrets resolved, plug-ins made, and a place for what is
wrong, so that all faults are told at once.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from doorward.configtypes import InvalidConfiguration, Notice, Plugin, Problem, Refused, Text
from doorward.control.looking import allow_of
from doorward.core.looking import Allow

Build = Callable[[str, Plugin], Any]
"""(kind, what the configuration says) -> the plug-in. Raises ``InvalidConfiguration``."""


class Collecting:
    """``problems`` and ``notices`` are what was met so far."""

    def __init__(self, build: Build, environ: Mapping[str, str], base_dir: Path) -> None:
        self.problems: list[Problem] = []
        self.notices: list[Notice] = []
        self.environ = environ
        self.base_dir = base_dir
        self._build = build

    def resolved(self, text: Text, path: str) -> str | None:
        """The text with its secrets in it; None: it has a problem."""
        try:
            return text.resolve(self.environ, self.base_dir)
        except Refused as refusal:
            self.wrong(path, refusal.message, refusal.remedy)
            return None

    def plugin(self, kind: str, spec: Plugin, path: str) -> Any:
        """The plug-in; None: it has a problem."""
        try:
            return self._build(kind, spec)
        except InvalidConfiguration as invalid:
            self.problems += [problem.below(path) for problem in invalid.problems]
            return None

    def allow(self, entries: Sequence[str], path: str) -> Allow:
        """Values that are no finding; none where an entry has a problem."""
        try:
            return allow_of(entries)
        except Refused as refusal:
            self.wrong(path, refusal.message, refusal.remedy)
            return Allow()

    def wrong(self, path: str, message: str, remedy: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(path=path, message=message, remedy=remedy))

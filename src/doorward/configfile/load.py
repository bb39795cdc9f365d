"""Reads a configuration file: text, tree, structs, rules. Every fault names file, line, column, key and remedy.

text ──tree──▶ plain data with places ──clients──▶ the same without mcpServers ──decode──▶ Config ──rules──▶ Loaded
"""

import hashlib
from pathlib import Path
from typing import TypeVar

import msgspec

from doorward.config import Config
from doorward.configfile.clients import adopt
from doorward.configfile.decode import decode
from doorward.configfile.rules import examine
from doorward.configfile.tree import MAX_CHARACTERS, Tree, parse
from doorward.configtypes import InvalidConfiguration, Notice, Problem

P = TypeVar("P", bound=Problem)

MAX_BYTES = 4 * MAX_CHARACTERS


class Loaded(msgspec.Struct, frozen=True):
    """A configuration that can be used as far as the file itself can say. ``digest`` is SHA-256 of the file's bytes."""

    config: Config
    warnings: list[Notice]
    digest: str
    file: str
    base_dir: Path
    tree: Tree

    def located(self, problems: list[P]) -> list[P]:
        """Problems that were found later, by path alone (``control.compile``), with their places in the file."""
        return _located(problems, self.tree, self.file)


def load(path: Path | str) -> Loaded:
    """Read the file at ``path``. Raises ``InvalidConfiguration``."""
    place = Path(path)
    try:
        with place.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except OSError as fault:
        remedy = "give its path with -c" if isinstance(fault, FileNotFoundError) else "check its path and permissions"
        raise _unreadable(place, f"cannot be read: {fault.strerror}", remedy) from None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise _unreadable(place, "is not UTF-8 text", "save it as UTF-8") from None
    return load_text(text, file=str(place))


def load_text(text: str, file: str = "doorward.yaml") -> Loaded:
    """Read a configuration from ``text``; paths in it are relative to the directory of ``file``. Raises as ``load``."""
    base_dir = Path(file).absolute().parent
    pasted = adopt(parse(text, file))
    value = {} if pasted.tree.value is None else pasted.tree.value
    config, problems = decode(value, Config)
    problems = pasted.problems + problems
    if config is None or problems:
        raise InvalidConfiguration(_located(problems, pasted.tree, file))
    wrong, notices = examine(config, base_dir)
    if wrong:
        raise InvalidConfiguration(_located(wrong, pasted.tree, file))
    warnings = _located(pasted.notices + notices, pasted.tree, file)
    return Loaded(config, warnings, hashlib.sha256(text.encode()).hexdigest(), file, base_dir, pasted.tree)


def _unreadable(place: Path, message: str, remedy: str) -> InvalidConfiguration:
    return InvalidConfiguration([Problem(path="", message=message, remedy=remedy, file=str(place))])


def _located(problems: list[P], tree: Tree, file: str) -> list[P]:
    placed = []
    for problem in problems:
        if problem.file:  # of another file, a policy's, which says itself where
            placed.append(problem)
            continue
        line, column = tree.place(problem.path) if not problem.line else (problem.line, problem.column)
        placed.append(msgspec.structs.replace(problem, file=file, line=line, column=column))
    return sorted(placed, key=lambda problem: (problem.line, problem.column))

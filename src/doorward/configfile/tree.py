"""YAML (and so JSON) text into plain data, with the place of every key and value.

Scalars are read as YAML 1.2's core schema does: only ``true`` and ``false`` are booleans, only decimal numbers are
numbers, and ``no``, ``0755`` or ``1:30`` stay text, where YAML 1.1 would make ``False``, 493 or 90 of them. Refused:
two members of one name, tags, merge keys, several documents, and what would grow: deep nesting, aliases that multiply.
"""

import re
from typing import Any, NoReturn

import msgspec
import yaml

from doorward.configfile.decode import child
from doorward.configtypes import InvalidConfiguration, Problem

MAX_CHARACTERS = 1 << 20
MAX_DEPTH = 32
MAX_VALUES = 50_000

Place = tuple[int, int]

_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_QUOTED = ("'", '"', "|", ">")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})", re.ASCII)
_FLOAT = re.compile(r"[-+]?[0-9]{1,18}(\.[0-9]{0,30})?([eE][-+]?[0-9]{1,3})?", re.ASCII)
_CONSTANTS = {"": None, "~": None, "null": None, "true": True, "false": False}


class Tree(msgspec.Struct, frozen=True):
    """``value`` is plain data; ``places`` says line and column (from 1) of the value at each path."""

    value: Any
    places: dict[str, Place]

    def place(self, path: str) -> Place:
        """Where ``path`` is, or else the nearest thing above it."""
        while path and path not in self.places:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.places.get(path, (1, 1))


def parse(text: str, file: str) -> Tree:
    """Read one document; ``file`` is named in faults. Raises ``InvalidConfiguration``."""
    if len(text) > MAX_CHARACTERS:
        _refuse(file, None, "the file is larger than 1 MiB", "a configuration is a few pages; is this the right file?")
    text = text.removeprefix("\ufeff")
    try:
        _survey(text, file)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        what = fault.problem or fault.context or "it cannot be read"
        _refuse(
            file,
            mark,
            f"this is not YAML: {_wording(what)}",
            "look at the indentation, quotes and brackets just before this place",
        )
    except (yaml.YAMLError, UnicodeError):
        _refuse(file, None, "this is not YAML: it holds a character that YAML does not allow", "save it as UTF-8 text")
    places: dict[str, Place] = {}
    value = None if node is None else _Builder(file, places).build(node, "", 0)
    return Tree(value, places)


def _wording(what: str) -> str:
    """The parser's own words, without what it quotes from the file."""
    return re.sub(r"'[^']{2,}'|\"[^\"]{2,}\"", "…", what)


def _survey(text: str, file: str) -> None:
    """One pass over the events before anything is built, for composing recurses and this does not."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                _refuse(file, event.start_mark, "a second document begins here", "keep one; remove the ---")
        if isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None) not in (None, "!"):
            _refuse(file, event.start_mark, "tags are not accepted", "remove the !…; put text in quotes")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                _refuse(file, event.start_mark, f"nested deeper than {MAX_DEPTH} levels", "is a bracket not closed?")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Builder:
    def __init__(self, file: str, places: dict[str, Place]) -> None:
        self._file = file
        self._places = places
        self._values = 0

    def build(self, node: yaml.Node, path: str, depth: int) -> Any:
        self._values += 1
        if self._values > MAX_VALUES or depth > MAX_DEPTH:
            _refuse(self._file, node.start_mark, "aliases make this too large", "write it out, without * and &")
        self._places[path] = _place(node.start_mark)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, child(path, index), depth + 1) for index, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: str, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key in first:
                message = f"the key {key!r} is there twice (first in line {first[key]})"
                _refuse(self._file, key_node.start_mark, message, "keep one", child(path, key))
            first[key] = key_node.start_mark.line + 1
            made[key] = self.build(value_node, child(path, key), depth + 1)
            self._places[child(path, key)] = _place(key_node.start_mark)
        return made

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            _refuse(self._file, node.start_mark, "a key must be text", "quote it if it begins with [ or {")
        if node.value == "<<" and node.style not in _QUOTED:
            _refuse(self._file, node.start_mark, "merge keys (<<) are not accepted", "write the members out")
        return str(node.value)


def _scalar(node: yaml.ScalarNode) -> Any:
    text: str = node.value
    if node.style in _QUOTED:  # quoted or a block: text, whatever it looks like
        return text
    if text.lower() in _CONSTANTS and text in (text.lower(), text.capitalize(), text.upper()):
        return _CONSTANTS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and not re.match(r"[-+]?0[0-9]", text):
        return float(text)
    return text


def _place(mark: Any) -> Place:
    return mark.line + 1, mark.column + 1


def _refuse(file: str, mark: Any, message: str, remedy: str, path: str = "") -> NoReturn:
    line, column = (0, 0) if mark is None else _place(mark)
    raise InvalidConfiguration(
        [Problem(path=path, message=message, remedy=remedy, file=file, line=line, column=column)]
    )

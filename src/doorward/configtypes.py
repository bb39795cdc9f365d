"""The kinds of value that a configuration holds: durations, sizes, secret references, plug-ins; and what is wrong.

Each kind reads itself from what the file says (``parse``) and describes itself to editors (``schema``).
"""

import errno
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import msgspec

from doorward.core.errors import ConfigurationFault

MAX_SECRET_FILE = 64 << 10


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong: where (``path`` of keys, place in the file), what, and what to do. Never a value."""

    path: str
    message: str
    remedy: str = ""
    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        text = ": ".join(part for part in (where, self.path, self.message) if part)
        return f"{text} ({self.remedy})" if self.remedy else text

    def below(self, path: str) -> Self:
        """The same where its own path begins at ``path``; a plug-in does not know where it is configured."""
        return msgspec.structs.replace(self, path=f"{path}.{self.path}" if self.path else path)


class Notice(Problem, frozen=True, kw_only=True):
    """Something that works and that an operator should know."""


class InvalidConfiguration(ConfigurationFault):
    """The configuration cannot be used; ``problems`` says why, each with its remedy."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class Refused(ValueError):
    """A value is not of its kind; becomes a ``Problem`` where the path is known."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


@runtime_checkable
class Kind(Protocol):
    """What the reader asks of a kind of value."""

    @classmethod
    def parse(cls, value: Any) -> Any:
        """The value, or ``Refused``."""

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """Its JSON Schema."""


class Duration(float):
    """Seconds, written ``500ms``, ``30s``, ``5m``, ``1h`` or ``30d``."""

    _UNITS: ClassVar = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
    _PATTERN = r"^[0-9]{1,9}(ms|s|m|h|d)$"
    _text = ""

    @classmethod
    def parse(cls, value: Any) -> Self:
        if not isinstance(value, str) or not re.fullmatch(cls._PATTERN, value, re.ASCII):
            raise Refused("expected a duration", "write a whole number and a unit: 500ms, 30s, 5m, 1h, 30d")
        unit = value.lstrip("0123456789")
        made = cls(int(value.removesuffix(unit)) * cls._UNITS[unit])
        made._text = value
        return made

    @classmethod
    def schema(cls) -> dict[str, Any]:
        return {"type": "string", "pattern": cls._PATTERN, "examples": ["500ms", "30s", "5m", "1h", "30d"]}

    def __str__(self) -> str:
        return self._text or f"{float(self):g}s"


class Size(int):
    """Bytes, written ``512B``, ``32KiB``, ``4MiB``, ``1GiB``, or as a bare number."""

    _UNITS: ClassVar = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
    _PATTERN = r"^[0-9]{1,12}(B|KiB|MiB|GiB)$"
    _text = ""

    @classmethod
    def parse(cls, value: Any) -> Self:
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return cls(value)
        if not isinstance(value, str) or not re.fullmatch(cls._PATTERN, value, re.ASCII):
            raise Refused("expected a size", "write a whole number and a unit: 512B, 32KiB, 4MiB, 1GiB")
        unit = value.lstrip("0123456789")
        made = cls(int(value.removesuffix(unit)) * cls._UNITS[unit])
        made._text = value
        return made

    @classmethod
    def schema(cls) -> dict[str, Any]:
        text = {"type": "string", "pattern": cls._PATTERN, "examples": ["32KiB", "4MiB"]}
        return {"anyOf": [text, {"type": "integer", "minimum": 0}]}

    def __str__(self) -> str:
        return self._text or f"{int(self)}B"


class Text:
    """A string that may hold ``${env:NAME}`` and ``${file:PATH}``; ``$${`` means ``${``. Prints its references only.

    ``resolve`` puts the values in; it raises ``Refused`` where there is none.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    @classmethod
    def literal(cls, text: str) -> Self:
        """A text that means itself, whatever it holds (a command line's arguments)."""
        return cls(text.replace("${", "$${"))

    @classmethod
    def parse(cls, value: Any) -> Self:
        if not isinstance(value, str):
            raise Refused("expected text", "put it in quotes")
        made = cls(value)
        made.references()
        return made

    @classmethod
    def schema(cls) -> dict[str, Any]:
        return {"type": "string"}

    def references(self) -> tuple[str, ...]:
        """The references in it, ``env:NAME`` or ``file:PATH``; empty for an inline value."""
        found = []
        for opening in _EMBEDDED.finditer(self._text):
            if opening.group(0) != "$${":
                found.append(_embedded(opening))
        return tuple(found)

    @property
    def inline(self) -> bool:
        return bool(self._text) and not self.references()

    def resolve(self, environ: Mapping[str, str], base_dir: Path) -> str:
        def value(opening: re.Match[str]) -> str:
            if opening.group(0) == "$${":
                return "${"
            return fetch(_embedded(opening), environ, base_dir)

        return _EMBEDDED.sub(value, self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and type(other) is type(self) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.references()) or '****'})"


class Reference(Text):
    """A secret: as a whole ``env:NAME`` or ``file:PATH``, or a ``Text`` with either inside. What a shell would take for
    a variable is refused: it would be sent as it stands.
    """

    __slots__ = ()

    @classmethod
    def parse(cls, value: Any) -> Self:
        if isinstance(value, str) and _SHELL.fullmatch(value):
            raise Refused(
                "a shell's $NAME is no reference",
                "write env:NAME; a value that is really so belongs into a variable or a file",
            )
        return super().parse(value)

    @classmethod
    def literal(cls, text: str) -> Self:
        if _WHOLE.match(text):
            raise Refused("a literal cannot begin like a reference")
        return super().literal(text)

    def references(self) -> tuple[str, ...]:
        if _WHOLE.match(self._text):
            return (_reference(self._text),)
        return super().references()

    def resolve(self, environ: Mapping[str, str], base_dir: Path) -> str:
        if _WHOLE.match(self._text):
            return fetch(_reference(self._text), environ, base_dir)
        return super().resolve(environ, base_dir)


class Secret:
    """A resolved secret; prints as stars. Only who needs the value calls ``reveal``."""

    __slots__ = ("_value", "referenced")

    def __init__(self, value: str, *, referenced: bool = True) -> None:
        self._value = value
        self.referenced = referenced  # it came from a variable or a file, and not from the configuration itself

    def reveal(self) -> str:
        return self._value

    @classmethod
    def schema(cls) -> dict[str, Any]:
        return Reference.schema()

    def __repr__(self) -> str:
        return "Secret(****)"


class Plugin:
    """``{use: NAME, …}`` or ``NAME`` alone: which plug-in, and the rest as its ``Options``. Prints its name only."""

    __slots__ = ("options", "use")

    def __init__(self, use: str, options: Mapping[str, Any] | None = None) -> None:
        self.use = use
        self.options: Mapping[str, Any] = options or {}

    @classmethod
    def parse(cls, value: Any) -> Self:
        if isinstance(value, str):
            value = {"use": value}
        if not isinstance(value, dict) or not isinstance(value.get("use"), str) or not value["use"]:
            raise Refused("expected a plug-in", "write its name, or {use: NAME, …} with its options")
        return cls(value["use"], {key: option for key, option in value.items() if key != "use"})

    @classmethod
    def schema(cls) -> dict[str, Any]:
        spelt = {"type": "object", "properties": {"use": {"type": "string"}}, "required": ["use"]}
        return {"anyOf": [{"type": "string"}, spelt]}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plugin) and (other.use, other.options) == (self.use, self.options)

    def __hash__(self) -> int:
        return hash(self.use)

    def __repr__(self) -> str:
        return f"Plugin({self.use})"


_WHOLE = re.compile(r"(env|file|vault):", re.ASCII)
_EMBEDDED = re.compile(r"\$\$\{|\$\{(?P<inside>[^}]*)(?P<end>\}|\Z)", re.DOTALL)
_SHELL = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def _embedded(opening: re.Match[str]) -> str:
    """The reference between ``${`` and ``}``; one that is not closed is none."""
    return _reference(opening.group("inside") if opening.group("end") else "")


def _reference(text: str) -> str:
    """Check one reference; the text itself is not repeated, for it may be a value that was meant literally."""
    scheme, _, rest = text.partition(":")
    if scheme == "vault":
        raise Refused("vault: references are not available in this build", "use env:NAME or file:PATH")
    if scheme == "env" and _NAME.fullmatch(rest):
        return text
    if scheme == "file" and rest and "\0" not in rest:
        return text
    raise Refused("not a reference", "write ${env:NAME} or ${file:PATH}, and $${ where ${ is meant")


def is_file(path: Path) -> bool:
    """Whether there is a plain file, also where nobody lets us look, or the name is too long: then there is none to us
    (``Path.is_file`` raises ``OSError``).
    """
    return os.path.isfile(path)


def is_directory(path: Path) -> bool:
    """The same of a directory."""
    return os.path.isdir(path)


def content(path: Path, most: int) -> bytes:
    """The first ``most`` bytes of a plain file, or of one that a link leads to. Raises ``OSError``, also for all else.

    A pipe would keep its reader waiting for a writer, at a start and, worse, at a reload; and it can be read once,
    while each worker reads for itself, now and at the next reload.
    """
    with open(path, "rb", opener=_at_once) as opened:
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is not a plain file")
        return opened.read(most)


def _at_once(path: str, flags: int) -> int:
    """Opens without waiting for whoever is at the other end of a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))


def fetch(reference: str, environ: Mapping[str, str], base_dir: Path) -> str:
    """The value behind ``env:NAME`` or ``file:PATH`` (relative to ``base_dir``; one line end at its end is dropped)."""
    scheme, _, rest = reference.partition(":")
    if scheme == "env":
        value = environ.get(rest, "")
        if not value:
            raise Refused(
                f"the environment variable {rest} is not set, or empty", f"set {rest} where Doorward is started"
            )
        return value
    try:
        data = content(base_dir / rest, MAX_SECRET_FILE + 1)
        text = data.decode()
    except (OSError, ValueError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "it is not text"
        raise Refused(f"the file of {reference} cannot be read: {why}", "check its path and permissions") from None
    if len(data) > MAX_SECRET_FILE or not text.strip():
        raise Refused(f"the file of {reference} is empty or larger than 64 KiB", "put the secret alone into it")
    return text.removesuffix("\n").removesuffix("\r")

"""What stands in place of each value found in a message: the same for the same value, wherever in the message it is.

A client that reads a value in a text block and again in the structured result must still see that they are one; two
values that name members must not become one name.
"""

import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from doorward.core.finding import Finding
from doorward.stages.surrogate import NUMBER, Form, surrogate, surrogate_number

_UNSAFE = re.compile(r"[^A-Za-z0-9_.:-]")  # in an entity's name, which a custom recognizer may choose
_ESCAPE = re.compile(rb"\\+u00([0-7][0-9A-Fa-f])")
_STANDING = re.compile(rb"<[A-Za-z0-9_.:-]{1,128}>|\*[*0-9A-Za-z]*+")  # what could be taken for a replacement
_LAST = 4
_TRIES = 16


class _Value:
    """One value of the message, in whatever spellings it occurs there."""

    __slots__ = ("entity", "form", "is_name", "label", "made", "nth", "plain", "score", "style")

    def __init__(self, plain: str, finding: Finding) -> None:
        self.plain = plain
        self.entity = finding.entity
        self.score = finding.score
        self.style = ""
        self.form: Form | None = None  # None: what the configuration wants, no surrogate
        self.nth = 1  # above: a value that would else share a name with another
        self.is_name = False
        self.label = b""
        self.made: dict[tuple[str, str], str] = {}  # (as read, as it stands) -> surrogate


class Replacements:
    """The table of one message: made once from all that is to be redacted in it, then asked for each finding.

    ``styles``: entity, or ``default``, to ``placeholder`` (``<ENTITY>``), ``mask``, ``hash`` (keyed with ``key``),
    ``last4`` or ``surrogate``. A number stays a number, so a value that is one anywhere in the message has a surrogate
    everywhere. Where detectors disagree about a value, the surest names it. ``raw`` is the message: what is a name in
    it already is given to no value.
    """

    __slots__ = ("_key", "_last", "_names", "_raw", "_spelt", "_standing", "_styles", "_values")

    def __init__(self, findings: Sequence[Finding], styles: Mapping[str, str], key: bytes, raw: bytes = b"") -> None:
        self._key = key
        self._styles = styles
        self._raw = raw
        self._values: dict[str, _Value] = {}
        self._spelt: dict[tuple[str, str], _Value] = {}  # spellings of one value that stand in one object as two names
        self._names: list[Finding] = []
        self._last: dict[str, int] = {}
        self._standing: set[bytes] | None = None
        numbers: list[Finding] = []
        for finding in findings:
            plain = normal(finding.read, finding.entity)
            value = self._values.get(plain)
            if value is None:
                self._values[plain] = _Value(plain, finding)
            elif finding.score > value.score:
                value.entity, value.score = finding.entity, finding.score
            if finding.number or finding.text.number:
                numbers.append(finding)
            if finding.name or finding.text.key:
                self._names.append(finding)
        for value in self._values.values():
            self._settle(value)
        for finding in numbers:
            if _is_number(finding):
                value = self._values[normal(finding.read, finding.entity)]
                value.form = value.form or Form.MEANT
        if self._names:
            self._part()
            self._tell_apart()

    def of(self, finding: Finding) -> str:
        """What stands in place of the finding. Where it is a number of JSON, so is this. Raises ValueError for none."""
        return self._of(self._value(finding), finding)

    def harder(self, findings: Iterable[Finding]) -> bool:
        """Try the next form of surrogate for these values; False: there is none left for any of them."""
        changed = False
        for value in {id(value): value for value in map(self._value, findings)}.values():
            if value.form is not Form.TOKEN:
                value.form = Form.MEANT if value.form is None else Form(value.form + 1)
                value.nth = 1
                value.made.clear()
                changed = True
        if changed and self._names:
            self._tell_apart()
        return changed

    def _settle(self, value: _Value) -> None:
        value.style = self._styles.get(value.entity) or self._styles.get("default", "placeholder")
        value.form = Form.MEANT if value.style == "surrogate" else None
        value.label = f"{value.entity}|{value.plain}".encode("utf-8", "surrogatepass")

    def _value(self, finding: Finding) -> _Value:
        plain = normal(finding.read, finding.entity)
        if self._spelt:
            own = self._spelt.get((plain, _shown(finding)))
            if own is not None:
                return own
        return self._values[plain]

    def _of(self, value: _Value, finding: Finding) -> str:
        if value.form is None:
            if value.nth > 1:
                return numbered(value.entity, value.nth)
            return styled(finding.read, value.entity, value.style, self._key)
        read, shown = finding.read, _shown(finding)
        made = value.made.get((read, shown))
        if made is None:
            label = value.label if value.nth == 1 else b"%b|%d" % (value.label, value.nth)
            if _is_number(finding):
                made = surrogate_number(shown, value.entity, value.form, self._key, label)
            else:
                made = surrogate(read, shown, value.entity, value.form, self._key, label)
            value.made[read, shown] = made
        return made

    # -- names

    def _part(self) -> None:
        """Two spellings of one value may be two names of one object: then they are two values."""
        first: dict[tuple[str, str], str] = {}
        for finding in self._names:
            place = finding.text.pointer.rpartition("/")[0] if finding.text.key else finding.text.pointer
            plain, shown = normal(finding.read, finding.entity), _shown(finding)
            if first.setdefault((place, plain), shown) != shown and (plain, shown) not in self._spelt:
                value = self._spelt[plain, shown] = _Value(plain, finding)
                self._settle(value)
                value.form = self._values[plain].form
                value.label += b"|" + shown.encode("utf-8", "surrogatepass")

    def _tell_apart(self) -> None:
        """Give each value that names a member a replacement that no other one, and no name of the message, has."""
        taken: dict[str, _Value] = {}
        standing = self._stand()
        for finding in self._names:
            value = self._value(finding)
            made = self._of(value, finding)
            tries = 0
            while made.encode() in standing or taken.get(made, value) is not value:
                self._next(value)
                tries += 1
                if tries > _TRIES:
                    value.form = None  # too short for so many surrogates
                made = self._of(value, finding)
            taken[made] = value

    def _next(self, value: _Value) -> None:
        value.nth = self._last.get(value.entity, 1) + 1
        self._last[value.entity] = value.nth
        value.made.clear()

    def _stand(self) -> set[bytes]:
        """What reads like a replacement in the message as it came, escapes undone at whatever depth."""
        if self._standing is None:
            raw = self._raw
            if b"\\u00" in raw:
                raw = _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), raw)
            self._standing = set(_STANDING.findall(raw))
        return self._standing


def normal(value: str, entity: str) -> str:
    """The value without what differs between two spellings of it; of a secret every character counts."""
    if entity == "SECRET":
        return value
    if value.isdecimal():
        return value
    if value.islower() or value.isupper() or any(map(str.isalpha, value)):
        return " ".join(value.casefold().split())
    return "".join(filter(str.isdigit, value)) or value


def styled(value: str, entity: str, style: str, key: bytes) -> str:
    """The value in one of the configured styles, ``surrogate`` aside."""
    if style == "mask":
        return "*" * len(value)
    if style == "last4":
        kept = value[-_LAST:] if len(value) > _LAST else ""
        shown = "".join(c if c.isascii() and c.isalnum() else "*" for c in kept)  # nothing that needs an escape
        return "*" * (len(value) - len(kept)) + shown
    name = _safe(entity)
    if style == "hash":
        plain = normal(value, entity).encode("utf-8", "surrogatepass")
        return f"<{name}:{hmac.digest(key, plain, 'sha256').hex()[:16]}>"
    return f"<{name}>"


def numbered(entity: str, nth: int) -> str:
    """The placeholder of the second, third ... value. Its ends are told by its signs, so what stands beside it cannot
    make two of them one."""
    return f"<{_safe(entity)}_{nth}>"


@lru_cache(maxsize=256)
def _safe(entity: str) -> str:
    return _UNSAFE.sub("_", entity)


def _shown(finding: Finding) -> str:
    return finding.text.string[finding.start : finding.end]


def _is_number(finding: Finding) -> bool:
    """Whether it stands as a number; one inside an encoded token does not."""
    return (finding.number or finding.text.number) and NUMBER.fullmatch(_shown(finding)) is not None

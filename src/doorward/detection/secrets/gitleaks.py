"""Rules from a file in gitleaks' TOML format, which the user brings: what of it concerns content is applied as gitleaks
does; what concerns files, commits or its own default rules is refused or told.

Regular expressions are Go's, which are RE2's; nothing in such a file can be slow.
"""

import math
import re
import tomllib
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import re2

from doorward.detection.keywords import listed
from doorward.detection.secrets.shapes import Hit

_SCORE = 0.9
_AROUND = 2000  # characters round a keyword in which its rule is applied
_TOP = frozenset(("title", "description", "minVersion", "rules", "allowlist", "allowlists", "extend"))
_RULE = listed("id description regex secretGroup entropy keywords tags path allowlist allowlists skipReport required")
_ALLOW = listed("id description condition paths commits regexTarget regexes stopwords targetRules")
_TARGETS = ("secret", "match", "line")


class Unsupported(ValueError):
    """The file, or a rule of it, cannot be applied. The message names the rule, and no content of it but its name."""


class _Allow:
    """What a rule finds and is none: by expressions or words in the secret, the match or the line."""

    __slots__ = ("both", "regexes", "stopwords", "target")

    def __init__(self, regexes: Sequence[Any], stopwords: Sequence[str], target: str, both: bool) -> None:
        self.regexes = regexes
        self.stopwords = stopwords
        self.target = target
        self.both = both

    def allows(self, secret: str, match: str, line: str) -> bool:
        text = {"secret": secret, "match": match, "line": line}[self.target]
        lowered = secret.lower()
        by_regex = any(regex.search(text) is not None for regex in self.regexes)
        by_word = any(word in lowered for word in self.stopwords)
        if self.both and self.regexes and self.stopwords:
            return by_regex and by_word
        return by_regex or by_word


class _Rule:
    __slots__ = ("allows", "entropy", "group", "id", "keywords", "regex")

    def __init__(
        self, id: str, regex: Any, group: int, entropy: float, keywords: tuple[str, ...], allows: list[_Allow]
    ) -> None:
        self.id = id
        self.regex = regex
        self.group = group
        self.entropy = entropy
        self.keywords = keywords
        self.allows = allows


class Rules:
    """The rules of one file. ``triggers``: for the pass over bytes. ``notices``: what of the file is not applied."""

    def __init__(self, rules: list[_Rule], notices: tuple[str, ...]) -> None:
        self._rules = rules
        self.notices = notices
        self._keywords: dict[str, list[_Rule]] = {}
        self._always: list[_Rule] = []
        for rule in rules:
            for keyword in rule.keywords:
                self._keywords.setdefault(keyword, []).append(rule)
            if not rule.keywords:
                self._always.append(rule)
        self._scan: Any = None
        if self._keywords:
            words = sorted(self._keywords, key=len, reverse=True)
            self._scan = re2.compile("(?i:" + "|".join(re2.escape(word) for word in words) + ")", _options())
        self.triggers: tuple[str, ...] = (
            *(f"(?i:{re.escape(word)})" for word in self._keywords),
            *(_bare(rule.regex.pattern) for rule in self._always),
        )

    def find(self, strings: Sequence[str], check: Callable[[], None]) -> Iterator[tuple[int, Hit]]:
        """Each secret, with the index of the string that it is in."""
        for index, string in enumerate(strings):
            if len(string) < 4:
                continue
            if index & 63 == 0:
                check()
            for rule, start, end in self._places(string):
                yield from ((index, hit) for hit in _apply(rule, string, start, end, check))

    def _places(self, string: str) -> list[tuple[_Rule, int, int]]:
        """Which rules are to be applied where: round their keywords, places that touch taken together."""
        places = [(rule, 0, len(string)) for rule in self._always]
        if self._scan is None:
            return places
        open_: dict[int, tuple[_Rule, int, int]] = {}
        for match in self._scan.finditer(string):
            begin, end = match.span()
            for rule in self._keywords.get(match.group().lower(), ()):
                start, stop = max(0, begin - _AROUND), min(len(string), end + _AROUND)
                before = open_.get(id(rule))
                if before is not None and start <= before[2]:
                    open_[id(rule)] = (rule, before[1], stop)
                else:
                    if before is not None:
                        places.append(before)
                    open_[id(rule)] = (rule, start, stop)
        places.extend(open_.values())
        return places


def load(text: str) -> Rules:
    """The rules of a file. Raises ``Unsupported``, which names the rule and what is wrong with it."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise Unsupported(f"not TOML: {fault}") from None
    notices: list[str] = []
    _known(data, _TOP, "the file", notices)
    extend = data.get("extend")
    if extend:
        if extend.get("useDefault") or extend.get("path") or extend.get("url"):
            raise Unsupported("[extend] names other rules; they are not part of this build: put the rules in the file")
        notices.append("[extend]: not applied")
    rules = data.get("rules", [])
    if not isinstance(rules, list) or not rules:
        raise Unsupported("no [[rules]]")
    common = [
        (allow, set(_strings(raw, "targetRules", "allowlist")))
        for raw in _tables(data)
        for allow in _allow(raw, "allowlist", notices)
    ]
    made: list[_Rule] = []
    seen: set[str] = set()
    for number, raw in enumerate(rules, 1):
        rule = _rule(raw, number, notices)
        if rule is None:
            continue
        if rule.id in seen:
            raise Unsupported(f"rule {rule.id!r} stands there twice")
        seen.add(rule.id)
        rule.allows += [allow for allow, only in common if not only or rule.id in only]
        made.append(rule)
    if not made:
        raise Unsupported("no rule concerns content")
    return Rules(made, tuple(notices))


def _rule(raw: Any, number: int, notices: list[str]) -> _Rule | None:
    if not isinstance(raw, dict) or not isinstance(raw.get("id"), str) or not raw["id"]:
        raise Unsupported(f"rule {number} has no id")
    name = raw["id"]
    where = f"rule {name!r}"
    _known(raw, _RULE, where, notices)
    if raw.get("required") or raw.get("skipReport"):
        raise Unsupported(f"{where}: rules that depend on other rules are not supported")
    expression = raw.get("regex")
    if raw.get("path"):
        notices.append(f"{where}: has a path, and messages have none: not applied")
        return None
    if not isinstance(expression, str) or not expression:
        raise Unsupported(f"{where} has no regex")
    regex = _compiled(expression, where)
    group = raw.get("secretGroup", 0)
    if not isinstance(group, int) or isinstance(group, bool) or not 0 <= group <= regex.groups:
        raise Unsupported(f"{where}: secretGroup is no group of its regex")
    entropy = raw.get("entropy", 0.0)
    if not isinstance(entropy, int | float) or isinstance(entropy, bool):
        raise Unsupported(f"{where}: entropy is no number")
    keywords = tuple(dict.fromkeys(word.lower() for word in _strings(raw, "keywords", where) if word))
    allows = [allow for table in _tables(raw) for allow in _allow(table, where, notices)]
    return _Rule(name, regex, group, float(entropy), keywords, allows)


def _tables(raw: dict[str, Any]) -> list[dict[str, Any]]:
    one, many = raw.get("allowlist"), raw.get("allowlists", [])
    tables = ([one] if one is not None else []) + (many if isinstance(many, list) else [many])
    for table in tables:
        if not isinstance(table, dict):
            raise Unsupported("an allowlist is no table")
    return tables


def _allow(raw: dict[str, Any], where: str, notices: list[str]) -> list[_Allow]:
    _known(raw, _ALLOW, f"{where}, allowlist", notices)
    condition = str(raw.get("condition", "OR")).upper()
    if condition not in ("OR", "||", "AND", "&&"):
        raise Unsupported(f"{where}: the condition of an allowlist is neither AND nor OR")
    both = condition in ("AND", "&&")
    elsewhere = [key for key in ("paths", "commits") if raw.get(key)]
    if elsewhere:
        notices.append(f"{where}, allowlist: {' and '.join(elsewhere)} concern files: not applied")
        if both:
            return []  # never true of a message
    target = raw.get("regexTarget") or "secret"
    if target not in _TARGETS:
        raise Unsupported(f"{where}: regexTarget is none of {', '.join(_TARGETS)}")
    regexes = [_compiled(expression, f"{where}, allowlist") for expression in _strings(raw, "regexes", where)]
    stopwords = [word.lower() for word in _strings(raw, "stopwords", where) if word]
    return [_Allow(regexes, stopwords, target, both)] if regexes or stopwords else []


def _strings(raw: dict[str, Any], key: str, where: str) -> list[str]:
    found = raw.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise Unsupported(f"{where}: {key} is no list of strings")
    return found


def _known(raw: dict[str, Any], names: frozenset[str], where: str, notices: list[str]) -> None:
    notices.extend(f"{where}: {name!r} is not known: not applied" for name in raw if name not in names)


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options


def _compiled(expression: str, where: str) -> Any:
    try:
        return re2.compile(expression, _options())
    except re2.error as fault:
        reason = fault.args[0] if fault.args else ""
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise Unsupported(f"{where}: its regex does not compile in RE2: {text}") from None


def _bare(pattern: str | bytes) -> str:
    return pattern.decode() if isinstance(pattern, bytes) else pattern


def _apply(rule: _Rule, string: str, start: int, end: int, check: Callable[[], None]) -> Iterator[Hit]:
    text = string[start:end] if (start, end) != (0, len(string)) else string
    lines: list[int] = []
    for count, match in enumerate(rule.regex.finditer(text)):
        if count & 15 == 15:
            check()
        group = rule.group or next((n for n in range(1, (rule.regex.groups or 0) + 1) if match.group(n)), 0)
        secret = match.group(group)
        if not secret or (rule.entropy and entropy(secret) <= rule.entropy):
            continue
        if rule.allows:
            lines = lines or _line_starts(text)
            line = _line(text, lines, match.start())
            if any(allow.allows(secret, match.group(), line) for allow in rule.allows):
                continue
        yield Hit(start + match.start(group), start + match.end(group), _SCORE, rule.id)


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]


def _line(text: str, starts: list[int], at: int) -> str:
    index = bisect_right(starts, at) - 1
    end = starts[index + 1] - 1 if index + 1 < len(starts) else len(text)
    return text[max(starts[index], at - 4096) : min(end, at + 4096)]


def entropy(string: str) -> float:
    """Shannon's entropy in bits per character."""
    size = len(string)
    return -sum(count / size * math.log2(count / size) for count in Counter(string).values()) if size else 0.0

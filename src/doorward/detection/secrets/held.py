"""Exact search for the credentials that the gateway itself holds, plain and encoded once.

Only one encoding deep: more layers are undone by ``detection/encodings.py`` before a string comes here. Values stand in
no ``repr`` and no error.
"""

import html
import json
import re
from base64 import b64encode
from collections.abc import Iterable
from string import ascii_letters, digits, hexdigits
from typing import Any, Final
from urllib.parse import quote

import re2

from doorward.detection.automata import automaton

_MEMORY: Final = 64 << 20  # bytes that RE2 may take for all of them
_LEAST: Final = 8
_SCHEMES: Final = re.compile(r"(?i)(?:bearer|basic|token|apikey|digest) +")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_=\-]")
_TOKEN_REACH: Final = 4096
_BASE64_ALPHABET: Final = ascii_letters + digits + "+/_-"
_BASE64_RUN: Final = re.compile(r"[A-Za-z0-9+/_\-]{0,4096}+={0,2}")
_HEX_RUN: Final = re.compile(r"[0-9A-Fa-f]{0,4096}+")


class Held:
    """Finds ``values``. A value such as "Bearer XYZ" counts with and without its first word.

    ``ignored`` are the places, in the order in which they came, of values that are too short to be looked for (fewer
    than eight characters).
    """

    __slots__ = ("_forms", "_raw", "_search", "ignored")

    def __init__(self, values: Iterable[bytes | str]) -> None:
        ignored: list[int] = []
        forms: dict[str, str] = {}
        for place, value in enumerate(values):
            text = value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
            scheme = _SCHEMES.match(text)
            wanted = [text[scheme.end() :]] if scheme is not None else [text]
            wanted = [one.strip(" \t\r\n") for one in wanted]
            if len(wanted[0]) < _LEAST:
                ignored.append(place)
                continue
            for one in wanted:
                for form, kind in _forms(one):
                    forms.setdefault(form, kind)
        self.ignored = tuple(ignored)
        self._forms = forms
        self._search: Any = None
        self._raw: Any = None
        if forms:
            longest = sorted(forms, key=len, reverse=True)
            self._search = re.compile("|".join(map(re.escape, longest)))
            raws = {raw for form in longest for raw in _in_json(form)}
            self._raw = automaton(b"|".join(re2.escape(raw) for raw in sorted(raws, key=len, reverse=True)), _MEMORY)

    def __repr__(self) -> str:
        return f"Held({len(self._forms)} forms)"

    def __bool__(self) -> bool:
        return bool(self._forms)

    def __reduce__(self) -> str:
        raise TypeError("credentials are not pickled")

    def in_bytes(self, raw: bytes) -> bool:
        """Does any form occur in a JSON message? Fast, and says True rather too often than too seldom, except for
        characters that are hidden by ``\\u`` escapes which nothing demands: ``canonical`` fires there.
        """
        return self._raw is not None and self._raw.search(raw) is not None

    def find(self, string: str) -> list[tuple[int, int]]:
        """Where they stand; an encoded one with all of its token. None of the spans overlap."""
        if self._search is None:
            return []
        found: list[tuple[int, int]] = []
        at = 0
        while True:
            match = self._search.search(string, at)
            if match is None:
                return found
            start, end = _token(string, match.start(), match.end(), self._forms[match.group()])
            if found and start <= found[-1][1]:
                start = found.pop()[0]
            found.append((start, end))
            at = max(end, match.end())


def _token(string: str, start: int, end: int, kind: str) -> tuple[int, int]:
    """The whole encoded token round a hit: half of one decodes to what was meant to be hidden."""
    if kind == "base64":
        alphabet, run = _BASE64_ALPHABET, _BASE64_RUN
    elif kind == "hex":
        alphabet, run = hexdigits, _HEX_RUN
    else:
        return start, end
    left = max(0, start - _TOKEN_REACH)
    left += len(string[left:start].rstrip(alphabet))
    right = run.match(string, end)
    return left, (end if right is None else right.end())


def _forms(text: str) -> Iterable[tuple[str, str]]:
    """Every spelling of a value that is looked for, and how it is encoded."""
    data = text.encode("utf-8", "surrogateescape")
    yield text, ""
    for shift in range(3):
        # RFC 4648 §4: three octets make four characters. What depends on the neighbours is cut off at both edges.
        coded = b64encode(b"\0" * shift + data).decode()
        head = (0, 2, 3)[shift]
        tail = {0: 0, 1: 3, 2: 2}[(shift + len(data)) % 3]
        inner = coded[head : len(coded) - tail] if tail else coded[head:]
        if len(inner) >= _LEAST:
            yield inner, "base64"
            yield inner.replace("+", "-").replace("/", "_"), "base64"
    yield data.hex(), "hex"
    yield data.hex().upper(), "hex"
    if not text.isascii() or not text.isalnum():
        for safe in ("", "/", "-._~", "!$&'()*+,;=:@/?"):
            percent = quote(data, safe=safe)
            yield percent, ""
            yield re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), percent), ""
        escaped = json.dumps(text)[1:-1]
        yield escaped, ""
        yield escaped.replace("/", "\\/"), ""
        yield html.escape(text), ""
        yield html.escape(text, quote=False), ""
        yield html.escape(text).replace("&#x27;", "&#39;"), ""
    everything = "".join(f"%{octet:02X}" for octet in data)
    yield everything, ""
    yield everything.lower(), ""


def _in_json(form: str) -> Iterable[bytes]:
    """The bytes that a string has in a message: as they are, and escaped once or twice (JSON in JSON)."""
    for ascii_only in (False, True):
        coded = form
        for _ in range(3):
            raw = coded.encode("utf-8", "surrogateescape")
            yield raw
            yield raw.replace(b"/", b"\\/")
            coded = json.dumps(coded, ensure_ascii=ascii_only)[1:-1]

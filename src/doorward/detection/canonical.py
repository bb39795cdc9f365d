"""The canonical copy of a string: what a reader takes it for, with a map back to where each character stands.

Full-width, mathematical and foreign digits and letters, invisible characters, look-alikes, and in-place escapes
(percent, HTML, backslash, quoted-printable) each hide a value from every pattern, and none of them from a model. They
are undone here once, for every recognizer. What stands for something else as a whole (base64, hex) is ``encodings``'.

Escapes are undone wherever they stand, so a text that is JSON, CSV or markup has to be taken apart first.
"""

import html.entities
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from doorward.detection.anchors import Anchors
from doorward.detection.confusables import DRAWN, LOOKALIKES
from doorward.detection.offsets import Offsets

ROUNDS: Final = 3
"""How many layers of escapes are undone."""

_KNOWN_CHARACTERS: Final = 16384  # the bound of the table of characters; a language needs a few thousand
_CONTROLS: Final = bytes([*range(9), 11, 12, *range(14, 32), 127])  # all C0 but tab, line feed, carriage return
_PRINTED: Final = bytes([*range(32, 127), 9, 10, 13])
_FEW: Final = 16  # characters that are quicker exchanged one after the other

# Blocks of combining marks that belong to no one script: in Latin text they are accents, or noise.
_MARKS: Final = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_ALL_MARKS: Final = frozenset(
    chr(point)
    for first, last in ((0x300, 0x36F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F))
    for point in range(first, last + 1)
)
_MARKED: Final = re.compile(f"[^{_MARKS}][{_MARKS}]++")

# Cf that is drawn: Arabic number signs and their like (Unicode 15 §9.2, "prepended concatenation marks").
_DRAWN_FORMAT: Final = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
# Default_Ignorable_Code_Point that is no Cf (Unicode 15, DerivedCoreProperties), and the blank braille pattern.
_IGNORABLE: Final = (
    (0x34F, 0x34F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0xE0000, 0xE0FFF),
)
_BY_HAND: Final = {
    "\u2028": "\n",
    "\u2029": "\n",
    "\u0085": "\n",
    "\u2800": " ",
    "\u2212": "-",  # minus sign, category Sm
    "\u02d7": "-",
    "\u2043": "-",
    "\u3002": ".",  # the ideographic full stop is a dot of host names (UTS 46 §2.3)
    "\uff61": ".",
    "\u2024": ".",
    "\u00aa": "\u00aa",  # ordinals of Spanish and Italian addresses
    "\u00ba": "\u00ba",
    **DRAWN,
}

# Markup that shows nothing: a place for a line break, a comment of no words.
_UNSEEN: Final = r"<(?:(?:wbr|WBR) ?/?|!--[^0-9A-Za-z@<>\u0080-\U0010ffff]{0,40}--)>"
_ESCAPES: Final = (
    r"%[0-9A-Fa-f]{2}(?:%[0-9A-Fa-f]{2})*+"
    r"|&(?:#(?:[xX]0*+[0-9A-Fa-f]{1,6}|0*+[0-9]{1,7});?|[A-Za-z][A-Za-z0-9]{1,31};)"
    r"|\\(?:\\{0,7}+(?:u[0-9A-Fa-f]{4}|u\{[0-9A-Fa-f]{1,6}\}|x[0-9A-Fa-f]{2}|U[0-9A-Fa-f]{8}))"
    r"(?:\\{1,8}+(?:u[0-9A-Fa-f]{4}|u\{[0-9A-Fa-f]{1,6}\}|x[0-9A-Fa-f]{2}|U[0-9A-Fa-f]{8}))*+"
    rf"|{_UNSEEN}"
)
_CONTROL: Final = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # what an escape of text never names
_BACKSLASHED: Final = re.compile(r"\\++(?:[uxU]\{?)([0-9A-Fa-f]++)\}?")

# Quoted-printable (RFC 2045 §6.7) looks like `key=41`. One pair alone counts only where a key and its number cannot
# stand so: between letters, as what text cannot do without (an at sign, a dot, a dash, a space before a capital).
# (What stands before is asked of the equals sign, so that a search goes from one to the next.)
_A_LONE: Final = r"=(?<=[0-9A-Za-z]=)(?:40(?=[A-Za-z])|2[B-F](?=[0-9A-Za-z=])|20(?=[A-Z])|27(?=[A-Z]))"
_LONE: Final = re.compile(_A_LONE)
# In a text that is quoted-printable, and in any other, where a pair is mostly a number and not even to be looked at.
_IN_QUOTED: Final = re.compile(_ESCAPES + r"|=[0-9A-F]{2}(?:=[0-9A-F]{2})*+|=\r?\n")
_IN_OTHERS: Final = re.compile(_ESCAPES + r"|=[0-9A-F]{2}(?:=[0-9A-F]{2})++|" + _A_LONE)
_QUOTED_RUN: Final = re.compile(r"=[0-9A-F]{2}=[0-9A-F]{2}")
_SOFT_BREAK: Final = re.compile(r"=(?<=[^\s=]=)\r?\n(?=[^\s=])")

# The most common escapes by far: of one octet that is printed.
_PERCENT: Final = {escape: chr(octet) for octet in range(0x20, 0x7F) for escape in (f"%{octet:02x}", f"%{octet:02X}")}

# What each of these has, and what makes a text quoted-printable, in RE2's syntax.
_ESCAPED: Final = Anchors(
    (
        "%[0-9A-Fa-f]{2}",
        "&#[xX]?[0-9A-Fa-f]",
        "&[A-Za-z][A-Za-z0-9]{1,31};",
        r"\\[uxU][0-9A-Fa-f{]",
        "=[0-9A-F]{2}",
        "<(?:wbr|WBR|!--)",
    )
)

Piece = tuple[int, int, str, Sequence[int] | None]
"""``string[start:end]`` reads as the text; its characters begin at these offsets, or all at ``start``."""


def canonical(string: str) -> tuple[str, Offsets] | None:
    """The canonical copy and its offsets into ``string``, or None where nothing changes.

    There is one offset for each character of the copy and one for its end. Character i began at ``offsets[i]`` and
    ended at or before ``offsets[i + 1]``: what was dropped behind a character belongs to it.
    """
    copy = string
    offsets: Offsets | None = None
    for _ in range(ROUNDS):
        step = _shown(copy)
        if step is not None:
            copy, offsets = step[0], _composed(offsets, step[1])
        step = _unescaped(copy)
        if step is None:
            break
        copy, offsets = step[0], _composed(offsets, step[1])
    else:
        step = _shown(copy)
        if step is not None:
            copy, offsets = step[0], _composed(offsets, step[1])
    if offsets is None or copy == string:
        return None
    return copy, offsets


def _composed(outer: Offsets | None, inner: Offsets) -> Offsets:
    return inner if outer is None else inner.onto(outer)


def _one_to_one(string: str) -> Offsets:
    offsets = Offsets()
    offsets.run(0, len(string) + 1)
    return offsets


def _replaced(string: str, pieces: Iterator[Piece]) -> tuple[str, Offsets] | None:
    """``string`` with the pieces replaced; they follow each other and do not overlap."""
    out: list[str] = []
    offsets = Offsets()
    run = offsets.run
    done = 0
    for start, end, text, places in pieces:
        out.append(string[done:start])
        out.append(text)
        if places is None and text:
            run(done, start - done + 1)  # its first character goes on where it stands
            for _ in range(1, len(text)):
                run(start, 1)
        else:
            run(done, start - done)
            offsets.each(places or ())
        done = end
    if not done:
        return None
    out.append(string[done:])
    offsets.run(done, len(string) + 1 - done)
    return "".join(out), offsets


# --- characters -------------------------------------------------------------------------------------------------------


class _Characters(dict[int, str]):
    """Code point -> how it reads: itself, another text, or nothing. Filled as characters are met; bounded."""

    def __missing__(self, point: int) -> str:
        if len(self) >= _KNOWN_CHARACTERS:
            self.clear()
        self[point] = text = _reads(chr(point))
        return text


def _reads(character: str) -> str:
    by_hand = _BY_HAND.get(character)
    if by_hand is not None:
        return by_hand
    point = ord(character)
    category = unicodedata.category(character)
    if category == "Cc":
        return character if character in "\t\n\r" else ""
    if category == "Cf":
        return character if character in _DRAWN_FORMAT else ""
    if any(first <= point <= last for first, last in _IGNORABLE):
        return ""
    if point < 0x80:
        return character
    if category == "Zs":
        return " "
    if category == "Pd":
        return "-"
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    if 0x1F150 <= point <= 0x1F169 or 0x1F170 <= point <= 0x1F189:  # white letters in black circles and squares
        return chr(ord("A") + (point - 0x1F150) % 32)
    folded = unicodedata.normalize("NFKC", character)
    if folded.isascii() and (len(folded) == 1 or category[0] in "LN"):
        return folded
    return character


_CHARACTERS: Final = _Characters()
_SAME: Final = set(map(chr, range(32, 127))) | {"\t", "\n", "\r"}  # characters that are known to read as themselves


def _shown(string: str) -> tuple[str, Offsets] | None:
    """``string`` as it is seen: characters folded and dropped, accents composed, look-alikes read as Latin."""
    if string.isascii() and (string.isprintable() or len(string.encode().translate(None, _CONTROLS)) == len(string)):
        return None
    # Of ASCII that is printed there is nothing to know; to leave it out first takes a fifth of the time.
    met = set(string.encode(errors="surrogatepass").translate(None, _PRINTED).decode(errors="surrogatepass"))
    copy = string
    offsets: Offsets | None = None
    unsure = met - _SAME
    if unsure:
        changed = {character: _CHARACTERS[ord(character)] for character in unsure}
        changed = {character: text for character, text in changed.items() if text != character}
        if len(_SAME) < _KNOWN_CHARACTERS:
            _SAME.update(unsure.difference(changed))
        if changed and all(len(text) == 1 for text in changed.values()):
            copy = _exchanged(string, changed)
            offsets = _one_to_one(string)
        elif changed:
            step = _folded(string, changed)
            if step is not None:
                copy, offsets = step
    if not _ALL_MARKS.isdisjoint(met):
        step = _replaced(copy, _accented(copy))
        if step is not None:
            copy, offsets = step[0], _composed(offsets, step[1])
    if not (_ALL_ALIKE.isdisjoint(met) or _LATIN_LETTERS.isdisjoint(copy)):
        plain = _latin(copy)
        if plain is not None:
            copy, offsets = plain, offsets or _one_to_one(copy)
    return None if offsets is None else (copy, offsets)


def _exchanged(string: str, changed: dict[str, str]) -> str:
    if len(changed) > _FEW or not changed.keys().isdisjoint(changed.values()):
        return string.translate({ord(character): text for character, text in changed.items()})
    for character, text in changed.items():  # each takes a thirtieth of what ``translate`` does
        string = string.replace(character, text)
    return string


def _folded(string: str, changed: dict[str, str]) -> tuple[str, Offsets] | None:
    one_to_one = {ord(character): text for character, text in changed.items() if len(text) == 1}
    others = "".join(map(re.escape, (character for character, text in changed.items() if len(text) != 1)))
    if one_to_one:
        string = string.translate(one_to_one)
    runs = re.compile(f"[{others}]++").finditer(string)

    def pieces() -> Iterator[Piece]:
        for run in runs:
            start, found = run.start(), run[0]
            text = "".join([changed[character] for character in found])
            places = [start + i for i, character in enumerate(found) for _ in changed[character]]
            yield start, run.end(), text, places

    return _replaced(string, pieces())


def _accented(string: str) -> Iterator[Piece]:
    for match in _MARKED.finditer(string):
        start, end = match.span()
        base = string[start]
        if not base.isalnum():
            continue  # a symbol or an emoji with its marks
        composed, kept = base, []
        for mark in string[start + 1 : end]:
            longer = _with_mark(composed, mark)
            if len(longer) == 1:
                composed = longer
            elif not base.isascii() and unicodedata.name(base, "")[:5] != "LATIN":
                kept.append(mark)  # another script may need it; over a Latin letter or a digit it is noise
        if not kept:
            yield start, end, composed, None
        else:
            yield start, end, composed + "".join(kept), [start] * (1 + len(kept))


@lru_cache(4096)
def _with_mark(base: str, mark: str) -> str:
    return unicodedata.normalize("NFC", base + mark)


# --- look-alikes ------------------------------------------------------------------------------------------------------

_FOREIGN: Final = "\u0370-\u03ff\u0400-\u052f\u0531-\u0587\u1f00-\u1fff"
_A_FOREIGN: Final = re.compile(f"[{_FOREIGN}]")
# A foreign letter beside a Latin one, or joined to one: without it no word poses.
_MIXTURE: Final = re.compile(
    f"[{_FOREIGN}](?:[A-Za-z\u00c0-\u024f]|[0-9]{{1,16}}[A-Za-z]|[@._][0-9A-Za-z])"
    f"|(?:[A-Za-z\u00c0-\u024f]|[0-9A-Za-z][@._]|[A-Za-z][0-9]{{1,16}})[{_FOREIGN}]"
)
_WORDS: Final = re.compile(r"[^\W_]++")
_TO_LATIN: Final = str.maketrans(LOOKALIKES)
_ALL_ALIKE: Final = frozenset(LOOKALIKES)
_LATIN: Final = re.compile(r"[A-Za-z\u00c0-\u024f]")
_LATIN_LETTERS: Final = frozenset(map(chr, (*range(65, 91), *range(97, 123), *range(0xC0, 0x250))))
_IN_ADDRESS: Final = frozenset("@._")


def _latin(string: str) -> str | None:
    """``string`` with look-alikes read as Latin letters, in words where they pose as such; of the same length.

    Such a word has Latin letters too, and no foreign one that looks like none. Beside such a word, or joined to Latin
    ones by an at sign or a dot, a word of nothing but look-alikes poses as well.
    """
    if _MIXTURE.search(string) is None:
        return None
    posing = False
    alike: list[tuple[int, int]] = []
    mixed: list[tuple[int, int]] = []
    for match in _WORDS.finditer(string):
        word = match[0]
        if word.isascii() or _A_FOREIGN.search(word) is None:
            continue
        foreign = _LATIN.sub("", word)
        letters = [character for character in foreign if character not in "0123456789"]
        if not _ALL_ALIKE.issuperset(letters):
            continue
        start, end = match.span()
        if len(foreign) < len(word):
            posing = True
            mixed.append((start, end))
        elif _joined_to_latin(string, start, end):
            mixed.append((start, end))
        else:
            alike.append((start, end))
    if posing:
        mixed = sorted(mixed + alike)
    if not mixed:
        return None
    out: list[str] = []
    done = 0
    for start, end in mixed:
        out += (string[done:start], string[start:end].translate(_TO_LATIN))
        done = end
    out.append(string[done:])
    return "".join(out)


def _joined_to_latin(string: str, start: int, end: int) -> bool:
    before = start > 1 and string[start - 1] in _IN_ADDRESS and string[start - 2].isascii()
    behind = end + 1 < len(string) and string[end] in _IN_ADDRESS and string[end + 1].isascii()
    return (before and string[start - 2].isalnum()) or (behind and string[end + 1].isalnum())


# --- escapes ----------------------------------------------------------------------------------------------------------


def may_be_unseen(string: str) -> bool:
    """Whether there may be markup in ``string`` that shows nothing."""
    return "<" in string and ("<wbr" in string or "<!--" in string or "<WBR" in string)


def _unescaped(string: str) -> tuple[str, Offsets] | None:
    """``string`` with one layer of escapes undone."""
    if not ("%" in string or "&" in string or "\\" in string or "=" in string or may_be_unseen(string)):
        return None
    if not _ESCAPED.any(string):
        return None
    quoted = "=" in string and _is_quoted(string)
    escape = _IN_QUOTED if quoted else _IN_OTHERS
    first = escape.search(string)
    if first is None:
        return None
    return _replaced(string, _escapes(string, escape.finditer(string, first.start()), quoted))


def _escapes(string: str, matches: Iterator[re.Match[str]], quoted: bool) -> Iterator[Piece]:
    for match in matches:
        found = match[0]
        printed = _PERCENT.get(found)
        if printed is not None:
            start = match.start()
            yield start, start + 3, printed, None
            continue
        head = found[0]
        if head == "=":
            if found[1] in "\r\n":
                if _SOFT_BREAK.match(string, match.start()):
                    yield match.start(), match.end(), "", []
                continue
            if len(found) == 3 and not (quoted and found[1:] != "20") and not _LONE.match(string, match.start()):
                continue
            yield from _octets(match.start(), found, strict=True)
        elif head == "%":
            yield from _octets(match.start(), found, strict=False)
        elif head == "<":
            yield match.start(), match.end(), "", []
        elif head == "&":
            text = _entity(found)
            if text is not None:
                yield match.start(), match.end(), text, None
        else:
            yield from _backslashed(match.start(), found)


def _is_quoted(string: str) -> bool:
    """Whether ``string`` as a whole is quoted-printable: it has pairs in a row, or several that cannot be numbers."""
    if any(_octets(match.start(), match[0], strict=True) for match in [_QUOTED_RUN.search(string)] if match):
        return True
    lone = _LONE.findall(string)
    return len(lone) > 1 or bool(lone and _SOFT_BREAK.search(string))


def _octets(start: int, found: str, *, strict: bool) -> list[Piece]:
    """The text of a run of ``%XX`` or ``=XX``; octets that are no UTF-8 stay as they stand, or with ``strict`` all."""
    octets = bytes.fromhex(found.replace(found[0], ""))
    try:
        text = octets.decode()
        if _CONTROL.search(text) is not None:
            return [] if strict else _valid_octets(start, found, octets)
    except UnicodeDecodeError:
        if strict:
            return []
        return _valid_octets(start, found, octets)
    if len(text) == len(octets):
        return [(start, start + len(found), text, range(start, start + len(found), 3))]
    places = []
    at = start
    for character in text:
        places.append(at)
        at += 3 * len(character.encode())
    return [(start, start + len(found), text, places)]


def _valid_octets(start: int, found: str, octets: bytes) -> list[Piece]:
    text: list[str] = []
    places: list[int] = []
    at = start
    for character in octets.decode(errors="surrogateescape"):
        if "\udc80" <= character <= "\udcff" or _CONTROL.match(character):
            text.append(found[at - start : at - start + 3])
            places += (at, at + 1, at + 2)
            at += 3
        else:
            text.append(character)
            places.append(at)
            at += 3 * len(character.encode())
    if len(places) == len(found):
        return []
    return [(start, start + len(found), "".join(text), places)]


def _entity(found: str) -> str | None:
    if found[1] != "#":
        return html.entities.html5.get(found[1:])
    digits = found[2:].rstrip(";")
    return _character(int(digits[1:], 16) if digits[0] in "xX" else int(digits))


def _character(point: int) -> str | None:
    """The character that an escape names; None for a control character or half a pair, which stay escaped."""
    if point > 0x10FFFF or 0xD800 <= point <= 0xDFFF or 0x7F <= point < 0xA0:
        return None
    if point < 32 and point not in (9, 10, 13):
        return "" if point == 0 else None
    return chr(point)


def _backslashed(start: int, found: str) -> Iterator[Piece]:
    high: tuple[int, int] | None = None  # the first half of a surrogate pair: where, and its code
    for match in _BACKSLASHED.finditer(found):
        point = int(match[1], 16)
        begin, end = start + match.start(), start + match.end()
        if high is not None and 0xDC00 <= point <= 0xDFFF:
            yield high[0], end, chr(0x10000 + ((high[1] - 0xD800) << 10) + point - 0xDC00), None
            high = None
            continue
        high = (begin, point) if 0xD800 <= point <= 0xDBFF else None
        text = _character(point)
        if text is not None:
            yield begin, end, text, None

"""Tokens that stand for a text as a whole: base64, hex, characters set apart by spaces, invisible tags.

Such a token can only be replaced whole, so it is found here with its place, and its text is read as a leaf of its own.
Nearly every long run of letters and digits is none: identifiers, digests and keys decode to bytes that are no text. The
run is decoded to find out, which takes less time than to tell by its look.
"""

import binascii
import itertools
import re
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Final, NamedTuple

from doorward.detection.automata import Search, automaton, searcher

LEAST_BASE64: Final = 12  # characters, without the padding: nine octets, as short as a full name gets
LEAST_HEX: Final = 16  # digits
_NUMBERS_END: Final = 32  # digits that no number of anything has
LEAST_IN_URI: Final = 4  # characters of base64 in a data: URI (RFC 2397), which says that it is base64
LEAST_SPACED: Final = 7  # characters that were set apart
LEAST_CLEAN: Final = 9  # leading octets without a control character

_LEAST: Final = 12  # characters of any string that can hold a token
_MOST_INFLATED: Final = 65536  # characters of one compressed token
_STRIDE: Final = 64  # runs between two looks at the clock
_MOST_RATIO: Final = 32  # times the octets that it was inflated from

_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
# Each octet of a token's alphabet as an a: what begins a token, and what begins pairs of digits, then looks alike.
RUNS: Final = bytes(0x61 if octet in _ALPHABET else 0x20 for octet in range(256))
RUN: Final = b"a" * LEAST_BASE64
PAIRS: Final = b" aa aa aa aa aa "
_ALONE: Final = (b" a a ", b" a  a ", b" a   a ")
# How characters stand to each other: a digit, a letter (or what stands in words), a separator.
_KINDS: Final = bytes(
    0x30
    if 0x30 <= octet <= 0x39
    else 0x20
    if octet in b" .()/_-\t\r\n?"
    else 0x61
    if chr(octet).isalpha() or octet in b"@+"
    else 0x2A
    for octet in range(256)
)

_NO_TEXT: Final = frozenset("ghijklmnopqrstuv+-/_ABEFG")  # neither text nor gzip begins with these six bits
_HEX: Final = frozenset("0123456789ABCDEFabcdef")
# Nothing is encoded in one: its first dash makes an octet that is none of UTF-8, nothing compressed begins with such
# letters, and its groups are too short.
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch
_UUID_SIZE: Final = 36
_ONLY_HEX: Final = re.compile(r"(?:0[xX])?([0-9A-Fa-f]++)")
_PARTS: Final = re.compile(r"[0-9A-Za-z]{12,}+")
_WRAPPED: Final = re.compile(r"[A-Za-z0-9+/]{16,}+(?:\r?\n[ \t]{0,8}+[A-Za-z0-9+/]{4,}+)++(?:={1,2})?")
_HEX_PAIRS: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:0[xX])?[0-9A-Fa-f]{2}(?:[ :,\-]{1,2}(?:0[xX])?[0-9A-Fa-f]{2}(?![0-9A-Za-z])){7,}+"
)
_SEPARATORS: Final = re.compile(r"0[xX]|[ :,\-]")
_WORDLIKE: Final = re.compile(r"[^\W_]|[ \t\r\n@.,:'()+_\-]")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_PLAIN: Final = re.compile(r"[A-Za-z .@'_\-]{10,}|[0-9 ()]+")

# A first digit with what may stand before it. (It is asked last what must not, so that letters are passed over.)
_FIRST: Final = r"[+(0-9](?<![0-9A-Za-z].)(?:(?<=\+)\(?[0-9]|(?<=\()[0-9]|(?<=[0-9]))"
_GAP: Final = r"[ .()/_\-\t\r\n\u00a0]{1,3}"
_DIGITS_APART: Final = re.compile(rf"{_FIRST}(?:{_GAP}[0-9](?![0-9])){{{LEAST_SPACED - 1},}}+")
_CHARACTERS_APART: Final = re.compile(r"(?<![^\s\"'(\[<])[0-9A-Za-z](?: [0-9A-Za-z@._+\-](?![^\s\"')\]>,;])){6,}+")
# Digits each followed by a space, as in `jo4 2 @example.com` or `GB8 2 WEST1 2 3 4`.
_DIGITS_TRAILED: Final = re.compile(
    r"(?<![^\s\"'(\[<:=,;])(?:[A-Za-z@._+\-]{0,24}+[0-9] {1,2}){1,64}+[A-Za-z@._+\-]{0,64}+[0-9]?+"
)
_DIGIT: Final = re.compile("[0-9]")
_ADDRESS: Final = re.compile(r"[^@]++@[^@]*?\.[A-Za-z]{2,}+")
_LONG: Final = re.compile(r"(?=.{20})[A-Za-z._+\-]{1,24}+[0-9] {1,2}[A-Za-z._+\-]{1,24}+[0-9] ")
_NOT_MEANT: Final = re.compile(r"[^0-9+-]")
# 3-2-4 and 3-3-4: here the groups say more than the digits. Of others, dashes at odd places would hide the number.
_GROUPS: Final = re.compile(r"[0-9](?: [0-9]){2} ?- ?[0-9](?: [0-9]){1,2} ?- ?[0-9](?: [0-9]){3}")

# What all of these have, over octets: an automaton that goes through a text once, to say that they need not.
_LETTER: Final = r"[A-Za-z@._+\-]"
_EVER_APART: Final = (
    r"[0-9](?:[ .()/_\-\t\r\n?]{1,3}[0-9]){6}",
    r"[0-9A-Za-z](?: [0-9A-Za-z@._+\-]){6}",
    r"[0-9A-Fa-f]{2}(?:[ :,\-]{1,2}(?:0[xX])?[0-9A-Fa-f]{2}){7}",
    rf"[0-9](?: {{1,2}}{_LETTER}*[0-9]){{6}}",
    rf"@{_LETTER}*[0-9] |[0-9] {{1,2}}{_LETTER}*@|{_LETTER}[0-9] {{1,2}}{_LETTER}+[0-9] ",
)
# What all of ``_DIGITS_TRAILED`` have that are no mail address and stand for anything: seven digits, or twenty
# characters that begin as ``_LONG`` does. Those are five digits and more with what goes before each; or up to four and
# one behind them, with eight spaces at most, so that of seven letters or more in five places two stand together in one.
_EVER_TRAILED: Final = (
    rf"[0-9](?: {{1,2}}{_LETTER}*[0-9]){{6}}",
    rf"{_LETTER}[0-9] {{1,2}}(?:{_LETTER}*[0-9] {{1,2}}){{4}}",
    rf"{_LETTER}{{2}}[0-9] {{1,2}}{_LETTER}+[0-9] ",
    rf"{_LETTER}[0-9] {{1,2}}{_LETTER}{{2,}}[0-9] ",
    rf"{_LETTER}[0-9] {{1,2}}{_LETTER}+[0-9] {{1,2}}(?:{_LETTER}*[0-9] {{1,2}}){{0,2}}{_LETTER}{{2}}",
)

_TAGS: Final = re.compile("[\U000e0020-\U000e007e]{4,}+")
_SELECTORS: Final = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}+")


class Encoded(NamedTuple):
    """``start`` to ``end`` of a string stand for ``string``. ``layer``: base64, hex, spaced or invisible."""

    start: int
    end: int
    string: str
    layer: str


def _never() -> None:
    """Looks at no clock."""


def encoded(string: str) -> list[Encoded]:
    """The tokens of ``string`` that decode to text, in order, none over another.

    Their texts together are no longer than the string, or where they were compressed ``_MOST_RATIO`` times that.
    """
    if len(string) < _LEAST:
        return []
    found: list[Encoded] = []
    octets = string.encode("ascii", "replace")  # one for each character
    runs = octets.translate(RUNS)
    if RUN in runs:
        _in_runs(string, runs, found)
    if len(string) < 2 * LEAST_SPACED - 1 and "@" not in string:
        return found
    if may_be_apart(octets):
        found += _set_apart(string, octets, runs)
    if "ase64," in string:
        found += _in_uris(string)
    if not string.isascii():
        found += _invisible(string)
    return _in_order(found) if len(found) > 1 else found


def holding(strings: Sequence[str], check: Callable[[], None] = _never) -> list[int]:
    """The indices of those of ``strings`` in which ``encoded`` may find something, in order. They are gone through
    together: of the values of a text few are looked at one by one.
    """
    everything = _APART.join(strings)
    octets = everything.encode("ascii", "replace")
    runs = octets.translate(RUNS)
    read: list[Encoded] = []
    if RUN in runs:
        _in_runs(everything, runs, read, check)
    held: set[int] = set()
    if read:
        ends = list(itertools.accumulate([len(string) + 1 for string in strings]))
        held.update([bisect_right(ends, token.start) for token in read])
    # Each of these is told of a part where it is told of the whole.
    if may_be_apart(octets):
        held.update([index for index, string in enumerate(strings) if may_be_apart(string.encode("ascii", "replace"))])
    if "ase64," in everything:
        held.update([index for index, string in enumerate(strings) if "ase64," in string])
    if not everything.isascii():
        held.update([index for index, string in enumerate(strings) if not string.isascii()])
    return sorted(held)


_APART: Final = "\x00"  # of no alphabet, and no separator


def is_token(run: str) -> bool:
    """Whether ``run``, ASCII letters and digits alone, stands for a text: it is whole then, or not at all."""
    return len(run) >= _LEAST and _token(run, run, 0, len(run)) is not None


def tokens(string: str, runs: bytes, check: Callable[[], None]) -> list[int]:
    """Where tokens of base64 and hex begin in ``string``; ``runs``: its octets as ``RUNS`` has them."""
    found: list[Encoded] = []
    _in_runs(string, runs, found, check)
    return [token.start for token in found]


def may_be_apart(octets: bytes) -> bool:
    """Whether characters, or pairs of digits, may be set apart in a string, of which ``octets`` are its characters."""
    return _automaton()(octets)


@cache
def _automaton() -> Search:
    return searcher(automaton("|".join(_EVER_APART).encode()))


@cache
def _trails() -> Search:
    return searcher(automaton("|".join(_EVER_TRAILED).encode()))


def _set_apart(string: str, octets: bytes, runs: bytes) -> list[Encoded]:
    found: list[Encoded] = []
    if PAIRS in runs or ("0x" in string and string.count("0x") > 7):
        found += _in_pairs(string)
    kinds = octets.translate(_KINDS)
    if b" 0 " in kinds:
        found += _digits_apart(string)
    if (b"a0 a" in kinds or b"a0 0 " in kinds or b"a0  " in kinds) and ("@" in string or _trails()(octets)):
        found += _trailed(string)
    if b" a " in runs and (_ALONE[0] in runs or _ALONE[1] in runs or _ALONE[2] in runs):
        found += _characters_apart(string)
    return found


def _in_order(found: list[Encoded]) -> list[Encoded]:
    found.sort(key=lambda token: (token.start, -token.end))
    kept = found[:1]
    for token in found[1:]:
        if token.start >= kept[-1].end:
            kept.append(token)
    return kept


# --- base64 and hex ---------------------------------------------------------------------------------------------------


def _in_runs(string: str, runs: bytes, found: list[Encoded], check: Callable[[], None] = _never) -> None:
    unwrapped = 0  # up to here, lines were tried together in vain
    start = runs.find(RUN)
    for count in itertools.count():
        if start < 0:
            return
        if not count % _STRIDE:
            check()
        end = runs.find(b" ", start)
        if end < 0:
            end = len(runs)
        if end - start == _UUID_SIZE and string[start + 8] == "-" and _UUID(string, start, end) is not None:
            start = runs.find(RUN, end)
            continue
        if end - start >= 16 and start >= unwrapped and string[end : end + 1] in ("\r", "\n"):
            wrapped = _WRAPPED.match(string, start)
            if wrapped is not None:
                text = _from_base64("".join(wrapped[0].split()).rstrip("="))
                if text is not None:
                    found.append(Encoded(start, wrapped.end(), text, "base64"))
                    start = runs.find(RUN, wrapped.end())
                    continue
                unwrapped = wrapped.end()
        run = string[start:end]
        token = _token(string, run, start, end)
        if token is not None:
            found.append(token)
        elif not run.isalnum():  # joined to others by a dash, a slash, ..
            for part in _PARTS.finditer(run):
                token = _token(string, part[0], start + part.start(), start + part.end())
                if token is not None:
                    found.append(token)
        start = runs.find(RUN, end)


def _token(string: str, run: str, start: int, end: int) -> Encoded | None:
    first = run[0]
    if first in _HEX and run[-1] in _HEX:
        digits = _ONLY_HEX.fullmatch(run)
        if digits is not None:
            text = _from_hex(digits[1])
            return None if text is None else Encoded(start, end, text, "hex")
    if first in _NO_TEXT:
        return None
    text = _from_base64(run)
    if text is None:
        return None
    if len(run) % 4 and string[end : end + 1] == "=":
        end += 2 if string[end + 1 : end + 2] == "=" and len(run) % 4 == 2 else 1
    return Encoded(start, end, text, "base64")


def _from_base64(run: str, least: int = LEAST_BASE64) -> str | None:
    """The text of base64 or base64url (RFC 4648 §4, §5), padding left out; None: it is none, or too short."""
    if len(run) < least or len(run) % 4 == 1:
        return None
    if "-" in run or "_" in run:
        run = run.replace("-", "+").replace("_", "/")  # which takes a fifth of str.translate's time
    try:
        octets = binascii.a2b_base64(run + "=" * (-len(run) % 4))
    except binascii.Error:
        return None
    return _text(octets)


def _from_hex(digits: str) -> str | None:
    if len(digits) < LEAST_HEX or len(digits) % 2:
        return None
    text = _text(bytes.fromhex(digits))
    if text is not None and len(digits) < _NUMBERS_END and digits.isdecimal() and _PLAIN.fullmatch(text) is None:
        return None  # a number, of a card for one
    return text


def _in_pairs(string: str) -> Iterator[Encoded]:
    for match in _HEX_PAIRS.finditer(string):
        pairs = match[0]
        if "x" not in pairs and "X" not in pairs:  # as nearly all; and of these most are told by two octets to be none
            second = pairs[3:5] if pairs[3] in _HEX else pairs[4:6]
            if not _SECOND[_FIRST_OCTET[int(pairs[:2], 16)]][int(second, 16)]:
                continue
        text = _from_hex(_joined(pairs))
        if text is not None:
            yield Encoded(match.start(), match.end(), text, "hex")


def _joined(pairs: str) -> str:
    if "x" in pairs or "X" in pairs:
        return _SEPARATORS.sub("", pairs)
    return pairs.encode().translate(None, b" :,-").decode()


_IN_URI: Final = re.compile(r"(?<=[bB]ase64,)[A-Za-z0-9+/_\-]{4,}+")


def _in_uris(string: str) -> Iterator[Encoded]:
    """base64 that a data: URI announces: also what would be too short to be taken for it elsewhere."""
    for match in _IN_URI.finditer(string):
        text = _from_base64(match[0], LEAST_IN_URI)
        if text is not None:
            end = match.end()
            while end < match.end() + 2 and string[end : end + 1] == "=":
                end += 1
            yield Encoded(match.start(), end, text, "base64")


def _text(octets: bytes) -> str | None:
    """What the octets say, if that is text."""
    if octets[1:2] and not _SECOND[_FIRST_OCTET[octets[0]]][octets[1]]:
        return None
    if not any(octets[1:8:2]):  # UTF-16, as some shells want it
        octets = octets[::2]
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        inflated = _inflated(octets)
        return None if inflated is None else _text(inflated)
    sample = text[:512]
    if not text.isprintable():
        if _CONTROL.search(text, 0, LEAST_CLEAN) is not None:
            return None
        odd = sum(not character.isprintable() and character not in "\t\r\n" for character in sample)
        if odd * 20 > len(sample):
            return None
    share = len(_WORDLIKE.findall(sample)) / len(sample) if sample else 0.0
    if share < (0.6 if len(text) > 15 else 0.75):
        return None
    return text


# The first two octets of nearly all that is no text tell it: they are none of UTF-8 (RFC 3629 §4), or a control
# character. An octet is of no text, a character, the first of several, or also of what was compressed.
_NEVER, _ALONE_OCTET, _LEADS, _GZIP, _ZLIB = range(5)
_FIRST_OCTET: Final = bytes(
    _GZIP
    if octet == 0x1F
    else _ZLIB
    if octet == 0x78
    else _ALONE_OCTET
    if 0x20 <= octet < 0x7F or octet in b"\t\r\n"
    else _LEADS
    if 0xC2 <= octet <= 0xF4
    else _NEVER
    for octet in range(256)
)


def _seconds(first: int) -> bytes:
    """For each second octet whether it may follow such a ``first`` one. A zero may be of UTF-16."""
    return bytes(
        not octet
        or (first in (_ALONE_OCTET, _ZLIB) and _FIRST_OCTET[octet] in (_ALONE_OCTET, _LEADS, _ZLIB))
        or (first == _LEADS and 0x80 <= octet < 0xC0)
        or (first == _GZIP and octet == 0x8B)
        or (first == _ZLIB and octet in b"\x01\x5e\x9c\xda")
        for octet in range(256)
    )


_SECOND: Final = tuple(map(_seconds, range(5)))


def _inflated(octets: bytes) -> bytes | None:
    """gzip (RFC 1952) or zlib (RFC 1950) undone, as far as the bounds go."""
    if octets[:2] not in (b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"):
        return None
    try:
        out = zlib.decompressobj(47).decompress(octets, min(_MOST_INFLATED, _MOST_RATIO * len(octets)))
    except zlib.error:
        return None
    return out if out[:2] not in (b"\x1f\x8b", b"\x78\x9c") else None


# --- characters set apart ---------------------------------------------------------------------------------------------


# ``4 1 1 1 - 1 1 1 1 ..`` reads ``41111111..``, ``j o @ e x . c o m`` reads ``jo@ex.com``, ``GB8 2 WEST1 2 ..`` reads
# ``GB82WEST12..``. Whether that is anything is for the recognizers to say.


def _digits_apart(string: str) -> Iterator[Encoded]:
    for match in _DIGITS_APART.finditer(string):
        yield Encoded(match.start(), match.end(), _NOT_MEANT.sub("", _grouped(match[0])), "spaced")


def _grouped(apart: str) -> str:
    """``apart`` without its dashes, unless they stand as those of a social security or telephone number do."""
    if "-" not in apart or _GROUPS.fullmatch(apart) is None:
        return apart.replace("-", "")
    return apart


def _characters_apart(string: str) -> Iterator[Encoded]:
    for match in _CHARACTERS_APART.finditer(string):
        joined = match[0].replace(" ", "")
        if not joined.isdecimal():
            yield Encoded(match.start(), match.end(), joined, "spaced")


def _trailed(string: str) -> Iterator[Encoded]:
    for match in _DIGITS_TRAILED.finditer(string):
        joined = match[0].replace(" ", "")
        digits = len(_DIGIT.findall(joined))
        if _ADDRESS.fullmatch(joined) or (digits < len(joined) and (digits >= LEAST_SPACED or _LONG.match(match[0]))):
            yield Encoded(match.start(), match.end(), joined, "spaced")


# --- what cannot be seen ----------------------------------------------------------------------------------------------


def _invisible(string: str) -> Iterator[Encoded]:
    """Text in tag characters (U+E0020 to U+E007E), or octets in variation selectors: unseen, but read by models."""
    for match in _TAGS.finditer(string):
        yield Encoded(*match.span(), "".join(chr(ord(tag) - 0xE0000) for tag in match[0]), "invisible")
    for match in _SELECTORS.finditer(string):
        octets = bytes(ord(mark) - (0xFE00 if mark < "\ufe10" else 0xE0100 - 16) for mark in match[0])
        text = _text(octets)
        if text is not None:
            yield Encoded(*match.span(), text, "invisible")

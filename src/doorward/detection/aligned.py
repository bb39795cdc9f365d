"""Tables that only spaces draw, as terminals and reports show them:

    name        e-mail             amount
    ----------  ---------------  --------
    Ann Lee     ann@lee.example    120.00

The heads stand two spaces apart. Between two of them there is a column in which every row is blank, whichever side the
values are pushed to.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from doorward.detection import upright
from doorward.detection.scripts import SIGNS

_HEAD = rf"[^\W\d][\w.()/#{SIGNS}-]*+(?: [\w.()/#{SIGNS}-]++){{0,3}}+"
_HEADS = re.compile(rf"^ {{0,8}}+{_HEAD}(?: {{2,}}+{_HEAD})++ *\r?$", re.MULTILINE)
# Between any two heads of a line; most lines of a text have spaces only in front.
_GAP = re.compile(rf"  (?<=[\w.()/#{SIGNS}-]  ) *+[^\W\d]").search
_WORDS = re.compile(_HEAD)
_RULE = re.compile(r"[ \t]*+[-=]{2,}[-= \t+]*+\r?")
_STRIDE = 64  # rows between two looks at the clock
_FEW = 16  # rows that say where columns are blank
_MOST = 64  # columns
_CODED = 3
_WIDE = 512  # characters of a line of heads

Span = tuple[int, int]


def find(text: str, check: Callable[[], None]) -> list[Span]:
    """Where such tables begin and end in ``text``."""
    found: list[Span] = []
    behind = 0
    for count, line in enumerate(_heads(text)):
        if not count % _STRIDE:
            check()
        begin, end = line.span()
        if begin >= behind and end - begin <= _WIDE and _is_told(text, begin, end):
            behind = _behind(text, begin, end, check)
            if behind:
                found.append((begin, behind))
    return found


def _heads(text: str) -> Iterator[re.Match[str]]:
    """The lines of ``text`` that read like heads."""
    gap = _GAP(text)
    while gap is not None:  # once for each line
        line = _HEADS.match(text, text.rfind("\n", 0, gap.start()) + 1)
        if line is not None:
            yield line
        behind = text.find("\n", gap.end())
        gap = _GAP(text, behind) if behind >= 0 else None


def rows(text: str, check: Callable[[], None]) -> Iterator[list[tuple[int, int, bool]]]:
    """The cells of ``text``, all of which is such a table; the heads first."""
    first = text.find("\n")
    heads = [match.span() for match in _WORDS.finditer(text, 0, first)]
    yield [(begin, end, False) for begin, end in heads]
    lines = [line for line in _lines(text, first + 1) if _RULE.fullmatch(text, *line) is None]
    cuts = _cuts(text, heads, lines[:_FEW])
    for count, (begin, end) in enumerate(lines):
        if not count % _STRIDE:
            check()
        edges = [begin, *(min(begin + cut, end) for cut in cuts), end]
        yield [(*_trimmed(text, *span), False) for span in pairwise(edges)]


def _is_told(text: str, begin: int, end: int) -> bool:
    """Whether the words in a line are names of fields."""
    heads = _WORDS.findall(text, begin, end)
    spoken = sum(map(upright.says, heads))
    if not len(set(heads)) == len(heads) <= _MOST:
        return False
    # Names as programs write them stand in no sentence.
    coded = len(heads) > _CODED and all(head.islower() and " " not in head for head in heads)
    return spoken > 1 or (spoken == 1 and len(heads) == 2) or coded


def _lines(text: str, position: int) -> Iterator[Span]:
    """The lines that follow each other from there, without an empty one."""
    while position < len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        if not text[position:end].strip():
            return
        yield position, end
        position = end + 1


def _behind(text: str, begin: int, end: int, check: Callable[[], None]) -> int:
    """Where the table ends whose heads are ``text[begin:end]``; 0: it is none."""
    heads = [(a - begin, b - begin) for a, b in (match.span() for match in _WORDS.finditer(text, begin, end))]
    some: list[Span] = []
    count = ruled = 0
    behind = 0
    cuts: list[int] = []
    for line in _lines(text, end + 1):
        if _RULE.fullmatch(text, *line) is not None:
            ruled += 1
            behind = line[1]
            continue
        if count < _FEW:
            some.append(line)
            now = _cuts(text, heads, some)
            if not now:
                some.pop()
                break
            cuts = now
        elif not _fits(text, line, cuts):
            break
        count += 1
        behind = line[1]
        if count == _FEW and not _is_filled(text, heads, some, cuts):
            return 0
        if not count % _STRIDE:
            check()
    if not ruled and any(text[begin + last - 1] == "." for _, last in heads):
        return 0  # sentences, two spaces apart
    enough = 1 if ruled or len(heads) > 2 else 2
    return behind if count >= enough and _is_filled(text, heads, some, cuts) else 0


def _cuts(text: str, heads: Sequence[Span], lines: Sequence[Span]) -> list[int]:
    """Between any two heads a place that is blank in all ``lines``; nothing where there is none somewhere."""
    found: list[int] = []
    for (_, left), (right, _) in pairwise(heads):
        widest: list[int] = []
        run: list[int] = []
        for at in range(left, right):
            if all(begin + at >= end or text[begin + at] in " \r" for begin, end in lines):
                run.append(at)
                if len(run) >= len(widest):
                    widest = run
            else:
                run = []
        if not widest:
            return []
        # Values that are longer grow away from the side to which they are pushed.
        at_left, at_right = widest[0] == left, widest[-1] == right - 1
        found.append(widest[-1 if at_right else 0 if at_left else len(widest) // 2])
    return found


def _fits(text: str, line: Span, cuts: Sequence[int]) -> bool:
    begin, end = line
    return all(begin + cut >= end or text[begin + cut] == " " for cut in cuts)


def _is_filled(text: str, heads: Sequence[Span], lines: Sequence[Span], cuts: Sequence[int]) -> bool:
    """Whether most cells of the first rows hold something: the lines below are no paragraph under a title."""
    filled = 0
    for begin, end in lines:
        edges = [begin, *(min(begin + cut, end) for cut in cuts), end]
        filled += sum(bool(text[a:b].strip()) for a, b in pairwise(edges))
    return 5 * filled >= 3 * len(heads) * len(lines)


def _trimmed(text: str, begin: int, end: int) -> Span:
    piece = text[begin:end]
    begin += len(piece) - len(piece.lstrip())
    return begin, begin + len(piece.strip())

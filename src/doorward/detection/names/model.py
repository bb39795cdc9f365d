"""The trained model: a linear-chain CRF over the labels O, person, location, organisation, whose weights are summed by
word and kept.

A position's potentials are a sum of what the token says of itself, what each of the four around it says of it, and what
the classes of neighbours say together. The first two are computed once for each word and cached, so that a known text
costs additions. Tokens that nothing can make a name are settled as O beforehand; forward and backward run only over the
islands between them.
"""

import hashlib
import json
import re
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterable
from itertools import compress, count
from math import exp, inf, log
from operator import itemgetter
from typing import Final, NamedTuple

from doorward.detection.names import words
from doorward.detection.names.digest import SHA256

_MAGIC: Final = b"DWN1"
_KEPT: Final = 16384
"""Words, and runs between blanks, that are kept; then all are forgotten at once."""
_LONG: Final = 40
_KEPT_ISLANDS: Final = 2048
_SHORT: Final = 12
"""Tokens of an island that is kept: the same people, and the same words of logs, stand in the same places."""
_MAYBE: Final = 0.004
_BOUND: Final = 16.0
"""Potentials further from zero than this say nothing more, and their product must stay a number."""

Weights = tuple[float, float, float]
Entry = tuple[int, int, Weights, Weights, Weights, Weights, Weights]
"""Class, whether it may be (part of) a name (0, ``LIVE`` or ``POINTS``), and its say: in itself, in the next token, in
the one before, in the second next, in the second before."""
Sums = tuple[int, ...]
"""What attributes add up to, in steps: three for the token itself, six for those beside it, six for those two away."""
Other = tuple[int, Sums]
"""A class, and what it adds up to."""

Line = tuple[int, int, str, list[str]]
"""A line: how many tokens come before it, where it begins, the line itself and its runs without blanks."""

LIVE: Final = 1
POINTS: Final = 2
"""It begins with a capital and is no common word, so that alone it may point to somebody who is named elsewhere."""


class ModelFault(Exception):
    """The artefact is not the one that this release was made with."""


class Run(NamedTuple):
    """Tokens ``start`` to ``end`` (exclusive), and how likely the likeliest of them is a ``label``."""

    start: int
    end: int
    label: str
    peak: float


_LIVES: Final = itemgetter(1)
_RUN: Final = re.compile(r"\S+")
_NONE: Final[Weights] = (0.0, 0.0, 0.0)
_LETTERS: Final = ("l", "C", "A", "m")
_NOTHING: Final[Sums] = (0,) * 15

# What a word must say for itself at least, to be looked at in its context. (Of the names in the development sentences
# 1 in 40 is below: lower-case words that are no name elsewhere.)
_LOWER_LIVES: Final = -1.5
_CAPITAL_LIVES: Final = -2.5


def _sum(size: int, weights: list[Sums]) -> Sums:
    """``weights``, each of this ``size``, added up."""
    return tuple(map(sum, zip((0,) * size, *weights, strict=True)))


def _about(letter: str, table: dict[str, Sums]) -> dict[str, Sums]:
    """The attributes of ``table`` that begin with ``letter``, without it."""
    return {name[1:]: weights for name, weights in table.items() if name[0] == letter}


def _beside(here: dict[str, Sums], near: dict[str, Sums], far: dict[str, Sums]) -> dict[str, Sums]:
    """What the three say of each name, side by side."""
    none = (0, 0, 0, 0, 0, 0)
    return {
        name: (*here.get(name, none[:3]), *near.get(name, none), *far.get(name, none))
        for name in here.keys() | near.keys() | far.keys()
    }


def _least(chance: float, way: float, other: float) -> float:
    """What must speak for a label so that it has this ``chance``, by the weights of the ways through it and through O;
    a little less, for what is lost in rounding.
    """
    least = log(chance * other / way) - 1e-6 if chance > 0.0 else -inf
    return least if least > -_BOUND else -inf


class Model:
    """Says of tokens what they are. ``raw``: the artefact. Raises ``ModelFault``."""

    def __init__(self, raw: bytes, digest: str = SHA256) -> None:
        if hashlib.sha256(raw).hexdigest() != digest:
            raise ModelFault("the model of names is damaged: its SHA-256 is not the one of this release; reinstall")
        if raw[:4] != _MAGIC:
            raise ModelFault("the model of names is in another format")
        plain = zlib.decompress(raw[4:])
        first, *lists, rest = plain.split(b"\n", 7)
        head = json.loads(first)
        self._step = 1.0 / head["scale"]
        moves = [[exp(move) for move in row] for row in head["moves"]]
        self._moves = tuple(tuple(row) for row in moves)
        here, near, far, pairs, listed, often = [part.decode().split("\t") for part in lists]
        body = memoryview(rest)
        tables: list[dict[str, Sums]] = []
        at = 0
        for names, size in ((here, 3), (near, 6), (far, 6), (pairs, 3)):
            end = at + size * len(names)
            tables.append(dict(zip(names, struct.iter_unpack(f"{size}b", body[at:end]), strict=True)))
            at = end
        *each, joint = tables
        # What is asked for every new word, by what it is in the word: the word itself, its begins, its ends. What is
        # left is said of classes of words.
        self._said = _beside(*(_about("w", table) for table in each))
        self._begins = _about("p", each[0])
        ends = _beside(*(_about("s", table) for table in each))
        self._attributes = [{k: v for k, v in table.items() if k[0] not in "wps"} for table in each]
        self._ends = {look: {k[1:]: v[:9] for k, v in ends.items() if k[0] == look} for look in "lCA"}
        self._ends["m"] = self._ends["C"]
        self._rest: dict[tuple[str, int, str, int] | str, Other] = {}
        self._shared: dict[tuple[str, bool, bool, bool], Entry] = {}
        self._flags = dict(zip(listed, body[at:], strict=True))
        self._kinds: dict[str, int] = {}
        self._pairs: dict[int, Weights] = {}
        for attribute, (p, q, g) in joint.items():
            self._pairs[self._joint(attribute)] = (self._step * p, self._step * q, self._step * g)
        self._triples: dict[int, Weights] = {}
        self._words: dict[str, Entry] = {}
        self._islands: dict[tuple[float, ...], tuple[list[Entry], list[Run], list[tuple[int, float]]]] = {}
        self._chunks: dict[str, tuple[Entry, ...]] = {}
        self.edge = self._entry(words.EDGE)
        self._often = often
        self.forget()

    def _joint(self, attribute: str) -> int:
        """The classes in an attribute as one number."""
        joint = "BAT".index(attribute[0]) + 1
        for kind in attribute[1:].split(" "):
            joint = joint << 10 | self._kind(kind)
        return joint

    def _kind(self, kind: str) -> int:
        return self._kinds.setdefault(kind, len(self._kinds) + 1)

    def flags(self, word: str) -> int:
        """What training says that ``word``, in lower case, often is (``words.GIVEN`` and so on)."""
        return self._flags.get(word, 0)

    def _entry(self, word: str) -> Entry:
        """What all of ``words.attributes`` say, added up."""
        look = words.case(word)
        lower = words.lower(word)
        said = self._said.get(lower)
        flags = self._flags.get(lower, 0)
        common = flags & words.COMMON
        first = word[0]
        if look not in _LETTERS:
            other = self._rest.get(look) or self._other(word, 0, look)
            if said is not None or flags:
                return self._made(first, other, said or _NOTHING, common)
            # Nothing is known of the word but its class, as of most numbers.
            alike = (look, first.isalpha(), first.islower(), first.isupper())
            shared = self._shared.get(alike)
            if shared is None:
                shared = self._shared[alike] = self._made(first, other, _NOTHING, 0)
            return shared
        size = len(lower)
        about = (look, flags, words.function(lower), size if size < 9 else 9)
        other = self._rest.get(about) or self._other(word, flags, about)
        if look == "l" and flags == words.COMMON:
            return self._made(first, other, said or _NOTHING, common)
        begins, ends = self._begins.get, self._ends[look].get
        p, q, g, a, b, c, d, e, f, *far = said or _NOTHING
        for n in (1, 2, 3, 4) if size > 4 else range(1, size):
            if own := begins(lower[:n]):
                p += own[0]
                q += own[1]
                g += own[2]
            if own := ends(lower[-n:]):
                p += own[0]
                q += own[1]
                g += own[2]
        for n in (2, 3):  # what these say of the tokens beside it, too
            if own := ends(lower[-n:]):
                a += own[3]
                b += own[4]
                c += own[5]
                d += own[6]
                e += own[7]
                f += own[8]
        return self._made(first, other, (p, q, g, a, b, c, d, e, f, *far), common)

    def _other(self, word: str, flags: int, about: tuple[str, int, str, int] | str) -> Other:
        """A token's class, and what its attributes say but for the word itself, its begins and its ends: few classes of
        words differ in these.
        """
        *each, own = words.attributes(word, flags)
        sums: list[int] = []
        for table, attributes, size in zip(self._attributes, each, (3, 6, 6), strict=True):
            sums += _sum(size, [table[one] for one in attributes if one in table])
        found = self._rest[about] = (self._kind(own), tuple(sums))
        return found

    def _made(self, first: str, other: Other, said: Sums, common: int) -> Entry:
        """The entry of a token that begins with ``first``; whether it is a ``common`` word."""
        kind, (p, q, g, a, b, c, d, e, f, h, i, j, k, m, n) = other
        p2, q2, g2, a2, b2, c2, d2, e2, f2, h2, i2, j2, k2, m2, n2 = said
        step = self._step
        here = p, q, g = (p + p2) * step, (q + q2) * step, (g + g2) * step
        live = 0
        if (p > _CAPITAL_LIVES or q > _CAPITAL_LIVES) and first.isalpha():
            if first.isupper():
                live = LIVE if common else POINTS
            elif p > _LOWER_LIVES or q > _LOWER_LIVES or not first.islower():
                live = LIVE
        return (
            kind,
            live,
            here,
            ((a + a2) * step, (b + b2) * step, (c + c2) * step),
            ((d + d2) * step, (e + e2) * step, (f + f2) * step),
            ((h + h2) * step, (i + i2) * step, (j + j2) * step),
            ((k + k2) * step, (m + m2) * step, (n + n2) * step),
        )

    def entry(self, word: str) -> Entry:
        """What is known of one token."""
        found = self._words.get(word)
        if found is None:
            if len(self._words) >= _KEPT:
                self._words.clear()
            found = self._words[word] = self._entry(word)
        return found

    def _together(self, a: int, b: int, c: int) -> Weights:
        """What the classes of a token (``b``) and of its neighbours say together."""
        pairs = self._pairs.get
        x = pairs(1 << 20 | a << 10 | b, _NONE)
        y = pairs(2 << 20 | b << 10 | c, _NONE)
        z = pairs(3 << 30 | a << 20 | b << 10 | c, _NONE)
        if len(self._triples) >= _KEPT:
            self._triples.clear()
        found = (x[0] + y[0] + z[0], x[1] + y[1] + z[1], x[2] + y[2] + z[2])
        self._triples[a << 20 | b << 10 | c] = found
        return found

    def entries(self, text: str) -> list[Entry]:
        """One entry for each token of ``text`` (``words.spread``)."""
        return self.read(text)[0]

    def read(self, text: str) -> tuple[list[Entry], list[Line]]:
        """``entries``, and the lines in which they stand."""
        result: list[Entry] = []
        lines: list[Line] = []
        known = self._chunks.get
        extend = result.extend
        edge = (self.edge,)
        at = 0
        for line in text.splitlines(keepends=True):
            if result:
                extend(edge)
            if chunks := line.split():
                lines.append((len(result), at, line, chunks))
                for chunk in chunks:
                    extend(known(chunk) or self.chunk(chunk))
            at += len(line)
        return result, lines

    def places(self, lines: list[Line], tokens: Iterable[int]) -> dict[int, tuple[int, int]]:
        """Where these tokens of what was ``read`` begin and end in the text."""
        result: dict[int, tuple[int, int]] = {}
        counts = [line[0] for line in lines]
        together: dict[int, list[int]] = {}
        for token in sorted(tokens):
            together.setdefault(bisect_right(counts, token) - 1, []).append(token)
        for index, some in together.items():
            self._place(lines[index], some, result)
        return result

    def _place(self, line: Line, tokens: list[int], result: dict[int, tuple[int, int]]) -> None:
        """Add to ``result`` where ``tokens``, in their order, stand in ``line``."""
        count, at, string, chunks = line
        known = self._chunks.get
        bare = string.strip()
        # With one blank between all of them, as nearly always, the lengths say where each begins.
        is_even = len(bare) == sum(map(len, chunks)) + len(chunks) - 1
        starts = [] if is_even else [run.start() for run in _RUN.finditer(string)]
        start = at + string.find(bare)
        queue = iter(tokens)
        token = next(queue)
        for index, chunk in enumerate(chunks):
            first = count
            count += len(known(chunk) or self.chunk(chunk))
            if token < count:
                begin = start if is_even else at + starts[index]
                while token < count:
                    if count - first == 1:  # the whole: every sign is in a token
                        result[token] = (begin, begin + len(chunk))
                    else:
                        left, right = words.span(chunk, token - first)
                        result[token] = (begin + left, begin + right)
                    token = next(queue, -1)
                    if token < 0:
                        return
            start += len(chunk) + 1

    def chunk(self, chunk: str) -> tuple[Entry, ...]:
        """The entries of a run without blanks."""
        found = self._chunks.get(chunk)
        if found is None:
            known = self._words.get
            cut = (chunk,) if chunk.isalpha() and len(chunk) <= _LONG else words.tokens(chunk)
            found = tuple([known(word) or self.entry(word) for word in cut])
            if len(chunk) <= _LONG:
                if len(self._chunks) >= _KEPT:
                    self._chunks.clear()
                self._chunks[chunk] = found
        return found

    def runs(self, entries: list[Entry], high: float, low: float) -> tuple[list[Run], list[tuple[int, float]]]:
        """Neighbours that are likely a person or a place: each more than ``low``, one more than ``high`` (0 to 1). And
        the tokens that are a person with more than a chance in 250, whether in a run or not, with that chance.
        """
        lives = list(compress(count(), map(_LIVES, entries)))
        if not lives:
            return [], []
        edge = self.edge
        padded = [edge, edge, *entries, edge, edge]
        found: list[Run] = []
        maybe: list[tuple[int, float]] = []
        alone: list[int] = []
        start = behind = lives[0]
        for index in (*lives, len(padded) + 2):
            if index > behind + 2:
                if start == behind:
                    alone.append(start)
                else:
                    if alone:
                        self._alone(padded, alone, high, low, found, maybe)
                        alone = []
                    self._island(padded, start, behind + 1, high, low, found, maybe)
                start = index
            behind = index
        if alone:
            self._alone(padded, alone, high, low, found, maybe)
        return found, maybe

    def _island(
        self,
        padded: list[Entry],
        start: int,
        end: int,
        high: float,
        low: float,
        found: list[Run],
        maybe: list[tuple[int, float]],
    ) -> None:
        """Add the runs between tokens ``start`` and ``end``, which have O on both sides."""
        about = padded[start : end + 4]
        if end - start > _SHORT:
            runs, chances = self._judged(about, high, low)
        else:
            # By which entries they are: those that are kept here exist, so that no other has the same identity.
            key = (high, low, *map(id, about))
            kept = self._islands.get(key)
            if kept is None:
                kept = (about, *self._judged(about, high, low))
                if len(self._islands) >= _KEPT_ISLANDS:
                    self._islands.clear()
                self._islands[key] = kept
            _, runs, chances = kept
        for begin, behind, label, peak in runs:
            found.append(Run(start + begin, start + behind, label, peak))
        for index, chance in chances:
            maybe.append((start + index, chance))

    def _judged(self, about: list[Entry], high: float, low: float) -> tuple[list[Run], list[tuple[int, float]]]:
        """``runs`` in an island, which has two more tokens on both sides."""
        triples = self._triples.get
        least, most = -_BOUND, _BOUND
        (oo, op, ol, og), (po, pp, pl, pg), (lo, lp, ll, lg), (go, gp, gl, gg) = self._moves
        potentials: list[tuple[float, float, float]] = []
        forward: list[tuple[float, float, float, float]] = []
        o, p, q, g = 1.0, 0.0, 0.0, 0.0
        for two, one, here, next_, after in zip(about, about[1:], about[2:], about[3:], about[4:], strict=False):
            a, b, c = one[0], here[0], next_[0]
            x, y, z = triples(a << 20 | b << 10 | c) or self._together(a, b, c)
            hp, hq, hg = here[2]
            ip, iq, ig = one[3]
            jp, jq, jg = next_[4]
            kp, kq, kg = two[5]
            mp, mq, mg = after[6]
            up = hp + ip + jp + kp + mp + x
            uq = hq + iq + jq + kq + mq + y
            ug = hg + ig + jg + kg + mg + z
            ep = exp(most if up > most else least if up < least else up)
            el = exp(most if uq > most else least if uq < least else uq)
            eg = exp(most if ug > most else least if ug < least else ug)
            potentials.append((ep, el, eg))
            o, p, q, g = (
                o * oo + p * po + q * lo + g * go,
                (o * op + p * pp + q * lp + g * gp) * ep,
                (o * ol + p * pl + q * ll + g * gl) * el,
                (o * og + p * pg + q * lg + g * gg) * eg,
            )
            total = 1.0 / (o + p + q + g)
            o, p, q, g = o * total, p * total, q * total, g * total
            forward.append((o, p, q, g))
        # Backwards, from the O behind the island.
        bo, bp, bl, bg = oo, po, lo, go
        p *= bp
        q *= bl
        total = 1.0 / (o * bo + p + q + g * bg)
        people = [p * total]
        places = [q * total]
        for (o, p, q, g), (ep, el, eg) in zip(forward[-2::-1], potentials[:0:-1], strict=True):
            ep *= bp
            el *= bl
            eg *= bg
            bo, bp, bl, bg = (
                oo * bo + op * ep + ol * el + og * eg,
                po * bo + pp * ep + pl * el + pg * eg,
                lo * bo + lp * ep + ll * el + lg * eg,
                go * bo + gp * ep + gl * el + gg * eg,
            )
            total = 1.0 / (bo + bp + bl + bg)
            bo, bp, bl, bg = bo * total, bp * total, bl * total, bg * total
            p *= bp
            q *= bl
            total = 1.0 / (o * bo + p + q + g * bg)
            people.append(p * total)
            places.append(q * total)
        people.reverse()
        places.reverse()
        maybe = [(i, chance) for i, chance in enumerate(people) if chance > _MAYBE and about[i + 2][1]]
        found = []
        for label, likely in (("PERSON", people), ("LOCATION", places)):
            peak = max(likely)
            if peak < high:
                continue
            if min(likely) >= low:
                found.append(Run(0, len(likely), label, peak))
                continue
            begin = -1
            for index, chance in enumerate([*likely, 0.0]):
                if chance >= low:
                    if begin < 0:
                        begin = index
                elif begin >= 0:
                    peak = max(likely[begin:index])
                    if peak >= high:
                        found.append(Run(begin, index, label, peak))
                    begin = -1
        return found, maybe

    def _alone(
        self,
        padded: list[Entry],
        tokens: list[int],
        high: float,
        low: float,
        found: list[Run],
        maybe: list[tuple[int, float]],
    ) -> None:
        """``_island`` for each of ``tokens`` alone, as most islands are: no loop, and mostly no exponent."""
        triples = self._triples.get
        least, most = -_BOUND, _BOUND
        (oo, op, ol, og), (po, *_), (lo, *_), (go, *_) = self._moves
        # A chance is at most what speaks for it by what speaks for O.
        least_p = _least(min(_MAYBE, high), op * po, oo * oo)
        least_q = _least(high, ol * lo, oo * oo)
        for index in tokens:
            two, one, here, next_, after = padded[index : index + 5]
            a, b, c = one[0], here[0], next_[0]
            x = triples(a << 20 | b << 10 | c) or self._together(a, b, c)
            hp, hq, hg = here[2]
            ip, iq, ig = one[3]
            jp, jq, jg = next_[4]
            kp, kq, kg = two[5]
            mp, mq, mg = after[6]
            up = hp + ip + jp + kp + mp + x[0]
            uq = hq + iq + jq + kq + mq + x[1]
            if up < least_p and uq < least_q:
                continue
            ug = hg + ig + jg + kg + mg + x[2]
            ep = exp(most if up > most else least if up < least else up)
            el = exp(most if uq > most else least if uq < least else uq)
            eg = exp(most if ug > most else least if ug < least else ug)
            o, p, q, g = oo, op * ep, ol * el, og * eg
            total = 1.0 / (o + p + q + g)
            o, p, q, g = o * total * oo, p * total * po, q * total * lo, g * total * go
            total = 1.0 / (o + p + q + g)
            p *= total
            q *= total
            if p > _MAYBE:
                maybe.append((index, p))
            if p >= high and p >= low:
                found.append(Run(index, index + 1, "PERSON", p))
            if q >= high and q >= low:
                found.append(Run(index, index + 1, "LOCATION", q))

    def forget(self) -> None:
        """Forget the words met so far, but for those that come most often."""
        self._words.clear()
        self._chunks.clear()
        self._islands.clear()
        for word in self._often:
            self.chunk(word)

"""The trained model: a linear-chain CRF over the labels O, person, location, organisation, whose weights are summed by
word and kept.

A position's potentials are a sum of what the token says of itself, what each of the four around it says of it, and what
the classes of neighbours say together. The first two are computed once for each word and cached, so that a known text
costs additions. Tokens that nothing can make a name are settled as O beforehand; forward and backward run only over the
islands between them.
"""

import hashlib
import json
import struct
import zlib
from math import exp
from typing import Final, NamedTuple

from doorward.detection.names import words
from doorward.detection.names.digest import SHA256

_MAGIC: Final = b"DWN1"
_KEPT: Final = 16384
"""Words, and runs between blanks, that are kept; then all are forgotten at once."""
_LONG: Final = 40
_MAYBE: Final = 0.004
_BOUND: Final = 16.0
"""Potentials further from zero than this say nothing more, and their product must stay a number."""

Weights = tuple[float, float, float]
Entry = tuple[int, bool, Weights, Weights, Weights, Weights, Weights]
"""Class, may be (part of) a name, and its say: in itself, in the next token, in the one before, in the second next, in
the second before."""


class ModelFault(Exception):
    """The artefact is not the one that this release was made with."""


class Run(NamedTuple):
    """Tokens ``start`` to ``end`` (exclusive), and how likely the likeliest of them is a ``label``."""

    start: int
    end: int
    label: str
    peak: float


_NONE: Final[Weights] = (0.0, 0.0, 0.0)

# What a word must say for itself at least, to be looked at in its context. (Of the names in the development sentences
# 1 in 40 is below: lower-case words that are no name elsewhere.)
_LOWER_LIVES: Final = -1.5
_CAPITAL_LIVES: Final = -2.5


def _twice(weights: dict[str, tuple[int, ...]], attributes: list[str], step: float) -> tuple[Weights, Weights]:
    """The sums for the token behind (seen from there this one is before) and for the token before."""
    a = b = c = d = e = f = 0
    for attribute in attributes:
        if (own := weights.get(attribute)) is not None:
            a += own[0]
            b += own[1]
            c += own[2]
            d += own[3]
            e += own[4]
            f += own[5]
    return (a * step, b * step, c * step), (d * step, e * step, f * step)


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
        self._here: dict[str, tuple[int, ...]] = {}
        self._near: dict[str, tuple[int, ...]] = {}
        self._far: dict[str, tuple[int, ...]] = {}
        joint: dict[str, tuple[int, ...]] = {}
        at = 0
        for target, names, size in (
            (self._here, here, 3),
            (self._near, near, 6),
            (self._far, far, 6),
            (joint, pairs, 3),
        ):
            end = at + size * len(names)
            target.update(zip(names, struct.iter_unpack(f"{size}b", body[at:end]), strict=True))
            at = end
        self._flags = dict(zip(listed, body[at:], strict=True))
        self._kinds: dict[str, int] = {}
        self._pairs: dict[int, Weights] = {}
        for attribute, (p, q, g) in joint.items():
            self._pairs[self._joint(attribute)] = (self._step * p, self._step * q, self._step * g)
        self._triples: dict[int, Weights] = {}
        self._words: dict[str, Entry] = {}
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
        flags = self._flags.get(word.lower(), 0)
        here, near, far, own_kind = words.attributes(word, flags)
        step = self._step
        p = q = g = 0
        for attribute in here:
            if (own := self._here.get(attribute)) is not None:
                p += own[0]
                q += own[1]
                g += own[2]
        live = False
        if word[0].isalpha():
            live = max(p, q) * step > (_LOWER_LIVES if word[0].islower() else _CAPITAL_LIVES)
        kind = self._kind(own_kind)
        return (
            kind,
            live,
            (p * step, q * step, g * step),
            *_twice(self._near, near, step),
            *_twice(self._far, far, step),
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
        result: list[Entry] = []
        known = self._chunks
        extend = result.extend
        edge = (self.edge,)
        for line in text.splitlines():
            if result:
                extend(edge)
            for chunk in line.split():
                extend(known.get(chunk) or self.chunk(chunk))
        return result

    def chunk(self, chunk: str) -> tuple[Entry, ...]:
        """The entries of a run without blanks."""
        found = self._chunks.get(chunk)
        if found is None:
            found = tuple([self.entry(word) for word in words.tokens(chunk)])
            if len(chunk) <= _LONG:
                if len(self._chunks) >= _KEPT:
                    self._chunks.clear()
                self._chunks[chunk] = found
        return found

    def sizes(self, chunks: list[str]) -> list[int]:
        """How many tokens each of these runs without blanks has."""
        known = self._chunks
        return [len(known.get(chunk) or self.chunk(chunk)) for chunk in chunks]

    def runs(self, entries: list[Entry], high: float, low: float) -> tuple[list[Run], list[tuple[int, float]]]:
        """Neighbours that are likely a person or a place: each more than ``low``, one more than ``high`` (0 to 1). And
        the tokens that are a person with more than a chance in 250, whether in a run or not, with that chance.
        """
        lives = [index for index, entry in enumerate(entries) if entry[1]]
        if not lives:
            return [], []
        edge = self.edge
        padded = [edge, edge, *entries, edge, edge]
        found: list[Run] = []
        maybe: list[tuple[int, float]] = []
        start = behind = lives[0]
        for index in lives:
            if index > behind + 2:
                self._island(padded, start, behind + 1, high, low, found, maybe)
                start = index
            behind = index
        self._island(padded, start, behind + 1, high, low, found, maybe)
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
        triples = self._triples.get
        (oo, op, ol, og), (po, pp, pl, pg), (lo, lp, ll, lg), (go, gp, gl, gg) = self._moves
        potentials: list[tuple[float, float, float]] = []
        forward: list[tuple[float, float, float, float]] = []
        o, p, q, g = 1.0, 0.0, 0.0, 0.0
        for index in range(start, end):
            two, one, here, next_, after = padded[index : index + 5]
            a, b, c = one[0], here[0], next_[0]
            h, i, j, k, m = here[2], one[3], next_[4], two[5], after[6]
            x = triples(a << 20 | b << 10 | c) or self._together(a, b, c)
            up = h[0] + i[0] + j[0] + k[0] + m[0] + x[0]
            uq = h[1] + i[1] + j[1] + k[1] + m[1] + x[1]
            ug = h[2] + i[2] + j[2] + k[2] + m[2] + x[2]
            ep = exp(_BOUND if up > _BOUND else -_BOUND if up < -_BOUND else up)
            el = exp(_BOUND if uq > _BOUND else -_BOUND if uq < -_BOUND else uq)
            eg = exp(_BOUND if ug > _BOUND else -_BOUND if ug < -_BOUND else ug)
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
        people: list[float] = []
        places: list[float] = []
        for index in range(end - start - 1, -1, -1):
            o, p, q, g = forward[index]
            o, p, q, g = o * bo, p * bp, q * bl, g * bg
            total = 1.0 / (o + p + q + g)
            people.append(p * total)
            places.append(q * total)
            ep, el, eg = potentials[index]
            ep, el, eg = ep * bp, el * bl, eg * bg
            bo, bp, bl, bg = (
                oo * bo + op * ep + ol * el + og * eg,
                po * bo + pp * ep + pl * el + pg * eg,
                lo * bo + lp * ep + ll * el + lg * eg,
                go * bo + gp * ep + gl * el + gg * eg,
            )
            total = 1.0 / (bo + bp + bl + bg)
            bo, bp, bl, bg = bo * total, bp * total, bl * total, bg * total
        people.reverse()
        places.reverse()
        maybe += [
            (start + i, chance) for i, chance in enumerate(people) if chance > _MAYBE and padded[start + i + 2][1]
        ]
        for label, likely in (("PERSON", people), ("LOCATION", places)):
            if max(likely) < high:
                continue
            begin = -1
            for index, chance in enumerate([*likely, 0.0]):
                if chance >= low:
                    if begin < 0:
                        begin = index
                elif begin >= 0:
                    peak = max(likely[begin:index])
                    if peak >= high:
                        found.append(Run(start + begin, start + index, label, peak))
                    begin = -1

    def forget(self) -> None:
        """Forget the words met so far, but for those that come most often."""
        self._words.clear()
        self._chunks.clear()
        for word in self._often:
            self.chunk(word)

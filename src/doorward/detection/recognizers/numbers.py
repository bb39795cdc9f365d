"""Numbers that are told by how their digits are grouped: cards, social security and national identity numbers.

Groups of digits with one separator between them make a run. Each stretch of a run whose group lengths are those of a
known number is checked by that number's rules. Looking lengths up in a table costs the same for all kinds, and a long
run of near-matches costs a constant for each group. Which stretches there are depends on the lengths alone, and is
remembered.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from doorward.detection.recognizers.cards import is_card, issued, luhn
from doorward.detection.recognizers.checks import valid
from doorward.detection.recognizers.look import Candidate, Look
from doorward.detection.recognizers.paying import speaks_of_paying

_RUN: Final = re.compile(r"(?<!\w)[0-9]++(?:(?: - |  |[ ./-])[0-9]++)*+")
_PIECES: Final = re.compile(r"([0-9]+)([^0-9]*)")
_SHORTEST = 7  # digits
_SHAPE: Final = bytes.maketrans(b"123456789", b"000000000")
_DIGITS: Final = str.maketrans("", "", " ./-")
_SHAPES = 4096  # shapes that are remembered,
_REMEMBERED = 128  # and characters of one

# Score alone, with context, by its key.
Scores = tuple[float, float, float]


class Rule(NamedTuple):
    """``scores``: what a number of this form is, given its digits and separators; None: it is none. ``plain`` and
    ``grouped``: whether it can be one, without and with separators, where nothing speaks for it; that is cheaper to
    know than its check digits.
    """

    scores: Callable[[str, str], Scores | None]
    plain: bool = True
    grouped: bool = True


_STRONG: Final[Scores] = (0.9, 1.0, 1.0)
_WEAK: Final[Scores] = (0.4, 0.8, 0.95)
_HIDDEN: Final[Scores] = (0.0, 0.8, 0.95)  # as common as any number: not even a guess without context
_OTHER_CARD: Final[Scores] = (0.0, 0.7, 0.85)  # no range that we know, and somebody calls it a card
_KEY_ONLY: Final[Scores] = (0.0, 0.0, 0.7)  # the rules are broken, the key is sure


def _card_scores(digits: str, joints: str) -> Scores | None:
    if is_card(digits):
        return (0.9, 1.0, 1.0) if joints else (0.4, 0.85, 0.95)
    if luhn(digits):
        return _OTHER_CARD
    return _KEY_ONLY if len(digits) >= 13 and (issued(digits) or joints) else None


def _ssn_scores(digits: str, joints: str) -> Scores | None:
    """20 CFR 422.103; the Administration never gives out an area of 000, 666 or 9xx, group 00, serial 0000."""
    if len(digits) != 9:
        return _KEY_ONLY if len(digits) >= 7 else None  # a number of JSON has lost its zeros
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    if area in ("000", "666") or area[0] == "9" or group == "00" or serial == "0000":
        return _KEY_ONLY if digits.strip("0") else None
    if joints == "--":
        return (0.6, 0.85, 1.0)
    return (0.4, 0.8, 0.95) if joints else _HIDDEN


def _itin_scores(digits: str, joints: str) -> Scores | None:
    if digits[0] != "9" or not valid("US_ITIN", digits):  # of the first digit it is told where the other is a SSN
        return None
    return (0.4, 0.85, 1.0) if joints else _HIDDEN


def _older_nir_scores(digits: str, joints: str) -> Scores | None:
    """Thirteen digits, as on older papers: sex, year, month; no check digits."""
    if digits[0] in "12" and 1 <= int(digits[3:5]) <= 12:
        return _HIDDEN
    return None


def _nir_scores(digits: str, joints: str) -> Scores | None:
    """Sex (3, 4, 7 and 8: provisional), year, month (from 20 on: not known), place, order, 97's complement."""
    month = int(digits[3:5])
    if digits[0] in "123478" and (1 <= month <= 12 or 20 <= month <= 42 or month >= 50) and valid("FR_NIR", digits):
        return _STRONG
    return _KEY_ONLY


def _checked(entity: str, grouped: Scores, plain: Scores) -> Rule:
    def scores(digits: str, joints: str) -> Scores | None:
        if valid(entity, digits):
            return grouped if joints else plain
        return _KEY_ONLY

    return Rule(scores, plain=plain[0] > 0, grouped=grouped[0] > 0)


_card = Rule(_card_scores)
_ssn = Rule(_ssn_scores, plain=False)
_itin = Rule(_itin_scores, plain=False)
_nhs = _checked("UK_NHS", _WEAK, _HIDDEN)
_sin = _checked("CA_SIN", _WEAK, _HIDDEN)
_tfn = _checked("AU_TFN", _HIDDEN, _HIDDEN)
_bsn = _checked("NL_BSN", _WEAK, _HIDDEN)
_pesel = _checked("PL_PESEL", _HIDDEN, (0.4, 0.85, 1.0))
_german = _checked("DE_TAX_ID", _WEAK, _HIDDEN)
_cpf = _checked("BR_CPF", _STRONG, (0.4, 0.9, 1.0))
_aadhaar = _checked("IN_AADHAAR", _WEAK, _HIDDEN)
_nir = Rule(_nir_scores)
_nir_without_key = Rule(_older_nir_scores, plain=False, grouped=False)

_CARD = "CREDIT_CARD"
_FORMS: Final[dict[tuple[int, ...], tuple[tuple[str, Rule], ...]]] = {
    (4, 4, 4, 4): ((_CARD, _card),),
    (4, 6, 5): ((_CARD, _card),),
    (4, 6, 4): ((_CARD, _card),),
    (4, 4, 4, 4, 3): ((_CARD, _card),),
    (4, 4, 4, 4, 2): ((_CARD, _card),),
    (4, 4, 4, 1): ((_CARD, _card),),
    (4, 4, 5): ((_CARD, _card),),
    (6, 13): ((_CARD, _card),),
    (12,): ((_CARD, _card), ("IN_AADHAAR", _aadhaar)),
    (13,): ((_CARD, _card), ("FR_NIR", _nir_without_key)),
    (14,): ((_CARD, _card),),
    (15,): ((_CARD, _card), ("FR_NIR", _nir)),
    (16,): ((_CARD, _card),),
    (17,): ((_CARD, _card),),
    (18,): ((_CARD, _card),),
    (19,): ((_CARD, _card),),
    (3, 2, 4): (("US_SSN", _ssn), ("US_ITIN", _itin)),
    (7,): (("US_SSN", _ssn),),
    (8,): (("AU_TFN", _tfn), ("US_SSN", _ssn), ("NL_BSN", _bsn)),
    (9,): (("US_SSN", _ssn), ("US_ITIN", _itin), ("CA_SIN", _sin), ("NL_BSN", _bsn), ("AU_TFN", _tfn)),
    (3, 3, 3): (("CA_SIN", _sin), ("AU_TFN", _tfn), ("NL_BSN", _bsn)),
    (3, 3, 2): (("AU_TFN", _tfn),),
    (2, 3, 3): (("AU_TFN", _tfn),),
    (4, 2, 3): (("NL_BSN", _bsn),),
    (10,): (("UK_NHS", _nhs),),
    (3, 3, 4): (("UK_NHS", _nhs),),
    (11,): (("PL_PESEL", _pesel), ("BR_CPF", _cpf), ("DE_TAX_ID", _german)),
    (6, 5): (("PL_PESEL", _pesel),),
    (2, 3, 3, 3): (("DE_TAX_ID", _german),),
    (3, 3, 3, 2): (("BR_CPF", _cpf),),
    (9, 2): (("BR_CPF", _cpf),),
    (4, 4, 4): (("IN_AADHAAR", _aadhaar),),
    (1, 2, 2, 2, 3, 3, 2): (("FR_NIR", _nir),),
    (1, 2, 2, 2, 3, 3): (("FR_NIR", _nir_without_key),),
    (13, 2): (("FR_NIR", _nir),),
}
ENTITIES: Final = frozenset(entity for rules in _FORMS.values() for entity, _ in rules)
# What digits in a row can be where nothing speaks for them, by how many they are.
_UNSAID: Final = {
    form: tuple((entity, rule) for entity, rule in rules if rule.plain)
    for form, rules in _FORMS.items()
    if len(form) == 1
}
# What groups may make, by the lengths of the first two; the longest first.
_GROUPED: Final[dict[tuple[int, int], list[tuple[int, ...]]]] = {}
for _form in sorted(_FORMS, key=len, reverse=True):
    if len(_form) > 1:
        _GROUPED.setdefault((_form[0], _form[1]), []).append(_form)
_DOTTED: Final = frozenset(("BR_CPF", "NL_BSN", _CARD))
# In a long row of numbers only these are looked for: the others' check digits would fit somewhere by chance.
_STRONG_ONES: Final = frozenset((_CARD, "BR_CPF", "FR_NIR"))
_STRONG_FORMS: Final = {
    form: kept for form, rules in _FORMS.items() if (kept := tuple(rule for rule in rules if rule[0] in _STRONG_ONES))
}
_MANY = 16  # groups
# Groups may stand apart in two ways only where that is how the number is written.
_MIXED: Final = frozenset(("BR_CPF", "FR_NIR"))


def find(look: Look, spans: list[tuple[int, int]], out: list[Candidate]) -> None:
    """All numbers of the table in ``spans`` of the string, where digits stand close together."""
    string = look.string
    said = look.entity in ENTITIES or not ENTITIES.isdisjoint(look.hints)
    for begin, behind in spans:
        digits = string[begin:behind]
        if digits.isdigit():
            form = (behind - begin,)
            rules = _FORMS.get(form)
            if rules is not None and _opens(string, begin) and _closes(string, behind):
                # What speaks of one of them is known of all together.
                if not said and look.is_silent(begin, behind, _CARD):
                    rules = _UNSAID[form]
                for entity, rule in rules:
                    _judge(look, out, begin, behind, entity, rule, digits, ())
            continue
        shape = digits.encode().translate(_SHAPE)
        if begin and string[begin - 1] == "_":
            shape = b"_" + shape
            begin -= 1
        for one in _stretches(shape) if len(shape) <= _REMEMBERED else _stretches.__wrapped__(shape):
            start, end = begin + one.start, begin + one.end
            if (one.first and not _opens(string, start)) or (one.last and not _closes(string, end)):
                continue
            number = string[start:end]
            if one.joints:
                number = number.translate(_DIGITS)
            for entity, rule in one.rules:
                _judge(look, out, start, end, entity, rule, number, one.joints)


class _Stretch(NamedTuple):
    """Where in a shape the groups of a known number stand, what is between them, and what it may be. ``first`` and
    ``last``: no other group of its run is before it, or behind.
    """

    start: int
    end: int
    joints: tuple[str, ...]
    first: bool
    last: bool
    rules: tuple[tuple[str, Rule], ...]


@lru_cache(_SHAPES)
def _stretches(raw: bytes) -> tuple[_Stretch, ...]:
    """What stands free in digits that are close together, whatever the digits: of a text's many times, amounts and
    addresses most have the same few shapes, and no number in them.
    """
    shape = raw.decode()
    found: list[_Stretch] = []
    for run in _RUN.finditer(shape):
        start, end = run.span()
        if end - start < _SHORTEST:
            continue
        groups: list[tuple[int, int]] = []
        joints: list[str] = []
        for piece in _PIECES.finditer(shape, start, end):
            groups.append(piece.span(1))
            joints.append(piece[2])
        joints.pop()
        found += _in_run(groups, joints)
    return tuple(found)


def _in_run(groups: list[tuple[int, int]], joints: list[str]) -> Iterator[_Stretch]:
    known = _STRONG_FORMS if len(groups) > _MANY else _FORMS
    lengths = [end - start for start, end in groups]
    pairs = [*pairwise(lengths), (lengths[-1], 0)]
    for first, pair in enumerate(pairs):
        forms = _GROUPED.get(pair)
        alone = (pair[0],)
        if forms is None and alone not in known:
            continue
        if first and not joints[first - 1].isspace():
            continue
        for form in (*forms, alone) if forms is not None else (alone,):
            behind = first + len(form)
            rules = known.get(form)
            if rules is None or (len(form) > 1 and tuple(lengths[first:behind]) != form):
                continue
            if behind < len(groups) and not joints[behind - 1].isspace():
                continue
            inner = tuple(joints[first : behind - 1])
            yield _Stretch(groups[first][0], groups[behind - 1][1], inner, not first, behind == len(groups), rules)


def _opens(string: str, start: int) -> bool:
    """Whether a number may begin at ``start``: it is not the rest of a decimal, a path or an amount."""
    if not start:
        return True
    before = string[start - 1]
    if before == "-":
        return start > 1 and string[start - 2].isspace()
    return before not in "+/\\$€£¥@.%" or string[start - 2 : start] == "//"


def _closes(string: str, end: int) -> bool:
    """Whether a number may end at ``end``."""
    following = string[end : end + 1]
    if not following:
        return True
    if following.isalnum() or following in "_%@":
        return False
    behind = string[end + 1 : end + 2]
    return not (following in ".-/:" and behind.isalnum())


def _judge(
    look: Look,
    out: list[Candidate],
    start: int,
    end: int,
    entity: str,
    rule: Rule,
    number: str,
    inner: tuple[str, ...],
) -> None:
    card = entity == _CARD
    if look.quiet and not card and look.entity != entity:
        return
    if inner and look.entity != entity:
        uneven = len(set(inner)) > 1
        if "/" in inner or (uneven and entity not in _MIXED):
            return
        # One point may be that of a fraction, two are not; others than these need a word for it.
        if "." in inner and entity not in _DOTTED and (len(inner) < 2 or not look.level(entity, start, end)):
            return
    # Where the form alone makes it nothing, what is said around it is asked before the check digits.
    if not (rule.grouped if inner else rule.plain) and look.entity != entity and not look.level(entity, start, end):
        return
    scores = rule.scores(number, "".join(inner))
    if scores is None:
        return
    alone, context, key = scores
    if look.entity == entity:
        score, why = key, "key"
    elif context and alone < 0.85 and (alone or not look.quiet) and look.level(entity, start, end):
        score, why = context, "context"
    elif look.quiet:
        score, why = (alone, "") if alone >= 0.85 else (0.0, "")
    elif alone and alone < 0.85 and look.doubtful(entity, start):
        score, why = min(alone, 0.3), "doubtful"
    else:
        score, why = alone, ""
        if card and 0 < alone < 0.5 and speaks_of_paying(look, start, end):
            score, why = 0.6, "paying"
    if score:
        name = entity.lower()
        out.append(Candidate(start, end, entity, score, name + "+" + why if why else name))

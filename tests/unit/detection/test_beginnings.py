"""Where a form is tried it finds what it finds when it is tried everywhere, and it is tried in few places."""

import json
import re
from collections.abc import Callable, Iterator
from random import Random
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import pytest
from bench.detection import payloads
from hypothesis import given
from hypothesis import strategies as st

from doorward.detection import people, places
from doorward.detection.anchors import found
from doorward.detection.beginnings import LETTER, UPPER, Beginnings, Together, anycase, begun, padded

FORMS: list[tuple[str, re.Pattern[str], Callable[..., Iterator[re.Match[str]]], Beginnings]] = [
    *(
        (f"{module.__name__.rpartition('.')[2]}-{form[1]}-{at}", form[0], form[-1], beginnings)
        for module, beginnings in (
            (people, people._BEGINNINGS._each),
            (places, (*places._BEGINNINGS._each, places._NUMBERS)),
        )
        for at, (form, beginnings) in enumerate(zip(module._FORMS, beginnings, strict=True))
    ),
    ("people-mailbox", people._MAILBOX, lambda _, *rest: people._mailboxes(*rest), people._BRACKETS),
    ("places-english", places._ENGLISH, begun, places._STREETS),
]
ODD = "  \n\t,.-'\"/<(@>?09AZazéÖßşŁłжİıſKẞ²ªµ\u0301’–"


class Sampler:
    """Texts that an expression matches, most of the time: what it says of what stands beside them is not heeded."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._groups: dict[int, str] = {}

    def sample(self, form: re.Pattern[str]) -> str:
        return "".join(self._of(item, form.flags) for item in _parser.parse(form.pattern, form.flags & re.I))

    def _of(self, item: tuple[Any, Any], flags: int) -> str:
        kind, value = item
        choice = self._random.choice
        if kind is op.LITERAL:
            said = chr(value)
            ways = [said]
            if flags & re.I:
                ways += [c for c in (said.upper(), said.lower(), "ı", "İ", "ſ", "\u212a", "ẞ") if len(c) == 1]
            said = choice([c for c in ways if re.fullmatch(re.escape(said), c, flags & re.I)])
            return said
        if kind is op.NOT_LITERAL or kind is op.ANY:
            return choice("aB 0-")
        if kind is op.IN:
            return self._member(value, flags)
        if kind is op.BRANCH:
            return self._all(choice(value[1]), flags)
        if kind is op.SUBPATTERN:
            group, add, remove, inside = value
            said = self._all(inside, (flags | add) & ~remove)
            if group is not None:
                self._groups[group] = said
            return said
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            least, most, inside = value
            return "".join(
                self._all(inside, flags) for _ in range(self._random.randint(least, min(int(most), least + 3)))
            )
        if kind is op.ATOMIC_GROUP:
            return self._all(value, flags)
        if kind is op.GROUPREF_EXISTS:
            group, yes, no = value
            return self._all(yes if self._groups.get(group) else no or [], flags)
        assert kind in (op.ASSERT, op.ASSERT_NOT, op.AT), kind
        return ""

    def _all(self, items: Any, flags: int) -> str:
        return "".join(self._of(item, flags) for item in items)

    def _member(self, items: list[tuple[Any, Any]], flags: int) -> str:
        negated = items[0][0] is op.NEGATE
        if negated:  # only of letters: [^\W\d_]
            return self._random.choice("abcdefgABCXYZéÖßşŁжІ王ªµ²")
        kind, value = self._random.choice(items)
        if kind is op.LITERAL:
            return chr(value)
        if kind is op.RANGE:
            return chr(self._random.randint(*value))
        return self._random.choice({op.CATEGORY_DIGIT: "0479٣", op.CATEGORY_WORD: "ab0_éж"}.get(value, " "))


def spans(matches: Iterator[re.Match[str]]) -> list[tuple[tuple[int, int], ...]]:
    return [match.regs for match in matches]


@pytest.mark.parametrize(("form", "tried", "beginnings"), [form[1:] for form in FORMS], ids=[form[0] for form in FORMS])
def test_a_form_is_found_as_if_it_were_tried_everywhere(
    form: re.Pattern[str], tried: Callable[..., Iterator[re.Match[str]]], beginnings: Beginnings
) -> None:
    heard = 0
    judged = places._JAPAN if form is places._JAPANESE else None
    for seed in range(200):
        random = Random(seed)
        sampler = Sampler(random)
        string = "".join(
            sampler.sample(form) if random.random() < 0.7 else random.choice(ODD)
            for _ in range(random.randrange(1, 5))
            for _ in range(2)
        )
        if random.random() < 0.5:
            at = random.randrange(len(string) + 1)
            string = string[:at] + random.choice(ODD) + string[at + random.randrange(2) :]
        cuts = sorted(random.randrange(len(string) + 1) for _ in range(2))
        after = random.choice((0, 9, len(string)))
        cursor = beginnings.of(padded(string))
        for begin, behind in ((0, cuts[0]), (cuts[0], cuts[1]), (cuts[1], len(string))):
            region = begin, behind, min(len(string), behind + after)
            everywhere = spans(found(form, string, region))
            if judged is not None and not any(judged(string[span[0][0] : span[0][1]]) for span in everywhere):
                continue  # of what has nothing Japanese nothing is kept
            assert spans(tried(form, string, region, cursor)) == everywhere, (string, region)
            heard += len(everywhere)
    assert heard > 20


def test_letters_are_folded_to_these_beyond_latin_1_alone() -> None:
    """What ``anycase`` takes for granted."""
    beyond = "".join(map(chr, range(0x100, 0x110000)))
    for letter in "abcdefghijklmnopqrstuvwxyz":
        assert bool(re.search(letter, beyond, re.I)) is (letter in "iks")


@pytest.mark.parametrize("said", ["kiss", "KISS", "\u212aiss", "kıss", "KİSS", "kiſs", "größe", "GRÖSSE", "GRÖẞE"])
def test_words_in_any_case(said: str) -> None:
    words = "kiss|größe"
    expected = re.search(words, said, re.I) is not None
    assert (Beginnings(f"(?s:.){anycase(words)}").of(padded(said)).next(0) == 0) is expected


@pytest.mark.parametrize(
    ("octets", "characters"), [(LETTER, r"[^\W\d_]"), (UPPER, people._UPPER), (UPPER, places._UPPER)]
)
def test_classes_are_not_narrower_than_those_of_the_forms(octets: str, characters: str) -> None:
    lines = "\n".join(re.findall(characters, "".join(map(chr, range(0x110000)))))
    cursor = Beginnings(f"\n{octets}").of(padded(lines))
    assert all(cursor.next(at) == at for at in range(0, len(lines), 2))


@given(st.text("ab ?\n", max_size=40), st.sets(st.integers(0, 40)))
def test_a_cursor_names_the_next(string: str, asked: set[int]) -> None:
    cursor = Beginnings("[^b]a+").of(padded(string))
    for position in sorted(at for at in asked if at <= len(string)):
        match = re.compile("(?<!b)a+").search(string, position)
        assert cursor.next(position) == (match.start() if match else len(string) + 1)
        assert match is None or cursor.end == match.end()


@pytest.mark.parametrize(("string", "firsts"), [("", []), ("c", []), ("ca", [1, 3]), ("cba", [4, 1])])
def test_beginnings_of_which_there_is_none_are_not_asked_for(string: str, firsts: list[int]) -> None:
    cursors = Together(Beginnings("ca"), Beginnings("[cb]b")).of(padded(string))
    assert [cursor.next(0) for cursor in cursors] == firsts


class Tries:
    """How often forms are tried, at one character or at each of several."""

    def __init__(self) -> None:
        self.count = 0

    def of(self, form: Any) -> Any:
        return Counted(form, self)


class Counted:
    def __init__(self, form: Any, tries: Tries) -> None:
        self._form = form
        self._tries = tries

    def match(self, string: str, begin: int, end: int) -> Any:
        self._tries.count += 1
        return self._form.match(string, begin, end)

    def search(self, string: str, begin: int, end: int) -> Any:
        match = self._form.search(string, begin, end)
        self._tries.count += 1 + (end if match is None else match.start()) - begin
        return match

    def finditer(self, string: str, begin: int, end: int) -> Any:
        self._tries.count += end - begin
        return self._form.finditer(string, begin, end)


@pytest.mark.parametrize(("make", "names"), [(payloads.contacts(20), 100), (payloads.mails(20), 80)])
def test_lists_of_contacts_do_not_try_every_form_at_every_line(
    make: Callable[[Random], bytes], names: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = Tries()
    for module in (people, places):
        monkeypatch.setattr(module, "_FORMS", tuple((tries.of(form[0]), *form[1:]) for form in module._FORMS))
    monkeypatch.setattr(people, "_MAILBOX", tries.of(people._MAILBOX))
    monkeypatch.setattr(places, "_ENGLISH", tries.of(places._ENGLISH))
    string = json.loads(make(Random(1)))["result"]["content"][0]["text"]
    found = people.in_prose(string) + places.in_prose(string)
    assert len(found) > names
    assert tries.count < 4 * len(found)

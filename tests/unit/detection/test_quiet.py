"""Texts in which nothing fires: which are not looked into, what is found in them all the same, and what opens them."""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from time import monotonic
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorward.core.finding import Finding
from doorward.core.leaf import Document
from doorward.core.ports import Detector
from doorward.detection import split
from doorward.detection.custom import Custom, Pattern
from doorward.detection.quiet import LEAST, MOST, Quiet
from doorward.detection.walk import leaves
from doorward.detectors.names import Names
from doorward.detectors.patterns import Patterns
from doorward.detectors.secrets import Secrets
from doorward.gateway.scanning import Detectors
from doorward.stages.inspect import texts

PATTERNS, SECRETS = Patterns(Patterns.Options()), Secrets(Secrets.Options())
FOUND = Detectors([PATTERNS, SECRETS])
WITH_NAMES = Detectors([PATTERNS, SECRETS, Names(Names.Options())])

PROSE = "the cache keeps what was read before and drops the oldest part first\n" * 12
CODE = "def close(self):\n    for item in self._items:\n        item.close()\n    width: int = 640\n" * 6
LOG = "".join(f"2026-07-1{at % 10} 10:00:0{at % 10} INFO took {at} ms\n" for at in range(24))
QUIET = [PROSE, CODE, LOG]
MAIL = "mail to runa.velsing@example.com"
ANN = {"name": "Ann Lee", "email": "ann.lee@example.com"}


def blocks(*strings: str) -> dict[str, Any]:
    return {"result": {"content": [{"type": "text", "text": string} for string in strings]}}


def structured(value: Any) -> dict[str, Any]:
    return {"result": {"content": [], "structuredContent": value}}


def findings(message: Any, detectors: Detectors, direction: str = "results") -> list[Finding]:
    detectors.quiet(b"{}", direction)  # as the gateway asks first: the pass is compiled from then on
    return detectors.findings(partial(texts, message), direction, 60.0, monotonic() + 60)


class Open(Detectors):
    """Looks into all texts."""

    def _quiet(self, direction: str) -> Quiet | None:
        return None


OPENED = {FOUND: Open([PATTERNS, SECRETS]), WITH_NAMES: Open([PATTERNS, SECRETS, Names(Names.Options())])}


def told(message: Any, detectors: Detectors = FOUND) -> Quiet:
    """What is quiet in a message."""
    detectors.quiet(b"{}", "results")
    quiet = detectors._quiet("results")
    assert quiet is not None
    leaves(texts(message), quiet=quiet)
    return quiet


def quiet_leaves(message: Any, detectors: Detectors = FOUND) -> list[str]:
    detectors.quiet(b"{}", "results")
    return [leaf.text.string for leaf in leaves(texts(message), quiet=detectors._quiet("results")) if leaf.quiet]


def test_nothing_is_quiet_where_nobody_asked_for_the_pass() -> None:
    """To compile it takes seconds: ``doorward inspect`` has no use for it."""
    detectors = Detectors([PATTERNS, SECRETS])
    assert detectors._quiet("results") is None
    detectors.quiet(b"{}", "results")
    assert detectors._quiet("results") is not None


@pytest.mark.parametrize("string", QUIET)
def test_a_long_text_in_which_nothing_fires_is_not_looked_into(string: str) -> None:
    message = blocks(MAIL, string)
    assert quiet_leaves(message) == [string]
    whole = leaves(texts(message), quiet=FOUND._quiet("results"))
    assert sum(leaf.text.string is string or leaf.text.string == string for leaf in whole) == 1
    assert [one.read for one in findings(message, FOUND)] == ["runa.velsing@example.com"]


@pytest.mark.parametrize(
    "string",
    [
        PROSE[: LEAST - 1],
        PROSE + MAIL,
        PROSE + "caf\u00e9",
        PROSE + "or +44 20 7946 0018\n",
        PROSE + "\nkind,state,colour\n1,open,red\n2,done,blue\n3,open,blue\n",
        PROSE + '{"city": "Graz", "state": ["open"]}',
        json.dumps({"a": PROSE}),
        f"<p>{PROSE}</p>",
        f"```\n{PROSE}```\n",
        f"INSERT INTO t (a, b) VALUES ('1', '2');\n{PROSE}",
        CODE.replace("640", "'\\d'"),
        CODE + "q=a+b&c=d\n",
        "width: wide\n" * 50,
        CODE + "first: Graz\n",
    ],
)
def test_a_text_of_which_that_is_not_sure_is_looked_into(string: str) -> None:
    assert quiet_leaves(blocks(MAIL, string)) == []


def test_of_several_those_in_which_nothing_fires() -> None:
    assert quiet_leaves(blocks(PROSE, LOG + "or +44 20 7946 0018\n", CODE)) == [PROSE, CODE]


def test_what_may_have_to_be_looked_through_twice_is_not_large() -> None:
    small, large = ({"rows": [{"k": "v-1 w"} for _ in range(rows)]} for rows in (600, 7000))
    for other, shut in ((small, 1), (large, 0)):
        message = {**blocks(CODE, LOG), "_meta": other}
        assert len(told(message).shut) == shut
        assert LOG in quiet_leaves(message), "this is as it would have been"


def test_a_few_texts_are_asked_about_together_and_not_all_of_very_many() -> None:
    asked: list[int] = []

    def fires(raw: bytes) -> bool:
        asked.append(len(raw))
        return False

    quiet = Quiet(fires)
    found = leaves(texts(blocks(*[f"{at} {LOG}" * 16 for at in range(80)])), quiet=quiet)
    assert sum(leaf.quiet and leaf.start == 0 for leaf in found) == 64
    assert max(asked) < 1.2 * MOST
    assert len(asked) < 20


def test_a_text_under_a_name_that_says_what_it_holds_is_looked_into() -> None:
    assert quiet_leaves(structured({"log": PROSE})) == [PROSE]
    assert quiet_leaves(structured({"customer": PROSE})) == []
    assert quiet_leaves(structured({"password": PROSE})) == []


def test_a_detector_that_does_not_know_of_them_sees_into_every_text() -> None:
    class Seen:
        name, heavy, triggers, directions = "seen", False, ["zebra"], frozenset({"results"})
        strings: Sequence[str] = ()

        def detect(self, document: Document) -> list[Finding]:
            self.strings = [leaf.string for leaf in document.leaves]
            return []

    seen: Detector = Seen()
    findings(blocks(MAIL, CODE), Detectors([PATTERNS, seen]))
    assert "int = 640" in seen.strings  # type: ignore[attr-defined]


def test_the_patterns_of_the_user_are_looked_for_in_every_text() -> None:
    detectors = Detectors([PATTERNS, Custom([Pattern(entity="WIDTH", regex="^int = 640$")])])
    assert "WIDTH" in {one.entity for one in findings(blocks(MAIL, CODE), detectors)}


def same(message: Any, detectors: Detectors = FOUND) -> list[tuple[str, int, str, str]]:
    """The findings, which are those of all texts opened."""
    found = findings(message, detectors)
    assert found == findings(message, OPENED[detectors])
    return [(one.text.pointer, one.start, one.read, one.rule) for one in found]


def test_who_was_found_elsewhere_is_found_in_a_quiet_text() -> None:
    bare = PROSE + "and Ann Lee asked\n"
    shut = CODE + "and Ann Lee asked\n"
    for string in (bare, shut):
        message = blocks(json.dumps([ANN]), string)
        assert quiet_leaves(message) == [string]
        assert ("/result/content/1/text", string.index("Ann"), "Ann Lee", "name+record+same") in same(message)


def test_who_stands_beside_a_quiet_text_is_known_in_it() -> None:
    message = structured({"name": "Runa Velsing", "email": "runa@velsing.example", "note": PROSE + "ring at Runa's\n"})
    assert len(quiet_leaves(message)) == 1
    assert "person+mention" in [rule for _, _, _, rule in same(message)]


def test_a_column_that_a_shut_text_has_a_value_in_opens_it() -> None:
    message = blocks(json.dumps(ANN), CODE + "\nname: Kim\n")
    assert len(told(message).shut) == 1
    assert "Kim" in [read for _, _, read, _ in same(message)]


def test_what_is_found_around_a_shut_text_opens_it() -> None:
    message = structured({"first_name": "Rosa", "log": CODE + "\ncity: Graz\n"})
    assert len(told(message).shut) == 1
    assert [read for _, _, read, _ in same(message)] == ["Rosa", "Graz"]


@pytest.mark.parametrize(
    ("end", "begin", "reached"),
    [
        ("with 555", "7 0134", True),
        ("with ab1", "c then", True),
        ("with", "a word", False),
        ("with", "word", True),  # and over it to the next one, perhaps
        ("with 555\n", "7 0134", False),
        ("with 555.", "Then", False),
    ],
)
def test_what_goes_on_from_a_shut_text_opens_it(end: str, begin: str, reached: bool) -> None:
    message = blocks(MAIL, f"{CODE}\n{end}", begin)
    quiet = FOUND._quiet("results")
    assert quiet is not None
    found = leaves(texts(message), quiet=quiet)
    assert split.reaches(found, quiet.shut) is reached
    assert len(quiet.shut) == 1
    same(message)


def test_a_name_known_in_full_elsewhere_opens_a_shut_text() -> None:
    message = blocks("Yesterday Hanna Okafor asked me to wait.", CODE + "\npane = 'Hanna'\n")
    assert len(told(message, WITH_NAMES).shut) == 1
    assert "names-again" in [rule for _, _, _, rule in same(message, WITH_NAMES)]


def test_a_label_that_may_be_the_name_around_goods_opens_a_shut_text() -> None:
    title = json.dumps({"item": {"title": "Hanna Okafor"}})
    message = blocks(title, CODE + "\nitem:\n  - price= 12\n")
    assert len(told(message, WITH_NAMES).shut) == 1
    same(message, WITH_NAMES)
    assert [read for _, _, read, _ in same(blocks(title, CODE), WITH_NAMES)] == ["Hanna Okafor"]


# --- any messages -----------------------------------------------------------------------------------------------------

WORDS = [
    "Kim",
    "Graz",
    "Rosa",
    "Lee",
    "kim",
    "graz",
    "open",
    "draft",
    "Sam",
    "Osaka",
    "12",
    "main",
    "ok",
    "Ivo",
    "tea",
    "Rossi",
    "A-12",
]
LABELS = [
    "name",
    "title",
    "owner",
    "city",
    "label",
    "value",
    "status",
    "contact",
    "last",
    "from",
    "author",
    "id",
    "card",
    "amount",
    "by",
    "note",
    "state",
    "price",
]
LINES = st.one_of(
    st.sampled_from([*PROSE.splitlines()[:1], *CODE.splitlines()[:4], *LOG.splitlines()[:2], ""]),
    st.builds(
        "{}{}: {}".format, st.sampled_from(["", "- ", "  ", "  - "]), st.sampled_from(LABELS), st.sampled_from(WORDS)
    ),
    st.builds("f({}={}, {}='{}')".format, *[st.sampled_from(kind) for kind in (LABELS, WORDS, LABELS, WORDS)]),
    st.builds("{}:\n  {}: {}".format, st.sampled_from(LABELS), st.sampled_from(LABELS), st.sampled_from(WORDS)),
    st.builds("the {} of {} waits".format, st.sampled_from(LABELS), st.sampled_from(WORDS)),
)
LONG = st.builds(
    lambda filler, lines, end: filler + "\n".join(lines) + end,
    st.sampled_from([PROSE, CODE, LOG]),
    st.lists(LINES, max_size=8),
    st.sampled_from(["", "\n", ".", " 12", " x"]),
)
PERSON = st.fixed_dictionaries(
    {"email": st.sampled_from(["rosa.lee@example.com", "k.sam@example.org"])},
    optional={
        "name": st.sampled_from(["Rosa Lee", "Ivo Rossi"]),
        "owner": st.sampled_from(WORDS),
        "title": st.sampled_from(WORDS),
        "city": st.sampled_from(["Graz", "Osaka"]),
        "card": st.sampled_from(["4111111111111111", "12"]),
    },
)
BLOCKS = st.one_of(
    LONG,
    LONG,
    PERSON.map(json.dumps),
    st.lists(PERSON, min_size=1, max_size=3).map(json.dumps),
    PERSON.map(lambda one: "\n".join(f"{name}: {value}" for name, value in one.items())),
    st.sampled_from([MAIL, "call +44 20 7946 0018", "Kim", "34 1234"]),
)


def composed(strings: list[str], person: dict[str, str], name: str, way: int) -> Any:
    if way == 0:
        return structured({**person, **{f"{name}{at}": string for at, string in enumerate(strings)}})
    if way == 1:
        return structured({"items": [{**person, name: string} for string in strings]})
    if way == 2:
        return structured({name: strings, "pairs": [[name, string] for string in strings]})
    if way == 3:
        return blocks(json.dumps({**person, name: strings[0]}), *strings[1:])
    return {**blocks(*strings), "_meta": person} if way == 4 else blocks(*strings)


def _messages() -> Iterator[Any]:
    yield st.lists(BLOCKS, min_size=2, max_size=5)
    yield st.one_of(PERSON, st.just({"id": "7"}))
    yield st.sampled_from(["log", "note", "body", "text", "value", "name"])
    yield st.integers(0, 8)


@pytest.mark.parametrize("detectors", [FOUND, WITH_NAMES], ids=["patterns", "names"])
def test_findings_are_the_same_whether_quiet_texts_are_looked_into_or_not(detectors: Detectors) -> None:
    @settings(max_examples=150, deadline=None)
    @given(st.builds(composed, *_messages()), st.sampled_from(["results", "arguments"]))
    def holds(message: Any, direction: str) -> None:
        assert findings(message, detectors, direction) == findings(message, OPENED[detectors], direction)

    holds()

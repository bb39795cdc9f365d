"""Every format is found where it stands, and not a little beside it. Tokens are made of parts, never written."""

import random
import re
from functools import cache
from pathlib import Path

import pytest

from doorward.detection.secrets import formats, search
from doorward.detection.secrets.formats import ALPHABETS, FORMATS, Format

_BY_PREFIX = {row.prefix: row for row in FORMATS}


@cache
def _letters(inside: str) -> str:
    return "".join(chr(c) for c in range(33, 127) if re.fullmatch(f"[{inside}]", chr(c)))


def _drawn(expression: str, rng: random.Random, size: int | None = None) -> str:
    """Something that an expression of the table matches: brackets, groups, counts and literals are all it has."""
    out: list[str] = []
    at = 0
    while at < len(expression):
        if expression[at] == "[":
            close = expression.index("]", at)
            letters, at = _letters(expression[at + 1 : close]), close + 1
            piece = [letters]
        elif expression[at] == "(":
            depth, close = 0, at
            while True:
                depth += {"(": 1, ")": -1}.get(expression[close], 0)
                if depth == 0:
                    break
                close += 1
            inner, at = expression[at + 3 : close], close + 1
            depth, branches, start = 0, [], 0
            for index, char in enumerate(inner):
                depth += {"(": 1, ")": -1}.get(char, 0)
                if char == "|" and depth == 0:
                    branches.append(inner[start:index])
                    start = index + 1
            branches.append(inner[start:])
            piece = [branches[0]]
            count = re.match(r"\{(\d+)(?:,(\d+))?\}|\?", expression[at:])
            times = 1 if count is None or count[0] == "?" else int(count[1])
            at += len(count[0]) if count is not None else 0
            out += [_drawn(piece[0], rng) for _ in range(times)]
            continue
        else:
            at += expression[at] == "\\"
            piece = [expression[at]]
            at += 1
        count = re.match(r"\{(\d+)(?:,(\d+))?\}\+?|\?", expression[at:])
        times = 1 if count is None or count[0] == "?" else int(count[1])
        at += len(count[0]) if count is not None else 0
        out += [rng.choice(piece[0]) for _ in range(times)]
    return "".join(out)


def _token(row: Format, seed: int = 1) -> str:
    rng = random.Random(f"{row.prefix}{seed}")
    for _ in range(200):
        token = _drawn(row.lead, rng) + row.prefix + _drawn(formats.body(row), rng)
        body = token[len(row.prefix) :]
        if any(c.isdigit() for c in body) and token[-1].isalnum():
            return token
    raise AssertionError(row.prefix)


def _found(string: str) -> list[tuple[str, str]]:
    return [(hit.kind, string[hit.start : hit.end]) for _, hit in search.find([string])]


@pytest.mark.parametrize("prefix", list(_BY_PREFIX))
def test_found(prefix: str) -> None:
    token = _token(_BY_PREFIX[prefix])
    for around in ("%s", "use %s now", '{"v":"%s"}', "a=%s\n", "é %s é"):
        assert token in [value for _, value in _found(around % token)], around


@pytest.mark.parametrize("prefix", list(_BY_PREFIX))
def test_score(prefix: str) -> None:
    token = _token(_BY_PREFIX[prefix])
    best = max(hit.score for _, hit in search.find([token]))
    assert best >= 0.95


@pytest.mark.parametrize("prefix", [row.prefix for row in FORMATS if row.most and not row.lead])
def test_one_too_short(prefix: str) -> None:
    row = _BY_PREFIX[prefix]
    token = _token(row)[: len(row.prefix) + row.least - 1]
    assert row.kind not in [kind for kind, _ in _found(token)]


@pytest.mark.parametrize(
    "prefix", [row.prefix for row in FORMATS if row.most == row.least and row.most and not row.lead]
)
def test_one_too_long(prefix: str) -> None:
    row = _BY_PREFIX[prefix]
    token = _token(row)
    assert row.kind not in [kind for kind, _ in _found(token + token[-1])]


@pytest.mark.parametrize("prefix", [row.prefix for row in FORMATS if row.most and not row.lead])
def test_other_alphabet(prefix: str) -> None:
    row = _BY_PREFIX[prefix]
    token = _token(row)
    middle = len(row.prefix) + row.least // 2
    assert token not in [value for _, value in _found(token[:middle] + "~" + token[middle + 1 :])]


@pytest.mark.parametrize("prefix", [row.prefix for row in FORMATS if row.most and not row.lead])
def test_placeholder(prefix: str) -> None:
    row = _BY_PREFIX[prefix]
    for filling in ("x", "your-token-here-", "EXAMPLE"):
        token = prefix + (filling * 200)[: row.least]
        assert not _found(token), filling


@pytest.mark.parametrize("prefix", [row.prefix for row in FORMATS if not row.lead and row.prefix[0].isalnum()])
def test_inside_of_a_word(prefix: str) -> None:
    row = _BY_PREFIX[prefix]
    token = _token(row)
    assert (row.kind, token) not in _found("Z" + token)


def test_single_spaces_inside() -> None:
    token = "ghp_" + "aB3dE5gH7" + "Kq9mW2xZ4" + "Tn6vP8cL1" + "yR0sJ5bF3"
    spaced = re.sub("([0-9])(?=.)", r"\1 ", token)
    assert ("github-token", spaced) in _found("it is " + spaced)


def test_a_sentence_after_a_prefix() -> None:
    assert not _found("ghp_ is what tokens begin with and they go on for 36 characters of which none 1 2 3 is here")


def test_table() -> None:
    prefixes = [row.prefix for row in FORMATS]
    assert len(prefixes) == len(set(prefixes))
    assert sum(row.documented for row in FORMATS) >= 100
    assert all(row.alphabet in ALPHABETS and row.kind and row.vendor for row in FORMATS)


def test_documentation_has_the_table() -> None:
    text = (Path(__file__).parents[4] / "docs" / "secrets.md").read_text("utf-8")
    rows = [line for line in text.split("\n") if line.endswith(("| yes |", "| from use |"))]
    assert rows == [formats.described(row) for row in FORMATS]

"""The user's own patterns."""

import pytest

from doorward.core.errors import DetectorFault
from doorward.core.finding import Text
from doorward.core.leaf import Document, Leaf
from doorward.detection.custom import Custom, Pattern


def document(*strings, check=lambda: None):
    return Document([Leaf(Text("/p", string), string) for string in strings], check=check)


def test_everything_that_a_pattern_fits_is_found():
    custom = Custom(
        [Pattern(entity="BADGE", regex="E-[0-9]{4}", score=0.7), Pattern(entity="ROOM", regex="(?i)room \\d+")]
    )
    found = custom.detect(document("E-1234 in Room 7 and E-9999", "none", "ä E-0001"))
    assert [(f.entity, f.read, f.score, f.detector) for f in found] == [
        ("BADGE", "E-1234", 0.7, "patterns.custom"),
        ("BADGE", "E-9999", 0.7, "patterns.custom"),
        ("ROOM", "Room 7", 0.85, "patterns.custom"),
        ("BADGE", "E-0001", 0.7, "patterns.custom"),
    ]
    assert [f.text.string[f.start : f.end] for f in found] == [f.read for f in found]


@pytest.mark.parametrize(
    ("regex", "problem"),
    [
        ("(", "RE2 does not take it"),
        ("(?=x)", "RE2 does not take it"),
        ("(a)\\1", "RE2 does not take it"),
        ("x{5000}", "RE2 does not take it"),
        ("\ud800", "RE2 does not take it"),
        ("", "empty string"),
        ("a*", "empty string"),
        ("\\b", "empty string"),
        ("^", "empty string"),
        ("x|$", "empty string"),
        ("a" * 4097, "longer than 4096"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused_by_name(regex, problem):
    with pytest.raises(ValueError, match=problem) as refused:
        Custom([Pattern(entity="GOOD", regex="good"), Pattern(entity="BAD", regex=regex)])
    assert "inspect.patterns[1] (BAD)" in str(refused.value)


@pytest.mark.parametrize(
    ("entity", "score", "problem"), [("", 0.5, "entity"), ("E", 1.5, "score"), ("E", -0.1, "score")]
)
def test_entities_and_scores_are_checked(entity, score, problem):
    with pytest.raises(ValueError, match=problem):
        Custom([Pattern(entity=entity, regex="x", score=score)])


def test_too_many_findings_make_the_message_unscanned():
    custom = Custom([Pattern(entity="E", regex="[0-9]")])
    assert len(custom.detect(document("1" * 10_000))) == 10_000
    with pytest.raises(DetectorFault):
        custom.detect(document("1" * 10_001))


def test_the_clock_is_looked_at_between_matches():
    class Late(Exception):
        pass

    def check():
        raise Late

    with pytest.raises(Late):
        Custom([Pattern(entity="E", regex="x")]).detect(document("x", check=check))
    looks = []
    Custom([Pattern(entity="E", regex="x")]).detect(document("x" * 1000, check=lambda: looks.append(1)))
    assert len(looks) > 10


def test_a_lone_surrogate_stops_nothing():
    found = Custom([Pattern(entity="E", regex="E-[0-9]")]).detect(document("\ud800 E-1"))
    assert [(f.start, f.end) for f in found] == [(2, 5)]

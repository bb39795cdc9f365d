"""A user's file in gitleaks' format: what of it is applied, told and refused."""

import pytest

from doorward.detection.secrets.gitleaks import Unsupported, entropy, load

RULE = """
[[rules]]
id = "acme"
regex = '''acme_([a-z0-9]{8})'''
"""


def _found(text: str, string: str) -> list[str]:
    return [string[hit.start : hit.end] for _, hit in load(text).find([string], lambda: None)]


def test_rule() -> None:
    rules = load(RULE)
    (index, hit), *more = rules.find(["nothing", "x acme_ab12cd34 y"], lambda: None)
    assert (index, hit.start, hit.end, hit.kind, hit.score) == (1, 7, 15, "acme", 0.9)
    assert not more
    assert rules.triggers == ("acme_([a-z0-9]{8})",)


def test_secret_group() -> None:
    text = """
[[rules]]
id = "pair"
regex = '''(user)=(\\w+)'''
secretGroup = 2
"""
    assert _found(text, "user=abc") == ["abc"]


def test_without_group_the_first_that_took_part() -> None:
    assert _found("[[rules]]\nid='a'\nregex='''(x1)?(y2)'''", "y2 is") == ["y2"]
    assert _found("[[rules]]\nid='a'\nregex='''(x1)?(yy22)'''", "yy22") == ["yy22"]


def test_keywords() -> None:
    text = RULE + 'keywords = ["Corp"]\n'
    assert _found(text, "acme_ab12cd34") == []
    assert _found(text, "CORP acme_ab12cd34") == ["ab12cd34"]
    assert _found(text, "corp" + " " * 5000 + "acme_ab12cd34") == []
    assert load(text).triggers == ("(?i:corp)",)


def test_keywords_close_together_find_once() -> None:
    assert _found(RULE + 'keywords = ["acme", "corp"]\n', "corp acme_ab12cd34 corp") == ["ab12cd34"]


def test_entropy() -> None:
    text = RULE + "entropy = 2.5\n"
    assert _found(text, "acme_aaaaaaaa") == []
    assert _found(text, "acme_ab12cd34") == ["ab12cd34"]
    assert entropy("") == 0
    assert entropy("abcd") == 2


@pytest.mark.parametrize(
    ("allow", "string", "found"),
    [
        ("stopwords = ['AB12']", "acme_ab12cd34", False),
        ("stopwords = ['zz']", "acme_ab12cd34", True),
        ("regexes = ['^ab']", "acme_ab12cd34", False),
        ("regexes = ['^acme']", "acme_ab12cd34", True),
        ("regexes = ['^acme']\nregexTarget = 'match'", "acme_ab12cd34", False),
        ("regexes = ['noscan']\nregexTarget = 'line'", "noscan\nacme_ab12cd34", True),
        ("regexes = ['noscan']\nregexTarget = 'line'", "a\nacme_ab12cd34 # noscan\nb", False),
        ("condition = 'AND'\nregexes = ['^ab']\nstopwords = ['zz']", "acme_ab12cd34", True),
        ("condition = 'AND'\nregexes = ['^ab']\nstopwords = ['cd']", "acme_ab12cd34", False),
        ("condition = 'AND'\nregexes = ['^ab']\npaths = ['x']", "acme_ab12cd34", True),
    ],
)
@pytest.mark.parametrize("table", ["[[rules.allowlists]]", "[rules.allowlist]", "[[allowlists]]", "[allowlist]"])
def test_allowlists(table: str, allow: str, string: str, found: bool) -> None:
    assert bool(_found(f"{RULE}{table}\n{allow}\n", string)) is found


def test_allowlist_of_some_rules() -> None:
    text = f"{RULE}[[allowlists]]\ntargetRules = ['other']\nstopwords = ['ab']\n"
    assert _found(text, "acme_ab12cd34") == ["ab12cd34"]


def test_notices() -> None:
    text = RULE + "[[rules]]\nid='p'\nregex='x'\npath='y'\n[allowlist]\npaths=['z']\ncommits=['c']\n[odd]\na=1\n"
    notices = " ".join(load(text).notices)
    assert "'p'" in notices
    assert "paths and commits" in notices
    assert "'odd'" in notices


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("not toml [", "not TOML"),
        ("title = 'x'", "no [[rules]]"),
        ("[[rules]]\nregex='x'", "rule 1 has no id"),
        ("[[rules]]\nid='a'", "'a' has no regex"),
        ("[[rules]]\nid='a'\nregex='(?<=x)y'", "'a'"),
        ("[[rules]]\nid='a'\nregex='(x'", "RE2"),
        ("[[rules]]\nid='a'\nregex='x'\nsecretGroup=1", "secretGroup"),
        ("[[rules]]\nid='a'\nregex='x'\nentropy='high'", "entropy"),
        ("[[rules]]\nid='a'\nregex='x'\nkeywords='k'", "keywords"),
        ("[[rules]]\nid='a'\nregex='x'\n[[rules.required]]\nid='b'", "depend"),
        ("[[rules]]\nid='a'\nregex='x'\n[[rules]]\nid='a'\nregex='y'", "twice"),
        ("[[rules]]\nid='a'\nregex='x'\npath='y'", "no rule concerns content"),
        ("[extend]\nuseDefault=true\n" + RULE, "[extend]"),
        (RULE + "[[rules.allowlists]]\ncondition='XOR'\nregexes=['x']", "AND nor OR"),
        (RULE + "[[rules.allowlists]]\nregexTarget='file'\nregexes=['x']", "regexTarget"),
        (RULE + "[[rules.allowlists]]\nregexes=['(']", "RE2"),
        (RULE + "allowlists = ['x']", "no table"),
    ],
)
def test_refused(text: str, says: str) -> None:
    with pytest.raises(Unsupported) as refused:
        load(text)
    assert says in str(refused.value)

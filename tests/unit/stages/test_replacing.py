import hashlib
import hmac
import re

import pytest

from doorward.core.finding import Finding, Text
from doorward.stages.replacing import Replacements, styled

KEY = b"k"


def at(pointer: str, shown: str, entity: str = "E", score: float = 1.0, **more: object) -> Finding:
    """A finding that is the whole of a text."""
    text = Text(pointer, shown, bool(more.pop("key", False)), bool(more.get("number")))
    return Finding(text, 0, len(shown), entity, score, "d", **more)  # type: ignore[arg-type]


def made(findings: list[Finding], style: str = "placeholder", raw: bytes = b"") -> list[str]:
    table = Replacements(findings, {"default": style}, KEY, raw)
    return [table.of(finding) for finding in findings]


@pytest.mark.parametrize(
    ("style", "value", "expected"),
    [
        ("placeholder", "4111", "<E>"),
        ("mask", "4111", "****"),
        ("last4", "41111234", "****1234"),
        ("last4", "1234", "****"),
        ("last4", "", ""),
        ("last4", 'abcdef"\\é1', "*********1"),
        ("hash", "4111", f"<E:{hmac.new(KEY, b'4111', hashlib.sha256).hexdigest()[:16]}>"),
        ("hash", "4-111", f"<E:{hmac.new(KEY, b'4111', hashlib.sha256).hexdigest()[:16]}>"),
    ],
)
def test_styles(style: str, value: str, expected: str) -> None:
    assert styled(value, "E", style, KEY) == expected


def test_the_style_of_the_entity_goes_before_the_default() -> None:
    table = Replacements([at("/a", "41111234")], {"E": "last4", "default": "mask"}, KEY)
    assert table.of(at("/a", "41111234")) == "****1234"


def test_a_style_is_of_the_value_as_it_is_meant() -> None:
    assert made([at("/a", "MTIzNDU2", value="123456")], "last4") == ["**3456"]


def test_an_entity_s_name_cannot_break_what_it_stands_in() -> None:
    assert made([at("/a", "x", 'My "own"|<b>')]) == ["<My__own___b_>"]


@pytest.mark.parametrize(
    "spellings",
    [
        ["Jane@Shop.org", " jane@shop.org", "JANE@SHOP.ORG"],
        ["219-09-9999", "219 09 9999", "219099999"],
        ["Jane  Roe", "JANE ROE"],
    ],
)
@pytest.mark.parametrize("style", ["hash", "placeholder"])
def test_spellings_of_one_value_have_one_replacement(spellings: list[str], style: str) -> None:
    assert len(set(made([at(f"/{n}", one) for n, one in enumerate(spellings)], style))) == 1


def test_other_values_have_other_ones() -> None:
    assert len(set(made([at("/a", "jane@shop.org"), at("/b", "roe@shop.org")], "hash"))) == 2
    assert len(set(made([at("/a", "aB3", "SECRET"), at("/b", "ab3", "SECRET")], "hash"))) == 2


def test_the_surest_detector_names_a_value_everywhere() -> None:
    assert made([at("/a", "x1", "A", 0.6), at("/b", "x1", "B", 0.9), at("/c", "x1", "C", 0.8)]) == ["<B>"] * 3


def test_a_value_that_is_a_number_somewhere_has_the_same_digits_everywhere() -> None:
    number, text, other = made(
        [at("/a", "219099999", number=True), at("/b", "219-09-9999"), at("/c", "x@y.z")],
    )
    assert re.fullmatch(r"[1-9]\d{8}", number)
    assert text.replace("-", "") == number
    assert other == "<E>"


def test_a_number_within_a_token_is_no_number_of_the_message() -> None:
    finding = Finding(Text("/a", "MjE5MDk5OTk5"), 0, 12, "E", 1.0, "d", value="219099999", number=True)
    assert made([finding]) == ["<E>"]


class TestNames:
    def test_each_value_its_own_and_everywhere_the_same(self) -> None:
        found = [at("/t", "a2"), at("/a1", "a1", key=True), at("/a2", "a2", key=True), at("/x/a2", "a2", key=True)]
        assert made(found) == ["<E_2>", "<E>", "<E_2>", "<E_2>"]

    def test_inside_json_inside_text(self) -> None:
        text = Text("/t", '{"a1":1,"a2":2}')
        found = [Finding(text, 2, 4, "E", 1.0, "d", name=True), Finding(text, 9, 11, "E", 1.0, "d", name=True)]
        assert made(found) == ["<E>", "<E_2>"]

    def test_two_spellings_in_one_object(self) -> None:
        found = [at("/A@b.c", "A@b.c", key=True), at("/a@b.c", "a@b.c", key=True), at("/t", "a@b.c")]
        assert made(found) == ["<E>", "<E_2>", "<E_2>"]

    def test_two_spellings_in_two_objects_stay_one_value(self) -> None:
        assert made([at("/x/A@b.c", "A@b.c", key=True), at("/y/a@b.c", "a@b.c", key=True)]) == ["<E>", "<E>"]

    @pytest.mark.parametrize("raw", [b'{"<E>":1}', rb'{"\u003cE\u003E":1}', rb'{"t":"{\"\\u003cE>\":1}"}'])
    def test_what_is_a_name_already(self, raw: bytes) -> None:
        assert made([at("/a1", "a1", key=True)], raw=raw) == ["<E_2>"]

    @pytest.mark.parametrize("style", ["mask", "last4", "hash", "surrogate"])
    def test_in_every_style(self, style: str) -> None:
        names = made([at(f"/{n}1234", f"{n}1234", key=True) for n in "abcdefghij"], style)
        assert len(set(names)) == 10

    def test_more_values_than_there_are_surrogates(self) -> None:
        names = made([at(f"/{n}", str(n), key=True) for n in range(10)], "surrogate")
        assert len(set(names)) == 10

    def test_many_are_no_work(self) -> None:
        names = made([at(f"/{n}", f"u{n}@x.io", key=True) for n in range(3000)])
        assert names[-1] == "<E_3000>"


def test_harder_goes_through_the_forms_and_ends() -> None:
    finding = at("/a", "GB29NWBK60161331926819", "IBAN_CODE")
    table = Replacements([finding], {}, KEY)
    seen = [table.of(finding)]
    while table.harder([finding]):
        seen.append(table.of(finding))
    assert seen[0] == "<IBAN_CODE>"
    assert len(set(seen)) == len(seen) == 5
    assert not table.harder([])


def test_harder_keeps_names_apart() -> None:
    found = [at("/a", "a", key=True), at("/b", "b", key=True)]
    table = Replacements(found, {}, KEY)
    while table.harder(found):
        assert table.of(found[0]) != table.of(found[1])

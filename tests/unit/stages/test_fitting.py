import json
from collections.abc import Callable, Sequence
from typing import Any

import jsonschema_rs
import pytest

from doorward.core.finding import Finding, Text
from doorward.stages.fitting import Problem, fit

KEY = b"k"
PLACE = "/result/structuredContent"


def problems_of(schema: Any) -> Callable[[bytes], Sequence[Problem]]:
    validator = jsonschema_rs.validator_for(schema, validate_formats=True, offline=True)

    def problems(raw: bytes) -> Sequence[Problem]:
        errors = validator.iter_errors(json.loads(raw)["result"]["structuredContent"])
        return [Problem(PLACE + "".join(f"/{step}" for step in e.instance_path), e.kind.name) for e in errors]

    return problems


def message(structured: Any, text: str = "") -> bytes:
    content = [{"type": "text", "text": text}]
    return json.dumps(
        {"jsonrpc": "2.0", "id": 1, "result": {"content": content, "structuredContent": structured}}
    ).encode()


def at(path: str, shown: str, entity: str = "E", key: bool = False, number: bool = False) -> Finding:
    return Finding(Text(PLACE + path, shown, key, number), 0, len(shown), entity, 1.0, "d", number=number, name=key)


def fitted(schema: Any, structured: Any, findings: list[Finding], text: str = "") -> Any:
    problems = problems_of(schema)
    out = fit(message(structured, text), findings, {}, KEY, problems)
    assert not problems(out)
    return json.loads(out)["result"]


FORMATS = [
    ("email", "jane@shop.org", "EMAIL_ADDRESS"),
    ("date", "1987-03-12", "DATE_OF_BIRTH"),
    ("date-time", "1987-03-12T10:00:00Z", "DATE_TIME"),
    ("uuid", "0b5f3c1e-9a7d-4c2b-8e1f-77aa01bc23de", "ACCOUNT_ID"),
    ("uri", "https://shop.org/jane", "URL"),
    ("uri", "data:text/plain;base64,MjE5LTA5LTk5OTk=", "US_SSN"),
    ("hostname", "db7.shop.org", "HOSTNAME"),
    ("ipv4", "10.1.2.3", "IP_ADDRESS"),
    ("ipv6", "2a00:1450::8a", "IP_ADDRESS"),
]


@pytest.mark.parametrize(("kind", "value", "entity"), FORMATS)
def test_a_format_is_kept(kind: str, value: str, entity: str) -> None:
    schema = {"properties": {"a": {"type": "string", "format": kind}}}
    assert fitted(schema, {"a": value}, [at("/a", value, entity)])["structuredContent"]["a"] != value


def test_part_of_a_value_with_a_format() -> None:
    text = Text(PLACE + "/a", "mailto:jane@shop.org")
    found = Finding(text, 7, 20, "EMAIL_ADDRESS", 1.0, "d")
    out = fitted({"properties": {"a": {"format": "uri"}}}, {"a": text.string}, [found])["structuredContent"]["a"]
    assert out.startswith("mailto:")
    assert "jane" not in out


@pytest.mark.parametrize(
    ("rule", "value", "entity"),
    [
        ({"pattern": r"^\d{3}-\d{2}-\d{4}$"}, "219-09-9999", "US_SSN"),
        ({"pattern": "^GB[0-9]{2}[A-Z]{4}[0-9]{14}$"}, "GB29NWBK60161331926819", "IBAN_CODE"),
        ({"pattern": r"^\+49 [0-9 ]+$"}, "+49 30 9018 2000", "PHONE_NUMBER"),
        ({"pattern": "^sk_[a-z]+_[A-Za-z0-9]{12}$"}, "sk_live_" + "9aB4" * 3, "SECRET"),
        ({"pattern": "^[A-Z][a-z]+ [A-Z][a-z]+$"}, "Jane Roe", "PERSON"),
        ({"minLength": 8, "maxLength": 8}, "Jane Roe", "PERSON"),
        ({"maxLength": 6, "format": "email"}, "a@b.co", "EMAIL_ADDRESS"),
        ({"contentEncoding": "base64", "pattern": "^[A-Za-z0-9+/]+=*$"}, "MjE5LTA5LTk5OTk=", "US_SSN"),
        ({"anyOf": [{"format": "email"}, {"pattern": "^[0-9]+$"}]}, "jane@shop.org", "EMAIL_ADDRESS"),
    ],
)
def test_a_rule_for_strings_is_kept(rule: dict[str, Any], value: str, entity: str) -> None:
    schema = {"properties": {"a": {"type": "string", **rule}}}
    assert fitted(schema, {"a": value}, [at("/a", value, entity)])["structuredContent"]["a"] != value


def test_a_number_stays_in_its_range() -> None:
    schema = {"properties": {"a": {"type": "integer", "minimum": 219000000, "maximum": 219999999}}}
    out = fitted(schema, {"a": 219099999}, [at("/a", "219099999", "US_SSN", number=True)])
    assert out["structuredContent"]["a"] != 219099999


def test_what_the_schema_leaves_free_is_a_placeholder() -> None:
    schema = {"properties": {"a": {"format": "email"}, "b": {"type": "string"}}}
    found = [at("/a", "jane@shop.org"), at("/b", "Jane Roe", "PERSON")]
    assert fitted(schema, {"a": "jane@shop.org", "b": "Jane Roe"}, found)["structuredContent"]["b"] == "<PERSON>"


def test_the_text_says_the_same() -> None:
    text = Text("/result/content/0/text", "mail jane@shop.org")
    found = [at("/a", "jane@shop.org"), Finding(text, 5, 18, "E", 1.0, "d")]
    out = fitted({"properties": {"a": {"format": "email"}}}, {"a": "jane@shop.org"}, found, text.string)
    assert out["content"][0]["text"] == "mail " + out["structuredContent"]["a"]


def test_elements_that_must_differ_do() -> None:
    schema = {"properties": {"a": {"type": "array", "uniqueItems": True}}}
    out = fitted(schema, {"a": ["Jane Roe", "Joan Doe"]}, [at("/a/0", "Jane Roe"), at("/a/1", "Joan Doe")])
    assert len(set(out["structuredContent"]["a"])) == 2


def test_names_and_what_is_below_them() -> None:
    member = {"type": "object", "properties": {"mail": {"format": "email"}}}
    schema = {
        "patternProperties": {"^[a-z/]+@[a-z.]+$|^[a-z0-9]+@example.invalid$": member},
        "additionalProperties": False,
    }
    found = [
        at("/j~1r@shop.org", "j/r@shop.org", key=True),
        at("/x@shop.org", "x@shop.org", key=True),
        at("/x@shop.org/mail", "x@shop.org"),
    ]
    out = fitted(schema, {"j/r@shop.org": {}, "x@shop.org": {"mail": "x@shop.org"}}, found)["structuredContent"]
    assert len(out) == 2
    assert list(out)[1] == out[list(out)[1]]["mail"]


MEMBERS = {"additionalProperties": {"properties": {"mail": {"format": "email"}, "n": {"type": "string"}}}}


def test_below_a_name_that_is_replaced() -> None:
    found = [at("/a@b.co", "a@b.co", key=True), at("/a@b.co/mail", "x@shop.org"), at("/a@b.co/n", "y@shop.org")]
    out = fitted(MEMBERS, {"a@b.co": {"mail": "x@shop.org", "n": "y@shop.org"}}, found)["structuredContent"]
    assert out["<E>"]["n"] == "<E>"


def test_what_did_not_fit_before_below_a_name_that_is_replaced() -> None:
    raw = message({"a@b.co": {"n": 5, "mail": "none"}})
    assert b'{"<E>": {"n"' in fit(raw, [at("/a@b.co", "a@b.co", key=True)], {}, KEY, problems_of(MEMBERS))


@pytest.mark.parametrize("keyword", ["propertyNames", "additionalProperties"])
def test_rules_for_names(keyword: str) -> None:
    rule = {"propertyNames": {"format": "email"}}
    if keyword == "additionalProperties":
        rule = {"patternProperties": {"^[a-z0-9]+@": {}}, "additionalProperties": False}  # type: ignore[dict-item]
    out = fitted(rule, {"a@b.co": "Jane"}, [at("/a@b.co", "a@b.co", key=True), at("/a@b.co", "Jane", "PERSON")])
    assert list(out["structuredContent"].values()) == ["<PERSON>"]


@pytest.mark.parametrize("rule", [{"enum": ["a@b.co", "c@d.ef"]}, {"const": "a@b.co"}, {"pattern": "^a@b[.]co$"}])
def test_what_cannot_fit_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        fitted({"properties": {"a": rule}}, {"a": "a@b.co"}, [at("/a", "a@b.co")])


def test_what_did_not_fit_before_is_not_our_doing() -> None:
    schema = {"properties": {"a": {"type": "string"}, "b": {"format": "email"}}}
    raw = message({"a": "Jane", "b": "none"})
    assert b'"<E>"' in fit(raw, [at("/a", "Jane")], {}, KEY, problems_of(schema))


def test_a_problem_that_nothing_found_explains_is_refused() -> None:
    def problems(raw: bytes) -> Sequence[Problem]:
        return [Problem("/result", "depth")] if b"<E>" in raw else []

    with pytest.raises(ValueError):
        fit(b'{"x":"Jane"}', [Finding(Text("/x", "Jane"), 0, 4, "E", 1.0, "d")], {}, KEY, problems)

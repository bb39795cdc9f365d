"""The whole of it: bounds, order, cache, and that no message can hold a candidate without a trigger."""

import gc
import json
import re
from itertools import pairwise

import hypothesis
import hypothesis.strategies as st
import pytest
import re2
from tests.unit.detection.recognizers import numbering as make

from doorward.detection import beside, dates, fields, people, places
from doorward.detection.keys import NOTHING, Key, classify
from doorward.detection.recognizers import ADDRESS_TRIGGERS, TRIGGERS, Candidate, candidates
from doorward.detection.recognizers import all as all_of_them
from doorward.detection.recognizers.mere import is_mere, is_mute

NAMES = ["phone", "ssn", "card", "account", "email", "order_id", "notes", "iban", "passport", "nhs", "x"]
PIECES = [
    "415-555-0132", "(415) 555-0132", "+14155550132", "020 7946 0958", "4111 1111 1111 1111", "4111111111111111",
    "123-45-6789",
    "DE89 3704 0044 0532 0130 00", "DE89370400440532013000", "jo@example.org", "AB 12 34 56 C",
    "RSSMRA85T10A562S", "529.982.247-25",
    "1 85 05 78 006 084 91", "185057800608491", "ACCT-00123456", "12.345.678-Z", "(11) 91234-5678",
    "00 44 20 7946 0958",
    make.luhn("37112233445566"), "612 345 678", "943 476 5919", "0171/9424594",
    "07700 900123", '"jo doe"@example.com', "01 42 68 53 00", "A/C-00112233",
]  # fmt: skip
TEXT = st.text(alphabet=st.sampled_from("0123456789 -./()+@:#,\n\t\"'aAbBzZ_äx½Ⅷ\u200b"), max_size=80)
LINES = st.lists(
    st.sampled_from([*PIECES, " ", "\n", "\t", ", ", "x", "-", "/", '"', ".", "call ", "no. ", "é"]), max_size=8
).map("".join)


@hypothesis.settings(deadline=None)
@hypothesis.given(st.one_of(TEXT, LINES, st.text(max_size=60)), st.sampled_from(NAMES), st.booleans())
def test_whatever_the_text_candidates_lie_in_it_in_order(string, name, ips):
    found = candidates(string, classify((name,)), frozenset(), ips)
    before = 0
    for candidate in found:
        assert before <= candidate.start < candidate.end <= len(string)
        assert 0 < candidate.score <= 1
        assert candidate.entity
        assert candidate.rule
        before = candidate.start
    strong = [c for c in found if c.score >= 0.5]
    for one, other in pairwise(strong):
        if one.end > other.start:
            assert (one.score, one.end - one.start) == (other.score, other.end - other.start)


FIRES = [re2.compile(expression) for expression in TRIGGERS]


def fires(raw):
    return any(expression.search(raw) for expression in FIRES)


def hides(raw):
    """What fires by itself: anything that is not plain ASCII, and escapes."""
    return not raw.isascii() or b"\\u" in raw


def in_messages(string):
    inner = json.dumps({"k": string}, ensure_ascii=False)
    yield json.dumps({"t": string}, ensure_ascii=False).encode()
    yield json.dumps({"t": "a " + string + " b"}, ensure_ascii=False).encode()
    yield json.dumps({"t": inner}, ensure_ascii=False).encode()
    yield json.dumps({"t": string}, ensure_ascii=False).replace("/", "\\/").encode()


@hypothesis.settings(max_examples=400, deadline=None)
@hypothesis.given(st.one_of(TEXT, LINES))
def test_without_a_trigger_nothing_can_count_by_itself(string):
    counted = [c for c in candidates(string, NOTHING, frozenset()) if c.score >= 0.4]
    alone = [c for c in counted if "+" not in c.rule]
    if not alone:
        return
    for raw in in_messages(string):
        assert hides(raw) or fires(raw), (string, alone)


@pytest.mark.parametrize("string", PIECES)
def test_each_form_fires(string):
    assert [c for c in candidates(string, NOTHING, frozenset(), False) if c.score >= 0.4]
    for raw in in_messages(string):
        assert fires(raw)


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-22T10:00:00Z", "2026-11-22T10:00:00.123456+02:00", "2026-11-22 10:00:00", "2026-11-22",
        1733710764, 1681124036273,
        "550e8400-e29b-41d4-a716-446655440000", "12345678-1234-4234-8234-123456789012", "1.2.3", "10.0.0.1", 19.99,
        674.2335876205225, "1733710764", "req_8fK2mP9xQ3", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "v1.20.300", "ip-10-0-190-41",
        "12345", "SKU-1042", "$1,234.56", "1920x1080", "hello world", "main.py:123:45", "#ff00aa",
        "48.8566, 2.3522", -0.25, "50 %",
    ],
)  # fmt: skip
def test_ordinary_traffic_does_not_fire(value):
    for raw in (
        json.dumps({"a": value}),
        json.dumps({"text": json.dumps([{"a": value, "b": 1}])}),
        json.dumps({"t": f"at {value} ok"}),
    ):
        assert not fires(raw.encode())


def test_triggers_are_in_the_common_syntax():
    for expression in TRIGGERS + ADDRESS_TRIGGERS:
        re2.compile(expression)
        assert "(?<" not in expression
        assert "(?=" not in expression
        assert "(?!" not in expression
        re.compile(expression)


def test_hyperscan_takes_the_triggers():
    hyperscan = pytest.importorskip("hyperscan")
    database = hyperscan.Database()
    expressions = [expression.encode() for expression in TRIGGERS + ADDRESS_TRIGGERS]
    database.compile(expressions=expressions, flags=[hyperscan.HS_FLAG_SINGLEMATCH] * len(expressions))


def test_ip_addresses_only_when_asked_for():
    def found(string, ips):
        return [string[c.start : c.end] for c in candidates(string, NOTHING, frozenset(), ips) if c.score >= 0.5]

    text = "from 203.0.113.7 and 2001:db8::1, not 999.1.1.1 or 1.2.3.4.5"
    assert found(text, False) == []
    assert found(text, True) == ["203.0.113.7", "2001:db8::1"]
    assert found("version 1.2.3.4", True) == []
    for string in ("203.0.113.7", "2001:db8::1"):
        assert found(string, True) == [string]
        assert any(re2.search(e, json.dumps(string).encode()) for e in ADDRESS_TRIGGERS)


CARD = "4111 1111 1111 1111"


def cards(string):
    found = candidates(string, NOTHING, frozenset())
    return [c.start for c in found if c.entity == "CREDIT_CARD"]


@pytest.mark.parametrize("filler", ["a line of words\n", "no line ends here ", "7 2 ", "12, 34, 56, "])
def test_in_long_strings_nothing_is_lost_where_they_are_cut(filler):
    chunk = all_of_them._CHUNK
    before = (filler * (chunk // len(filler) + 1))[: chunk - 64]
    for shift in (0, 41, 44, 47, 50, 53, 56, 59, 62, 65, 68, 90):
        head = before + "x" * shift + "\n"
        assert cards(head + CARD + "\n" + filler * 20) == [len(head)]
        head = before + "x" * shift + " is "
        assert cards(head + CARD + " is so") == [len(head)]


def test_in_a_sea_of_digits_what_is_cut_is_found_once():
    chunk = all_of_them._CHUNK
    for shift in range(0, 24, 3):
        head = "7, " * ((chunk - shift) // 3) + "x: "
        assert cards(head) == []
        assert cards(head + CARD + ", 7" * 2000) == [len(head)]


@pytest.mark.parametrize(
    ("string", "score"),
    [("jo.doe+x@mail.example.org", 0.95), ("jo@example.png", 0), ("git@example.org", 0), ("jo@example.nosuchtop", 0.4)],
)
def test_a_string_that_is_one_address(string, score):
    found = [(c.start, c.end, c.score) for c in candidates(string, NOTHING, frozenset())]
    assert found == ([(0, len(string), score)] if score else [])
    assert bool([c for c in candidates(f"<{string}>", NOTHING, frozenset()) if c.score >= 0.5]) == (score >= 0.5)


def test_the_better_of_two_readings_stays():
    found = candidates("4111 1111 1111 1111", Key("CREDIT_CARD", True), frozenset())
    assert [c.entity for c in found] == ["CREDIT_CARD"]


def test_prose_under_a_name_of_things_can_speak_for_itself():
    key = Key(negative=True)
    string = "please call the customer back at 415-555-0132"
    assert [string[c.start : c.end] for c in candidates(string, key, frozenset()) if c.score >= 0.5] == ["415-555-0132"]
    assert candidates("415-555-0132", key, frozenset()) == []


def test_what_is_remembered_costs_the_collector_nothing() -> None:
    """Thousands are kept between messages; each collection would go through all that it tracks."""
    assert not gc.is_tracked(Candidate(0, 15, "PHONE_NUMBER", 0.95, "phone+key"))


UUID = "0b1f2c3d-aaaa-bbbb-cccc-ddddeeeeffff"
BARE = "abcdefab-cdef-abcd-efab-cdefabcdefab"  # reads like a name with hyphens
NUMBERS = st.one_of(
    st.from_regex(r"-?[0-9]{1,10}", fullmatch=True),
    st.from_regex(r"-?[0-9]{1,30}\.[0-9]{1,30}([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(10**10) + 1, 10**10 - 1).map(str),
    st.integers(10**10, 10**25).map(str),
    st.integers(10**10, 10**18).map(lambda number: make.luhn(str(number))),
    st.datetimes().map(str),
    st.datetimes(timezones=st.timezones()).map(lambda time: time.isoformat(timespec="minutes")),
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{3})?)?Z?)?", fullmatch=True),
    st.uuids().map(str),
    st.from_regex(r"([a-f]{8})(-[a-f]{4}){3}-[a-f]{11}[0-9]", fullmatch=True),
)


@hypothesis.settings(deadline=None, max_examples=500)
@hypothesis.given(NUMBERS, st.text(max_size=8) | st.sampled_from([*NAMES, "v", "items", "m", "contact", "dial", "at"]))
def test_of_a_mere_number_there_is_nothing_under_a_key_that_is_mute(string, name):
    for names in ((), (name,), (name, "customer"), ("value", name)):
        key = classify(names)
        if is_mute(key) and is_mere(string):
            assert candidates(string, key, frozenset()) == [] == candidates(string, key, frozenset(), ips=True)
            assert fields.unnamed(string, key) is fields.NOTHING is fields.member(string, key)
            assert (people.in_prose(string), places.in_prose(string), dates.in_prose(string)) == ([], [], [])
            assert not beside.is_sentence(string)


@pytest.mark.parametrize("string", ["2026-04-18", "2026-04-18T08:12:00.25+02:00", "2026-04-18 08:12Z", UUID])
def test_a_point_in_time_and_a_uuid_are_as_mere_as_a_number(string):
    assert is_mere(string)


@pytest.mark.parametrize("name", ["phone", "ssn", "contact", "m", "account_id", "nhs", "driver"])
def test_a_key_that_speaks_for_something_is_not_mute(name):
    assert not is_mute(classify((name,)))


@pytest.mark.parametrize(
    "string", ["12345678901", "4111111111111111", "185057800608491", "1-2", "+123", "1.2.3", "1,5", "", "١٢٣", BARE]
)
def test_what_may_be_something_by_its_form_is_not_mere(string):
    assert not is_mere(string)

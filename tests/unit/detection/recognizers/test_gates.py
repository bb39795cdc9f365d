"""What is looked at quickly before the exact forms are tried keeps nothing from them, and spares them the rest."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorward.detection import context
from doorward.detection.keys import NOTHING, classify
from doorward.detection.recognizers import accounts, codes, iban, numbers, phones
from doorward.detection.recognizers import all as whole
from doorward.detection.recognizers import look as looks
from doorward.detection.recognizers.look import Look

PARTS = st.sampled_from(
    [
        *"0123456789 -./:,()_\nAXé?",
        "  ",
        " - ",
        "2024-01-02",
        "2024-01-02-",
        "2024-11-30 10:00",
        "4111 1111 1111 1111",
        "123-45-6789",
        "10.20.30.40",
        "DE89370400440532013000",
        "GB82 WEST 1234 5698 7654 32",
        "NO93-8601-1117-947",
        "AB123456C",
        "AB 12 34 56 C",
        "ABCPD1234E",
        "RSSMRA85T10A562S",
        "RSS MRA 85T10 A562S",
        "X1234567L",
        "K1234567L",
        "12345678Z",
        "12.345.678-Z",
        "1 85 02 2A 123 456 78",
        "acct 12345678",
        "Konto: 123-456-789",
        "\u212aonto 123456789",
        "passport X1234567",
        "order 12345678",
        "call 0123 456789",
        " and so on, ",
        " " * 40,
    ]
)
TEXTS = st.lists(PARTS, max_size=40).map("".join)


@settings(deadline=None)
@given(TEXTS)
def test_digits_close_together_are_the_same_in_all_of_a_text_and_in_its_zones(string: str) -> None:
    zones = [match.span() for match in whole._ZONE.finditer(string)]
    inside = [match.span() for begin, end in zones for match in whole._DENSE.finditer(string, begin, end)]
    assert [match.span() for match in whole._DENSE.finditer(string)] == inside


@settings(deadline=None, max_examples=300)
@given(TEXTS)
def test_the_anchors_keep_no_number_with_letters_from_anybody(string: str) -> None:
    string = "what is in here. " * 4 + string
    zones = [match.span() for match in whole._ZONE.finditer(string)]
    for find, anchors in ((iban.find, whole._IBANS), (codes.find, whole._CODES)):
        every: list[whole.Candidate] = []
        find(Look(string, NOTHING, frozenset()), whole._lettered(string, zones, whole._CAPITAL), every)
        near: list[whole.Candidate] = []
        kept = whole._anchored(anchors, string, zones)
        find(Look(string, NOTHING, frozenset()), whole._lettered(string, kept, whole._CAPITAL), near)
        assert near == every


@pytest.mark.parametrize(
    "number",
    [
        "DE89370400440532013000",
        "GB82 WEST 1234 5698 7654 32",
        "AB 12 34 56 C",
        "ABCPD1234E",
        "RSSMRA85T10A562S",
        "X1234567L",
        "12345678Z",
        "1 85 02 2A 123 456 71",
    ],
)
def test_each_of_them_is_anchored(number: str) -> None:
    assert whole._IBANS.any(number) or whole._CODES.any(f"({number})")


def test_zones_without_an_anchor_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(codes, "find", lambda *a: asked.append(a))
    monkeypatch.setattr(iban, "find", lambda *a: asked.append(a))
    line = 'GET /a/B1234567 HTTP/1.1" 200 1234567; id 20240102T100000Z\n'
    whole.candidates(line * 50, NOTHING, frozenset())
    assert not asked
    whole.candidates(line * 50 + "DE89370400440532013000 RSSMRA85T10A562S\n" + line * 50, NOTHING, frozenset())
    assert len(asked) == 2


@settings(deadline=None)
@given(TEXTS)
def test_accounts_are_found_as_without_the_look_at_all_of_the_text(string: str) -> None:
    zones = [match.span() for match in whole._ZONE.finditer(string)]
    together: list[whole.Candidate] = []
    accounts.find(Look(string, NOTHING, frozenset()), zones, together)
    if len(zones) > 1 and not context.Speaking(string, accounts.ENTITIES).near(0, len(string)):
        one_by_one: list[whole.Candidate] = []
        for index, zone in enumerate(zones):
            begin = max(zone[0] - accounts._PREFIX, zones[index - 1][1] if index else 0)
            accounts._prefixed(Look(string, NOTHING, frozenset()), begin, zone[1] + 2, one_by_one)
        assert [one for one in together if one.rule == "account-prefix"] == one_by_one


@given(st.lists(st.sampled_from(["0", "12", "123", "4567", "89", " ", "-", ".", "/", "  ", " - ", "_"]), max_size=40))
def test_what_stands_free_is_told_by_the_shape_alone(parts: list[str]) -> None:
    raw = "".join(parts).encode()
    assert numbers._stretches(raw.translate(numbers._SHAPE)) == numbers._stretches.__wrapped__(raw)


def test_a_shape_is_read_once() -> None:
    numbers._stretches.cache_clear()
    look = Look("", classify(("note",)), frozenset())
    for string in ("10.1.23.4567", "10.9.87.6543", "77.1.11.1111"):
        look.string = string
        numbers.find(look, [(0, len(string))], [])
    assert numbers._stretches.cache_info().misses == 1


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=5, max_size=34))
def test_the_remainder_reads_letters_as_two_digits(compact: str) -> None:
    moved = compact[4:] + compact[:4]
    assert iban.remainder(compact) == int("".join(str(int(c, 36)) for c in moved)) % 97


@given(
    st.sampled_from(["DE89370400440532013000", "GB82WEST12345698765432", "gb82west12345698765432"]),
    st.sampled_from(["", " ", "_", "é", "9", "a", "٣", "-1", ",", "ß9"]),
)
def test_an_iban_in_one_piece_ends_where_pieces_of_it_would(number: str, behind: str) -> None:
    taken = iban._take(number + behind, 0, 22)
    goes_on = behind[:1] == "_" or behind[:1].isalnum()
    assert taken == (None if goes_on else (22, number))


@settings(deadline=None)
@given(TEXTS)
def test_a_zone_goes_on_as_long_as_digits_are_close(string: str) -> None:
    zone = re.compile(r"[0-9](?:[^0-9\n]{0,6}+[0-9]){3,}+")
    assert [match.span() for match in whole._ZONE.finditer(string)] == [match.span() for match in zone.finditer(string)]


@settings(deadline=None)
@given(TEXTS | TEXTS.map(str.lower))
def test_where_no_iban_begins_none_is_found(string: str) -> None:
    if not iban.may_start(string):
        found: list[whole.Candidate] = []
        zones = [match.span() for match in whole._ZONE.finditer(string)]
        iban.find(Look(string, classify(("iban",)), frozenset()), zones, found)
        assert not found


def test_under_a_name_for_things_letters_are_looked_for_only_where_an_iban_may_begin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(whole, "_lettered", lambda *a: asked.append(a))
    whole.candidates("https://a63.example.com:8123/v1", classify(("service_url",)), frozenset())
    assert not asked
    whole.candidates("https://a63.example.com/DE89370400440532013000", classify(("service_url",)), frozenset())
    assert asked


@settings(deadline=None)
@given(TEXTS)
def test_where_nothing_speaks_no_place_is_spoken_of(string: str) -> None:
    told = context.speaks(string, accounts.ENTITIES)
    assert told or not context.Speaking(string, accounts.ENTITIES).near(0, len(string))
    if not told:
        whole_words = [place for place in range(1, len(string)) if not string[place - 1 : place + 1].isalpha()]
        assert all(accounts.ENTITIES.isdisjoint(context.hints(string, place, place)) for place in whole_words)


NAMES = [(), ("notes",), ("id",), ("trace_id",), ("account_id",), ("contact",), ("amount",), ("name",), ("dial",)]


@settings(deadline=None)
@given(
    st.integers(10**6, 10**20).map(str) | st.sampled_from(["4111111111111111", "00442079460018", "0123456789"]),
    st.sampled_from(NAMES),
    st.sampled_from([frozenset(), frozenset({"PHONE_NUMBER"}), frozenset({"CREDIT_CARD"}), frozenset({"ACCOUNT_ID"})]),
    st.booleans(),
)
def test_a_number_alone_is_looked_at_as_it_is_in_any_string(
    string: str, names: tuple[str, ...], hints: frozenset[str], ips: bool
) -> None:
    key = classify(names)
    quick = whole.candidates(string, key, hints, ips)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole, "_LONGEST", 0)
        assert whole.candidates(string, key, hints, ips) == quick


RUNS = st.lists(
    st.sampled_from(
        [
            *("1234567", "20260312", "1712345678", "0049301234567", "0301234567", "00", "0", "1", "1234567890123456"),
            *("٣", "call ", "tel ", "x", "ext 5", " #12", "T: ", "a@b.example", "ß", "(", ")", "+", "-", ".", "/", " "),
            *("  ", "\n"),
        ]
    ),
    max_size=12,
).map("".join)


@settings(deadline=None)
@given(RUNS)
def test_digits_in_one_run_are_told_as_by_all_forms(string: str) -> None:
    spans = [match.span() for match in whole._DENSE.finditer(string)]
    quickly: list[whole.Candidate] = []
    left = phones.find(Look(string, NOTHING, frozenset()), spans, quickly)
    every: list[whole.Candidate] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(phones, "_LEADING", re.compile(""))  # all of them may be something else
        assert phones.find(Look(string, NOTHING, frozenset()), spans, every) == left
    assert quickly == every


def test_digits_in_one_run_are_not_put_to_all_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phones, "_FORMS", None)
    string = "call 2125550 or 20260312, tel 1712345678"
    found: list[whole.Candidate] = []
    spans = [match.span() for match in whole._DENSE.finditer(string)]
    assert phones.find(Look(string, NOTHING, frozenset()), spans, found) == spans
    assert [string[one.start : one.end] for one in found] == ["2125550"]


@given(st.text(" \u00a0\n1a", max_size=9), st.integers(0, 9), st.integers(0, 9))
def test_a_value_is_alone_where_only_space_is_around_it(string: str, start: int, size: int) -> None:
    end = min(start + size, len(string))
    start = min(start, end)
    alone = not string[:start].strip() and not string[end:].strip()
    if string[start:end].strip():
        assert Look(string, NOTHING, frozenset()).is_all(start, end) == alone


@given(st.lists(st.sampled_from(["rowId", "id", " ", "=", ":", "'", '"', "  ", "x", "order", "no. "]), max_size=8))
def test_a_label_ends_close_to_its_value(parts: list[str]) -> None:
    before = "".join(parts)
    if looks._LABEL.search(before) is not None:
        assert {"=", ":"} & set(before[-3:])


@settings(max_examples=1000, deadline=None)
@given(st.text(alphabet="aBZ12 .-éß_\u0663", max_size=12))
def test_how_an_iban_begins_is_told_from_its_digits(string: str) -> None:
    assert iban.may_start(string) == (iban._ANY_START.search(string) is not None)

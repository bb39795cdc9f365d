import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.detection.keywords import listed
from doorward.detection.names import prose


def people(text: str) -> list[str]:
    return [text[s.start : s.end] for s in prose.found(text) if s.entity == "PERSON" and s.score >= 0.5]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I spoke with Katarzyna Wojcik about the invoice yesterday.", ["Katarzyna Wojcik"]),
        ("Please ask Mr. Henderson whether the contract was signed.", ["Henderson"]),
        ("Hi Melissa, thanks for the quick answer.", ["Melissa"]),
        ("The order of Chinedu Okafor was sent to the wrong address.", ["Chinedu Okafor"]),
        ("Sehr geehrte Frau Schneider, vielen Dank.", ["Schneider"]),
        ("please call PETER MILLER before noon", ["PETER MILLER"]),
    ],
)
def test_people_in_sentences_are_found(text: str, expected: list[str]) -> None:
    assert len(people(text)) == len(expected)
    assert all(name in said for name, said in zip(expected, people(text), strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "The server returned an error after the second attempt.",
        "Fix Jenkins job",
        "Getting Started",
        "Deploy to Kubernetes on Monday and check Grafana.",
        "INFO 2025-02-03 12:00:00 Starting Spring Application",
        "CREATE TABLE People (First VARCHAR(20), Last VARCHAR(20))",
        "const Anna = new Smith();",
        "Reported via @annasmith on Twitter",
        "see https://example.org/Anna-Smith for more",
        "Reset Your Password",
        "The SocketHandler is here overridden to create a socket",
        "",
        "\n\n",
        "Agents such as Mozilla/5.0 are logged with every request.",
        "The last digit must pass Luhn before it is stored.",
    ],
)
def test_what_is_no_person_is_left_alone(text: str) -> None:
    assert people(text) == []


def test_a_part_of_a_name_is_known_again() -> None:
    text = "I met Elizabeth Thornbury in the office. The draft that Thornbury sent was fine, and so Thornbury left."
    assert people(text).count("Thornbury") == 2


def test_people_in_a_list_are_told_apart() -> None:
    text = "Attendees of the call: Priya Raghunathan, Thomas O'Neill and Jennifer Robinson."
    assert people(text) == ["Priya Raghunathan", "Thomas O'Neill", "Jennifer Robinson"]


def test_a_surname_before_the_given_name_is_one_person() -> None:
    assert people("The card of Robinson, Jennifer was declined yesterday.") == ["Robinson, Jennifer"]


def test_a_double_name_is_found_whole() -> None:
    (found,) = people("We spoke with Jennifer Robinson-Thornbury about the contract.")
    assert found.endswith("Robinson-Thornbury")


def test_a_signature_below_other_lines_is_a_person() -> None:
    assert people("Thank you for the quick reply.\nBest regards,\nJennifer") == ["Jennifer"]


def test_offsets_are_of_the_whole_text_however_long() -> None:
    sentence = "We waited for the next train, but it did not come at all. "
    text = sentence * 200 + "Then I called Jennifer Robinson about it. " + sentence * 200

    assert people(text) == ["Jennifer Robinson"]


@given(st.text(max_size=9000))
def test_pieces_are_all_of_the_text(text: str) -> None:
    cut = prose.pieces(text)

    assert "".join(text[a:b] for a, b in cut) == text
    assert all(b - a <= prose.PIECE for a, b in cut)


def test_text_without_blanks_is_cut_too() -> None:
    size = prose.PIECE
    assert prose.pieces("x" * (2 * size + 5)) == [(0, size), (size, 2 * size), (2 * size, 2 * size + 5)]


@given(st.text(max_size=400))
def test_any_text_gives_spans_inside_it(text: str) -> None:
    for span in prose.found(text):
        assert 0 <= span.start < span.end <= len(text)
        assert 0.5 <= span.score <= 1.0


def test_places_are_told_apart() -> None:
    text = "He flew from Chicago to Amsterdam with his sister last week."
    assert {text[s.start : s.end] for s in prose.found(text) if s.entity == "LOCATION"} == {"Chicago", "Amsterdam"}


def test_the_words_of_a_full_name() -> None:
    assert prose.full_name("Dr. Elizabeth Thornbury") == {"elizabeth", "thornbury"}
    assert prose.full_name("Elizabeth") == frozenset()
    assert prose.full_name("lower case only") == frozenset()


# The forms of code, as they are said one by one.
CODE = re.compile(
    r"\w\(|\(\)|\w=[\w'\"\[{(]|\w \+?= [\w'\"\[{(]|[!=]=|::|->|=>"
    r"|</(?!(?:p|div|span|article|section|main|body|td|th|tr|li|ul|ol|em|strong|b|i|u|a|h[1-6]|blockquote|small)>)\w|/>"
    r"|[{};\\]\s*$|\$\{|\{\{|>>> "
)
SIGNS = listed(
    "( ) = == != -> => > >> >>> < </ </p> </div> <b /> { } {{ ${ ; \\ : :: + += a é 9 _ ' \" [ INFO WARNING Ann xTRACE"
)
LINES = st.lists(
    st.sampled_from([*sorted(SIGNS), " ", "  ", "\t", "\n", "CREATE TABLE"]),
    max_size=12,
).map("".join)


@given(LINES)
def test_code_is_known_by_any_of_its_signs(line: str) -> None:
    assert (prose._IS_CODE.search(line) is None) == (CODE.search(line) is None)
    levels = re.compile(rf"\b(?:{'|'.join(prose._LEVELS)})\b")
    expected = CODE.search(line) or prose._BEGINS_CODE.match(line) or levels.search(line)
    assert prose._is_code(line) == (expected is not None)


@pytest.mark.parametrize("count", [12, 13])
@pytest.mark.parametrize("word", ["ab", "abcdefghijkl"])
def test_many_words_are_no_title(count: int, word: str) -> None:
    assert prose._manner(" ".join([word] * count)) == ("title" if count < 13 else "prose")
    assert prose._manner(" ".join([word] * (count - 1) + ["the"])) == "prose"


@given(
    st.lists(
        st.sampled_from(
            ("Ann", "the", "The", "the,", "is", "IS", "his-", "x9the", "Hello", "thé", "\t", " ", "-", "a" * 40)
        ),
        max_size=30,
    ).map(" ".join)
)
def test_a_line_with_a_word_of_sentences_is_prose(line: str) -> None:
    found = prose._WORD.findall(line)
    is_title = len(found) < 13 and prose._SENTENCE.isdisjoint(word for word in found if word.islower())
    greets = bool(found) and found[0].lower() in prose.lexicon.GREETINGS

    assert prose._manner(line) == ("title" if is_title and not greets else "prose")


def test_common_words_point_to_nobody() -> None:
    text = "(Grace) [Rossi] <Will> Mark; Lindqvist,"
    said = [text[s.start : s.end] for s in prose.piece(text).maybe]
    assert "Rossi" in said
    assert not [word for word in said if prose.model().flags(word.lower()) & prose.words.COMMON]

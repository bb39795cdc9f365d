import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.detection.names import cues, prose
from doorward.detection.names.cues import koreans


def people(text: str) -> list[str]:
    return [text[s.start : s.end] for s in prose.found(text) if s.entity == "PERSON" and s.score >= 0.5]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kim Ji-won and Dong-hyun Choi met Seo-yeon.", ["Kim Ji-won", "Dong-hyun Choi", "Seo-yeon"]),
        ("Ha-ha, a T-shirt with Wi-fi, Bi-weekly and Co-op.", []),
        ("The Tan-colour and In-house Go-to guide", []),
    ],
)
def test_korean_given_names_have_a_form_of_their_own(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in koreans(text)] == expected


def test_a_noun_before_a_korean_name_is_no_part_of_it() -> None:
    assert people("Please pay it to the account holder Dong-hyun Kwon.") == ["Dong-hyun Kwon"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hoi Femke!", ["Femke"]),
        ("Cześć Grzegorz!\nthe keys are here", ["Grzegorz"]),
        ("Femke!! congratulations", ["Femke"]),
        ("Great!! See you", []),
        ("Ahoj Team!", []),
    ],
)
def test_who_is_called_is_somebody(text: str, expected: list[str]) -> None:
    assert people(text) == expected


def test_a_rare_name_counts_where_it_does_what_people_do() -> None:
    assert sorted(people("Okwuosa proposed and Nwachukwu seconded the motion.")) == ["Nwachukwu", "Okwuosa"]


def test_a_name_of_several_words_is_found_whole() -> None:
    assert people("I met Femke van 't Wold and Omar El-Masri in the lobby.") == ["Femke van 't Wold", "Omar El-Masri"]


def test_prose_in_markup_is_prose() -> None:
    assert people("<article><p>We talked to Terrence about it.</p></article>") == ["Terrence"]


@given(
    st.lists(
        st.sampled_from(("son", "by", "signed", "to", "thanks", "hi", " ", "_", "9", "\n", "\t", "(", "é", ".")),
        max_size=8,
    )
)
def test_a_word_behind_a_sign_is_nobody_by_what_is_before_it(before: list[str]) -> None:
    left = "".join(before)
    text = f"{left}Femke!"
    near = cues._BEFORE.findall(left[-cues._LOOK :])[-2:]
    last = near[-1].lower() if near else ""
    first = near[0].lower() if len(near) > 1 else ""
    expected = (
        last in cues._KIN
        or last in cues.CALLS
        or (last == "by" and first in cues._BY)
        or (last in ("to", "an", "à", "a") and first in cues._THANKED)
    )

    assert cues.is_somebody(text, len(left), len(text) - 1) == expected


@pytest.mark.parametrize(
    ("text", "who"),
    [("We messaged Trygve twice", "Trygve"), ("They say that a van driven by Behrouz hit the post.", "Behrouz")],
)
def test_who_is_called_up_or_drives_is_somebody(text: str, who: str) -> None:
    assert people(text) == [who]

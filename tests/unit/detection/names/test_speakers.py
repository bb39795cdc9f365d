import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.detection.names import prose
from doorward.detection.names.speakers import speakers


def people(text: str) -> list[str]:
    return [text[s.start : s.end] for s in prose.found(text) if s.entity == "PERSON" and s.score >= 0.5]


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("<v Zbyszko Wnuk>can you hear me?", "Zbyszko Wnuk"),
        ("[16:21] <Zbyszko> can you hear me?", "Zbyszko"),
        ("16:21:07 <@Zbyszko> can you hear me?", "Zbyszko"),
        ("**Zbyszko Wnuk** · 01:27\n> ok", "Zbyszko Wnuk"),
        ("**Zbyszko Wnuk** (10:32 AM)\nok", "Zbyszko Wnuk"),
        ("Speaker 2 (Wnuk, 00:55): the flat is cold", "Wnuk"),
        ("24/2/2026, 17:55 - Zbyszko van 't Wold: ok", "Zbyszko van 't Wold"),
        ("[24.02.26, 17:55:01] Zbyszko Wnuk: ok", "Zbyszko Wnuk"),
        ("- Zbyszko wrote: ok", "Zbyszko"),
        ("Zbyszko Wnuk ha scritto: ok", "Zbyszko Wnuk"),
    ],
)
def test_who_speaks_is_found_by_the_place_of_the_name(text: str, who: str) -> None:
    assert [text[s.start : s.end] for s in speakers(text)] == [who]
    assert people(text) == [who]


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-24, 17:55 - Deployment: finished",
        "1.2.2026 17:55 Rollback: finished",
        "[16:21] <dev-bot> build 12 passed",
        "[16:21] <HttpServer> listening",
        "[16:21] Mosquitto: one line is no chat",
        "[16:21:03] Mosquitto: started\n[16:21:04] Mosquitto: listening",
        "**Maintenance Window** (22:00)",
        "**Release Notes** - 10:22",
        "- Grafana said: the disk is full",
        "- The server said: no",
        "see <b>this</b> page: it is new",
    ],
)
def test_what_stands_beside_a_time_is_not_always_somebody(text: str) -> None:
    assert people(text) == []


def test_a_speaker_is_known_again() -> None:
    text = "[16:21] <Zbyszko> hello\n[16:22] <Ngozi> the draft that Zbyszko sent is fine"
    assert people(text).count("Zbyszko") == 2


SAID = (
    "<v Zbyszko Wnuk>can you hear me?",
    "[16:21] <Zbyszko> can you > hear",
    "**Zbyszko Wnuk** · 01:27",
    "Speaker 2 (Wnuk, 00:55): the flat (is cold):",
    "24/2/2026, 17:55 - Zbyszko van 't Wold: ok",
    "[24.02.26, 17:55:01] Zbyszko Wnuk: ok, Jana said: no",
    "- Zbyszko wrote: ok: yes",
    "Zbyszko Wnuk ha scritto: ok",
    "x: y (z): > ** 10:20",
    "said: nothing",
    "1 2 3",
    ":",
    "",
)


@given(st.lists(st.sampled_from(SAID) | st.text(alphabet="<v> *():[1Zdé", max_size=12), max_size=6))
def test_each_line_says_who_speaks_by_itself(lines: list[str]) -> None:
    text = "\n".join(lines)
    alone = [(line, line[s.start : s.end]) for line in lines for s in speakers(line)]
    found = [(text[text.rfind("\n", 0, s.start) + 1 :].split("\n")[0], text[s.start : s.end]) for s in speakers(text)]

    assert sorted(found) == sorted(alone)


def test_those_who_speak_are_told_in_their_order() -> None:
    text = "Ann said: a\n24/2/2026, 17:55 - Bob: b, Cy said: c\n1/2/2026, 10:20 - Dan: d"
    assert [text[s.start : s.end] for s in speakers(text)] == ["Ann", "Bob", "Dan"]


@pytest.mark.parametrize("stamp", ["[16:21]", "[4:21 PM]"])
def test_speakers_stand_behind_the_times_of_a_chat(stamp: str) -> None:
    text = f"{stamp} Zbyszko: ok\n{stamp} Ngozi Wnuk: the boiler is fixed"
    assert [text[s.start : s.end] for s in speakers(text)] == ["Zbyszko", "Ngozi Wnuk"]

import pytest

from doorward.control.audit.report import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("agent:sales", "agent:sales"),
        ("Zoë 北京 שלום", "Zoë 北京 שלום"),
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("two\nlines\r\t\u2028", "two\\x0alines\\x0d\\x09\\u2028"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("\U000e0041tag\ue000", "\\U000e0041tag\\ue000"),
        ("half \ud800", "half \\ud800"),
    ],
)
def test_nothing_is_invisible_or_moves_anything(text: str, shown: str) -> None:
    assert plain.plain(text) == shown


def test_long_names_are_cut() -> None:
    assert plain.plain("a" * 80) == "a" * 80
    assert plain.plain("a" * 81) == "a" * 79 + "…"


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 0, "–"),
        (0, 9, "0 %"),
        (9, 9, "100 %"),
        (1, 3, "33.3 %"),
        (1, 10**6, "< 0.1 %"),
        (10**6 - 1, 10**6, "> 99.9 %"),
    ],
)
def test_a_share_never_hides_the_last_one(part: int, whole: int, said: str) -> None:
    assert plain.share(part, whole) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"),
        (0.0, "0.00 ms"),
        (0.0018, "0.0018 ms"),
        (0.6, "0.60 ms"),
        (1.74, "1.7 ms"),
        (31.6, "32 ms"),
        (1234.0, "1.2 s"),
        (3.6e6, "3,600.0 s"),
    ],
)
def test_times(value: float | None, said: str) -> None:
    assert plain.milliseconds(value) == said


def test_numbers_and_their_nouns() -> None:
    assert plain.counted(1, "call") == "1 call"
    assert plain.counted(12_345, "call") == "12,345 calls"
    assert plain.counted(0, "entry", "entries") == "0 entries"


@pytest.mark.parametrize(
    ("timestamp", "said"),
    [
        ("2026-11-20T10:00:00.123Z", "2026-11-20 10:00:00"),
        ("", "–"),
        ("<b>", "<b>"),
        ("2026-11-20T\x1b[31m00.1233Z", "2026-11-20 \\x1b[31m00."),
    ],
)
def test_moments(timestamp: str, said: str) -> None:
    assert plain.moment(timestamp) == said

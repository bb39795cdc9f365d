import threading

from doorward.bootstrap.doctor.line import Line, ok, size, span, worst
from doorward.bootstrap.doctor.side_by_side import MOST_THREADS, looked, within


def test_all_are_told_in_order() -> None:
    def look(number: int) -> list[Line]:
        return [ok(f"check {number}", "")] * number

    found = looked([(str(number), lambda number=number: look(number)) for number in range(3 * MOST_THREADS)], 20.0)  # type: ignore[misc]
    assert [line.about for line in found] == [f"check {n}" for n in range(3 * MOST_THREADS) for _ in range(n)]


def test_no_check_is_nothing() -> None:
    assert looked([], 1.0) == []


def test_one_that_hangs_keeps_nobody() -> None:
    end = threading.Event()

    def hang() -> list[Line]:
        end.wait(20.0)
        return []

    first, second = looked([("disk", hang), ("clock", lambda: [ok("clock", "")])], 0.1)
    end.set()
    assert (first.about, first.state, "no answer within 0.1 s" in first.what) == ("disk", "fail", True)
    assert second.state == "ok"


def test_one_that_fails_is_told_without_its_text() -> None:
    def denied() -> list[Line]:
        raise PermissionError(13, "Permission denied")

    def wrong() -> list[Line]:
        raise ValueError("a text that may hold anything")

    first, second = looked([("disk", denied), ("clock", wrong)], 20.0)
    assert (first.state, first.what) == ("fail", "cannot be looked at: Permission denied")
    assert (second.state, second.what) == ("fail", "the check itself failed: ValueError")


def test_times_and_sizes_in_words() -> None:
    assert [span(seconds) for seconds in (0.4, 119, 120, 7200, 3 * 86400)] == ["0 s", "119 s", "2 min", "2 h", "3 d"]
    assert [size(number) for number in (12, 2048, 5 << 20, 3 << 30)] == ["12 B", "2.0 KiB", "5.0 MiB", "3.0 GiB"]


def test_the_worst_counts() -> None:
    lines = [Line("ok", "", ""), Line("warn", "", "")]
    assert (worst([]), worst(lines), worst([*lines, Line("fail", "", "")])) == ("ok", "warn", "fail")


def test_an_answer_that_does_not_come_is_none() -> None:
    end = threading.Event()
    assert within(0.01, lambda: end.wait(20.0)) is None
    end.set()
    assert within(20.0, lambda: "here") == "here"

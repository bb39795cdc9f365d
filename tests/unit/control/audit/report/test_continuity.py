from tests.unit.control.audit.report.records import report, seen

from doorward.control.audit.report.continuity import MOST_GAPS, MOST_WRITERS, Seal
from doorward.control.audit.report.model import Gap, GapSum, Writer

TEN = "2026-11-20T10:00:00.000Z"
ELEVEN = "2026-11-20T11:00:00.000Z"


def test_each_writer_from_when_to_when_and_how_it_ends() -> None:
    records = [seen(writer="a"), seen(writer="a", timestamp=ELEVEN), seen(writer="b", timestamp=ELEVEN)]
    course = report(*records, seals={"a": Seal(ELEVEN, closed=True), "c": Seal(TEN)}, unreadable=2).continuity
    assert course.writers == (Writer("a", 2, TEN, ELEVEN, ELEVEN, True), Writer("b", 1, ELEVEN, ELEVEN))
    assert (course.first, course.last, course.last_checkpoint) == (TEN, ELEVEN, ELEVEN)
    assert (course.without_checkpoint, course.unreadable, course.more_writers) == (1, 2, 0)


def test_of_many_writers_the_newest() -> None:
    records = [seen(writer=f"{n:02d}", timestamp=f"2026-11-20T10:00:{n:02d}.000Z") for n in range(MOST_WRITERS + 3)]
    course = report(*records).continuity
    assert (len(course.writers), course.more_writers) == (MOST_WRITERS, 3)
    assert course.writers[0].writer == f"{MOST_WRITERS + 2:02d}"


def test_gaps_that_the_log_admits() -> None:
    course = report(
        seen(kind="gap", phase="", reason="auth.invalid", detail="1240 refused, not recorded singly"),
        seen(kind="gap", phase="", reason="auth.invalid", detail="60 refused, not recorded singly"),
        seen(kind="gap", phase="", reason="journal.unavailable", detail="3 records could not be kept"),
        seen(kind="gap", phase="", reason="journal.torn", detail="writer W, segment 1, offset 4711: 230 bytes"),
        seen(kind="gap", phase="", reason="auth.invalid", detail="9" * 400 + " refused, not recorded singly"),
    ).continuity
    assert course.gaps == (
        GapSum("auth.invalid", 3, 1300),
        GapSum("journal.torn", 1, 0),
        GapSum("journal.unavailable", 1, 3),
    )
    assert course.latest_gaps[0] == Gap(TEN, "auth.invalid", "1240 refused, not recorded singly")


def test_of_many_gaps_the_newest() -> None:
    gaps = [seen(kind="gap", phase="", reason="http.host", detail=str(number)) for number in range(MOST_GAPS + 5)]
    course = report(*gaps).continuity
    assert (len(course.latest_gaps), course.gaps[0].gaps) == (MOST_GAPS, MOST_GAPS + 5)


def test_nothing_at_all() -> None:
    course = report().continuity
    assert (course.records, course.first, course.last, course.writers, course.last_checkpoint) == (0, "", "", (), "")

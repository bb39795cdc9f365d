from tests.unit.control.audit.report.records import report, seen
from tests.unit.control.audit.report.sample import week
from tests.unit.control.audit.report.test_html import HOSTILE, everything

from doorward.control.audit.report.sections import MOST_ROWS
from doorward.control.audit.report.seen import decode
from doorward.control.audit.report.text import lines


def test_numbers_stand_beneath_each_other() -> None:
    told = list(lines(report(*(decode(one.line("w", 0, "")) for one in week(3000)))))
    start = told.index("By entity and direction:")
    head, *rows = told[start + 1 : start + 8]
    passed = head.index("passed") + len("passed")
    assert all(row[passed - 1].isdigit() and row[passed : passed + 1] in ("", " ") for row in rows)
    assert "█" in rows[0]


def test_what_enforcement_would_have_done_is_one_sentence() -> None:
    watched = [seen(exchange_id=str(n), identity=f"agent:{n % 2}", would_have="deny") for n in range(3)]
    told = " ".join(lines(report(*watched, *(seen(exchange_id=f"a{n}") for n in range(1497)))))
    assert (
        "Had enforcement been on everywhere, 3 more of these 1,500 calls (0.2 %), by 2 of 3 callers, would have been"
        in told
    )
    assert "1,500 calls ended, 1,500 of them tool calls: 1,500 allowed (3 of which would have been refused), 0" in told


def test_where_there_is_nothing_it_says_so() -> None:
    told = list(lines(report()))
    assert "No call ended in this time." in told
    assert "  Nobody called anything." in told


def test_long_tables_say_what_they_leave_out() -> None:
    told = list(lines(report(*(seen(exchange_id=str(n), decision="deny", rules=(f"rule-{n}",)) for n in range(100)))))
    assert sum("rule-" in line for line in told) == MOST_ROWS
    assert any("36 more rows: --json has them." in line for line in told)


def test_nothing_moves_the_cursor() -> None:
    for text in HOSTILE:
        for line in lines(report(*everything(text))):
            assert line.isprintable()
            assert len(line) < 400

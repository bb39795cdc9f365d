"""What a report says of the calls: how they ended, why, what was found in them, who made them, how long they took."""

from doorward.control.audit.report.model import Latency, Report
from doorward.control.audit.report.plain import count, counted, milliseconds, share
from doorward.control.audit.report.sections import Column, Plot, Section, Series, Table, tabled
from doorward.control.audit.report.seen import MORE

NOBODY = "(before anyone was known)"
NO_RULE = "(the gateway itself)"

OUTCOMES = {
    "allowed": "allowed",
    "watched": "allowed, would have been refused",
    "redacted": "redacted",
    "refused": "refused",
    "failed": "failed",
}
"""Member of ``model.Outcomes`` -> what it is called, in the order of the plot."""

_TIMES = {
    "gateway": "the gateway's own part",
    "whole": "whole, with the server",
    "refused": "refused at the door",
}


def calls(report: Report) -> Section:
    """How calls ended, over time."""
    ended = report.calls
    sentences = ["No call ended in this time."]
    if ended.total:
        rest = ", ".join(f"{count(getattr(ended, name))} {name}" for name in ("redacted", "refused", "failed"))
        passed = f"{count(ended.allowed + ended.watched)} allowed"
        passed += f" ({count(ended.watched)} of which would have been refused)" if ended.watched else ""
        tools = f"{count(report.tool_calls)} of them tool calls"
        sentences = [f"{counted(ended.total, 'call')} ended, {tools}: {passed}, {rest}."]
    if report.messages or report.streams:
        beside = f"{counted(report.messages, 'single message')} and {counted(report.streams, 'stream')}"
        sentences.append(f"Beside the calls there were {beside}: notifications, answers to servers, event streams.")
    if report.undated:
        sentences.append(f"{counted(report.undated, 'call')} without a usable time: in no row below.")
    endings = (Column(title, "count") for title in OUTCOMES.values())
    columns = (Column(report.step, "words"), Column("calls", "count", bar=True), *endings)
    rows = tuple(
        (one.start, one.outcomes.total, *(getattr(one.outcomes, name) for name in OUTCOMES)) for one in report.moments
    )
    table = tabled(f"Calls by {report.step} (UTC)", columns, rows, "No call ended in this time.")
    return Section("calls", "Calls over time", tuple(sentences), _over_time(report), (table,) if rows else ())


def _over_time(report: Report) -> Plot | None:
    if not report.moments:
        return None
    total = sum(one.outcomes.total for one in report.moments)
    busiest = max(report.moments, key=lambda one: one.outcomes.total)
    series = tuple(
        Series(title, name, tuple(getattr(one.outcomes, name) for one in report.moments))
        for name, title in OUTCOMES.items()
    )
    described = (
        f"{counted(total, 'call')} in {counted(len(report.moments), report.step)}; the busiest "
        f"{report.step} began {busiest.start} with {count(busiest.outcomes.total)}. The table has every number."
    )
    title = f"Calls by {report.step}, and how they ended"
    return Plot(title, described, tuple(one.start for one in report.moments), series)


def refusals(report: Report) -> Section:
    """What was refused, and what enforcement would have refused, by rule; and whom."""
    columns = (
        Column("reason"),
        Column("rules"),
        Column("refused", "count", bar=True),
        Column("would have been", "count", bar=True),
        Column("single messages", "count"),
    )
    rows = tuple(
        (row.reason, row.rules or NO_RULE, row.refused, row.would_have, row.messages) for row in report.objections
    )
    by_rule = tabled(
        "By reason and rule",
        columns,
        rows,
        "Nothing was refused, and nothing would have been.",
        "Each call counts once, with all the rules that decided it. The reasons are explained in docs/reasons.md.",
    )
    return Section(
        "refusals",
        "Refusals, and what enforcement would refuse",
        _enforcement(report),
        _objected(report),
        (by_rule, _whom(report)),
    )


def _objected(report: Report) -> Plot | None:
    """The same bars as of all calls, without those to which nobody objected: there these can hardly be seen."""
    if not any(one.outcomes.refused or one.outcomes.watched for one in report.moments):
        return None
    series = tuple(
        Series(OUTCOMES[name], name, tuple(getattr(one.outcomes, name) for one in report.moments))
        for name in ("watched", "refused")
    )
    worst = max(report.moments, key=lambda one: one.outcomes.refused + one.outcomes.watched)
    described = (
        f"Most in the {report.step} that began {worst.start}: {count(worst.outcomes.refused)} refused, "
        f"{count(worst.outcomes.watched)} would have been."
    )
    labels = tuple(one.start for one in report.moments)
    return Plot(f"Calls by {report.step} that were, or would have been, refused", described, labels, series)


def _whom(report: Report) -> Table:
    columns = (
        Column("caller"),
        Column("would have been refused", "count", bar=True),
        Column("of calls", "count"),
    )
    rows = tuple((row.identity or NOBODY, row.would_have, row.calls) for row in report.top_callers)
    more = report.would_have_callers - len(rows)
    return tabled(
        "Whom enforcement would have met",
        columns,
        rows,
        "Nobody.",
        f"And {counted(more, 'more caller')}." if more > 0 else "",
    )


def _enforcement(report: Report) -> tuple[str, ...]:
    ended, would = report.calls, report.would_have
    if not ended.total:
        return ("There was no call to refuse.",)
    refused = (
        f"{count(ended.refused)} of {counted(ended.total, 'call')} ({share(ended.refused, ended.total)}) were refused."
    )
    if not would:
        return (refused, "Had enforcement been on everywhere, no other call would have been.")
    return (
        refused,
        f"Had enforcement been on everywhere, {count(would)} more of these {counted(ended.total, 'call')} "
        f"({share(would, ended.total)}), by {count(report.would_have_callers)} of "
        f"{counted(report.callers, 'caller')}, would have been refused.",
    )


def findings(report: Report) -> Section:
    """Personal data and secrets, by entity and direction."""
    found = report.findings
    columns = (
        Column("entity"),
        Column("direction", "words"),
        Column("found", "count", bar=True),
        Column("in refused messages", "count"),
        Column("redacted", "count"),
        Column("partly redacted", "count"),
        Column("passed", "count"),
    )
    rows = tuple(
        (row.entity, row.direction, row.found, row.refused, row.redacted, row.partly, row.passed) for row in found.rows
    )
    notes = []
    if any(row.partly for row in found.rows):
        notes.append("Partly redacted: in messages of which some findings were replaced and some were not.")
    if any(row.direction == MORE for row in found.rows):
        notes.append(f"Direction “{MORE}”: a record lists at most 100 places; its counts are whole.")
    empty = "Nothing was found in any message that was looked into."
    table = tabled("By entity and direction", columns, rows, empty, " ".join(notes))
    return Section("findings", "Personal data and secrets", _found(report), None, (table,))


def _found(report: Report) -> tuple[str, ...]:
    found = report.findings
    sentences = [
        f"{counted(found.found, 'finding')}: {count(found.redacted)} redacted, {count(found.refused)} in refused "
        f"messages, {count(found.passed)} passed as they were. No value is in the log, so none is shown here."
    ]
    if found.would_redact:
        sentences.append(f"An enforcing mode would have redacted {counted(found.would_redact, 'more message')}.")
    if found.uninspected:
        were = f"{counted(found.uninspected, 'message or part', 'messages or parts')} of messages"
        sentences.append(f"Not looked into: {were}. What is in them is not known.")
    return tuple(sentences)


def uses(report: Report) -> Section:
    """Who used what."""
    columns = (
        Column("caller"),
        Column("server"),
        Column("tool or method"),
        Column("calls", "count", bar=True),
        Column("refused", "count"),
        Column("would have been", "count"),
        Column("redacted", "count"),
    )
    rows = tuple(
        (
            row.identity or NOBODY,
            row.server or "–",
            row.tool or "–",
            row.calls,
            row.refused,
            row.would_have,
            row.redacted,
        )
        for row in report.uses
    )
    after = f"And {counted(report.more_uses, 'more combination')} with fewer calls." if report.more_uses else ""
    table = tabled("Callers and tools, the most frequent first", columns, rows, "Nobody called anything.", after)
    told = f"{counted(report.callers, 'caller')} at {counted(report.servers, 'server')}."
    return Section("uses", "Who used what", (told,), None, (table,))


def latency(report: Report) -> Section:
    """How long calls took, the gateway's own part and the whole."""
    columns = (
        Column("time", "words"),
        Column("calls", "count"),
        Column("p50", "milliseconds"),
        Column("p95", "milliseconds"),
        Column("p99", "milliseconds"),
        Column("slowest", "milliseconds"),
    )
    rows = tuple((_TIMES[one.kind], one.calls, *_percentiles(one)) for one in report.latencies if one.calls)
    table = tabled("Percentiles", columns, rows, "No call has a latency in this time.", _EXACT if rows else "")
    steps = (Column("took", "words"), Column("the gateway's own part", "count"), Column("whole", "count"))
    bars = tuple((_range(bar.over, bar.to), bar.gateway, bar.whole) for bar in report.bars)
    tables = (table, tabled("Calls by time", steps, bars, "")) if bars else (table,)
    return Section("latency", "Latency", (_LATENCY,), _histogram(report), tables)


_LATENCY = (
    "From the first byte of a call to the record of its outcome. The gateway's own part is what it took itself; "
    "the rest is the server's. Streams of subscriptions are left out."
)
_EXACT = "p50: half of the calls took no longer; p99: 99 of 100. Exact within 2.5 %."


def _percentiles(one: Latency) -> tuple[float | None, ...]:
    return one.p50, one.p95, one.p99, one.slowest


def _range(over: float, to: float) -> str:
    return f"{milliseconds(over)} to {milliseconds(to)}"


def _histogram(report: Report) -> Plot | None:
    if not report.bars:
        return None
    ours, whole = report.latencies[0], report.latencies[1]
    described = (
        f"The gateway's own part: half within {milliseconds(ours.p50)}, 99 % within {milliseconds(ours.p99)}. "
        f"Whole: half within {milliseconds(whole.p50)}, 99 % within {milliseconds(whole.p99)}. "
        "Each step is 1.78 times the one before; the table has every number."
    )
    series = (
        Series("the gateway's own part", "gateway", tuple(bar.gateway for bar in report.bars)),
        Series("whole, with the server", "whole", tuple(bar.whole for bar in report.bars)),
    )
    labels = tuple(milliseconds(bar.over) for bar in report.bars)
    return Plot("How many calls took how long", described, labels, series, stacked=False)

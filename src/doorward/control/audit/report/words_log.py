"""What a report says of the rest: what was changed, whom people told, whether the log goes on without a break."""

from doorward.control.audit.report.model import Continuity, Report, Verification
from doorward.control.audit.report.plain import count, counted, moment
from doorward.control.audit.report.sections import Column, Section, Table, tabled

NOT_VERIFIED = "Not verified: this report did not check signatures or the chain. Run doorward audit verify."

_MOST_SPANS = 40


def changes(report: Report) -> Section:
    """Policies, modes, and what operators and the token service did."""
    told = (
        f"{counted(len(report.policies), 'state', 'states')} of the policies decided in this time, and "
        f"{counted(report.more_changes + len(report.changes), 'change')} came from the command line."
    )
    tables = (_modes(report), _policies(report), _operators(report), _overrides(report), _tokens(report))
    return Section("changes", "Policies, modes and changes", (told,), None, tables)


def _modes(report: Report) -> Table:
    columns = (
        Column("server"),
        Column("mode", "words"),
        Column("first call", "moment"),
        Column("last call", "moment"),
        Column("calls", "count"),
    )
    rows = tuple((row.server, row.mode, row.first, row.last, row.calls) for row in report.modes)
    after = "A tool or a rule can have a mode of its own, so a server can have several at one time." if rows else ""
    return tabled("Modes that held", columns, rows, "No call was made to a server.", after)


def _policies(report: Report) -> Table:
    columns = (
        Column("policy digest", "digest"),
        Column("first call", "moment"),
        Column("last call", "moment"),
        Column("calls", "count"),
    )
    shown = report.policies[-_MOST_SPANS:]
    rows = tuple((row.digest, row.first, row.last, row.calls) for row in shown)
    after = "The digest covers configuration, policies and the tools they know; it also changes with a server's tools."
    if len(report.policies) > len(shown):
        after = f"The last {len(shown)} of {count(len(report.policies))}. {after}"
    return tabled("What decided", columns, rows, "No policy decided anything.", after if rows else "")


def _operators(report: Report) -> Table:
    columns = (Column("when", "moment"), Column("who"), Column("command"), Column("what", "words"))
    rows = tuple((row.timestamp, row.who, row.what, row.detail) for row in report.changes)
    after = f"{counted(report.more_changes, 'earlier change')} left out here." if report.more_changes else ""
    return tabled("Changes from the command line", columns, rows, "Nothing was changed from the command line.", after)


def _overrides(report: Report) -> Table:
    columns = (Column("override"), Column("calls that it let pass", "count"))
    rows = tuple((row.override, row.calls) for row in report.overrides)
    return tabled("Overrides that were used", columns, rows, "No call passed by an override.")


def _tokens(report: Report) -> Table:
    columns = (Column("request"), Column("decision", "words"), Column("reason"), Column("count", "count"))
    rows = tuple((row.method, row.decision, row.reason or "–", row.count) for row in report.tokens)
    return tabled("Token service", columns, rows, "Nobody asked the token service for anything.")


def alerts(report: Report) -> Section:
    """The alerts that people were sent."""
    columns = (Column("reason"), Column("sent", "count"), Column("given up", "count"))
    rows = tuple((row.reason or "–", row.sent, row.given_up) for row in report.alerts)
    sent, lost = sum(row.sent for row in report.alerts), sum(row.given_up for row in report.alerts)
    told = f"{counted(sent, 'alert')} sent, {count(lost)} given up."
    return Section("alerts", "Alerts", (told,), None, (tabled("By reason", columns, rows, "No alert was sent."),))


def continuity(report: Report) -> Section:
    """Whether the log goes on without a break."""
    course = report.continuity
    return Section(
        "continuity",
        "Continuity of the log",
        (*_verified(report.verification), *_course(course)),
        None,
        (_writers(course), _gaps(course), *((_latest_gaps(course),) if course.gaps else ())),
    )


def _verified(verification: Verification) -> tuple[str, ...]:
    if not verification.done:
        return (NOT_VERIFIED,)
    intact = "Every record that is there is as it was written" if verification.intact else "Records were changed"
    complete = "nothing is missing" if verification.complete else "something is missing, or cannot be shown to be there"
    return (f"Verified with the public keys, the whole log: {intact}; {complete}.", *verification.lines)


def _course(course: Continuity) -> list[str]:
    if not course.records:
        return ["The log holds no record of this time."]
    told = [
        f"{counted(course.records, 'record')} by {counted(len(course.writers) + course.more_writers, 'writer')}, "
        f"the first at {moment(course.first)}, the last at {moment(course.last)} UTC.",
        _checkpoints(course),
    ]
    if course.interrupted:
        told.append(
            f"{counted(course.interrupted, 'exchange')} ended with the process that carried them, and are recorded so."
        )
    if course.unfinished:
        told.append(f"{counted(course.unfinished, 'exchange')} began and had no end yet when the time was over.")
    if course.unreadable:
        told.append(f"{counted(course.unreadable, 'line')} could not be read as a record.")
    return told


def _checkpoints(course: Continuity) -> str:
    if not course.last_checkpoint:
        return "No writer of this time has a signed checkpoint."
    some = f" {counted(course.without_checkpoint, 'writer')} without one." if course.without_checkpoint else ""
    return f"The last signed checkpoint is of {moment(course.last_checkpoint)} UTC.{some}"


def _writers(course: Continuity) -> Table:
    columns = (
        Column("writer", "digest"),
        Column("records", "count"),
        Column("first", "moment"),
        Column("last", "moment"),
        Column("last checkpoint", "moment"),
        Column("closed", "words"),
    )
    rows = tuple(
        (row.writer, row.records, row.first, row.last, row.checkpoint, "yes" if row.closed else "no")
        for row in course.writers
    )
    after = "A writer is one process; it is closed when it ended and all that it began has an outcome."
    if course.more_writers:
        after = f"And {counted(course.more_writers, 'earlier writer')}. {after}"
    return tabled("Writers", columns, rows, "No writer wrote in this time.", after if rows else "")


def _gaps(course: Continuity) -> Table:
    columns = (Column("reason"), Column("gap records", "count"), Column("what they count", "count"))
    rows = tuple((row.reason, row.gaps, row.missing) for row in course.gaps)
    after = (
        "Refusals in a flood are counted, not recorded singly; journal.* are records that could not be kept."
        if rows
        else ""
    )
    return tabled("Gaps that the log admits", columns, rows, "The log admits no gap in this time.", after)


def _latest_gaps(course: Continuity) -> Table:
    columns = (Column("when", "moment"), Column("reason"), Column("what", "words"))
    rows = tuple((row.timestamp, row.reason, row.detail) for row in course.latest_gaps)
    return tabled("The newest of them", columns, rows, "None.")


def reading(report: Report) -> Section:
    """How the numbers were counted."""
    sentences = [
        "A call is one request of a client, of whatever method; it counts once, when it ended, however many records "
        "tell of it. A call under way counts in none of the numbers but “began and had no end yet”.",
        "Would have been refused: the call passed because its mode only watches, and the record says what an enforcing "
        "mode would have done. Failed: nobody refused it, and something broke or the client left.",
        "Names of callers, tools and rules are as the records hold them. No record holds text of an argument or a "
        "result, so this report holds none.",
    ]
    if report.inexact:
        sentences.append(
            "There were too many different names to count each: rows of rare ones are missing or too low. "
            "The sums of all calls are exact."
        )
    return Section("reading", "How to read this", tuple(sentences))

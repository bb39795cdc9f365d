"""A report in words: what stands at its top, and which sections it has."""

from collections.abc import Iterator

from doorward.control.audit.report.model import Report, Verification
from doorward.control.audit.report.plain import count, counted, milliseconds, moment, share
from doorward.control.audit.report.sections import Figure, Section
from doorward.control.audit.report.words_log import alerts, changes, continuity, reading
from doorward.control.audit.report.words_traffic import calls, findings, latency, refusals, uses

_SECTIONS = (calls, refusals, findings, uses, latency, changes, alerts, continuity, reading)


def figures(report: Report) -> tuple[Figure, ...]:
    """What stands at the top."""
    ended, found, ours = report.calls, report.findings, report.latencies[0]
    callers = f"{counted(report.callers, 'caller')}, {counted(report.servers, 'server')}"
    refused = f"{share(ended.refused, ended.total)} of the calls" if ended.total else "there were no calls"
    added = f"p50; p99 is {milliseconds(ours.p99)}" if ours.calls else "nothing was forwarded"
    return (
        Figure(count(ended.total), "calls", callers),
        Figure(count(ended.refused), "refused", refused),
        Figure(count(report.would_have), "would have been refused", "had enforcement been on everywhere"),
        Figure(count(found.passed), "findings that passed", f"of {count(found.found)} found"),
        Figure(milliseconds(ours.p50), "added by the gateway", added),
        Figure(_verdict(report.verification), "the log", _verdict_note(report)),
    )


def sections(report: Report) -> Iterator[Section]:
    """All of them, in order."""
    return (section(report) for section in _SECTIONS)


def _verdict(verification: Verification) -> str:
    if not verification.done:
        return "not verified"
    if verification.intact:
        return "intact and complete" if verification.complete else "intact, not complete"
    return "not intact"


def _verdict_note(report: Report) -> str:
    return f"verified {moment(report.made)}" if report.verification.done else "run: doorward audit verify"

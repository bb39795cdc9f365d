"""``when`` of an alert plug-in: one rule or several, checked."""

from doorward.configtypes import Refused
from doorward.core.alerting import Rule, fault

When = Rule | tuple[Rule, ...]


def rules(when: When) -> tuple[Rule, ...]:
    """The rules, one or more. None written: what alerts by itself. Raises ``Refused`` for one that cannot match."""
    written = (when,) if isinstance(when, Rule) else when
    for rule in written:
        what = fault(rule)
        if what:
            raise Refused(f"when: {what}", "docs/reasons.md lists the reasons; a glob like policy.* works too")
    return written or (Rule(),)

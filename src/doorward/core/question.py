"""What is asked of the policies, and what they say (docs/policies.md)."""

from typing import Any, Protocol

import msgspec

from doorward.core.decision import Decision
from doorward.core.identity import Grant
from doorward.core.policy import Mode, Severity


class Question(msgspec.Struct, frozen=True):
    """May this caller do that? ``action`` is a method of MCP, or a label of ``methods.py`` for the rest ("other").

    ``kind`` is "Tool", "Prompt", "Resource" or "Task", and ``name`` its name, URI or id; both empty: the server itself.
    ``now`` is in seconds since the epoch.
    """

    grant: Grant
    server: str
    action: str
    kind: str = ""
    name: str = ""
    now: float = 0.0
    source_ip: str = ""


class Observed(msgspec.Struct, frozen=True):
    """A ``forbid`` whose own mode is audit or warn matched: it is recorded and decides nothing."""

    rule: str
    mode: Mode
    severity: Severity
    message: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """What the policies say.

    ``decision``: ``ALLOW``, or a deny with the rules that decided. ``rules`` are the ids that matched, whichever way.
    ``upper``: allowed at best, ``lower``: allowed at worst, over all arguments; once arguments were seen, and where they
    do not matter, the two agree. ``settled`` is that they agree. ``mode`` is set where the deciding rules bring a mode
    of their own, the strictest of them; None: the tool's or server's mode holds.
    """

    decision: Decision
    upper: bool
    lower: bool
    rules: tuple[str, ...] = ()
    mode: Mode | None = None
    observed: tuple[Observed, ...] = ()
    facts: tuple[str, ...] = ()

    @property
    def settled(self) -> bool:
        return self.upper == self.lower


class Policies(Protocol):
    """A compiled set of policies (``stages/authorize.py`` asks it). Never raises: what goes wrong is a deny."""

    digest: str

    def bounds(self, question: Question) -> Verdict:
        """Without arguments. ``decision`` is that of the upper bound: ALLOW means that some arguments may pass."""

    def judge(self, question: Question, arguments: Any) -> Verdict:
        """With the decoded ``arguments`` object (numbers as the strict reader gives them)."""

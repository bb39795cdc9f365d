"""What is asked of the policies, and what they say (docs/policies.md)."""

from typing import Any, Protocol

import msgspec

from doorward.core.decision import ALLOW, Decision
from doorward.core.identity import Grant
from doorward.core.policy import Mode, Severity
from doorward.core.rules import DEFAULT_DENY, NEEDS_NO_PERMIT, action_of


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
    ``upper``: allowed at best, ``lower``: allowed at worst, over all arguments; once arguments were seen, and where
    they do not matter, the two agree. ``open``: arguments may still add to ``rules`` or ``observed``. ``mode`` is set
    where the deciding rules bring a mode of their own, the strictest of them; None: the tool's or server's mode holds.
    ``mixed``: some of the deciding rules bring none, so the tool's or server's counts beside it (``mode_over``).
    """

    decision: Decision
    upper: bool
    lower: bool
    rules: tuple[str, ...] = ()
    mode: Mode | None = None
    mixed: bool = False
    observed: tuple[Observed, ...] = ()
    facts: tuple[str, ...] = ()
    open: bool = False

    @property
    def settled(self) -> bool:
        """Whether arguments change nothing, not even what is recorded: there is no need to ``judge`` them."""
        return self.upper == self.lower and not self.open

    def granted(self, action: str) -> "Verdict":
        """As it counts for who holds a grant for the server: what needs no permit is not denied for want of one."""
        if self.rules != _FOR_WANT or action_of(action) not in NEEDS_NO_PERMIT:
            return self
        return msgspec.structs.replace(self, decision=ALLOW, upper=True, lower=True, rules=())

    def mode_over(self, mode: Mode) -> Mode:
        """The mode that holds for this verdict where the tool or server has ``mode``: rule, then tool; the stricter."""
        if self.mode is None:
            return mode
        return max(self.mode, mode, key=_RANK.__getitem__) if self.mixed else self.mode


_RANK = {mode: rank for rank, mode in enumerate(Mode)}
_FOR_WANT = (DEFAULT_DENY,)


class Policies(Protocol):
    """A compiled set of policies (``stages/cedar.py`` is one). Never raises: what goes wrong is a deny."""

    @property
    def digest(self) -> str:
        """SHA-256 over all that decides here, in hexadecimal."""

    def bounds(self, question: Question) -> Verdict:
        """Without arguments. ``decision`` is that of the upper bound: ALLOW means that some arguments may pass."""

    def judge(self, question: Question, arguments: Any) -> Verdict:
        """With the decoded ``arguments`` object (numbers as the strict reader gives them; None: there is none)."""

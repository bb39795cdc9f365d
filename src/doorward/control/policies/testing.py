"""Cases beside the policy, ``*.test.yaml``: a call, what must be decided about it, and by which rule.

``doorward policy test`` runs them, and so does every reload: a case that fails keeps the last good set.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from doorward.configfile.decode import child, decode, suggestion
from doorward.configfile.tree import MAX_CHARACTERS, Tree, parse
from doorward.configtypes import InvalidConfiguration, Problem, content
from doorward.core.decision import ALLOW
from doorward.core.decode import UndecodableError
from doorward.core.decode import decode as decode_json
from doorward.core.identity import ANONYMOUS, Grant, Principal
from doorward.core.policy import names
from doorward.core.question import Policies, Question, Verdict
from doorward.core.rules import ACTIONS

_RESOURCES = {
    "tool": ("Tool", "tools/call"),
    "prompt": ("Prompt", "prompts/get"),
    "resource": ("Resource", "resources/read"),
    "task": ("Task", "tasks"),
}
_WHO = ("agent", "user", "anonymous")
_DEPTH = 64


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One call as a case writes it: one of ``agent``, ``user``, ``anonymous``; at most one of tool, prompt, … .

    ``user`` is ``ISSUER|SUB``. ``subject``: for whom, ``chain``: through whom, nearest first. ``action``: where it is
    not the usual one of the resource.
    """

    server: str
    agent: str | None = None
    user: str | None = None
    anonymous: bool | None = None
    groups: tuple[str, ...] = ()
    client: str = ""
    subject: str = ""
    chain: tuple[str, ...] = ()
    tool: str | None = None
    prompt: str | None = None
    resource: str | None = None
    task: str | None = None
    action: str | None = None
    arguments: Any = None
    source_ip: str = ""


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``rule``: an id that must be among those that decided; ``name``: what the case is about."""

    call: Written
    expect: Literal["allow", "deny"]
    name: str = ""
    rule: str | None = None


class Located(msgspec.Struct, frozen=True):
    """A case that can be run, and where it stands."""

    case: Case
    question: Question
    arguments: Any
    file: str
    line: int


class Result(msgspec.Struct, frozen=True):
    """What became of one case. ``rules`` decided."""

    file: str
    line: int
    name: str
    passed: bool
    expected: str
    decided: str
    rules: tuple[str, ...] = ()
    reason: str = ""

    def problem(self) -> Problem:
        """A case that failed, as what is wrong with the set."""
        message = f"the case {self.name!r} expects {self.expected}; decided was {self.decided}"
        remedy = "correct the policy or the case; docs/policy-tests.md"
        return Problem(path="policies", message=message, remedy=remedy, file=self.file, line=self.line)


def read_cases(tests: Sequence[Path], servers: Collection[str], now: float) -> list[Located]:
    """All cases of these files, in order. ``now`` is ``context.time``, in seconds since the epoch.

    Raises ``InvalidConfiguration`` with every problem, each with file and line.
    """
    cases: list[Located] = []
    problems: list[Problem] = []
    for path in tests:
        try:
            cases += _file(path, servers, now)
        except InvalidConfiguration as invalid:
            problems += invalid.problems
    if problems:
        raise InvalidConfiguration(problems)
    return cases


def run(policies: Policies, cases: Sequence[Located]) -> list[Result]:
    """Each case against the set."""
    return [_result(located, _judged(policies, located)) for located in cases]


def _judged(policies: Policies, located: Located) -> Verdict:
    question = located.question
    verdict = policies.judge(question, located.arguments)
    return verdict if question.grant.principal is ANONYMOUS else verdict.granted(question.action)


def failures(policies: Policies, tests: Sequence[Path], servers: Collection[str], now: float) -> list[Problem]:
    """What keeps a set from coming into force: each case that fails or cannot be read. For every reload."""
    try:
        results = run(policies, read_cases(tests, servers, now))
    except InvalidConfiguration as invalid:
        return invalid.problems
    return [result.problem() for result in results if not result.passed]


def _result(located: Located, verdict: Verdict) -> Result:
    case = located.case
    decided = "allow" if verdict.decision is ALLOW else "deny"
    passed = decided == case.expect and (case.rule is None or case.rule in verdict.rules)
    return Result(
        located.file,
        located.line,
        case.name or _described(case.call),
        passed,
        _worded(case.expect, () if case.rule is None else (case.rule,)),
        _worded(decided, verdict.rules),
        verdict.rules,
        verdict.decision.reason.value,
    )


def _worded(decision: str, rules: Sequence[str]) -> str:
    return f"{decision} by {', '.join(rules)}" if rules else decision


def _described(call: Written) -> str:
    who = call.agent or call.user or "anonymous"
    what = next((getattr(call, kind) for kind in _RESOURCES if getattr(call, kind) is not None), call.action)
    return f"{who}: {call.server}/{what}"


def _file(path: Path, servers: Collection[str], now: float) -> list[Located]:
    tree = parse(_text(path), str(path))
    if tree.value is None:
        return []
    cases, problems = decode(tree.value, tuple[Case, ...])
    problems = [_placed(problem, tree, path) for problem in problems]
    located: list[Located] = []
    for index, case in enumerate(cases or ()):
        at = child("", index)
        problems += [_placed(problem, tree, path) for problem in _faults(case.call, child(at, "call"), servers)]
        arguments, fault = _arguments(case.call.arguments, child(at, "call.arguments"))
        problems += [_placed(fault, tree, path)] if fault is not None else []
        if not problems:
            located.append(Located(case, _question(case.call, now), arguments, str(path), tree.place(at)[0]))
    if problems:
        raise InvalidConfiguration(problems)
    return located


def _text(path: Path) -> str:
    try:
        return content(path, 4 * MAX_CHARACTERS + 1).decode()
    except (OSError, UnicodeDecodeError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "it is not UTF-8 text"
        remedy = "check its path and permissions"
        raise InvalidConfiguration(
            [Problem(path="policies", message=f"cannot be read: {why}", remedy=remedy, file=str(path))]
        ) from None


def _faults(call: Written, path: str, servers: Collection[str]) -> list[Problem]:
    """What must hold of a case beyond the types of its members."""
    found: list[Problem] = []
    who = [name for name in _WHO if getattr(call, name)]
    what = [name for name in _RESOURCES if getattr(call, name) is not None]
    if len(who) != 1:
        found.append(Problem(path=path, message="who calls is not clear", remedy=f"write one of {', '.join(_WHO)}"))
    if call.agent is not None and not call.agent.startswith("agent:"):
        found.append(Problem(path=child(path, "agent"), message="an agent's id begins with agent:"))
    if call.anonymous and (call.groups or call.client or call.chain or call.subject):
        found.append(Problem(path=path, message="nothing is known of an anonymous caller", remedy="remove the rest"))
    if len(what) > 1 or (not what and call.action is None):
        remedy = f"write one of {', '.join(_RESOURCES)}, or an action for the server itself"
        found.append(Problem(path=path, message="what is called is not clear", remedy=remedy))
    if call.action is not None and call.action not in ACTIONS:
        remedy = suggestion(call.action, list(ACTIONS))
        found.append(Problem(path=child(path, "action"), message=f"no action is {call.action!r}", remedy=remedy))
    if call.server not in servers:
        remedy = suggestion(call.server, list(servers))
        found.append(Problem(path=child(path, "server"), message=f"there is no server {call.server!r}", remedy=remedy))
    return found


def _arguments(written: Any, path: str) -> tuple[Any, Problem | None]:
    """The arguments as the gateway reads them: written as JSON and read by its strict reader."""
    if written is None:
        return None, None
    if not isinstance(written, dict):
        return None, Problem(path=path, message="expected a mapping", remedy="write {NAME: VALUE}")
    try:
        return decode_json(msgspec.json.encode(written), _DEPTH), None
    except (UndecodableError, msgspec.MsgspecError, UnicodeError):
        remedy = "leave the case out: such a call is refused before any policy is asked"
        return None, Problem(path=path, message="no client can send this", remedy=remedy)


def _question(call: Written, now: float) -> Question:
    principal = _principal(call)
    kind, action, name = "", call.action or "other", ""
    for member, (resource, usual) in _RESOURCES.items():
        value = getattr(call, member)
        if value is not None:
            kind, action, name = resource, call.action or usual, value
    grant = Grant(principal, {call.server: names(["*"])}, subject=call.subject)
    return Question(grant, call.server, action, kind, name, now, call.source_ip)


def _principal(call: Written) -> Principal:
    if call.anonymous:
        return ANONYMOUS
    if call.agent is not None:
        return Principal(call.agent, call.client or call.agent, "", call.groups, call.chain)
    issuer, bar, subject = (call.user or "").partition("|")
    if not bar:
        issuer, subject = "", issuer
    return Principal(subject, call.client, issuer, call.groups, call.chain)


def _placed(problem: Problem, tree: Tree, path: Path) -> Problem:
    line, column = tree.place(problem.path)
    return msgspec.structs.replace(problem, file=str(path), line=line, column=column)

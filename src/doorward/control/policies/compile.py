"""Policy files, the agents' lists and what is known of the tools, into the engine that decides.

``doorward check``, ``policy show``, ``test``, ``explain`` and ``replay`` use it as ``control/compile.py`` does.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from doorward.config import Agent
from doorward.configtypes import InvalidConfiguration, Notice
from doorward.control.policies.agents import agent_rules
from doorward.control.policies.facts import compile_facts
from doorward.control.policies.files import PolicyFiles
from doorward.control.policies.parse import parse_files
from doorward.control.policies.schema import KnownTool
from doorward.control.policies.validate import Validator
from doorward.core.rules import Rule, ToolFacts
from doorward.stages.cedar import CedarPolicies, Compiled, Sensitive

NOTHING = "nothing permits anything"


class CompiledPolicies(msgspec.Struct, frozen=True):
    """``engine`` decides; ``rules`` are all of it, in order, the agents' lists last; ``notices`` are for ``check``."""

    engine: CedarPolicies
    rules: tuple[Rule, ...]
    notices: tuple[Notice, ...]
    files: PolicyFiles

    @property
    def digest(self) -> str:
        return self.engine.digest

    def rule(self, name: str) -> Rule | None:
        """The rule with an id, with its file and line; None for a built-in one, and one that is not there."""
        return next((rule for rule in self.rules if rule.id == name), None)

    def show(self) -> str:
        """All rules as Cedar text, each under the place that it comes from."""
        return "\n\n".join(f"// {_origin(rule)}\n{rule.text}" for rule in self.rules) + "\n" if self.rules else ""


def _origin(rule: Rule) -> str:
    return f"{rule.file}:{rule.line}" if rule.file else "identity.agents"


def compile_policies(
    files: PolicyFiles,
    agents: Sequence[Agent],
    servers: Mapping[str, Sensitive],
    known_tools: Iterable[KnownTool] = (),
) -> CompiledPolicies:
    """Everything that decides. ``servers`` say how sensitive their tools are (``core.snapshot.Server``).

    Raises ``InvalidConfiguration`` with all problems, each with file, line and ``@id``.
    """
    parsed, problems, notices = parse_files(files)
    facts, wrong_facts = compile_facts(files)
    tools = {(tool.server, tool.name): tool.facts() for tool in known_tools}
    validator = Validator(tools, servers, facts)
    for each in parsed:
        validator.examine(each)
    problems += wrong_facts + validator.problems
    if problems:
        raise InvalidConfiguration(sorted(problems, key=lambda problem: (problem.file, problem.line)))
    seen = _names(tools)
    own, globs = agent_rules(agents, seen)
    rules = (*validator.rules, *(each.rule for each in own))
    compiled = Compiled(
        digest=_digest(files, rules, tools, servers),
        rules=rules,
        facts=facts,
        tools=tools,
        blocked=frozenset(validator.blocked),
        servers=servers,
    )
    found = [*notices, *validator.notices, *globs, *_nothing(files, rules)]
    return CompiledPolicies(CedarPolicies(compiled), rules, tuple(found), files)


def _names(tools: Mapping[tuple[str, str], ToolFacts]) -> dict[str, list[str]]:
    seen: dict[str, list[str]] = {}
    for server, name in sorted(tools):
        seen.setdefault(server, []).append(name)
    return seen


def _nothing(files: PolicyFiles, rules: Sequence[Rule]) -> list[Notice]:
    if any(rule.effect == "permit" for rule in rules):
        return []
    message = f"{NOTHING}: no policy file and no list of an agent does"
    remedy = "enforcing modes deny every call; write a permit, or identity.agents[].servers"
    return [Notice(path="policies", message=message, remedy=remedy, file=files.directory)]


def _digest(
    files: PolicyFiles,
    rules: Sequence[Rule],
    tools: Mapping[tuple[str, str], ToolFacts],
    servers: Mapping[str, Sensitive],
) -> str:
    """SHA-256 over all that decides: files, lists, shapes and attributes of tools, sensitivities."""
    known = [
        [server, name, facts, servers[server].sensitivity_of(name) if server in servers else None]
        for (server, name), facts in sorted(tools.items(), key=lambda item: item[0])
    ]
    whole = {name: server.sensitivity_of(None) for name, server in servers.items()}
    forms = [[rule.id, rule.text, rule.whole] for rule in rules]
    canonical = [files.digest, forms, known, whole]
    return hashlib.sha256(msgspec.json.encode(canonical, order="sorted")).hexdigest()

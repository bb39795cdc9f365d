"""Configuration and key material into a ``Snapshot``: the only maker of Snapshots.

Pure but for two things that are handed in: ``build`` makes plug-ins, ``make_scanner`` runs detectors. Secrets are
resolved here, so what needs their value (length, uniqueness, form) is checked here too. Every fault is collected; then
it raises once.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from doorward.config import Agent, Config, Pattern
from doorward.configfile.decode import suggestion
from doorward.configfile.rules import findable
from doorward.configtypes import InvalidConfiguration, Notice
from doorward.control.collecting import Build, Collecting
from doorward.control.digest import policy_digest
from doorward.control.federation.issuers import faults as issuer_faults
from doorward.control.federation.matching import faults as match_faults
from doorward.control.holding import held
from doorward.control.looking import actions_of
from doorward.control.oauth.clients import compile_clients
from doorward.control.own_names import own_names
from doorward.control.policies.compile import NOTHING, CompiledPolicies, compile_policies
from doorward.control.policies.files import PolicyFiles, directory_of, read_files
from doorward.control.policies.schema import KnownTool
from doorward.control.servers import Servers
from doorward.core.alerting import Rule
from doorward.core.identity import Grant, Principal
from doorward.core.policy import names
from doorward.core.ports import Detector, Scanner
from doorward.core.snapshot import Keys, Limits, Server, Snapshot, Timeouts

MakeScanner = Callable[[Sequence[Detector]], Scanner | None]

MIN_TOKEN = 16
_TOKEN = re.compile(r"[\x21-\x7e]+", re.ASCII)  # one word, as RFC 6750 §2.1 and a header field need it


class Compiled(NamedTuple):
    """One version of everything, the policies in it with their sources, and what an operator should know of them."""

    snapshot: Snapshot
    policies: CompiledPolicies
    alerts: list[Any]  # the alert plug-ins
    notices: list[Notice]  # what plug-ins have to say about their options


def snapshot(config: Config, **given: Any) -> Snapshot:
    """The snapshot alone; parameters and errors as of ``compiled``."""
    return compiled(config, **given).snapshot


def compiled(
    config: Config,
    *,
    version: int,
    build: Build,
    make_scanner: MakeScanner,
    keys: Keys,
    environ: Mapping[str, str],
    base_dir: Path,
    port: int | None = None,
    known_tools: Iterable[KnownTool] = (),
    now: float = 0.0,
    kept: Snapshot | None = None,
    files: PolicyFiles | None = None,
) -> Compiled:
    """One version of everything. Raises ``InvalidConfiguration`` with all problems.

    ``version`` counts up by the caller; ``base_dir`` is what relative paths are relative to; ``port`` is the bound port
    where the configuration says 0; ``known_tools`` give policies their actions; ``now`` (epoch seconds)
    is the time of the cases beside the policies. ``kept``: one of the same configuration, whose detectors stay.
    ``files``: the policies, where they are not to be read anew.
    """
    collecting = Collecting(build, environ, base_dir)
    compiler, parts = _Compiler(config, collecting, now), Servers(config, collecting)
    made = {name: parts.server(name, server) for name, server in config.servers.items()}
    servers = {name: server for name, server in made.items() if server is not None}
    agents = compiler.agents()
    compiler.identities()
    scanner = compiler.scanner(make_scanner) if kept is None else kept.scanner
    allow = collecting.allow(config.inspect.allow, "inspect.allow")
    credentials = held(config, servers, environ, base_dir)
    alerts = compiler.alerts()
    policies = compiler.policies(servers, known_tools, files)
    if policies is not None and any(rule.mode is not None and rule.mode.enforcing for rule in policies.rules):
        # Some rule is enforced whatever the servers' modes are: what nobody can read might be what it forbids.
        servers = {name: msgspec.structs.replace(server, strict_reading=True) for name, server in servers.items()}
    if collecting.problems or policies is None:
        raise InvalidConfiguration(collecting.problems)
    hosts, origins, public_url = own_names(config, port)
    return Compiled(
        Snapshot(
            version=version,
            policy_digest=policy_digest(config, keys, agents, policies.digest),
            servers=servers,
            agents=agents,
            keys=keys,
            limits=_limits(config),
            timeouts=_timeouts(config),
            policies=policies.engine,
            scanner=scanner,
            held=credentials,
            actions=actions_of(config.inspect.entities),
            replace=_replace(config),
            allow=allow,
            binary=config.inspect.binary,
            refuse_late=config.inspect.on_timeout == "refuse",
            public_url=public_url,
            allowed_hosts=hosts,
            allowed_origins=origins,
            trusted_proxies=frozenset(str(ip_address(proxy)) for proxy in config.listen.trusted_proxies),
            journal_required=config.audit.on_failure == "refuse",
        ),
        policies,
        alerts,
        collecting.notices,
    )


class _Compiler:
    """Compiles what is not of one server: who may call, policies, alerts, detectors."""

    def __init__(self, config: Config, collecting: Collecting, now: float) -> None:
        self._config = config
        self._collecting = collecting
        self._now = now

    def agents(self) -> dict[bytes, Grant]:
        made: dict[bytes, Grant] = {}
        owners: dict[bytes, str] = {}
        for index, agent in enumerate(self._config.identity.agents):
            path = f"identity.agents[{index}].token"
            token = self._token(agent, path)
            if token is None:
                continue
            key = hashlib.sha256(token.encode()).digest()
            if key in owners:
                self._collecting.wrong(path, f"is the same token as that of {owners[key]}", "give each agent its own")
            owners[key] = agent.id
            grants = {name: names(tools) for name, tools in agent.servers.items()}
            made[key] = Grant(
                Principal(subject=agent.id, client=agent.id, groups=agent.groups), grants, grant_id=f"fixed:{agent.id}"
            )
        return made

    def policies(
        self, servers: Mapping[str, Server], known_tools: Iterable[KnownTool], files: PolicyFiles | None
    ) -> CompiledPolicies | None:
        try:
            files = read_files(directory_of(self._config, self._collecting.base_dir)) if files is None else files
            made = compile_policies(files, self._config.identity.agents, servers, known_tools)
            if not any(server.strict_reading for server in servers.values()):
                # Nobody is denied anything, so there is nothing to warn about yet.
                made = msgspec.structs.replace(
                    made, notices=tuple(notice for notice in made.notices if not notice.message.startswith(NOTHING))
                )
            if files.tests:
                from doorward.control.policies.testing import failures  # most configurations have no tests

                self._collecting.problems += failures(made.engine, files.tests, self._config.servers, self._now)
            return made
        except InvalidConfiguration as invalid:
            self._collecting.problems += invalid.problems
            return None

    def identities(self) -> None:
        """What only shows once secrets are resolved and issuers are known together."""
        identity = self._config.identity
        known = [issuer.issuer for issuer in identity.issuers]
        self._collecting.problems += issuer_faults(identity.issuers, self._collecting.base_dir)
        own = own_names(self._config, None)[2]
        for index, issuer in enumerate(known):
            if issuer == own:
                message = "is this gateway itself, whose grants are accepted anyway"
                self._collecting.wrong(f"identity.issuers[{index}].issuer", message, "remove it")
        for index, agent in enumerate(identity.agents):
            if agent.match is not None:
                self._collecting.problems += match_faults(agent.match, f"identity.agents[{index}].match", known)
        try:
            compile_clients(
                identity.agents, hashing=b"", environ=self._collecting.environ, base_dir=self._collecting.base_dir
            )
        except InvalidConfiguration as invalid:
            self._collecting.problems += invalid.problems

    def alerts(self) -> list[Any]:
        specs = self._config.alerts
        built = [self._collecting.plugin("alerts", spec, f"alerts[{index}]") for index, spec in enumerate(specs)]
        for index, channel in enumerate(built):
            for rule in getattr(channel, "rules", ()):
                self._collecting.notices += self._never(rule, f"alerts[{index}]")
        return [channel for channel in built if channel is not None]

    def _never(self, rule: Rule, path: str) -> Iterator[Notice]:
        """Why a rule can never match in this configuration. A reload may change that, so it may stay."""
        servers, entities = list(self._config.servers), findable(self._config)
        if rule.server != "*" and not any(fnmatchcase(name, rule.server) for name in servers):
            message = f"when: no server is {rule.server!r}, so nobody is ever told"
            yield Notice(path=path, message=message, remedy=suggestion(rule.server, servers))
        if rule.finding is None or entities is None or any(fnmatchcase(name, rule.finding) for name in entities):
            return
        message = f"when: nothing that is looked for is {rule.finding!r}, so nobody is ever told"
        remedy = suggestion(rule.finding, sorted(entities)) if entities else "add inspect.detectors"
        yield Notice(path=path, message=message, remedy=remedy)

    def scanner(self, make_scanner: MakeScanner) -> Scanner | None:
        inspect = self._config.inspect
        built: list[Any] = [
            self._collecting.plugin("detectors", spec, f"inspect.detectors[{index}]")
            for index, spec in enumerate(inspect.detectors)
        ]
        for index, detector in enumerate(built):
            self._collecting.notices += [
                Notice(path=f"inspect.detectors[{index}]", message=told) for told in getattr(detector, "notices", ())
            ]
        if inspect.patterns:
            built.append(self._patterns(inspect.patterns))
        detectors = [detector for detector in built if detector is not None]
        return make_scanner(detectors) if detectors and len(detectors) == len(built) else None

    def _patterns(self, patterns: Sequence[Pattern]) -> Detector | None:
        from doorward.detection import custom  # most configurations have none

        made = [custom.Pattern(entity=p.entity, regex=p.regex, score=p.score) for p in patterns]
        before = len(self._collecting.problems)
        for index, pattern in enumerate(made):
            try:
                custom.Custom([pattern])
            except ValueError as fault:
                remedy = "RE2 syntax: no look-around, no back references, and never an empty match"
                self._collecting.wrong(f"inspect.patterns[{index}].regex", str(fault), remedy)
        return custom.Custom(made) if len(self._collecting.problems) == before else None

    def _token(self, agent: Agent, path: str) -> str | None:
        if agent.token is None:
            return None
        token = self._collecting.resolved(agent.token, path)
        if token is None:
            return None
        if len(token) < MIN_TOKEN or not _TOKEN.fullmatch(token):
            remedy = 'make one: python -c "import secrets; print(secrets.token_urlsafe(32))"'
            self._collecting.wrong(
                path, f"must be at least {MIN_TOKEN} visible ASCII characters without a space", remedy
            )
            return None
        return token


def _replace(config: Config) -> dict[str, str]:
    return {"default": "placeholder", **config.inspect.replace}


def _limits(config: Config) -> Limits:
    return Limits(**{name: int(getattr(config.limits, name)) for name in Limits.__struct_fields__})


def _timeouts(config: Config) -> Timeouts:
    return Timeouts(**{name: float(getattr(config.timeouts, name)) for name in Timeouts.__struct_fields__})

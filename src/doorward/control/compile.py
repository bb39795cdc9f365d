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
from urllib.parse import urlsplit

import msgspec

from doorward.config import Agent, Config, NearerInspect, Pattern
from doorward.config import Server as ServerSection
from doorward.configfile.decode import child, suggestion
from doorward.configfile.edge import address, is_loopback, on_loopback
from doorward.configfile.rules import findable
from doorward.configfile.servers import enforcing, mode_of, url_fault
from doorward.configtypes import InvalidConfiguration, Notice, Plugin, Problem, Refused, Text, fetch
from doorward.control.digest import policy_digest
from doorward.control.federation.issuers import faults as issuer_faults
from doorward.control.federation.matching import faults as match_faults
from doorward.control.looking import actions_of, allow_of
from doorward.control.oauth.clients import compile_clients
from doorward.control.policies.compile import NOTHING, CompiledPolicies, compile_policies
from doorward.control.policies.files import PolicyFiles, directory_of, read_files
from doorward.control.policies.schema import KnownTool
from doorward.core.alerting import Rule
from doorward.core.identity import Grant, Principal
from doorward.core.looking import Allow, LookRule
from doorward.core.policy import Names, ToolRule, names
from doorward.core.ports import Broker, Detector, Held, Scanner
from doorward.core.snapshot import Keys, Limits, Server, Snapshot, Target, Timeouts

Build = Callable[[str, Plugin], Any]
MakeScanner = Callable[[Sequence[Detector]], Scanner | None]

MIN_TOKEN = 16
_PLACES = frozenset(
    {
        "HOME",
        "PATH",
        "PWD",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "LC_ALL",
        "TZ",
        "TMPDIR",
        "TEMP",
        "TMP",
        "HOSTNAME",
        "TERM",
    }
)
"""Variables that programs want to be given and that hold no credential (POSIX.1-2017, 8.3)."""
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
    compiler = _Compiler(config, build, environ, base_dir, now)
    made = {name: compiler.server(name, server) for name, server in config.servers.items()}
    servers = {name: server for name, server in made.items() if server is not None}
    agents = compiler.agents()
    compiler.identities()
    scanner = compiler.scanner(make_scanner) if kept is None else kept.scanner
    allow = compiler.allow(config.inspect.allow, "inspect.allow")
    held = compiler.held(servers)
    alerts = compiler.alerts()
    policies = compiler.policies(servers, known_tools, files)
    if policies is not None and any(rule.mode is not None and rule.mode.enforcing for rule in policies.rules):
        # Some rule is enforced whatever the servers' modes are: what nobody can read might be what it forbids.
        servers = {name: msgspec.structs.replace(server, strict_reading=True) for name, server in servers.items()}
    if compiler.problems or policies is None:
        raise InvalidConfiguration(compiler.problems)
    hosts, origins, public_url = _edge(config, port)
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
            held=held,
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
        compiler.notices,
    )


class _Compiler:
    """Carries what every part needs, and the problems that were met."""

    def __init__(self, config: Config, build: Build, environ: Mapping[str, str], base_dir: Path, now: float) -> None:
        self.problems: list[Problem] = []
        self.notices: list[Notice] = []
        self._config = config
        self._build = build
        self._environ = environ
        self._base_dir = base_dir
        self._now = now

    def server(self, name: str, section: ServerSection) -> Server | None:
        path = child("servers", name)
        broker: Broker | None = self._plugin("brokers", section.credentials, child(path, "credentials"))
        target = self._target(section, path)
        if broker is None or target is None:
            return None
        relays: frozenset[bytes] = getattr(broker, "relays", frozenset())
        strict = enforcing(self._config, section)
        if relays and strict:
            self._wrong(child(path, "credentials"), "relaying is refused in enforcing modes", "use credentials: static")
        mode = mode_of(self._config, section)
        return Server(
            id=name,
            target=target,
            mode=mode,
            tools=_tool_rules(section),
            sensitivity=section.sensitivity,
            strict_reading=strict,
            anonymous=not mode.enforcing and self._anonymous(),
            broker=broker,
            relay=relays,
            request_headers=_lower(section.headers.request),
            response_headers=_lower(section.headers.response),
            server_requests=None if section.server_requests is None else frozenset(section.server_requests),
            looks=self._looks(section, path),
            propagate=section.trace == "propagate",
        )

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
                self._wrong(path, f"is the same token as that of {owners[key]}", "give each agent its own")
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
            files = read_files(directory_of(self._config, self._base_dir)) if files is None else files
            made = compile_policies(files, self._config.identity.agents, servers, known_tools)
            if not any(server.strict_reading for server in servers.values()):
                # Nobody is denied anything, so there is nothing to warn about yet.
                made = msgspec.structs.replace(
                    made, notices=tuple(notice for notice in made.notices if not notice.message.startswith(NOTHING))
                )
            if files.tests:
                from doorward.control.policies.testing import failures  # most configurations have no tests

                self.problems += failures(made.engine, files.tests, self._config.servers, self._now)
            return made
        except InvalidConfiguration as invalid:
            self.problems += invalid.problems
            return None

    def identities(self) -> None:
        """What only shows once secrets are resolved and issuers are known together."""
        identity = self._config.identity
        known = [issuer.issuer for issuer in identity.issuers]
        self.problems += issuer_faults(identity.issuers, self._base_dir)
        own = _edge(self._config, None)[2]
        for index, issuer in enumerate(known):
            if issuer == own:
                message = "is this gateway itself, whose grants are accepted anyway"
                self._wrong(f"identity.issuers[{index}].issuer", message, "remove it")
        for index, agent in enumerate(identity.agents):
            if agent.match is not None:
                self.problems += match_faults(agent.match, f"identity.agents[{index}].match", known)
        try:
            compile_clients(identity.agents, hashing=b"", environ=self._environ, base_dir=self._base_dir)
        except InvalidConfiguration as invalid:
            self.problems += invalid.problems

    def alerts(self) -> list[Any]:
        specs = self._config.alerts
        built = [self._plugin("alerts", spec, f"alerts[{index}]") for index, spec in enumerate(specs)]
        for index, channel in enumerate(built):
            for rule in getattr(channel, "rules", ()):
                self.notices += self._never(rule, f"alerts[{index}]")
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
            self._plugin("detectors", spec, f"inspect.detectors[{index}]")
            for index, spec in enumerate(inspect.detectors)
        ]
        for index, detector in enumerate(built):
            self.notices += [
                Notice(path=f"inspect.detectors[{index}]", message=told) for told in getattr(detector, "notices", ())
            ]
        if inspect.patterns:
            built.append(self._patterns(inspect.patterns))
        detectors = [detector for detector in built if detector is not None]
        return make_scanner(detectors) if detectors and len(detectors) == len(built) else None

    def _patterns(self, patterns: Sequence[Pattern]) -> Detector | None:
        from doorward.detection import custom  # most configurations have none

        made = [custom.Pattern(entity=p.entity, regex=p.regex, score=p.score) for p in patterns]
        before = len(self.problems)
        for index, pattern in enumerate(made):
            try:
                custom.Custom([pattern])
            except ValueError as fault:
                remedy = "RE2 syntax: no look-around, no back references, and never an empty match"
                self._wrong(f"inspect.patterns[{index}].regex", str(fault), remedy)
        return custom.Custom(made) if len(self.problems) == before else None

    def held(self, servers: Mapping[str, Server]) -> Held | None:
        """The credentials that we send to servers or start them with, so that none comes back."""
        secrets: set[str] = set()
        for server in servers.values():
            secrets.update(getattr(server.broker, "secrets", ()))
        for name, section in self._config.servers.items():
            if name in servers:
                texts: list[Text] = [value for variable, value in section.env.items() if variable not in _PLACES]
                texts += [section.url] if section.url is not None else []
                secrets.update(value for text in texts for value in self._referenced(text))
        if not secrets:
            return None
        from doorward.detection.secrets.held import Held as Matcher

        return Matcher(sorted(secrets))

    def _referenced(self, text: Text) -> Iterator[str]:
        """The values that a text takes from variables and files; they are there, for the text has been resolved."""
        for reference in text.references():
            yield fetch(reference, self._environ, self._base_dir)

    def allow(self, entries: Sequence[str], path: str) -> Allow:
        try:
            return allow_of(entries)
        except Refused as refusal:
            self._wrong(path, refusal.message, refusal.remedy)
            return Allow()

    def _looks(self, section: ServerSection, path: str) -> tuple[LookRule, ...]:
        """What the server and its tools want otherwise done about findings."""
        wanted: list[tuple[Names | None, NearerInspect | None, str]] = [(None, section.inspect, child(path, "inspect"))]
        wanted += [
            (names([glob]), tool.inspect, f"{path}.tools.{glob}.inspect") for glob, tool in section.tools.items()
        ]
        return tuple(
            LookRule(
                globs, actions_of(inspect.entities), self.allow(inspect.allow, child(place, "allow")), inspect.binary
            )
            for globs, inspect, place in wanted
            if inspect is not None
        )

    def _anonymous(self) -> bool:
        allowed = self._config.identity.anonymous
        return on_loopback(self._config) if allowed == "auto" else bool(allowed)

    def _token(self, agent: Agent, path: str) -> str | None:
        if agent.token is None:
            return None
        token = self._resolved(agent.token, path)
        if token is None:
            return None
        if len(token) < MIN_TOKEN or not _TOKEN.fullmatch(token):
            remedy = 'make one: python -c "import secrets; print(secrets.token_urlsafe(32))"'
            self._wrong(path, f"must be at least {MIN_TOKEN} visible ASCII characters without a space", remedy)
            return None
        return token

    def _target(self, section: ServerSection, path: str) -> Target | None:
        before = len(self.problems)
        if section.url is not None:
            url = self._resolved(section.url, child(path, "url")) or ""
            fault = url_fault(url)
            if fault is not None and len(self.problems) == before:
                self._wrong(child(path, "url"), fault.message, fault.remedy)
            made = Target(url=url, transport="sse" if section.transport == "sse" else "http")
        else:
            made = self._command(section, path)
        return made if len(self.problems) == before else None

    def _command(self, section: ServerSection, path: str) -> Target:
        command = self._resolved(section.command, child(path, "command")) if section.command is not None else None
        arguments = [self._resolved(text, f"{path}.args[{index}]") for index, text in enumerate(section.args)]
        env = {name: self._resolved(value, f"{path}.env.{name}") for name, value in section.env.items()}
        if not command:
            self._wrong(child(path, "command"), "is empty", "name the program to start")
        for name, value in env.items():
            if not name or "=" in name or "\0" in name + (value or ""):
                self._wrong(
                    child(path, "env"), "holds a name or value that no process can be given", "no = in names, no NUL"
                )
        if any("\0" in (text or "") for text in [command, *arguments]):
            self._wrong(path, "command or args hold a NUL", "remove it")
        return Target(
            transport="stdio",
            command=command or "",
            args=tuple(text or "" for text in arguments),
            env={name: value or "" for name, value in env.items()},
            cwd=None if section.cwd is None else str(self._base_dir / section.cwd),
        )

    def _resolved(self, text: Text, path: str) -> str | None:
        try:
            return text.resolve(self._environ, self._base_dir)
        except Refused as refusal:
            self._wrong(path, refusal.message, refusal.remedy)
            return None

    def _plugin(self, kind: str, spec: Plugin, path: str) -> Any:
        try:
            return self._build(kind, spec)
        except InvalidConfiguration as invalid:
            self.problems += [problem.below(path) for problem in invalid.problems]
            return None

    def _wrong(self, path: str, message: str, remedy: str) -> None:
        self.problems.append(Problem(path=path, message=message, remedy=remedy))


def _tool_rules(section: ServerSection) -> tuple[ToolRule, ...]:
    return tuple(
        ToolRule(
            glob=glob,
            names=names([glob]),
            mode=tool.mode,
            sensitivity=tool.sensitivity,
            strict=tool.strict,
            rate=tool.calls_per_minute,
        )
        for glob, tool in section.tools.items()
    )


def _lower(fields: Sequence[str]) -> frozenset[bytes]:
    return frozenset(name.lower().encode() for name in fields)


def _replace(config: Config) -> dict[str, str]:
    return {"default": "placeholder", **config.inspect.replace}


def _limits(config: Config) -> Limits:
    return Limits(**{name: int(getattr(config.limits, name)) for name in Limits.__struct_fields__})


def _timeouts(config: Config) -> Timeouts:
    return Timeouts(**{name: float(getattr(config.timeouts, name)) for name in Timeouts.__struct_fields__})


def _edge(config: Config, bound: int | None) -> tuple[frozenset[bytes], frozenset[bytes], str]:
    """The Host values and Origins that are ours, and the public URL."""
    listen = config.listen
    host, configured = address(listen.address)
    port = configured if bound is None else bound
    scheme = "https" if listen.tls is not None else "http"
    bracketed = f"[{host}]" if ":" in host else host
    public_url = (listen.public_url or f"{scheme}://{bracketed}:{port}").rstrip("/")
    local = {"127.0.0.1", "localhost", "[::1]"} | ({bracketed} if is_loopback(host) else set())
    at_home = {spelt for name in local for spelt in _spellings(scheme, name, port)}
    public = urlsplit(public_url)
    abroad = set(_spellings(public.scheme, _netloc_host(public.netloc), public.port))
    hosts = at_home | abroad | {name.lower() for name in listen.allowed_hosts}
    origins = {f"{public.scheme}://{name}" for name in abroad} | {origin.lower() for origin in listen.allowed_origins}
    if is_loopback(host):
        origins |= {f"{scheme}://{name}" for name in at_home}
    return _bytes(hosts), _bytes(origins), public_url


def _spellings(scheme: str, host: str, port: int | None) -> list[str]:
    """``HOST:PORT``, and ``HOST`` alone where the port is the scheme's own (RFC 9110 §4.2.3)."""
    usual = 443 if scheme == "https" else 80
    spelt = [f"{host.lower()}:{port or usual}"]
    return [*spelt, host.lower()] if (port or usual) == usual else spelt


def _netloc_host(netloc: str) -> str:
    return re.sub(r":[0-9]*\Z", "", netloc)


def _bytes(texts: set[str]) -> frozenset[bytes]:
    return frozenset(text.encode("idna" if not text.isascii() else "ascii") for text in texts)

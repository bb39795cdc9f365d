"""A server of the configuration as the data plane has it: where it is, its rules, its broker, how it is looked at."""

from collections.abc import Sequence

from doorward.config import Config, NearerInspect
from doorward.config import Server as ServerSection
from doorward.configfile.decode import child
from doorward.configfile.edge import on_loopback
from doorward.configfile.servers import enforcing, mode_of, url_fault
from doorward.control.collecting import Collecting
from doorward.control.looking import actions_of
from doorward.core.looking import LookRule
from doorward.core.policy import Names, ToolRule, names
from doorward.core.ports import Broker
from doorward.core.snapshot import Server, Target

RELAYING = "relaying is refused in enforcing modes"


class Servers:
    """Compiles the servers of one configuration."""

    def __init__(self, config: Config, collecting: Collecting) -> None:
        self._config = config
        self._collecting = collecting

    def server(self, name: str, section: ServerSection) -> Server | None:
        """One server; None: it has a problem."""
        path = child("servers", name)
        broker: Broker | None = self._collecting.plugin("brokers", section.credentials, child(path, "credentials"))
        target = self._target(section, path)
        if broker is None or target is None:
            return None
        relays: frozenset[bytes] = getattr(broker, "relays", frozenset())
        strict = enforcing(self._config, section)
        if relays and strict:
            self._collecting.wrong(child(path, "credentials"), RELAYING, "use credentials: static")
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

    def _looks(self, section: ServerSection, path: str) -> tuple[LookRule, ...]:
        """What the server and its tools want otherwise done about findings."""
        wanted: list[tuple[Names | None, NearerInspect | None, str]] = [(None, section.inspect, child(path, "inspect"))]
        wanted += [
            (names([glob]), tool.inspect, f"{path}.tools.{glob}.inspect") for glob, tool in section.tools.items()
        ]
        return tuple(
            LookRule(
                globs,
                actions_of(inspect.entities),
                self._collecting.allow(inspect.allow, child(place, "allow")),
                inspect.binary,
            )
            for globs, inspect, place in wanted
            if inspect is not None
        )

    def _anonymous(self) -> bool:
        allowed = self._config.identity.anonymous
        return on_loopback(self._config) if allowed == "auto" else bool(allowed)

    def _target(self, section: ServerSection, path: str) -> Target | None:
        before = len(self._collecting.problems)
        if section.url is not None:
            url = self._collecting.resolved(section.url, child(path, "url")) or ""
            fault = url_fault(url)
            if fault is not None and len(self._collecting.problems) == before:
                self._collecting.wrong(child(path, "url"), fault.message, fault.remedy)
            made = Target(url=url, transport="sse" if section.transport == "sse" else "http")
        else:
            made = self._command(section, path)
        return made if len(self._collecting.problems) == before else None

    def _command(self, section: ServerSection, path: str) -> Target:
        resolved = self._collecting.resolved
        command = resolved(section.command, child(path, "command")) if section.command is not None else None
        arguments = [resolved(text, f"{path}.args[{index}]") for index, text in enumerate(section.args)]
        env = {name: resolved(value, f"{path}.env.{name}") for name, value in section.env.items()}
        if not command:
            self._collecting.wrong(child(path, "command"), "is empty", "name the program to start")
        for name, value in env.items():
            if not name or "=" in name or "\0" in name + (value or ""):
                self._collecting.wrong(
                    child(path, "env"), "holds a name or value that no process can be given", "no = in names, no NUL"
                )
        if any("\0" in (text or "") for text in [command, *arguments]):
            self._collecting.wrong(path, "command or args hold a NUL", "remove it")
        return Target(
            transport="stdio",
            command=command or "",
            args=tuple(text or "" for text in arguments),
            env={name: value or "" for name, value in env.items()},
            cwd=None if section.cwd is None else str(self._collecting.base_dir / section.cwd),
        )


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

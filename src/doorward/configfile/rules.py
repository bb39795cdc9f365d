"""What must hold in a configuration beyond the kind of each value: between sections, on disk, and in this build.

One small generator per section; each yields ``Problem`` (cannot be used) or ``Notice`` (works; worth knowing). What
this build does not have yet and would protect somebody is a problem, never ignored. What needs a secret's value is
checked in ``control.compile``.
"""

import ipaddress
import os
from collections.abc import Iterator
from pathlib import Path

from doorward.config import Config, Entity
from doorward.configfile.decode import child, suggestion
from doorward.configfile.edge import edge
from doorward.configfile.identity import examine_identity
from doorward.configfile.servers import examine_server, mode_of
from doorward.configtypes import Notice, Problem, Size, is_directory

Found = Iterator[Problem]

POLICIES = "policies"
_NOT_YET = "is not available in this build"
ENTITIES = frozenset(
    [
        "PERSON",
        "EMAIL_ADDRESS",
        "PHONE_NUMBER",
        "CREDIT_CARD",
        "US_SSN",
        "US_ITIN",
        "LOCATION",
        "IBAN_CODE",
        "UK_NHS",
        "UK_NINO",
        "CA_SIN",
        "IN_AADHAAR",
        "IN_PAN",
        "ES_NIF",
        "ES_NIE",
        "PL_PESEL",
        "DE_TAX_ID",
        "IT_FISCAL_CODE",
        "AU_TFN",
        "BR_CPF",
        "NL_BSN",
        "FR_NIR",
        "DATE_OF_BIRTH",
        "ACCOUNT_ID",
        "PASSPORT",
        "DRIVER_LICENSE",
        "SECRET",
        "IP_ADDRESS",
    ]
)
"""What our own detectors may find (docs/detection.md)."""
_OURS = frozenset(("patterns", "secrets", "names"))


def examine(config: Config, base_dir: Path) -> tuple[list[Problem], list[Notice]]:
    """All rules over one configuration; ``base_dir`` is what its paths are relative to."""
    problems: list[Problem] = []
    notices: list[Notice] = []
    for found in _everything(config, base_dir):
        if isinstance(found, Notice):
            notices.append(found)
        else:
            problems.append(found)
    return problems, notices


def _everything(config: Config, base_dir: Path) -> Found:
    yield from edge(config, base_dir)
    yield from examine_identity(config, base_dir)
    yield from _reach(config)
    for name, server in config.servers.items():
        yield from examine_server(config, child("servers", name), server)
    yield from _policies(config, base_dir)
    yield from _inspect(config)
    yield from _outside(config)
    yield from _limits(config)


# --- who gets in


def _reach(config: Config) -> Found:
    """Who gets in at all."""
    if not config.servers:
        yield Notice(
            path="servers",
            message="there is no server, so there is nothing to forward to",
            remedy="add one below servers",
        )
    denied = [name for name, server in config.servers.items() if mode_of(config, server).enforcing]
    if denied and not config.identity.agents and not config.identity.issuers:
        message = f"there is no agent and no policy, so enforcing modes deny everybody ({', '.join(denied)})"
        yield Notice(path="identity.agents", message=message, remedy="add agents, or stay in audit or warn")


# --- what is looked for, kept and told


def _policies(config: Config, base_dir: Path) -> Found:
    directory = base_dir / (config.policies if config.policies is not None else POLICIES)
    if not os.path.lexists(directory) and config.policies is None:
        return
    if not is_directory(directory):
        yield Problem(path="policies", message="there is no such directory", remedy="make it, or remove the key")


def _inspect(config: Config) -> Found:
    inspect = config.inspect
    for index, detector in enumerate(inspect.detectors):
        if detector.use == "stub":
            message = "finds only the literals it is given; it is for tests and demonstrations"
            yield Notice(path=f"inspect.detectors[{index}]", message=message)
    if inspect.detectors or inspect.patterns:
        yield from _misspelt(config)
        return
    for path, entities in _entities(config):
        for name, entity in entities.items():
            if {entity.arguments, entity.results} & {"redact", "block"}:
                message = "is to be acted on, and there is no detector"
                remedy = "add inspect.detectors; without one nothing is ever found"
                yield Problem(path=child(path, name), message=message, remedy=remedy)
            else:
                message = "has no effect: there is no detector"
                yield Notice(path=child(path, name), message=message, remedy="add inspect.detectors")


def _misspelt(config: Config) -> Found:
    """Entities that nothing here finds. Whatever other plug-ins call theirs, only they know."""
    known = findable(config)
    if known is None:
        return
    for path, entities in _entities(config):
        for name in [name for name in entities if name not in known]:
            message = "has no effect: none of the detectors finds it"
            yield Notice(path=child(path, name), message=message, remedy=suggestion(name, sorted(known)))


def findable(config: Config) -> frozenset[str] | None:
    """The entities that may be found; None: there are detectors whose names for them only they know."""
    inspect = config.inspect
    if not {detector.use for detector in inspect.detectors} <= _OURS:
        return None
    own = frozenset(pattern.entity for pattern in inspect.patterns)
    return ENTITIES | own if inspect.detectors else own


def _entities(config: Config) -> Iterator[tuple[str, dict[str, Entity]]]:
    """Every place where entities are named."""
    yield "inspect.entities", config.inspect.entities
    for name, server in config.servers.items():
        path = child("servers", name)
        if server.inspect is not None:
            yield f"{path}.inspect.entities", server.inspect.entities
        for glob, tool in server.tools.items():
            if tool.inspect is not None:
                yield f"{path}.tools.{glob}.inspect.entities", tool.inspect.entities


def _outside(config: Config) -> Found:
    if config.audit.sampling is not None and not config.audit.sinks:
        message = "has no effect: there are no sinks, and the log keeps every record"
        yield Notice(path="audit.sampling", message=message, remedy="add audit.sinks")
    if not config.state.url.startswith("sqlite:"):
        yield Problem(path="state.url", message=f"a store other than SQLite {_NOT_YET}", remedy="write sqlite:PATH")
    for index, network in enumerate(config.egress.allow):
        try:
            ipaddress.ip_network(network)
        except ValueError:
            yield Problem(path=f"egress.allow[{index}]", message="is not a network", remedy="for example 10.0.0.0/8")


_BOUNDS = {
    "request_bytes": (1 << 10, 1 << 30),
    "response_bytes": (1 << 10, 1 << 30),
    "header_bytes": (1 << 10, 1 << 20),
    "buffered": (1 << 20, 1 << 40),
}


def _limits(config: Config) -> Found:
    limits = config.limits
    for key, (low, high) in _BOUNDS.items():
        if not low <= getattr(limits, key) <= high:
            yield Problem(path=f"limits.{key}", message="is out of range", remedy=f"from {low} to {high} bytes")
    for key in ("request_bytes", "response_bytes"):
        if getattr(limits, key) > limits.buffered:
            remedy = f"raise limits.buffered to at least {Size(getattr(limits, key))}"
            yield Problem(
                path=f"limits.{key}",
                message="is more than limits.buffered, so none of that size could pass",
                remedy=remedy,
            )
    for key, whole in (("in_flight_per_identity", "in_flight"), ("children_per_principal", "children_per_server")):
        if getattr(limits, key) > getattr(limits, whole):
            yield Notice(path=f"limits.{key}", message=f"is more than limits.{whole}, which holds first")
    for key in ("connect", "first_byte", "idle", "total"):
        if getattr(config.timeouts, key) <= 0:
            yield Problem(path=f"timeouts.{key}", message="must be longer than nothing", remedy="write 30s or the like")
    if config.keys.rotate < 3600:
        yield Problem(path="keys.rotate", message="is shorter than an hour", remedy="write 30d or the like")

"""Finds ``use: NAME``, decodes its options, constructs it.

A plug-in is a class with an ``Options`` struct, constructed with one: ``Plug(Plug.Options(…))``. Names of our own come
first and cannot be taken over by another distribution; others are looked for among the entry points ``doorward.KIND``.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from doorward.configfile.decode import decode, suggestion
from doorward.configtypes import InvalidConfiguration, Plugin, Problem, Reference, Refused, Secret

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Build = Callable[[str, Plugin], Any]

KINDS = ("detectors", "brokers", "sinks", "alerts", "discovery")

# Beside pyproject.toml's entry points: a checkout works without being installed, and the usual start reads no metadata.
_OURS: Mapping[str, Mapping[str, str]] = {
    "detectors": {
        "names": "doorward.detectors.names:Names",
        "patterns": "doorward.detectors.patterns:Patterns",
        "presidio": "doorward.detectors.presidio:Presidio",
        "secrets": "doorward.detectors.secrets:Secrets",
        "stub": "doorward.detectors.stub:Stub",
    },
    "alerts": {
        "slack": "doorward.alerts.slack:Slack",
        "webhook": "doorward.alerts.webhook:Webhook",
    },
    "brokers": {
        "none": "doorward.brokers.none:NoneBroker",
        "static": "doorward.brokers.static:StaticBroker",
        "relay": "doorward.brokers.relay:RelayBroker",
    },
    "sinks": {
        "cloudwatch": "doorward.sinks.cloudwatch:CloudWatch",
        "datadog": "doorward.sinks.datadog:Datadog",
        "file": "doorward.sinks.file:File",
        "firehose": "doorward.sinks.firehose:Firehose",
        "http": "doorward.sinks.http:Http",
        "kafka": "doorward.sinks.kafka:Kafka",
        "otlp": "doorward.sinks.otlp:Otlp",
        "splunk": "doorward.sinks.splunk:Splunk",
        "stdout": "doorward.sinks.stdout:Stdout",
        "syslog": "doorward.sinks.syslog:Syslog",
        "traces": "doorward.sinks.traces:Traces",
    },
}


def builder(environ: Mapping[str, str], base_dir: Path) -> Build:
    """A function that makes the plug-in of a kind from its spec, secrets resolved from ``environ`` and ``base_dir``,
    paths relative to ``base_dir``.

    It raises ``InvalidConfiguration`` with paths relative to the spec.
    """

    def secret(value: Any) -> Secret:
        reference = Reference.parse(value)
        return Secret(reference.resolve(environ, base_dir), referenced=bool(reference.references()))

    def path(value: Any) -> Path:
        if not isinstance(value, str) or not value:
            raise Refused("expected a path", "relative to the configuration file")
        return base_dir / value

    def build(kind: str, spec: Plugin) -> Any:
        made = find(kind, spec.use)
        options, problems = decode(spec.options, _options(kind, spec.use, made), parsers={Secret: secret, Path: path})
        if problems:
            raise InvalidConfiguration(problems)
        try:
            return made(options)
        except Refused as refusal:
            raise _invalid(refusal.message, refusal.remedy) from None

    return build


def find(kind: str, name: str) -> Any:
    """The class of one plug-in. Raises ``InvalidConfiguration`` if there is none, or more than one."""
    ours = _OURS.get(kind, {}).get(name)
    if ours is not None:
        module, _, attribute = ours.partition(":")
        return getattr(importlib.import_module(module), attribute)
    theirs = [point for point in _points(kind) if point.name == name]
    if not theirs:
        raise _invalid(f"{kind}: {name!r} is not available in this build", suggestion(name, names(kind)))
    if len({point.value for point in theirs}) > 1:
        raise _invalid(f"{kind}: {name!r} comes from more than one installed package", "uninstall all but one")
    return _load(kind, theirs[0])


def names(kind: str) -> list[str]:
    """The names that ``use`` may have."""
    return sorted({*_OURS.get(kind, {}), *(point.name for point in _points(kind))})


def _points(kind: str) -> "Sequence[EntryPoint]":
    from importlib.metadata import entry_points  # the usual start needs none, and it costs 30 ms and a megabyte

    return list(entry_points(group=f"doorward.{kind}"))


def _load(kind: str, point: "EntryPoint") -> Any:
    try:
        return point.load()
    except (ImportError, AttributeError) as fault:
        raise _invalid(f"{kind}: {point.name!r} cannot be imported: {fault}", "install what it needs") from fault


def _options(kind: str, name: str, made: Any) -> type[msgspec.Struct]:
    options = getattr(made, "Options", None)
    if not (isinstance(options, type) and issubclass(options, msgspec.Struct)):
        raise _invalid(f"{kind}: {name!r} has no Options struct", "ask its authors")
    return options


def _invalid(message: str, remedy: str) -> InvalidConfiguration:
    return InvalidConfiguration([Problem(path="", message=message, remedy=remedy)])

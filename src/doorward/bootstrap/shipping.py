"""Composition root of the shipper: configuration -> plug-ins, formats, sampling -> ``shipping.Shipper``.

It runs in a process of its own beside the workers (``python -m doorward.worker ship FD``), and as ``doorward ship``.
"""

import asyncio
import hmac
import logging
import os
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import msgspec

from doorward import configfile, plugins
from doorward.bootstrap.configured import directories
from doorward.bootstrap.started import Start
from doorward.configtypes import InvalidConfiguration, Problem
from doorward.control.keys import secret_keys
from doorward.control.store import Store, StoreFault, location
from doorward.core.delivery import LARGEST_EVENT
from doorward.formats import FORMATS
from doorward.shipping import places
from doorward.shipping.packing import clipped, largest
from doorward.shipping.sampling import Sampling
from doorward.shipping.shipper import Shipper
from doorward.shipping.target import Target
from doorward.sinks.options import SinkOptions
from doorward.stages.record import shown

log = logging.getLogger(__name__)

TOOLS_EACH = 30.0
"""Seconds for which is known what tools say of themselves."""

_KEY = b"doorward sampling 1"


class Prepared(NamedTuple):
    """The sinks of another configuration, and its sampling."""

    version: int
    targets: list[Target]
    sampling: Sampling | None


async def build(start: Start) -> "Shipping":
    """Everything, and nothing has begun. Raises ``InvalidConfiguration``."""
    loaded = configfile.load_text(start.text, file=str(start.path))
    return Shipping(start, targets(loaded), sampling(loaded, start.keys, start.store))


class Shipping:
    """The shipper as a process of the supervisor (``worker.service.Service``)."""

    def __init__(self, start: Start, sinks: list[Target], kept: Sampling | None) -> None:
        self._start = start
        self._shipper = Shipper(start.audit, sinks, kept)
        self._prepared: list[Prepared] = []

    async def open(self, bound: socket.socket | None) -> None:
        """Begin."""
        if bound is not None:
            bound.close()
        self._shipper.start()

    def prepare(self, version: int, text: str) -> Prepared:
        """The sinks of another text, made and not used. Raises ``InvalidConfiguration``."""
        loaded = configfile.load_text(text, file=str(self._start.path))
        kept = sampling(loaded, self._start.keys, self._start.store)
        made = Prepared(version, targets(loaded), kept)
        self._prepared.append(made)
        return made

    async def swap(self, prepared: Prepared) -> None:
        """Use them. Those of the same name go on where the former were."""
        older = [each for each in self._prepared if each.version <= prepared.version]
        self._prepared = [each for each in self._prepared if each.version > prepared.version]
        given_up = [each for each in older if each is not prepared]
        await asyncio.to_thread(self._shipper.swap, prepared.targets, prepared.sampling)
        await asyncio.to_thread(_close, given_up)

    async def drop(self, prepared: Prepared) -> None:
        """Close the sinks of a configuration that will not be used. Nothing was sent to them."""
        if any(each is prepared for each in self._prepared):
            self._prepared = [each for each in self._prepared if each is not prepared]
            await asyncio.to_thread(_close, [prepared])

    def reasons(self) -> list[str]:
        """Why it should get no calls: never a reason, for it gets none."""
        return []

    def export(self) -> dict[str, Any]:
        """``{"sinks": [shipping.status.Status, …]}``"""
        return {"sinks": [msgspec.to_builtins(status) for status in self._shipper.statuses()]}

    async def drain(self) -> None:
        """One last flush of what is there."""
        await asyncio.to_thread(self._shipper.drain)

    async def close(self) -> None:
        """Let go of everything."""
        await asyncio.to_thread(self._shipper.close)
        await asyncio.to_thread(_close, self._prepared)


def shipper(loaded: configfile.Loaded, *, once: bool = False) -> Shipper:
    """One for the log of this configuration, apart from ``serve``. Raises ``InvalidConfiguration``."""
    keys, audit = directories(loaded)
    store = location(loaded.config.state.url, loaded.base_dir)
    made = targets(loaded)
    try:
        return Shipper(audit, made, sampling(loaded, keys, store), once=once)
    except BaseException:
        _closed(made)
        raise


def targets(loaded: configfile.Loaded) -> list[Target]:
    """The sinks of a configuration. Raises ``InvalidConfiguration``, with all that is wrong; then none is left open."""
    build = plugins.builder(os.environ, loaded.base_dir)
    made: list[Target] = []
    problems: list[Problem] = []
    for index, spec in enumerate(loaded.config.audit.sinks):
        path = f"audit.sinks[{index}]"
        try:
            sink = build("sinks", spec)
        except InvalidConfiguration as invalid:
            problems += [problem.below(path) for problem in invalid.problems]
            continue
        target = _target(spec.use, sink)
        wrong = [*_option_faults(getattr(sink, "options", None)), *_name_faults(target.name, made)]
        problems += [problem.below(path) for problem in wrong]
        made.append(target)
    if problems:
        _closed(made)
        raise InvalidConfiguration(loaded.located(problems))
    return made


def _target(use: str, sink: Any) -> Target:
    """Sinks of other packages need not have our options (``sinks.options``)."""
    options = getattr(sink, "options", None)
    limits = clipped(sink.limits, getattr(options, "events", 0))
    lines = partial(FORMATS[getattr(options, "format", "native")], most=min(largest(limits), LARGEST_EVENT))
    return Target(getattr(options, "name", "") or use, use, sink, lines, limits, float(getattr(options, "every", 1.0)))


def _option_faults(options: Any) -> Iterator[Problem]:
    """Faults in the options that all our sinks share. Other packages' sinks may mean something else by them."""
    if not isinstance(options, SinkOptions):
        return
    if options.timeout <= 0:
        yield Problem(path="timeout", message="must be longer than nothing", remedy="write 10s or the like")
    if options.events < 0:
        yield Problem(path="events", message="is below 0", remedy="0: as many as the service takes")


def _name_faults(name: str, others: Iterable[Target]) -> Iterator[Problem]:
    if not places.is_name(name):
        message = f"{name[:80]!r} cannot be the name of a sink"
        yield Problem(path="", message=message, remedy="lower-case letters, digits, - and _; at most 63")
    elif any(each.name == name for each in others):
        message = f"two sinks are called {name!r}"
        yield Problem(path="", message=message, remedy="give one of them another `name`")


def sampling(loaded: configfile.Loaded, keys: Path, store: Path | None) -> Sampling | None:
    """``audit.sampling``, where there is any. Raises ``InvalidConfiguration``."""
    asked = loaded.config.audit.sampling
    if asked is None:
        return None
    found = secret_keys.read(keys) or secret_keys.load(keys, rotate=float(loaded.config.keys.rotate), now=time.time())
    key = hmac.digest(found.lasting, _KEY, "sha256")
    return Sampling(float(asked.after), asked.keep, key, ReadOnlyTools(store, loaded.config.servers))


class ReadOnlyTools:
    """Which tools say of themselves that they only read, as the store keeps what servers said. Called by any thread.

    Nobody has approved what they say: it decides on nothing but how much of their calls with little risk is shipped.
    """

    def __init__(self, store: Path | None, servers: Iterable[str]) -> None:
        self._store = store
        self._servers = list(servers)
        self._lock = Lock()
        self._known: frozenset[tuple[str, str]] = frozenset()
        self._next = float("-inf")

    def __call__(self, server: str, tool: str) -> bool:
        if time.monotonic() >= self._next:
            with self._lock:
                if time.monotonic() >= self._next:
                    self._read()
                    self._next = time.monotonic() + TOOLS_EACH
        return (server, tool) in self._known

    def _read(self) -> None:
        if self._store is None:
            return
        says: dict[tuple[str, str], bool] = {}
        try:
            if not self._store.exists():
                return
            with closing(Store(self._store)) as store:
                for server in self._servers:
                    for kept in store.tools(server):
                        name = (server, shown(kept.tool[:256]))  # as records call it: several may be called alike
                        says[name] = says.get(name, True) and _reads_only(kept.annotations)
        except (StoreFault, InvalidConfiguration, OSError) as fault:  # whatever it is, it holds up no shipping
            why = fault.strerror if isinstance(fault, OSError) else fault.detail
            log.error("which tools only read is not known; what is known stays: %s", why)
            return
        self._known = frozenset(name for name, reads in says.items() if reads)


class _Annotations(msgspec.Struct):
    readOnlyHint: bool = False


def _reads_only(annotations: bytes) -> bool:
    try:
        return bool(annotations) and msgspec.json.decode(annotations, type=_Annotations).readOnlyHint
    except ValueError:
        return False


def _close(prepared: Sequence[Prepared]) -> None:
    for each in prepared:
        _closed(each.targets)


def _closed(made: Iterable[Target]) -> None:
    for target in made:
        target.close()

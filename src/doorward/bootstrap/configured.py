"""A configuration text, down to a ``Snapshot``: for the workers, and for the supervisor to see that it can be."""

import logging
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from doorward import configfile, plugins
from doorward.configtypes import InvalidConfiguration
from doorward.control import compile as compiler
from doorward.control.policies.compile import compile_policies
from doorward.control.policies.configured import files_of, sensitivities
from doorward.control.policies.files import PolicyFiles
from doorward.control.policies.fitting import fitting
from doorward.control.policies.schema import KnownTool
from doorward.control.store import Store
from doorward.core.ports import Detector, Scanner
from doorward.core.snapshot import Keys, Snapshot

log = logging.getLogger(__name__)

_NAMED = 5
"""Tools that the log names of those left out."""


def compiled(
    loaded: configfile.Loaded,
    keys: Keys,
    *,
    version: int,
    port: int | None = None,
    known_tools: Iterable[KnownTool] = (),
    lenient: bool = False,
    kept: Snapshot | None = None,
    files: PolicyFiles | None = None,
) -> compiler.Compiled:
    """One version of everything. Raises ``InvalidConfiguration`` with file, line and column of each problem.

    ``port``: the one that is bound, where the file says 0. ``lenient``: do without ``known_tools`` where a policy does
    not fit them. For a start; a reload keeps the last good set instead. ``kept``: one of the same configuration, whose
    detectors stay. ``files``: the policies, where those in force must not be read anew.
    """
    tools = list(known_tools)
    try:
        return _compiled(loaded, keys, version, port, tools, kept, files)
    except InvalidConfiguration as invalid:
        problems = invalid.problems
    if lenient and tools and any(problem.path == "policies" or problem.file for problem in problems):
        # What a server says about its tools must not keep the gateway from starting: those that do not fit are unknown
        # then, and what policies say of them denies (docs/policies.md).
        try:
            fit = _fitting(loaded, tools, files)
            made = _compiled(loaded, keys, version, port, fit, kept, files)
        except InvalidConfiguration:
            pass
        else:
            out = sorted(
                {f"{tool.server}/{tool.name}" for tool in tools} - {f"{tool.server}/{tool.name}" for tool in fit}
            )
            for problem in problems:
                log.error("a policy does not fit what a server says about its tools, which stay unknown: %s", problem)
            log.error("left out: %d tools, among them %s", len(out), ", ".join(map(repr, out[:_NAMED])))
            return made
    raise InvalidConfiguration(loaded.located(problems)) from None


def _fitting(loaded: configfile.Loaded, tools: list[KnownTool], files: PolicyFiles | None) -> list[KnownTool]:
    """Those of ``tools`` that the policies fit. Raises ``InvalidConfiguration`` where tools are not at fault."""
    config = loaded.config
    read = files if files is not None else files_of(config, loaded.base_dir)
    servers = sensitivities(config)
    compile_policies(read, config.identity.agents, servers)

    def fits(known: Mapping[tuple[str, str], KnownTool]) -> bool:
        try:
            compile_policies(read, config.identity.agents, servers, known.values())
        except InvalidConfiguration:
            return False
        return True

    named = {(tool.server, tool.name): tool for tool in tools}
    return list(fitting({}, named, lambda key: key[0], fits).values())


def _compiled(
    loaded: configfile.Loaded,
    keys: Keys,
    version: int,
    port: int | None,
    tools: list[KnownTool],
    kept: Snapshot | None,
    files: PolicyFiles | None,
) -> compiler.Compiled:
    return compiler.compiled(
        loaded.config,
        version=version,
        build=plugins.builder(os.environ, loaded.base_dir),
        make_scanner=partial(_scanner, loaded),
        keys=keys,
        environ=os.environ,
        base_dir=loaded.base_dir,
        port=port,
        known_tools=tools,
        now=time.time(),
        kept=kept,
        files=files,
    )


def load_detectors(snapshot: Snapshot) -> None:
    """What would make the first message wait is done now. Takes a while: not on the event loop."""
    if snapshot.scanner is not None:
        snapshot.scanner.load()


def known_tools(store: Store, servers: Iterable[str]) -> list[KnownTool]:
    """What servers said about their tools, for the policies. Nobody has approved it, so no tool is ``read_only``."""
    return [KnownTool(kept.server, kept.tool, kept.input_schema) for name in servers for kept in store.tools(name)]


def directories(loaded: configfile.Loaded) -> tuple[Path, Path]:
    """Where keys and audit records are: paths in the file are relative to the file."""
    config = loaded.config
    return loaded.base_dir / config.keys.directory, loaded.base_dir / config.audit.directory


def _scanner(loaded: configfile.Loaded, detectors: Sequence[Detector]) -> Scanner | None:
    if not detectors:
        return None
    # Only now: the walk over messages, its tables and its expressions take 4 MB of every worker.
    from doorward.bootstrap.apart import apart
    from doorward.gateway.scanning import Detectors

    return Detectors(detectors, apart=apart(loaded.config.inspect, loaded.base_dir))

"""A configuration text, down to a ``Snapshot``: for the workers, and for the supervisor to see that it can be."""

import os
from collections.abc import Sequence
from pathlib import Path

from doorward import configfile, plugins
from doorward.configtypes import InvalidConfiguration
from doorward.control import compile as compiler
from doorward.core.ports import Detector
from doorward.core.snapshot import Keys, Snapshot
from doorward.gateway.scanning import Detectors


def compiled(loaded: configfile.Loaded, keys: Keys, *, version: int, port: int | None = None) -> Snapshot:
    """One version of everything. Raises ``InvalidConfiguration`` with file, line and column of each problem.

    ``port``: the one that is bound, where the file says 0.
    """
    try:
        return compiler.snapshot(
            loaded.config,
            version=version,
            build=plugins.builder(os.environ, loaded.base_dir),
            make_scanner=_scanner,
            keys=keys,
            environ=os.environ,
            base_dir=loaded.base_dir,
            port=port,
        )
    except InvalidConfiguration as invalid:
        raise InvalidConfiguration(loaded.located(invalid.problems)) from None


def directories(loaded: configfile.Loaded) -> tuple[Path, Path]:
    """Where keys and audit records are: paths in the file are relative to the file."""
    config = loaded.config
    return loaded.base_dir / config.keys.directory, loaded.base_dir / config.audit.directory


def _scanner(detectors: Sequence[Detector]) -> Detectors | None:
    return Detectors(detectors) if detectors else None

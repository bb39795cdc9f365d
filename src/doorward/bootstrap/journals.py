"""The journal of one process, put together: where it is, who signs, where its checkpoints go."""

import time
from collections.abc import Callable
from pathlib import Path

from doorward import configfile
from doorward.control.keys import audit_keys
from doorward.gateway.journal import FileJournal, Settings


def journal(
    loaded: configfile.Loaded, keys: Path, audit: Path, changed: Callable[[str], None] = lambda why: None
) -> FileJournal:
    """A writer of its own. Raises ``JournalFault`` and ``InvalidConfiguration``."""
    config = loaded.config.audit
    return FileJournal(
        audit,
        signer=signing(loaded, keys),
        copy_to=loaded.base_dir / config.checkpoints if config.checkpoints is not None else None,
        settings=Settings(
            segment_bytes=config.segment.size,
            segment_age=float(config.segment.age),
            refuses=config.on_failure == "refuse",
        ),
        changed=changed,
    )


def signing(loaded: configfile.Loaded, keys: Path) -> audit_keys.Signer:
    """Who signs checkpoints from now on. Raises ``InvalidConfiguration``."""
    return audit_keys.load(keys, rotate=float(loaded.config.keys.rotate), now=time.time()).signer()

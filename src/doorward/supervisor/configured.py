"""A configuration file as the supervisor's ``Plan``: read, keys made or rotated, compiled to see that it can be."""

import hashlib
import time
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from doorward import configfile
from doorward.bootstrap.configured import compiled, directories, known_tools
from doorward.configfile.servers import mode_of
from doorward.configtypes import content
from doorward.control.keys import audit_keys, secret_keys
from doorward.control.policies.files import place_of
from doorward.control.rollout import modes
from doorward.control.store import Store, location
from doorward.core.errors import ConfigurationFault
from doorward.core.snapshot import Keys, Snapshot
from doorward.supervisor.plan import Plan

MAX_BYTES = 16 << 20


def load(path: Path, *, lenient: bool = False) -> Plan:
    """The plan of the file at ``path``. Raises ``ConfigurationFault`` with all problems.

    ``lenient``: what servers said about their tools must not keep the gateway from starting (``bootstrap.configured``).
    """
    text = _text(path)
    loaded = configfile.load_text(text, file=str(path))
    config = loaded.config
    keys_directory, audit = directories(loaded)
    place = location(config.state.url, loaded.base_dir)
    store = Store(place)  # first: it refuses a directory that others can write to
    try:
        tools = known_tools(store, config.servers)
    finally:
        store.close()
    keys = secret_keys.load(keys_directory, rotate=config.keys.rotate, now=time.time())
    signing = audit_keys.load(keys_directory, rotate=config.keys.rotate, now=time.time())
    snapshot, policies, *_ = compiled(loaded, keys, version=0, known_tools=tools, lenient=lenient)
    tls = config.listen.tls
    return Plan(
        path=path.absolute(),
        text=text,
        digest=loaded.digest,
        listen=config.listen.address,
        admin=config.admin.address,
        workers=config.listen.workers,
        drain=float(config.listen.drain),
        keys=keys_directory,
        audit=audit,
        checkpoints=config.audit.checkpoints or "",
        segment=(config.audit.segment.size, float(config.audit.segment.age)),
        mode=config.mode.value,
        servers={name: mode_of(config, server).value for name, server in config.servers.items()},
        tls=(tls.certificate, tls.key, tls.client_ca or "") if tls is not None else (),
        state=_state(keys, signing.key_id, snapshot),
        store=place,
        policies=place_of(config, loaded.base_dir),
        policy_files=dict(policies.files.files),
        modes=msgspec.to_builtins(modes(config)),
        admin_hosts=(urlsplit(f"//{config.admin.address}").hostname or "",),
        notices=tuple(map(str, (*loaded.warnings, *policies.notices))),
        ships=bool(config.audit.sinks),
    )


def _text(path: Path) -> str:
    try:
        return content(path, MAX_BYTES + 1).decode()
    except OSError as error:
        raise ConfigurationFault(f"{path}: cannot be read: {error.strerror} (give its path with -c)") from None
    except UnicodeDecodeError:
        raise ConfigurationFault(f"{path}: is not UTF-8 text (save it as UTF-8)") from None


def _state(keys: Keys, signing: str, snapshot: Snapshot) -> str:
    sealing = hashlib.sha256(b"".join(keys.sealing)).hexdigest()
    return f"{snapshot.policy_digest} {keys.hash_key_id} {signing} {sealing}"

"""What the supervisor itself needs to know of one configuration text; the workers compile the rest."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec


class Plan(msgspec.Struct, frozen=True):
    """One valid configuration. ``servers``: id -> mode. ``digest``: SHA-256 of the text, in hexadecimal.

    ``state``: a digest of what the text refers to (keys, secrets); another one: the same text means something else.
    ``store``: the file of ``state.url``; None: there is none, and no API. ``policies``: their directory, whether it is
    there or not. ``policy_files``: the files in it that decide, name -> text. ``modes``: for the API.
    ``ships``: there are sinks. ``drain`` in seconds. ``admin_hosts``: names beside loopback's that the admin address
    answers to. ``notices``: what works but deserves a look, for the log.
    """

    path: Path
    text: str
    digest: str
    listen: str
    admin: str
    workers: int
    drain: float
    keys: Path
    audit: Path
    mode: str
    checkpoints: str = ""
    segment: tuple[float, ...] = ()
    servers: dict[str, str] = {}
    tls: tuple[str, ...] = ()
    state: str = ""
    store: Path | None = None
    policies: Path | None = None
    policy_files: dict[str, str] = {}
    modes: dict[str, Any] = {}
    admin_hosts: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    ships: bool = False


Load = Callable[[Path], Plan]
"""Reads and checks a file, down to a compiled snapshot. Raises ConfigurationFault."""

_AT_START = {
    "listen.address": "listen",
    "listen.tls": "tls",
    "listen.workers": "workers",
    "admin.address": "admin",
    "keys.directory": "keys",
    "state.url": "store",
    "audit.directory": "audit",
    "audit.checkpoints": "checkpoints",
    "audit.segment": "segment",
    "audit.sinks (from none to some, or back)": "ships",
}


def fixed(old: Plan, new: Plan) -> tuple[Plan, list[str]]:
    """``new``, but with what only a restart changes as it was; and the names of the settings that differ."""
    changed = [name for name, field in _AT_START.items() if getattr(old, field) != getattr(new, field)]
    kept = {_AT_START[name]: getattr(old, _AT_START[name]) for name in changed}
    return msgspec.structs.replace(new, **kept), changed

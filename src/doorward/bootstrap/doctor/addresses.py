"""``listen.address`` and ``admin.address``: free, or answered by a gateway of this very configuration."""

import errno
import json
import os
import socket
from http.client import HTTPConnection, HTTPException
from typing import Any

import msgspec

from doorward.bootstrap.doctor.line import Line, fail, ok, warn
from doorward.configfile import Loaded
from doorward.configfile.edge import address

PATIENCE = 3.0
"""Seconds for an answer of the admin address."""

_MOST = 1 << 20
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class Running(msgspec.Struct, frozen=True):
    """What answers at ``admin.address`` and is a Doorward: ``/api/v1/status``, and why ``/readyz`` says no."""

    status: dict[str, Any]
    unready: list[str]

    def has(self, loaded: Loaded) -> bool:
        """Whether it runs with this file."""
        path = self.status["config"].get("path")
        try:
            return isinstance(path, str) and os.path.samefile(path, loaded.file)
        except OSError:
            return False


def running(loaded: Loaded) -> Running | None:
    """The gateway at ``admin.address``; None where nothing, or something else, answers."""
    host, port = address(loaded.config.admin.address)
    if not port:
        return None
    try:
        _, name = _resolved(host, port)
        where = _ANYWHERE.get(name[0], name[0]), name[1]
        code, status = _asked(*where, "/api/v1/status")
        if code != 200 or not isinstance(status.get("config"), dict) or "workers" not in status:
            return None
        _, ready = _asked(*where, "/readyz")
        reasons = ready.get("reasons")
        unready = [str(reason) for reason in reasons] if isinstance(reasons, list) else ["it does not say why"]
        return Running(status, [] if ready.get("ready") is True else unready)
    except (OSError, HTTPException, ValueError):
        return None


def addresses(loaded: Loaded, found: Running | None) -> list[Line]:
    """Both addresses, and how the gateway is that has them."""
    config = loaded.config
    ours = found if found is not None and found.has(loaded) else None
    lines = [
        _address("listen", config.listen.address, ours is not None and _listens(ours, config.listen.address), found),
        _address("admin", config.admin.address, ours is not None, found),
    ]
    return lines + (_gateway(ours, loaded) if ours is not None else [])


def _address(about: str, text: str, ours: bool, found: Running | None) -> Line:
    try:
        host, port = address(text)
        if not port:
            return ok(about, f"{text}: the system chooses the port")
        fault = _taken(host, port)
    except socket.gaierror:
        return fail(about, f"{text}: the name cannot be looked up", "name an IP address of this machine")
    if fault is None:
        return ok(about, f"{text} is free")
    if fault.errno == errno.EADDRINUSE:
        if ours:
            return ok(about, f"{text}: our gateway has it")
        if about == "admin" and found is not None:
            other = found.status["config"].get("path")
            return fail(about, f"{text}: a gateway with another configuration has it, {other}", "choose another port")
        return fail(about, f"{text}: another program has it", "choose another address, or stop who has this one")
    if fault.errno == errno.EADDRNOTAVAIL:
        return fail(about, f"{text}: this machine has no such address", "name one of its own, or 0.0.0.0")
    remedy = "choose a port above 1023, or give the right to bind it (CAP_NET_BIND_SERVICE)"
    return fail(about, f"{text} cannot be bound: {fault.strerror}", remedy)


def _gateway(ours: Running, loaded: Loaded) -> list[Line]:
    status = ours.status
    said = f"version {status.get('version')}, process {status.get('pid')}"
    if ours.unready:
        return [fail("gateway", f"{said}: takes no calls: {'; '.join(ours.unready)}", "see its log")]
    reload = status.get("reload")
    state = reload if isinstance(reload, dict) else {}
    if state.get("failed"):
        remedy = "correct it (doorward check); a restart now would not come up"
        return [
            warn("gateway", f"{said}: runs with an older version of the file, for the last one was refused", remedy)
        ]
    if status["config"].get("digest") != loaded.digest:
        return [warn("gateway", f"{said}: has not taken over the file as it is now", "wait a second, or send SIGHUP")]
    if waiting := state.get("needs_restart"):
        return [warn("gateway", f"{said}: takes calls; changed since: {', '.join(map(str, waiting))}", "restart it")]
    return [ok("gateway", f"{said}: takes calls")]


def _listens(ours: Running, text: str) -> bool:
    """Whether it is the public address of that gateway."""
    try:
        host, port = address(text)
        _, name = _resolved(host, port)
    except OSError:
        return False
    shown = f"[{name[0]}]:{name[1]}" if ":" in name[0] else f"{name[0]}:{name[1]}"
    return bool(ours.status.get("listen") == shown)


def _taken(host: str, port: int) -> OSError | None:
    """Why it cannot be bound; None: it can. Without SO_REUSEPORT, which lets anybody of the same user join in."""
    family, name = _resolved(host, port)
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            probe.bind(name)
        except OSError as fault:
            return fault
    return None


def _resolved(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    """As the gateway itself does it. Raises ``socket.gaierror``."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, name = found[0]
    return family, (str(name[0]), int(name[1]))


def _asked(host: str, port: int, path: str) -> tuple[int, dict[str, Any]]:
    """Raises ``OSError``, ``HTTPException``, ``ValueError``."""
    connection = HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        said = json.loads(answer.read(_MOST))
        return answer.status, said if isinstance(said, dict) else {}
    finally:
        connection.close()

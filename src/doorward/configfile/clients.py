"""``mcpServers`` as MCP clients write it, rewritten as ``servers``: names slugged, headers made a static credential."""

import re
import unicodedata
from typing import Any

import msgspec

from doorward.configfile.decode import child
from doorward.configfile.tree import Place, Tree
from doorward.configtypes import Notice, Problem

SECTION = "mcpServers"

# What clients keep beside a server for themselves; it says nothing about the server.
_CLIENT_ONLY = frozenset(
    ("alwaysAllow", "autoApprove", "autoStart", "description", "gallery", "icon", "name", "timeout", "trust", "version")
)
_TRANSPORTS = {
    "stdio": "auto",
    "http": "http",
    "streamable-http": "http",
    "streamableHttp": "http",
    "streamable_http": "http",
    "sse": "sse",
}


class Pasted(msgspec.Struct, frozen=True):
    """A tree without ``mcpServers``, and what there is to say about what was in it."""

    tree: Tree
    problems: list[Problem]
    notices: list[Notice]


def slug(name: str) -> str:
    """The id of a server that a client calls ``name``: ``[a-z0-9-]{1,63}``, or empty if nothing of it is left."""
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", folded).strip("-")[:63].rstrip("-")


def adopt(tree: Tree) -> Pasted:
    """Move each server of ``mcpServers`` into ``servers``."""
    value = tree.value
    if not isinstance(value, dict) or SECTION not in value:
        return Pasted(tree, [], [])
    adopter = _Adopter(tree)
    rest = {key: item for key, item in value.items() if key != SECTION}
    servers = rest.get("servers")
    if isinstance(value[SECTION], dict) and (servers is None or isinstance(servers, dict)):
        rest["servers"] = adopter.servers(value[SECTION], dict(servers or {}))
    else:
        adopter.wrong(SECTION, "expected a mapping of names to servers", "paste the object as the client has it")
    return Pasted(Tree(rest, adopter.places), adopter.problems, adopter.notices)


class _Adopter:
    def __init__(self, tree: Tree) -> None:
        self.problems: list[Problem] = []
        self.notices: list[Notice] = []
        self.places: dict[str, Place] = dict(tree.places)

    def wrong(self, path: str, message: str, remedy: str) -> None:
        self.problems.append(Problem(path=path, message=message, remedy=remedy))

    def servers(self, pasted: dict[str, Any], servers: dict[str, Any]) -> dict[str, Any]:
        origin = {name: name for name in servers}
        for name, entry in pasted.items():
            path, made = child(SECTION, name), slug(name)
            if not made:
                self.wrong(path, "no id can be made of this name", "rename it with letters a-z or digits")
            elif made in origin:
                self.wrong(path, f"{name!r} and {origin[made]!r} would both be called {made!r}", "rename one of them")
            elif not isinstance(entry, dict):
                self.wrong(path, "expected a mapping", "a server has a url or a command")
            elif entry.get("disabled") is True:
                self.notices.append(
                    Notice(path=path, message="left out, for it is disabled", remedy="remove disabled to use it")
                )
            else:
                origin[made] = name
                servers[made] = self._server(entry, path)
                self._move(path, child("servers", made))
        return servers

    def _server(self, entry: dict[str, Any], path: str) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in entry.items():
            if key == "disabled":
                if value is not False:  # true has been seen to: is it to be used or not?
                    self.wrong(child(path, key), "expected true or false", "write it without quotes, or remove it")
            elif key in _CLIENT_ONLY:
                self.notices.append(
                    Notice(path=child(path, key), message="means something to the client only; ignored")
                )
            elif key in ("type", "transport") and isinstance(value, str):
                if value not in _TRANSPORTS:
                    self.wrong(
                        child(path, key), "is no transport that this build has", f"one of {', '.join(_TRANSPORTS)}"
                    )
                made["transport"] = _TRANSPORTS.get(value, "auto")
            elif key == "headers" and "credentials" not in entry and not _ours(value):
                made["credentials"] = {"use": "static", "headers": value}
                self._move(child(path, key), f"{path}.credentials.headers", keep=True)
            else:
                made[key] = value
        return made

    def _move(self, old: str, new: str, *, keep: bool = False) -> None:
        """Let the places below ``old`` be found below ``new`` too."""
        for path, place in list(self.places.items()):
            if path == old or path.startswith((f"{old}.", f"{old}[")):
                self.places[new + path[len(old) :]] = place
                if not keep:
                    del self.places[path]


def _ours(headers: Any) -> bool:
    """``headers`` in our own sense: lists of names to let through, not a client's mapping of values."""
    return isinstance(headers, dict) and any(isinstance(value, list) for value in headers.values())

"""Where other people's clients, servers and the official suite lie after `make peers`.

Every function returns an absolute path that exists, or raises `PeerMissing` with the remedy. Nothing is skipped: a
test that needs a peer and does not find it fails.
"""

import sys
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".venv-peers"
Environment = Literal["mcp1", "mcp2", "fastmcp", "servers", "presidio"]


class PeerMissing(RuntimeError):
    """A peer is not installed."""

    def __init__(self, path: Path, remedy: str = "make peers") -> None:
        super().__init__(f"{path} is not there; run `{remedy}` first")


def python_of(environment: Environment) -> Path:
    """The interpreter that has the named peer.

    `mcp1`: the official SDK 1.30; `mcp2`: the official SDK 2.3, which lives beside the tests themselves;
    `fastmcp`: FastMCP 4; `servers`: `mcp_server_time` and `mcp_server_git`.
    """
    if environment == "mcp2":
        return Path(sys.executable)
    return _existing(PEERS / environment / "bin" / "python")


def node() -> Path:
    """Node, version 22 or later."""
    return _existing(PEERS / "node" / "bin" / "node")


def npm_bin(package: str, file: str) -> Path:
    """A file of an npm package, for `node()` to run, such as `dist/index.js` of the conformance suite."""
    return _existing(PEERS / "npm" / "node_modules" / package / file)


def _existing(path: Path) -> Path:
    if not path.exists():
        raise PeerMissing(path)
    return path

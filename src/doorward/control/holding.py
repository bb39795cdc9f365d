"""The credentials that we send to servers or start them with, to be found wherever they come back."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from doorward.config import Config
from doorward.configtypes import Text, fetch
from doorward.core.ports import Held
from doorward.core.snapshot import Server

_PLACES = frozenset(
    {
        "HOME",
        "PATH",
        "PWD",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "LC_ALL",
        "TZ",
        "TMPDIR",
        "TEMP",
        "TMP",
        "HOSTNAME",
        "TERM",
    }
)
"""Variables that programs want to be given and that hold no credential (POSIX.1-2017, 8.3)."""


def held(config: Config, servers: Mapping[str, Server], environ: Mapping[str, str], base_dir: Path) -> Held | None:
    """A matcher for them; None where there are none. ``servers`` are compiled: all their secrets can be resolved."""
    secrets: set[str] = set()
    for server in servers.values():
        secrets.update(getattr(server.broker, "secrets", ()))
    for name, section in config.servers.items():
        if name in servers:
            texts: list[Text] = [value for variable, value in section.env.items() if variable not in _PLACES]
            texts += [section.url] if section.url is not None else []
            secrets.update(value for text in texts for value in _referenced(text, environ, base_dir))
    if not secrets:
        return None
    from doorward.detection.secrets.held import Held as Matcher

    return Matcher(sorted(secrets))


def _referenced(text: Text, environ: Mapping[str, str], base_dir: Path) -> Iterator[str]:
    """The values that a text takes from variables and files; they are there, for the text has been resolved."""
    for reference in text.references():
        yield fetch(reference, environ, base_dir)

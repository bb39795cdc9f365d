"""``keys.directory`` and ``state.url``: that they can be used, and by nobody else."""

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

from doorward.bootstrap.configured import directories
from doorward.bootstrap.doctor.disk import to_be_made
from doorward.bootstrap.doctor.line import Line, ok, problems, size
from doorward.configfile import Loaded
from doorward.configtypes import InvalidConfiguration
from doorward.control.keys import audit_keys, key_files, secret_keys
from doorward.control.store import Store, location
from doorward.control.store.schema import VERSION

_KEY = re.compile(r"[a-z]+(?:-[0-9a-f]+)?\.key", re.ASCII)


def keys(loaded: Loaded) -> list[Line]:
    """The directory is private, each key in it too, and there is one to sign the log with. Nothing is made."""
    directory = directories(loaded)[0]
    if not directory.exists():
        return [to_be_made("keys", directory)]
    found: list[Line] = []
    try:
        key_files.private(directory)
    except InvalidConfiguration as invalid:
        return problems("keys", invalid)
    names = sorted(filter(_KEY.fullmatch, os.listdir(directory)))
    for name in names:
        try:
            key_files.checked(directory / name)
        except FileNotFoundError:
            continue  # a gateway has just dropped it
        except InvalidConfiguration as invalid:
            found += problems("keys", invalid)
    if found:
        return found
    try:
        if secret_keys.read(directory) is None:
            return [ok("keys", f"{directory}: not all are there yet; the next start makes them")]
        signing = audit_keys.read(directory).key_id
    except InvalidConfiguration as invalid:
        return problems("keys", invalid)
    return [ok("keys", f"{directory}: {len(names)} keys, private; {signing} signs the log")]


def store(loaded: Loaded) -> list[Line]:
    """The file opens, is whole, and nobody else can read it. None is made."""
    try:
        path = location(loaded.config.state.url, loaded.base_dir)
        if not path.exists():
            return [to_be_made("store", path)]
        if _of_an_earlier_version(path):
            return [ok("store", f"{path}: of an earlier version; the next start brings it up to date")]
        Store(path).close()
    except InvalidConfiguration as invalid:
        return problems("store", invalid)
    return [ok("store", f"{path}: opens, {size(_bytes(path))}, private")]


def _of_an_earlier_version(path: Path) -> bool:
    """Whether opening it would change it. What cannot be read at all is for the store itself to say."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as opened:
            (seen,) = opened.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error:
        return False
    return int(seen) < VERSION


def _bytes(path: Path) -> int:
    return path.stat().st_size

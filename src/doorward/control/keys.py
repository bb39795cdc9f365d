"""The keys of ``keys.directory``: made on first use, read by all workers, rotated by age.

``hashing.key`` keys the digests of records and stays, so that records of different months can be compared.
``sealing-N.key`` seal session ids: the highest N seals, the one before it still opens for as long as a key lives. A
file holds one line, ``1 SECONDS_SINCE_EPOCH BASE64URL(32 bytes)``. Directory 0700, files 0600; what others can read is
refused.
"""

import base64
import binascii
import hashlib
import os
import re
import secrets
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import msgspec

from doorward.control import key_files
from doorward.core.snapshot import Keys

SIZE = 32
_SEALING = re.compile(r"sealing-([0-9]{1,9})\.key", re.ASCII)

Random = Callable[[int], bytes]


class _Key(msgspec.Struct, frozen=True):
    created: int
    secret: bytes


def load(directory: Path, *, rotate: float, now: float, random: Random = secrets.token_bytes) -> Keys:
    """The keys in ``directory``; missing ones are made, and a sealing key of ``rotate`` seconds gets a successor.

    ``now`` is in seconds since the epoch. Safe to call from several processes at once. Raises ``InvalidConfiguration``.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        key_files.private(directory)
        hashing = _present(directory / "hashing.key", now, random)
        return _keys(hashing, _rotated(directory, rotate, now, random))
    except OSError as fault:
        raise key_files.invalid(
            directory, f"cannot be used: {fault.strerror}", "check its owner, its permissions and the disk"
        ) from None


def read(directory: Path) -> Keys | None:
    """The keys that are there, nothing made or changed; None if there are none yet. Raises ``InvalidConfiguration``."""
    try:
        if not (directory / "hashing.key").exists():
            return None
        key_files.private(directory)
        sealing = _generations(directory)
        return _keys(_read(directory / "hashing.key"), [key for _, key in sealing]) if sealing else None
    except OSError as fault:
        raise key_files.invalid(
            directory, f"cannot be read: {fault.strerror}", "check its owner and permissions"
        ) from None


def ephemeral(random: Random = secrets.token_bytes) -> Keys:
    """Keys that nobody keeps: for ``check``, demonstrations and tests."""
    return _keys(_Key(0, random(SIZE)), [_Key(0, random(SIZE))])


def _keys(hashing: _Key, sealing: list[_Key]) -> Keys:
    key_id = hashlib.sha256(b"doorward hash key id\0" + hashing.secret).hexdigest()[:16]
    return Keys(hashing.secret, key_id, tuple(key.secret for key in sealing))


def _rotated(directory: Path, rotate: float, now: float, random: Random) -> list[_Key]:
    generations = _generations(directory)
    newest = generations[0][0] if generations else 0
    if not generations or now - generations[0][1].created >= rotate:
        # Two processes that come here together name the same next file: one makes it, both read it.
        _present(directory / f"sealing-{newest + 1}.key", now, random)
        generations = _generations(directory)
    kept = generations[:1]
    for (_, successor), (number, key) in pairwise(generations):
        if now - successor.created < rotate:
            kept.append((number, key))
        else:
            (directory / f"sealing-{number}.key").unlink(missing_ok=True)
    return [key for _, key in kept]


def _generations(directory: Path) -> list[tuple[int, _Key]]:
    """Number and key of each sealing key, the newest first."""
    numbers = sorted(
        (int(found[1]) for name in os.listdir(directory) if (found := _SEALING.fullmatch(name))), reverse=True
    )
    found_keys = []
    for number in numbers:
        try:
            found_keys.append((number, _read(directory / f"sealing-{number}.key")))
        except FileNotFoundError:
            continue  # another process has just dropped it
    return found_keys


def _present(path: Path, now: float, random: Random) -> _Key:
    """The key in ``path``, made if it is not there; whole or not at all."""
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    key_files.make(path, f"1 {int(now)} {base64.urlsafe_b64encode(random(SIZE)).decode()}\n")
    return _read(path)


def _read(path: Path) -> _Key:
    parts = key_files.content(path).split()
    try:
        version, created, encoded = parts
        secret = base64.b64decode(encoded, altchars=b"-_", validate=True)
        if version != b"1" or len(secret) != SIZE:
            raise ValueError
        return _Key(int(created), secret)
    except (ValueError, binascii.Error):
        remedy = "put its backup there; or remove it, and lose open sessions or comparison with older records"
        raise key_files.invalid(path, "is damaged", remedy) from None

"""The secret keys of ``keys.directory``: made on first use, read by all workers, rotated by age.

``hashing-N.key`` key the digests of records, one for each period (``hash_keys.py``). ``sealing-N.key`` seal session
ids: the highest N seals, the one before it still opens for as long as a key lives. ``lasting.key`` stays: it keys what
must be comparable for good. A file holds one line (``key_line.py``). Directory 0700, files 0600; what others can read
is refused.
"""

import re
import secrets
from itertools import pairwise
from pathlib import Path

from doorward.control.keys import hash_keys, key_files, key_line
from doorward.control.keys.key_line import SIZE, Key, Random
from doorward.core.snapshot import Keys

_SEALING = re.compile(r"sealing-([0-9]{1,9})\.key", re.ASCII)
_LASTING = "lasting.key"


def load(directory: Path, *, rotate: float, now: float, random: Random = secrets.token_bytes) -> Keys:
    """The keys in ``directory``; missing ones are made, and one of ``rotate`` seconds that rotates gets a successor.

    ``now`` is in seconds since the epoch. Safe to call from several processes at once. Raises ``InvalidConfiguration``.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        key_files.private(directory)
        lasting = key_line.present(directory / _LASTING, now, random)
        hashing = hash_keys.current(directory, rotate=rotate, now=now, random=random)
        return _keys(hashing, _rotated(directory, rotate, now, random), lasting)
    except OSError as fault:
        raise key_files.invalid(
            directory, f"cannot be used: {fault.strerror}", "check its owner, its permissions and the disk"
        ) from None


def read(directory: Path) -> Keys | None:
    """The keys that are there, nothing made or changed; None if one is missing. Raises ``InvalidConfiguration``."""
    try:
        if not directory.exists():
            return None
        key_files.private(directory)
        hashing, sealing = hash_keys.read(directory), _generations(directory)
        lasting = key_line.read(directory / _LASTING)
        return _keys(hashing, [key for _, key in sealing], lasting) if hashing is not None and sealing else None
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise key_files.invalid(
            directory, f"cannot be read: {fault.strerror}", "check its owner and permissions"
        ) from None


def ephemeral(random: Random = secrets.token_bytes) -> Keys:
    """Keys that nobody keeps: for ``check``, demonstrations and tests."""
    return _keys(Key(0, random(SIZE)), [Key(0, random(SIZE))], Key(0, random(SIZE)))


def _keys(hashing: Key, sealing: list[Key], lasting: Key) -> Keys:
    return Keys(hashing.secret, hash_keys.key_id(hashing.secret), tuple(key.secret for key in sealing), lasting.secret)


def _rotated(directory: Path, rotate: float, now: float, random: Random) -> list[Key]:
    generations = _generations(directory)
    newest = generations[0][0] if generations else 0
    if not generations or now - generations[0][1].created >= rotate:
        # Two processes that come here together name the same next file: one makes it, both read it.
        key_line.present(directory / f"sealing-{newest + 1}.key", now, random)
        generations = _generations(directory)
    kept = generations[:1]
    for (_, successor), (number, key) in pairwise(generations):
        if now - successor.created < rotate:
            kept.append((number, key))
        else:
            (directory / f"sealing-{number}.key").unlink(missing_ok=True)
    return [key for _, key in kept]


def _generations(directory: Path) -> list[tuple[int, Key]]:
    """Number and key of each sealing key, the newest first."""
    found_keys = []
    for number in key_line.numbers(directory, _SEALING):
        try:
            found_keys.append((number, key_line.read(directory / f"sealing-{number}.key")))
        except FileNotFoundError:
            continue  # another process has just dropped it
    return found_keys

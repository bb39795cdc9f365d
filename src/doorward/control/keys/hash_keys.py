"""The keys of the hashes in records, a generation for each period, so that the hashes of one period can be made to say
nothing any more.

``hashing-N.key`` is the key of a period, the highest N that of this one; an old one stays until it is erased, so that
its hashes can be made again for a comparison. ``hashing-N.erased`` says of one that is gone what it was called, from
when it was, and when it went; its number is never used again. (``hashing.key``, where there is one, is generation 0.)
"""

import hashlib
import re
import secrets
from itertools import pairwise
from pathlib import Path

import msgspec

from doorward.control.keys import key_files, key_line
from doorward.control.keys.key_line import Key, Random

_KEY = re.compile(r"hashing-([0-9]{1,9})\.key", re.ASCII)
_ERASED = re.compile(r"hashing-([0-9]{1,9})\.erased", re.ASCII)
_FIRST = "hashing.key"
_ATTEMPTS = 10


class UnknownKey(LookupError):
    """There is no hash key of that id, and there was none."""


class Period(msgspec.Struct, frozen=True):
    """The time of one hash key. ``until``: when its successor was made, None: it is in use. ``erased``: when, or None.
    Seconds since the epoch.
    """

    number: int
    key_id: str
    since: int
    until: int | None = None
    erased: int | None = None


def key_id(secret: bytes) -> str:
    """What records call a key; it tells nothing of it."""
    return hashlib.sha256(b"doorward hash key id\0" + secret).hexdigest()[:16]


def current(directory: Path, *, rotate: float, now: float, random: Random) -> Key:
    """The key of this period; one of ``rotate`` seconds gets a successor. Safe from several processes at once."""
    last = _last(directory)  # first: two processes that come here together name the same next file, and both read it
    newest = _newest(directory)
    if newest is not None and now - newest.created < rotate:
        return newest
    made = key_line.present(_path(directory, last + 1), now, random)
    key_files.sync(directory)  # no record names a key that a power cut takes away
    return made


def read(directory: Path) -> Key | None:
    """The key of this period, nothing made or changed."""
    return _newest(directory)


def periods(directory: Path) -> list[Period]:
    """All that there are and were, the oldest first. Raises ``InvalidConfiguration``."""
    found: dict[int, Period] = {}
    for number in _erased(directory):
        found[number] = _tombstone(directory, number)
    for number in _numbers(directory):
        try:
            key = key_line.read(_path(directory, number))
        except FileNotFoundError:
            continue  # erased this moment
        found[number] = Period(number, key_id(key.secret), key.created)
    ordered = [found[number] for number in sorted(found)]
    ended = [msgspec.structs.replace(one, until=successor.since) for one, successor in pairwise(ordered)]
    return ended + ordered[-1:]


def erase(directory: Path, key_id: str, *, now: float, random: Random = secrets.token_bytes) -> Period:
    """Destroy the key of that id; the one in use gets a successor first. One that is erased already stays so.

    A process that runs keeps its key in memory until it reads the directory again. Raises ``UnknownKey``, and
    ``InvalidConfiguration`` where the files cannot be changed.
    """
    try:
        last = _last(directory) if directory.is_dir() else 0
        period = find(directory, key_id)
        if period.erased is not None:
            return period
        if period.until is None:
            key_line.present(_path(directory, last + 1), now, random)
        # What is known of it is kept before it is gone: an end that fails in between can be made again.
        tombstone = f"1 {period.since} {period.key_id} {int(now)}\n"
        key_files.make(directory / f"hashing-{period.number}.erased", tombstone)
        key_files.sync(directory)
        key_files.destroy(_path(directory, period.number))
        return find(directory, key_id)
    except OSError as fault:
        remedy = "check its owner, its permissions and the disk; then erase it again"
        raise key_files.invalid(directory, f"cannot be changed: {fault.strerror}", remedy) from None


def find(directory: Path, key_id: str) -> Period:
    """The period whose records name ``key_id``. Raises ``UnknownKey``."""
    for period in periods(directory) if directory.is_dir() else []:
        if period.key_id == key_id:
            return period
    raise UnknownKey(key_id)


def _newest(directory: Path) -> Key | None:
    for _ in range(_ATTEMPTS):
        numbers = _numbers(directory)
        try:
            for number in numbers[1:]:
                key_files.checked(_path(directory, number))
            return key_line.read(_path(directory, numbers[0])) if numbers else None
        except FileNotFoundError:
            continue  # erased between the two looks; its successor was there before
    raise key_files.invalid(directory, "changes all the time", "let nothing but Doorward write there")


def _last(directory: Path) -> int:
    """The highest number that was ever used."""
    return max([0, *_numbers(directory), *_erased(directory)])


def _numbers(directory: Path) -> list[int]:
    numbers = key_line.numbers(directory, _KEY)
    return [*numbers, 0] if (directory / _FIRST).exists() or (directory / _FIRST).is_symlink() else numbers


def _erased(directory: Path) -> list[int]:
    return key_line.numbers(directory, _ERASED)


def _path(directory: Path, number: int) -> Path:
    return directory / (f"hashing-{number}.key" if number else _FIRST)


def _tombstone(directory: Path, number: int) -> Period:
    """A period whose key is gone, or was about to go when its end failed: that is no end."""
    path = directory / f"hashing-{number}.erased"
    try:
        version, since, called, at = key_files.content(path).decode().split()
        if version != "1":
            raise ValueError
        doomed = key_files.doomed_path(_path(directory, number)).exists()
        return Period(number, called, int(since), erased=None if doomed else int(at))
    except ValueError:
        raise key_files.invalid(path, "is damaged", "remove it; the key that it was about is gone") from None

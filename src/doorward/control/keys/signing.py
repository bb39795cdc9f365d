"""The keys that sign grants: ``signing-N.key`` in ``keys.directory``, and the JWKS document with their public halves.

No gap, whichever worker looks when: a new key is in the JWKS for ``PUBLISHED_BEFORE`` before it signs; the one before
it stays for as long as a token that it signed can live, and ``MARGIN`` longer; a verifier that meets an unknown ``kid``
reads the directory again. A file holds one line, ``1 SECONDS_SINCE_EPOCH ALGORITHM BASE64URL(PKCS #8)``.
"""

import base64
import os
import re
import threading
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from doorward.control.keys import key_files, own_keys
from doorward.control.keys.own_keys import Pair

LONGEST_GRANT = 900.0
PUBLISHED_BEFORE = 600.0
MARGIN = 900.0
READ_AGAIN = 60.0
SOONEST_AGAIN = 1.0
"""Seconds, all of them. Unknown ``kid``s cost nothing to invent, so they cause at most one reading a second."""

# RFC 9864 names the curve in the algorithm; "EdDSA" in the configuration means Ed25519.
JOSE = {"ES256": "ES256", "EdDSA": "Ed25519"}
_FILE = re.compile(r"signing-([0-9]{1,9})\.key", re.ASCII)


class SigningKey(msgspec.Struct, frozen=True):
    """One key pair. ``kid`` is its RFC 7638 thumbprint, ``algorithm`` the name in a token's header."""

    kid: str
    algorithm: str
    created: int
    pair: Pair

    def __repr__(self) -> str:
        return f"SigningKey({self.kid}, {self.algorithm})"


class SigningKeys:
    """The keys of one directory, followed while the process runs. Methods may be called from any thread.

    ``rotate`` in seconds; ``algorithm`` as in the configuration ("ES256" or "EdDSA"); ``now`` everywhere in seconds
    since the epoch. Every method may raise ``InvalidConfiguration``: what others can read is refused, also later.
    """

    def __init__(self, directory: Path, *, rotate: float, algorithm: str, now: float) -> None:
        self._directory = directory
        self._rotate = rotate
        self._lock = threading.Lock()
        self._keys = load(directory, rotate=rotate, algorithm=algorithm, now=now)
        self._algorithm = algorithm
        self._read_at = now

    def signer(self, now: float) -> SigningKey:
        """The key to sign with."""
        with self._lock:
            if abs(now - self._read_at) >= READ_AGAIN:
                self._refresh(now)
            return signer(self._keys, now)

    def find(self, kid: str, now: float) -> SigningKey | None:
        """The key of that name, retired ones included; None if it is not, or no longer, one of ours."""
        with self._lock:
            age = abs(now - self._read_at)
            found = _find(self._keys, kid)
            if age >= READ_AGAIN or (found is None and age >= SOONEST_AGAIN):
                self._refresh(now)
                return _find(self._keys, kid)
            return found

    def jwks(self, now: float) -> dict[str, Any]:
        """The public keys (RFC 7517 §5), the newest first."""
        with self._lock:
            if abs(now - self._read_at) >= SOONEST_AGAIN:
                self._refresh(now)
            return jwks(self._keys)

    def _refresh(self, now: float) -> None:
        # By age alone: the algorithm changes at a reload, or two configurations would make keys against each other.
        self._keys = load(self._directory, rotate=self._rotate, algorithm=None, now=now, otherwise=self._algorithm)
        self._read_at = now


def load(
    directory: Path, *, rotate: float, algorithm: str | None, now: float, otherwise: str = "ES256"
) -> list[SigningKey]:
    """The keys in ``directory``, the newest first; a missing one is made, an old one (or one of another ``algorithm``)
    gets a successor, one that has nothing left to verify is removed. Safe from several processes at once.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        key_files.private(directory)
        generations = _generations(directory)
        if _due(generations, rotate, algorithm, now):
            newest = generations[0][0] if generations else 0
            # Two processes that come here together name the same next file: one makes it, both read it.
            key_files.make(directory / f"signing-{newest + 1}.key", _line(algorithm or otherwise, now))
            generations = _generations(directory)
        return _kept(directory, generations, now)
    except OSError as fault:
        remedy = "check its owner, its permissions and the disk"
        raise key_files.invalid(directory, f"cannot be used: {fault.strerror}", remedy) from None


def read(directory: Path) -> list[SigningKey]:
    """The keys that are there, the newest first; nothing is made or changed."""
    try:
        if not directory.is_dir():
            return []
        key_files.private(directory)
        return [key for _, key in _generations(directory)]
    except OSError as fault:
        raise key_files.invalid(
            directory, f"cannot be read: {fault.strerror}", "check its owner and permissions"
        ) from None


def signer(keys: Sequence[SigningKey], now: float) -> SigningKey:
    """The newest of ``keys`` that has been published long enough; where none has, the one that has been longest."""
    return next((key for key in keys if now - key.created >= PUBLISHED_BEFORE), keys[-1])


def jwks(keys: Sequence[SigningKey]) -> dict[str, Any]:
    """The JWKS document of ``keys``: public halves only."""
    return {"keys": [{**key.pair.public, "kid": key.kid, "use": "sig", "alg": key.algorithm} for key in keys]}


def _find(keys: Sequence[SigningKey], kid: str) -> SigningKey | None:
    return next((key for key in keys if key.kid == kid), None)


def _due(generations: list[tuple[int, SigningKey]], rotate: float, algorithm: str | None, now: float) -> bool:
    if not generations:
        return True
    newest = generations[0][1]
    return now - newest.created >= rotate or (algorithm is not None and newest.algorithm != JOSE[algorithm])


def _kept(directory: Path, generations: list[tuple[int, SigningKey]], now: float) -> list[SigningKey]:
    kept = [key for _, key in generations[:1]]
    for (_, successor), (number, key) in pairwise(generations):
        if now - successor.created < PUBLISHED_BEFORE + LONGEST_GRANT + MARGIN:
            kept.append(key)
        else:
            (directory / f"signing-{number}.key").unlink(missing_ok=True)
    return kept


def _generations(directory: Path) -> list[tuple[int, SigningKey]]:
    """Number and key of each signing key, the newest first."""
    numbers = sorted(
        (int(found[1]) for name in os.listdir(directory) if (found := _FILE.fullmatch(name))), reverse=True
    )
    found_keys = []
    for number in numbers:
        try:
            found_keys.append((number, _read(directory / f"signing-{number}.key")))
        except FileNotFoundError:
            continue  # another process has just dropped it
    return found_keys


def _line(algorithm: str, now: float) -> str:
    der = own_keys.make(JOSE[algorithm]).der()
    return f"1 {int(now)} {JOSE[algorithm]} {base64.urlsafe_b64encode(der).decode()}\n"


def _read(path: Path) -> SigningKey:
    parts = key_files.content(path).split()
    try:
        version, created, name, encoded = parts
        algorithm = name.decode()
        pair = own_keys.read(algorithm, base64.b64decode(encoded, altchars=b"-_", validate=True))
        if version != b"1":
            raise ValueError
        return SigningKey(own_keys.thumbprint(pair), algorithm, int(created), pair)
    except ValueError:  # binascii.Error and UnicodeDecodeError are ones
        remedy = "put its backup there; or remove it, and let every grant that it signed be asked for again"
        raise key_files.invalid(path, "is damaged", remedy) from None

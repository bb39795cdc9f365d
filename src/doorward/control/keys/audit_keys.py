"""The keys that sign checkpoints of the audit log (guarantees, G5): Ed25519, one that signs and its forebears.

``audit-KEYID.key`` holds the private key (``key_line.py``); it is removed when its successor is as old as a key gets,
so that who takes the host over later cannot sign for the past. ``audit-KEYID.pub`` is its public half in PEM and stays
for ever: everything that was signed can always be verified. KEYID is the beginning of the SHA-256 of the public key.

``cryptography`` takes tens of milliseconds to import: only making a key and signing do.
"""

import base64
import binascii
import hashlib
import os
import re
import secrets
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from doorward.configtypes import InvalidConfiguration, content
from doorward.control.keys import key_files, key_line
from doorward.control.keys.key_line import Random
from doorward.core.audit import timestamp
from doorward.core.errors import JournalFault

_PRIVATE = re.compile(r"audit-([0-9a-f]{16})\.key", re.ASCII)
_DOOMED = re.compile(r"(audit-[0-9a-f]{16}\.key)\.gone", re.ASCII)
_PUBLIC = re.compile(r"audit-([0-9a-f]{16})\.pub", re.ASCII)
_LOCK = "audit.lock"
_BEGIN, _END = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"
_SPKI = bytes.fromhex("302a300506032b6570032100")
"""Goes before the 32 bytes of an Ed25519 public key (RFC 8410 §4)."""


class AuditKeys(msgspec.Struct, frozen=True):
    """The key that signs now. ``created`` in seconds since the epoch."""

    key_id: str
    created: int
    secret: bytes

    def __repr__(self) -> str:
        return f"AuditKeys({self.key_id})"

    def signer(self) -> "Signer":
        """To sign with, from any thread."""
        return Signer(self)

    def public(self) -> str:
        """The public half, as its file has it."""
        return _pem(self.key_id, self.created, _public_bytes(_loaded(self.secret)))


class Signer:
    """Signs with one key. The first time takes long, and finds a key that is not what its name says."""

    def __init__(self, keys: AuditKeys) -> None:
        self.key_id = keys.key_id
        self._keys = keys
        self._private: Any = None

    def sign(self, data: bytes) -> bytes:
        """The signature, 64 bytes. Raises ``JournalFault``."""
        if self._private is None:
            private = _loaded(self._keys.secret)
            if _key_id(_public_bytes(private)) != self.key_id:
                raise JournalFault(f"audit-{self.key_id}.key in keys.directory holds another key (remove it)")
            self._private = private
        signature: bytes = self._private.sign(data)
        return signature


class Deferred:
    """A signer that looks for its key, and makes one where there is none, when it is first needed: nobody waits."""

    def __init__(self, directory: Path, *, rotate: float, now: float) -> None:
        self._directory = directory
        self._rotate = rotate
        self._now = now
        self._signer: Signer | None = None
        self._lock = threading.Lock()

    @property
    def key_id(self) -> str:
        """Raises ``JournalFault`` where keys.directory cannot be used."""
        return self._found().key_id

    def sign(self, data: bytes) -> bytes:
        """The signature, 64 bytes. Raises ``JournalFault``."""
        return self._found().sign(data)

    def _found(self) -> Signer:
        with self._lock:
            if self._signer is None:
                try:
                    self._signer = load(self._directory, rotate=self._rotate, now=self._now).signer()
                except InvalidConfiguration as invalid:
                    raise JournalFault(f"no key to sign the log with: {invalid.detail}") from None
            return self._signer


def load(directory: Path, *, rotate: float, now: float, random: Random = secrets.token_bytes) -> AuditKeys:
    """The key to sign with. The first is made, one of ``rotate`` seconds gets a successor, and what has had one for as
    long is removed.

    ``now`` is in seconds since the epoch. Safe to call from several processes at once. Raises ``InvalidConfiguration``.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        key_files.private(directory)
        generations = _generations(directory)
        if _settled(directory, generations, rotate, now):
            return generations[0]  # mostly; and then a directory that cannot be written to will do
        with key_files.locked(directory / _LOCK):
            return _rotated(directory, rotate, now, random)
    except OSError as fault:
        raise key_files.invalid(
            directory, f"cannot be used: {fault.strerror}", "check its owner, its permissions and the disk"
        ) from None


def read(directory: Path) -> AuditKeys:
    """The key to sign with; nothing is made or changed. Raises ``InvalidConfiguration``, also where there is none."""
    try:
        key_files.private(directory)
        if generations := _generations(directory):
            return generations[0]
    except OSError as fault:
        raise key_files.invalid(
            directory, f"cannot be read: {fault.strerror}", "check its owner and permissions"
        ) from None
    raise key_files.invalid(directory, "holds no key to sign the log with", "restart: the first start makes one")


def ephemeral(random: Random = secrets.token_bytes) -> AuditKeys:
    """A key that nobody keeps: for demonstrations and tests."""
    return _made(0, random)


def public_keys(directory: Path) -> list[str]:
    """The public keys in PEM, the oldest first, each after a line that says whose and since when.

    Nothing is made or changed. Raises ``InvalidConfiguration``.
    """
    try:
        if not directory.exists():
            return []
        key_files.private(directory)
        found = [_public_file(directory / name, match[1]) for name in sorted(os.listdir(directory))
                 if (match := _PUBLIC.fullmatch(name))]  # fmt: skip
    except OSError as fault:
        raise key_files.invalid(
            directory, f"cannot be read: {fault.strerror}", "check its owner and permissions"
        ) from None
    return [pem for _, pem in sorted(found)]


def _settled(directory: Path, generations: list[AuditKeys], rotate: float, now: float) -> bool:
    if not generations or not _public_path(directory, generations[0].key_id).exists():
        return False
    age = now - generations[0].created
    return age < rotate and not any(now - successor.created >= rotate for successor in generations[:-1])


def _rotated(directory: Path, rotate: float, now: float, random: Random) -> AuditKeys:
    """Under the lock."""
    generations = _generations(directory)
    if not generations or now - generations[0].created >= rotate:
        made = _made(int(now), random)
        _publish(directory, made)
        key_files.make(_private_path(directory, made.key_id), key_line.text(made.secret, now))
        generations = [made, *generations]
    newest = generations[0]
    _publish(directory, newest)
    key_files.sync(directory)  # before it signs anything that a power cut leaves
    for name in os.listdir(directory):
        if half_gone := _DOOMED.fullmatch(name):
            key_files.destroy(directory / half_gone[1])
    for successor, old in pairwise(generations):
        if now - successor.created >= rotate:
            _publish(directory, old)
            key_files.destroy(_private_path(directory, old.key_id))
    return newest


def _publish(directory: Path, keys: AuditKeys) -> None:
    """Before it signs: no signature without somebody who can verify it."""
    path = _public_path(directory, keys.key_id)
    if not path.exists():
        key_files.make(path, keys.public())


def _generations(directory: Path) -> list[AuditKeys]:
    """The private keys, the newest first."""
    found = []
    for name in os.listdir(directory):
        if match := _PRIVATE.fullmatch(name):
            try:
                key = key_line.read(directory / name)
            except FileNotFoundError:
                continue  # another process has just dropped it
            found.append(AuditKeys(match[1], key.created, key.secret))
    return sorted(found, key=lambda keys: (keys.created, keys.key_id), reverse=True)


def _private_path(directory: Path, key_id: str) -> Path:
    return directory / f"audit-{key_id}.key"


def _public_path(directory: Path, key_id: str) -> Path:
    return directory / f"audit-{key_id}.pub"


def _made(now: int, random: Random) -> AuditKeys:
    secret = random(key_line.SIZE)
    return AuditKeys(_key_id(_public_bytes(_loaded(secret))), now, secret)


def _loaded(secret: bytes) -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(secret)


def _public_bytes(private: Any) -> bytes:
    public: bytes = private.public_key().public_bytes_raw()
    return public


def _key_id(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


def _pem(key_id: str, created: int, public: bytes) -> str:
    body = base64.b64encode(_SPKI + public).decode()
    return f"# doorward audit key {key_id} since {timestamp(created)}\n{_BEGIN}\n{body}\n{_END}\n"


def _public_file(path: Path, key_id: str) -> tuple[str, str]:
    """(since when, the text) of a public key, which anybody may read, but which must be what its name says."""
    text = content(path, key_files.MAX_BYTES).decode("ascii", "replace")
    comment, _, rest = text.partition(_BEGIN)
    body = rest.partition(_END)[0]
    try:
        der = base64.b64decode("".join(body.split()), validate=True)
    except binascii.Error:
        der = b""
    if not der.startswith(_SPKI) or _key_id(der[len(_SPKI) :]) != key_id:
        raise key_files.invalid(path, "is damaged", "put a copy of it there: without it what it signed is not proved")
    return comment.rpartition(" ")[2].strip(), text

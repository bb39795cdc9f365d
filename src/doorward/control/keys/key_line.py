"""What stands in the file of a symmetric key, and of the key that signs checkpoints: one line,
``1 SECONDS_SINCE_EPOCH BASE64URL(32 bytes)``.
"""

import base64
import binascii
import os
import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from doorward.control.keys import key_files

SIZE = 32

Random = Callable[[int], bytes]


class Key(msgspec.Struct, frozen=True):
    """``created`` in seconds since the epoch."""

    created: int
    secret: bytes

    def __repr__(self) -> str:
        return f"Key({self.created}, ****)"


def text(secret: bytes, now: float) -> str:
    """The line of a key made now."""
    return f"1 {int(now)} {base64.urlsafe_b64encode(secret).decode()}\n"


def present(path: Path, now: float, random: Random) -> Key:
    """The key in ``path``, made if it is not there; whole or not at all."""
    try:
        return read(path)
    except FileNotFoundError:
        pass
    key_files.make(path, text(random(SIZE), now))
    return read(path)


def read(path: Path) -> Key:
    """The key in ``path``. Raises ``FileNotFoundError``, else ``InvalidConfiguration``."""
    parts = key_files.content(path).split()
    try:
        version, created, encoded = parts
        secret = base64.b64decode(encoded, altchars=b"-_", validate=True)
        if version != b"1" or len(secret) != SIZE:
            raise ValueError
        return Key(int(created), secret)
    except (ValueError, binascii.Error):
        if not path.exists():  # it was opened just before it was destroyed
            raise FileNotFoundError(path) from None
        remedy = "put its backup there; or remove it, and lose what only it could open or compare (docs/keys.md)"
        raise key_files.invalid(path, "is damaged", remedy) from None


def numbers(directory: Path, pattern: re.Pattern[str]) -> list[int]:
    """The numbers (group 1) in the names of ``directory`` that ``pattern`` fits, the highest first."""
    return sorted({int(found[1]) for name in os.listdir(directory) if (found := pattern.fullmatch(name))}, reverse=True)

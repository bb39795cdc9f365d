"""Sealed session ids: what a client holds says nothing and works for nobody else (docs/architecture.md, "Laws").

A sealed id is AES-256-GCM over (protocol version, the upstream's id), bound by its associated data to the server and to
the caller with all for whom it acts (``Principal.holder``). Any worker opens it with the shared key; nothing is stored;
a stolen id is useless without its owner's token.
"""

import base64
import binascii
import os
from collections import OrderedDict

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
_TAG = 16
_REMEMBERED = 4096


class Sealer:
    """Seals with the first key, opens with any. Opened ids are remembered, for each is used many times."""

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        self._ciphers = tuple(AESGCM(key) for key in keys)
        self._opened: OrderedDict[tuple[bytes, str, str], tuple[str, str]] = OrderedDict()

    def rekey(self, keys: tuple[bytes, ...]) -> None:
        """Another set of keys is in force; ids that were sealed with a key that is gone no longer open."""
        self._ciphers = tuple(AESGCM(key) for key in keys)
        self._opened.clear()

    def seal(self, server: str, owner: str, version: str, upstream_id: str) -> bytes:
        """Visible ASCII, as MCP wants a session id."""
        nonce = os.urandom(_NONCE)
        sealed = self._ciphers[0].encrypt(nonce, f"{version}\0{upstream_id}".encode(), _bound(server, owner))
        return base64.urlsafe_b64encode(nonce + sealed).rstrip(b"=")

    def open(self, sealed: bytes, server: str, owner: str) -> tuple[str, str] | None:
        """(protocol version, the upstream's id), or None: not ours, another's, for another server, or tampered with."""
        key = (sealed, server, owner)
        known = self._opened.get(key)
        if known is not None:
            return known
        opened = self._decrypt(sealed, _bound(server, owner))
        if opened is not None:
            if len(self._opened) >= _REMEMBERED:
                self._opened.popitem(last=False)
            self._opened[key] = opened
        return opened

    def _decrypt(self, sealed: bytes, bound: bytes) -> tuple[str, str] | None:
        try:
            raw = base64.b64decode(sealed + b"=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
        except binascii.Error:
            return None
        if len(raw) < _NONCE + _TAG or base64.urlsafe_b64encode(raw).rstrip(b"=") != sealed:
            return None
        for cipher in self._ciphers:
            try:
                version, _, upstream_id = cipher.decrypt(raw[:_NONCE], raw[_NONCE:], bound).decode().partition("\0")
            except InvalidTag:
                continue
            return version, upstream_id
        return None


def _bound(server: str, owner: str) -> bytes:
    return f"{server}\0{owner}".encode()

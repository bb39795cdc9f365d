"""Public keys that checkpoints are verified with: PEM, Ed25519, known by the hash of the raw key."""

import re
from hashlib import sha256

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

CONTEXT = b"doorward audit checkpoint 1\n"
"""Goes before what is signed."""

_BLOCK = re.compile(rb"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)


class NoKeys(ValueError):
    """Why there is no key to verify with."""


class PublicKeys:
    """Keys by their ids."""

    def __init__(self, *texts: bytes) -> None:
        """All keys in some PEM files. Raises ``NoKeys``."""
        self._keys: dict[str, Ed25519PublicKey] = {}
        for text in texts:
            blocks = _BLOCK.findall(text)
            if not blocks:
                raise NoKeys("a file of public keys holds no PEM block BEGIN PUBLIC KEY")
            for block in blocks:
                key = _loaded(block)
                self._keys[sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]] = key
        if not self._keys:
            raise NoKeys("there is no public key to verify signatures with")

    @property
    def ids(self) -> list[str]:
        return sorted(self._keys)

    def signed(self, key_id: str, body: bytes, signature: bytes) -> bool:
        """Whether the key of that id signed ``body``."""
        key = self._keys.get(key_id)
        if key is None:
            return False
        try:
            key.verify(signature, CONTEXT + body)
        except InvalidSignature:
            return False
        return True

    def __contains__(self, key_id: str) -> bool:
        return key_id in self._keys


def _loaded(block: bytes) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(block)
    except (ValueError, UnsupportedAlgorithm):
        raise NoKeys("a public key cannot be read") from None
    if not isinstance(key, Ed25519PublicKey):
        raise NoKeys("a public key is not an Ed25519 key")
    return key

"""TLS contexts from certificate files, and their live reload.

A reload goes into the context that is already in use: new handshakes get the new certificate, connections that exist
keep theirs, and no listener is opened anew.
"""

import os
import ssl
from pathlib import Path

_ALPN = ["http/1.1"]


class ServerCertificate:
    """The certificate (chain) and key of a listener, and the CA that client certificates must come from, if any.

    `context` stays the same object for life. Raises OSError or ssl.SSLError when the files cannot be read or do not
    fit each other.
    """

    __slots__ = ("_certificate", "_client_ca", "_key", "_seen", "context")

    def __init__(self, certificate: Path, key: Path, client_ca: Path | None = None) -> None:
        self._certificate = certificate
        self._key = key
        self._client_ca = client_ca
        self._seen = self._stamp()
        self.context = _server_context()
        self._load_into(self.context)

    def reload(self) -> bool:
        """Takes the files in again if one of them has changed; True if so.

        Raises OSError or ssl.SSLError for files that do not fit; the context then keeps what it has, and the next call
        tries again. A CA taken out of `client_ca` is trusted until a restart: OpenSSL only adds to a live context.
        """
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        # A certificate that is already replaced beside a key that is not yet would break the live context.
        self._load_into(_server_context())
        self._load_into(self.context)
        self._seen = stamp
        return True

    def _load_into(self, context: ssl.SSLContext) -> None:
        context.load_cert_chain(self._certificate, self._key)
        if self._client_ca is not None:
            context.load_verify_locations(self._client_ca)
            context.verify_mode = ssl.CERT_REQUIRED

    def _stamp(self) -> tuple[tuple[int, int, int], ...]:
        files = (self._certificate, self._key, *(() if self._client_ca is None else (self._client_ca,)))
        return tuple(_identity(path) for path in files)


def _identity(path: Path) -> tuple[int, int, int]:
    found = os.stat(path)  # follows links: certificates are often swapped by a link
    return found.st_mtime_ns, found.st_size, found.st_ino


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(_ALPN)
    return context


def upstream_context(ca: Path | None = None) -> ssl.SSLContext:
    """A verifying context for calls to upstreams: the system's CAs, or only those in `ca`. Expensive: build it once."""
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(_ALPN)
    return context

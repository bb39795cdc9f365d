"""``listen.tls``: the files fit each other, and for how long."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

from doorward.bootstrap.doctor.line import Line, fail, ok, span, warn
from doorward.configfile import Loaded
from doorward.transports.tls import ServerCertificate

SOON = 14 * 86400.0
"""Seconds before its end at which a certificate is worth a warning."""

_ABOUT = "certificate"


def certificate(loaded: Loaded, now: datetime | None = None) -> list[Line]:
    """Certificate, key and authorities of the public address; no line without TLS."""
    tls = loaded.config.listen.tls
    if tls is None:
        return []
    path, key = loaded.base_dir / tls.certificate, loaded.base_dir / tls.key
    try:
        ServerCertificate(path, key, loaded.base_dir / tls.client_ca if tls.client_ca is not None else None)
    except ssl.SSLError as fault:
        mismatch = fault.reason == "KEY_VALUES_MISMATCH"
        said = "the key does not belong to it" if mismatch else f"cannot be used: {fault.reason or 'no PEM'}"
        return [fail(_ABOUT, f"{path}: {said}", "put the certificate (chain) and its own key there, as PEM")]
    except OSError as fault:
        return [fail(_ABOUT, f"{fault.filename or path} cannot be read: {fault.strerror}", "check path and owner")]
    return [*_lasting(path, now or datetime.now(UTC)), *_private(key)]


def _lasting(path: Path, now: datetime) -> list[Line]:
    from cryptography.x509 import load_pem_x509_certificates  # tens of milliseconds that most runs do without

    leaf = load_pem_x509_certificates(path.read_bytes())[0]
    left = (leaf.not_valid_after_utc - now).total_seconds()
    until = f"until {leaf.not_valid_after_utc:%Y-%m-%d}"
    if now < leaf.not_valid_before_utc:
        return [
            fail(_ABOUT, f"{path}: is not good before {leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC", "see the clock")
        ]
    if left <= 0:
        return [fail(_ABOUT, f"{path}: expired {span(-left)} ago", "put a new one there; it is taken within seconds")]
    if left < SOON:
        return [
            warn(_ABOUT, f"{path}: good for {span(left)} more, {until}", "put a new one there; no restart is needed")
        ]
    return [ok(_ABOUT, f"{path}: fits its key, good {until}")]


def _private(key: Path) -> list[Line]:
    if key.stat().st_mode & 0o077:
        return [warn(_ABOUT, f"{key}: others can read the key", f"chmod go= {key}")]
    return []

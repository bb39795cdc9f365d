"""Under which names clients may come: the public URL, and the values of Host and Origin that are ours."""

import re
from urllib.parse import urlsplit

from doorward.config import Config
from doorward.configfile.edge import address, is_loopback


def own_names(config: Config, bound: int | None) -> tuple[frozenset[bytes], frozenset[bytes], str]:
    """(Host values, Origins, public URL). ``bound``: the port that was bound, where the configuration says 0."""
    listen = config.listen
    host, configured = address(listen.address)
    port = configured if bound is None else bound
    scheme = "https" if listen.tls is not None else "http"
    bracketed = f"[{host}]" if ":" in host else host
    public_url = (listen.public_url or f"{scheme}://{bracketed}:{port}").rstrip("/")
    local = {"127.0.0.1", "localhost", "[::1]"} | ({bracketed} if is_loopback(host) else set())
    at_home = {spelt for name in local for spelt in _spellings(scheme, name, port)}
    public = urlsplit(public_url)
    abroad = set(_spellings(public.scheme, _netloc_host(public.netloc), public.port))
    hosts = at_home | abroad | {name.lower() for name in listen.allowed_hosts}
    origins = {f"{public.scheme}://{name}" for name in abroad} | {origin.lower() for origin in listen.allowed_origins}
    if is_loopback(host):
        origins |= {f"{scheme}://{name}" for name in at_home}
    return _bytes(hosts), _bytes(origins), public_url


def _spellings(scheme: str, host: str, port: int | None) -> list[str]:
    """``HOST:PORT``, and ``HOST`` alone where the port is the scheme's own (RFC 9110 §4.2.3)."""
    usual = 443 if scheme == "https" else 80
    spelt = [f"{host.lower()}:{port or usual}"]
    return [*spelt, host.lower()] if (port or usual) == usual else spelt


def _netloc_host(netloc: str) -> str:
    return re.sub(r":[0-9]*\Z", "", netloc)


def _bytes(texts: set[str]) -> frozenset[bytes]:
    return frozenset(text.encode("idna" if not text.isascii() else "ascii") for text in texts)

"""The addresses and names of the edge: what ``listen`` and ``admin`` may say."""

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from doorward.config import Config
from doorward.configtypes import Notice, Problem, Refused, is_file

Found = Iterator[Problem]

# ASCII as URLs have it (RFC 3986 §2): the public URL stands in quotes in a header field.
_PLAIN = re.compile(r"[!#-;=?-\[\]_a-z~]+")


def edge(config: Config, base_dir: Path) -> Found:
    """Everything about ``listen`` and ``admin``."""
    yield from _listen(config, base_dir)
    yield from _public_url(config)
    yield from _names_at_the_edge(config)
    yield from _admin(config)


def address(text: str) -> tuple[str, int]:
    """``HOST:PORT`` or ``[IPV6]:PORT`` as host and port; ``Refused`` otherwise. Port 0 lets the system choose."""
    host, colon, port = text.rpartition(":")
    if colon and port.isascii() and port.isdigit() and int(port) <= 65535:
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        elif ":" in host:
            host = ""
        if host:
            return host, int(port)
    raise Refused("expected HOST:PORT", "for example 127.0.0.1:8080, [::1]:8080 or 0.0.0.0:8080")


def is_loopback(host: str) -> bool:
    """``localhost`` or an address that only this machine reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def on_loopback(config: Config) -> bool:
    """Whether only this machine reaches the public address; false for an address that cannot be read."""
    try:
        return is_loopback(address(config.listen.address)[0])
    except Refused:
        return False


def _listen(config: Config, base_dir: Path) -> Found:
    listen = config.listen
    try:
        host, port = address(listen.address)
    except Refused as refusal:
        yield Problem(path="listen.address", message=refusal.message, remedy=refusal.remedy)
        return
    if not is_loopback(host):
        if listen.public_url is None:
            remedy = "set listen.public_url to the URL that clients use; it is never derived from a request"
            yield Problem(
                path="listen.address",
                message="others can reach this address, and there is no public_url",
                remedy=remedy,
            )
        if listen.tls is None and not listen.tls_terminated:
            remedy = "set listen.tls, or listen.tls_terminated: true if a proxy before Doorward does it"
            yield Problem(
                path="listen.address", message="others can reach this address, and there is no TLS", remedy=remedy
            )
    if port == 0 and listen.workers > 1:
        yield Problem(path="listen.address", message="port 0 needs one worker", remedy="name a port")
    if listen.tls is not None:
        for key in ("certificate", "key", "client_ca"):
            file = getattr(listen.tls, key)
            if file is not None and not is_file(base_dir / file):
                remedy = "give the path of a PEM file that Doorward may read"
                yield Problem(path=f"listen.tls.{key}", message="there is no such file", remedy=remedy)


def _public_url(config: Config) -> Found:
    if config.listen.public_url is None:
        return
    parts = site(config.listen.public_url)
    path, secure = "listen.public_url", config.listen.tls is not None or config.listen.tls_terminated
    if parts is None or not {"?", "#"}.isdisjoint(config.listen.public_url) or "@" in parts.netloc:
        yield Problem(path=path, message="is not the URL of a site", remedy="write https://HOST or https://HOST/PREFIX")
    elif not _PLAIN.fullmatch(config.listen.public_url):
        remedy = "write a host as DNS knows it (xn--…), and other characters of a path percent-encoded"
        yield Problem(path=path, message="holds characters that a URL cannot have", remedy=remedy)
    elif parts.scheme == "http" and (secure or not is_loopback(parts.hostname or "")):
        yield Problem(path=path, message="must be https", remedy="write https://…; tokens travel to this address")


def site(text: str) -> SplitResult | None:
    """An http or https URL with a host, or None."""
    if any(character <= " " or character == "\x7f" for character in text):
        return None
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if usable else None


def _names_at_the_edge(config: Config) -> Found:
    listen = config.listen
    for index, origin in enumerate(listen.allowed_origins):
        parts = site(origin)
        plain = _PLAIN.fullmatch(origin) is not None  # browsers send the host as DNS knows it
        if parts is None or origin != f"{parts.scheme}://{parts.netloc}" or "@" in origin or "*" in origin or not plain:
            remedy = "write SCHEME://HOST or SCHEME://HOST:PORT, exactly as browsers send it, with no / at the end"
            yield Problem(path=f"listen.allowed_origins[{index}]", message="is not an origin", remedy=remedy)
    for index, host in enumerate(listen.allowed_hosts):
        parts = site(f"http://{host}")
        if parts is None or parts.netloc != host or "@" in host or "*" in host or not _is_encodable(host):
            remedy = "write HOST or HOST:PORT, exactly as clients send it"
            yield Problem(path=f"listen.allowed_hosts[{index}]", message="is not a Host value", remedy=remedy)
    for index, proxy in enumerate(listen.trusted_proxies):
        if not _is_address(proxy):
            remedy = "write one IP address per proxy; networks are not available in this build"
            yield Problem(path=f"listen.trusted_proxies[{index}]", message="is not an IP address", remedy=remedy)


def _is_encodable(host: str) -> bool:
    """Whether DNS can have such a name, which clients send as ``xn--…``."""
    try:
        return bool(host.encode("ascii" if host.isascii() else "idna"))
    except UnicodeError:
        return False


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _admin(config: Config) -> Found:
    try:
        host, port = address(config.admin.address)
    except Refused as refusal:
        yield Problem(path="admin.address", message=refusal.message, remedy=refusal.remedy)
        return
    if not is_loopback(host):
        remedy = "let only probes and Prometheus reach it (a firewall or network policy)"
        yield Notice(
            path="admin.address", message="others can reach the admin address, which asks for no token", remedy=remedy
        )
    if port and config.admin.address == config.listen.address:
        yield Problem(path="admin.address", message="is the same as listen.address", remedy="give it a port of its own")

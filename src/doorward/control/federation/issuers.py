"""The identity providers of the configuration, and where the keys of each come from (docs/issuers.md).

``jwks: file:PATH`` is read again when it changes, ``jwks: https://…`` is fetched, and without ``jwks`` the issuer's own
metadata say where the keys are (RFC 8414, OpenID Connect Discovery 1.0).
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from doorward.config import Issuer
from doorward.configtypes import Problem, content, is_file
from doorward.control.federation.fetch import MAX_BODY, FetchFault, FetchReason, Location, locate
from doorward.control.federation.key_cache import KeyCache
from doorward.control.jose.jws import Jws
from doorward.control.jose.public_keys import KeySet, PublicKey, key_set
from doorward.core.decode import UndecodableError, decode

FILE = "file:"
_DEPTH = 32

# Only these say "nothing here, look elsewhere"; after others the host need not be asked again at once.
_GO_ON = frozenset((FetchReason.STATUS, FetchReason.REDIRECT, FetchReason.JSON, FetchReason.ISSUER))


class Fetches(Protocol):
    """What is needed of ``fetch.Fetcher``."""

    async def json(self, url: str, *, written: frozenset[str] = ...) -> dict[str, Any]: ...


class TrustedIssuer:
    """One issuer: what the configuration says of it, and its keys. ``name`` stands for it in policies and records."""

    def __init__(self, config: Issuer, cache: KeyCache) -> None:
        self.config = config
        self.name = name_of(config)
        self.cache = cache

    async def keys(self, jws: Jws, algorithm: str) -> list[PublicKey]:
        """The keys that the token may be signed with; empty if the issuer has none such. Raises ``FetchFault``."""
        found = (await self.cache.current()).candidates(jws, algorithm)
        if found or "kid" not in jws.header:
            return found
        return (await self.cache.newer()).candidates(jws, algorithm)


class Issuers:
    """All configured issuers, by the exact string of ``iss``.

    ``previous``: those of the configuration before this one; keys that are fetched alike live on, so that a reload
    while a provider is down costs nothing. ``base_dir``: what ``file:`` paths are relative to.
    """

    def __init__(
        self,
        configured: Iterable[Issuer],
        fetcher: Fetches,
        *,
        base_dir: Path,
        previous: "Issuers | None" = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetcher = fetcher
        self._base_dir = base_dir
        self._monotonic = monotonic
        self._trusted: dict[str, TrustedIssuer] = {}
        for config in configured:
            issuer = self._trusted[config.issuer] = TrustedIssuer(config, self._cache(config))
            old = previous.named(config.issuer) if previous is not None else None
            if old is not None and old.config.jwks == config.jwks:
                issuer.cache.inherit(old.cache)

    @property
    def version(self) -> int:
        """Rises whenever the keys of an issuer become others: what was verified before is to be verified again."""
        return sum(issuer.cache.changes for issuer in self._trusted.values())

    def named(self, iss: str) -> TrustedIssuer | None:
        return self._trusted.get(iss)

    async def warm(self) -> dict[str, str]:
        """Get all keys now. What could not be had, by the issuer's name: it is tried again when it is needed."""
        issuers = list(self._trusted.values())
        results = await asyncio.gather(*(issuer.cache.current() for issuer in issuers), return_exceptions=True)
        failed: dict[str, str] = {}
        for issuer, result in zip(issuers, results, strict=True):
            if isinstance(result, FetchFault):
                failed[issuer.name] = result.detail
            elif isinstance(result, BaseException):
                raise result
        return failed

    async def close(self) -> None:
        """End what is under way."""
        for issuer in self._trusted.values():
            await issuer.cache.close()

    def _cache(self, config: Issuer) -> KeyCache:
        name = name_of(config)
        if config.jwks is not None and config.jwks.startswith(FILE):
            source = KeyFile(self._base_dir / config.jwks.removeprefix(FILE))
            return KeyCache(name, source.load, monotonic=self._monotonic, local=True)
        return KeyCache(name, Published(config, self._fetcher).load, monotonic=self._monotonic)


class KeyFile:
    """A JWK set on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[bytes, KeySet] | None = None

    async def load(self, full: bool) -> KeySet:
        try:
            text = await asyncio.to_thread(self._read)
        except OSError as fault:
            raise FetchFault(FetchReason.FILE, fault.strerror or "") from None
        if self._known is None or self._known[0] != text:
            self._known = text, _keys_in(text)
        return self._known[1]

    def _read(self) -> bytes:
        return content(self._path, MAX_BODY + 1)


class Published:
    """The JWK set that an issuer publishes, at the ``jwks`` of the configuration or where its metadata say."""

    def __init__(self, config: Issuer, fetcher: Fetches) -> None:
        self._config = config
        self._fetcher = fetcher
        self._jwks_uri = config.jwks or ""

    async def load(self, full: bool) -> KeySet:
        if self._config.jwks is None and (full or not self._jwks_uri):
            self._jwks_uri = await self._discovered()
        # The operator wrote the issuer, or the address of its keys; a jwks_uri on another host gets no exception.
        written = frozenset((locate(self._config.jwks or self._config.issuer).authority,))
        keys = key_set(await self._fetcher.json(self._jwks_uri, written=written))
        if keys is None:
            raise FetchFault(FetchReason.KEYS, locate(self._jwks_uri).host)
        return keys

    async def _discovered(self) -> str:
        issuer = self._config.issuer
        written = frozenset((locate(issuer).authority,))
        met: list[FetchFault] = []
        for url in metadata_urls(issuer):
            try:
                return _jwks_uri(issuer, await self._fetcher.json(url, written=written))
            except FetchFault as fault:
                if fault.reason not in _GO_ON:
                    raise
                met.append(fault)
        # A document that speaks for somebody else says more than one that is not there.
        raise next((fault for fault in met if fault.reason is FetchReason.ISSUER), met[0])


def metadata_urls(issuer: str) -> tuple[str, ...]:
    """Where an issuer's metadata may be, in the order of asking (RFC 8414 §3.1 and §5; OpenID Connect Discovery §4)."""
    location = locate(issuer)
    origin = f"{location.scheme}://{location.host_field}"
    path = location.target.rstrip("/")
    oidc, oauth = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"
    return tuple(dict.fromkeys((f"{origin}{oauth}{path}", f"{origin}{path}{oidc}", f"{origin}{oidc}{path}")))


def _jwks_uri(issuer: str, document: dict[str, Any]) -> str:
    uri = document.get("jwks_uri")
    if document.get("issuer") != issuer or not isinstance(uri, str):  # RFC 8414 §3.3: identical, nothing normalised
        raise FetchFault(FetchReason.ISSUER, locate(issuer).host)
    return uri


def _keys_in(text: bytes) -> KeySet:
    try:
        document = decode(text, _DEPTH) if len(text) <= MAX_BODY else None
    except UndecodableError:
        document = None
    keys = key_set(document) if type(document) is dict else None
    if keys is None:
        raise FetchFault(FetchReason.KEYS)
    return keys


# --- what `check` asks


def name_of(config: Issuer) -> str:
    """The issuer's name: the one it is given, else its host."""
    if config.name is not None:
        return config.name
    try:
        return locate(config.issuer).host
    except FetchFault:
        return ""


def faults(configured: Iterable[Issuer], base_dir: Path) -> Iterator[Problem]:
    """What is wrong with ``identity.issuers``; ``base_dir`` is what ``file:`` paths are relative to."""
    issuers: set[str] = set()
    names: set[str] = set()
    for index, config in enumerate(configured):
        here = f"identity.issuers[{index}]"
        yield from _url_faults(config, here)
        yield from _jwks_faults(config, f"{here}.jwks", base_dir)
        if config.issuer in issuers:
            yield Problem(path=f"{here}.issuer", message="is there twice", remedy="write each issuer once")
        name = name_of(config)
        if name in names or ":" in name:
            remedy = "give it a name of its own: name: …"
            yield Problem(path=f"{here}.name", message="is no name, or another issuer has it too", remedy=remedy)
        if not 0 < config.max_lifetime <= 86400:
            yield Problem(path=f"{here}.max_lifetime", message="is out of range", remedy="write 90m; at most 1d")
        if not config.algorithms:
            yield Problem(path=f"{here}.algorithms", message="is empty", remedy="write [ES256], or leave it out")
        issuers.add(config.issuer)
        names.add(name)


def _url_faults(config: Issuer, here: str) -> Iterator[Problem]:
    issuer = _located(config.issuer)
    if issuer is None or "?" in config.issuer:
        remedy = "write it byte for byte as the provider's metadata do: https://HOST/PATH (http on loopback alone)"
        yield Problem(path=f"{here}.issuer", message="is not the URL of an issuer", remedy=remedy)


def _jwks_faults(config: Issuer, here: str, base_dir: Path) -> Iterator[Problem]:
    if config.jwks is None:
        return
    if config.jwks.startswith(FILE):
        if not is_file(base_dir / config.jwks.removeprefix(FILE)):
            yield Problem(path=here, message="there is no such file", remedy="give the path of a JWK set")
    elif _located(config.jwks) is None:
        remedy = "write file:PATH or https://…, or leave it out and let the issuer's metadata say it"
        yield Problem(path=here, message="is neither a file nor a URL", remedy=remedy)


def _located(url: str) -> Location | None:
    try:
        location = locate(url)
    except FetchFault:
        return None
    local = location.host in ("localhost", "::1") or location.host.startswith("127.")
    return location if location.scheme == "https" or local else None

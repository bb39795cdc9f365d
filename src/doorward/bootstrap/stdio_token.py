"""Where ``doorward run`` has its token from: a file, a client's credentials, or the environment.

    DOORWARD_TOKEN_FILE                          read again when it changes
    DOORWARD_CLIENT_ID, DOORWARD_CLIENT_SECRET   minted, and renewed before it expires
    DOORWARD_TOKEN                               as it is

The first of these that is set is the one: no other stands in for it when it yields nothing. Nothing heavy is imported
here, for this is asked on every ``run``.
"""

import asyncio
import logging
import os
import re
import stat
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode

import msgspec

from doorward.configtypes import Refused, fetch
from doorward.core.errors import Fault
from doorward.core.ports import Clock

log = logging.getLogger(__name__)

TOKEN, FILE = "DOORWARD_TOKEN", "DOORWARD_TOKEN_FILE"
CLIENT_ID, CLIENT_SECRET, TOKEN_URL = "DOORWARD_CLIENT_ID", "DOORWARD_CLIENT_SECRET", "DOORWARD_TOKEN_URL"
VARIABLES = (FILE, CLIENT_ID, CLIENT_SECRET, TOKEN_URL, TOKEN)
"""If any of these is set, be it to nothing, the local user is not the caller."""

MAX_TOKEN = 16 << 10
"""Bytes of a token."""

FIRST = 10.0
"""Seconds for which the first message waits for the first grant."""

SHARE = 2 / 3
"""The part of a grant's life after which it is renewed."""

AGAIN = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds between attempts while no grant can be had."""

LOOK = 5.0
"""Seconds between two looks at the clock: a machine that slept does not count its sleep as waiting."""

_VISIBLE = re.compile(rb"[\x21-\x7e]+")
_REFERENCE = re.compile(r"(env|file|vault):", re.ASCII)


class Unobtainable(Fault):
    """No grant could be had this time; ``detail`` says why, and holds no secret."""

    code = "auth.expired"


class TokenSource(Protocol):
    """Asked for the token before each message of the client."""

    async def current(self) -> bytes | None:
        """The token as it is now; None: there is none. Whether it is still good is not judged here."""

    async def run(self) -> None:
        """What goes on beside the calls, until it is cancelled."""


Post = Callable[[bytes], Awaitable[tuple[int, bytes]]]
"""Posts a form to a token endpoint -> status and body. Raises ``Unobtainable``."""


def is_set(environ: Mapping[str, str]) -> bool:
    """Whether somebody said who calls: then it is not the local user."""
    return any(name in environ for name in VARIABLES)


def chosen(environ: Mapping[str, str], post: Callable[[str], Post], resource: str, clock: Clock) -> TokenSource | None:
    """The source that the environment names, None where it names none.

    ``post`` makes the way to the token service for a client id. ``resource``: the URL of the server (RFC 8707).
    """
    if not is_set(environ):
        return None
    named = [name for name in (FILE, CLIENT_ID, TOKEN) if name in environ]
    if len(named) > 1:
        log.warning("%s are set; %s alone is used", " and ".join(named), named[0])
    if FILE in named:
        return FileToken(Path(environ[FILE]))
    if CLIENT_ID in named:
        return MintedToken(environ[CLIENT_ID], environ, post(environ[CLIENT_ID]), resource, clock)
    if TOKEN not in named:
        log.error("%s or %s is set without %s: all calls are refused", CLIENT_SECRET, TOKEN_URL, CLIENT_ID)
    return FixedToken(environ.get(TOKEN, ""))


class FixedToken:
    """``DOORWARD_TOKEN``."""

    def __init__(self, token: str) -> None:
        data = os.fsencode(token).strip()
        self._token = data if _fits(data) else None
        if self._token is None:
            log.error("%s holds no token: all calls are refused", TOKEN)

    async def current(self) -> bytes | None:
        return self._token

    async def run(self) -> None:
        return


class FileToken:
    """``DOORWARD_TOKEN_FILE``: looked at each time, read when it has changed.

    While it cannot be read there is no token: the one that was in it is not used on.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, ...] | None = None
        self._token: bytes | None = None
        self._told = ""

    async def current(self) -> bytes | None:
        try:
            found = os.stat(self._path)
            if _identity(found) != self._seen:
                self._token = None
                self._token, self._seen = _read(self._path)
            self._told = ""
        except OSError as fault:
            self._missing(fault.strerror or type(fault).__name__)
        except _Unfit as unfit:
            self._missing(str(unfit))
        return self._token

    async def run(self) -> None:
        return

    def _missing(self, why: str) -> None:
        self._token, self._seen = None, None
        if why != self._told:
            log.error("%s: %s: %s; calls are refused until that is mended", FILE, self._path, why)
            self._told = why


class MintedToken:
    """``DOORWARD_CLIENT_ID`` and ``DOORWARD_CLIENT_SECRET``: grants of a token service (RFC 6749 §4.4).

    An old grant is kept until a new one is there; when it expires meanwhile, whoever judges it says so.
    """

    def __init__(self, client_id: str, environ: Mapping[str, str], post: Post, resource: str, clock: Clock) -> None:
        self._client_id = client_id
        self._environ = environ
        self._post = post
        self._resource = resource
        self._clock = clock
        self._token: bytes | None = None
        self._tried = asyncio.Event()
        self._failures = 0
        secret = environ.get(CLIENT_SECRET, "")
        if secret.startswith("env:") and not secret.startswith("env:DOORWARD_"):
            log.warning("the server sees the variable that %s names; DOORWARD_* alone is kept from it", CLIENT_SECRET)

    def __repr__(self) -> str:
        return f"MintedToken({self._client_id}, ****)"

    async def current(self) -> bytes | None:
        if not self._tried.is_set():
            try:
                async with asyncio.timeout(FIRST):
                    await self._tried.wait()
            except TimeoutError:
                return None
        return self._token

    async def run(self) -> None:
        while True:
            due = self._clock.wall() + await self._attempt()
            self._tried.set()
            while (left := due - self._clock.wall()) > 0:  # noqa: ASYNC110 - no event tells that time has passed
                await asyncio.sleep(min(left, LOOK))

    async def _attempt(self) -> float:
        """One attempt. Returns the seconds until the next one."""
        try:
            token, life = granted(*await self._post(self._form()))
        except Unobtainable as fault:
            wait = AGAIN[min(self._failures, len(AGAIN) - 1)]
            self._failures += 1
            log.error("no new grant for %s: %s; trying again in %g s", self._client_id, fault.detail, wait)
            return wait
        self._token, self._failures = token, 0
        return max(1.0, life * SHARE)

    def _form(self) -> bytes:
        form = {"grant_type": "client_credentials", "client_id": self._client_id, "client_secret": self._secret()}
        return urlencode({**form, "resource": self._resource}).encode()

    def _secret(self) -> str:
        """Read anew each time: a secret in a file may be changed while we run."""
        secret = self._environ.get(CLIENT_SECRET, "")
        try:
            if _REFERENCE.match(secret):
                scheme, _, rest = secret.partition(":")
                if scheme == "vault" or not rest:
                    raise Refused("is not a reference that can be followed", "write env:NAME or file:PATH")
                secret = fetch(secret, self._environ, Path())
        except Refused as refused:
            raise Unobtainable(f"{CLIENT_SECRET}: {refused.message} ({refused.remedy})") from None
        if not secret:
            raise Unobtainable(f"{CLIENT_SECRET} is not set (env:NAME, file:PATH, or the secret itself)")
        return secret


class _Reply(msgspec.Struct):
    access_token: str = ""
    token_type: str = ""
    expires_in: float = 0.0
    error: str = ""


def granted(status: int, body: bytes) -> tuple[bytes, float]:
    """Token and its life in seconds, out of a token endpoint's answer (RFC 6749 §5.1). Raises ``Unobtainable``."""
    try:
        reply = msgspec.json.decode(body, type=_Reply, strict=False)
    except (msgspec.DecodeError, RecursionError):
        raise Unobtainable(f"the token service answered {status} with what is no token") from None
    if status != 200:
        named = reply.error if re.fullmatch(r"[a-z_]{1,60}", reply.error) else "no reason"
        raise Unobtainable(f"the token service answered {status}: {named}")
    token = reply.access_token.encode("utf-8", "replace")
    if not _fits(token) or reply.token_type.lower() != "bearer" or not 0 < reply.expires_in < 1e9:
        raise Unobtainable("the token service gave no bearer token with an expires_in")
    return token, reply.expires_in


class _Unfit(Exception):
    """The file is not one to take a token from."""


def _identity(found: os.stat_result) -> tuple[int, ...]:
    kind = found.st_mode, found.st_uid
    return (*kind, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _read(path: Path) -> tuple[bytes, tuple[int, ...]]:
    """The token in a file, and which file it was. Raises ``OSError`` or ``_Unfit``."""
    # Without O_NONBLOCK a pipe in its place would hold us up before we saw what it is.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    with os.fdopen(descriptor, "rb") as opened:
        found = os.fstat(opened.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise _Unfit("it is not a plain file")
        if os.name == "posix" and found.st_mode & 0o027:
            raise _Unfit("others can read or change it (chmod g-w,o= takes that away)")
        if os.name == "posix" and found.st_uid not in (os.geteuid(), 0):
            raise _Unfit("it belongs to somebody else")
        token = opened.read(MAX_TOKEN + 1).strip()
    if not _fits(token):
        raise _Unfit(f"it holds no token of at most {MAX_TOKEN} visible ASCII characters")
    return token, _identity(found)


def _fits(token: bytes) -> bool:
    return len(token) <= MAX_TOKEN and _VISIBLE.fullmatch(token) is not None

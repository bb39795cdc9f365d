"""The way to a token endpoint elsewhere: one POST in a thread of its own, https or this machine, nothing followed."""

import asyncio
import contextlib
import socket
import ssl
from http.client import HTTPConnection, HTTPException
from threading import Thread

from doorward.bootstrap.stdio_token import TOKEN_URL, Unobtainable
from doorward.control.federation.egress import permitted
from doorward.control.federation.fetch import FetchFault, Location, locate
from doorward.outgoing.reaching import beginning

LONGEST = 10.0
"""Seconds for all of it."""

STEP = 5.0
"""Seconds for which the other side may be silent."""

MAX_BODY = 64 << 10
_ENDPOINT = "/oauth/token"
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})

Answer = tuple[int, bytes]


class Poster:
    """Posts forms to ``DOORWARD_TOKEN_URL``: a gateway's URL, or with a path that of a token endpoint."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __call__(self, form: bytes) -> Answer:
        """Status and body. Raises ``Unobtainable``."""
        location = endpoint(self._url)
        try:
            async with asyncio.timeout(LONGEST):
                return await _in_thread(location, form)
        except TimeoutError:
            raise Unobtainable(f"{TOKEN_URL} did not answer in {LONGEST:g} s") from None


def endpoint(url: str) -> Location:
    """Where to post. Raises ``Unobtainable``."""
    if not url:
        raise Unobtainable(f"the client is no agent of the configuration file, and {TOKEN_URL} is not set")
    try:
        found = locate(url)
    except FetchFault:
        raise Unobtainable(f"{TOKEN_URL} is not a URL that can be used") from None
    if found.scheme != "https" and found.host not in _LOCAL:
        raise Unobtainable(f"{TOKEN_URL} must be https, but on this machine")
    return Location(found.scheme, found.host, found.port, _ENDPOINT) if found.target == "/" else found


async def _in_thread(location: Location, form: bytes) -> Answer:
    """Not one of the loop's own threads: those are waited for at the end, however long a name server hangs."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Answer] = loop.create_future()
    connection = HTTPConnection(location.host, location.port, timeout=STEP)

    def tell(result: Answer | Unobtainable) -> None:
        if done.done():
            return
        if isinstance(result, Unobtainable):
            done.set_exception(result)
        else:
            done.set_result(result)

    def run() -> None:
        result: Answer | Unobtainable
        try:
            result = _post(connection, location, form)
        except Unobtainable as fault:
            result = fault
        try:
            loop.call_soon_threadsafe(tell, result)
        except RuntimeError:
            return  # the loop has ended meanwhile

    Thread(target=run, name="doorward-token", daemon=True).start()
    try:
        return await done
    finally:
        _hang_up(connection)  # a server that drips must not keep the thread


def _hang_up(connection: HTTPConnection) -> None:
    if connection.sock is not None:
        with contextlib.suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def _post(connection: HTTPConnection, location: Location, form: bytes) -> Answer:
    headers = {
        "Host": location.host_field,
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
        "Connection": "close",
    }
    try:
        connection.sock = _connected(location)
        connection.request("POST", location.target, form, headers)
        answer = connection.getresponse()
        body = beginning(answer, MAX_BODY + 1)
    except (OSError, HTTPException, ValueError) as fault:
        raise Unobtainable(f"{TOKEN_URL} could not be asked: {type(fault).__name__}") from None
    finally:
        connection.close()
    if len(body) > MAX_BODY:
        raise Unobtainable(f"{TOKEN_URL} answered with more than {MAX_BODY} bytes")
    return answer.status, body


def _connected(location: Location) -> socket.socket:
    """A connection to an address that was looked at: between looking and connecting no name is asked again."""
    found = socket.getaddrinfo(location.host, location.port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not permitted(addresses, written=True, allow=()) or (location.scheme != "https" and not _here(addresses)):
        raise Unobtainable(f"{TOKEN_URL} leads to an address that is not asked")
    plain = _first(addresses, location.port)
    if location.scheme != "https":
        return plain
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=location.host)
    except (OSError, ValueError):
        plain.close()
        raise


def _first(addresses: list[str], port: int) -> socket.socket:
    last = OSError("no address")
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=STEP)
        except OSError as fault:
            last = fault
    raise last


def _here(addresses: list[str]) -> bool:
    return all(address == "::1" or address.startswith("127.") for address in addresses)

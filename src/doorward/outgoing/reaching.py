"""One connection to an address that the operator wrote: verified TLS, and nothing in the clear beyond this machine."""

import select
import socket
import ssl
import time
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from doorward.configfile.outgoing import reachable
from doorward.configtypes import Refused, content


def trust(ca: Path | None) -> ssl.SSLContext:
    """What vouches for a server: the system's authorities, or those in ``ca`` alone. Raises ``Refused``."""
    try:
        if ca is not None:
            content(ca, 1)  # what is no plain file would be waited for
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ValueError) as fault:
        raise Refused(f"the file of authorities cannot be read: {unread(fault)}", _CA) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def unread(fault: OSError | ValueError) -> str:
    """Why a file of certificates or keys was not taken, without its path."""
    if isinstance(fault, OSError) and not isinstance(fault, ssl.SSLError) and fault.strerror:
        return fault.strerror
    return "it is not in PEM form, or not what it should be"


def connect(
    host: str, port: int, tls: ssl.SSLContext | None, until: float, *, plain_anywhere: bool = False
) -> socket.socket:
    """Connected, and in TLS begun but not yet agreed (``shake``). Raises ``OSError``.

    ``until``: a moment of ``time.monotonic``; only the look-up of the name has the system's own time. Without ``tls``
    it reaches this machine alone, whatever the name leads to; or, where the operator said so, any.
    """
    opened = _opened(host, port, until, here=tls is None and not plain_anywhere)
    if tls is None:
        return opened
    try:
        return tls.wrap_socket(opened, server_hostname=host, do_handshake_on_connect=False)
    except (OSError, ValueError):
        opened.close()
        raise


def shake(opened: socket.socket) -> None:
    """Agree on TLS, where it is TLS. Raises ``OSError``."""
    if isinstance(opened, ssl.SSLSocket):
        opened.do_handshake()


def cut(opened: socket.socket) -> None:
    """End a connection from another thread: who waits for it gets an error."""
    try:
        socket.socket.shutdown(opened, socket.SHUT_RDWR)  # not the TLS socket's: another thread is reading from it
    except OSError:
        pass


def readable(opened: socket.socket, seconds: float = 0.0) -> bool:
    """Whether there is something to read, the end included, at once or within so many seconds. Raises ``OSError``."""
    poll = select.poll()
    poll.register(opened, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def beginning(response: HTTPResponse, most: int) -> bytes:
    """The first ``most`` bytes of a body. Raises ``OSError``, ``HTTPException``."""
    room = bytearray(most)  # ``read`` takes a chunk of a size below 0 for one without a bound, and keeps all that comes
    return bytes(memoryview(room)[: response.readinto(room)])


def told(fault: BaseException) -> str:
    """A fault of a connection in words, without an address."""
    if isinstance(fault, ssl.SSLCertVerificationError):
        mismatch = "mismatch" in fault.verify_message  # it would name the host
        return "the certificate is for another name" if mismatch else f"the certificate: {fault.verify_message}"
    if isinstance(fault, ssl.SSLError):
        return f"TLS: {fault.reason or type(fault).__name__}"
    if isinstance(fault, (socket.gaierror, UnicodeError)):  # the latter: what can be no name
        return "the name cannot be looked up"
    if isinstance(fault, TimeoutError):
        return "no answer in time"
    if isinstance(fault, OSError) and fault.strerror:
        return fault.strerror
    return f"no connection: {type(fault).__name__}"


def trouble(fault: BaseException, *, late: bool = False) -> tuple[str, str]:
    """A fault of a connection, and what whoever wrote the address can do; empty: nothing. ``late``: its time was over.

    Both are text: who keeps the fault keeps what was to be sent.
    """
    known = TimeoutError() if late else fault
    return told(known), _remedy(known)


def _remedy(fault: BaseException) -> str:
    if isinstance(fault, ssl.SSLCertVerificationError):
        if "mismatch" in fault.verify_message:
            return "write the name that its certificate has"
        unknown = fault.verify_code in _UNKNOWN_ISSUER
        return "name in `ca` who vouches for it" if unknown else "it needs another certificate"
    if isinstance(fault, ssl.SSLError):
        return "check the port, and whether TLS is spoken there"
    if isinstance(fault, (socket.gaierror, UnicodeError)):
        return "check the name, and the DNS of this machine"
    if isinstance(fault, TimeoutError):
        return "check the address and what is on the way, a firewall for one; or raise `timeout`"
    if isinstance(fault, ConnectionRefusedError):
        return "start what should listen there, or check its address"
    if isinstance(fault, HTTPException):
        return "check port and scheme: what listens there does not answer in HTTP"
    if isinstance(fault, OSError) and fault.strerror == _NOWHERE:
        return "http:// reaches this machine alone, and nothing reaches link-local addresses: write another one"
    return ""


def _opened(host: str, port: int, until: float, *, here: bool) -> socket.socket:
    """To the first address that answers of those that may be reached."""
    fault: OSError | None = None
    for *_, found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        at = str(found[0])
        if not reachable(at, here=here):
            continue
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        try:
            opened = socket.create_connection((at, port), left)
        except OSError as tried:
            fault = tried
            continue
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened
    try:
        raise fault or ConnectionError(0, _NOWHERE)
    finally:
        del fault  # it holds us in its traceback, and with us what was to be sent


_CA = "ca: a file of certificates in PEM form, relative to the configuration"

# OpenSSL, X509_V_ERR_*: self-signed, alone or in the chain; its issuer is not to be had; the first is not verified.
_UNKNOWN_ISSUER = frozenset((18, 19, 20, 21))
_NOWHERE = "the name has no address that may be reached"

"""Syslog (RFC 5424) over TLS (RFC 5425) or TCP, with octet counting (RFC 6587, 3.4.1).

The protocol has no acknowledgement. Delivered is what the receiving machine's TCP has confirmed, on a connection that
still stood after that; a receiver that dies with it unread is noticed at the next delivery, and what was delivered last
is sent once more. What it had taken before and lost by itself, nobody learns.
"""

import array
import fcntl
import socket
import ssl
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event as Flag
from threading import Lock

from doorward.configtypes import Refused, Size
from doorward.core.delivery import Delivered, Event, Limits, SinkFault
from doorward.sinks.options import SinkOptions
from doorward.sinks.reaching import connect, cut, readable, shake, told, trust
from doorward.sinks.syslog_message import FACILITIES, Facility, is_name, message, name

LEAST = 4096
"""Bytes that a receiver must take: with fewer, what stands before an event would leave no room for it."""

PROOF = 1.0
"""Seconds in which a new connection may turn out to lead nowhere, before its first delivery counts."""


class Syslog:
    class Options(SinkOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """``host`` and ``port`` of the receiver. ``tls``: without it everything is readable on the way. ``ca``: who
        vouches for the receiver; ``certificate`` and ``key``: what it wants to see of us, in PEM. ``largest``: bytes of
        a message that the receiver takes whole, by its configuration; a larger one is not sent. RFC 5425 asks for 8192.
        """

        host: str
        port: int = 6514
        tls: bool = True
        ca: Path | None = None
        certificate: Path | None = None
        key: Path | None = None
        facility: Facility = "local0"
        hostname: str = ""
        app: str = "doorward"
        sd_id: str = "doorward@32473"
        largest: Size = Size(8192)

    def __init__(self, options: Options) -> None:
        self.options = options
        _check(options)
        self._head = (
            FACILITIES.index(options.facility),
            options.hostname or name(socket.gethostname(), 255),
            options.app,
            options.sd_id,
        )
        self.limits = Limits(events=1000, bytes=1 << 20, overhead=512, event=options.largest)
        self._line = _Line(options)
        self._last = b""

    def deliver(self, events: Sequence[Event]) -> Delivered:
        messages = [message(event, *self._head) for event in events]
        refused = {place: _TOO_LARGE for place, made in enumerate(messages) if len(made) > self.options.largest}
        frames = (b"%d %b" % (len(made), made) for place, made in enumerate(messages) if place not in refused)
        frame = b"".join(frames)
        until = time.monotonic() + self.options.timeout
        try:
            with self._line:
                if not self._line.stands():
                    self._line.open(until)
                    self._line.send(self._last, until)
                self._line.send(frame, until)
                self._line.drained(until)
        except (OSError, ValueError) as fault:
            late = time.monotonic() >= until
            raise SinkFault("no answer in time" if late else told(fault)) from None
        self._last = frame
        return Delivered(refused=refused)

    def close(self) -> None:
        self._line.close()

    def __repr__(self) -> str:
        return "Syslog(****)"


_TOO_LARGE = "larger than the receiver takes whole"


class _Line:
    """One connection to the receiver, in use within ``with``: an error drops it. Its methods raise ``OSError``."""

    def __init__(self, options: Syslog.Options) -> None:
        self._host, self._port = options.host, options.port
        self._tls = _context(options) if options.tls else None
        self._opened: socket.socket | None = None
        self._proven = False
        self._lock = Lock()
        self._busy = False
        self._closed = Flag()

    def __enter__(self) -> None:
        with self._lock:
            if self._closed.is_set():
                raise ConnectionError(0, "closed")
            self._busy = True

    def __exit__(self, fault: object, *_: object) -> None:
        with self._lock:
            self._busy = False
            if fault is not None or self._closed.is_set():
                self._drop()

    def open(self, until: float) -> None:
        opened = connect(self._host, self._port, self._tls, until, plain_anywhere=True)
        with self._lock:
            self._opened, self._proven = opened, False
            if self._closed.is_set():
                raise ConnectionError(0, "closed")
        opened.settimeout(max(until - time.monotonic(), 0.001))
        shake(opened)

    def stands(self) -> bool:
        """Whether there is a connection that the receiver has not ended."""
        if self._opened is None:
            return False
        if _ended(self._opened):
            with self._lock:
                self._drop()
            return False
        return True

    def send(self, data: bytes, until: float) -> None:
        assert self._opened is not None
        view = memoryview(data)
        while view:
            self._opened.settimeout(max(until - time.monotonic(), 0.001))
            view = view[self._opened.send(view) :]

    def drained(self, until: float) -> None:
        """Wait until the other side's TCP has confirmed all that was sent, and then see that it still listens."""
        assert self._opened is not None
        pause = 0.0005
        while _unconfirmed(self._opened):  # of a connection that was reset, too
            self._listens(self._opened)
            if time.monotonic() >= until:
                raise TimeoutError
            if self._closed.wait(pause):
                raise ConnectionError(0, "closed")
            pause = min(pause * 2, 0.05)
        self._listens(self._opened)
        self._prove(self._opened)

    def _listens(self, opened: socket.socket) -> None:
        heard = readable(opened)
        if _ended(opened):
            raise ConnectionError(0, "the receiver ended the connection")
        self._proven = self._proven or heard

    def _prove(self, opened: socket.socket) -> None:
        """Let a new connection show that it lasts. In TLS 1.3 a server that refuses our certificate says so after we
        have begun to send, and one that does not, most often, sends tickets; a proxy may accept, and then find nobody.
        """
        if not self._proven:
            readable(opened, PROOF)
            self._listens(opened)
            self._proven = True

    def close(self) -> None:
        """From another thread: what is under way ends with an error."""
        with self._lock:
            self._closed.set()
            if self._opened is not None:
                cut(self._opened)
            if not self._busy:
                self._drop()

    def _drop(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()


def _unconfirmed(opened: socket.socket) -> int:
    """Bytes that the other side's TCP has not confirmed (Linux: SIOCOUTQ, tcp(7); elsewhere 0: nobody says)."""
    if sys.platform != "linux":
        return 0
    waiting = array.array("i", [0])
    fcntl.ioctl(opened.fileno(), termios.TIOCOUTQ, waiting)
    return waiting[0]


def _ended(opened: socket.socket) -> bool:
    """Whether the other side has ended or broken the connection. The little that it may say is read and forgotten."""
    opened.settimeout(0)
    try:
        return not all(opened.recv(4096) for _ in range(16))
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True


def _context(options: Syslog.Options) -> ssl.SSLContext:
    context = trust(options.ca)
    if options.certificate is not None:
        try:
            context.load_cert_chain(options.certificate, options.key)
        except (OSError, ValueError):
            remedy = "both in PEM form, the key without a password"
            raise Refused("the certificate or its key cannot be read", remedy) from None
    return context


def _check(options: Syslog.Options) -> None:
    if not options.host or not 0 < options.port < 65536:
        raise Refused("host or port cannot be", "the name or address of the receiver, and its port")
    if options.largest < LEAST:
        raise Refused("largest is below 4 KiB", "receivers of TLS take 8 KiB and should take more (RFC 5425, 4.3.1)")
    if (options.hostname and not is_name(options.hostname, 255)) or not is_name(options.app, 48):
        raise Refused("hostname or app cannot be in a header", "printable ASCII without spaces (RFC 5424, 6)")
    if not is_name(options.sd_id, 32) or any(character in '="]' for character in options.sd_id):
        raise Refused("sd_id cannot be the name of structured data", "NAME@NUMBER (RFC 5424, 6.3.2)")

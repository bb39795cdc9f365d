"""Syslog (RFC 5424) over TLS (RFC 5425) or TCP, with octet counting (RFC 6587, 3.4.1).

The protocol has no acknowledgement. Delivered is what the receiving machine's TCP has confirmed, on a connection that
still stood after that. A receiver that ends with something unread resets the connection: that is noticed at the next
delivery, and what was delivered lately is sent once more, in its order, before anything newer. After an end in order it
is the last delivery alone. What a receiver had read and lost by itself, nobody learns.
"""

import array
import fcntl
import ipaddress
import select
import socket
import ssl
import sys
import termios
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from threading import Event as Flag
from threading import Lock
from typing import Literal

from doorward.configtypes import Refused, Size, content
from doorward.core.delivery import Delivered, Event, Limits, SinkFault
from doorward.outgoing.reaching import connect, cut, readable, shake, trouble, trust, unread
from doorward.sinks.options import SinkOptions
from doorward.sinks.syslog_message import FACILITIES, Facility, is_name, message, name

LEAST = 4096
"""Bytes that a receiver must take: with fewer, what stands before an event would leave no room for it."""

BEFORE = 1024
"""Bytes of a message that are left to what stands before an event; mostly it is half of that."""

PROOF = 1.0
"""Seconds in which a new connection may turn out to lead nowhere, before its first delivery counts."""

LATELY = 1 << 20
"""Bytes of what was delivered last that are sent again where a connection broke; the last delivery in any case."""

LONGEST_UNREAD = 60.0
"""Seconds before the last delivery: what was sent earlier than that, a receiver has read."""


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
        self.limits = Limits(events=1000, bytes=1 << 20, overhead=512, event=options.largest - BEFORE)
        self._line = _Line(options)
        self._lately = _Lately()

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
                    for before in self._lately.again(broken=self._line.broken):
                        self._line.send(before, until)
                        self._line.drained(until)
                        until = time.monotonic() + self.options.timeout  # for each as long as it had before
                self._line.send(frame, until)
                self._line.drained(until)
        except (OSError, ValueError) as fault:
            why, todo = trouble(fault, late=time.monotonic() >= until)
            raise SinkFault(why, remedy=todo) from None
        if frame:
            self._lately.add(frame)
        return Delivered(refused=refused)

    def close(self) -> None:
        self._line.close()

    def __repr__(self) -> str:
        return "Syslog(****)"


_TOO_LARGE = "larger than the receiver takes whole"


class _Lately:
    """What was delivered lately, and may still have been unread when the connection broke."""

    def __init__(self) -> None:
        self._frames: deque[tuple[float, bytes]] = deque()
        self._size = 0

    def add(self, frame: bytes) -> None:
        now = time.monotonic()
        self._frames.append((now, frame))
        self._size += len(frame)
        while len(self._frames) > 1 and (self._size > LATELY or now - self._frames[0][0] > LONGEST_UNREAD):
            self._size -= len(self._frames.popleft()[1])

    def again(self, *, broken: bool) -> list[bytes]:
        """In its order. A reset loses the end of what was sent, so that nothing comes before what it follows."""
        frames = [frame for _, frame in self._frames]
        return frames if broken else frames[-1:]


class _Line:
    """One connection to the receiver, in use within ``with``: an error drops it. Its methods raise ``OSError``.

    ``broken``: the last one did not end in order, and what was sent on it may have been left unread.
    """

    def __init__(self, options: Syslog.Options) -> None:
        self._host, self._port = options.host, options.port
        self._tls = _context(options) if options.tls else None
        self._opened: socket.socket | None = None
        self._proven = False
        self.broken = False
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
            self.broken = fault is not None and (self.broken or self._opened is not None)
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
        end = _end(self._opened)
        if end:
            self.broken = end == "broken"
            with self._lock:
                self._drop()
        return not end

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
        if _end(opened):
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


def _end(opened: socket.socket) -> Literal["", "in order", "broken"]:
    """How the other side has ended the connection; empty: it has not. The little that it may say is read and forgotten.

    A TCP that is closed with something unread says so with a reset, behind an end in order too (RFC 2525, 2.17). What
    reads TLS may keep that to itself; poll does not.
    """
    opened.settimeout(0)
    try:
        if all(opened.recv(4096) for _ in range(16)):
            return ""
        poll = select.poll()
        poll.register(opened, 0)  # errors and a reset are told unasked
        return "broken" if poll.poll(0) else "in order"
    except (BlockingIOError, ssl.SSLWantReadError):
        return ""
    except OSError:
        return "broken"


def _context(options: Syslog.Options) -> ssl.SSLContext:
    context = trust(options.ca)
    if options.certificate is not None:
        try:
            for path in filter(None, (options.certificate, options.key)):
                content(path, 1)  # as in ``trust``
            context.load_cert_chain(options.certificate, options.key)
        except (OSError, ValueError) as fault:
            remedy = "both in PEM form, the key without a password"
            raise Refused(f"the certificate or its key cannot be read: {unread(fault)}", remedy) from None
    return context


def _is_host(host: str) -> bool:
    """Whether it may be a name or an address: no URL, and nothing with a port behind it."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return bool(host) and host.isprintable() and not any(character in " /:[]@" for character in host)
    return True


def _check(options: Syslog.Options) -> None:
    if not _is_host(options.host) or not 0 < options.port < 65536:
        remedy = "host: the name or IP address of the receiver alone; port: 1 to 65535"
        raise Refused("host or port cannot be", remedy)
    if not options.tls and any((options.ca, options.certificate, options.key)):
        raise Refused("ca, certificate and key go with tls", "write tls: true, or leave them out")
    if options.key is not None and options.certificate is None:
        raise Refused("key goes with certificate", "write both, or neither")
    if options.largest < LEAST:
        raise Refused("largest is below 4 KiB", "receivers of TLS take 8 KiB and should take more (RFC 5425, 4.3.1)")
    if (options.hostname and not is_name(options.hostname, 255)) or not is_name(options.app, 48):
        raise Refused("hostname or app cannot be in a header", "printable ASCII without spaces (RFC 5424, 6)")
    if not is_name(options.sd_id, 32) or any(character in '="]' for character in options.sd_id):
        raise Refused("sd_id cannot be the name of structured data", "NAME@NUMBER (RFC 5424, 6.3.2)")

"""An HTTP service on loopback that can be broken in every way that a sink must survive."""

import gzip
import json
import socket
import ssl
import zlib
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Lock, Thread
from typing import Any, NamedTuple, Self

_PIECE = 64 << 10


class Request(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    raw: bytes
    body: bytes  # unpacked


class Reply(NamedTuple):
    status: int
    said: Any = None  # JSON
    headers: Mapping[str, str] = {}


class Fault(NamedTuple):
    """``status``: answers so, and has done nothing. ``hang``: reads, and says nothing. ``cut``: ends the connection
    before it has done anything, ``lost`` after; ``half``: does its work, and breaks off within its answer; ``trickle``:
    its answer has no end, and ``flood``: comes as fast as can be besides, in chunks; ``unbounded``: likewise, in a
    chunk of a size that cannot be. ``slow``: takes ``seconds`` first.
    """

    kind: str
    status: int = 0
    headers: Mapping[str, str] = {}
    said: Any = None
    seconds: float = 0.0


Choose = Callable[[Request], Fault | None]


class Serving:
    """``serve`` does the work of the service, and answers; ``fault`` chooses what goes wrong with each request."""

    largest = 16 << 20

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.fault: Choose = lambda _: None
        self.requests: list[Request] = []
        self.connections = 0
        self._queue: deque[Fault | None] = deque()
        self._changed = Condition()
        self._context = context
        self._lock = Lock()
        self._open: set[socket.socket] = set()
        self._ending = Event()
        self._server: ThreadingHTTPServer | None = None
        self._thread: Thread | None = None
        self._port = 0

    def serve(self, request: Request) -> Reply:
        raise NotImplementedError

    @property
    def url(self) -> str:
        return f"http{'s' if self._context else ''}://127.0.0.1:{self._port}"

    def next(self, *faults: Fault | None) -> None:
        """What goes wrong with the next requests, in their order."""
        self._queue.extend(faults)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Until it holds; it is looked at after each request."""
        with self._changed:
            assert self._changed.wait_for(condition, 10)

    def up(self) -> Self:
        self._ending = Event()
        self._server = _Server(("127.0.0.1", self._port), _handler(self, self._ending))
        self._port = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def down(self) -> None:
        """Stop listening, and cut what is open."""
        if self._server is None or self._thread is None:
            return
        self._ending.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = self._thread = None
        self.cut()

    def cut(self) -> None:
        with self._lock:
            for opened in self._open:
                with suppress(OSError):
                    opened.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self.up()

    def __exit__(self, *_: object) -> None:
        self.down()

    def opened(self, connection: socket.socket) -> socket.socket:
        with self._lock:
            self._open.add(connection)
            self.connections += 1
        if self._context is None:
            return connection
        connection.settimeout(10)
        return self._context.wrap_socket(connection, server_side=True)

    def ended(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def chosen(self, request: Request) -> Fault | None:
        with self._lock:
            self.requests.append(request)
            return self._queue.popleft() if self._queue else self.fault(request)

    def work(self, request: Request) -> Reply:
        with self._lock:  # one at a time: what tests look at is in the order of arrival
            return self.serve(request)

    def done(self) -> None:
        with self._changed:
            self._changed.notify_all()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, or one that does not trust the certificate."""


def _handler(serving: Serving, ending: Event) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            self.raw_connection = self.request
            self.request = serving.opened(self.request)
            super().setup()

        def finish(self) -> None:
            serving.ended(self.raw_connection)
            with suppress(OSError):
                super().finish()
            self.request.close()  # in TLS another than the one that the server closes

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            if length > serving.largest:
                self._answer(Reply(413))
                self.close_connection = True
                return
            raw = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                body = gzip.decompress(raw) if headers.get("content-encoding") == "gzip" else raw
            except (OSError, EOFError, zlib.error):
                self._answer(Reply(400))
                return
            request = Request(self.command, self.path, headers, raw, body)
            self._break(request, serving.chosen(request))
            serving.done()

        do_PUT = do_POST

        def _break(self, request: Request, fault: Fault | None) -> None:
            if fault is None:
                return self._answer(serving.work(request))
            match fault.kind:
                case "status":
                    return self._answer(Reply(fault.status, fault.said, fault.headers))
                case "slow":
                    ending.wait(fault.seconds)
                    return self._answer(serving.work(request))
                case "hang":
                    serving.done()
                    ending.wait(30)
                case "lost":
                    serving.work(request)
                case "half":
                    reply = serving.work(request)
                    self.send_response(reply.status)
                    self.send_header("Content-Length", "100")
                    self.end_headers()
                    self.wfile.write(b'{"text":')
                case "trickle":
                    serving.work(request)
                    self.send_response(200)
                    self.send_header("Content-Length", "1000000")
                    self.end_headers()
                    with suppress(OSError):
                        while not ending.wait(0.01):
                            self.wfile.write(b" ")
                case "flood" | "unbounded":
                    serving.work(request)
                    self.send_response(200)
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    piece = bytes(_PIECE)
                    with suppress(OSError):
                        if fault.kind == "flood":
                            piece = b"%x\r\n%b\r\n" % (len(piece), piece)
                        else:
                            self.wfile.write(b"-1\r\n")
                        while not ending.is_set():
                            self.wfile.write(piece)
                case "cut":
                    pass
                case kind:
                    raise AssertionError(kind)
            self.close_connection = True
            return None

        def _answer(self, reply: Reply) -> None:
            body = b"" if reply.said is None else json.dumps(reply.said).encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None: ...

    return Handler

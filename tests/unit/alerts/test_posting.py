import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from tests.functional.edge.certificates import Authority
from tests.hooks import hook

from doorward.alerts.posting import Status, address, judged, post
from doorward.configtypes import Refused, Secret
from doorward.core.alerting import Sent


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/services/a/b",
        "https://hooks.example.com:8443/x?y=z",
        "http://127.0.0.1:9000/x",
        "http://[::1]/x",
        "http://localhost/x",
    ],
)
def test_addresses_that_may_be_posted_to(url: str) -> None:
    assert address(Secret(url)) == url


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("http://hooks.example.com/private", "neither https nor on this machine"),
        ("http://127.0.0.1.example.com/private", "neither https nor on this machine"),
        ("ftp://hooks.example.com/private", "neither https nor on this machine"),
        ("hooks.example.com/private", "cannot be read"),
        ("https:///private", "cannot be read"),
        ("https://[::1/private", "cannot be read"),
        ("https://hooks.example.com:99999/private", "cannot be read"),
        ("https://hooks.example.com:0/private", "cannot be read"),
        ("https://hooks.example.com/private x", "cannot be read"),
        ("https://hooks.example.com/private\r\nX: y", "cannot be read"),
        ("https://hooks.example.com/privaté", "cannot be read"),
        ("https://user:private@hooks.example.com/", "user name"),
    ],
)
def test_addresses_that_are_refused_without_being_shown(url: str, what: str) -> None:
    with pytest.raises(Refused, match=what) as caught:
        address(Secret(url))
    assert "privat" not in f"{caught.value} {caught.value.remedy}"


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (Status(200), Sent(True)),
        (Status(204), Sent(True)),
        (Status(429, 7.0), Sent(False, again=True, after=7.0, detail="HTTP 429")),
        (Status(408), Sent(False, again=True, detail="HTTP 408")),
        (Status(500), Sent(False, again=True, detail="HTTP 500")),
        (Status(503, 3.0), Sent(False, again=True, after=3.0, detail="HTTP 503")),
        (Status(302), Sent(False, detail="HTTP 302")),
        (Status(400), Sent(False, detail="HTTP 400")),
        (Status(404), Sent(False, detail="HTTP 404")),
    ],
)
def test_what_a_status_means(status: Status, sent: Sent) -> None:
    assert judged(status) == sent


def test_the_body_arrives_as_it_is_with_its_headers() -> None:
    with hook() as receiver:
        status = post(f"{receiver.url}/services/a?b=c", {"X-Name": "value"}, b"\x00body", 5.0)
        arrived = receiver.next()
    assert status == Status(200)
    assert (arrived.path, arrived.body, arrived.headers["x-name"]) == ("/services/a?b=c", b"\x00body", "value")
    assert arrived.headers["host"] == receiver.url.removeprefix("http://")


def test_a_redirect_is_an_answer_and_nothing_is_followed() -> None:
    with hook() as other, hook(lambda _: (307, {"Location": f"{other.url}/stolen"})) as receiver:
        assert post(f"{receiver.url}/", {}, b"x", 5.0) == Status(307)
        assert other.arrived.empty()


@pytest.mark.parametrize(
    ("field", "seconds"),
    [("12", 12.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None), ("9999999", None), ("٣", None)],
)
def test_retry_after_in_seconds(field: str, seconds: float | None) -> None:
    if not field.isascii():
        field = field.encode().decode("latin-1")
    with hook(lambda _: (429, {"Retry-After": field})) as receiver:
        assert post(receiver.url, {}, b"x", 5.0) == Status(429, seconds)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*Authority(tmp_path).issue("hook"))
    with _listening() as (listener, port), _tls(listener, context), pytest.raises(ssl.SSLCertVerificationError):
        post(f"https://127.0.0.1:{port}/", {}, b"x", 5.0)


def test_a_certificate_that_is_vouched_for_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("hook"))
    with hook(context=context) as receiver:
        assert post(f"{receiver.url}/a", {}, b"x", 5.0) == Status(200)
        assert receiver.next().body == b"x"


@pytest.mark.parametrize(
    "found",
    ["169.254.169.254", "fe80::1%lo", "::ffff:169.254.169.254", "0.0.0.0", "224.0.0.1", "fd00:ec2::254", "10.0.0.1"],
)
def test_where_a_name_may_not_lead(found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (found, 80))])
    with pytest.raises(ConnectionError, match="no address that may be reached"):
        post("http://localhost/x", {}, b"x", 5.0)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200])
def test_what_is_no_answer_is_a_fault_of_the_connection(said: bytes) -> None:
    with _listening() as (listener, port), _answering(listener, said), pytest.raises(OSError):
        post(f"http://127.0.0.1:{port}/", {}, b"x", 5.0)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_receiver_that_trickles_is_cut_off(scheme: str) -> None:
    with _listening() as (listener, port), _trickling(listener), pytest.raises(OSError):
        post(f"{scheme}://127.0.0.1:{port}/", {}, b"x", 0.3)


def test_nobody_listens() -> None:
    with _listening() as (_, port):
        pass
    with pytest.raises(OSError):
        post(f"http://127.0.0.1:{port}/", {}, b"x", 5.0)


@contextmanager
def _listening() -> Iterator[tuple[socket.socket, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener, listener.getsockname()[1]


@contextmanager
def _tls(listener: socket.socket, context: ssl.SSLContext) -> Iterator[None]:
    def shake() -> None:
        with listener.accept()[0] as accepted:
            try:
                context.wrap_socket(accepted, server_side=True).close()
            except OSError:
                pass

    with _running(shake):
        yield


@contextmanager
def _answering(listener: socket.socket, said: bytes) -> Iterator[None]:
    def answer() -> None:
        with listener.accept()[0] as accepted:
            accepted.recv(1 << 16)
            accepted.sendall(said)

    with _running(answer):
        yield


@contextmanager
def _trickling(listener: socket.socket) -> Iterator[None]:
    """One byte of an answer that never ends, and again one, until the other side goes away."""

    def trickle() -> None:
        with listener.accept()[0] as accepted:
            accepted.settimeout(0.02)
            received = b"-"
            accepted.sendall(b"\x16\x03\x03")  # to TLS the beginning of a record, to HTTP no line yet
            while received:
                try:
                    accepted.sendall(b"\x01")
                    received = accepted.recv(1 << 16)
                except TimeoutError:
                    continue
                except OSError:
                    return

    with _running(trickle):
        yield


@contextmanager
def _running(target: object) -> Iterator[None]:
    thread = Thread(target=target)  # type: ignore[arg-type]
    thread.start()
    try:
        yield
    finally:
        thread.join(10)
        assert not thread.is_alive()

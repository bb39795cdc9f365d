import gzip
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.utils import formatdate
from pathlib import Path
from threading import Thread

import pytest
from tests.functional.edge.certificates import Authority
from tests.garbage import most_memory, uncollected
from tests.receivers.serving import Fault, Reply, Request, Serving

from doorward.configtypes import Refused, Secret
from doorward.core.delivery import SinkFault
from doorward.sinks.posting import (
    LARGEST_ANSWER,
    LONGEST_WAIT,
    SETTLED,
    Answer,
    Poster,
    address,
    field,
    judge,
    packed,
    wait_of,
)


class Echo(Serving):
    reply = Reply(200, "ok")

    def serve(self, request: Request) -> Reply:
        return self.reply


@pytest.fixture
def echo() -> Iterator[Echo]:
    with Echo() as serving:
        yield serving


Make = Callable[..., Poster]


@pytest.fixture
def poster() -> Iterator[Make]:
    made: list[Poster] = []

    def make(url: str, timeout: float = 5.0, ca: Path | None = None) -> Poster:
        made.append(Poster(url, headers={"X-Key": "k"}, timeout=timeout, ca=ca))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize(
    "url",
    [
        "https://in.example.com/services/a/b",
        "https://in.example.com:8443/x?y=z",
        "http://127.0.0.1:9/x",
        "http://[::1]/x",
    ],
)
def test_addresses_that_may_be_posted_to(url: str) -> None:
    assert address(Secret(url)) == url


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("http://in.example.com/private", "neither https nor on this machine"),
        ("http://127.0.0.1.example.com/private", "neither https nor on this machine"),
        ("ftp://in.example.com/private", "neither https nor on this machine"),
        ("in.example.com/private", "cannot be read"),
        ("https:///private", "cannot be read"),
        ("https://[::1/private", "cannot be read"),
        ("https://in.example.com:99999/private", "cannot be read"),
        ("https://in.example.com:0/private", "cannot be read"),
        ("https://in.example.com/private x", "cannot be read"),
        ("https://in.example.com/private\r\nX: y", "cannot be read"),
        ("https://in.example.com/privat\x7f", "cannot be read"),
        ("https://in.example.com/privaté", "cannot be read"),
        ("https://user:private@in.example.com/", "user name"),
    ],
)
def test_addresses_that_are_refused_without_being_shown(url: str, what: str) -> None:
    with pytest.raises(Refused, match=what) as caught:
        address(Secret(url))
    assert "privat" not in f"{caught.value} {caught.value.remedy}"


@pytest.mark.parametrize("text", ["", " \n", "privat\r\nX: y", "privaté", "privat\x00"])
def test_secrets_that_cannot_be_in_a_header(text: str) -> None:
    with pytest.raises(Refused, match="key") as caught:
        field(Secret(text), "key")
    assert "privat" not in f"{caught.value} {caught.value.remedy}"
    assert field(Secret("abc \n"), "key") == "abc"


def test_a_request_arrives_as_it_is(poster: Make, echo: Echo) -> None:
    assert poster(f"{echo.url}/a?b=c").post(b"\x00body", {"X-More": "m"}).status == 200
    made = poster(f"{echo.url}/base/?b=c")
    made.post(b"", path="/below", method="PUT")
    first, second = echo.requests
    assert (first.method, first.path, first.body) == ("POST", "/a?b=c", b"\x00body")
    assert (first.headers["x-key"], first.headers["x-more"]) == ("k", "m")
    assert first.headers["host"] == echo.url.removeprefix("http://")
    assert (second.method, second.path) == ("PUT", "/base/below?b=c")


def test_an_answer_has_its_body_and_fields(poster: Make, echo: Echo) -> None:
    echo.reply = Reply(418, {"a": 1}, {"X-Some": "Thing"})
    answer = poster(echo.url).post(b"x")
    assert (answer.status, answer.body, answer.headers["x-some"]) == (418, b'{"a": 1}', "Thing")


def test_one_connection_for_many_requests(poster: Make, echo: Echo) -> None:
    made = poster(echo.url)
    for _ in range(5):
        made.post(b"x")
    assert echo.connections == 1


def test_a_connection_that_was_closed_while_idle_is_replaced(poster: Make, echo: Echo) -> None:
    made = poster(echo.url)
    made.post(b"x")
    echo.cut()
    assert made.post(b"y").status == 200
    echo.next(Fault("cut"))  # closed with the next request under way: it goes over a new connection
    assert made.post(b"z").status == 200
    assert echo.connections == 3


def test_a_long_answer_is_read_so_far_and_not_waited_for(poster: Make, echo: Echo) -> None:
    echo.reply = Reply(200, "x" * (LARGEST_ANSWER * 2))
    made = poster(echo.url)
    assert len(made.post(b"x").body) == LARGEST_ANSWER
    echo.reply = Reply(200, "y")
    assert made.post(b"x").body == b'"y"'
    assert echo.connections == 2


@pytest.mark.parametrize("fault", ["cut", "lost", "half"])
def test_without_a_whole_answer_nothing_is_known(poster: Make, echo: Echo, fault: str) -> None:
    echo.next(Fault(fault), Fault(fault))
    made = poster(echo.url)
    with pytest.raises(SinkFault):
        made.post(b"x")
    assert echo.requests
    echo._queue.clear()
    assert made.post(b"x").status == 200


@pytest.mark.parametrize("fault", ["hang", "trickle"])
def test_one_deadline_for_all_of_it(poster: Make, echo: Echo, fault: str) -> None:
    echo.next(Fault(fault))
    with pytest.raises(SinkFault, match="no answer in time"):
        poster(echo.url, 0.2).post(b"x")


@pytest.mark.parametrize("fault", ["flood", "unbounded"])
def test_of_an_answer_without_an_end_little_is_kept(poster: Make, echo: Echo, fault: str) -> None:
    to = poster(echo.url, timeout=0.5)
    echo.next(Fault(fault))
    with most_memory() as most, suppress(SinkFault):
        to.post(b"1")
    assert most() < 2 << 20


def test_what_is_slow_and_in_time_counts(poster: Make, echo: Echo) -> None:
    echo.next(Fault("slow", seconds=0.05))
    assert poster(echo.url).post(b"x").status == 200


def test_nobody_listens_and_then_somebody_does(poster: Make, echo: Echo) -> None:
    made = poster(echo.url)
    echo.down()
    with pytest.raises(SinkFault, match="refused"):
        made.post(b"x")
    echo.up()
    assert made.post(b"x").status == 200


@pytest.mark.parametrize("fault", ["cut", "lost", "half", "down"])
def test_what_failed_to_be_sent_is_not_left_to_the_garbage_collector(poster: Make, echo: Echo, fault: str) -> None:
    if fault == "down":
        echo.down()
    else:
        echo.next(Fault(fault))
    with uncollected() as found:
        for _ in range(2):
            with suppress(SinkFault):
                poster(echo.url).post(b"x")
    assert not found


def test_redirects_are_answers(poster: Make, echo: Echo) -> None:
    echo.reply = Reply(307, None, {"Location": "/elsewhere"})
    answer = poster(echo.url).post(b"x")
    assert (answer.status, len(echo.requests)) == (307, 1)
    with pytest.raises(SinkFault, match="307"):
        judge(answer)


def test_closing_ends_what_is_under_way(poster: Make, echo: Echo) -> None:
    echo.next(Fault("hang"))
    made = poster(echo.url, 30)
    closing = Thread(target=lambda: (echo.wait_for(lambda: bool(echo.requests)), made.close()))
    closing.start()
    with pytest.raises(SinkFault):
        made.post(b"x")
    closing.join()
    with pytest.raises(SinkFault, match="closed"):
        made.post(b"x")


def test_an_answer_that_came_before_the_body_was_read_counts(poster: Make) -> None:
    """A front that refuses a large body by its length closes without reading it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            with listener.accept()[0] as accepted:
                accepted.recv(1024)
                accepted.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                accepted.shutdown(socket.SHUT_WR)
                while accepted.recv(1 << 20):
                    pass

        thread = Thread(target=refuse)
        thread.start()
        assert poster(f"http://127.0.0.1:{listener.getsockname()[1]}").post(bytes(4 << 20)).status == 413
        thread.join()


def test_such_an_answer_counts_in_tls_too(poster: Make, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("server"))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            with context.wrap_socket(listener.accept()[0], server_side=True) as accepted:
                accepted.recv(1024)
                accepted.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                time.sleep(0.3)  # until it has come: what is unread then ends the connection with a reset

        thread = Thread(target=refuse)
        thread.start()
        to = poster(f"https://127.0.0.1:{listener.getsockname()[1]}", ca=authority.path)
        assert to.post(bytes(8 << 20)).status == 413
        thread.join()


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200])
def test_what_is_no_answer_is_a_fault(poster: Make, said: bytes) -> None:
    with _saying(said) as url, pytest.raises(SinkFault):
        poster(url).post(b"x")


def test_behind_an_answer_that_is_not_the_last_no_other_request_goes(poster: Make) -> None:
    with _saying(b"HTTP/1.1 103 Early Hints\r\n\r\n") as url:
        made = poster(url)
        assert made.post(b"x").status == 103
        assert made._opened is None


@pytest.mark.parametrize("name", ["in..example.com", "x" * 64 + ".example.com"])
def test_what_can_be_no_name_is_a_fault(poster: Make, name: str) -> None:
    with pytest.raises(SinkFault, match="the name cannot be looked up"):
        poster(f"https://{name}/").post(b"x")


def test_the_server_is_verified(poster: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "other authority")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("server"))
    with Echo(context) as echo:
        made = poster(echo.url, ca=authority.path)
        assert [made.post(b"x").status, made.post(b"y").status] == [200, 200]
        assert echo.connections == 1
        for unknown in (None, other.path):
            with pytest.raises(SinkFault, match="certificate"):
                poster(echo.url, ca=unknown).post(b"x")
        port = int(echo.url.rpartition(":")[2])
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        )
        with pytest.raises(SinkFault, match="another name"):
            poster(f"https://in.example.com:{port}", ca=authority.path).post(b"x")


def test_authorities_that_cannot_be_had(poster: Make, tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    (nonsense := tmp_path / "nonsense.pem").write_text("no certificate")
    for path, why in (
        (tmp_path / "none", "authorities cannot be read: No such file"),
        (tmp_path, "authorities cannot be read: Is a directory"),
        (pipe, "authorities cannot be read: it is not a plain file"),
        (nonsense, "authorities cannot be read: it is not in PEM form"),
    ):
        with pytest.raises(Refused, match=why):
            poster("https://in.example.com", ca=path)
    with pytest.raises(Refused, match="ca goes with https"):
        poster("http://127.0.0.1", ca=tmp_path / "none")


@pytest.mark.parametrize(
    "found",
    ["169.254.169.254", "fe80::1%lo", "::ffff:169.254.169.254", "0.0.0.0", "224.0.0.1", "fd00:ec2::254", "10.0.0.1"],
)
def test_where_a_name_may_not_lead(poster: Make, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (found, 80))])
    with pytest.raises(SinkFault, match="no address that may be reached"):
        poster("http://localhost/x").post(b"x")


def test_the_addresses_of_a_name_are_tried_one_after_the_other(
    poster: Make, echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("127.0.0.1", 1)), (0, 0, 0, "", ("127.0.0.1", 1))]
    )
    tried: list[tuple[str, int]] = []
    real = socket.socket(socket.AF_INET, socket.SOCK_STREAM)

    def connect(at: tuple[str, int], timeout: float) -> socket.socket:
        tried.append(at)
        if len(tried) == 1:
            raise ConnectionRefusedError
        real.connect(("127.0.0.1", int(echo.url.rpartition(":")[2])))
        return real

    monkeypatch.setattr(socket, "create_connection", connect)
    assert poster(echo.url).post(b"x").status == 200
    assert len(tried) == 2


def test_a_name_that_leads_nowhere(poster: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "private.example.com")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    with pytest.raises(SinkFault) as caught:
        poster("https://private.example.com/").post(b"x")
    assert "private" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "said", "wait"),
    [
        (429, "7", 7.0),
        (503, "", 0.0),
        (500, "", 0.0),
        (408, "", 0.0),
        (403, "", SETTLED),
        (400, "60", 60.0),
        (301, "1", SETTLED),
    ],
)
def test_how_long_to_wait(status: int, said: str, wait: float) -> None:
    with pytest.raises(SinkFault, match=str(status)) as caught:
        judge(Answer(status, {"retry-after": said} if said else {}))
    assert caught.value.wait == wait


def test_2xx_is_taken() -> None:
    for status in (200, 202, 204):
        judge(Answer(status))


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("12", 12.0),
        ("-1", 0.0),
        ("9999999", LONGEST_WAIT),
        ("soon", 0.0),
        ("\u0663", 0.0),
        (formatdate(0, usegmt=True), 0.0),
    ],
)
def test_retry_after(said: str, wait: float) -> None:
    assert wait_of(Answer(429, {"retry-after": said})) == wait


def test_retry_after_as_a_date() -> None:
    later = formatdate(time.time() + 100, usegmt=True)
    assert 50 < wait_of(Answer(429, {"retry-after": later})) <= 100
    assert wait_of(Answer(429, {"retry-after": formatdate(time.time() + 1e6, usegmt=True)})) == LONGEST_WAIT


def test_packing_is_the_same_each_time() -> None:
    assert packed(b"abc" * 100) == packed(b"abc" * 100)
    assert gzip.decompress(packed(b"abc" * 100)) == b"abc" * 100


def test_nothing_is_shown(poster: Make) -> None:
    assert "private" not in repr(poster("https://private.example.com/private"))


@contextmanager
def _saying(said: bytes) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def say() -> None:
            with listener.accept()[0] as accepted:
                accepted.recv(1 << 16)
                accepted.sendall(said)

        thread = Thread(target=say)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join()

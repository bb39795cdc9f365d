import asyncio
import json
import logging
import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from tests.clocks import Clock
from tests.garbage import most_memory
from tests.receivers.serving import Fault, Reply, Request, Serving
from tests.waiting import until

from doorward.bootstrap import stdio_post, stdio_token
from doorward.bootstrap.stdio_caller import NO_GRANT, NO_VERIFIER, Caller, NoCaller
from doorward.bootstrap.stdio_post import Poster, endpoint
from doorward.bootstrap.stdio_token import (
    CLIENT_ID,
    CLIENT_SECRET,
    FILE,
    MAX_TOKEN,
    TOKEN,
    TOKEN_URL,
    VARIABLES,
    FileToken,
    FixedToken,
    MintedToken,
    Post,
    TokenSource,
    Unobtainable,
    chosen,
    granted,
    is_set,
)
from doorward.core.decision import Decision, Effect, Reason
from doorward.core.identity import Grant, Principal
from doorward.core.policy import Severity
from doorward.core.shared import Revocations, Shared
from doorward.core.snapshot import Keys, Server, Snapshot, Target
from doorward.gateway.live import Live
from doorward.gateway.refusals import BLIND
from doorward.gateway.tokens import TokenCache

SECRET = "a-secret-" + "of-a-client"
RESOURCE = "http://127.0.0.1:8080/mcp/crm"
HEAVY = ("cedarpy", "joserfc", "jsonschema_rs", "re2", "sqlite3", "cryptography", "yaml", "httptools", "http.client")


class Service:
    """A token service: what it answers is set by the test."""

    def __init__(self) -> None:
        self.forms: list[dict[str, list[str]]] = []
        self.answer: tuple[int, bytes] | Unobtainable = reply()
        self.asked = asyncio.Event()

    async def post(self, form: bytes) -> tuple[int, bytes]:
        self.forms.append(parse_qs(form.decode()))
        self.asked.set()
        if isinstance(self.answer, Unobtainable):
            raise self.answer
        return self.answer


def reply(token: str = "one", life: object = 900, kind: str = "Bearer") -> tuple[int, bytes]:
    return 200, json.dumps({"access_token": token, "expires_in": life, "token_type": kind}).encode()


def token_file(path: Path, content: bytes = b"the-token\n", mode: int = 0o600) -> Path:
    path.touch()
    path.write_bytes(content)
    path.chmod(mode)
    return path


# -- which source


def _no_post(client_id: str) -> Post:
    raise AssertionError("nobody is to be asked")


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("value", ["", "x"])
async def test_a_variable_that_is_set_yields_a_source_whatever_it_holds(name: str, value: str) -> None:
    service = Service()
    assert is_set({name: value})
    assert chosen({name: value}, lambda client: service.post, RESOURCE, Clock()) is not None


def test_none_is_chosen_where_none_is_set() -> None:
    assert chosen({"DOORWARD_OTHER": "x"}, _no_post, RESOURCE, Clock()) is None


async def test_the_file_comes_first_and_no_other_stands_in_for_it(tmp_path: Path) -> None:
    environ = {FILE: str(tmp_path / "none"), TOKEN: "good", CLIENT_ID: "agent:a"}
    source = chosen(environ, _no_post, RESOURCE, Clock())
    assert source is not None
    assert await source.current() is None


async def test_a_secret_alone_yields_nothing() -> None:
    source = chosen({CLIENT_SECRET: SECRET}, _no_post, RESOURCE, Clock())
    assert source is not None
    assert await source.current() is None


@pytest.mark.parametrize(
    ("value", "token"), [(" t.o-k ", b"t.o-k"), ("", None), ("two words", None), ("é", None), ("x" * 20000, None)]
)
async def test_a_fixed_token(value: str, token: bytes | None) -> None:
    assert await FixedToken(value).current() == token


# -- a file


async def test_a_file_is_read_again_when_it_changes_and_only_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[object] = []
    read = stdio_token._read
    monkeypatch.setattr(stdio_token, "_read", lambda path: reads.append(path) or read(path))
    path = token_file(tmp_path / "token")
    source = FileToken(path)
    assert [await source.current() for _ in range(3)] == [b"the-token"] * 3
    assert len(reads) == 1
    token_file(tmp_path / "new", b"another").rename(path)
    assert await source.current() == b"another"
    token_file(path, b"changed-in-place")
    assert await source.current() == b"changed-in-place"
    assert len(reads) == 3


@pytest.mark.parametrize("content", [b"", b" \n", b"two words", b"\xff", b"x" * (MAX_TOKEN + 1)])
async def test_a_file_without_a_token_yields_none_and_the_old_one_is_not_used_on(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = token_file(tmp_path / "token")
    source = FileToken(path)
    assert await source.current() == b"the-token"
    token_file(path, content)
    assert [await source.current() for _ in range(3)] == [None] * 3
    assert len(caplog.records) == 1  # said once, not once a message
    token_file(path)
    assert await source.current() == b"the-token"


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o620, 0o644, 0o666])
async def test_a_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = token_file(tmp_path / "token")
    source = FileToken(path)
    assert await source.current() == b"the-token"
    path.chmod(mode)
    assert await source.current() is None


async def test_a_file_of_a_group_may_be_read_by_it(tmp_path: Path) -> None:
    assert await FileToken(token_file(tmp_path / "token", mode=0o440)).current() == b"the-token"


async def test_a_file_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = token_file(tmp_path / "token")
    if path.stat().st_uid == 0:
        os.chown(path, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    assert await FileToken(path).current() is None


async def test_a_pipe_in_its_place_does_not_hold_us_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "token", 0o600)
    assert stat.S_ISFIFO(os.stat(tmp_path / "token").st_mode)
    assert await FileToken(tmp_path / "token").current() is None


# -- a client


@asynccontextmanager
async def renewing(source: TokenSource) -> AsyncIterator[None]:
    task = asyncio.create_task(source.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdio_token, "LOOK", 0.001)


@pytest.mark.usefixtures("fast")
async def test_a_grant_is_renewed_at_two_thirds_of_its_life_by_the_clock_on_the_wall() -> None:
    service, clock = Service(), Clock()
    source = MintedToken("agent:a", {CLIENT_SECRET: SECRET}, service.post, RESOURCE, clock)
    async with renewing(source):
        assert await source.current() == b"one"
        service.answer = reply("two")
        clock.now += 599
        service.asked.clear()
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert not service.asked.is_set()
        clock.now += 2
        await until(lambda: len(service.forms) == 2)
        assert await source.current() == b"two"
    assert service.forms[0] == {
        "grant_type": ["client_credentials"],
        "client_id": ["agent:a"],
        "client_secret": [SECRET],
        "resource": [RESOURCE],
    }


@pytest.mark.usefixtures("fast")
async def test_while_no_new_one_can_be_had_the_old_one_is_kept_and_it_is_tried_again_later_and_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    service, clock = Service(), Clock()
    source = MintedToken("agent:a", {CLIENT_SECRET: SECRET}, service.post, RESOURCE, clock)
    async with renewing(source):
        assert await source.current() == b"one"
        service.answer = Unobtainable("it is down")
        clock.now += 601
        for attempts, wait in ((2, 1.5), (3, 2.5), (4, 5.5)):
            await until(lambda attempts=attempts: len(service.forms) == attempts)  # type: ignore[misc]
            assert await source.current() == b"one"
            clock.now += wait
        service.answer = reply("two")
        clock.now += 60
        await until(lambda: "two" in str(service.answer) and source._token == b"two")
    assert "it is down" in caplog.text
    assert SECRET not in caplog.text + repr(source)


async def test_the_first_message_waits_for_the_first_attempt_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    source = MintedToken("agent:a", {CLIENT_SECRET: SECRET}, service.post, RESOURCE, Clock())
    waiting = asyncio.create_task(source.current())
    async with renewing(source):
        assert await waiting == b"one"
    monkeypatch.setattr(stdio_token, "FIRST", 0.01)
    never = MintedToken("agent:a", {CLIENT_SECRET: SECRET}, service.post, RESOURCE, Clock())
    assert await never.current() is None


@pytest.mark.parametrize(
    ("secret", "environ", "sent"),
    [
        ("env:DOORWARD_S", {"DOORWARD_S": SECRET}, SECRET),
        ("file:FILE", {}, SECRET),
        (SECRET, {}, SECRET),
        ("a${b", {}, "a${b"),
        ("env:DOORWARD_S", {}, None),
        ("file:/nowhere/at/all", {}, None),
        ("vault:a", {}, None),
        ("file:", {}, None),
        ("", {}, None),
    ],
)
async def test_the_secret_is_a_reference_or_itself(
    tmp_path: Path, secret: str, environ: dict[str, str], sent: str | None
) -> None:
    token_file(tmp_path / "secret", SECRET.encode() + b"\n")
    environ = {CLIENT_SECRET: secret.replace("FILE", str(tmp_path / "secret")), **environ}
    service = Service()
    source = MintedToken("agent:a", environ, service.post, RESOURCE, Clock())
    async with renewing(source):
        assert await source.current() == (b"one" if sent else None)
    assert [form["client_secret"] for form in service.forms] == ([[sent]] if sent else [])


def test_a_secret_that_the_server_would_see_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    MintedToken("a", {CLIENT_SECRET: "env:DOORWARD_S"}, Service().post, RESOURCE, Clock())
    assert caplog.records == []
    MintedToken("a", {CLIENT_SECRET: "env:OPEN"}, Service().post, RESOURCE, Clock())
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, b'{"error":"invalid_client"}', "invalid_client"),
        (302, b"{}", "302"),
        (500, b'{"error":"<script>"}', "no reason"),
        (200, b"<html>", "no token"),
        (200, b"[" * 100_000, "no token"),
        (200, b"{}", "no bearer token"),
        (*reply(kind="DPoP"), "no bearer token"),
        (*reply(life=0), "no bearer token"),
        (*reply(life=-1), "no bearer token"),
        (*reply(life=1e12), "no bearer token"),
        (*reply(token="two words"), "no bearer token"),
        (*reply(token="\ud800"), "no token"),
    ],
)
def test_an_answer_without_a_token(status: int, body: bytes, said: str) -> None:
    with pytest.raises(Unobtainable) as found:
        granted(status, body)
    assert said in found.value.detail


def test_a_token_and_its_life() -> None:
    assert granted(*reply("t", "600", "bearer")) == (b"t", 600.0)


# -- the way to a token endpoint


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://gw.example.com", "/oauth/token"),
        ("https://gw.example.com/", "/oauth/token"),
        ("https://id.example.com/realms/a/token", "/realms/a/token"),
        ("http://127.0.0.1:8080", "/oauth/token"),
        ("http://localhost:8080/t", "/t"),
        ("http://[::1]:8080", "/oauth/token"),
    ],
)
def test_where_to_post(url: str, target: str) -> None:
    assert endpoint(url).target == target


@pytest.mark.parametrize(
    "url",
    ["", "gw.example.com", "http://gw.example.com", "ftp://localhost", "https://u:p@gw.example.com", "http://0x7f.1"],
)
def test_where_not_to_post(url: str) -> None:
    with pytest.raises(Unobtainable) as found:
        endpoint(url)
    assert TOKEN_URL in found.value.detail


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "could not be asked"),
        (b"SSH-2.0-x\r\n", "could not be asked"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000, "more than"),
    ],
)
async def test_an_endpoint_that_does_not_answer_well(answer: bytes, said: str) -> None:
    async with listening(answer) as port:
        with pytest.raises(Unobtainable) as found:
            await Poster(f"http://127.0.0.1:{port}")(b"a=b")
    assert said in found.value.detail


async def test_of_an_answer_without_an_end_little_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(Serving):
        def serve(self, request: Request) -> Reply:
            return Reply(200)

    monkeypatch.setattr(stdio_post, "LONGEST", 0.5)
    with Endless() as endless, most_memory() as most:
        endless.next(Fault("unbounded"))
        with pytest.raises(Unobtainable):
            await Poster(endless.url)(b"a=b")
    assert most() < 4 << 20


async def test_an_endpoint_that_never_answers_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdio_post, "LONGEST", 0.2)
    async with listening(None) as port:
        with pytest.raises(Unobtainable) as found:
            await Poster(f"http://127.0.0.1:{port}")(b"a=b")
    assert "did not answer" in found.value.detail


async def test_a_name_that_leads_elsewhere_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(stdio_post.socket, "create_connection", lambda *a, **k: asked.append(a))
    for url, address in (("http://localhost:1", "192.0.2.7"), ("https://gw.example.com", "169.254.169.254")):
        found = [(0, 0, 0, "", (address, 1))]
        monkeypatch.setattr(stdio_post.socket, "getaddrinfo", lambda *a, found=found, **k: found)
        with pytest.raises(Unobtainable):
            await Poster(url)(b"a=b")
    assert asked == []


@asynccontextmanager
async def listening(answer: bytes | None) -> AsyncIterator[int]:
    """A server that reads a request and then says ``answer``; None: nothing, until the other side leaves."""
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"a=b")
            if answer is None:
                await reader.read()
            else:
                writer.write(answer)
                await writer.drain()
        except ConnectionError:
            pass  # it has seen enough
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.get_running_loop().create_task(talk(reader, writer)))

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*talks)


# -- what a token is worth


class Fixed:
    def __init__(self, token: bytes | None = b"t") -> None:
        self.token = token

    async def current(self) -> bytes | None:
        return self.token

    async def run(self) -> None:
        return


class Verifier:
    def __init__(self, result: Grant | Decision) -> None:
        self.result = result

    async def verify(self, token: bytes, now: float) -> Grant | Decision:
        return self.result


GRANT = Grant(Principal("agent:a"), {}, grant_id="g", token_id="j", expires=1_000_900.0, audience=frozenset({"crm"}))


def caller(result: Grant | Decision, source: Fixed | None = None) -> tuple[Caller, Live, Clock]:
    keys, server = Keys(b"h", "k", (b"s",)), Server("crm", Target(transport="stdio"))
    live = Live(Snapshot(1, "", {"crm": server}, {}, keys))
    clock = Clock()
    cache = TokenCache(Verifier(result), lambda: 1)
    return Caller(source or Fixed(), cache, live, "crm", clock), live, clock


def reason(found: Grant | Decision) -> str:
    return found.reason.value if isinstance(found, Decision) else ""


async def test_a_good_grant_is_the_same_each_time_and_ends() -> None:
    who, live, clock = caller(GRANT)
    assert await who.current() == (b"t", GRANT)
    live.shared = Shared(1, Revocations(grants=frozenset({"g"})))
    assert reason((await who.current())[1]) == "auth.revoked"
    live.shared = Shared(2)
    assert (await who.current())[1] == GRANT
    live.blind = True
    assert (await who.current())[1] is BLIND
    live.blind = False
    clock.now += 900
    assert reason((await who.current())[1]) == "auth.expired"


async def test_no_token_and_nothing_to_check_it_with() -> None:
    who, _, _ = caller(GRANT, Fixed(None))
    assert await who.current() == (b"", NO_GRANT)
    assert await NoCaller().current() == (b"", NO_VERIFIER)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (Reason.AUTH_INVALID, "auth.expired"),
        (Reason.AUTH_ISSUER, "auth.expired"),
        (Reason.AUTH_LIFETIME, "auth.expired"),
        (Reason.AUTH_KIND, "auth.expired"),
        (Reason.AUTH_AUDIENCE, "auth.audience"),
        (Reason.AUTH_REVOKED, "auth.revoked"),
        (Reason.AUTH_UNAVAILABLE, "auth.unavailable"),
    ],
)
async def test_what_is_no_grant_has_run_out_and_says_why(given: Reason, named: str) -> None:
    who, _, _ = caller(Decision(Effect.DENY, given, Severity.CRITICAL, what="why it is not"))
    found = (await who.current())[1]
    assert isinstance(found, Decision)
    assert (found.reason.value, found.what) == (named, "why it is not")


async def test_a_grant_for_another_server_is_none_here() -> None:
    other = Grant(Principal("agent:a"), {}, expires=2_000_000.0, audience=frozenset({"other"}))
    who, _, _ = caller(other)
    assert reason((await who.current())[1]) == "auth.audience"


# -- what is imported


def test_nobody_waits_for_anything_heavy_without_a_configuration(tmp_path: Path) -> None:
    """The journal signs in a thread of its own; what it needs for that is loaded there."""
    script = (
        "import sys, threading\n"
        "found = []\n"
        "class Spy:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name in {HEAVY!r}: found.append((name, threading.current_thread().name))\n"
        "sys.meta_path.insert(0, Spy())\n"
        "from doorward.bootstrap import run\n"
        "code = run.run(['true'], config=None, server=None, mode=None)\n"
        "print(found, code, file=sys.stderr)\n"
    )
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("DOORWARD_", "COVERAGE", "COV_"))}
    environ["XDG_STATE_HOME"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", script], env=environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=60
    )
    assert done.stderr.decode().strip() in ("[] 0", "[('cryptography', 'journal-sync')] 0")

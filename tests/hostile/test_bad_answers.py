"""What a bad upstream does to everything but a single call: batches, notifications, streams, the end of a session."""

import asyncio
from collections.abc import Iterator

import pytest
from tests.gateway import Mode
from tests.hostile.misbehaving import ALL, HTML, NOTE, body, bytes_of, events, result
from tests.hostile.raw import Answer, Fields, Raw, post
from tests.hostile.scripted import Asked, Line, Script
from tests.hostile.setting import IDENTIFIED, Setting, message, reason_of, setting
from tests.hostile.watch import records, until

BATCHES = "2025-03-26"
LEGACY = "2025-06-18"
BAD = ["reset", "closed", "half-a-head", "cut-body", "noise", "two-framings", "many-headers", "bomb", "endless-body"]
BAD += ["status-401", "status-302", "silent", "drip", "interims"]

NO_METHOD = b'{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"no"}}'
NO_SESSION = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"no"}}'
COMMENTED = b"\xef\xbb\xbf: hello\r\nretry: 5\r\nid: 1\r\ndata: " + NOTE + b"\r\n\r\n"
DIALECTS = COMMENTED + b"id: 2\r\rdata: " + result(7, "cr") + b"\r\r"


async def one_of_two(asked: Asked, line: Line) -> bool:
    await line.whole(b"[" + result(1, "one") + b"]")
    return True


async def other_ids(asked: Asked, line: Line) -> bool:
    await line.whole(b"[" + result(1, "one") + b"," + result(3, "three") + b"]")
    return True


async def one_alone(asked: Asked, line: Line) -> bool:
    await line.whole(result(1, "one"))
    return True


async def one_twice(asked: Asked, line: Line) -> bool:
    await line.whole(b"[" + b",".join([result(1, "one"), result(1, "again"), result(2, "two")]) + b"]")
    return True


async def backwards(asked: Asked, line: Line) -> bool:
    await line.whole(b"[" + result(2, "two") + b"," + result(1, "one") + b"]")
    return True


async def found_out(asked: Asked, line: Line) -> bool:
    """Events to a GET, under a media type that is none of theirs: some clients do not ask for it."""
    question = b'{"jsonrpc":"2.0","id":"q","method":"acme/ask","params":{}}'
    await line.whole(b"data: " + question + b"\n\n", kind="text/plain")
    return True


def typed(data: bytes, *types: str, status: str = "200 OK") -> Script:
    more = "".join(f"Content-Type: {kind}\r\n" for kind in types[1:])
    return body(data, kind=types[0], status=status, more=more)


FINE = b"data: " + result(7, "fine") + b"\n\n"
ODD = {
    "a field that is none": b"foo: " + result(7, "hidden") + b"\n",
    "data behind a lone CR": b"data: \r" + result(7, "hidden") + b"\n",
    "a comment of two lines": ": \u2028data: ".encode() + result(7, "hidden") + b"\n",
    "an id of two lines": "id: 1\x85data: ".encode() + result(7, "hidden") + b"\n",
    "a second mark": b"\xef\xbb\xbfdata: " + result(7, "hidden") + b"\n",
}
# Two clients read two bodies: by the first media type or the last, in the charset of the header or in UTF-8.
CODED = result(7, "+ADEAMgAz-")
PAGE = "<p>hidden</p>".encode("utf-16")
UNCLEAR = {
    "two-types": (("application/json", "text/event-stream"), result(7, "hidden") + b"\n\n" + FINE, "200 OK"),
    "utf-7": (("text/event-stream; charset=utf-7",), b"data: " + CODED + b"\n\n", "200 OK"),
    "utf-7-as-json": (("application/json; charset=utf-7",), CODED, "200 OK"),
    "utf-16-page": (("text/html; charset=utf-16",), PAGE, "500 Oops"),
}
SCRIPTS = {
    **{name: typed(data, *types, status=status) for name, (types, data, status) in UNCLEAR.items()},
    "odd-lines": body(b"\n".join([*ODD.values(), b""]) + FINE, kind="text/event-stream"),
    "found-out": found_out,
    "latin-1": typed(FINE, "text/event-stream;charset=ISO-8859-1"),
    "same-type-twice": typed(result(7, "fine"), "application/json", "application/json"),
    "no-content-of-events": bytes_of(b"HTTP/1.1 204 No Content\r\nContent-Type: text/event-stream\r\n\r\n"),
    "one-of-two": one_of_two,
    "other-ids": other_ids,
    "one-alone": one_alone,
    "one-twice": one_twice,
    "backwards": backwards,
    "one-event": events(result(1, "one")),
    "no-content": bytes_of(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "accepted": bytes_of(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"),
    "not-found": body(NO_METHOD, status="404 Not Found"),
    "no-such-session": body(
        b'{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"no"}}', status="404 Not Found"
    ),
    "teapot": body(HTML, status="418 Teapot", kind="text/html"),
    "until-the-end": bytes_of(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + result(7, "late")),
    "flood-of-answers": body((b"data: " + result(9, "stray") + b"\n\n") * 5000, kind="text/event-stream"),
    "bad-events": events(b"{", NOTE, result(9, "stray"), b"\xff", NOTE, b"[]"),
    "dialects": bytes_of(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n" + DIALECTS),
}


@pytest.fixture(scope="module", params=["enforce", "audit"])
def mode(request: pytest.FixtureRequest) -> Mode:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def hostile(mode: Mode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    scripts = {name: ALL[name].script for name in BAD} | SCRIPTS
    extra = {"timeouts": {"connect": "1s", "first_byte": "1s", "idle": "1s", "total": "2s"}}
    with setting(tmp_path_factory.mktemp(f"answers-{mode}"), scripts, mode=mode, extra=extra) as running:
        yield running


def batch(hostile: Setting, server: str) -> bytes:
    two = b"[" + message(1) + b"," + message(2) + b"]"
    return post(f"/mcp/{server}", two, port=hostile.port, fields=IDENTIFIED, version=BATCHES)


def texts(found: Answer) -> dict[object, list[str]]:
    """What each id was answered with: texts of results, or reasons of errors."""
    answers: dict[object, list[str]] = {}
    for said in found.messages():
        for one in said if isinstance(said, list) else [said]:
            if "id" in one:
                text = one["result"]["content"][0]["text"] if "result" in one else one["error"]["data"]["reason"]
                answers.setdefault(one["id"], []).append(text)
    return answers


@pytest.mark.parametrize("name", ["one-of-two", "other-ids", "one-alone", "one-twice", "one-event", "backwards"])
async def test_every_request_of_a_batch_gets_one_answer(hostile: Setting, mode: Mode, name: str) -> None:
    found = texts(await hostile.ask(batch(hostile, name)))
    if mode == "audit":
        assert found[1][0] == "one"
        return
    second = ["two"] if name in ("one-twice", "backwards") else ["upstream.no_answer"]
    assert found == {1: ["one"], 2: second}


@pytest.mark.parametrize("name", BAD)
async def test_every_request_of_a_batch_gets_one_error(hostile: Setting, name: str) -> None:
    found = texts(await hostile.ask(batch(hostile, name)))
    assert found == {1: [ALL[name].enforce], 2: [ALL[name].enforce]}


async def test_bad_upstreams_and_everything_but_calls(hostile: Setting) -> None:
    """A notification, a GET, a DELETE: an end in bounded time, and never a fault of our own.

    Nobody waits for the answer to a notification, and an error would end an old client's session: it gets its 202.
    """

    async def one(verb: str, name: str) -> tuple[str, str, int]:
        note = b'{"jsonrpc":"2.0","method":"notifications/initialized"}' if verb == "POST" else b""
        data = post(f"/mcp/{name}", note, port=hostile.port, fields=IDENTIFIED).replace(b"POST", verb.encode(), 1)
        found = await hostile.ask(data)
        assert not {"set-cookie", "location", "www-authenticate"} & {field for field, _ in found.fields}
        return verb, name, found.status

    found = await asyncio.gather(*(one(verb, name) for verb in ("POST", "GET", "DELETE") for name in BAD))
    assert [what for what in found if (what[2] < 400) != (what[0] == "POST")] == []
    assert {status for verb, _, status in found if verb == "POST"} == {202}
    assert [what for what in found if what[2] == 500] == []
    assert not any(entry["reason"] == "gateway.fault" for entry in records(hostile.gateway))


@pytest.mark.parametrize("name", ["no-content", "no-content-of-events", "accepted"])
async def test_a_success_without_an_answer_is_none(hostile: Setting, mode: Mode, name: str) -> None:
    found = await hostile.ask(hostile.call(name))
    if mode == "enforce":
        assert reason_of(found) == "upstream.no_answer"
    else:
        assert (found.status, found.body) == (202 if name == "accepted" else 204, b"")


@pytest.mark.parametrize(("name", "status"), [("not-found", 404), ("no-such-session", 404), ("teapot", 418)])
async def test_errors_of_the_protocol_pass_as_they_are(hostile: Setting, name: str, status: int) -> None:
    found = await hostile.ask(hostile.call(name))
    assert found.status == status
    assert found.body == {"not-found": NO_METHOD, "no-such-session": NO_SESSION, "teapot": HTML}[name]


async def test_a_body_until_the_end_of_the_connection(hostile: Setting) -> None:
    found = await hostile.ask(hostile.call("until-the-end"))
    assert (found.status, found.body) == (200, result(7, "late"))


async def test_event_streams_of_every_dialect(hostile: Setting) -> None:
    """BOM, CRLF and CR line ends, comments, retry: all as it came (WHATWG HTML, "Server-sent events")."""
    found = await hostile.ask(hostile.call("dialects"))
    assert found.status == 200
    assert found.body == DIALECTS


@pytest.mark.parametrize("name", UNCLEAR)
async def test_an_answer_that_two_clients_read_as_two(hostile: Setting, mode: Mode, name: str) -> None:
    hostile.new_records()
    found = await hostile.ask(hostile.call(name))
    (outcome,) = [entry for entry in hostile.new_records() if entry["phase"] == "outcome"]
    assert outcome["reason"] == "upstream.garbage"
    if mode == "enforce":
        assert reason_of(found) == "upstream.garbage"
        assert b"hidden" not in found.body
    else:
        assert outcome["would_have"] == "deny"
        assert found.body.startswith(UNCLEAR[name][1])


@pytest.mark.parametrize("name", ["latin-1", "same-type-twice"])
async def test_an_answer_that_all_read_alike_passes(hostile: Setting, name: str) -> None:
    found = await hostile.ask(hostile.call(name))
    assert found.status == 200
    assert b"fine" in found.body
    assert "error" not in found.messages()[0]


async def test_lines_that_some_clients_take_for_messages(hostile: Setting, mode: Mode) -> None:
    found = await hostile.ask(hostile.call("odd-lines"))
    assert found.status == 200
    if mode == "enforce":
        assert found.body == b"data: \n\n" + FINE
    else:
        assert found.body == b"\n".join([*ODD.values(), b""]) + FINE


async def test_events_that_are_not_said_to_be_some(hostile: Setting, mode: Mode) -> None:
    hostile.new_records()
    head = post("/mcp/found-out", b"", port=hostile.port, fields=IDENTIFIED).replace(b"POST", b"GET", 1)
    found = await hostile.ask(head)
    assert hostile.new_records()[-1]["reason"] == "upstream.garbage"
    if mode == "enforce":
        assert (found.status, reason_of(found)) == (502, "upstream.garbage")
    else:
        assert (found.status, found.body[:6]) == (200, b"data: ")


async def test_bad_events_on_a_stream(hostile: Setting, mode: Mode) -> None:
    """A GET stream goes on without the events that are none; in audit all of them pass."""
    hostile.new_records()
    fields: Fields = (*IDENTIFIED, ("Accept", "text/event-stream"))
    head = post("/mcp/bad-events", b"", port=hostile.port, fields=fields).replace(b"POST", b"GET", 1)
    async with Raw.to(hostile.port) as raw:
        await raw.say(head)
        found = await raw.answer()
    assert found.body.count(NOTE) == 2
    reasons = [entry["reason"] for entry in hostile.new_records()]
    if mode == "enforce":
        assert found.body == (b"data: " + NOTE + b"\n\n") * 2
        assert reasons.count("upstream.garbage") == 3
    else:
        assert found.body.count(b"data: ") == 6
    assert "upstream.unsolicited" in reasons


async def test_a_flood_of_what_nobody_asked_for_is_not_a_flood_of_records(hostile: Setting, mode: Mode) -> None:
    """A server must not fill the disk of the log, which would stop the calls to all the others."""
    hostile.new_records()
    fields: Fields = (*IDENTIFIED, ("Accept", "text/event-stream"))
    await hostile.ask(post("/mcp/flood-of-answers", b"", port=hostile.port, fields=fields).replace(b"POST", b"GET", 1))
    entries: list[dict[str, object]] = []

    def counted() -> int:
        entries.extend(hostile.new_records())
        gaps = (str(entry["detail"]).split(" ")[0] for entry in entries if entry["kind"] == "gap")
        return sum(map(int, gaps)) + sum(entry["kind"] == "message" for entry in entries)

    await until(lambda: counted() == 5000, lambda: f"{counted()} of 5000", 10)
    assert len(entries) < 300
    assert {entry["client_ip"] for entry in entries if entry["kind"] == "gap"} == {"server flood-of-answers"}

"""A refused message is no lost session: after every kind of refusal but 401 the same session goes on, with both
generations of the official SDK and in both eras (docs/reasons.md)."""

import itertools
import json
import resource
import secrets
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import yaml
from tests.adapters.journal import Journal
from tests.adapters.line import Line
from tests.adapters.player import SDKS, Json, Player, over_http, over_stdio
from tests.adapters.servers import faulty_server
from tests.gateway import Gateway, merged
from tests.peers import ROOT
from tests.tokens import FORM, basic, body

pytestmark = pytest.mark.peers

BLOCKED = "blocked-text"
NAME = "Ada Lovelace"
DECISION = "io.doorward/decision"
REDACTION = "io.doorward/redaction"
COUNT = itertools.count()

STDIO = ["-m", "tests.conformance.everything_server", "--stdio"]

TOKENS = {name: f"a-token-for-{name}-in-tests" for name in SDKS}
SECRETS = {name: secrets.token_urlsafe(24) for name in SDKS}

# The same SDKs, played by scripts that know tasks too.
TASKS = {name: kind._replace(script=f"tasks_{kind.environment}.py") for name, kind in SDKS.items()}

STUB: Json = {
    "use": "stub",
    "texts": {
        "SECRET": [BLOCKED, "a model's answer"],
        "PERSON": [NAME],
        "HOSTILE": ["A plain text answer.", "started", "What is your name?", "Please review", "prompt without"],
    },
}
INSPECT: Json = {
    "detectors": [STUB],
    "entities": {
        "SECRET": {"arguments": "block", "results": "block"},
        "PERSON": {"arguments": "detect", "results": "redact"},
        "HOSTILE": {"results": "block"},
    },
}


def variable(name: str) -> str:
    return f"DOORWARD_TEST_{name.upper().replace('-', '_').replace('.', '_')}"


ENVIRONMENT = {
    **{variable(name): token for name, token in TOKENS.items()},
    **{variable(f"{name}-secret"): secret for name, secret in SECRETS.items()},
}


def agents(servers: Json) -> Json:
    """One agent for each client, so that no client meets another one's limits, and one that gets its grants itself."""
    listed = [{"id": f"agent:{name}", "token": f"env:{variable(name)}", "servers": servers} for name in SDKS]
    granted = [
        {"id": f"agent:{name}-granted", "secret": f"env:{variable(f'{name}-secret')}", "servers": servers}
        for name in SDKS
    ]
    return {"identity": {"agents": listed + granted}}


class Place:
    """A gateway, and one session of each client with each of its servers, made anew when one was lost."""

    def __init__(self, gateway: Gateway, directory: Path, stack: ExitStack) -> None:
        self.gateway = gateway
        self.journal = Journal(gateway.audit_path)
        self._directory = directory
        self._stack = stack
        self._players: dict[tuple[str, str], Player] = {}

    def session(self, name: str, server: str) -> Player:
        known = self._players.get((name, server))
        if known is None or not known.lives():
            known = Player(SDKS[name], self.target(name, server), self._directory / f"{name}-{server}.log")
            self._players[name, server] = self._stack.enter_context(known)
        self.journal.mark()
        return known

    def enter(self, player: Player) -> Player:
        """A session of its own, until the place is closed."""
        self.journal.mark()
        return self._stack.enter_context(player)

    def log(self, name: str) -> Path:
        return self._directory / f"{name}.log"

    def target(self, name: str, server: str) -> Json:
        if server == "wrapped":
            run = [
                "-m",
                "doorward",
                "run",
                "-c",
                str(self._run_configuration()),
                "--server",
                "all",
                "--",
                sys.executable,
                *STDIO,
            ]
            return over_stdio([sys.executable, *run], {**ENVIRONMENT, "DOORWARD_TOKEN": TOKENS[name]})
        return over_http(self.gateway.url(server), {"X-MCP-Token": TOKENS[name]})

    def _run_configuration(self) -> Path:
        """The gateway's own configuration, with another place for the records of `doorward run`."""
        path = self.gateway.directory / "run.yaml"
        audit = {"directory": str(self.gateway.directory / "run")}
        path.write_text(yaml.safe_dump({**self.gateway.settings, "audit": audit}))
        return path


@contextmanager
def place(directory: Path, servers: Json, extra: Json, rights: Json) -> Iterator[Place]:
    extra = merged(extra, agents(rights))
    with (
        Gateway(directory, servers, mode="enforce", extra=extra, environment=ENVIRONMENT) as gateway,
        ExitStack() as stack,
    ):
        yield Place(gateway, directory, stack)


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with faulty_server(tmp_path_factory.mktemp("upstream") / "server.log") as url:
        yield url


@pytest.fixture(scope="module")
def line(upstream: str) -> Iterator[Line]:
    with Line(urlsplit(upstream).port or 0) as line:
        yield line


@pytest.fixture(scope="module")
def strict(upstream: str, line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Reads everything, grants almost every tool, takes small answers only, and waits for eight seconds: a child has to
    start in them.
    """
    granted = ["echo", "test_*", "wait", "was_cancelled"]
    servers = {
        "all": {"url": upstream},
        "far": {"url": f"http://127.0.0.1:{line.port}/mcp"},
        "hosted": {"command": sys.executable, "args": STDIO, "cwd": str(ROOT)},
    }
    extra = {"inspect": INSPECT, "limits": {"response_bytes": "64KiB"}, "timeouts": {"first_byte": "8s"}}
    with place(tmp_path_factory.mktemp("strict"), servers, extra, dict.fromkeys(servers, granted)) as made:
        yield made


@pytest.fixture(scope="module")
def narrow(upstream: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Lets each caller make one call at a time, 120 a minute."""
    extra = {"limits": {"calls_per_minute": 120, "in_flight_per_identity": 1, "streams_per_identity": 1}}
    with place(tmp_path_factory.mktemp("narrow"), {"all": {"url": upstream}}, extra, {"all": ["*"]}) as made:
        yield made


# 2 ** 62: twice that is beyond what Cedar can count with.
POLICIES = """
@id("small-payments")
@message("Ask a person to pay it.")
forbid (principal, action == Doorward::Action::"tools/call/all/pay", resource)
when { context.arguments has amount && context.arguments.amount > 1000 };

@id("no-negative-factors")
forbid (principal, action == Doorward::Action::"tools/call/all/pay", resource)
when { context.arguments has factor && context.arguments.factor * 4611686018427387904 < 0 };

@id("no-simple-prompt")
forbid (principal, action == Doorward::Action::"prompts/get", resource == Doorward::Prompt::"all/test_simple_prompt");

@id("no-static-text")
forbid (principal, action == Doorward::Action::"resources/read", resource == Doorward::Resource::"all/test://static-text");
"""


@pytest.fixture(scope="module")
def ruled(upstream: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Grants everything, but for what `POLICIES` forbid, one limited tool, and 4 MiB a minute; `mute` may ask nothing.

    A policy that names a tool's action knows it once the tool was listed.
    """
    directory = tmp_path_factory.mktemp("ruled")
    (directory / "policies").mkdir()
    (directory / "policies" / "rules.cedar").write_text(POLICIES)
    servers: Json = {
        "all": {"url": upstream, "tools": {"test_image_content": {"calls_per_minute": 1}}},
        "mute": {"url": upstream, "server_requests": []},
    }
    extra = {"policies": "policies", "limits": {"bytes_per_minute": "4MiB"}}
    with place(directory, servers, extra, {name: ["*"] for name in servers}) as made:
        made.session("sdk-1.30", "all").result("tools")
        yield made


@pytest.fixture(params=SDKS)
def client(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def still_works(player: Player) -> None:
    """A call in the same session succeeds."""
    number = next(COUNT)
    result = player.result("call", name="echo", arguments={"number": number})
    assert result["structuredContent"] == {"number": number}
    assert not result.get("isError")


def refused_as_tool_result(outcome: Json, reason: str) -> None:
    result = outcome["result"]
    assert result["isError"] is True, outcome
    decision = result["_meta"][DECISION]
    assert decision["reason"] == reason
    (block,) = result["content"]
    for part in (decision["what"], decision["remedy"], decision["exchange_id"], reason):
        assert part, decision
        assert part in block["text"]


def refused_as_error(outcome: Json, reason: str) -> None:
    error = outcome["error"]
    assert error["data"]["reason"] == reason, outcome
    assert not -32768 <= error["code"] <= -32000
    assert error["data"]["exchange_id"] in error["message"]


def refused_by_the_protocol(outcome: Json, reason: str) -> None:
    assert (outcome["error"]["code"], outcome["error"]["data"]["reason"]) == (-32600, reason), outcome


class Refusal(NamedTuple):
    """What a client does, how it is refused, and how that is recorded."""

    step: Json
    reason: str
    shows: Callable[[Json, str], None]
    decision: str = "deny"


def tool(name: str, **arguments: Any) -> Json:
    return {"do": "call", "name": name, "arguments": arguments}


def fault(name: str, reason: str) -> Refusal:
    return Refusal(tool("echo", fault=name), reason, refused_as_error, "error")


def nested(depth: int) -> Json:
    """Arguments deeper than any limit of the tests."""
    value: Json = {}
    for _ in range(depth):
        value = {"in": value}
    return value


REFUSALS = {
    "arguments too deep": Refusal(tool("echo", **nested(80)), "message.too_deep", refused_by_the_protocol),
    "tool not granted": Refusal(tool("json_schema_2020_12_tool"), "policy.denied", refused_as_tool_result),
    "argument blocked": Refusal(tool("echo", text=f"Here is {BLOCKED}."), "pii.blocked", refused_as_tool_result),
    "key blocked": Refusal(tool("echo", **{BLOCKED: 1}), "pii.blocked", refused_as_tool_result),
    "result blocked": Refusal(tool("test_simple_text"), "pii.blocked", refused_as_tool_result),
    "resource blocked": Refusal(
        {"do": "read", "uri": f"test://template/{BLOCKED}/data"}, "pii.blocked", refused_as_error
    ),
    "prompt's result blocked": Refusal({"do": "prompt", "name": "test_simple_prompt"}, "pii.blocked", refused_as_error),
    "garbage": fault("garbage", "upstream.garbage"),
    "cut-off JSON": fault("half", "upstream.garbage"),
    "an error page that may not pass": fault("html", "upstream.garbage"),
    "an event that is no message": fault("garbage_event", "upstream.garbage"),
    "answer with two readings": fault("duplicate_key", "upstream.garbage"),
    "answer to another request": fault("wrong_id", "upstream.garbage"),
    "stream without an answer": fault("no_answer", "upstream.no_answer"),
    "answer too large": fault("large", "upstream.too_large"),
    "upstream wants a credential": fault("unauthorized", "upstream.unauthorized"),
    "upstream redirects": fault("redirect", "upstream.redirect"),
    "upstream hangs": fault("hang", "upstream.timeout"),
}


ON_STDIO = [name for name, refusal in REFUSALS.items() if "fault" not in str(refusal.step)]


@pytest.mark.parametrize("kind", ON_STDIO)
def test_the_session_with_a_stdio_server_goes_on_after_a_refusal(strict: Place, client: str, kind: str) -> None:
    refusal = REFUSALS[kind]
    player = strict.session(client, "hosted")
    refusal.shows(player.play(**refusal.step), refusal.reason)
    assert strict.journal.of(decision="deny", reason=refusal.reason, phase="outcome")
    still_works(player)


@pytest.mark.parametrize("kind", ON_STDIO)
def test_the_session_of_run_goes_on_after_a_refusal(strict: Place, client: str, kind: str) -> None:
    refusal = REFUSALS[kind]
    player = strict.session(client, "wrapped")
    # On stdio every refusal is a JSON-RPC error.
    shows = refused_by_the_protocol if refusal.shows is refused_by_the_protocol else refused_as_error
    shows(player.play(**refusal.step), refusal.reason)
    still_works(player)
    records = Journal(strict.gateway.directory / "run").of(decision="deny", reason=refusal.reason, phase="outcome")
    assert records, "the refusal is not in the records"
    assert records[-1]["transport"] == "stdio"


@pytest.mark.parametrize("kind", REFUSALS)
def test_the_session_goes_on_after_a_refusal(strict: Place, client: str, kind: str) -> None:
    refusal = REFUSALS[kind]
    player = strict.session(client, "all")
    refusal.shows(player.play(**refusal.step), refusal.reason)
    outcome = strict.journal.outcomes()[-1]
    assert (outcome["decision"], outcome["reason"]) == (refusal.decision, refusal.reason)
    assert outcome["identity"].endswith(f"agent:{client}")
    assert outcome["mode"] == "enforce"
    still_works(player)
    assert strict.journal.outcomes()[-1]["decision"] == "allow"
    assert BLOCKED not in str(strict.journal.since())


def test_a_redacted_result_is_a_result(strict: Place, client: str) -> None:
    player = strict.session(client, "all")
    result = player.result("call", name="echo", arguments={"name": NAME})
    assert result["structuredContent"] == {"name": "<PERSON>"}
    assert result["_meta"][REDACTION] == {"count": 2, "entities": ["PERSON"]}
    (outcome,) = strict.journal.of(phase="outcome", tool_name="echo")
    assert (outcome["decision"], outcome["reason"], outcome["redaction_count"]) == ("redact", "pii.redacted", 2)
    assert outcome["delivered_hash"] != outcome["response_hash"]
    still_works(player)


def test_a_refused_log_line_is_missing_and_nothing_else(strict: Place, client: str) -> None:
    player = strict.session(client, "all")
    player.result("heard")
    result = player.result("call", name="test_tool_with_logging")
    assert result["content"][0]["text"] == "Three lines were logged."
    lines = [line["log"]["data"] for line in player.result("heard", count=2)]
    assert lines == ["half way", "done"]
    assert strict.journal.of(kind="message", reason="pii.blocked")
    still_works(player)


QUESTIONS = {
    False: tool("test_elicitation_sep1034_defaults"),  # "Please review", asked by a request of the server
    True: tool("test_input_required_result_elicitation"),  # "What is your name?", asked in a result
}


def test_a_refused_question_of_the_server_reaches_nobody(strict: Place, client: str) -> None:
    player = strict.session(client, "all")
    player.result("heard")
    outcome = player.play(**QUESTIONS[player.kind.modern])
    if player.kind.modern:
        refused_as_tool_result(outcome, "pii.blocked")
    else:
        # The server got an error for its question, and its tool fails with it.
        assert "Refused by the security gateway" in outcome["error"]["message"]
    assert player.result("heard") == []
    assert strict.journal.of(reason="pii.blocked")
    still_works(player)


def test_a_refused_notification_of_the_client_ends_nothing(strict: Place, client: str) -> None:
    player = strict.session(client, "all")
    assert "error" not in player.play("say_progress", message=f"At {BLOCKED} by now.")
    still_works(player)
    if not player.kind.modern:  # there a client sends no such notifications, and the SDK keeps to it
        (record,) = strict.journal.of(kind="message", method="notifications/progress")
        assert (record["decision"], record["reason"]) == ("deny", "pii.blocked")


def test_a_refused_answer_of_the_client_ends_only_that_call(strict: Place, client: str) -> None:
    player = strict.session(client, "all")
    if player.kind.modern:
        outcome = player.play("call", name="test_input_required_result_sampling")
        refused_as_tool_result(outcome, "pii.blocked")
    else:
        outcome = player.play("call", name="test_sampling", arguments={"prompt": "What?"})
        assert "error" in outcome, outcome
    assert strict.journal.of(reason="pii.blocked")
    still_works(player)


def test_only_the_first_of_two_answers_passes(strict: Place, client: str) -> None:
    player = strict.session(client, "all")
    assert player.result("call", name="echo", arguments={"fault": "twice"})["content"] == []
    still_works(player)


def test_a_server_that_is_away_is_missed_and_found_again(strict: Place, line: Line, client: str) -> None:
    player = strict.session(client, "far")
    still_works(player)
    line.cut()
    try:
        outcome = player.play("call", name="echo", arguments={"number": 0})
    finally:
        line.mend()
    refused_as_error(outcome, "upstream.unreachable")
    assert outcome["error"]["data"]["retry_after_s"] > 0
    assert strict.journal.of(reason="upstream.unreachable", decision="error")
    still_works(player)


def test_a_server_that_goes_away_during_a_call(strict: Place, line: Line, client: str, tmp_path: Path) -> None:
    player = strict.session(client, "far")
    player.result("heard")
    begun, ready = tmp_path / "begun", tmp_path / "ready"
    steps = [tool("wait", until=str(ready)), {"do": "mark", "path": str(begun)}]
    outcomes = player.begin("together", steps=steps)
    strict.journal.until(begun.exists)
    line.cut()
    line.mend()
    ready.touch()
    outcome, _ = outcomes()["result"]
    if player.kind.modern:
        refused_as_error(outcome, "upstream.closed")
    else:
        # The call outlives its stream: the client comes back for the rest of it (Last-Event-ID).
        assert outcome["result"]["content"][0]["text"] == "waited"
        assert strict.journal.of(reason="stream.resumed")
    still_works(player)


def test_too_many_calls_at_once(narrow: Place, client: str) -> None:
    player = narrow.session(client, "all")
    # The answer to what began the session may have come before its stream's end, and takes up the room till then; its
    # room is given back a moment after its end is recorded.
    narrow.journal.until(narrow.journal.all_ended)
    slow = tool("test_tool_with_progress")
    refused: list[Any] = []

    def one_passes() -> bool:
        outcomes = player.result("together", steps=[slow] * 4)
        errors = [outcome for outcome in outcomes if "error" in outcome]
        refused.extend(errors)
        return len(errors) < len(outcomes)

    narrow.journal.until(one_passes)
    assert refused
    for outcome in refused:
        refused_as_error(outcome, "limit.overload")
    assert len(narrow.journal.of(reason="limit.overload", decision="deny")) == len(refused)
    still_works(player)


def test_an_answer_to_the_server_needs_no_room(narrow: Place, client: str) -> None:
    player = narrow.session(client, "all")
    if player.kind.modern:
        result = player.result("call", name="test_input_required_result_elicitation")
    else:
        result = player.result("call", name="test_elicitation", arguments={"message": "What?"})
    assert "a person's answer" in result["content"][0]["text"]


def test_too_many_streams(narrow: Place, client: str, tmp_path: Path) -> None:
    player = narrow.session(client, "all")
    if player.kind.modern:
        refused_as_error(player.play("listen_twice"), "limit.streams")
    else:
        # The first session's GET stream is the one that this caller may have; the SDKs live without another.
        with Player(player.kind, narrow.target(client, "all"), tmp_path / "second.log") as second:
            narrow.journal.until(lambda: narrow.journal.of(reason="limit.streams"))
            still_works(second)
    assert narrow.journal.of(reason="limit.streams", decision="deny")
    still_works(player)


def test_too_many_calls_a_minute(narrow: Place, client: str) -> None:
    player = narrow.session(client, "all")
    outcomes: list[Json] = []
    while not outcomes or "result" in outcomes[-1]:
        assert len(outcomes) < 400, "the limit never held"
        outcomes.append(player.play("call", name="echo", arguments={"number": 0}))
    refused_as_error(outcomes[-1], "limit.rate")
    wait = outcomes[-1]["error"]["data"]["retry_after_s"]
    assert 0 < wait <= 5
    assert narrow.journal.of(reason="limit.rate", decision="deny")
    # What the refusal promises must hold: after that time there is room for a call again.
    time.sleep(wait)
    still_works(player)


@contextmanager
def full_disk(gateway: Gateway) -> Iterator[None]:
    """No worker of the gateway can make any file longer."""
    workers = [int(pid) for pid in Path(f"/proc/{gateway.pid}/task/{gateway.pid}/children").read_text().split()]
    assert workers
    before = [resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in workers]
    for pid, (_, hard) in zip(workers, before, strict=True):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        for pid, limits in zip(workers, before, strict=True):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets one process limit another")
def test_a_journal_that_cannot_be_written_refuses_until_it_can(strict: Place, client: str) -> None:
    player = strict.session(client, "all")
    with full_disk(strict.gateway):
        outcome = player.play("call", name="echo", arguments={"number": 0})
    refused_as_error(outcome, "journal.unavailable")
    assert [record for record in strict.journal.since() if record["kind"] != "gap"] == []
    strict.journal.until(lambda: "result" in player.play("call", name="echo", arguments={"number": 0}))
    still_works(player)
    assert strict.journal.of(kind="gap", reason="journal.unavailable")


def test_a_detector_that_fails_refuses_until_it_is_mended(strict: Place, client: str) -> None:
    player = strict.session(client, "all")
    whole = strict.gateway.settings
    broken = merged(whole, {"inspect": {"detectors": [merged(STUB, {"fail": True})]}})
    strict.gateway.configure(broken)
    try:
        outcome = strict.journal.until(lambda: error_of(player.play("call", name="echo", arguments={"number": 0})))
    finally:
        strict.gateway.configure(whole)
    refused_as_error(outcome, "detector.failed")
    assert strict.journal.of(reason="detector.failed")
    strict.journal.until(lambda: "result" in player.play("call", name="echo", arguments={"number": 0}))
    still_works(player)


def error_of(outcome: Json) -> Json | None:
    return outcome if "error" in outcome else None


class Ruled(NamedTuple):
    """What a client does, and the rule that refuses it; `says` is what the refusal tells beside that."""

    step: Json
    reason: str
    rule: str
    shows: Callable[[Json, str], None] = refused_as_tool_result
    says: str = ""


RULED = {
    "a policy forbids it": Ruled(
        tool("pay", amount=1001), "policy.denied", "small-payments", says="Ask a person to pay it."
    ),
    "a policy overflows": Ruled(tool("pay", factor=2), "policy.error", "policy-error"),
    "a number beyond 2^53 where a policy reads": Ruled(
        tool("pay", amount=2**53), "message.ambiguous_number", "unreadable-argument"
    ),
    "null where a policy reads": Ruled(tool("pay", amount=None), "policy.unreadable_argument", "unreadable-argument"),
    "a fraction where a policy reads": Ruled(
        tool("pay", amount=2.0), "policy.unreadable_argument", "unreadable-argument"
    ),
    "arguments against the schema": Ruled(tool("pay", note=7), "schema.arguments", "input-schema"),
    "a result against the schema": Ruled(tool("miscount"), "schema.result", "output-schema"),
    "a policy forbids the prompt": Ruled(
        {"do": "prompt", "name": "test_simple_prompt"}, "policy.denied", "no-simple-prompt", refused_as_error
    ),
    "a policy forbids the resource": Ruled(
        {"do": "read", "uri": "test://static-text"}, "policy.denied", "no-static-text", refused_as_error
    ),
}


@pytest.mark.parametrize("kind", RULED)
def test_the_session_goes_on_after_a_rule_refused(ruled: Place, client: str, kind: str) -> None:
    refusal = RULED[kind]
    player = ruled.session(client, "all")
    outcome = player.play(**refusal.step)
    refusal.shows(outcome, refusal.reason)
    assert refusal.says in str(outcome)
    record = ruled.journal.outcomes()[-1]
    assert (record["decision"], record["reason"], record["rules"][0]) == ("deny", refusal.reason, refusal.rule)
    assert record["identity"].endswith(f"agent:{client}")
    assert player.result(**tool("pay", amount=1000, factor=0, note=""))["structuredContent"]["amount"] == 1000
    still_works(player)


ASKS = {False: tool("test_sampling", prompt="What?"), True: tool("test_input_required_result_sampling")}


def test_a_question_that_the_server_may_not_ask(ruled: Place, client: str) -> None:
    player = ruled.session(client, "mute")
    player.result("heard")
    outcome = player.play(**ASKS[player.kind.modern])
    if player.kind.modern:
        refused_as_tool_result(outcome, "policy.server_request")
    else:
        # The server got an error for its question, and its tool fails with it.
        assert "Refused by the security gateway" in outcome["error"]["message"]
    assert player.result("heard") == []
    assert ruled.journal.of(reason="policy.server_request", decision="deny")
    still_works(player)


def test_the_task_of_another_caller_or_of_nobody(ruled: Place, client: str) -> None:
    other = next(name for name in SDKS if name != client)
    begun = {name: f"task-of-{name}-for-{client}" for name in (client, other)}
    ruled.session(other, "all").result("call", name="begin_task", arguments={"id": begun[other]})
    player = ruled.enter(Player(TASKS[client], ruled.target(client, "all"), ruled.log(f"{client}-tasks")))
    player.result("call", name="begin_task", arguments={"id": begun[client]})
    for theirs in (begun[other], "nobody's"):
        refused_as_error(player.play("task", task_id=theirs), "policy.task")
        still_works(player)
    assert len(ruled.journal.of(reason="policy.task", decision="deny", phase="outcome")) == 2
    # Its own comes to the server, which knows no tasks.
    assert player.play("task", task_id=begun[client])["error"]["code"] == -32601
    still_works(player)


def grant_of(place: Place, client: str, scope: str) -> str:
    """The token service's answer to the agent of this client that has a secret (RFC 6749 section 4.4)."""
    fields = {
        name.decode(): value.decode() for name, value in (FORM, basic(f"agent:{client}-granted", SECRETS[client]))
    }
    form = body(grant_type="client_credentials", scope=scope)
    url = f"http://127.0.0.1:{place.gateway.port}/oauth/token"
    with urllib.request.urlopen(urllib.request.Request(url, form, fields), timeout=20) as answer:
        return str(json.load(answer)["access_token"])


def test_a_tool_that_the_grant_does_not_name(ruled: Place, client: str) -> None:
    target = over_http(ruled.gateway.url("all"), {"Authorization": f"Bearer {grant_of(ruled, client, 'all:echo')}"})
    player = ruled.enter(Player(SDKS[client], target, ruled.log(f"{client}-granted")))
    still_works(player)
    refused_as_tool_result(player.play(**tool("test_simple_text")), "policy.denied")
    record = ruled.journal.outcomes()[-1]
    assert (record["decision"], record["reason"], record["rules"]) == ("deny", "policy.denied", ["grant"])
    assert record["grant_id"]
    still_works(player)


def test_too_many_calls_of_one_tool_a_minute(ruled: Place, client: str) -> None:
    player = ruled.session(client, "all")
    player.result(**tool("test_image_content"))
    refused_as_error(player.play(**tool("test_image_content")), "limit.rate")
    (record,) = ruled.journal.of(reason="limit.rate", decision="deny")
    assert (record["tool_name"], record["rules"]) == ("test_image_content", ["calls_per_minute"])
    still_works(player)


def test_too_many_bytes_a_minute(ruled: Place, client: str) -> None:
    player = ruled.session(client, "all")
    large = tool("test_simple_text", unread="x" * 1_500_000)
    outcomes: list[Json] = []
    while not outcomes or "result" in outcomes[-1]:
        assert len(outcomes) < 10, "the limit never held"
        outcomes.append(player.play(**large))
    assert len(outcomes) > 1
    refused_as_error(outcomes[-1], "limit.rate")
    (record,) = ruled.journal.of(reason="limit.rate", decision="deny")
    assert record["rules"] == ["bytes_per_minute"]
    # A small call still has room.
    still_works(player)


def test_a_server_that_stays_away_is_left_alone_for_a_while(strict: Place, line: Line) -> None:
    players = [strict.session(client, "far") for client in SDKS]
    call = tool("echo", number=0)
    line.cut()
    try:
        reasons = [players[0].play(**call)["error"]["data"]["reason"] for _ in range(6)]
        assert reasons == ["upstream.unreachable"] * 5 + ["upstream.breaker"]
        for player in players:
            refused_as_error(player.play(**call), "upstream.breaker")
    finally:
        line.mend()
    for player in players:
        # For ten seconds each of these is a call that is refused.
        strict.journal.until(lambda: "result" in player.play(**call), patience=20, pause=0.2)  # noqa: B023
        still_works(player)

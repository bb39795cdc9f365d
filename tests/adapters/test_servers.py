"""Other people's servers answer the same directly, behind `doorward serve`, and wrapped by `doorward run`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests import warm
from tests.adapters.journal import Journal
from tests.adapters.player import NEW_SDK_MODERN, OLD_SDK, Json, Kind, Player, over_http, over_sse, over_stdio
from tests.adapters.servers import everything_over, npm_server, python_server
from tests.gateway import TOKEN, Gateway

pytestmark = pytest.mark.peers

HEADERS = {"X-MCP-Token": TOKEN}
CLIENTS = {"sdk-1.30": OLD_SDK, "sdk-2.3": NEW_SDK_MODERN}


def tool(name: str, **arguments: Any) -> Json:
    return {"do": "call", "name": name, "arguments": arguments}


MISFIT = tool("get-sum", a="no number")
"""What the tool's own schema forbids: the server refuses it, unless somebody before it does."""


class Server(NamedTuple):
    """A server's command, what it needs in its environment, and what is asked of it."""

    command: list[str]
    environment: dict[str, str]
    steps: list[Json]

    def warm(self) -> "Server":
        """The same from an interpreter that has imported it, if it is one of Python."""
        python, *rest = self.command
        if rest[0] != "-m":
            return self
        return self._replace(command=warm.words(*rest[1:], python=python))


def everything() -> list[Json]:
    document = "demo://resource/static/document/features.md"
    return [
        {"do": "tools"},
        tool("echo", message="Grüße, 世界 \U0001f980"),
        tool("get-sum", a=1.5, b=-7),
        tool("get-structured-content", location="Chicago"),
        tool("get-tiny-image"),
        tool("get-annotated-message", messageType="error", includeImage=True),
        tool("get-resource-links", count=2),
        tool("trigger-long-running-operation", duration=0.3, steps=3),
        tool("trigger-sampling-request", prompt="What?", maxTokens=10),
        MISFIT,
        tool("no-such-tool"),
        {"do": "resources"},
        {"do": "templates"},
        {"do": "read", "uri": document},
        {"do": "read", "uri": "demo://nowhere"},
        {"do": "subscribe", "uri": document},
        {"do": "unsubscribe", "uri": document},
        {"do": "prompts"},
        {"do": "prompt", "name": "simple-prompt"},
        {"do": "prompt", "name": "args-prompt", "arguments": {"city": "Paris"}},
        {"do": "complete", "prompt": "completable-prompt", "argument": {"name": "department", "value": "E"}},
        {"do": "level", "level": "error"},
        {"do": "ping"},
    ]


def filesystem(directory: Path) -> Server:
    directory.mkdir(parents=True)
    for name in ("first.txt", "second.txt"):
        (directory / name).write_text("three\nshort\nlines\n")
    first, second = str(directory / "first.txt"), str(directory / "second.txt")
    steps = [
        {"do": "tools"},
        tool("list_allowed_directories"),
        tool("list_directory", path=str(directory)),
        tool("read_text_file", path=first, head=2),
        tool("read_multiple_files", paths=[first, str(directory / "none")]),
        tool("write_file", path=second, content="Grüße\n"),
        tool("edit_file", path=second, edits=[{"oldText": "Grüße", "newText": "\U0001f980"}]),
        tool("read_text_file", path=second),
        tool("directory_tree", path=str(directory)),
        tool("search_files", path=str(directory), pattern="*.txt"),
        tool("read_text_file", path="/etc/hostname"),
    ]
    return Server(npm_server("filesystem", str(directory)), {}, steps)


def memory(directory: Path) -> Server:
    directory.mkdir(parents=True)
    ada = {"name": "Ada", "entityType": "person", "observations": ["writes programs"]}
    engine = {"name": "Engine", "entityType": "machine", "observations": []}
    steps = [
        {"do": "tools"},
        tool("create_entities", entities=[ada, engine]),
        tool("create_relations", relations=[{"from": "Ada", "to": "Engine", "relationType": "programs"}]),
        tool("add_observations", observations=[{"entityName": "Engine", "contents": ["has gears"]}]),
        tool("search_nodes", query="gears"),
        tool("open_nodes", names=["Ada"]),
        tool("delete_entities", entityNames=["Engine"]),
        tool("read_graph"),
        tool("add_observations", observations=[{"entityName": "Nobody", "contents": ["is here"]}]),
    ]
    return Server(npm_server("memory"), {"MEMORY_FILE_PATH": str(directory / "memory.json")}, steps)


def clock(directory: Path) -> Server:
    steps = [
        {"do": "tools"},
        tool("convert_time", source_timezone="UTC", time="12:30", target_timezone="Asia/Tokyo"),
        tool("convert_time", source_timezone="Nowhere", time="12:30", target_timezone="Asia/Tokyo"),
        tool("get_current_time", timezone="Nowhere"),
    ]
    return Server(python_server("mcp_server_time", "--local-timezone", "UTC"), {}, steps)


def git(directory: Path) -> Server:
    directory.mkdir(parents=True)
    author = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in AUTHOR.items()}
    commit = ["-c", "commit.gpgsign=false", "commit", "-q", "-m", "A first commit"]
    (directory / "file.txt").write_text("one line\n")
    for command in (["init", "-q", "-b", "main"], ["add", "file.txt"], commit):
        subprocess.run(["git", *command], cwd=directory, env={**os.environ, **author}, check=True)
    (directory / "file.txt").write_text("another line\n")
    here = str(directory)
    steps = [
        {"do": "tools"},
        tool("git_status", repo_path=here),
        tool("git_log", repo_path=here, max_count=3),
        tool("git_show", repo_path=here, revision="HEAD"),
        tool("git_diff_unstaged", repo_path=here),
        tool("git_branch", repo_path=here, branch_type="local"),
        tool("git_show", repo_path=here, revision="no-such-revision"),
        tool("git_status", repo_path="/"),
    ]
    return Server(python_server("mcp_server_git", "--repository", here), {}, steps)


AUTHOR = {"NAME": "A. Tester", "EMAIL": "tester@example.com", "DATE": "2026-01-02T03:04:05+00:00"}

# A directory of its own for each way to the server, where the server keeps something there.
SERVERS: dict[str, Callable[[Path], Server]] = {
    "everything": lambda _: Server(npm_server("everything"), {}, everything()),
    "filesystem": filesystem,
    "memory": memory,
    "time": clock,
    "git": git,
}


def played(player: Player, steps: list[Json]) -> list[Any]:
    """How the session began, each step's outcome, and the progress that was reported on the way."""
    outcomes = [player.play(**step) for step in steps]
    progress = [line for line in player.result("heard") if "progress" in line]
    return [player.about, progress, *zip(steps, outcomes, strict=True)]


def run(kind: Kind, target: Json, steps: list[Json], log: Path) -> list[Any]:
    with Player(kind, target, log) as player:
        return played(player, steps)


def wrapped(server: Server, state: Path) -> Json:
    command = [sys.executable, "-m", "doorward", "run", "--", *server.command]
    return over_stdio(command, {**server.environment, "XDG_STATE_HOME": str(state)})


def refused_earlier(seen: list[Any]) -> list[Any]:
    """The same where the gateway validates arguments: the answer to `MISFIT` is its own, and an error either way."""
    return [MISFIT if isinstance(part, tuple) and part[0] == MISFIT and is_error(part[1]) else part for part in seen]


def is_error(outcome: Json) -> bool:
    return "error" in outcome or outcome["result"].get("isError") is True


def recorded_whole(journal: Journal, steps: list[Json], transport: str, *, enforced: bool) -> None:
    """An intent and an outcome for each call, and for nothing else; where it is enforced, `MISFIT` gets no further."""
    if enforced and MISFIT in steps:
        (refused,) = journal.until(lambda: journal.of(method="tools/call", decision="deny"))
        assert (refused["phase"], refused["reason"]) == ("outcome", "schema.arguments")
        steps = [step for step in steps if step != MISFIT]
    calls = sorted(step["name"] for step in steps if step["do"] == "call")
    for phase in ("intent", "outcome"):
        found = partial(journal.of, method="tools/call", phase=phase, decision="allow")
        journal.until(lambda: len(found()) >= len(calls))  # noqa: B023
        records = found()
        assert sorted(record["tool_name"] for record in records) == calls
        assert {record["transport"] for record in records} == {transport}
    assert enforced or not journal.of(method="tools/call", decision="deny")


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("name", SERVERS)
def test_a_stdio_server_is_the_same_behind_serve_and_run(name: str, client: str, tmp_path: Path) -> None:
    kind = CLIENTS[client]

    def fresh() -> Server:
        """The server as if it had never run, with its data in the same place each time."""
        shutil.rmtree(tmp_path / "data", ignore_errors=True)
        return SERVERS[name](tmp_path / "data")

    server = fresh().warm()
    direct = run(kind, over_stdio(server.command, server.environment), server.steps, tmp_path / "direct.log")

    server = fresh()  # as it starts in earnest
    settings = {"command": server.command[0], "args": server.command[1:], "env": server.environment}
    with Gateway(tmp_path / "gateway", {name: settings}, mode="enforce") as gateway:
        served = run(kind, over_http(gateway.url(name), HEADERS), server.steps, tmp_path / "served.log")
    assert refused_earlier(served) == refused_earlier(direct)
    recorded_whole(Journal(gateway.audit_path), server.steps, "http", enforced=True)

    server = fresh().warm()
    through_run = run(kind, wrapped(server, tmp_path / "state"), server.steps, tmp_path / "wrapped.log")
    assert through_run == direct
    recorded_whole(Journal(tmp_path / "state"), server.steps, "stdio", enforced=False)


@pytest.fixture(scope="module")
def over_the_net(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[dict[str, Json], dict[str, Json], Gateway]]:
    """server-everything over both HTTP transports: the targets without and with the gateway."""
    directory = tmp_path_factory.mktemp("net")
    with ExitStack() as stack:
        modern = stack.enter_context(everything_over("streamableHttp", directory / "http.log"))
        legacy = stack.enter_context(everything_over("sse", directory / "sse.log"))
        servers = {"http": {"url": modern}, "sse": {"url": legacy, "transport": "sse"}}
        gateway = stack.enter_context(Gateway(directory / "gateway", servers, mode="enforce"))
        direct = {"http": over_http(modern), "sse": over_sse(legacy)}
        through = {
            "http": over_http(gateway.url("http"), HEADERS),
            "sse": over_sse(gateway.url("sse").replace("/mcp/", "/sse/"), HEADERS),
        }
        yield direct, through, gateway


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("transport", ["http", "sse"])
def test_server_everything_is_the_same_over_http_and_sse(
    over_the_net: tuple[dict[str, Json], dict[str, Json], Gateway], transport: str, client: str, tmp_path: Path
) -> None:
    direct, through, gateway = over_the_net
    kind = CLIENTS[client]
    if transport == "sse":  # a transport of the handshake's era
        kind = kind._replace(mode="legacy")
    journal = Journal(gateway.audit_path)
    journal.mark()
    seen = run(kind, through[transport], everything(), tmp_path / "through.log")
    expected = run(kind, direct[transport], everything(), tmp_path / "direct.log")
    assert refused_earlier(seen) == refused_earlier(expected)
    recorded_whole(journal, everything(), transport, enforced=True)

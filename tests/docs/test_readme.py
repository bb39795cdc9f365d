"""The configuration that the README shows, before a server, with a client: it does what the README says."""

import contextlib
import http.client
import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.functional.gateway_process import Gateway, doorward
from tests.functional.upstreams import Upstream, listening
from tests.waiting import PATIENCE

README = Path(__file__).resolve().parents[2] / "README.md"
TOKEN = "made-up-" * 4


class Echo(Upstream):
    """Answers every request, and says whose token it saw."""

    def result(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"content": [{"type": "text", "text": f"authorization: {self.headers['Authorization']}"}]}


def shown() -> str:
    (snippet,) = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    return str(snippet)


def call(running: Gateway, tool: str, **headers: str) -> tuple[int, Any]:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": {}}}
    connection = http.client.HTTPConnection(*running.listen, timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.request("POST", "/mcp/everything", json.dumps(message), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def test_the_readmes_configuration_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", TOKEN)
    with listening(Echo) as server:
        address = f"127.0.0.1:{server.server_port}"
        free = 'listen: {address: "127.0.0.1:0"}\nadmin: {address: "127.0.0.1:0"}\n'
        configuration = free + shown().replace("127.0.0.1:3001", address)
        assert address in configuration
        with doorward(tmp_path, configuration) as running:
            running.ready()
            assert call(running, "echo")[0] == 401
            status, allowed = call(running, "echo", Authorization=f"Bearer {TOKEN}")
            assert (status, allowed["result"]["content"][0]["text"]) == (200, "authorization: None")
            status, refused = call(running, "get-env", Authorization=f"Bearer {TOKEN}")
            assert (status, refused["result"]["isError"]) == (200, True)
            assert refused["result"]["_meta"]["io.doorward/decision"]["reason"] == "policy.denied"
    assert list((tmp_path / ".doorward" / "audit").glob("*/journal-*.jsonl"))

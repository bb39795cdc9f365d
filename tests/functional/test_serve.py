"""``doorward serve`` itself, all parts together: what the fake of test_processes.py leaves out."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.functional.gateway_process import Gateway, doorward
from tests.functional.upstreams import Upstream, listening, url_of
from tests.journals import whole_lines
from tests.pipes import pipe
from tests.processes import alive
from tests.waiting import PATIENCE, until_here

CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "look", "arguments": {"x": "1"}}}
HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2025-06-18",
}


TLS = """\
listen: {address: "127.0.0.1:0", tls: {certificate: tls.pem, key: tls.key}}
admin: {address: "127.0.0.1:0"}
"""


class Holding(Upstream):
    """Answers each request with its id; one that names the tool ``hold`` waits until ``released`` is set."""

    released: threading.Event
    held: threading.Event

    def result(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["params"]["name"] == "hold":
            self.held.set()
            self.released.wait(PATIENCE)
        return super().result(asked)


@contextlib.contextmanager
def upstream() -> Iterator[tuple[str, type[Holding]]]:
    handler = type("Handler", (Holding,), {"released": threading.Event(), "held": threading.Event()})
    with listening(handler) as server:
        try:
            yield url_of(server), handler
        finally:
            handler.released.set()


def configuration(url: str, more: str = "") -> str:
    return f"""\
listen: {{address: "127.0.0.1:0", drain: 20s}}
admin: {{address: "127.0.0.1:0"}}
servers:
  crm: {{url: "{url}"}}
{more}"""


def call(running: Gateway, tool: str = "look", server: str = "crm") -> tuple[int, Any]:
    message = CALL | {"params": {"name": tool, "arguments": {}}}
    connection = http.client.HTTPConnection(*running.listen, timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.request("POST", f"/mcp/{server}", json.dumps(message), HEADERS)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def certificate(base: Path) -> Path:
    """A self-signed certificate in ``base.pem`` with its key in ``base.key``; the path of the former."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    base.with_suffix(".key").write_bytes(key.private_bytes(pem, *plain))
    base.with_suffix(".pem").write_bytes(made.public_bytes(pem))
    return base.with_suffix(".pem")


def install(pem: Path, directory: Path) -> None:
    for suffix in (".pem", ".key"):
        shutil.copy(pem.with_suffix(suffix), directory / f"tls{suffix}")


def shown(running: Gateway) -> str:
    """The certificate that the gateway shows, as PEM."""
    return ssl.get_server_certificate(running.listen, timeout=PATIENCE)


def recorded(directory: Path) -> list[Any]:
    """What the only writer wrote, but its first record, which says who else is there."""
    (journal,) = (directory / ".doorward" / "audit").glob("*/journal-*.jsonl")
    return [json.loads(line) for line in whole_lines(journal)][1:]


def test_a_call_goes_through_is_counted_and_recorded(tmp_path: Path) -> None:
    with upstream() as (url, _), doorward(tmp_path, configuration(url)) as running:
        running.ready()
        assert call(running) == (200, {"jsonrpc": "2.0", "id": 1, "result": {"content": []}})
        series = 'doorward_calls_total{decision="allow",method="tools/call",reason="auth.required",server="crm"}'
        assert running.metric(series) == 1
        assert running.metric("doorward_journal_records_total") == 2
        assert running.metric("doorward_whole_seconds_count") == 1
        assert running.status()["servers"] == [{"id": "crm", "mode": "audit"}]
        running.signal(signal.SIGTERM)
        assert running.end() == 0
    assert [record["phase"] for record in recorded(tmp_path)] == ["intent", "outcome"]


def test_what_is_refused_at_the_edge_is_counted_and_recorded(tmp_path: Path) -> None:
    with doorward(tmp_path, configuration("http://127.0.0.1:1/mcp")) as running:
        running.ready()
        with socket.create_connection(running.listen, PATIENCE) as garbage:
            garbage.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert b" 400 " in garbage.recv(4096)
        connection = http.client.HTTPConnection(*running.listen, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", "/nothing")
            assert connection.getresponse().status == 404
        assert running.metric('doorward_edge_refused_total{reason="http.bad_host"}') == 1
        assert running.metric('doorward_edge_refused_total{reason="http.route"}') == 1
    records = recorded(tmp_path)
    assert [(record["decision"], record["reason"]) for record in records] == [
        ("deny", "http.bad_host"),
        ("deny", "http.route"),
    ]
    assert {record["client_ip"] for record in records} == {"127.0.0.1"}


def test_a_stop_waits_for_the_call_in_flight(tmp_path: Path) -> None:
    with upstream() as (url, server), doorward(tmp_path, configuration(url)) as running:
        running.ready()
        answers: list[Any] = []
        calling = threading.Thread(target=lambda: answers.append(call(running, "hold")))
        calling.start()
        assert server.held.wait(PATIENCE)
        assert running.metric("doorward_in_flight") == 1
        running.signal(signal.SIGTERM)
        until_here(lambda: running.get("/readyz")[0] == 503)
        server.released.set()
        calling.join(PATIENCE)
        assert answers[0][0] == 200
        assert running.end() == 0


def test_a_server_added_to_the_file_is_served_and_a_bad_file_changes_nothing(tmp_path: Path) -> None:
    with upstream() as (url, _), doorward(tmp_path, configuration(url)) as running:
        running.ready()
        assert call(running, server="other")[0] == 404
        running.write_text(configuration(url, f'  other: {{url: "{url}"}}'))
        until_here(lambda: call(running, server="other")[0] == 200)
        running.write_text(configuration(url, "  other: {ulr: x}"))
        until_here(lambda: running.metric("doorward_config_reload_failed") == 1)
        assert call(running, server="other")[0] == 200
        assert "doorward.yaml:5:" in running.status()["reload"]["problems"][0]


def test_a_secret_that_changed_behind_the_same_text_is_taken_with_a_hang_up(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first-" + "x" * 20)
    agents = f'identity: {{agents: [{{id: "agent:a", token: "file:{token.name}", servers: {{crm: ["*"]}}}}]}}'
    with upstream() as (url, _), doorward(tmp_path, configuration(url, agents)) as running:
        running.ready()

        def status(secret: str) -> int:
            connection = http.client.HTTPConnection(*running.listen, timeout=PATIENCE)
            with contextlib.closing(connection):
                connection.request("POST", "/mcp/crm", json.dumps(CALL), HEADERS | {"X-MCP-Token": secret})
                return connection.getresponse().status

        assert status("first-" + "x" * 20) == 200
        token.write_text("second-" + "x" * 20)
        running.signal(signal.SIGHUP)
        until_here(lambda: status("second-" + "x" * 20) == 200)
        assert status("first-" + "x" * 20) == 401


def test_tls_takes_a_new_certificate_without_a_restart(tmp_path: Path) -> None:
    first, second = certificate(tmp_path / "first"), certificate(tmp_path / "second")
    install(first, tmp_path)
    with doorward(tmp_path, TLS) as running:
        running.ready()
        assert shown(running) == first.read_text()
        (tmp_path / "tls.pem").write_text("half a certificate")
        until_here(lambda: running.logged("the new certificate of listen.tls is not used"))
        assert shown(running) == first.read_text()
        install(second, tmp_path)
        until_here(lambda: shown(running) == second.read_text())


def test_a_certificate_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "tls.pem").write_text("nothing")
    (tmp_path / "tls.key").write_text("nothing")
    with doorward(tmp_path, TLS) as running:
        assert running.end() == 2
        assert running.logged("listen.tls: the certificate cannot be used")


def test_a_file_with_problems_is_told_line_by_line(tmp_path: Path) -> None:
    with doorward(tmp_path, "servers:\n  crm: {url: http://127.0.0.1:1/mcp, mode: hard}\nmoed: audit\n") as running:
        assert running.end() == 2
        assert running.logged("doorward.yaml:2:")
        assert running.logged("doorward.yaml:3:")


def test_no_file_is_told(tmp_path: Path) -> None:
    with doorward(tmp_path, "", "-c", str(tmp_path / "none.yaml")) as running:
        assert running.end() == 2
        assert running.logged("none.yaml: cannot be read: No such file or directory (give its path with -c)")


def test_a_pipe_is_no_file_to_follow(tmp_path: Path) -> None:
    with pipe(tmp_path / "pipe.yaml", b""), doorward(tmp_path, "", "-c", str(tmp_path / "pipe.yaml")) as running:
        assert running.end() == 2
        assert running.logged("pipe.yaml: cannot be read: it is not a plain file")


def test_a_journal_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("a file where a directory is wanted")
    with doorward(tmp_path, configuration("http://127.0.0.1:1/mcp", "audit: {directory: audit}")) as running:
        assert running.end() == 3
        assert running.logged("the audit directory cannot be written")


def test_a_killed_worker_is_replaced_and_keeps_the_sealed_sessions_key(tmp_path: Path) -> None:
    with upstream() as (url, _), doorward(tmp_path, configuration(url)) as running:
        running.ready()
        keys = sorted(path.name for path in (tmp_path / ".doorward" / "keys").iterdir())
        (pid,) = running.workers()
        os.kill(pid, signal.SIGKILL)
        until_here(lambda: running.get("/readyz")[0] == 200 and running.workers() != [pid])
        assert call(running)[0] == 200
        assert sorted(path.name for path in (tmp_path / ".doorward" / "keys").iterdir()) == keys
        assert not alive(pid)


def test_the_log_is_json_if_wanted(tmp_path: Path) -> None:
    with doorward(tmp_path, configuration("http://127.0.0.1:1/mcp"), "--log-format", "json") as running:
        running.ready()
        running.signal(signal.SIGTERM)
        assert running.end() == 0
        assert {json.loads(line)["process"] for line in running.log} >= {"supervisor"}

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.unit.bootstrap.doctor.surroundings import loaded, only, states

from doorward.bootstrap.doctor import addresses as looking
from doorward.bootstrap.doctor.addresses import addresses, running
from doorward.bootstrap.doctor.line import Line
from doorward.configfile import Loaded


@contextmanager
def admin(answers: dict[str, tuple[int, Any]]) -> Iterator[int]:
    """Somebody who answers at an address, by path; its port."""

    class Admin(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code, said = answers.get(self.path, (404, {}))
            self.send_response(code)
            self.end_headers()
            self.wfile.write(said if isinstance(said, bytes) else json.dumps(said).encode())

        def log_message(self, *_: Any) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Admin)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as held:
        yield held.getsockname()[1]


def config(directory: Path, listen: int, admin: int) -> Loaded:
    addresses = {"listen": {"address": f"127.0.0.1:{listen}"}, "admin": {"address": f"127.0.0.1:{admin}"}}
    return loaded(directory, **addresses)


def status(file: Loaded, listen: int, **more: Any) -> dict[str, Any]:
    about = {"path": str(Path(file.file).absolute()), "digest": file.digest}
    said = {"version": "1", "pid": 4711, "workers": [], "listen": f"127.0.0.1:{listen}", "config": about}
    return said | {"reload": {"failed": False, "needs_restart": []}} | more


def look(file: Loaded) -> list[Line]:
    return addresses(file, running(file))


def test_free_addresses(tmp_path: Path) -> None:
    with taken() as port:
        pass
    found = look(config(tmp_path, port, 0))
    assert states(found) == ["ok", "ok"]
    assert "is free" in found[0].what
    assert "the system chooses" in found[1].what


def test_an_address_that_another_program_has(tmp_path: Path) -> None:
    with taken() as one, taken() as other:
        looking.PATIENCE, before = 0.05, looking.PATIENCE  # it never answers
        try:
            found = look(config(tmp_path, one, other))
        finally:
            looking.PATIENCE = before
    assert states(found) == ["fail", "fail"]
    assert all("another program has it" in line.what for line in found)


def test_an_address_of_another_machine(tmp_path: Path) -> None:
    found = look(loaded(tmp_path, admin={"address": "127.0.0.1:0"}, listen=elsewhere("192.0.2.1:8080")))
    assert (found[0].state, "no such address" in found[0].what) == ("fail", True)


def test_a_name_that_nobody_knows(tmp_path: Path) -> None:
    found = look(loaded(tmp_path, admin={"address": "127.0.0.1:0"}, listen=elsewhere("nowhere.invalid:8080")))
    assert (found[0].state, "cannot be looked up" in found[0].what) == ("fail", True)


def elsewhere(address: str) -> dict[str, Any]:
    return {"address": address, "public_url": "https://gw.example.com", "tls_terminated": True}


@pytest.mark.parametrize(
    ("reload", "digest", "state", "words"),
    [
        ({"failed": False, "needs_restart": []}, "", "ok", "takes calls"),
        ({"failed": True, "needs_restart": []}, "", "warn", "older version"),
        ({"failed": False, "needs_restart": ["audit.directory"]}, "", "warn", "audit.directory"),
        ({"failed": False, "needs_restart": []}, "another", "warn", "has not taken over"),
    ],
)
def test_our_own_gateway(tmp_path: Path, reload: dict[str, Any], digest: str, state: str, words: str) -> None:
    answers: dict[str, Any] = {"/readyz": (200, {"ready": True, "reasons": []})}
    with taken() as listen, admin(answers) as port:
        file = config(tmp_path, listen, port)
        said = status(file, listen, reload=reload)
        said["config"]["digest"] = digest or file.digest
        answers["/api/v1/status"] = (200, said)
        found = look(file)
    assert states(found) == ["ok", "ok", state]
    assert words in found[2].what
    assert "4711" in found[2].what


def test_our_own_gateway_that_takes_no_calls(tmp_path: Path) -> None:
    answers: dict[str, Any] = {"/readyz": (503, {"ready": False, "reasons": ["worker 0: no space left"]})}
    with taken() as listen, admin(answers) as port:
        file = config(tmp_path, listen, port)
        answers["/api/v1/status"] = (200, status(file, listen))
        line = look(file)[-1]
    assert (line.about, line.state, "no space left" in line.what) == ("gateway", "fail", True)


def test_a_gateway_with_another_configuration(tmp_path: Path) -> None:
    answers: dict[str, Any] = {"/readyz": (200, {"ready": True, "reasons": []})}
    with taken() as listen, admin(answers) as port:
        file = config(tmp_path, listen, port)
        said = status(file, listen)
        said["config"]["path"] = "/etc/other.yaml"
        answers["/api/v1/status"] = (200, said)
        found = look(file)
    assert states(found) == ["fail", "fail"]
    assert "another configuration" in found[1].what
    assert "/etc/other.yaml" in found[1].what


def test_our_gateway_on_another_public_address(tmp_path: Path) -> None:
    answers: dict[str, Any] = {"/readyz": (200, {"ready": True, "reasons": []})}
    with taken() as listen, admin(answers) as port:
        file = config(tmp_path, listen, port)
        answers["/api/v1/status"] = (200, status(file, listen + 1))
        found = look(file)
    assert found[0].state == "fail"


@pytest.mark.parametrize("said", [b"<html>", b"[]", b'{"config": 1}', b'{"config": {}}', b"\xff"])
def test_what_answers_and_is_no_gateway(tmp_path: Path, said: bytes) -> None:
    with admin({"/api/v1/status": (200, said)}) as port:
        file = config(tmp_path, 0, port)
        assert running(file) is None
        line = only([line for line in look(file) if line.about == "admin"])
    assert (line.state, "another program has it" in line.what) == ("fail", True)

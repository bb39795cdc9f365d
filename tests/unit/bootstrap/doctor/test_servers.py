import os
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.functional.edge.certificates import Authority
from tests.unit.bootstrap.doctor.surroundings import loaded, only

from doorward.bootstrap.configured import compiled
from doorward.bootstrap.doctor import servers
from doorward.bootstrap.doctor.line import Line
from doorward.control.keys.secret_keys import ephemeral
from doorward.transports import tls


def look(directory: Path, **section: Any) -> Line:
    config = loaded(directory, servers={"crm": section})
    return only(servers.server(compiled(config, ephemeral(), version=0).snapshot.servers["crm"]))


@contextmanager
def listening(context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Takes connections and says nothing but TLS; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    opened = server.accept()[0]
                    with opened, suppress(OSError):
                        if context is not None:
                            context.wrap_socket(opened, server_side=True).close()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def own(authority: Authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("crm"))
    return context


def test_a_server_that_listens(tmp_path: Path) -> None:
    with listening() as port:
        line = look(tmp_path, url=f"http://127.0.0.1:{port}/mcp?key=something")
    assert (line.state, line.about, f"127.0.0.1:{port} takes connections" in line.what) == ("ok", "server crm", True)
    assert "key" not in line.what


def test_a_dead_server(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    line = look(tmp_path, url=f"http://127.0.0.1:{port}/mcp")
    assert (line.state, "no connection" in line.what) == ("fail", True)


def test_a_name_that_nobody_knows(tmp_path: Path) -> None:
    line = look(tmp_path, url="https://nowhere.invalid/mcp")
    assert (line.state, "cannot be looked up" in line.what) == ("fail", True)


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path, own: ssl.SSLContext) -> None:
    with listening(own) as port:
        line = look(tmp_path, url=f"https://127.0.0.1:{port}/mcp")
    assert (line.state, "certificate is not trusted" in line.what) == ("fail", True)


def test_a_server_with_tls(
    tmp_path: Path, authority: Authority, own: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "upstream_context", lambda: tls.upstream_context(authority.path))
    with listening(own) as port:
        assert look(tmp_path, url=f"https://127.0.0.1:{port}/mcp").state == "ok"


def test_no_tls_where_it_is_expected(tmp_path: Path) -> None:
    with listening() as port:
        assert look(tmp_path, url=f"https://127.0.0.1:{port}/mcp").state == "fail"


def test_a_server_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "PATIENCE", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as server:  # the kernel connects; nobody answers
        line = look(tmp_path, url=f"https://127.0.0.1:{server.getsockname()[1]}/mcp")
    assert (line.state, "within 0.05 s" in line.what) == ("fail", True)


def test_programs(tmp_path: Path) -> None:
    assert look(tmp_path, command=sys.executable).state == "ok"
    assert look(tmp_path, command="sh").state == "ok"
    line = look(tmp_path, command="there-is-no-such-program")
    assert (line.state, "no such program" in line.what) == ("fail", True)
    assert look(tmp_path, command="sh", env={"PATH": str(tmp_path)}).state == "fail"  # where serve would look


def test_a_program_in_its_own_directory(tmp_path: Path) -> None:
    program = tmp_path / "crm" / "server"
    program.parent.mkdir()
    program.touch(0o700)
    assert look(tmp_path, command="./server", cwd="crm").state == "ok"
    program.chmod(0o600)
    assert look(tmp_path, command="./server", cwd="crm").state == "fail"
    assert os.path.basename(look(tmp_path, command="sh", cwd="gone").what.split()[0]) == "gone"

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from doorward.configtypes import InvalidConfiguration
from doorward.control.store import Issued, Store, StoreFault, database, location
from doorward.control.store.place import prepare
from doorward.control.store.rows import Lease
from doorward.control.store.schema import MIGRATIONS, VERSION
from doorward.core.identity import Grant, Principal
from doorward.core.shared import Override

NOW = 1_000_000.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "state.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store(path)
    yield opened
    opened.close()


def problem(path: Path) -> str:
    with pytest.raises(InvalidConfiguration) as refused:
        Store(path)
    (found,) = refused.value.problems
    assert found.path == "state.url"
    assert found.remedy
    return found.message


def issued(
    token: str, family: str = "g", parent: str = "", *, client: str = "agent:a", expires: float = NOW + 900
) -> Issued:
    return Issued(family, token, client, "agent:a", "crm: get_*", NOW, expires, parent)


# -- where it is


@pytest.mark.parametrize(("url", "found"), [("sqlite:a/b.db", "/base/a/b.db"), ("sqlite:/var/x.db", "/var/x.db")])
def test_the_place_of_a_url(url: str, found: str) -> None:
    assert location(url, Path("/base")) == Path(found)


@pytest.mark.parametrize(
    "url",
    ["postgresql://u@h/db", "sqlite:", "sqlite::memory:", "sqlite:///x.db", "sqlite:a\0b", "state.db", "SQLITE:x"],
)
def test_a_url_that_names_no_file(url: str) -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        location(url, Path("/base"))
    assert refused.value.problems[0].path == "state.url"
    assert "u@h" not in str(refused.value)


def test_nobody_else_can_read_it_or_what_lies_beside_it(store: Store, path: Path) -> None:
    store.revoke("token", "t", until=NOW + 1, by="me", at=NOW)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    files = list(path.parent.iterdir())
    assert {file.name for file in files} >= {"state.db", "state.db-wal"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_file_that_others_can_read_is_refused(path: Path) -> None:
    Store(path).close()
    path.chmod(0o640)
    assert "open to others" in problem(path)


def test_a_directory_that_others_can_write_to_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.parent.chmod(0o770)
    assert "others can write" in problem(path)
    path.parent.chmod(0o755)
    Store(path).close()


def test_a_link_or_a_directory_in_its_place_is_refused(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    (path.parent / "real").touch(0o600)
    path.symlink_to(path.parent / "real")
    assert "wrong kind" in problem(path)
    path.unlink()
    path.mkdir()
    assert "wrong kind" in problem(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_somebody_elses_file_is_refused(path: Path) -> None:
    Store(path).close()
    os.chown(path, 12345, 12345)
    assert "belongs to somebody else" in problem(path)
    os.chown(path, 0, 0)
    os.chown(path.parent, 12345, 12345)
    assert "belongs to somebody else" in problem(path)


def test_a_place_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be used" in problem(tmp_path / "file" / "state.db")


# -- what is wrong with the file


def test_what_is_no_database_is_refused_and_left_as_it_is(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    path.write_bytes(b"not a database, whatever its name is" * 100)
    path.chmod(0o600)
    assert "damaged" in problem(path)
    assert path.read_bytes().startswith(b"not a database")


def test_a_damaged_database_is_refused(path: Path) -> None:
    store = Store(path)
    for number in range(500):
        store.keep_tool("crm", f"tool-{number}", b"{}" * 100, None, b"{}", NOW)
    store.close()
    whole = bytearray(path.read_bytes())
    whole[8192 : len(whole) - 4096] = b"\xff" * (len(whole) - 4096 - 8192)
    path.write_bytes(whole)
    assert "damaged" in problem(path)


def test_a_file_of_a_newer_version_is_refused(path: Path) -> None:
    Store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version={VERSION + 1}")
    connection.close()
    assert "newer" in problem(path)


def test_a_file_of_an_older_version_is_brought_up_to_date(path: Path) -> None:
    prepare(path)
    with sqlite3.connect(path) as connection:
        for statement in MIGRATIONS[0]:
            connection.execute(statement)
        connection.execute("INSERT INTO task VALUES ('crm', 'task', 'me', ?)", (NOW + 10,))
        connection.execute("PRAGMA user_version=1")
    connection.close()
    opened = Store(path)
    assert opened.task("crm", "task", NOW) == ("me", "")
    opened.close()


def test_a_file_that_cannot_be_written_is_refused_at_the_start(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(path).close()
    real = sqlite3.connect

    def connect(database: Any, **options: Any) -> sqlite3.Connection:
        connection = real(database, **options)
        connection.execute("PRAGMA query_only=ON")  # what a read-only disk says; permissions do not stop root
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect)
    assert "readonly" in problem(path)


def test_a_failed_migration_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = (("CREATE TABLE half (x)", "CREATE TABLE half (x)"),)
    monkeypatch.setattr("doorward.control.store.database.MIGRATIONS", broken)
    assert "cannot be used" in problem(path)
    monkeypatch.undo()
    Store(path).close()


def test_a_disk_that_is_full_is_a_fault_and_changes_nothing(store: Store, path: Path) -> None:
    store.revoke("token", "before", until=NOW + 9, by="me", at=NOW)
    connection = store._database._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreFault, match="full"):
        store.keep_policies("d", {"a.cedar": "x" * 1_000_000}, NOW)
    assert store.policies("d") is None
    connection.execute("PRAGMA max_page_count=100000")
    store.revoke("token", "after", until=NOW + 9, by="me", at=NOW)
    assert store.shared(NOW).revocations.tokens == {"before", "after"}


def test_a_file_that_becomes_read_only_can_still_be_read(store: Store) -> None:
    store.revoke("token", "t", until=NOW + 9, by="me", at=NOW)
    store._database._connection.execute("PRAGMA query_only=ON")
    with pytest.raises(StoreFault) as fault:
        store.revoke("token", "u", until=NOW + 9, by="me", at=NOW)
    assert fault.value.code == "state.unavailable"
    assert store.shared(NOW).revocations.tokens == {"t"}


def test_a_file_that_is_removed_or_replaced_is_noticed(store: Store, path: Path) -> None:
    assert store.changed()
    for file in list(path.parent.iterdir()):
        file.unlink()
    with pytest.raises(StoreFault, match="gone"):
        store.changed()
    Store(path).close()
    with pytest.raises(StoreFault, match="replaced"):
        store.shared(NOW)


def test_after_closing_everything_is_a_fault(path: Path) -> None:
    store = Store(path)
    store.close()
    store.close()
    with pytest.raises(StoreFault):
        store.changed()
    with pytest.raises(StoreFault):
        store.lease("k", 1, 1, 1)


def test_a_writer_that_never_ends_is_a_fault_not_a_wait_for_ever(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store._database._connection.execute("PRAGMA busy_timeout=10")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreFault, match="locked"):
        store.revoke("token", "t", until=NOW + 9, by="me", at=NOW)
    assert store.shared(NOW).revocations.tokens == frozenset()  # readers do not wait
    other.execute("ROLLBACK")
    other.close()
    store.revoke("token", "t", until=NOW + 9, by="me", at=NOW)


# -- revocations


@pytest.mark.parametrize(
    ("kind", "value", "issuer"),
    [
        ("token", "t", ""),
        ("token", "ancestor", ""),
        ("grant", "g", ""),
        ("sub", "alice", "idp"),
        ("client", "app", "idp"),
        ("jti", "ext", "idp"),
    ],
)
def test_every_kind_of_revocation_hits(store: Store, kind: str, value: str, issuer: str) -> None:
    principal = Principal("alice", "app", "idp")
    grant = Grant(principal, {}, "g", NOW + 900, token_id="t", ancestors=("ancestor",), external=("idp", "ext"))
    assert not store.shared(NOW).revocations.hit(grant)
    store.revoke(kind, value, issuer=issuer, until=NOW + 900, by="me", at=NOW)
    assert store.shared(NOW).revocations.hit(grant)
    assert not store.shared(NOW + 900).revocations.hit(grant)


@pytest.mark.parametrize(("kind", "value"), [("tokens", "x"), ("", "x"), ("token", "")])
def test_nothing_is_revoked_by_mistake(store: Store, kind: str, value: str) -> None:
    before = store.changed()
    with pytest.raises(ValueError, match="nothing to revoke"):
        store.revoke(kind, value, until=NOW + 1, by="me", at=NOW)
    assert store.changed() == before


def test_a_second_revocation_never_shortens_the_first(store: Store) -> None:
    store.revoke("token", "t", until=NOW + 900, by="me", at=NOW)
    store.revoke("token", "t", until=NOW + 1, by="me", at=NOW)
    assert store.shared(NOW + 100).revocations.tokens == {"t"}
    store.revoke("token", "t", until=NOW + 2000, by="me", at=NOW)
    assert store.shared(NOW + 1000).revocations.tokens == {"t"}


def test_pages_of_revocations_hold_each_once(store: Store) -> None:
    for number in range(7):
        store.revoke("token", f"t{number}", until=NOW + 9, by="me", at=NOW)
    found, after = [], 0
    while page := store.revocations(NOW, after=after, limit=3):
        assert len(page) <= 3
        found += [revoked.value for _, revoked in page]
        after = page[-1][0]
    assert found == [f"t{number}" for number in range(7)]


# -- grants


def test_what_was_issued_is_listed_until_it_expires(store: Store) -> None:
    store.issued(issued("t1"))
    store.issued(issued("t2", expires=NOW + 10))
    assert store.grants(NOW) == [issued("t1"), issued("t2", expires=NOW + 10)]
    assert store.grants(NOW + 10) == [issued("t1")]


def test_one_token_is_issued_once(store: Store) -> None:
    store.issued(issued("t1"))
    with pytest.raises(StoreFault):
        store.issued(issued("t1"))


@pytest.mark.parametrize(
    ("kind", "value", "gone"),
    [
        ("token", "parent", {"parent", "child", "grandchild"}),
        ("token", "child", {"child", "grandchild"}),
        ("grant", "g", {"parent", "child", "grandchild"}),
        ("client", "agent:b", {"child"}),
        ("token", "nothing", set()),
    ],
)
def test_a_list_of_grants_says_which_are_revoked(store: Store, kind: str, value: str, gone: set[str]) -> None:
    store.issued(issued("parent"))
    store.issued(issued("child", parent="parent", client="agent:b"))
    store.issued(issued("grandchild", parent="child"))
    store.issued(issued("other", "h"))
    store.revoke(kind, value, until=NOW + 900, by="me", at=NOW)
    assert {grant.token_id for grant in store.grants(NOW) if grant.revoked} == gone


# -- used once


def test_an_assertion_is_good_once_and_its_id_again_when_it_has_expired(store: Store) -> None:
    assert store.use_once("idp", "j", until=NOW + 10, now=NOW)
    assert not store.use_once("idp", "j", until=NOW + 10, now=NOW + 1)
    assert store.use_once("other", "j", until=NOW + 10, now=NOW + 1)
    assert store.use_once("idp", "j", until=NOW + 30, now=NOW + 10)
    assert not store.use_once("idp", "j", until=NOW + 30, now=NOW + 11)


def test_of_many_at_once_one_is_the_first(path: Path) -> None:
    stores = [Store(path) for _ in range(4)]
    gate = threading.Barrier(16)

    def attempt(number: int) -> list[bool]:
        gate.wait(30)
        return [stores[number % 4].use_once("idp", f"j{i}", until=NOW + 10, now=NOW) for i in range(10)]

    with ThreadPoolExecutor(16) as pool:
        taken = list(pool.map(attempt, range(16)))
    assert [sum(each) for each in zip(*taken, strict=True)] == [1] * 10
    for store in stores:
        store.close()


@pytest.mark.parametrize("value", ["half \ud800", "\udfff"])
def test_what_cannot_be_stored_is_a_fault(store: Store, value: str) -> None:
    with pytest.raises(StoreFault, match="cannot be stored"):
        store.use_once("idp", value, until=NOW + 10, now=NOW)
    with pytest.raises(StoreFault, match="cannot be stored"):
        store.task("crm", value, NOW)
    with pytest.raises(StoreFault, match="cannot be stored"):
        store.lease("k", 1 << 80, 1, 1)
    assert store.use_once("idp", "j", until=NOW + 10, now=NOW)


def test_ids_are_told_apart_to_the_last_byte(store: Store) -> None:
    for jti in ("j", "J", "j\0", "j\0k", "j ", "", "é", "e\u0301"):
        assert store.use_once("idp", jti, until=NOW + 10, now=NOW)
        assert not store.use_once("idp", jti, until=NOW + 10, now=NOW)


# -- overrides and what workers share


def an_override(id: str = "o1", until: float = NOW + 100) -> Override:
    return Override(id, "default-deny", "agent:a", "crm", "delete", until)


def test_an_override_is_in_force_until_it_ends(store: Store) -> None:
    store.add_override(an_override(), why="a good reason", by="me", created=NOW)
    (granted,) = store.overrides(NOW)
    assert (granted.override, granted.why, granted.by, granted.created) == (an_override(), "a good reason", "me", NOW)
    assert store.shared(NOW).overridden(("default-deny",), "agent:a", "crm", "delete", NOW) == "o1"
    assert store.overrides(NOW + 100) == []
    assert store.end_override("o1", "me", NOW + 1)
    assert store.overrides(NOW + 1) == []
    assert not store.end_override("o1", "me", NOW + 1)


def test_an_override_that_has_expired_cannot_be_ended(store: Store) -> None:
    store.add_override(an_override(), why="a good reason", by="me", created=NOW)
    assert not store.end_override("o1", "me", NOW + 100)


def test_the_number_rises_with_what_is_shared_and_with_nothing_else(path: Path, store: Store) -> None:
    other = Store(path)
    steps: list[Callable[[], object]] = [
        lambda: other.revoke("token", "t", until=NOW + 9, by="me", at=NOW),
        lambda: other.add_override(an_override(), why="a good reason", by="me", created=NOW),
        lambda: other.end_override("o1", "me", NOW),
        lambda: other.revoke("client", "c", until=NOW + 9, by="me", at=NOW),
        lambda: other.end_revocation("client", "c", now=NOW),
    ]
    for step in steps:
        before = store.changed()
        step()
        assert store.changed() > before
        assert store.shared(NOW).epoch == store.changed()
    before = store.changed()
    other.lease("k", 1, 1, 1)
    other.use_once("idp", "j", until=NOW + 9, now=NOW)
    other.issued(issued("t"))
    other.end_override("o1", "me", NOW)
    other.end_revocation("client", "c", now=NOW)
    assert store.changed() == before
    other.close()


def test_what_has_expired_is_swept(path: Path, store: Store) -> None:
    store.revoke("token", "t", until=NOW + 10, by="me", at=NOW)
    store.add_override(an_override(until=NOW + 10), why="a good reason", by="me", created=NOW)
    store.issued(issued("t", expires=NOW + 10))
    store.remember_task("crm", "task", "me", NOW + 10)
    assert store.use_once("idp", "j", until=NOW + 10, now=NOW)
    store.use_once("idp", "k", until=NOW + 5000, now=NOW + 4000)
    for table in ("revocation", "override", "issued", "task"):
        assert store._database.read(f"SELECT * FROM {table}") == []
    assert len(store._database.read("SELECT * FROM used")) == 1


# -- tasks, tools, policies


def test_a_task_belongs_to_whom_it_was_given_first(store: Store) -> None:
    assert store.task("crm", "task", NOW) is None
    store.remember_task("crm", "task", "me", NOW + 10, "find")
    store.remember_task("crm", "task", "you", NOW + 100)
    assert store.task("crm", "task", NOW) == ("me", "find")
    assert store.task("files", "task", NOW) is None
    assert store.task("crm", "task", NOW + 10) is None
    store.remember_task("crm", "task", "me", NOW + 100)
    assert store.task("crm", "task", NOW + 10) == ("me", "find")


def test_tools_are_kept_as_they_came(store: Store) -> None:
    store.keep_tool("crm", "b", b'{"type": "object"}', None, b"{}", NOW)
    store.keep_tool("crm", "a", b"{}", b"{ }", b"{}", NOW)
    store.keep_tool("crm", "b", b"{}", b"{}", b'{"readOnlyHint":true}', NOW + 1)
    store.keep_tool("files", "a", b"{}", None, b"{}", NOW)
    found = [
        (tool.tool, tool.input_schema, tool.output_schema, tool.annotations, tool.at) for tool in store.tools("crm")
    ]
    assert found == [("a", b"{}", b"{ }", b"{}", NOW), ("b", b"{}", b"{}", b'{"readOnlyHint":true}', NOW + 1)]
    assert store.tools("nothing") == []


def test_policy_sets_are_kept_by_digest(store: Store) -> None:
    files = {"a.cedar": "permit(principal, action, resource);", "é.cedar": "\u2028"}
    store.keep_policies("d", files, NOW)
    store.keep_policies("d", {"other": ""}, NOW)
    assert store.policies("d") == files
    assert store.policies("e") is None


# -- leases


def test_a_window_gives_out_no_more_than_there_is(store: Store, path: Path) -> None:
    other = Store(path)
    assert store.lease("k", 7, 60, 100) == 60
    assert other.lease("k", 7, 60, 100) == 40
    assert other.lease("k", 7, 60, 100) == 0
    assert store.lease("k", 7, -10, 100) == -10
    assert other.lease("k", 7, 60, 100) == 10
    assert store.lease("k", 8, 60, 100) == 60
    assert store.lease("other", 7, 60, 100) == 60
    other.close()


def test_more_cannot_be_given_back_than_was_taken(store: Store) -> None:
    assert store.lease("k", 7, 5, 100) == 5
    assert store.lease("k", 7, -50, 100) == -5
    assert store.lease("k", 7, 200, 100) == 100


def test_a_pool_that_shrank_gives_nothing(store: Store) -> None:
    assert store.lease("k", 7, 80, 100) == 80
    assert store.lease("k", 7, 80, 50) == 0
    assert store.lease("k", 7, 80, -5) == 0


def test_old_windows_go(store: Store) -> None:
    store.leases([Lease("k", 7, 1, 100), Lease("l", 7, 1, 100)])
    store.lease("k", 9, 1, 100)
    assert store._database.read("SELECT minute FROM lease") == [(9,)]
    assert store.leases([]) == []


# -- several processes

WRITER = """
import sys
from pathlib import Path
from doorward.control.store import Store
store = Store(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    store.revoke("token", f"{sys.argv[2]}-{number}", until=2e9, by="me", at=1e6)
    print(number, flush=True)
"""


Writers = Callable[[str, int], "subprocess.Popen[str]"]


@pytest.fixture
def writer(path: Path) -> Iterator[Writers]:
    """Starts processes that write; what is left of them afterwards is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str, many: int) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), name, str(many)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def locked(path: Path) -> sqlite3.Connection:
    """Another process that turns the new file to WAL."""
    prepare(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    return other


def test_opening_waits_where_sqlite_does_not(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = locked(path)
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        other.close()

    monkeypatch.setattr(database, "BUSY", 0.0)
    monkeypatch.setattr(database.time, "sleep", sleep)
    Store(path).close()
    assert len(waited) == 1


def test_opening_does_not_wait_for_ever(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = locked(path)
    monkeypatch.setattr(database, "BUSY", 0.0)
    monkeypatch.setattr(database, "OPENING", 0.0)
    assert "locked" in problem(path)
    other.close()


def test_processes_that_open_and_write_at_once_lose_nothing(path: Path, writer: Writers) -> None:
    writers = [writer(name, 20) for name in "abc"]
    for each in writers:  # all three make the file and its tables
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in writers:
        each.communicate("go\n", timeout=60)
        assert each.returncode == 0
    store = Store(path)
    assert store.shared(NOW).revocations.tokens == {f"{name}-{number}" for name in "abc" for number in range(20)}
    store.close()


def test_what_was_acknowledged_survives_the_kill_of_its_writer(path: Path, writer: Writers) -> None:
    killed = writer("k", 100_000)
    assert killed.stdin is not None
    assert killed.stdout is not None
    killed.stdout.readline()
    killed.stdin.write("go\n")
    killed.stdin.flush()
    told = [int(killed.stdout.readline()) for _ in range(25)]
    killed.send_signal(signal.SIGKILL)  # wherever it is, between two statements or in the middle of one
    rest, _ = killed.communicate(timeout=60)
    told += [int(line) for line in rest.split("\n")[:-1]]
    store = Store(path)
    tokens = store.shared(NOW).revocations.tokens
    assert tokens >= {f"k-{number}" for number in told}
    assert len(tokens) <= len(told) + 1
    store.revoke("token", "more", until=2e9, by="me", at=NOW)
    store.close()


def test_a_transaction_that_was_cut_leaves_nothing(path: Path) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from doorward.control.store import Store
store = Store(Path(sys.argv[1]))
with store._database.change() as change:
    change.execute("INSERT INTO revocation VALUES ('token', '', 'half', 2e9, 'me', 1e6)")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code, str(path)], timeout=60)
    assert done.returncode == -signal.SIGKILL
    store = Store(path)
    assert store.shared(NOW).revocations.tokens == frozenset()
    store.revoke("token", "t", until=2e9, by="me", at=NOW)
    store.close()


async def test_threads_share_one_store(store: Store) -> None:
    def write(number: int) -> None:
        store.revoke("token", f"t{number}", until=NOW + 9, by="me", at=NOW)

    await asyncio.gather(*(asyncio.to_thread(write, number) for number in range(20)))
    assert len(store.shared(NOW).revocations.tokens) == 20

from pathlib import Path

import msgspec

from doorward.supervisor.plan import Plan, fixed

OLD = Plan(Path("a"), "old", "d1", "127.0.0.1:1", "127.0.0.1:2", 1, 30.0, Path("k"), Path("l"), "audit")


def test_what_only_a_restart_changes_stays_and_is_named() -> None:
    new = Plan(Path("a"), "new", "d2", "127.0.0.1:9", "127.0.0.1:9", 9, 5.0, Path("k9"), Path("l9"), "enforce")
    kept, waiting = fixed(OLD, new)
    assert waiting == ["listen.address", "listen.workers", "admin.address", "keys.directory", "audit.directory"]
    assert kept == msgspec.structs.replace(OLD, text="new", digest="d2", drain=5.0, mode="enforce")


def test_what_did_not_change_is_not_named() -> None:
    new = msgspec.structs.replace(OLD, text="new")
    assert fixed(OLD, new) == (new, [])

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.unit.control.test_admin import get

from doorward.control.api import FILTERS, MOST, SHOWN, Api
from doorward.control.rollout import UNWAIVABLE, Modes, ServerModes
from doorward.control.store import Issued, Store
from doorward.control.store.rows import Revoked
from doorward.core import audit_layout
from doorward.core.audit import AuditRecord, timestamp
from doorward.core.shared import Override

NOW = 1_000_000.0
WRITER = "aa" * 16


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "state" / "state.db")
    yield opened
    opened.close()


@pytest.fixture
def api(store: Store, tmp_path: Path) -> Api:
    return Api(store, tmp_path / "audit", lambda: {"mode": "audit", "servers": []}, lambda: NOW)


async def ask(api: Api, question: str) -> Any:
    status, _, body = await get(f"/api/v1/{question}", b"localhost", routes=api.routes())
    assert status == 200, body
    return json.loads(body)


async def refused(api: Api, question: str) -> str:
    status, _, body = await get(f"/api/v1/{question}", b"localhost", routes=api.routes())
    assert status == 400
    return str(json.loads(body)["detail"])


def write(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    place = tmp_path / "audit" / WRITER
    place.mkdir(parents=True)
    lines = []
    for seq, fields in enumerate(records):
        made = {"event_id": "e", "exchange_id": f"x{seq}", "kind": "exchange", "phase": "outcome", **fields}
        record = AuditRecord(timestamp=timestamp(NOW + seq), **made)
        record.writer, record.seq = WRITER, seq
        lines.append(msgspec.json.encode(record) + b"\n")
    (place / audit_layout.segment(1)).write_bytes(b"".join(lines))


async def test_grants(api: Api, store: Store) -> None:
    store.issued(Issued("g", "t1", "agent:a", "agent:a", "crm: get_*", NOW, NOW + 900))
    store.issued(Issued("g", "t2", "agent:b", "agent:a", "crm: get_x", NOW, NOW + 60, "t1"))
    store.revoke("token", "t2", until=NOW + 60, by="os:ines", at=NOW)
    first, second = (await ask(api, "grants"))["items"]
    assert first == {
        "grant_id": "g",
        "token_id": "t1",
        "client": "agent:a",
        "subject": "agent:a",
        "servers": "crm: get_*",
        "issued": "1970-01-12T13:46:40.000Z",
        "expires": "1970-01-12T14:01:40.000Z",
        "parent": "",
        "revoked": False,
    }
    assert (second["parent"], second["revoked"]) == ("t1", True)


async def test_revocations(api: Api, store: Store) -> None:
    store.revoke("sub", "alice", issuer="idp", until=NOW + 60, by="os:ines", at=NOW)
    assert await ask(api, "revocations") == {
        "items": [
            {
                "kind": "sub",
                "issuer": "idp",
                "value": "alice",
                "until": "1970-01-12T13:47:40.000Z",
                "by": "os:ines",
                "at": "1970-01-12T13:46:40.000Z",
            }
        ],
        "next": None,
    }


async def test_what_is_revoked_for_good_can_be_shown(api: Api, store: Store) -> None:
    store.revoke("sub", "alice", issuer="idp", until=float("inf"), by="os:ines", at=NOW)
    (shown,) = (await ask(api, "revocations"))["items"]
    assert shown["until"] == "9999-12-31T23:59:59.000Z"


async def test_overrides(api: Api, store: Store) -> None:
    override = Override("ovr-1", "default-deny", "agent:a", "crm", "delete", NOW + 60)
    store.add_override(override, why="a good reason", by="os:ines", created=NOW)
    (shown,) = (await ask(api, "overrides"))["items"]
    assert shown == {
        "id": "ovr-1",
        "rule": "default-deny",
        "agent": "agent:a",
        "server": "crm",
        "tool": "delete",
        "until": "1970-01-12T13:47:40.000Z",
        "why": "a good reason",
        "by": "os:ines",
        "created": "1970-01-12T13:46:40.000Z",
    }


async def test_modes(api: Api) -> None:
    assert await ask(api, "modes") == {"mode": "audit", "servers": []}


@pytest.mark.parametrize("many", [4, 5, 6])
async def test_pages_hold_each_entry_once(api: Api, store: Store, many: int) -> None:
    for number in range(many):
        store.revoke("token", f"t{number}", until=NOW + 60, by="os:ines", at=NOW)
    found: list[str] = []
    page = await ask(api, "revocations?limit=2")
    while page["next"] is not None:
        assert len(page["items"]) == 2
        found += [item["value"] for item in page["items"]]
        page = await ask(api, f"revocations?limit=2&cursor={page['next']}")
    found += [item["value"] for item in page["items"]]
    assert found == [f"t{number}" for number in range(many)]


async def test_decisions_are_the_last_outcomes(api: Api, tmp_path: Path) -> None:
    write(tmp_path, [{"phase": "intent"}, {"decision": "deny"}, {"kind": "message", "phase": ""}, {"phase": "intent"}])
    found = await ask(api, "decisions")
    assert [item["seq"] for item in found["items"]] == [2, 1]
    assert list(found["items"][0]) == list(SHOWN)
    assert (found["next"], found["whole"]) == (None, True)
    page = await ask(api, "decisions?limit=1")
    assert [item["seq"] for item in page["items"]] == [2]
    rest = await ask(api, f"decisions?limit=1&cursor={page['next']}")
    assert [item["seq"] for item in rest["items"]] == [1]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("decision=deny", [1]),
        ("would_have=deny", [2]),
        ("server=crm&tool=delete", [1, 0]),
        ("identity=agent:b", [2]),
        ("reason=policy.denied&decision=allow", [2]),
        ("mode=audit", [2]),
        ("kind=admin", []),
        ("exchange_id=x1", [1]),
    ],
)
async def test_decisions_can_be_narrowed(api: Api, tmp_path: Path, question: str, found: list[int]) -> None:
    mine = {"mcp_server": "crm", "tool_name": "delete", "identity": "agent:a", "mode": "enforce"}
    watched = {"identity": "agent:b", "would_have": "deny", "reason": "policy.denied", "mode": "audit"}
    write(tmp_path, [mine, mine | {"decision": "deny", "reason": "policy.denied"}, watched])
    assert [item["seq"] for item in (await ask(api, f"decisions?{question}"))["items"]] == found


def test_what_is_shown_is_in_a_record_and_no_hash() -> None:
    assert set(SHOWN) <= set(AuditRecord.__struct_fields__)
    assert not any("hash" in name for name in SHOWN)


@pytest.mark.parametrize("path", ["grants", "revocations", "overrides", "decisions"])
async def test_bad_questions(api: Api, path: str) -> None:
    for limit in ("0", "-1", str(MOST + 1), "x", "", "1e2", "\u0663", "9" * 30):
        assert "limit" in await refused(api, f"{path}?limit={limit}")
    for cursor in ("x", "", "-1", "1;drop", "9" * 40, "2026,zz,1", "2026-01-01T00:00:00.000Z,aa,-1"):
        assert "cursor" in await refused(api, f"{path}?cursor={cursor}")
    assert "known parameters" in await refused(api, f"{path}?limt=1")
    assert "each once" in await refused(api, f"{path}?limit=1&limit=2")


async def test_events_are_asked_for_beside_the_rest(api: Api, tmp_path: Path) -> None:
    write(tmp_path, [{"decision": "allow"}, {"decision": "deny"}])
    assert [item["seq"] for item in (await ask(api, "events?filter=decision%3Ddeny"))["items"]] == [1]
    api.close()
    status, _, body = await get("/api/v1/events/live", b"localhost", routes=api.routes())
    assert (status, json.loads(body)["error"]) == (503, "events.too_many")


async def test_modes_take_no_question(api: Api) -> None:
    assert "none" in await refused(api, "modes?server=crm")


async def test_a_store_that_cannot_be_read_is_503(api: Api, store: Store) -> None:
    store.close()
    status, _, body = await get("/api/v1/grants", b"localhost", routes=api.routes())
    assert (status, json.loads(body)["error"]) == (503, "state.unavailable")


def test_the_page_of_docs_shows_what_is_answered(store: Store) -> None:
    page = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
    grants, revocations, overrides, modes_shown, decisions = map(
        json.loads, re.findall(r"```json\n(.*?)```", page, re.S)
    )
    assert set(grants["items"][0]) == set(Issued.__struct_fields__)
    assert set(revocations["items"][0]) == set(Revoked.__struct_fields__)
    assert list(overrides["items"][0]) == [*Override.__struct_fields__, "why", "by", "created"]
    assert set(modes_shown) == set(Modes.__struct_fields__)
    assert set(modes_shown["servers"][0]) == set(ServerModes.__struct_fields__)
    assert list(decisions["items"][0]) == list(SHOWN)
    assert all(f"`{name}`" in page for name in FILTERS)


def test_the_page_on_overrides_names_what_cannot_be_waived() -> None:
    page = (Path(__file__).parents[3] / "docs" / "rollout.md").read_text(encoding="utf-8")
    table = page.partition("What cannot, for anybody:")[2].partition("The right to give one")[0]
    assert set(re.findall(r"`([^`]+)`", table)) == UNWAIVABLE

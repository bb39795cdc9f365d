"""The run, start to end: who may call what is in grants.py and exceptions.py, the rest here."""

import asyncio
import signal
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult

from doorward.demo.client import ERAS, MODERN, Session, crm_command, over_http, over_stdio, text_of
from doorward.demo.exceptions import audited, denied, excepted
from doorward.demo.grants import allowed, minted, narrowed, refused, revoked
from doorward.demo.paper import Paper
from doorward.demo.setting import CLEAN, LITERAL, SECRETIVE, DemoError, Setting, said, started, tail

_CALLS = 50
_WHOLE_S = 60.0
_REDACTION = "io.doorward/redaction"


def run(paper: Paper) -> None:
    """Everything, start to end. Raises ``DemoError`` when something is not as it should be; leaves nothing behind."""
    with tempfile.TemporaryDirectory(prefix="doorward-demo-") as directory:
        asyncio.run(_bounded(paper, Path(directory)))


async def _bounded(paper: Paper, home: Path) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        async with asyncio.timeout(_WHOLE_S):
            await _show(paper, home)
    except TimeoutError as late:
        raise DemoError(f"not done after {_WHOLE_S:.0f} s; {said(home)}") from late
    except asyncio.CancelledError:
        raise DemoError("stopped; everything that was started has ended") from None
    except (MCPError, httpx2.HTTPError, OSError, ExceptionGroup) as wrong:
        raise DemoError(f"{_plain(wrong)}; {said(home)}") from wrong


def _plain(wrong: Exception) -> str:
    """What went wrong, out of the groups in which task groups wrap it."""
    if isinstance(wrong, ExceptionGroup):
        return "; ".join(_plain(inner) for inner in wrong.exceptions)
    return str(wrong) if isinstance(wrong, DemoError) else f"{type(wrong).__name__}: {wrong}"


async def _show(paper: Paper, home: Path) -> None:
    paper.title("Doorward demo: a sample CRM server, the gateway before it, and a client on the official MCP SDK.")
    async with started(home) as bare:
        setting = replace(bare, token=await minted(bare))
        for part in (
            _same_answer,
            _seen,
            refused,
            allowed,
            narrowed,
            denied,
            audited,
            excepted,
            _redaction,
            _cost,
            revoked,
        ):
            await part(paper, setting)
        written = len(setting.records())
    paper.line()
    paper.line(f"Done. {written} records in the journal; everything that was started has ended.")


async def _same_answer(paper: Paper, setting: Setting) -> None:
    paper.section(f"What the client sees: tools/call get_customer {CLEAN}, direct and through the gateway")
    http = [await _compare_http(setting, era) for era in ERAS]
    stdio = await asyncio.gather(*(_compare_stdio(setting, era) for era in ERAS))
    rows = [*http, *stdio]
    paper.table(rows, ("protocol", "transport", "direct (SHA-256)", "through Doorward", "bytes", ""))
    if any(row[-1] != "identical" for row in rows):
        raise DemoError("an answer changed on its way through the gateway")
    paper.verdict(True, "Byte for byte the same answer, in both eras and on both transports.")


async def _compare_http(setting: Setting, era: str) -> list[str]:
    async def ask(url: str, token: str | None) -> Session:
        async with over_http(url, era, token) as session:
            await _clean_call(session)
        return session

    return _row("HTTP", era, await ask(setting.direct, None), await ask(setting.enforced, setting.token))


async def _compare_stdio(setting: Setting, era: str) -> list[str]:
    async def ask(name: str, command: list[str]) -> Session:
        copy, errors = setting.home / f"{name}-{era}.out", setting.home / f"{name}-{era}.log"
        try:
            async with over_stdio(command, era, copy, errors, setting.environment()) as session:
                await _clean_call(session)
        except (MCPError, OSError, ExceptionGroup) as wrong:
            raise DemoError(f"{name} over stdio, {era}: {_plain(wrong)}; stderr ends with:\n{tail(errors)}") from wrong
        return session

    command = crm_command("--stdio")
    direct, wrapped = await asyncio.gather(ask("direct", command), ask("wrapped", setting.wrapped(command)))
    return _row("stdio", era, direct, wrapped)


def _row(transport: str, era: str, direct: Session, through: Session) -> list[str]:
    a, b = direct.tap, through.tap
    same = a.answers == b.answers and bool(a.answers) and direct.version == through.version == era
    return [era, transport, a.fingerprint(), b.fingerprint(), str(b.size()), "identical" if same else "DIFFERENT"]


async def _clean_call(session: Session) -> None:
    result = await session.call("get_customer", customer_id=CLEAN)
    if result.is_error or not result.structured_content:
        raise DemoError(f"get_customer failed: {text_of(result)}")


async def _seen(paper: Paper, setting: Setting) -> None:
    paper.section("What the gateway saw: the records of these calls in its journal")
    calls = [record for record in setting.records() if record["method"] == "tools/call"]
    calls.sort(key=lambda record: (record["transport"], record["protocol"], record["exchange_id"]))
    if len(calls) < 2 * 2 * len(ERAS):
        raise DemoError(f"the journal holds {len(calls)} records of tools/call, an intent and an outcome each expected")
    head = ("protocol", "by", "phase", "identity", "server/tool", "in mode", "ours/all")
    paper.table([_record(record) for record in calls], head)
    paper.line("An intent is written before a call goes on, its outcome before the answer; no payload text.")
    paper.line("Doorward's own time and all of it, in ms; over stdio they may hold the start of the server.")


def _record(record: dict[str, Any]) -> list[str]:
    outcome = record["phase"] == "outcome"
    return [
        record["protocol"],
        record["transport"],
        record["phase"],
        record["identity"],
        f"{record['mcp_server']}/{record['tool_name']}",
        f"{record['mode']}: {record['decision']}" if outcome else record["mode"],
        f"{_ms(record['gateway_ms'])}/{record['latency_ms']:.0f}" if outcome else "",
    ]


def _ms(taken: float) -> str:
    return f"{taken:.1f}" if taken < 100 else f"{taken:.0f}"


async def _redaction(paper: Paper, setting: Setting) -> None:
    paper.section(f"A redaction: a detector for one literal, get_customer {SECRETIVE}")
    before = await _one(setting.direct, None, SECRETIVE)
    after = await _one(setting.enforced, setting.token, SECRETIVE)
    if LITERAL not in str(before) or LITERAL in str(after):
        raise DemoError("the literal should be in the direct answer and not in the other")
    told = (after.meta or {}).get(_REDACTION)
    paper.table(
        [
            ("server says:", f"account = {_account(before)}"),
            ("client sees:", f"account = {_account(after)}   (text and structuredContent alike)"),
            ("client is told:", f'_meta["{_REDACTION}"] = {told}'),
            ("record says:", f"entities = {setting.last_outcome('crm')['entities']}"),
        ]
    )


async def _one(url: str, token: str | None, customer: str) -> CallToolResult:
    async with over_http(url, MODERN, token) as session:
        return await session.call("get_customer", customer_id=customer)


def _account(result: CallToolResult) -> str:
    structured = result.structured_content
    return str(structured["account"]) if isinstance(structured, dict) else "(nothing)"


async def _cost(paper: Paper, setting: Setting) -> None:
    paper.section(f"What it costs: median of {_CALLS} calls each way, in turns; the SDK's client takes most of it")
    rows = []
    for era in ERAS:
        async with over_http(setting.direct, era) as direct, over_http(setting.enforced, era, setting.token) as through:
            without, with_it = await _in_turns(lambda: _clean_call(direct), lambda: _clean_call(through))
        ours = [record["gateway_ms"] for record in setting.records() if _is_timed(record, era)][-_CALLS:]
        added = 1000 * (with_it - without)
        row = [
            f"{1000 * without:.1f} ms",
            f"{1000 * with_it:.1f} ms",
            f"{added:+.1f} ms",
            f"{statistics.median(ours):.2f} ms",
        ]
        rows.append([era, *row])
    paper.table(rows, ("protocol", "direct", "through Doorward", "difference", "Doorward's own share"))


async def _in_turns(one: Callable[[], Awaitable[None]], other: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """Median seconds of each; the first call of each only opens the connection."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(_CALLS + 1):
        for call, into in zip((one, other), taken, strict=True):
            start = time.perf_counter()
            await call()
            into.append(time.perf_counter() - start)
    return statistics.median(taken[0][1:]), statistics.median(taken[1][1:])


def _is_timed(record: dict[str, Any], era: str) -> bool:
    return (record["phase"], record["method"], record["protocol"]) == ("outcome", "tools/call", era)

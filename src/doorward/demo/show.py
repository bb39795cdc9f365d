"""The run, start to end: who may call what is in grants.py and exceptions.py, what is found in screening.py, what the
log is worth in proof.py, the rest here.
"""

import asyncio
import signal
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
from mcp.shared.exceptions import MCPError

from doorward.demo.client import ERAS, MODERN, Session, crm_command, over_http, over_stdio, text_of
from doorward.demo.customers import PRODUCTS
from doorward.demo.exceptions import audited, denied, excepted
from doorward.demo.grants import allowed, minted, narrowed, refused, revoked
from doorward.demo.paper import Paper
from doorward.demo.proof import page, tampered, verified
from doorward.demo.screening import customer, known, notes, report, stopped
from doorward.demo.setting import CLEAN, CUSTOMER, DETECTORS, DemoError, Setting, prepared, said, started, tail

_CALLS = 30
_WHOLE_S = 60.0


def run(paper: Paper) -> None:
    """Everything, start to end. Raises ``DemoError`` when something is not as it should be. Leaves nothing behind but
    a report, where all went well.
    """
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
    paper.line("Starting: the gateway compiles what its detectors look for, which takes some seconds.")
    bare = prepared(home)
    stdio = asyncio.create_task(_all_stdio(bare))  # needs no gateway, so it need not wait for it
    try:
        async with started(bare):
            setting = replace(bare, token=await minted(bare))
            await _same_answer(paper, setting, await stdio)
            for part in (
                _seen,
                refused,
                allowed,
                narrowed,
                denied,
                audited,
                excepted,
                customer,
                notes,
                known,
                stopped,
                report,
                _cost,
                revoked,
            ):
                await part(paper, setting)
            written = len(setting.records())
        for part in (verified, tampered, page):  # the gateway has ended, so its log is closed
            await part(paper, setting)
    finally:
        stdio.cancel()
        await asyncio.gather(stdio, return_exceptions=True)
    paper.line()
    paper.line(f"Done. {written} records in the journals; everything that was started has ended.")


async def _same_answer(paper: Paper, setting: Setting, stdio: Sequence[list[str]]) -> None:
    paper.section(f"What has nothing in it stays as it is: {CLEAN}, direct and through the gateway")
    rows = [*[await _compare_http(setting, era) for era in ERAS], *stdio]
    paper.table(rows, ("protocol", "transport", "direct (SHA-256)", "through Doorward", "bytes", ""))
    if any(row[-1] != "identical" for row in rows):
        raise DemoError("an answer changed on its way through the gateway")
    paper.verdict(True, "Byte for byte the same answer, in both eras and on both transports.")
    named = " and ".join(repr(row["name"]) for row in PRODUCTS[:2])
    paper.line(
        f"Looked through over HTTP by the detectors {', '.join(DETECTORS)}. Its products have names like {named}, and "
        "numbers like telephones'."
    )


async def _all_stdio(setting: Setting) -> list[list[str]]:
    return await asyncio.gather(*(_compare_stdio(setting, era) for era in ERAS))


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
    result = await session.call(CLEAN)
    if result.is_error or not result.structured_content:
        raise DemoError(f"{CLEAN} failed: {text_of(result)}")


async def _personal_call(session: Session) -> None:
    result = await session.call("get_customer", customer_id=CUSTOMER["id"])
    if result.is_error:
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


async def _cost(paper: Paper, setting: Setting) -> None:
    paper.section(f"What it costs: median of {_CALLS} calls each way, in turns; the SDK's client takes most of it")
    rows = [await _timed(setting, era, CLEAN, _clean_call) for era in ERAS]
    rows.append(await _timed(setting, MODERN, "get_customer", _personal_call))
    paper.table(rows, ("protocol", "tool", "direct", "through Doorward", "difference", "Doorward's own share"))


async def _timed(setting: Setting, era: str, tool: str, call: Callable[[Session], Awaitable[None]]) -> list[str]:
    async with over_http(setting.direct, era) as direct, over_http(setting.enforced, era, setting.token) as through:
        without, with_it = await _in_turns(lambda: call(direct), lambda: call(through))
    ours = [record["gateway_ms"] for record in setting.records() if _is_timed(record, era, tool)][-_CALLS:]
    return [
        era,
        tool,
        f"{1000 * without:.1f} ms",
        f"{1000 * with_it:.1f} ms",
        f"{1000 * (with_it - without):+.1f} ms",
        f"{statistics.median(ours):.2f} ms",
    ]


async def _in_turns(one: Callable[[], Awaitable[None]], other: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """Median seconds of each; the first call of each only opens the connection."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(_CALLS + 1):
        for call, into in zip((one, other), taken, strict=True):
            start = time.perf_counter()
            await call()
            into.append(time.perf_counter() - start)
    return statistics.median(taken[0][1:]), statistics.median(taken[1][1:])


def _is_timed(record: dict[str, Any], era: str, tool: str) -> bool:
    return (record["phase"], record["tool_name"], record["protocol"]) == ("outcome", tool, era)

"""What a policy forbids: the refusal that an agent can act on, the same in audit mode, an override in soft mode."""

import asyncio
import time

from mcp.types import CallToolResult

from doorward.demo.client import MODERN, over_http, text_of
from doorward.demo.paper import Paper
from doorward.demo.setting import AGENT, REFUSED, RULE, SOMEBODY, DemoError, Setting

_DECISION = "io.doorward/decision"
_WHY = "Migration of notes, agreed with Ines, ticket OPS-311"
_IN_FORCE_S = 10.0  # two are promised; a demo on a busy machine shows the time, and does not fail for it


async def denied(paper: Paper, setting: Setting) -> None:
    """In enforce, and the session goes on."""
    paper.section(f"A denial that an agent can act on: the Cedar policy {RULE} forbids agents {REFUSED}")
    async with over_http(setting.enforced, MODERN, setting.token) as session:
        answer = await session.call(REFUSED, customer_id=SOMEBODY, text="will call again")
        after = await session.call("get_customer", customer_id=SOMEBODY)
    decision = (answer.meta or {}).get(_DECISION, {})
    if not answer.is_error or decision.get("rules") != [RULE] or after.is_error:
        raise DemoError(f"{REFUSED} was not refused by {RULE}: {text_of(answer)}")
    paper.paragraph("model reads:", text_of(answer))
    said = f'_meta["{_DECISION}"]: reason = {decision["reason"]}, rules = {decision["rules"]}'
    paper.paragraph("programs read:", f"{said}; the session goes on")


async def audited(paper: Paper, setting: Setting) -> None:
    """The same call where nothing is enforced yet."""
    paper.section("The same call on a route in audit mode")
    answer = await _note(setting, setting.audited)
    record = setting.last_outcome("crm-audit")
    if answer.is_error or record["would_have"] != "deny" or RULE not in record["rules"]:
        raise DemoError(f"the route in audit mode is not as it should be: {text_of(answer)}")
    paper.paragraph("client sees:", text_of(answer))
    paper.paragraph(
        "record says:",
        f"decision = {record['decision']}, would_have = {record['would_have']}, rules = {record['rules']}",
    )


async def excepted(paper: Paper, setting: Setting) -> None:
    """The same on a route in soft mode: refused, until an operator grants an override."""
    paper.section("The same in soft mode: refused, until an operator says why not")
    before = await _note(setting, setting.softer)
    if not before.is_error:
        raise DemoError(f"the route in soft mode let {REFUSED} pass without an override")
    about = ["--rule", RULE, "--agent", AGENT, "--server", "crm-soft", "--tool", REFUSED, "--for", "1h"]
    await setting.doorward("override", "grant", *about, "--why", _WHY)
    paper.paragraph("$", f'doorward override grant {" ".join(about)} --why "{_WHY}"')
    start = time.monotonic()
    while (answer := await _note(setting, setting.softer)).is_error:
        if time.monotonic() - start > _IN_FORCE_S:
            raise DemoError(f"{_IN_FORCE_S:.0f} s after it was granted the override is not in force: {text_of(answer)}")
        await asyncio.sleep(0.05)
    record = setting.last_outcome("crm-soft")
    if not record["override"] or record["would_have"] != "deny":
        raise DemoError("the record does not name the override")
    paper.paragraph("client sees:", text_of(answer))
    paper.paragraph("record says:", f"override = {record['override']}, would_have = {record['would_have']}")


async def _note(setting: Setting, url: str) -> CallToolResult:
    async with over_http(url, MODERN, setting.token) as session:
        return await session.call(REFUSED, customer_id=SOMEBODY, text="will call again")

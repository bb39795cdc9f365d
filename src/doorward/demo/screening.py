"""What is found in messages: a customer's record, a secret in a result, and both in what the agent sends."""

import json
from collections import Counter
from typing import Any

from mcp.types import CallToolResult

from doorward.demo.client import MODERN, over_http, text_of
from doorward.demo.customers import KEY
from doorward.demo.paper import Paper
from doorward.demo.setting import CUSTOMER, DemoError, Setting

_REDACTION = "io.doorward/redaction"
_PERSONAL = ("name", "email", "phone", "address", "account")


async def customer(paper: Paper, setting: Setting) -> None:
    """The record with and without the gateway, field by field."""
    paper.section(f"A customer's record: get_customer {CUSTOMER['id']}, without and with the gateway")
    before = await _call(setting, "get_customer", direct=True, customer_id=CUSTOMER["id"])
    after = await _call(setting, "get_customer", customer_id=CUSTOMER["id"])
    plain, shown = _object(before), _object(after)
    if any(CUSTOMER[field] in str(after) for field in _PERSONAL) or json.loads(text_of(after)) != shown:
        raise DemoError(f"the customer's data should be in the direct answer only: {shown}")
    paper.table([(field, str(plain[field]), str(shown[field])) for field in plain], ("", "server says", "client sees"))
    paper.line("In the text block as in structuredContent; the tool's outputSchema still fits.")
    told = (after.meta or {}).get(_REDACTION)
    paper.paragraph("client is told:", f'_meta["{_REDACTION}"] = {told}')
    paper.paragraph("record says:", _found(setting))


async def notes(paper: Paper, setting: Setting) -> None:
    """A secret that a server hands out, in prose that names people."""
    paper.section(f"A secret in a result: read_notes {CUSTOMER['id']}")
    before = await _call(setting, "read_notes", direct=True, customer_id=CUSTOMER["id"])
    after = await _call(setting, "read_notes", customer_id=CUSTOMER["id"])
    if KEY not in text_of(before) or KEY in str(after) or "<SECRET>" not in text_of(after):
        raise DemoError(f"the key should be in the direct answer only: {text_of(after)}")
    paper.paragraph("server says:", text_of(before))
    paper.paragraph("client sees:", text_of(after))
    paper.paragraph("record says:", _found(setting))


async def known(paper: Paper, setting: Setting) -> None:
    """Personal data that the agent sends: the agent knows it already, so it passes and is recorded."""
    paper.section(f"Personal data in arguments: search_contacts {CUSTOMER['email']}")
    answer = await _call(setting, "search_contacts", query=CUSTOMER["email"])
    [contact] = _object(answer)["result"]
    if contact["id"] != CUSTOMER["id"] or "EMAIL_ADDRESS: 1 in arguments" not in _found(setting):
        raise DemoError(f"the search should pass and be recorded: {text_of(answer)}")
    paper.paragraph("client sees:", f"{contact}: the server was asked what the agent asked")
    paper.paragraph("record says:", _found(setting))


async def stopped(paper: Paper, setting: Setting) -> None:
    """A secret that the agent sends stays here."""
    paper.section("A secret in arguments: search_contacts with the key of the shop")
    answer = await _call(setting, "search_contacts", query=f"whose key is {KEY}")
    said = text_of(answer)
    if not answer.is_error or "SECRET" not in said or KEY in said:
        raise DemoError(f"the key should not pass: {said}")
    paper.paragraph("model reads:", said)
    record = setting.last_outcome("crm")
    paper.paragraph("record says:", f"decision = {record['decision']}, {_found(setting)}; the server saw nothing")


async def report(paper: Paper, setting: Setting) -> None:
    """What the log knows of all that."""
    paper.section("What there was in all: doorward audit report --pii")
    for line in (await setting.doorward("audit", "report", "--pii")).splitlines():
        paper.line(line)


async def _call(setting: Setting, tool: str, *, direct: bool = False, **arguments: Any) -> CallToolResult:
    url, token = (setting.direct, None) if direct else (setting.enforced, setting.token)
    async with over_http(url, MODERN, token) as session:
        return await session.call(tool, **arguments)


def _object(result: CallToolResult) -> dict[str, Any]:
    if not isinstance(result.structured_content, dict):
        raise DemoError(f"the tool failed: {text_of(result)}")
    return result.structured_content


def _found(setting: Setting) -> str:
    """What the newest record lists, as text: how many of what, in which direction."""
    findings = setting.last_outcome("crm")["findings"]
    counted = Counter((one["entity"], one["direction"]) for one in findings)
    return ", ".join(f"{entity}: {count} in {direction}" for (entity, direction), count in sorted(counted.items()))

"""Who calls: no token, grants of 15 minutes, a narrower one for a sub-agent, a revocation."""

import asyncio
import json
import time
from base64 import urlsafe_b64decode
from typing import Any
from urllib.parse import quote

import httpx2

from doorward.demo.client import MODERN, over_http, text_of
from doorward.demo.paper import Paper
from doorward.demo.setting import AGENT, CLEAN, HELPER, SOMEBODY, DemoError, Setting

_TIMEOUT_S = 10.0
_REVOKED_S = 10.0  # two are promised; a demo on a busy machine shows the time, and does not fail for it
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


async def minted(setting: Setting, agent: str = AGENT, **form: str) -> str:
    """A grant from the gateway's token service (RFC 6749, 4.4; with a ``subject_token`` RFC 8693)."""
    # RFC 6749, 2.3.1: id and secret are form-encoded before they go into HTTP Basic
    login = httpx2.BasicAuth(quote(agent, safe=""), quote(setting.secrets[agent], safe=""))
    asked = {"grant_type": "client_credentials", **form}
    async with httpx2.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as http:
        answer = await http.post(f"{setting.url}/oauth/token", data=asked, auth=login)
    if answer.status_code != 200:
        raise DemoError(f"the token service refused {agent}: {answer.text}")
    return str(answer.json()["access_token"])


async def posted(url: str, token: str = "") -> httpx2.Response:
    """One ``tools/call`` of the modern era as a plain POST, to see status and headers."""
    params: dict[str, Any] = {"name": "get_customer", "arguments": {"customer_id": SOMEBODY}}
    params["_meta"] = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "demo", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    headers = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": MODERN,
        "Mcp-Method": "tools/call",
        "Mcp-Name": "get_customer",
    } | ({"Authorization": f"Bearer {token}"} if token else {})
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    async with httpx2.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as http:
        return await http.post(url, json=body, headers=headers)


async def refused(paper: Paper, setting: Setting) -> None:
    """Without a token, and with one that is for another tool."""
    paper.section("No token, and a token for another tool")
    answer = await posted(setting.enforced)
    challenge = answer.headers.get("www-authenticate", "")
    if answer.status_code != 401 or "resource_metadata" not in challenge:
        raise DemoError(f"a call without a token was answered with {answer.status_code}")
    scheme, _, where = challenge.partition("=")
    paper.paragraph("no token:", f"{answer.status_code}, and where to get one: WWW-Authenticate: {scheme}=")
    paper.paragraph("", where)
    other = await minted(setting, scope="crm:search_contacts")
    text = await _refusal(setting, other)
    paper.paragraph("another tool:", "a grant with scope crm:search_contacts, shown for get_customer; the model reads:")
    paper.paragraph("", text)


async def allowed(paper: Paper, setting: Setting) -> None:
    """The agent's own grant, and what the record says of the call."""
    paper.section(f"An allowed call: {AGENT} shows its secret once and gets a grant of 15 minutes")
    async with over_http(setting.enforced, MODERN, setting.token) as session:
        answer = await session.call(CLEAN)
    record = setting.last_outcome("crm")
    if answer.is_error or record["decision"] != "allow" or not record["grant_id"]:
        raise DemoError(f"the agent's own call did not pass: {text_of(answer)}")
    paper.paragraph("record says:", f"decision = {record['decision']}, rules = {record['rules']}")


async def narrowed(paper: Paper, setting: Setting) -> None:
    """A grant handed on with less in it (RFC 8693): what the parent may do, the child may not."""
    paper.section(f"A sub-agent: {HELPER} exchanges that grant for one with search_contacts only")
    child = await minted(
        setting,
        HELPER,
        grant_type=_EXCHANGE,
        subject_token=setting.token,
        subject_token_type=_ACCESS_TOKEN,
        scope="crm:search_contacts",
    )
    async with over_http(setting.enforced, MODERN, child) as session:
        found = await session.call("search_contacts", query="fjordlight")
    record, claims = setting.last_outcome("crm"), _claims(child)
    if found.is_error or record["identity"] != HELPER or record["grant_id"] != _claims(setting.token)["grant_id"]:
        raise DemoError(f"the sub-agent's call is not as it should be: {text_of(found)}")
    paper.paragraph("its grant says:", f"sub = {claims['sub']}, act = {claims['act']}")
    paper.paragraph("search_contacts", f"passes; record: identity = {record['identity']}, grant_id = the same")
    await _refusal(setting, child)
    rules = setting.last_outcome("crm")["rules"]
    paper.paragraph("get_customer", f"is refused, though {AGENT} may: record: rules = {rules}")


async def revoked(paper: Paper, setting: Setting) -> None:
    """``doorward token revoke`` on the agent's grant."""
    paper.section("A revocation: doorward token revoke --token-file sales.jwt")
    file = setting.home / "sales.jwt"
    file.touch(0o600)
    file.write_text(setting.token)
    await setting.doorward("token", "revoke", "--token-file", str(file))
    start = time.monotonic()
    while (answer := await posted(setting.enforced, setting.token)).status_code != 401:
        if time.monotonic() - start > _REVOKED_S:
            raise DemoError(f"{_REVOKED_S:.0f} s after its revocation the grant still opens the door")
        await asyncio.sleep(0.05)
    reason = answer.json()["error"]["data"]["reason"]
    paper.paragraph("the next call:", f"401, {reason}, {time.monotonic() - start:.1f} s after the command ended")


def _claims(token: str) -> dict[str, Any]:
    """What a grant says; the gateway has checked it."""
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


async def _refusal(setting: Setting, token: str) -> str:
    async with over_http(setting.enforced, MODERN, token) as session:
        answer = await session.call("get_customer", customer_id=SOMEBODY)
    if not answer.is_error:
        raise DemoError("a grant opened a tool that it does not name")
    return text_of(answer)

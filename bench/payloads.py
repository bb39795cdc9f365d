"""What is asked and what is answered: ``tools/call`` results of a given size, as text or structured, in both eras."""

import json
from dataclasses import dataclass

LEGACY = "2025-11-25"
MODERN = "2026-07-28"


@dataclass(frozen=True)
class Case:
    """One kind of call. ``kilobytes`` is the size of the result as JSON, within a few percent."""

    shape: str  # "text", "structured" or "clean"
    kilobytes: int
    era: str = MODERN

    @property
    def tool(self) -> str:
        return f"{self.shape}_{self.kilobytes}"

    @property
    def label(self) -> str:
        era = "" if self.era == MODERN else f", {self.era}"
        return f"{self.shape} {self.kilobytes} KB{era}"


TEXT = tuple(Case("text", size) for size in (1, 10, 100))
STRUCTURED = tuple(Case("structured", size) for size in (1, 10, 100))
LEGACY_1KB = Case("text", 1, LEGACY)
CASES = (*TEXT, LEGACY_1KB, *STRUCTURED)
CLEAN_1KB = Case("clean", 1)  # no detector has anything to look for in it
SERVED = (*CASES, CLEAN_1KB)


def request(case: Case, number: int) -> bytes:
    """The body of the call with id ``number``; arguments as an agent sends them."""
    params: dict[str, object] = {
        "name": case.tool,
        "arguments": {"query": "contracts that end before March", "limit": 20, "fields": ["id", "state", "due"]},
    }
    if case.era == MODERN:
        params["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}).encode()


def headers(case: Case, token: str) -> dict[str, str]:
    """The headers of a call; all targets get the same ones."""
    common = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "Authorization": f"Bearer {token}",
        "MCP-Protocol-Version": case.era,
    }
    if case.era == MODERN:
        common |= {"Mcp-Method": "tools/call", "Mcp-Name": case.tool}
    return common


def template(case: Case) -> tuple[bytes, bytes]:
    """The answer's body before and after its id."""
    size = case.kilobytes * 1024
    result = {"text": _text, "structured": _structured, "clean": _clean}[case.shape](size)
    if case.era == MODERN:
        result["resultType"] = "complete"
    body = json.dumps({"jsonrpc": "2.0", "id": "\0id\0", "result": result}, ensure_ascii=False, separators=(",", ":"))
    before, after = body.split(json.dumps("\0id\0"))
    return before.encode(), after.encode()


def answer(case: Case, number: int) -> bytes:
    """The whole body that answers the call with id ``number``; a transparent target delivers exactly this."""
    before, after = template(case)
    return before + str(number).encode() + after


def _text(size: int) -> dict[str, object]:
    line = 'Meeting notes: the owner asked for "a second quote" – see file 12/b.\n'
    escaped = len(json.dumps(line, ensure_ascii=False).encode()) - 2
    text = line * ((size - 100) // escaped) + "x" * ((size - 100) % escaped)
    return {"content": [{"type": "text", "text": text}], "isError": False}


def _clean(size: int) -> dict[str, object]:
    line = "the cache keeps what was read before and drops the oldest part first; "
    return {"content": [{"type": "text", "text": line * ((size - 100) // len(line))}], "isError": False}


def _structured(size: int) -> dict[str, object]:
    rows: list[dict[str, object]] = []
    left = size - 140
    while left > 0:
        at = len(rows)
        rows.append({"id": 4000 + at, "name": f"Contact {at}", "owner": "sales", "open": at % 3 == 0, "score": 0.5})
        left -= len(json.dumps(rows[-1], separators=(",", ":"))) + 1
    content = [{"type": "text", "text": f"{len(rows)} rows"}]
    return {"content": content, "structuredContent": {"rows": rows}, "isError": False}

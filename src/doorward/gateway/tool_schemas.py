"""The schemas of tools, as ``tools/list`` passed here: what calls and results are checked against.

Each caller has its own table, for a server may show every caller other tools. A caller that has listed nothing is
checked against what is stored for the server (``seed``), or else against what the first lister was shown. That can only
add a check where there would be none: what one caller's list says never replaces another's.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import islice

import msgspec

from doorward.core.message import Response
from doorward.stages.listing import MOST_ENTRIES
from doorward.stages.schema import Schema, Unusable, compile_schema

MAX_BYTES = 16 << 20  # of schemas for one server, each counted once; a server can push out only its own
MAX_TOOLS = 2048  # of one caller on one server
MAX_CALLERS = 512  # of one server
_ANNOUNCED = 4096
_STORED = ""  # the owner of what holds for everybody: no principal's key is empty


class ToolSchema(msgspec.Struct, frozen=True):
    """What a server says about one tool, in its own bytes. Empty: not said."""

    name: str
    input: bytes = b""
    output: bytes = b""
    annotations: bytes = b""

    @property
    def size(self) -> int:
        return len(self.name) + len(self.input) + len(self.output) + len(self.annotations)

    @property
    def digest(self) -> bytes:
        parts = (self.name.encode("utf-8", "surrogatepass"), self.input, self.output, self.annotations)
        return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()


class Checks:
    """The compiled schemas of one tool. The first use of each compiles it: mostly under a millisecond."""

    __slots__ = ("_arguments", "_results", "tool", "users")

    def __init__(self, tool: ToolSchema) -> None:
        self.tool = tool
        self.users = 0  # tables that hold it
        self._arguments: Schema | Unusable | None = None
        self._results: Schema | Unusable | None = None

    def arguments(self) -> Schema | Unusable | None:
        """For ``validate_arguments``; None: the tool has no ``inputSchema``."""
        if self._arguments is None and self.tool.input:
            self._arguments = compile_schema(self.tool.input)
        return self._arguments

    def results(self) -> Schema | Unusable | None:
        """For ``validate_result``; None: the tool has no ``outputSchema``."""
        if self._results is None and self.tool.output:
            self._results = compile_schema(self.tool.output)
        return self._results


Changed = Callable[[str, ToolSchema], None]
"""(server id, tool): said for the first time, or otherwise than before. Must not block: bootstrap stores it aside."""


def ignore(server: str, tool: ToolSchema) -> None:
    """Tell nobody."""


class ToolSchemas:
    """Bounded in each server: one that shows a million tools pushes out its own alone."""

    __slots__ = ("_changed", "_servers")

    def __init__(self, changed: Changed = ignore) -> None:
        self._changed = changed
        self._servers: dict[str, _Server] = {}

    def learn(self, server: str, owner: str, response: Response) -> None:
        """Take in one page of ``tools/list``. ``server`` is a configured id, ``owner`` is ``Principal.key``."""
        known = self._server(server)
        for tool in tools_of(response):
            if known.add(owner, tool):
                self._changed(server, tool)

    def seed(self, server: str, tools: list[ToolSchema]) -> None:
        """What is stored for a server: it holds for every caller who has listed nothing. Replaces an earlier seed."""
        known = self._server(server)
        known.drop(_STORED)
        for tool in tools:
            known.add(_STORED, tool)

    def checks(self, server: str, owner: str, tool: str | None) -> Checks | None:
        """What a call of this tool is checked against; None: nothing is known, so it goes unchecked (uninspected)."""
        known = self._servers.get(server)
        return known.checks(owner, tool) if known is not None and tool is not None else None

    def _server(self, server: str) -> "_Server":
        return self._servers.setdefault(server, _Server())


class _Server:
    """Tables of one server; equal tools are held, compiled and counted once."""

    __slots__ = ("_announced", "_bytes", "_held", "_tables")

    def __init__(self) -> None:
        self._tables: OrderedDict[str, dict[str, Checks]] = OrderedDict()
        self._held: dict[bytes, Checks] = {}
        self._announced: OrderedDict[bytes, None] = OrderedDict()
        self._bytes = 0

    def checks(self, owner: str, tool: str) -> Checks | None:
        table = self._tables.get(owner)
        found = table.get(tool) if table is not None else None
        if found is not None:
            self._tables.move_to_end(owner)
            return found
        stored = self._tables.get(_STORED)
        return stored.get(tool) if stored is not None else None

    def add(self, owner: str, tool: ToolSchema) -> bool:
        """Whether this was news about the tool, whoever was told."""
        digest = tool.digest
        self._put(owner, tool, digest)
        if owner == _STORED:
            self._announce(digest)
            return False
        if tool.name not in self._tables.get(_STORED, ()):
            self._put(_STORED, tool, digest, keep=owner)
        # What has no place among what holds for everybody is no news: whoever is told keeps it for ever.
        return tool.name in self._tables.get(_STORED, ()) and self._announce(digest)

    def drop(self, owner: str) -> None:
        for checks in self._tables.pop(owner, {}).values():
            self._release(checks)

    def _put(self, owner: str, tool: ToolSchema, digest: bytes, keep: str = _STORED) -> None:
        table = self._tables.setdefault(owner, {})
        self._tables.move_to_end(owner)
        old = table.get(tool.name)
        if old is None and len(table) >= MAX_TOOLS:
            return
        table[tool.name] = self._hold(tool, digest)
        if old is not None:
            self._release(old)
        while (self._bytes > MAX_BYTES or len(self._tables) > MAX_CALLERS + 1) and self._evict({owner, keep, _STORED}):
            pass
        if self._bytes > MAX_BYTES:  # one table alone is too large: what it was told last is not kept
            self._release(table.pop(tool.name))

    def _hold(self, tool: ToolSchema, digest: bytes) -> Checks:
        checks = self._held.get(digest)
        if checks is None:
            checks = self._held[digest] = Checks(tool)
            self._bytes += tool.size
        checks.users += 1
        return checks

    def _release(self, checks: Checks) -> None:
        checks.users -= 1
        if checks.users == 0:
            del self._held[checks.tool.digest]
            self._bytes -= checks.tool.size

    def _evict(self, kept: set[str]) -> bool:
        """Forget the caller who was longest away; never what holds for everybody."""
        for owner in self._tables:
            if owner not in kept:
                self.drop(owner)
                return True
        return False

    def _announce(self, digest: bytes) -> bool:
        is_new = digest not in self._announced
        self._announced[digest] = None
        self._announced.move_to_end(digest)
        if len(self._announced) > _ANNOUNCED:
            self._announced.popitem(last=False)
        return is_new


# --- the bytes of one page


class _Tool(msgspec.Struct, gc=False):
    name: str
    inputSchema: msgspec.Raw = msgspec.Raw(b"")
    outputSchema: msgspec.Raw = msgspec.Raw(b"")
    annotations: msgspec.Raw = msgspec.Raw(b"")


class _Page(msgspec.Struct, gc=False):
    tools: list[msgspec.Raw] = []


class _Answer(msgspec.Struct, gc=False):
    result: _Page


_ANSWER = msgspec.json.Decoder(_Answer)
_TOOL = msgspec.json.Decoder(_Tool)


def tools_of(response: Response) -> Iterator[ToolSchema]:
    """The tools on one page of ``tools/list``, of very many the first. What has no readable name is no tool."""
    result = response.result
    if not isinstance(result, dict) or not isinstance(result.get("tools"), list):
        return
    told = zip(_ANSWER.decode(response.raw).result.tools, result["tools"], strict=True)
    for raw, value in islice(told, MOST_ENTRIES):
        if isinstance(value, dict) and isinstance(value.get("name"), str):  # one reading: the strict reader's
            tool = _TOOL.decode(raw)
            yield ToolSchema(tool.name, _said(tool.inputSchema), _said(tool.outputSchema), _said(tool.annotations))


def _said(raw: msgspec.Raw) -> bytes:
    text = bytes(raw)
    return b"" if text == b"null" else text

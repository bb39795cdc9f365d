"""Values that must not get out, each dressed as its place wants it, and the messages that carry them."""

import base64
import copy
import json
from typing import Any, NamedTuple
from urllib.parse import quote

from tests.functional.matrix.fields import Row

from doorward.core.methods import is_modern

IDENTIFIER = "r-1"
FREE = "note"  # stands where a name is the sender's to choose


class Canary(NamedTuple):
    """``value`` goes into the message; none of ``spellings`` may be seen where the message must not be."""

    value: Any
    entity: str
    spellings: tuple[str, ...]

    def seen_in(self, text: str | bytes) -> bool:
        shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
        return any(spelling in shown for spelling in self.spellings)


def canary(row: Row, number: int) -> Canary:
    """A canary for one place; no two numbers make the same."""
    mail = f"canary.{number}@corp-{number}.example.org"
    spellings = (mail, quote(mail, safe=""), f"canary.{number}@", f"canary.{number}%40")
    if row.dress == "secret":
        return _secret(number)
    if row.dress == "number":
        card = _card(number)
        return Canary(int(card), "CREDIT_CARD", (card,))
    if row.dress in ("base64", "data"):
        held = base64.b64encode(f"Please write to {mail} until then.\n".encode()).decode()
        said = held if row.dress == "base64" else f"data:text/plain;base64,{held}"
        return Canary(said, "EMAIL_ADDRESS", (*spellings, held))
    said = {
        "text": mail if row.fate == "exact" else f"write to {mail} today",
        "key": mail,
        "json": json.dumps({"contact": mail, "count": 3}),
        "uri": f"crm://people/{quote(mail, safe='')}?view=full",
    }[row.dress]
    return Canary(said, "EMAIL_ADDRESS", spellings)


def _secret(number: int) -> Canary:
    # In pieces, so that no file holds one.
    token = "gl" + "pat-" + base64.urlsafe_b64encode(b"%06d-aZ9kQ2x" % number).decode()[:20].replace("=", "7")
    return Canary(f"use {token} for it", "SECRET", (token,))


def _card(number: int) -> str:
    """A number of 16 digits with an issuer's beginning and the right check digit (ISO/IEC 7812-1, annex B)."""
    digits = [int(digit) for digit in f"411722{number * 7919 % 10**9:09d}"]
    doubled = [digit if place % 2 else sum(divmod(digit * 2, 10)) for place, digit in enumerate(digits)]
    return "".join(map(str, digits)) + str(-sum(doubled) % 10)


# -- messages

REQUIRED: dict[str, dict[str, Any]] = {
    "initialize": {"/params/protocolVersion": "", "/params/clientInfo/name": "client"},  # its version is put in
    "tools/call": {"/params/name": "find"},
    "prompts/get": {"/params/name": "review"},
    "resources/read": {"/params/uri": "file:///a"},
    "resources/subscribe": {"/params/uri": "file:///a"},
    "resources/unsubscribe": {"/params/uri": "file:///a"},
    "tasks/get": {"/params/taskId": "t-0"},
    "tasks/update": {"/params/taskId": "t-0"},
    "tasks/cancel": {"/params/taskId": "t-0"},
    "tasks/result": {"/params/taskId": "t-0"},
    "elicitation/create": {"/params/message": "who?"},
}
"""What a request must hold to be one."""


def asking(method: str, version: str) -> dict[str, Any]:
    """A request of a method that holds nothing worth finding."""
    message: dict[str, Any] = {"jsonrpc": "2.0", "id": IDENTIFIER, "method": method, "params": {}}
    for place, value in REQUIRED.get(method, {}).items():
        put(message, place, value)
    if method == "initialize":
        message["params"]["protocolVersion"] = version
    if is_modern(version):
        message["params"]["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    return message


def carrying(row: Row, hidden: Canary, version: str) -> dict[str, Any]:
    """The message of a row with its canary in place."""
    message: dict[str, Any]
    if row.kind == "request":
        message = asking(row.method, "2025-11-25" if row.sender == "server" else version)
    elif row.kind == "notification":
        message = {"jsonrpc": "2.0", "method": row.method}
    else:
        message = {"jsonrpc": "2.0", "id": IDENTIFIER}
        put(message, f"/{row.kind}", {})
    for place, value in row.beside.items():
        put(message, place, copy.deepcopy(value))
    if row.dress == "key":
        if _at(message, row.place) is None:
            put(message, row.place, "of no interest")
        parent = _at(message, row.place.rpartition("/")[0])
        parent[hidden.value] = parent.pop(FREE)
    else:
        put(message, row.place, hidden.value)
    return message


def steps(place: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in place.split("/")[1:]]


def put(message: Any, place: str, value: Any) -> None:
    """Set what stands at a place; what is missing on the way is made."""
    *path, last = steps(place)
    node = message
    for step, following in zip(path, [*path, last][1:], strict=True):
        empty: Any = [] if following == "*" else {}
        if step == "*":
            if not node:
                node.append(empty)
            node = node[0]
        else:
            name = FREE if step == "?" else step
            if not isinstance(node.get(name), dict | list):
                node[name] = empty
            node = node[name]
    if last == "*":
        node[:] = [value]
    else:
        node[FREE if last == "?" else last] = value


def _at(message: Any, place: str) -> Any:
    node = message
    for step in steps(place):
        if step == "*":
            node = node[0] if node else None
        else:
            node = node.get(FREE if step == "?" else step)
        if node is None:
            return None
    return node


def pointer(row: Row, hidden: Canary) -> str:
    """Where the canary is, as a JSON pointer."""
    *path, last = row.place.split("/")
    name = str(hidden.value).replace("~", "~0").replace("/", "~1") if row.dress == "key" else FREE
    return "/".join([{"*": "0", "?": FREE}.get(step, step) for step in path] + [{"*": "0", "?": name}.get(last, last)])

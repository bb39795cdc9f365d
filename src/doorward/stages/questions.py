"""message -> what is asked of the policies about it: action, kind and name (docs/policies.md)."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from doorward.core.message import Message, Request

OTHER = "other"


class Asked(NamedTuple):
    """``action`` is Cedar's; ``kind`` and ``name`` are the resource's, both empty for the server itself."""

    action: str
    kind: str = ""
    name: str = ""


def asked(message: Message | None) -> list[Asked]:
    """Everything that one message wants to do; all of it must be allowed. A name that is missing is the empty one."""
    if not isinstance(message, Request):
        return [Asked(OTHER)]
    simple = _SIMPLE.get(message.method)
    if simple is not None:
        action, kind, member = simple
        return [Asked(action, kind, _text(message.params, member))]
    if message.method == "completion/complete":
        return [_completed(message.params.get("ref"))]
    if message.method.startswith("tasks/") and message.method != "tasks/list":
        return [Asked("tasks", "Task", _text(message.params, "taskId"))]
    if message.method == "subscriptions/listen":
        return [Asked(OTHER), *_listened(message.params)]
    return [Asked(OTHER)]


_SIMPLE: Mapping[str, tuple[str, str, str]] = {
    "tools/call": ("tools/call", "Tool", "name"),
    "prompts/get": ("prompts/get", "Prompt", "name"),
    "resources/read": ("resources/read", "Resource", "uri"),
    "resources/subscribe": ("resources/subscribe", "Resource", "uri"),
    "resources/unsubscribe": ("resources/subscribe", "Resource", "uri"),
}


def _completed(ref: Any) -> Asked:
    """A completion is about its ``ref``: a prompt by name, or a resource (template) by URI (MCP server/completion)."""
    if isinstance(ref, dict) and ref.get("type") == "ref/resource":
        return Asked("completion/complete", "Resource", _text(ref, "uri"))
    return Asked("completion/complete", "Prompt", _text(ref, "name") if isinstance(ref, dict) else "")


def _listened(params: Mapping[str, Any]) -> Iterator[Asked]:
    """The resources that a ``subscriptions/listen`` wants to hear of (MCP 2026-07-28, basic/patterns/subscriptions)."""
    wanted = params.get("notifications")
    uris = wanted.get("resourceSubscriptions") if isinstance(wanted, dict) else None
    for uri in uris if isinstance(uris, list) else ():
        yield Asked("resources/subscribe", "Resource", uri if isinstance(uri, str) else "")


def _text(holder: Mapping[str, Any], member: str) -> str:
    value = holder.get(member)
    return value if isinstance(value, str) else ""

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
        return _completed(message.params.get("ref"))
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


def is_named_by_no_text(message: Request) -> bool:
    """Whether what a request is about stands there as something else than a text. The policies would be asked about no
    name, and a server that takes ``["rm"]`` for ``rm``, as JavaScript's keys and URLs do, would act on that one. What
    is null is not there.
    """
    method, params = message.method, message.params
    meta = params.get("_meta")
    related = meta.get(RELATED_TASK) if type(meta) is dict else None
    if related is not None and not (type(related) is dict and _is_text(related.get("taskId"))):
        return True
    simple = _SIMPLE.get(method)
    if simple is not None:
        name = params.get(simple[2])
        return type(name) is not str and name is not None
    if method.startswith("tasks/"):
        return not _is_text(params.get("taskId"))
    if method == "completion/complete":
        ref = params.get("ref")
        return ref is not None and not (type(ref) is dict and all(_is_text(ref.get(name)) for name in _REF))
    if method == "subscriptions/listen":
        wanted = params.get("notifications")
        return wanted is not None and not (
            type(wanted) is dict and all(_are_texts(wanted.get(name)) for name in _LISTS)
        )
    return False


RELATED_TASK = "io.modelcontextprotocol/related-task"
_REF = ("type", "name", "uri")
_LISTS = ("resourceSubscriptions", "taskIds")


def _is_text(value: Any) -> bool:
    return value is None or type(value) is str


def _are_texts(value: Any) -> bool:
    return value is None or (type(value) is list and all(type(each) is str for each in value))


def _completed(ref: Any) -> list[Asked]:
    """A completion is about its ``ref``: a prompt by name, or a resource (template) by URI (MCP server/completion).
    Where it does not say which, it may be about either.
    """
    if not isinstance(ref, dict):
        return [Asked("completion/complete", "Prompt")]
    resource = Asked("completion/complete", "Resource", _text(ref, "uri"))
    prompt = Asked("completion/complete", "Prompt", _text(ref, "name"))
    if ref.get("type") == "ref/resource":
        return [resource]
    return [prompt] if ref.get("type") == "ref/prompt" or "uri" not in ref else [prompt, resource]


def _listened(params: Mapping[str, Any]) -> Iterator[Asked]:
    """The resources that a ``subscriptions/listen`` wants to hear of (MCP 2026-07-28, basic/patterns/subscriptions)."""
    wanted = params.get("notifications")
    uris = wanted.get("resourceSubscriptions") if isinstance(wanted, dict) else None
    for uri in uris if isinstance(uris, list) else ():
        yield Asked("resources/subscribe", "Resource", uri if isinstance(uri, str) else "")


def _text(holder: Mapping[str, Any], member: str) -> str:
    value = holder.get(member)
    return value if isinstance(value, str) else ""

"""What the policies are asked about each message."""

import json
from typing import Any

import pytest

from doorward.core.message import Request, read
from doorward.stages.questions import Asked, asked, is_named_by_no_text


def request(method: str, params: Any) -> Request:
    reading = read(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode(), depth=64)
    assert isinstance(reading, Request)
    return reading


@pytest.mark.parametrize(
    ("method", "params", "expected"),
    [
        ("tools/call", {"name": "search"}, ("tools/call", "Tool", "search")),
        ("tools/call", {}, ("tools/call", "Tool", "")),
        ("tools/call", {"name": 7}, ("tools/call", "Tool", "")),
        ("prompts/get", {"name": "p"}, ("prompts/get", "Prompt", "p")),
        ("resources/read", {"uri": "file:///a"}, ("resources/read", "Resource", "file:///a")),
        ("resources/subscribe", {"uri": "u"}, ("resources/subscribe", "Resource", "u")),
        ("resources/unsubscribe", {"uri": "u"}, ("resources/subscribe", "Resource", "u")),
        (
            "completion/complete",
            {"ref": {"type": "ref/prompt", "name": "p"}},
            ("completion/complete", "Prompt", "p"),
        ),
        (
            "completion/complete",
            {"ref": {"type": "ref/resource", "uri": "u"}},
            ("completion/complete", "Resource", "u"),
        ),
        ("completion/complete", {"ref": "p"}, ("completion/complete", "Prompt", "")),
        ("tasks/get", {"taskId": "t"}, ("tasks", "Task", "t")),
        ("tasks/cancel", {"taskId": "t"}, ("tasks", "Task", "t")),
        ("tasks/list", {}, ("other", "", "")),
        ("initialize", {}, ("other", "", "")),
        ("tools/list", {}, ("other", "", "")),
        ("a/new/one", {"name": "x"}, ("other", "", "")),
    ],
)
def test_each_method_asks_for_its_own(method: str, params: Any, expected: tuple[str, str, str]) -> None:
    assert asked(request(method, params)) == [Asked(*expected)]


def test_a_completion_that_does_not_say_of_what_is_about_both() -> None:
    found = asked(request("completion/complete", {"ref": {"uri": "u", "name": "p"}}))
    assert [(one.kind, one.name) for one in found] == [("Prompt", "p"), ("Resource", "u")]


RELATED = "io.modelcontextprotocol/related-task"
TEXTS = [
    ("tools/call", {}),
    ("tools/call", {"name": "find", "arguments": {"uri": ["u"]}, "_meta": {RELATED: {"taskId": "t"}, "x": [1]}}),
    ("prompts/get", {"name": None}),
    ("completion/complete", {"ref": {"type": "ref/prompt", "name": "p", "uri": None}}),
    ("subscriptions/listen", {"notifications": {"resourceSubscriptions": ["u"], "taskIds": None, "x": 1}}),
    ("subscriptions/listen", {}),
    ("tasks/list", {"cursor": "c"}),
    ("a/new/one", {"name": ["x"], "uri": 1, "taskId": 2}),
]
NO_TEXTS = [
    *((method, {"uri": uri}) for method in ("resources/read", "resources/subscribe") for uri in (["u"], {"a": "u"}, 1)),
    *(("tools/call", {"name": name}) for name in (["find"], 7, True, {})),
    ("prompts/get", {"name": ["p"]}),
    *((method, {"taskId": task}) for method in ("tasks/get", "tasks/x") for task in (["t"], 5)),
    *(("completion/complete", {"ref": ref}) for ref in ("p", ["p"], {"name": ["p"]}, {"type": 1}, {"uri": ["u"]})),
    *(
        ("subscriptions/listen", {"notifications": held})
        for held in ("u", {"resourceSubscriptions": "u"}, {"resourceSubscriptions": [["u"]]}, {"taskIds": {"0": "t"}})
    ),
    *(("tools/call", {"name": "find", "_meta": {RELATED: held}}) for held in ("t", ["t"], {"taskId": ["t"]})),
]


@pytest.mark.parametrize(("method", "params"), TEXTS)
def test_what_is_named_by_a_text_or_by_nothing(method: str, params: Any) -> None:
    assert not is_named_by_no_text(request(method, params))


@pytest.mark.parametrize(("method", "params"), NO_TEXTS)
def test_what_is_named_by_something_else(method: str, params: Any) -> None:
    assert is_named_by_no_text(request(method, params))


def test_a_listen_stream_asks_for_every_resource_that_it_names() -> None:
    found = asked(request("subscriptions/listen", {"notifications": {"resourceSubscriptions": ["a", 7, "b"]}}))
    assert [(one.action, one.name) for one in found] == [
        ("other", ""),
        ("resources/subscribe", "a"),
        ("resources/subscribe", ""),
        ("resources/subscribe", "b"),
    ]


@pytest.mark.parametrize("params", [{}, {"notifications": []}, {"notifications": {"resourceSubscriptions": "a"}}])
def test_a_listen_stream_that_names_none(params: Any) -> None:
    assert asked(request("subscriptions/listen", params)) == [Asked("other")]


def test_a_body_that_nobody_read_asks_for_the_server_itself() -> None:
    assert asked(None) == [Asked("other")]

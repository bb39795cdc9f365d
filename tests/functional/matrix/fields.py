"""Every place of every message where text can stand, as data: method x field x direction x what happens to it.

The matrix tests put a canary into each place and look what becomes of it; ``docs/coverage.md`` is made of the same
table. A place is a JSON pointer from the top of the message: ``*`` is an element of a list, ``?`` a member of any name.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, Literal, NamedTuple, TypeVar, cast

from doorward.core.methods import LEGACY, METHODS, REVISIONS, Method

Sender = Literal["client", "server"]
Kind = Literal["request", "notification", "result", "error"]
Fate = Literal["open", "exact"]
Dress = Literal["text", "key", "number", "json", "base64", "uri", "data", "secret"]

SENDERS: tuple[Sender, ...] = ("client", "server")
ASKERS: tuple[tuple[Sender, Sender], ...] = (("client", "server"), ("server", "client"))  # who asks, who answers
KINDS: tuple[Kind, ...] = ("request", "notification", "result", "error")

UNKNOWN = "acme/unheard-of"
"""Stands for every method that the protocol does not know."""

ALL = frozenset(REVISIONS)
MODERN = ALL - LEGACY


class Row(NamedTuple):
    """One place. ``fate``: "open" text may be replaced, "exact" text goes on byte for byte. ``dress``: how the canary
    is spelt there. ``beside``: what else such a message holds, by place.
    """

    method: str
    kind: Kind
    sender: Sender
    place: str
    fate: Fate = "open"
    dress: Dress = "text"
    beside: Mapping[str, Any] = {}
    every: bool = False  # one of the places that all messages of this kind have
    within: tuple[tuple[str, str], ...] = ()  # (where it begins, what it is) of the larger things it is part of

    @property
    def direction(self) -> str:
        return "arguments" if self.sender == "client" else "results"

    @property
    def revisions(self) -> tuple[str, ...]:
        """Those in which somebody may send this."""
        known = METHODS[self.method].revisions if self.method in METHODS else ALL
        if self.is_question or (self.sender == "client" and self.kind in ("result", "error")):
            known &= LEGACY  # a modern server asks in its results, and is answered in the next request
        return tuple(version for version in REVISIONS if version in known)

    @property
    def is_question(self) -> bool:
        """A request of a server."""
        return self.kind == "request" and self.sender == "server"

    def __str__(self) -> str:
        return f"{self.method} {self.kind} of the {self.sender}: {self.place} ({self.dress})"


class Places:
    """Writes rows of one method and kind: ``places("/a /b")``, ``places.exact("/c")``."""

    def __init__(self, method: str, kind: Kind, sender: Sender) -> None:
        self._message = (method, kind, sender)

    def __call__(self, places: str, dress: Dress = "text", beside: Mapping[str, Any] | None = None) -> list[Row]:
        return [Row(*self._message, place, "open", dress, beside or {}) for place in places.split()]

    def exact(self, places: str, beside: Mapping[str, Any] | None = None) -> list[Row]:
        return [Row(*self._message, place, "exact", "text", beside or {}) for place in places.split()]


# -- what several messages have in common

Write = TypeVar("Write", bound=Callable[..., list[Row]])


def part(name: str) -> Callable[[Write], Write]:
    """Of a function that writes the rows of something which several messages hold: what the docs call it."""

    def named(write: Write) -> Write:
        @wraps(write)
        def inside(say: Places, at: str, *more: Any) -> list[Row]:
            return [row._replace(within=((at, name), *row.within)) for row in write(say, at, *more)]

        return cast(Write, inside)

    return named


def _icons(at: str) -> str:
    return f"{at}/icons/*/src"


@part("an implementation")
def _implementation(say: Places, at: str) -> list[Row]:
    """clientInfo and serverInfo."""
    fields = say(" ".join(f"{at}/{name}" for name in ("name", "title", "version", "description", "websiteUrl")))
    return [*fields, *say(_icons(at), "data")]


@part("a content block")
def _block(say: Places, at: str) -> list[Row]:
    """A content block of any type (MCP server/tools, "Tool Result")."""
    kind, inner = f"{at}/type", f"{at}/resource"
    link = {kind: "resource_link", f"{at}/uri": "file:///a", f"{at}/name": "a"}
    held = {kind: "resource", f"{inner}/uri": "file:///a"}
    return [
        *say(f"{at}/text {at}/_meta/? {at}/annotations/lastModified", beside={kind: "text", f"{at}/text": "hello"}),
        *say(f"{at}/text", "json", {kind: "text"}),
        *say(f"{at}/text", "secret", {kind: "text"}),
        *say(f"{at}/mimeType {at}/_meta/?", beside={kind: "image", f"{at}/data": ""}),
        *say(f"{at}/data", "base64", {kind: "image", f"{at}/mimeType": "image/svg+xml"}),
        *say(f"{at}/data", "base64", {kind: "audio", f"{at}/mimeType": "audio/wav"}),
        *say(f"{at}/name {at}/title {at}/description {at}/mimeType", beside=link),
        *say(f"{at}/uri", "uri", link),
        *say(_icons(at), "data", link),
        *say(f"{inner}/uri", "uri", {**held, f"{inner}/text": "hello"}),
        *say(f"{inner}/text {inner}/mimeType {inner}/_meta/?", beside={**held, f"{inner}/text": "hello"}),
        *say(f"{inner}/blob", "base64", {**held, f"{inner}/mimeType": "text/plain"}),
        *say(f"{at}/anything", beside={kind: "of-tomorrow"}),
    ]


@part("a JSON Schema")
def _schema(say: Places, at: str, beside: Mapping[str, Any]) -> list[Row]:
    """A JSON Schema: what describes a field is as good a place to hide as the field."""
    part = f"{at}/properties/field"
    names = ("title", "description", "default", "pattern", "const", "$comment", "$id", "$ref", "examples/*", "enum/*")
    rows = say(" ".join(f"{part}/{name}" for name in (*names, "x-acme")), beside=beside)
    return [*rows, *say(f"{at}/description", beside=beside), *say(f"{at}/properties/?", "key", beside)]


@part("a sampling request")
def _sampling(say: Places, at: str) -> list[Row]:
    """What a server asks a model."""
    use = {f"{at}/messages/*/role": "user", f"{at}/messages/*/content/type": "tool_use"}
    answer = {f"{at}/messages/*/role": "user", f"{at}/messages/*/content/type": "tool_result"}
    message = f"{at}/messages/*/content"
    return [
        *say(f"{at}/systemPrompt {at}/includeContext {at}/stopSequences/* {at}/metadata/?"),
        *say(f"{at}/metadata/?", "key"),
        *say(f"{at}/modelPreferences/hints/*/name {at}/toolChoice/mode {at}/tools/*/description {at}/messages/*/role"),
        *_schema(say, f"{at}/tools/*/inputSchema", {}),
        *_block(say, message),
        *say(f"{message}/name {message}/input/?", beside=use),
        *say(f"{message}/structuredContent/? {message}/content/*/text", beside=answer),
        *say(f"{at}/messages/*/_meta/?"),
    ]


@part("an elicitation")
def _elicitation(say: Places, at: str) -> list[Row]:
    """What a server asks a person."""
    return [
        *say(f"{at}/message {at}/mode"),
        *_schema(say, f"{at}/requestedSchema", {}),
        *say(f"{at}/requestedSchema/properties/field/enumNames/*"),
        *say(f"{at}/url", "uri", {f"{at}/mode": "url"}),
    ]


@part("input requests")
def _asked(say: Places, at: str) -> list[Row]:
    """``inputRequests``: the questions of a modern server, inside its results."""
    kinds = (("sampling/createMessage", _sampling), ("elicitation/create", _elicitation))
    rows = say(f"{at}/?", "key", {f"{at}/note/method": "roots/list"})
    for method, fields in kinds:
        asks = {f"{at}/ask/method": method}
        rows += [row._replace(beside={**asks, **row.beside}) for row in fields(say, f"{at}/ask/params")]
    return rows


@part("a sampling result")
def _sampled(say: Places, at: str) -> list[Row]:
    """What a model said, for a server."""
    beside = {f"{at}/role": "assistant", f"{at}/model": "m", f"{at}/content/type": "tool_use"}
    several = {f"{at}/role": "assistant", f"{at}/model": "m", f"{at}/content/*/type": "text"}
    blocks = [row._replace(beside={f"{at}/role": "assistant", **row.beside}) for row in _block(say, f"{at}/content")]
    return [
        *blocks,
        *say(f"{at}/model {at}/stopReason {at}/_meta/? {at}/content/input/?", beside=beside),
        *say(f"{at}/content/input/?", "key", beside),
        *say(f"{at}/content/*/text", beside=several),
    ]


@part("an elicitation result")
def _elicited(say: Places, at: str) -> list[Row]:
    """What a person typed, for a server."""
    beside = {f"{at}/action": "accept"}
    return [
        *say(f"{at}/content/? {at}/content/several/*", beside=beside),
        *say(f"{at}/content/?", "key", beside),
        *say(f"{at}/content/card_number", "number", beside),
        *say(f"{at}/content/password", "secret", beside),
    ]


@part("roots")
def _rooted(say: Places, at: str) -> list[Row]:
    """Where a client works."""
    return [*say(f"{at}/roots/*/uri", "uri"), *say(f"{at}/roots/*/name {at}/roots/*/_meta/?")]


@part("input responses")
def _answered(say: Places, at: str) -> list[Row]:
    """``inputResponses``: the answers of a modern client, inside its requests."""
    rows = say(f"{at}/?", "key", {f"{at}/note/action": "accept"})
    return [*rows, *_sampled(say, f"{at}/ask"), *_elicited(say, f"{at}/ask"), *_rooted(say, f"{at}/ask")]


# -- what clients ask, and what servers answer


def _handshake() -> list[Row]:
    ask, answer = Places("initialize", "request", "client"), Places("initialize", "result", "server")
    now = Places("server/discover", "result", "server")
    version, revisions = "protocolVersion", "supportedVersions"
    return [
        *ask.exact(f"/params/{version}"),
        *ask("/params/capabilities/experimental/? /params/capabilities/extensions/?"),
        *ask("/params/capabilities/experimental/?", "key"),
        *_implementation(ask, "/params/clientInfo"),
        *answer.exact(f"/result/{version}"),
        *answer("/result/instructions /result/capabilities/experimental/?"),
        *_implementation(answer, "/result/serverInfo"),
        *now.exact(f"/result/{revisions}/*"),
        *now("/result/instructions /result/capabilities/extensions/?"),
        *_implementation(now, "/result/_meta/io.modelcontextprotocol~1serverInfo"),
    ]


def _tools() -> list[Row]:
    lists, listed = Places("tools/list", "request", "client"), Places("tools/list", "result", "server")
    call, result = Places("tools/call", "request", "client"), Places("tools/call", "result", "server")
    tool = {"/result/tools/*/name": "find", "/result/tools/*/inputSchema/type": "object"}
    at = "/result/tools/*"
    described = (
        f"{at}/name {at}/title {at}/description {at}/annotations/title {at}/execution/taskSupport {at}/_meta/?"
        f" {at}/_meta/ui/csp/connectDomains/*"
    )
    named = {"/params/name": "find"}
    return [
        *lists.exact("/params/cursor"),
        *listed(described, beside=tool),
        *listed(f"{at}/_meta/ui/resourceUri", "uri", tool),
        *listed(_icons(at), "data", tool),
        *_schema(listed, f"{at}/inputSchema", tool),
        *_schema(listed, f"{at}/outputSchema", tool),
        *listed.exact("/result/nextCursor", {"/result/tools": []}),
        *call("/params/name"),
        *call("/params/arguments/? /params/arguments/deep/?/*/?", beside=named),
        *call("/params/arguments/?", "key", named),
        *call("/params/arguments/card_number /params/arguments/rows/*/card_number", "number", named),
        *call("/params/arguments/?", "json", named),
        *call("/params/arguments/?", "base64", named),
        *call("/params/arguments/?", "uri", named),
        *call("/params/arguments/?", "secret", named),
        *call("/params/task/?", beside=named),
        *call.exact("/params/requestState", named),
        *[row._replace(beside={**named, **row.beside}) for row in _answered(call, "/params/inputResponses")],
        *_block(result, "/result/content/*"),
        *result("/result/structuredContent/? /result/structuredContent/rows/*/?"),
        *result("/result/structuredContent/?", "key"),
        *result("/result/structuredContent/card_number", "number"),
        *result("/result/structuredContent/?", "json"),
        *result("/result/structuredContent/?", "secret"),
        *result("/result/structuredContent /result/structuredContent/*"),
        *_asked(result, "/result/inputRequests"),
        *result.exact("/result/requestState"),
        *result.exact("/result/taskId", {"/result/resultType": "task"}),
        *result("/result/statusMessage", beside={"/result/resultType": "task", "/result/taskId": "t-0"}),
        *result.exact("/result/task/taskId"),
        *result("/result/task/statusMessage", beside={"/result/task/taskId": "t-0"}),
    ]


def _resources() -> list[Row]:
    rows: list[Row] = []
    for method, listed, address in (
        ("resources/list", "resources", "uri"),
        ("resources/templates/list", "resourceTemplates", "uriTemplate"),
    ):
        lists, answer = Places(method, "request", "client"), Places(method, "result", "server")
        at = f"/result/{listed}/*"
        beside = {f"{at}/{address}": "file:///a", f"{at}/name": "a"}
        rows += [
            *lists.exact("/params/cursor"),
            *answer(f"{at}/{address}", "uri", beside),
            *answer(f"{at}/name {at}/title {at}/description {at}/mimeType {at}/_meta/?", beside=beside),
            *answer(f"{at}/annotations/lastModified {at}/annotations/audience/*", beside=beside),
            *answer(_icons(at), "data", beside),
            *answer.exact("/result/nextCursor", {f"/result/{listed}": []}),
        ]
    read, found = Places("resources/read", "request", "client"), Places("resources/read", "result", "server")
    content, named = "/result/contents/*", {"/params/uri": "file:///a"}
    beside = {f"{content}/uri": "file:///a"}
    rows += [
        *read("/params/uri", "uri"),
        *read.exact("/params/requestState", named),
        *read("/params/inputResponses/ask/content/?", beside={**named, "/params/inputResponses/ask/action": "accept"}),
        *found(f"{content}/uri", "uri", {f"{content}/text": "hello"}),
        *found(f"{content}/mimeType {content}/text {content}/_meta/?", beside={**beside, f"{content}/text": "hello"}),
        *found(f"{content}/text", "json", beside),
        *found(f"{content}/blob", "base64", {**beside, f"{content}/mimeType": "text/csv"}),
        *found.exact("/result/requestState"),
        *found("/result/inputRequests/ask/params/message", beside=_ASKS),
    ]
    for method in ("resources/subscribe", "resources/unsubscribe"):
        rows += Places(method, "request", "client")("/params/uri", "uri")
    return rows


_ASKS = {"/result/inputRequests/ask/method": "elicitation/create"}


def _prompts() -> list[Row]:
    lists, listed = Places("prompts/list", "request", "client"), Places("prompts/list", "result", "server")
    ask, answer = Places("prompts/get", "request", "client"), Places("prompts/get", "result", "server")
    at, named, message = "/result/prompts/*", {"/params/name": "review"}, "/result/messages/*"
    beside = {f"{at}/name": "review"}
    arguments = " ".join(f"{at}/arguments/*/{name}" for name in ("name", "title", "description"))
    return [
        *lists.exact("/params/cursor"),
        *listed(f"{at}/name {at}/title {at}/description {at}/_meta/? {arguments}", beside=beside),
        *listed(_icons(at), "data", beside),
        *listed.exact("/result/nextCursor", {"/result/prompts": []}),
        *ask("/params/name"),
        *ask("/params/arguments/?", beside=named),
        *ask("/params/arguments/?", "key", named),
        *ask.exact("/params/requestState", named),
        *ask("/params/inputResponses/ask/content/?", beside={**named, "/params/inputResponses/ask/action": "accept"}),
        *answer(f"/result/description {message}/role {message}/_meta/?"),
        *_block(answer, f"{message}/content"),
        *answer.exact("/result/requestState"),
        *answer("/result/inputRequests/ask/params/message", beside=_ASKS),
    ]


def _others() -> list[Row]:
    completes, completed = (
        Places("completion/complete", "request", "client"),
        Places("completion/complete", "result", "server"),
    )
    level, listen = Places("logging/setLevel", "request", "client"), Places("subscriptions/listen", "request", "client")
    typed = {"/params/ref/type": "ref/prompt", "/params/ref/name": "review", "/params/argument/name": "who"}
    return [
        *completes("/params/ref/name /params/argument/name /params/argument/value", beside=typed),
        *completes("/params/ref/uri", "uri", {"/params/ref/type": "ref/resource"}),
        *completes("/params/context/arguments/?", beside=typed),
        *completes("/params/context/arguments/?", "key", typed),
        *completed("/result/completion/values/*"),
        *level.exact("/params/level"),
        *listen("/params/notifications/resourceSubscriptions/*", "uri"),
        *listen("/params/notifications/acme/?"),
    ]


def _tasks() -> list[Row]:
    rows: list[Row] = []
    for method in ("tasks/get", "tasks/cancel", "tasks/result", "tasks/update", "tasks/list"):
        for asker, answerer in ASKERS:
            if METHODS[method].direction not in ("both", asker):
                continue
            ask, answer = Places(method, "request", asker), Places(method, "result", answerer)
            if method == "tasks/list":
                rows += [*ask.exact("/params/cursor"), *answer.exact("/result/nextCursor", {"/result/tasks": []})]
                rows += answer("/result/tasks/*/statusMessage", beside={"/result/tasks/*/taskId": "t-0"})
                rows += answer.exact("/result/tasks/*/taskId")
                continue
            rows += ask.exact("/params/taskId")
            if method != "tasks/result":
                rows += [*answer.exact("/result/taskId"), *answer("/result/statusMessage")]
            if method == "tasks/get":
                rows += answer("/result/result/content/*/text /result/result/structuredContent/?")
                rows += answer("/result/error/message /result/error/data/?")
            if method == "tasks/get" and answerer == "server":
                rows += answer("/result/inputRequests/ask/params/message", beside=_ASKS)
            if method == "tasks/result":
                rows += answer("/result/content/*/text /result/structuredContent/?", beside={"/result/role": "user"})
                rows += answer.exact("/result/taskId")
            if method == "tasks/update":
                task = {"/params/taskId": "t-0"}
                more = _answered(ask, "/params/inputResponses")
                rows += [row._replace(beside={**task, **row.beside}) for row in more]
    return rows


# -- what servers ask, and what clients answer


def _questions() -> list[Row]:
    ask, said = (
        Places("sampling/createMessage", "request", "server"),
        Places("sampling/createMessage", "result", "client"),
    )
    form, typed = Places("elicitation/create", "request", "server"), Places("elicitation/create", "result", "client")
    roots = Places("roots/list", "result", "client")
    return [
        *_sampling(ask, "/params"),
        *ask("/params/task/?"),
        *_sampled(said, "/result"),
        *said.exact("/result/task/taskId"),
        *_elicitation(form, "/params"),
        *form("/params/task/?"),
        *form.exact("/params/elicitationId", {"/params/mode": "url"}),
        *_elicited(typed, "/result"),
        *typed.exact("/result/task/taskId"),
        *_rooted(roots, "/result"),
    ]


# -- what is said without being asked


def _notifications() -> list[Row]:
    rows: list[Row] = []
    for sender in SENDERS:

        def say(method: str, by: Sender = sender) -> Places:
            return Places(method, "notification", by)

        rows += [
            *say("notifications/cancelled")("/params/reason", beside={"/params/requestId": "r-0"}),
            *say("notifications/cancelled").exact("/params/requestId"),
            *say("notifications/progress")("/params/message", beside={"/params/progressToken": "p-0"}),
            *say("notifications/progress").exact("/params/progressToken"),
            *say("notifications/tasks/status")(
                "/params/status /params/statusMessage", beside={"/params/taskId": "t-0"}
            ),
            *say("notifications/tasks/status").exact("/params/taskId"),
        ]

    def told(method: str) -> Places:
        return Places(method, "notification", "server")

    task = {"/params/taskId": "t-0"}
    return [
        *rows,
        *told("notifications/message")("/params/logger /params/data /params/data/? /params/data/*"),
        *told("notifications/message")("/params/data/?", "key"),
        *told("notifications/message")("/params/data/card_number", "number"),
        *told("notifications/message")("/params/data", "json"),
        *told("notifications/message")("/params/data", "secret"),
        *told("notifications/message").exact("/params/level"),
        *told("notifications/resources/updated")("/params/uri", "uri"),
        *told("notifications/resources/updated")("/params/title"),
        *told("notifications/subscriptions/acknowledged")("/params/notifications/resourceSubscriptions/*", "uri"),
        *told("notifications/elicitation/complete").exact("/params/elicitationId"),
        *told("notifications/tasks")("/params/status /params/statusMessage", beside=task),
        *told("notifications/tasks")("/params/result/content/*/text /params/error/message", beside=task),
        *told("notifications/tasks").exact("/params/taskId"),
    ]


# -- what every message has


def _every(method: str, kind: Kind, sender: Sender) -> list[Row]:
    say = Places(method, kind, sender)
    if kind == "result":
        rows = [
            *say("/result/? /result/_meta/? /?"),
            *say("/result/? /result/_meta/?", "key"),
            *say.exact(
                "/result/_meta/io.modelcontextprotocol~1subscriptionId"
                " /result/_meta/io.modelcontextprotocol~1related-task/taskId"
            ),
        ]
    elif kind == "error":
        rows = [
            *say("/error/message /error/data /error/data/? /error/data/*", beside=_FAILED),
            *say("/error/data/?", "key", _FAILED),
            *say("/error/data", "json", _FAILED),
            *say("/error/message", "secret", _FAILED),
        ]
    else:
        rows = [
            *say("/params/? /params/_meta/? /params/_meta/baggage /?"),
            *say("/params/? /params/_meta/?", "key"),
            *say.exact("/params/_meta/tracestate /params/_meta/io.modelcontextprotocol~1subscriptionId"),
            *say.exact("/params/_meta/traceparent"),
        ]
    if kind == "request":
        rows += say.exact("/id /params/_meta/progressToken")
        rows += say.exact("/params/_meta/io.modelcontextprotocol~1related-task/taskId")
        rows += say.exact("/params/_meta/io.modelcontextprotocol~1protocolVersion")
    return [row._replace(every=True) for row in rows]


_FAILED = {"/error/code": -32000, "/error/message": "it failed"}


def _parts(entry: Method) -> Iterator[tuple[Kind, Sender]]:
    """Who sends what of a method."""
    for asker, answerer in ASKERS:
        if entry.direction not in ("both", asker):
            continue
        if entry.is_notification:
            yield "notification", asker
        else:
            yield "request", asker
            yield "result", answerer
            yield "error", answerer


def messages() -> Iterator[tuple[str, Kind, Sender]]:
    """Every kind of message of every method, and of one that nobody knows."""
    for entry in METHODS.values():
        for kind, sender in _parts(entry):
            yield entry.name, kind, sender
    for sender in SENDERS:
        yield from ((UNKNOWN, kind, sender) for kind in KINDS)


def _unheard() -> list[Row]:
    rows: list[Row] = []
    for sender in SENDERS:
        for kind in KINDS[:2]:
            say = Places(UNKNOWN, kind, sender)
            rows += [*say("/params/?/*/?"), *say("/params/?", "json"), *say.exact("/method")]
            rows += say("/params/card_number", "number")
    return rows


SPECIFIC = (
    *_handshake(),
    *_tools(),
    *_resources(),
    *_prompts(),
    *_others(),
    *_tasks(),
    *_questions(),
    *_notifications(),
    *_unheard(),
)
"""The places of one kind of message each."""

EVERY = tuple(row for message in messages() for row in _every(*message))
"""The places that every message has, for every message that there is."""

ROWS = (*SPECIFIC, *EVERY)


# -- what is not in a message


class Edge(NamedTuple):
    """Something that crosses beside the messages. ``happens`` is told in the docs, ``key`` names its test."""

    key: str
    what: str
    direction: str
    happens: str


_C, _S = "client → server", "server → client"
EDGES = (
    Edge("batch", "elements of a batch (until 2025-03-26)", "both", "each like a message of its own"),
    Edge("replay", "events of a stream that is resumed with `Last-Event-ID`", _S, "like any other message"),
    Edge("mcp-name", "header `Mcp-Name`", _C, "must repeat the body; redacted with it"),
    Edge("mcp-param", "header `Mcp-Param-*` that repeats an argument, sentinel or not", _C, "redacted with it"),
    Edge(
        "header",
        "headers that pass and repeat nothing: `baggage`, `tracestate`, `User-Agent`, other `Mcp-*`, `headers.request`",
        _C,
        "not looked at; never recorded or logged",
    ),
    Edge(
        "session",
        "`Mcp-Session-Id`, `Last-Event-ID`",
        _C,
        "sealed or passed as they are, not looked at; never recorded or logged",
    ),
    Edge("not-forwarded", "`Authorization`, `Cookie`, `X-*`, the query string", _C, "not forwarded"),
    Edge("not-returned", "`Set-Cookie`, `Location`, `WWW-Authenticate`, other headers", _S, "not forwarded"),
    Edge(
        "event-lines",
        "`id`, `event`, `retry` and comment lines of an event stream; header fields that pass",
        _S,
        "not looked at, but for credentials that the gateway holds: those are left out, line or field",
    ),
    Edge("error-page", "an HTTP error whose body is no JSON-RPC (text, HTML, JSON)", _S, "redacted as one text"),
    Edge("error-status", "an HTTP error whose body is a JSON-RPC error", _S, "like any other message"),
    Edge(
        "unreadable",
        "a body that has no single reading",
        "both",
        "refused in enforcing modes; in audit and warn it passes unread, counted as `uninspected`",
    ),
    Edge(
        "binary",
        "`image.data`, `audio.data` and `blob` that hold no text",
        "both",
        "`inspect.binary`: passed and counted as `uninspected`, emptied, or refused",
    ),
    Edge("endpoint", "the `endpoint` event of 2024-11-05", _S, "replaced by the gateway's own address"),
    Edge("stderr", "standard error of a stdio server behind `serve`", _S, "recorded by entity; redacted in the log"),
    Edge(
        "garbage",
        "lines on standard output of such a server that are no message",
        _S,
        "dropped; their size is recorded",
    ),
)

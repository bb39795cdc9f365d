"""Who waits for what on a two-way pipe: one table of ids and progress tokens, for an answer there says nothing else of
the call that it belongs to.
"""

from collections import OrderedDict
from typing import TypeVar

from doorward.core.message import Message, MessageId, Request, Response
from doorward.gateway.call import Call

T = TypeVar("T")

_MOST = 1000  # ids that are over and may still be answered: of requests that were cancelled or ended otherwise


class Waiting:
    """The requests of one pipe that have no answer yet, by their JSON-RPC id."""

    __slots__ = ("_calls", "_cancelled", "_ended", "_tokens")

    def __init__(self) -> None:
        self._calls: dict[MessageId, Call] = {}
        self._tokens: dict[str | int, Call] = {}
        self._cancelled: OrderedDict[MessageId, Call] = OrderedDict()
        self._ended: OrderedDict[MessageId, None] = OrderedDict()  # requests that ended before their answer

    def __contains__(self, identifier: object) -> bool:
        return identifier in self._calls

    def add(self, request: Request, call: Call) -> Call | None:
        """It waits from now on. The call that waited under its id until now, if there was one."""
        before = self._calls.get(request.id)
        self._calls[request.id] = call
        self._ended.pop(request.id, None)
        token = _progress_token(request)
        if token is not None:
            self._tokens[token] = call
        return before

    def of(self, message: Message) -> Call | None:
        """The call that a message of the server belongs to: by its id, else by its progress token. None: to no call."""
        if isinstance(message, Response):
            if message.id is None:
                return None
            return self._calls.get(message.id) or self._cancelled.get(message.id)
        if message.method == "notifications/progress":
            token = message.params.get("progressToken")
            return self._tokens.get(token) if isinstance(token, str | int) else None
        return None

    def take(self, identifier: MessageId | None) -> Call | None:
        """It waits no longer."""
        return None if identifier is None else self._calls.pop(identifier, None)

    def answered(self, identifier: MessageId) -> None:
        """Its answer has come; no other will."""
        self._calls.pop(identifier, None)
        self._cancelled.pop(identifier, None)

    def cancel(self, identifier: MessageId) -> Call | None:
        """Its client has cancelled it; an answer may come all the same. None: it does not wait."""
        call = self._calls.pop(identifier, None)
        if call is not None:
            _keep(self._cancelled, identifier, call)
        return call

    def end(self, identifier: MessageId) -> None:
        """It has ended before its answer came, and its client been told: what comes now ``came_too_late``."""
        del self._calls[identifier]
        _keep(self._ended, identifier, None)

    def came_too_late(self, message: Message) -> bool:
        """Whether it answers a request that is over."""
        return isinstance(message, Response) and self.is_over(message.id)

    def is_over(self, identifier: MessageId | None) -> bool:
        """Whether the request of that id ended before its answer came, and none waits under it anew."""
        return identifier is not None and identifier not in self._calls and identifier in self._ended

    def forget(self, call: Call) -> None:
        """Nothing of the call waits any more."""
        self._tokens = {token: other for token, other in self._tokens.items() if other is not call}

    def under(self, call: Call) -> list[MessageId]:
        """The ids that wait for this call."""
        return [identifier for identifier in call.pending if self._calls.get(identifier) is call]

    def ids(self) -> list[MessageId]:
        """All that wait, the oldest first."""
        return list(self._calls)

    def calls(self) -> set[Call]:
        """The calls that they wait for."""
        return set(self._calls.values())

    def items(self) -> list[tuple[MessageId, Call]]:
        """All that wait, and for which call."""
        return list(self._calls.items())

    def clear(self) -> None:
        """Nobody waits any longer."""
        self._calls.clear()


def _keep(table: "OrderedDict[MessageId, T]", identifier: MessageId, value: T) -> None:
    table[identifier] = value
    if len(table) > _MOST:
        table.popitem(last=False)


def _progress_token(message: Request) -> str | int | None:
    meta = message.params.get("_meta")
    token = meta.get("progressToken") if isinstance(meta, dict) else None
    return token if isinstance(token, str | int) else None

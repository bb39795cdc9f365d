"""Which tool an answer on a resumed stream is of. Such an answer comes on a GET, perhaps long after its call has ended
here: what its call was is remembered for a while, by this worker alone. Where it is not known, the answer may be any
tool's, and what is strictest holds.
"""

from collections import OrderedDict

from doorward.core.message import MessageId
from doorward.gateway.call import Call

_MOST = 10_000
_LONGEST = 256
"""Characters of an id, or of a name, that is remembered."""

Key = tuple[str, str, str, MessageId]


class Resumed:
    """One for a worker; bounded."""

    __slots__ = ("_names",)

    def __init__(self) -> None:
        self._names: OrderedDict[Key, str] = OrderedDict()

    def remember(self, call: Call) -> None:
        """An event with an id went by: whatever waits for an answer may be answered on another stream."""
        if call.session is None:
            return  # ids of one caller's clients are not told apart without
        for identifier, exchange in call.pending.items():
            if exchange.name is None or max(len(exchange.name), len(str(identifier)), len(call.session)) > _LONGEST:
                continue
            key = call.server.id, call.holder, call.session, identifier
            self._names[key] = exchange.name
            self._names.move_to_end(key)
        while len(self._names) > _MOST:
            self._names.popitem(last=False)

    def tool(self, call: Call, identifier: MessageId | None) -> str | None:
        """The tool of the call that an answer on this stream is of; None: it is not known."""
        if call.session is None or identifier is None:
            return None
        return self._names.get((call.server.id, call.holder, call.session, identifier))

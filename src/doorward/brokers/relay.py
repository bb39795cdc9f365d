"""The client's own header fields pass to the server, so that a team can be put behind the gateway without noticing.

For the first days only: audit and warn (``control.compile`` refuses it in enforcing modes).
"""

from collections.abc import Sequence

import msgspec

from doorward.configfile.headers import forbidden_credential, well_formed_name
from doorward.configtypes import Refused
from doorward.core.identity import NO_CREDENTIAL, Credential, Grant


class RelayBroker:
    """``relays`` tells the compiler which fields transports must hand over, in lower case."""

    name = "relay"

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """``headers``: the names that pass, such as ``[Authorization]``."""

        headers: tuple[str, ...]

    def __init__(self, options: Options) -> None:
        if not options.headers:
            raise Refused("there is no header", "write headers: [Authorization], or credentials: none")
        for name in options.headers:
            if not well_formed_name(name) or forbidden_credential(name):
                raise Refused(
                    f"{name!r} cannot be relayed", "name header fields that carry a credential, such as Authorization"
                )
        self.relays = frozenset(name.lower().encode() for name in options.headers)

    async def mint(self, grant: Grant, relayed: Sequence[tuple[bytes, bytes]]) -> Credential:
        """Only what the configuration names goes on, whatever the transport handed over."""
        passing = tuple((name, value) for name, value in relayed if name in self.relays)
        return Credential(passing, self.name) if passing else NO_CREDENTIAL

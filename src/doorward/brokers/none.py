"""No credential: the server wants none, or gets it in its own environment."""

from collections.abc import Sequence

import msgspec

from doorward.core.identity import NO_CREDENTIAL, Credential, Grant


class NoneBroker:
    name = "none"

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """There is nothing to set."""

    def __init__(self, options: Options) -> None:
        pass

    async def mint(self, grant: Grant, relayed: Sequence[tuple[bytes, bytes]]) -> Credential:
        return NO_CREDENTIAL

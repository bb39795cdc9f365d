"""The same header fields for every call: a service account's key. They come from the environment or a file."""

import re
from collections.abc import Sequence

import msgspec

from doorward.configfile.headers import forbidden_credential, well_formed_name, well_formed_value
from doorward.configtypes import Refused, Secret
from doorward.core.identity import Credential, Grant

_SECRET_NAME = re.compile(r"auth|key|token|secret|cookie|password|credential|signature", re.IGNORECASE)


class StaticBroker:
    name = "static"

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """``headers``: name to value; ``Authorization: "Bearer ${env:CRM_KEY}"``."""

        headers: dict[str, Secret]

    def __init__(self, options: Options) -> None:
        if not options.headers:
            raise Refused("there is no header", "write headers: {NAME: VALUE}, or credentials: none")
        self._credential = Credential(tuple(_field(*item) for item in options.headers.items()), self.name)
        self.secrets = tuple(value.reveal() for name, value in options.headers.items() if _is_secret(name, value))
        names = [name for name, _ in self._credential.headers]
        if len(set(names)) != len(names):
            raise Refused("a header is there twice, in different spelling", "keep one")

    async def mint(self, grant: Grant, relayed: Sequence[tuple[bytes, bytes]]) -> Credential:
        return self._credential


def _is_secret(name: str, value: Secret) -> bool:
    """A tenant's name that is written in the configuration may well come back; a key may not."""
    return value.referenced or bool(_SECRET_NAME.search(name))


def _field(name: str, value: Secret) -> tuple[bytes, bytes]:
    if not well_formed_name(name):
        raise Refused("a header's name holds what no name may", "letters, digits and - only")
    if forbidden_credential(name):
        raise Refused(
            f"{name} is the gateway's own to set", "name the header that the server takes its credential from"
        )
    if not well_formed_value(value.reveal()):
        raise Refused(
            f"the value of {name} is empty, has spaces around it, or holds a line end or a non-ASCII character",
            "check the environment variable or file that it comes from",
        )
    return name.lower().encode(), value.reveal().encode()

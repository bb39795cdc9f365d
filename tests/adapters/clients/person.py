"""What both generations of the SDK's OAuth clients need beside themselves: a person with a browser, and a place for
what the client remembers."""

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import browser

REDIRECT = "http://127.0.0.1:3333/callback"


class Memory:
    """The SDK's `TokenStorage`."""

    def __init__(self) -> None:
        self.tokens: Any = None
        self.client_info: Any = None

    async def get_tokens(self) -> Any:
        return self.tokens

    async def set_tokens(self, tokens: Any) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> Any:
        return self.client_info

    async def set_client_info(self, client_info: Any) -> None:
        self.client_info = client_info


class Person:
    """Goes where the client sends it, and notes with what it was sent there."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self._returned: browser.Returned | None = None

    async def go(self, url: str) -> None:
        self.asked.append({name: values[0] for name, values in parse_qs(urlsplit(url).query).items()})
        self._returned = await asyncio.to_thread(browser.visit, url, REDIRECT)

    async def come_back(self) -> browser.Returned:
        assert self._returned is not None, "nobody was sent anywhere"
        assert self._returned.error is None, self._returned.error
        return self._returned


def verbs(person: Person, memory: Memory) -> dict[str, Any]:
    """Steps of the player that tell what the client did: the authorization requests, and the token that it holds."""

    async def asked() -> list[dict[str, str]]:
        return person.asked

    async def token() -> Any:
        return None if memory.tokens is None else json.loads(memory.tokens.model_dump_json())

    return {"asked": asked, "token": token}

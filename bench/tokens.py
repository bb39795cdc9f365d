"""What a token costs, in microseconds (medians): `python bench/tokens.py`.

*Cached*: a token that has been seen (`TokenCache.lookup`). *Cold*: one that has not, from the bytes to the grant, with
the issuer's keys at hand: reading, signature, claims, rights. Tokens of about 0.5 and 4 KB. To reach: 10 cached, 1000
cold. Needs the checkout, for the tokens are made by `tests/issuer.py`.
"""

import asyncio
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.issuer import ISSUER, NOW, Provider

from doorward.config import Issuer
from doorward.control.federation.external import External
from doorward.control.federation.issuers import Issuers
from doorward.control.jose.claims import InvalidToken
from doorward.control.tokens.verifier import Verifier
from doorward.core.identity import Grant
from doorward.core.shared import Revocations
from doorward.gateway.tokens import TokenCache

COLD = 500
CACHED = 20_000
ROUNDS = 25
URLS = {f"https://gw.example.com/mcp/{name}": name for name in ("crm", "files")}


class Published:
    """A provider's keys without the wire."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    async def json(self, url: str, *, written: frozenset[str] = frozenset()) -> dict[str, Any]:
        return self.provider.jwks()


def verifier(provider: Provider) -> Verifier:
    config = Issuer(issuer=ISSUER, jwks=f"{ISSUER}/keys")
    issuers = Issuers([config], Published(provider), base_dir=Path())

    def own(token: str, now: float) -> Grant:
        raise InvalidToken("is not ours")

    return Verifier(External(issuers, "https://gw.example.com"), own, URLS)


async def cold(judge: Verifier, tokens: Sequence[bytes]) -> float:
    """Microseconds for a token that has not been seen."""
    taken = []
    for token in tokens:
        begin = perf_counter()
        result = await judge.verify(token, NOW)
        taken.append(perf_counter() - begin)
        assert isinstance(result, Grant)
    return statistics.median(taken) * 1e6


async def cached(judge: Verifier, tokens: Sequence[bytes]) -> float:
    """Microseconds for a token that has been seen, among others."""
    cache, nobody = TokenCache(judge, lambda: 1), Revocations()
    for token in tokens:
        await cache.check(token, NOW, 1, nobody)
    taken = []
    for _ in range(ROUNDS):
        begin = perf_counter()
        for turn in range(CACHED // ROUNDS):
            cache.lookup(tokens[turn % len(tokens)], NOW, 1, nobody)
        taken.append((perf_counter() - begin) / (CACHED // ROUNDS))
    return statistics.median(taken) * 1e6


async def main() -> None:
    """Print one line for each kind of key and size of token."""
    print(f"{'key':<6}{'bytes':>8}{'cached us':>12}{'cold us':>10}")
    for kind in ("EC", "RSA", "OKP"):
        provider = Provider()
        provider.rotate("k", kind, keep=False)
        judge = verifier(provider)
        for filler in (0, 2_600):
            tokens = [provider.token(jti=f"t-{number}", note="x" * filler) for number in range(COLD)]
            await judge.verify(tokens[0], NOW)  # the keys are fetched
            row = await cached(judge, tokens), await cold(judge, tokens)
            print(f"{kind:<6}{len(tokens[0]):>8}{row[0]:>12.2f}{row[1]:>10.1f}")


if __name__ == "__main__":
    asyncio.run(main())

"""The identity providers: their keys can be had, in the way in which the gateway gets them."""

import asyncio
from ipaddress import ip_network

from doorward.bootstrap.doctor.line import Line, fail, ok
from doorward.config import Issuer
from doorward.configfile import Loaded
from doorward.control.federation.fetch import Fetcher
from doorward.control.federation.issuers import Issuers, name_of


def issuer(loaded: Loaded, configured: Issuer) -> list[Line]:
    """One provider."""
    about = f"issuer {name_of(configured)}"
    failed = asyncio.run(_failed(loaded, configured))
    if failed is None:
        return [ok(about, "its keys can be had")]
    remedy = "docs/issuers.md, When it does not work; tokens of this provider are refused until then"
    return [fail(about, f"its keys cannot be had: {failed}", remedy)]


async def _failed(loaded: Loaded, configured: Issuer) -> str | None:
    fetcher = Fetcher([ip_network(network) for network in loaded.config.egress.allow])
    issuers = Issuers([configured], fetcher, base_dir=loaded.base_dir)
    try:
        return next(iter((await issuers.warm()).values()), None)
    finally:
        await issuers.close()

"""HTTP/1.1 on httptools and asyncio protocols: the server side, the pooled client, their limits."""

from .client import Origin, Pool
from .errors import (
    ConnectFailed,
    ConnectTimeout,
    FirstByteTimeout,
    IdleTimeout,
    PoolFull,
    ResponseTooLarge,
    TlsFailed,
    UpstreamClosed,
    UpstreamFault,
    UpstreamGarbage,
)
from .limits import ClientLimits, ServerLimits
from .request import HttpRequest
from .responder import Handler, Responder
from .response import UpstreamResponse
from .server import HttpServer

__all__ = [
    "ClientLimits",
    "ConnectFailed",
    "ConnectTimeout",
    "FirstByteTimeout",
    "Handler",
    "HttpRequest",
    "HttpServer",
    "IdleTimeout",
    "Origin",
    "Pool",
    "PoolFull",
    "Responder",
    "ResponseTooLarge",
    "ServerLimits",
    "TlsFailed",
    "UpstreamClosed",
    "UpstreamFault",
    "UpstreamGarbage",
    "UpstreamResponse",
]

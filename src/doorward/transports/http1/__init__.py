"""HTTP/1.1 on asyncio protocols: the server side and the pooled client. Limits and errors have modules of their own."""

from .client import Origin, Pool
from .request import HttpRequest
from .responder import Responder
from .server import HttpServer

__all__ = ["HttpRequest", "HttpServer", "Origin", "Pool", "Responder"]

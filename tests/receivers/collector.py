"""What `use: http` delivers to: verifies as Standard Webhooks says, with nothing of ours."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

from tests.receivers.serving import Reply, Request, Serving


class Collector(Serving):
    """``taken``: every event of each batch in order, repeated ones too; ``batches``: their ids."""

    def __init__(self, key: bytes, *, largest_body: int = 2 << 20, **more: Any) -> None:
        super().__init__(**more)
        self._key = key
        self._largest = largest_body
        self.refuses: Callable[[Any], bool] = lambda _: False
        self.taken: list[Any] = []
        self.batches: list[str] = []

    def serve(self, request: Request) -> Reply:
        batch, moment = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        if abs(time.time() - int(moment)) > 300:
            return Reply(401, "timestamp")
        signed = batch.encode() + b"." + moment.encode() + b"." + request.raw
        expected = "v1," + base64.b64encode(hmac.new(self._key, signed, hashlib.sha256).digest()).decode()
        if not hmac.compare_digest(expected, request.headers["webhook-signature"]):
            return Reply(401, "signature")
        if len(request.raw) > self._largest:
            return Reply(413)
        events = _events(request)
        if not events or any(map(self.refuses, events)):
            return Reply(422)
        self.taken += events
        self.batches.append(batch)
        return Reply(200, {})


def _events(request: Request) -> list[Any]:
    match request.headers["content-type"]:
        case "application/json":
            decoded = json.loads(request.body)
            assert isinstance(decoded, list)
            return decoded
        case "application/x-ndjson":
            assert request.body.endswith(b"\n")
            return [json.loads(line) for line in request.body.splitlines()]
        case "text/plain; charset=utf-8":
            return request.body.decode().splitlines()
    raise AssertionError(request.headers["content-type"])

"""Datadog's log intake, version 2: its limits, and the log that it cuts while it says 202."""

import json
import time
from collections.abc import Callable
from typing import Any

from tests.receivers.serving import Reply, Request, Serving

_STATUSES = {"emerg", "alert", "critical", "error", "warning", "notice", "info", "debug"}


class Datadog(Serving):
    """``logs``: what was taken, repeated ones too; ``truncated``: how many of them were larger than 1 MB; ``too_old``:
    how many came more than 18 hours after their time.
    """

    def __init__(self, key: str, *, largest_body: int = 5_000_000, **more: Any) -> None:
        super().__init__(**more)
        self._key = key
        self._largest = largest_body
        self.refuses: Callable[[Any], bool] = lambda _: False
        self.logs: list[dict[str, Any]] = []
        self.truncated = 0
        self.too_old = 0

    @property
    def events(self) -> list[Any]:
        return [json.loads(log["message"]) for log in self.logs]

    def serve(self, request: Request) -> Reply:
        given = request.headers.get("dd-api-key")
        if given != self._key:
            return _errors(401 if given is None else 403, "Unauthorized" if given is None else "Forbidden")
        if request.path != "/api/v2/logs" or request.headers.get("content-type") != "application/json":
            return _errors(404, "Not Found")
        if len(request.body) > self._largest:
            return _errors(413, "Request Entity Too Large")
        logs = json.loads(request.body)
        if not isinstance(logs, list) or not 0 < len(logs) <= 1000 or not all(map(_is_log, logs)):
            return _errors(400, "Bad Request")
        if any(self.refuses(json.loads(log["message"])) for log in logs):
            return _errors(400, "Bad Request")
        self.logs += logs
        self.truncated += sum(len(json.dumps(log, ensure_ascii=False).encode()) > 1_000_000 for log in logs)
        self.too_old += sum(log["timestamp"] / 1000 < time.time() - 18 * 3600 for log in logs)
        return Reply(202, {})


def _is_log(log: Any) -> bool:
    texts = ("message", "ddsource", "ddtags", "service", "hostname")
    return (
        isinstance(log, dict)
        and all(isinstance(log.get(name), str) for name in texts)
        and log.get("status") in _STATUSES
        and isinstance(log.get("timestamp"), int)
    )


def _errors(status: int, title: str) -> Reply:
    return Reply(status, {"errors": [{"status": str(status), "title": title}]})

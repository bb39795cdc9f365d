"""Amazon's services: moto, and before it a layer that keeps the limits which moto does not.

The limits are those of the API references of PutRecordBatch and PutLogEvents, in their smaller reading.
"""

import base64
import json
import socket
import subprocess
import time
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any, Self

import pytest

from tests.peers import ROOT, PeerMissing
from tests.receivers.serving import Reply, Request, Serving

SERVER = ROOT / ".venv-peers" / "aws" / "bin" / "moto_server"

DAY_MS = 24 * 3600 * 1000


class Moto:
    """A process of its own, on a free port."""

    def __init__(self) -> None:
        if not SERVER.exists():
            raise PeerMissing(SERVER)
        self.port = free_port()
        command = [str(SERVER), "-H", "127.0.0.1", "-p", str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                assert self._process.poll() is None, "moto ended"
                assert time.monotonic() < until, "moto does not listen"
                time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


class Amazon(Serving):
    """Firehose and CloudWatch Logs. ``behind``: the port of moto; 0: nobody, and what is taken is only counted here.

    ``taken``: the data of every record or event taken, in order, repeated ones too. ``fails``: which records of a
    PutRecordBatch are answered with an error of their own. ``unacceptable``: which make the service refuse the whole.
    """

    def __init__(self, behind: int = 0) -> None:
        super().__init__()
        self._behind = behind
        self.fails: Callable[[bytes], bool] = lambda _: False
        self.unacceptable: Callable[[bytes], bool] = lambda _: False
        self.missing = False  # group and stream, until somebody makes them
        self.taken: list[bytes] = []
        self.retention_ms = 7 * DAY_MS

    def serve(self, request: Request) -> Reply:
        operation = request.headers["x-amz-target"].partition(".")[2]
        assert "Credential=" in request.headers["authorization"]
        asked = json.loads(request.body)
        if operation == "PutRecordBatch":
            return self._put_record_batch(request, asked)
        if operation == "PutLogEvents":
            return self._put_log_events(request, asked)
        if operation in ("CreateLogGroup", "CreateLogStream"):
            self.missing = False
        return self._passed(request, asked, {})

    def _put_record_batch(self, request: Request, asked: dict[str, Any]) -> Reply:
        records = [base64.b64decode(record["Data"], validate=True) for record in asked["Records"]]
        if not 1 <= len(records) <= 500 or sum(map(len, records)) > 4_000_000:
            return error("InvalidArgumentException")
        if any(not 1 <= len(record) <= 1_000_000 for record in records) or any(map(self.unacceptable, records)):
            return error("InvalidArgumentException")
        assert all(record.endswith(b"\n") and record.count(b"\n") == 1 for record in records)
        failed = [self.fails(record) for record in records]
        taken = [record for record, fails in zip(asked["Records"], failed, strict=True) if not fails]
        if taken:
            passed = self._passed(request, asked | {"Records": taken}, {})
            if passed.status != 200:
                return passed
        self.taken += [record for record, fails in zip(records, failed, strict=True) if not fails]
        told = {"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}
        responses = [told if fails else {"RecordId": str(place)} for place, fails in enumerate(failed)]
        return Reply(200, {"FailedPutCount": sum(failed), "Encrypted": False, "RequestResponses": responses})

    def _put_log_events(self, request: Request, asked: dict[str, Any]) -> Reply:
        if self.missing:
            return error("ResourceNotFoundException")
        events = asked["logEvents"]
        sizes = [len(event["message"].encode()) + 26 for event in events]
        times = [event["timestamp"] for event in events]
        if not 1 <= len(events) <= 10_000 or sum(sizes) > 1_048_576 or max(sizes) > 1_000_000:
            return error("InvalidParameterException")
        if times != sorted(times) or any(self.unacceptable(event["message"].encode()) for event in events):
            return error("InvalidParameterException")
        now = time.time() * 1000
        first = sum(at < now - self.retention_ms for at in times)  # expired, among them what is too old
        end = sum(at <= now + 2 * 3600 * 1000 for at in times)
        valid = events[first:end]
        if valid and valid[-1]["timestamp"] - valid[0]["timestamp"] > DAY_MS:
            return error("InvalidParameterException")
        info: dict[str, int] = {}
        if too_old := sum(at < now - 14 * DAY_MS for at in times):
            info["tooOldLogEventEndIndex"] = too_old
        if first > too_old:
            info["expiredLogEventEndIndex"] = first
        if end < len(events):
            info["tooNewLogEventStartIndex"] = end
        if valid:
            passed = self._passed(request, asked | {"logEvents": valid}, {})
            if passed.status != 200:
                return passed
        self.taken += [event["message"].encode() for event in valid]
        return Reply(200, {"nextSequenceToken": "1", **({"rejectedLogEventsInfo": info} if info else {})})

    def _passed(self, request: Request, asked: dict[str, Any], said: Any) -> Reply:
        """What moto says."""
        if not self._behind:
            return Reply(200, said)
        connection = HTTPConnection("127.0.0.1", self._behind, timeout=10)
        try:
            kept = {name: value for name, value in request.headers.items() if name not in ("content-length", "host")}
            connection.request("POST", request.path, json.dumps(asked).encode(), kept)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        return Reply(answer.status, json.loads(body) if body else None)


def error(code: str, status: int = 400) -> Reply:
    """As these services say it."""
    return Reply(status, {"__type": code, "message": "text of the service's own, with account 123456789012 in it"})


def account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that boto3 finds, and no others."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA" + "TEST" * 4)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not" + "-a-secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port

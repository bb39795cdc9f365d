"""A receiver of OTLP/HTTP logs in JSON that reads them with the published schema (opentelemetry-proto), strictly."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.json_format import ParseDict, ParseError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from tests.receivers.serving import Reply, Request, Serving


class Otlp(Serving):
    """``taken``: every log record in order, repeated ones too. ``rejects``: which are rejected by themselves, and only
    counted in the answer; ``unacceptable``: which make it refuse the whole.
    """

    def __init__(self, headers: Mapping[str, str] = {}, largest: int = 4 << 20, **more: Any) -> None:
        super().__init__(**more)
        self._headers = headers
        self._largest = largest
        self.rejects: Callable[[Any], bool] = lambda _: False
        self.unacceptable: Callable[[Any], bool] = lambda _: False
        self.taken: list[Any] = []
        self.resources: list[dict[str, Any]] = []

    def serve(self, request: Request) -> Reply:
        if any(request.headers.get(name) != value for name, value in self._headers.items()):
            return Reply(401)
        if request.path != "/v1/logs":
            return Reply(404)
        if request.headers["content-type"] != "application/json":
            return Reply(415)
        if len(request.body) > self._largest:
            return Reply(413)
        try:
            sent = parsed(request.body)
        except (ParseError, ValueError) as why:
            return Reply(400, {"code": 3, "message": str(why)})
        records = [one for part in sent.resource_logs for scope in part.scope_logs for one in scope.log_records]
        if not records or any(map(self.unacceptable, records)):
            return Reply(400, {"code": 3, "message": "unacceptable"})
        self.resources += [attributes(part.resource.attributes) for part in sent.resource_logs]
        self.taken += [record for record in records if not self.rejects(record)]
        rejected = sum(map(self.rejects, records))
        # An int64 is a string in protobuf's JSON.
        told = {"rejectedLogRecords": str(rejected), "errorMessage": "some were rejected"}
        return Reply(200, {"partialSuccess": told} if rejected else {"partialSuccess": {}})


def parsed(body: bytes) -> Any:
    """Raises ``ParseError`` for what the schema does not have, ``ValueError`` for an id that is none."""
    decoded = json.loads(body)
    for part in decoded["resourceLogs"]:
        for scope in part["scopeLogs"]:
            for record in scope["logRecords"]:
                _bytes(record, "traceId", 16)
                _bytes(record, "spanId", 8)
    return ParseDict(decoded, ExportLogsServiceRequest())


def attributes(listed: Any) -> dict[str, Any]:
    """By their names; one that is there twice is an error (OpenTelemetry, "Attribute Collections")."""
    names = [one.key for one in listed]
    assert len(names) == len(set(names))
    return {one.key: value(one.value) for one in listed}


def value(any_value: AnyValue) -> Any:
    kind = any_value.WhichOneof("value")
    if kind == "array_value":
        return [value(element) for element in any_value.array_value.values]
    return getattr(any_value, kind) if kind else None


def _bytes(record: dict[str, Any], name: str, count: int) -> None:
    """OTLP's JSON has these two in hexadecimal, where protobuf's own has base64."""
    text = record.get(name)
    if text is None:
        return
    if not re.fullmatch(f"[0-9a-f]{{{2 * count}}}", text) or not int(text, 16):
        raise ValueError(name)
    record[name] = base64.b64encode(bytes.fromhex(text)).decode()

"""What the sinks of Amazon's services have in common: credentials, one client at a time, and what its errors mean."""

import importlib
import logging
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from doorward.configtypes import Refused, Secret
from doorward.core.delivery import SinkFault
from doorward.sinks.aws_answers import bound
from doorward.sinks.bounded import Bounded
from doorward.sinks.isolating import Unacceptable
from doorward.sinks.options import SinkOptions
from doorward.sinks.posting import LONGEST_WAIT, SETTLED, address

THROTTLED = 1.0
"""Seconds before another try where the service says that there were too many, and not for how long."""

ROLE_LASTS = 3600
"""Seconds that the credentials of an assumed role live: what a role that was assumed with another may have at most."""


class AwsOptions(SinkOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``region``, and where no ``role`` is named the credentials, are found as boto3 finds them (environment, files,
    the container's or machine's role). ``role``: the ARN of one to assume, as ``session``, with ``external_id`` where
    it asks for one. ``endpoint``: the service's, where it is not the public one; ``role_endpoint``: that of STS.
    ``timeout``: for one request, the credentials for it included.
    """

    region: str = ""
    role: str = ""
    session: str = "doorward"
    external_id: str = ""
    endpoint: str = ""
    role_endpoint: str = ""


class Aws:
    """Calls one service, one call after the other."""

    def __init__(self, service: str, options: AwsOptions) -> None:
        """Raises ``Refused``. Nothing is asked of anybody yet: no network, no credentials."""
        _check(options)
        _quiet()
        self._service = service
        self._options = options
        self._boto3 = _library("boto3")
        self._models: Any = None
        try:
            self._region = options.region or self._new_session().region_name
        except _library("botocore.exceptions").BotoCoreError as fault:
            why = f"boto3 cannot be set up ({type(fault).__name__})"
            raise Refused(why, "check AWS_PROFILE and the files that it is about") from None
        if not self._region:
            raise Refused("no region is known", "write region: eu-central-1, or set AWS_REGION")
        self._bounded = Bounded(f"doorward-{service}")
        self._client: Any = None

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer. Raises ``SinkFault``; ``Rejected`` where the service said no in a way that is about the call."""
        ready = [self._client] if self._client is not None else []
        self._client = None

        def work() -> Mapping[str, Any]:
            if not ready:
                ready.append(self._new_client())
            answer: Mapping[str, Any] = getattr(ready[0], operation)(**arguments)
            return answer

        try:
            answer = self._bounded.call(work, self._options.timeout)
        except SinkFault:
            raise  # and another client next time: a thread that was left behind may be at work with this one
        except Exception as fault:  # noqa: BLE001 - botocore's exceptions have several roots
            if ready and _kept(fault):
                self._client = ready[0]
            raise told(fault) from None
        self._client = ready[0]
        return answer

    def close(self) -> None:
        self._bounded.close()

    def _new_session(self) -> Any:
        core = _library("botocore.session").Session()
        if self._options.role:
            credentials = importlib.import_module("botocore.credentials")
            lasting = credentials.DeferredRefreshableCredentials(self._assumed, "sts-assume-role")
            core.register_component("credential_provider", _Only(lasting))
        return self._around(core)

    def _around(self, core: Any) -> Any:
        """boto3's session. All have the descriptions of services in common: 9 MiB, and four fifths of a client's time,
        for each client that takes the place of one that hangs.
        """
        if self._models is None:
            self._models = core.get_component("data_loader")
        else:
            core.register_component("data_loader", self._models)
        made = self._boto3.Session(botocore_session=core, region_name=self._options.region or None)
        paths = self._models.search_paths
        paths[:] = dict.fromkeys(paths)  # each session has added boto3's own
        return made

    def _new_client(self) -> Any:
        client = self._made(self._new_session(), self._service, self._options.endpoint)
        client.meta.events.register("response-received", _whole)
        return client

    def _made(self, session: Any, service: str, endpoint: str) -> Any:
        seconds = max(self._options.timeout, 0.001)
        settings = importlib.import_module("botocore.config").Config(
            connect_timeout=seconds,
            read_timeout=seconds,
            retries={"total_max_attempts": 1, "mode": "standard"},  # what sends again is the pump, in order
            user_agent_extra="doorward",
        )
        client = session.client(service, region_name=self._region, endpoint_url=endpoint or None, config=settings)
        bound(client, seconds)
        return client

    def _assumed(self) -> dict[str, str]:
        """Fresh credentials of the role, as botocore keeps them."""
        session = self._around(_library("botocore.session").Session())
        asked = {
            "RoleArn": self._options.role,
            "RoleSessionName": self._options.session,
            "DurationSeconds": ROLE_LASTS,
            **({"ExternalId": self._options.external_id} if self._options.external_id else {}),
        }
        given = self._made(session, "sts", self._options.role_endpoint).assume_role(**asked)["Credentials"]
        return {
            "access_key": given["AccessKeyId"],
            "secret_key": given["SecretAccessKey"],
            "token": given["SessionToken"],
            "expiry_time": given["Expiration"].isoformat(),
        }


def _quiet() -> None:
    """At the level of debugging botocore's log has whole answers, those of STS with the credentials in them."""
    log = logging.getLogger("botocore")
    log.setLevel(max(log.getEffectiveLevel(), logging.INFO))


class _HalfAnswer(Exception):
    """The end of an answer is missing, or it is not the service's."""


def _whole(response_dict: Mapping[str, Any] | None = None, **_: Any) -> None:
    """Look at an answer as it came: botocore takes one that breaks off for one that says nothing, which is success."""
    if response_dict is None:
        return
    body = response_dict["body"]
    length = response_dict["headers"].get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) != len(body):
        raise _HalfAnswer
    try:
        said = msgspec.json.decode(body or b"{}")
    except (msgspec.MsgspecError, ValueError):
        said = None
    if not isinstance(said, dict) and response_dict["status_code"] < 300:
        raise _HalfAnswer


class Rejected(SinkFault):
    """The service's own error: ``code`` by its name."""

    def __init__(self, code: str, detail: str, wait: float = 0.0, remedy: str = "") -> None:
        super().__init__(detail, wait, remedy)
        self.code = code


class _Only:
    """The place where botocore looks for credentials, with one way to them."""

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials

    def load_credentials(self) -> Any:
        return self._credentials


_STALE = frozenset(("ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId"))
_THROTTLING = frozenset(
    (
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ServiceUnavailableException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
    )
)
_PASSING = frozenset(("InternalFailure", "OperationAbortedException", "RequestTimeout", "RequestTimeoutException"))
_UNACCEPTABLE = frozenset(
    (
        "InvalidArgumentException",
        "InvalidParameterException",
        "RequestEntityTooLarge",
        "RequestEntityTooLargeException",
        "SerializationException",
        "ValidationException",
        "413",
    )
)


def told(fault: Exception) -> SinkFault:
    """What an exception of botocore's says, without the service's own text: that may hold what is nobody's business."""
    code = _code(fault)
    if not code:
        name = type(fault).__name__
        return SinkFault(_WORDS.get(name, f"no answer ({name})"), remedy=_TODO.get(name, ""))
    said = getattr(fault, "response", {}).get("ResponseMetadata", {})
    status = said.get("HTTPStatusCode", 0)
    detail = f"{code} (HTTP {status})"
    if code in _UNACCEPTABLE or status == 413:
        return Unacceptable(detail)
    wait = _retry_after(said.get("HTTPHeaders", {}))
    if code in _THROTTLING or status == 429:
        return Rejected(code, detail, wait or THROTTLED)
    if status >= 500 or code in _PASSING:
        return Rejected(code, detail, wait)
    return Rejected(code, detail, max(wait, SETTLED), _todo(code))


def _todo(code: str) -> str:
    if code.startswith("AccessDenied") or code == "UnauthorizedOperation":
        return "let the credentials do this: the page of this sink has the rights that it needs"
    if code == "ResourceNotFoundException":
        return "make it, or check its name, the region and the account"
    if code in _STALE or code.startswith(("InvalidSignature", "SignatureDoesNotMatch", "IncompleteSignature")):
        return "check the credentials, and this host's clock"
    return ""


_WORDS: Mapping[str, str] = {
    "ConnectTimeoutError": "no connection in time",
    "ConnectionClosedError": "the connection ended before the answer",
    "Cut": "the connection ended within the answer",
    "EndpointConnectionError": "no connection",
    "NoCredentialsError": "no credentials were found",
    "NoEnd": "the answer has no end",
    "PartialCredentialsError": "a part of the credentials is missing",
    "ProxyConnectionError": "no connection to the proxy",
    "ReadTimeoutError": "no answer in time",
    "ResponseParserError": "the answer is not the service's",
    "SSLError": "the server's certificate is not accepted",
    "_HalfAnswer": "the answer is not whole",
}

_TODO: Mapping[str, str] = {
    "ConnectTimeoutError": "check region and endpoint, and what is on the way",
    "EndpointConnectionError": "check region and endpoint, and the DNS of this machine",
    "NoCredentialsError": "give it some where boto3 looks: environment, files, the role of the machine or container",
    "PartialCredentialsError": "give it all of them",
    "ProxyConnectionError": "check HTTPS_PROXY and NO_PROXY",
    "ResponseParserError": "check endpoint",
    "SSLError": "check endpoint, and AWS_CA_BUNDLE where somebody else vouches for it",
}

# A client whose connection failed is as good as before; one that found no credentials never looks for them again.
_CONNECTION = frozenset(
    (
        "ConnectTimeoutError",
        "ConnectionClosedError",
        "Cut",
        "EndpointConnectionError",
        "NoEnd",
        "ReadTimeoutError",
        "_HalfAnswer",
    )
)


def _kept(fault: Exception) -> bool:
    code = _code(fault)
    return code not in _STALE if code else type(fault).__name__ in _CONNECTION


_CODE = re.compile(r"[A-Za-z0-9._-]{1,80}", re.ASCII)


def _code(fault: Exception) -> str:
    """The service's error by its name; empty where the service did not speak."""
    response = getattr(fault, "response", None)
    if not isinstance(response, Mapping):
        return ""
    code = str(response.get("Error", {}).get("Code", ""))
    return code if _CODE.fullmatch(code) else "an error without a name"


def _retry_after(headers: Mapping[str, str]) -> float:
    said = str(headers.get("retry-after", ""))
    return min(float(said), LONGEST_WAIT) if said.isascii() and said.isdigit() else 0.0


_ROLE = re.compile(r"arn:[a-z0-9-]+:iam::[0-9]{12}:role/[\w+=,.@/-]{1,512}", re.ASCII)
_SESSION = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)  # STS AssumeRole, RoleSessionName
_EXTERNAL = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)  # STS AssumeRole, ExternalId
_REGION = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)


def _check(options: AwsOptions) -> None:
    checks: tuple[tuple[str, str, re.Pattern[str], str], ...] = (
        ("region", options.region, _REGION, "such as eu-central-1"),
        ("role", options.role, _ROLE, "arn:aws:iam::ACCOUNT:role/NAME"),
        ("session", options.session, _SESSION, "2 to 64 of A-Z a-z 0-9 _ + = , . @ -"),
        ("external_id", options.external_id, _EXTERNAL, "2 to 1224 of A-Z a-z 0-9 _ + = , . @ : / -"),
    )
    for name, text, form, remedy in checks:
        if text and not form.fullmatch(text):
            raise Refused(f"{name} is not of the form that it must have", remedy)
    if not options.session:
        raise Refused("session is empty", "leave it out, or name the session of the role")
    if options.external_id and not options.role:
        raise Refused("external_id goes with a role", "name the role, or leave it out")
    for text in filter(None, (options.endpoint, options.role_endpoint)):
        address(Secret(text))


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise Refused("boto3 is not installed", "pip install 'doorward[aws]'") from None

"""What an operator can do about a sink that takes nothing is said with the fault, where we know it."""

import socket
import ssl
from http.client import RemoteDisconnected
from pathlib import Path

import pytest
from tests.receivers.events import some

from doorward.core.delivery import SinkFault
from doorward.outgoing.reaching import trouble
from doorward.sinks import aws, kafka
from doorward.sinks.file import File
from doorward.sinks.posting import Answer, judge


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "credentials"),
        (403, "credentials"),
        (404, "address"),
        (405, "address"),
        (302, "redirects are not followed"),
        (429, ""),
        (503, ""),
        (418, ""),
    ],
)
def test_of_an_answer(status: int, words: str) -> None:
    with pytest.raises(SinkFault) as caught:
        judge(Answer(status))
    assert words in caught.value.remedy
    assert bool(words) == bool(caught.value.remedy)


def unverified(code: int, message: str) -> ssl.SSLCertVerificationError:
    fault = ssl.SSLCertVerificationError(1, "not verified")
    fault.verify_code, fault.verify_message = code, message
    return fault


def no_tls() -> ssl.SSLError:
    fault = ssl.SSLError(1, "wrong version number")
    fault.reason = "WRONG_VERSION_NUMBER"
    return fault


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (unverified(18, "self-signed certificate"), "`ca`"),
        (unverified(20, "unable to get local issuer certificate"), "`ca`"),
        (unverified(10, "certificate has expired"), "another certificate"),
        (unverified(62, "Hostname mismatch, …"), "the name that its certificate has"),
        (no_tls(), "whether TLS is spoken there"),
        (socket.gaierror(-2, "Name or service not known"), "DNS"),
        (ConnectionRefusedError(111, "Connection refused"), "start what should listen there"),
        (RemoteDisconnected("Remote end closed"), "check port and scheme"),
        (TimeoutError(), "`timeout`"),
        (OSError(5, "Input/output error"), ""),
    ],
)
def test_of_a_connection(fault: OSError, words: str) -> None:
    why, todo = trouble(fault)
    assert why
    assert words in todo
    assert bool(words) == bool(todo)


def test_of_a_connection_that_came_too_late() -> None:
    assert trouble(ConnectionResetError(104, "reset"), late=True)[0] == "no answer in time"


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("no acknowledgement in time (_TRANSPORT)", "no broker is reached"),
        ("no acknowledgement in time (_AUTHENTICATION)", "user and password"),
        ("no acknowledgement in time (_SSL)", "ca, certificate"),
        ("no acknowledgement in time (_RESOLVE)", "names of the brokers"),
        ("UNKNOWN_TOPIC_OR_PART", "make the topic"),
        ("_UNKNOWN_TOPIC", "make the topic"),
        ("TOPIC_AUTHORIZATION_FAILED", "let the user write"),
        ("no acknowledgement in time", ""),
    ],
)
def test_of_kafka(why: str, words: str) -> None:
    with pytest.raises(SinkFault) as caught:
        kafka._Batch([False], believed=False).delivered(why)
    assert words in caught.value.remedy
    assert bool(words) == bool(caught.value.remedy)


class Said(Exception):
    """As botocore's ClientError has it."""

    def __init__(self, code: str) -> None:
        self.response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": 400}}


class NoCredentialsError(Exception):
    """As botocore calls it."""


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Said("AccessDeniedException"), "rights"),
        (Said("ResourceNotFoundException"), "make it"),
        (Said("ExpiredTokenException"), "credentials"),
        (Said("SignatureDoesNotMatch"), "clock"),
        (Said("ThrottlingException"), ""),
        (NoCredentialsError(), "where boto3 looks"),
    ],
)
def test_of_amazon(fault: Exception, words: str) -> None:
    told = aws.told(fault)
    assert words in told.remedy
    assert bool(words) == bool(told.remedy)


def test_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(SinkFault) as caught:
        File(File.Options(path=tmp_path / "nowhere" / "events.jsonl")).deliver(some(1))
    assert "make its directory" in caught.value.remedy


def test_of_a_file_that_another_sink_writes(tmp_path: Path) -> None:
    first, second = (File(File.Options(path=tmp_path / "events.jsonl")) for _ in range(2))
    first.deliver(some(1))
    with pytest.raises(SinkFault) as caught:
        second.deliver(some(1))
    first.close()
    assert "a file of its own" in caught.value.remedy

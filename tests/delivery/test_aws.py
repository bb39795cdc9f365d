"""``use: firehose`` and ``use: cloudwatch`` against moto, which keeps what it takes, behind a layer that keeps the
limits (tests/receivers/aws.py). Reading back is boto3's, from moto itself.
"""

import time
from collections.abc import Iterator
from typing import Any

import boto3
import msgspec
import pytest
from tests.receivers.aws import Amazon, Moto, account
from tests.receivers.events import event, ids, some
from tests.receivers.serving import Fault

from doorward.core.delivery import ALL, Event, SinkFault
from doorward.sinks.cloudwatch import TOO_OLD, CloudWatch
from doorward.sinks.firehose import Firehose

REGION = "eu-central-1"
ROLE = "arn:aws:iam::123456789012:role/doorward"


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    with Moto() as up:
        yield up


@pytest.fixture
def amazon(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> Iterator[Amazon]:
    account(monkeypatch)
    with Amazon(moto.port) as up:
        yield up


def client(moto: Moto, service: str) -> Any:
    return boto3.client(service, endpoint_url=moto.url, region_name=REGION)


@pytest.fixture
def bucket(moto: Moto, amazon: Amazon, request: pytest.FixtureRequest) -> str:
    """Where a Firehose stream of the same name writes to."""
    name = f"b{abs(hash(request.node.name))}"
    client(moto, "s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    to = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{name}"}
    client(moto, "firehose").create_delivery_stream(DeliveryStreamName=name, S3DestinationConfiguration=to)
    return name


def written(moto: Moto, bucket: str) -> list[Any]:
    """The events in a bucket, those of one object in their order."""
    s3 = client(moto, "s3")
    objects = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    texts = [s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in objects]
    return [msgspec.json.decode(line) for text in texts for line in text.splitlines()]


def until_done(sink: Any, events: list[Event]) -> None:
    """As the pump does it."""
    for _ in range(20):
        try:
            said = sink.deliver(events)
        except SinkFault:
            continue
        assert not said.refused
        events = [events[place] for place in sorted(said.again)]
        if not events:
            return
    raise AssertionError("it does not end")


def test_firehose_writes_every_event_through_all_its_faults(moto: Moto, amazon: Amazon, bucket: str) -> None:
    events = some(40)
    sink = Firehose(Firehose.Options(stream=bucket, region=REGION, endpoint=amazon.url))
    busy = {"__type": "ServiceUnavailableException"}
    amazon.next(Fault("status", 503, said=busy), Fault("lost"), Fault("half"), Fault("cut"))
    failing = {one.data for one in events[::3]}
    amazon.fails = lambda record: record[:-1] in failing and not failing.discard(record[:-1])
    until_done(sink, events)
    assert set(ids(written(moto, bucket))) == {one.id for one in events}


def test_cloudwatch_keeps_every_event_and_names_what_it_does_not_take(moto: Moto, amazon: Amazon) -> None:
    began = time.time() - 60
    events = [event(number, at=began) for number in range(40)]
    options = CloudWatch.Options(group="/doorward/a", stream="edge-1", create=True, region=REGION, endpoint=amazon.url)
    sink = CloudWatch(options)
    until_done(sink, events[:20])
    assert sink.deliver([event(99, at=began - 20 * 86400), *events[20:30]]).refused == {0: TOO_OLD}
    amazon.next(Fault("status", 400, said={"__type": "ThrottlingException"}), Fault("lost"))
    until_done(sink, events[30:])
    found = client(moto, "logs").get_log_events(
        logGroupName="/doorward/a", logStreamName="edge-1", startFromHead=True, limit=100
    )["events"]
    told = [one["message"].encode() for one in found]
    assert list(dict.fromkeys(told)) == [one.data for one in events]


@pytest.mark.parametrize("external", ["", "tenant-4711"])
def test_a_role_is_assumed_through_sts(external: str, moto: Moto, amazon: Amazon, bucket: str) -> None:
    more = {"role": ROLE, "session": "doorward-edge-1", "role_endpoint": moto.url, "external_id": external}
    sink = Firehose(Firehose.Options(stream=bucket, region=REGION, endpoint=amazon.url, **more))
    for _ in range(2):
        assert sink.deliver(some(2)) == ALL
    keys = {request.headers["authorization"].partition("Credential=")[2][:4] for request in amazon.requests}
    assert keys == {"ASIA"}  # temporary ones, and not those that the role was assumed with
    assert all(request.headers["x-amz-security-token"] for request in amazon.requests)


def test_a_token_that_expired_is_fetched_anew(moto: Moto, amazon: Amazon, bucket: str) -> None:
    more = {"role": ROLE, "role_endpoint": moto.url}
    sink = Firehose(Firehose.Options(stream=bucket, region=REGION, endpoint=amazon.url, **more))
    amazon.next(Fault("status", 400, said={"__type": "ExpiredTokenException"}))
    until_done(sink, some(2))
    until_done(sink, some(2))
    first, *later = (request.headers["x-amz-security-token"] for request in amazon.requests)
    assert first not in later
    assert len(set(later)) == 1


def test_sts_that_cannot_be_reached_is_a_fault(amazon: Amazon) -> None:
    more = {"role": ROLE, "role_endpoint": "http://127.0.0.1:1"}
    sink = Firehose(Firehose.Options(stream="doorward", region=REGION, endpoint=amazon.url, **more))
    with pytest.raises(SinkFault, match="no connection"):
        sink.deliver(some(1))
    assert not amazon.requests

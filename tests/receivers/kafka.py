"""Kafka: a real broker of its own, from Apache's jars; and librdkafka's mock cluster, for what needs no more."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import confluent_kafka
from confluent_kafka.admin import AdminClient, NewTopic

from tests.peers import ROOT, PeerMissing
from tests.receivers.aws import free_port

JARS = ROOT / ".venv-peers" / "kafka" / "lib"

QUIET: Mapping[str, Any] = {"log_level": 0, "error_cb": lambda _: None}

_JAVA = (
    "java",
    "-Xmx192m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
)

_PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={logs}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.cleaner.dedupe.buffer.size=2097152
log.cleaner.threads=1
log.index.size.max.bytes=1048576
log.retention.ms=-1
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
"""


def missing() -> str:
    """Why there can be no real broker on this machine; empty: there is one."""
    if shutil.which("java") is None:
        return "a real Kafka broker needs java"
    if not JARS.exists() and (shutil.which("mvn") is None or (JARS.parent / ".stamp").exists()):
        return "a real Kafka broker needs its jars, which `make peers` could not fetch with mvn"
    return ""


def partitions(address: str, topic: str, count: int) -> list[list[Any]]:
    """All messages of each partition, once there are ``count`` different events in all."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": address, "group.id": "tests", **QUIET})
    try:
        numbers = sorted(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
        consumer.assign([confluent_kafka.TopicPartition(topic, number, 0) for number in numbers])
        found: dict[int, list[Any]] = {number: [] for number in numbers}
        until = time.monotonic() + 20
        while sum(len(ids(messages)) for messages in found.values()) < count:
            assert time.monotonic() < until, {number: len(messages) for number, messages in found.items()}
            message = consumer.poll(0.1)
            if message is not None and message.error() is None:
                found[message.partition()].append(message)
        return list(found.values())
    finally:
        consumer.close()


def ids(messages: Sequence[Any]) -> list[str]:
    """Of the events, by the CloudEvents header, without those that came before."""
    return list(dict.fromkeys(dict(message.headers())["ce_id"].decode() for message in messages))


class Mock:
    """librdkafka's own mock cluster: it keeps no limits, and forgets all when it ends."""

    def __init__(self) -> None:
        self._holder = confluent_kafka.Producer({"test.mock.num.brokers": 1, **QUIET})
        (broker,) = self._holder.list_topics(timeout=10).brokers.values()
        self.address = f"{broker.host}:{broker.port}"


class Broker:
    """One broker in KRaft mode. ``pause`` leaves it with its connections open and silent; ``kill`` is kill -9."""

    def __init__(self, directory: Path) -> None:
        if not JARS.exists():
            raise PeerMissing(JARS)
        self._port, controller = free_port(), free_port()
        self.address = f"127.0.0.1:{self._port}"
        self._settings = directory / "server.properties"
        self._settings.write_text(
            _PROPERTIES.format(port=self._port, controller=controller, logs=directory / "logs"), encoding="utf-8"
        )
        self._told = directory / "broker.log"
        self._process: subprocess.Popen[bytes] | None = None
        formatted = ("kafka.tools.StorageTool", "format", "-t", "ZG9vcndhcmRkb29yd2FyZA", "-c", str(self._settings))
        subprocess.run([*_JAVA, "-cp", f"{JARS}/*", *formatted], check=True, capture_output=True, timeout=120)

    def start(self) -> None:
        with self._told.open("ab") as told:
            command = [*_JAVA, "-cp", f"{JARS}/*", "kafka.Kafka", str(self._settings)]
            self._process = subprocess.Popen(command, stdout=told, stderr=told)
        until = time.monotonic() + 120
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
                return
            except OSError:
                assert self._process.poll() is None, self._told.read_text(errors="replace")
                assert time.monotonic() < until
                time.sleep(0.05)

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def topic(self, name: str, partitions: int = 1, **config: str) -> str:
        admin = AdminClient({"bootstrap.servers": self.address, **QUIET})
        asked = NewTopic(name, partitions, 1, config={key.replace("_", "."): value for key, value in config.items()})
        admin.create_topics([asked])[name].result(30)
        return name

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            self.kill()

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

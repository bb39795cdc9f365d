"""The options of the Kafka sink as librdkafka's settings, checked."""

import re
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from doorward.configfile.edge import is_loopback
from doorward.configtypes import Refused, Secret, content
from doorward.sinks.options import SinkOptions

QUEUE_KIB = 64 << 10


class KafkaOptions(SinkOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``brokers``: HOST:PORT, one or more to begin with. ``topic``: it must be there. ``source``: of the
    CloudEvents. ``tls``: verified with ``ca``, or the system's authorities; ``certificate`` and ``key`` for one of
    our own. ``sasl``: with ``user`` and ``password``. ``timeout``: for all acknowledgements of a delivery.
    """

    brokers: tuple[str, ...]
    topic: str
    source: str = "doorward"
    compression: Literal["none", "gzip", "lz4", "snappy", "zstd"] = "zstd"
    tls: bool = True
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    key_password: Secret | None = None
    sasl: Literal["none", "plain", "scram-sha-256", "scram-sha-512"] = "none"
    user: str = ""
    password: Secret | None = None


def settings(options: KafkaOptions) -> dict[str, Any]:
    """Raises ``Refused``, and never shows a value."""
    _check(options)
    made: dict[str, Any] = {
        "bootstrap.servers": ",".join(options.brokers),
        "client.id": "doorward",
        "enable.idempotence": True,
        "acks": "all",
        # A message that fails ends the producer, instead of leaving a gap that later ones fill (order per writer).
        "enable.gapless.guarantee": True,
        # The sink has one time limit for a delivery; the library's own would only fail messages one by one.
        "message.timeout.ms": 0,
        # So that a topic that is not there is named before that limit.
        "topic.metadata.propagation.max.ms": max(100, int(options.timeout * 500)),
        "reconnect.backoff.max.ms": 1000,
        "compression.type": options.compression,
        "partitioner": "murmur2_random",  # as Kafka's own clients do it
        "queue.buffering.max.kbytes": QUEUE_KIB,
        "queue.buffering.max.messages": 100_000,
        "log_level": 0,
        "log.connection.close": False,
    }
    return made | _security(options)


def look_into_files(options: KafkaOptions) -> None:
    """Raises ``Refused``: the library says of no file why it does not take it, or which, and waits at a pipe."""
    for name, path in (("ca", options.ca), ("certificate", options.certificate), ("key", options.key)):
        try:
            if path is not None:
                content(path, 1)
        except OSError as fault:
            why = f"the file of {name} cannot be read: {fault.strerror}"
            raise Refused(why, "check its path and permissions") from None


def _security(options: KafkaOptions) -> dict[str, Any]:
    signed_in = options.sasl != "none"
    made: dict[str, Any] = {
        "security.protocol": ("sasl_" if signed_in else "") + ("ssl" if options.tls else "plaintext")
    }
    if signed_in:
        made |= {"sasl.mechanisms": options.sasl.upper(), "sasl.username": options.user}
        made["sasl.password"] = options.password.reveal() if options.password else ""
    files = {
        "ssl.ca.location": options.ca,
        "ssl.certificate.location": options.certificate,
        "ssl.key.location": options.key,
    }
    made |= {name: str(path) for name, path in files.items() if path is not None}
    if options.key_password is not None:
        made["ssl.key.password"] = options.key_password.reveal()
    return made


def _check(options: KafkaOptions) -> None:
    if not options.brokers or not all(_host(broker) for broker in options.brokers):
        raise Refused("brokers are not all HOST:PORT", 'such as ["kafka-1.example.com:9093"]')
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", options.topic) or options.topic in (".", ".."):
        raise Refused("topic is no name of a topic", "1 to 249 of A-Z a-z 0-9 . _ -")
    if not re.fullmatch(r"[!-~]{1,256}", options.source):
        raise Refused("source is no URI reference", "ASCII without spaces, such as doorward or //gateway-1/doorward")
    if options.sasl != "none" and not (options.user and options.password and options.password.reveal()):
        raise Refused(f"sasl: {options.sasl} goes with user and password", "write both")
    if options.sasl == "none" and (options.user or options.password):
        raise Refused("user and password go with sasl", "write sasl: scram-sha-512, or as the brokers want it")
    if not options.tls and any((options.ca, options.certificate, options.key, options.key_password)):
        raise Refused("ca, certificate and key go with tls", "write tls: true, or leave them out")
    if (options.certificate is None) != (options.key is None):
        raise Refused("certificate and key go together", "write both, or neither")
    if not options.tls and options.sasl != "none" and not all(is_loopback(_host(broker)) for broker in options.brokers):
        raise Refused("the password would go unencrypted", "write tls: true")


def _host(broker: str) -> str:
    """The host of HOST:PORT; empty: it is not of that form."""
    try:
        parts = urlsplit(f"//{broker}")
        port = parts.port
    except ValueError:
        return ""
    plain = re.fullmatch(r"[A-Za-z0-9._:\[\]-]{1,260}", broker) is not None
    return parts.hostname or "" if plain and port else ""

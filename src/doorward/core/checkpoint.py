"""A checkpoint: the writer's signed word that its chain had this length and this head at that time (guarantees, G5)."""

import base64

import msgspec

VERSION = 1
CONTEXT = b"doorward audit checkpoint 1\n"
"""Goes before what is signed, so that a signature is never good for anything else."""

_MARK = b',"signature":"'
_encode = msgspec.json.Encoder().encode


class Open(msgspec.Struct, frozen=True, array_like=True):
    """An intent without an outcome: segment and offset say where its line begins."""

    exchange_id: str
    segment: int
    offset: int


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``checkpoints.jsonl``, without its signature.

    ``count``: records so far (the last has ``seq`` count - 1), ``head``: SHA-256 of the last one's line, hexadecimal.
    ``segment`` and ``offset``: where the next record will begin. ``open``: intents from before the checkpoint before
    this one that still have no outcome. ``prev``: SHA-256 of the checkpoint's line before, "" in the first. ``final``:
    the writer ended in order.
    """

    v: int = VERSION
    kind: str = "checkpoint"
    writer: str
    number: int
    count: int
    head: str
    segment: int
    offset: int
    timestamp: str
    prev: str
    policy_digest: str = ""
    manifest_digest: str = ""
    open: tuple[Open, ...] = ()
    final: bool = False
    key_id: str


def unsigned(checkpoint: Checkpoint) -> bytes:
    """The bytes that are signed, behind ``CONTEXT``: the JSON object."""
    return _encode(checkpoint)


def line(body: bytes, signature: bytes) -> bytes:
    """``body`` (of ``unsigned``) with its signature as the last member, and the line's end."""
    return body[:-1] + _MARK + base64.urlsafe_b64encode(signature).rstrip(b"=") + b'"}\n'


def read(written: bytes) -> Checkpoint:
    """The checkpoint in a line; its signature is not looked at. Raises ``ValueError`` (``msgspec`` errors are)."""
    return msgspec.json.decode(written, type=Checkpoint)

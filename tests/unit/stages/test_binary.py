import base64
from typing import Any

import pytest

from doorward.core.message import splice
from doorward.stages.binary import emptied, is_text, might_hold, unreadable

PIXELS = base64.b64encode(bytes(range(256)) * 4).decode()
WORDS = base64.b64encode("Zeile eins,\nund größer.".encode()).decode()


def result(*blocks: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "result": {"content": list(blocks)}}


IMAGE = {"type": "image", "data": PIXELS, "mimeType": "image/png"}
AUDIO = {"type": "audio", "data": PIXELS, "mimeType": "audio/wav"}
BLOB = {"type": "resource", "resource": {"uri": "file:///a", "blob": PIXELS}}


@pytest.mark.parametrize(
    ("blocks", "found"),
    [
        ([IMAGE], ["/result/content/0/data"]),
        ([{"type": "text", "text": "x"}, AUDIO, BLOB], ["/result/content/1/data", "/result/content/2/resource/blob"]),
        ([{"type": "resource", "resource": {"uri": "file:///a", "blob": WORDS}}], []),
        ([{"type": "text", "text": PIXELS, "data": PIXELS}], []),
        ([{"type": "image", "data": ""}], []),
        ([{"type": "image", "data": 7}], []),
    ],
)
def test_images_audio_and_blobs_that_are_no_text(blocks: list[Any], found: list[str]) -> None:
    assert sorted(unreadable(result(*blocks))) == found


def test_wherever_they_are() -> None:
    value = {"params": {"a/b": [{"x~y": IMAGE}]}}
    assert unreadable(value) == ["/params/a~1b/0/x~0y/data"]


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        (WORDS, True),
        (PIXELS, False),
        ("no base64!", False),
        (base64.b64encode("ö".encode() * 4000).decode(), True),
        (base64.b64encode(("x" + "ö" * 4000).encode()).decode(), True),
        (base64.b64encode(b"text\x00text").decode(), False),
        (base64.b64encode(b"%PDF-1.7\n\xe2\xe3").decode(), False),
    ],
)
def test_text_is_told_from_the_rest(encoded: str, text: bool) -> None:
    assert is_text(encoded) is text


def test_the_bytes_say_whether_it_could_be_there() -> None:
    import json

    assert all(might_hold(json.dumps(result(block)).encode()) for block in (IMAGE, AUDIO, BLOB))
    assert might_hold(b'{"type":"im\\u0061ge"}')
    assert not might_hold(b'{"jsonrpc":"2.0","id":1,"result":{"content":[]}}')


def test_emptied_it_is_still_the_same_message() -> None:
    raw = b'{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"image", "data":"' + PIXELS.encode() + b'"}]}}'
    assert splice(raw, emptied(["/result/content/0/data"])) == raw.replace(PIXELS.encode(), b"")

import pytest

from doorward.core.salvage import salvage


@pytest.mark.parametrize(
    ("raw", "ident"),
    [
        (b'{"id":1,"x":"\\ud800"}', 1),
        (b' {"x":{"id":2,"id":3}, "\\u0069d" : "a\\nb" } ', "a\nb"),
        (b'{"id":1,"x":' + b"[" * 300 + b"]" * 300 + b"}", 1),
        (b'{"id":1,"\xff":2}', None),
        (b'{"id":1,"\\ud800":2}', None),
        (b'{"id":1,"id":1}', None),
        (b'{"id":1,"iD":1}', None),
        (b'{"ID":1}', None),
        (b'{"id":1.0}', None),
        (b'{"id":01}', None),
        (b'{"id":9007199254740992}', None),
        (b'{"id":"\\ud800"}', None),
        (b'{"id":null}', None),
        (b'{"id":1}{"id":2}', None),
        (b'{"id":1', None),
        (b'{"id":1,', None),
        (b'{"id" 1}', None),
        (b"{}", None),
        (b"[", None),
        (b"1", None),
        (b"", None),
        (b'{"id":1,"x":' + b"[" * 30_000, None),
        (b'{"id":1,"x":[' + b"[]," * 30_000 + b"1]}", None),
        (b'{"id":1' + b"".join(b',"%d":1' % n for n in range(300)) + b"}", None),
    ],
)
def test_an_id_is_salvaged_only_where_it_is_clear(raw: bytes, ident: object):
    assert salvage(raw, batches=False) == (ident, ())


@pytest.mark.parametrize(
    ("raw", "requests"),
    [
        (b'[{"id":1,"method":"a","x":1,"x":2},{"id":2},{"method":"b"}, 5, {"method":"c","id":"3"}]', (1, "3")),
        (b'[{"id":1,"method":"a"}', ()),
        (b'[{"id":1,"method":"a"}] 1', ()),
        (b"[" + b",".join([b'{"id":1,"method":"a"}'] * 101) + b"]", ()),
        (b"[]", ()),
    ],
)
def test_the_requests_of_a_batch_are_salvaged(raw: bytes, requests: tuple[object, ...]):
    assert salvage(raw, batches=True) == (None, requests)
    assert salvage(raw, batches=False) == (None, ())

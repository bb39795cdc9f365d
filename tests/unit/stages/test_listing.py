import json
from typing import Any

import pytest

from doorward.core.message import Response, read
from doorward.stages.listing import LISTS, filter_list


def page(text: str) -> Response:
    found = read(('{"jsonrpc":"2.0","id":1,"result":' + text + "}").encode())
    assert isinstance(found, Response)
    return found


def cut(text: str, *allowed: str, method: str = "tools/list", modern: bool = False, ttl_ms: int | None = None) -> Any:
    raw = filter_list(page(text), method, lambda name: name in allowed, modern=modern, ttl_ms=ttl_ms)
    return raw.decode().removeprefix('{"jsonrpc":"2.0","id":1,"result":').removesuffix("}")


def test_nothing_cut_is_the_same_object() -> None:
    message = page('{"tools":[{"name":"a"}],"nextCursor":"x"}')
    assert filter_list(message, "tools/list", lambda name: True, modern=False) is message.raw


@pytest.mark.parametrize(
    ("allowed", "left"),
    [
        ("bc", '[ {"name":"b"} , {"name":"c"} ]'),
        ("ac", '[ {"name":"a"} , {"name":"c"} ]'),
        ("ab", '[ {"name":"a"} , {"name":"b"} ]'),
        ("b", '[ {"name":"b"} ]'),
        ("c", '[ {"name":"c"} ]'),
        ("", "[  ]"),
    ],
)
def test_entries_go_with_one_comma_each_and_the_rest_stays_as_it_was(allowed: str, left: str) -> None:
    text = '{ "tools" : [ {"name":"a"} , {"name":"b"} , {"name":"c"} ] , "nextCursor":"x\\/" }'
    assert cut(text, *allowed) == '{ "tools" : ' + left + ' , "nextCursor":"x\\/" }'


@pytest.mark.parametrize("method", sorted(LISTS))
def test_each_list_has_its_member_and_its_name(method: str) -> None:
    member, key = LISTS[method]
    text = json.dumps({member: [{key: "a"}, {key: "b"}], "other": [{key: "b"}]})
    assert json.loads(cut(text, "a", method=method)) == {member: [{key: "a"}], "other": [{key: "b"}]}


@pytest.mark.parametrize("entry", ['{"title":"a"}', '{"name":1}', '"a"', "null", '["a"]', '{"name":"a","Name":"b"}'])
def test_an_entry_without_one_readable_name_is_dropped(entry: str) -> None:
    assert cut('{"tools":[' + entry + ',{"name":"a"}]}', "a") == '{"tools":[{"name":"a"}]}'


@pytest.mark.parametrize("result", ['{"tools":{"name":"a"}}', '{"tools":null}', '{"tools":[],"Tools":[{"name":"b"}]}'])
def test_what_is_no_list_or_could_be_two_is_refused(result: str) -> None:
    with pytest.raises(ValueError):
        cut(result, "a")


@pytest.mark.parametrize("result", ["{}", '{"nextCursor":"x"}', "[]", "3"])
def test_a_result_without_a_list_stays(result: str) -> None:
    assert cut(result, "a") == result


def test_an_error_stays() -> None:
    message = read(b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}')
    assert isinstance(message, Response)
    assert filter_list(message, "tools/list", lambda name: False, modern=True, ttl_ms=1) is message.raw


def test_legacy_lists_get_no_caching_members() -> None:
    assert cut('{"tools":[],"cacheScope":"public","ttlMs":900000}') == (
        '{"tools":[],"cacheScope":"public","ttlMs":900000}'
    )


@pytest.mark.parametrize(
    ("stated", "left", "ttl"),
    [
        ("900000", None, 60_000),
        ("900000", 1_500, 1_500),
        ("900", 1_500, 900),
        ("60000", -5, 0),
        ("-1", None, 0),
        ('"900"', None, 0),
        ("1e3", None, 0),
        ("true", None, 0),
    ],
)
def test_a_modern_page_is_private_and_ends_with_the_grant(stated: str, left: int | None, ttl: int) -> None:
    text = '{ "cacheScope" : "public", "tools":[{"name":"a"}, {"name":"b"}], "ttlMs": ' + stated + ' , "x":1}'
    assert cut(text, "a", modern=True, ttl_ms=left) == (
        '{ "cacheScope" : "private", "tools":[{"name":"a"}], "ttlMs": ' + str(ttl) + ' , "x":1}'
    )


def test_caching_members_that_are_missing_are_added_and_offer_nothing() -> None:
    assert cut('{"tools":[{"name":"a"}]}', "a", modern=True) == (
        '{"cacheScope":"private","ttlMs":0,"tools":[{"name":"a"}]}'
    )
    assert cut("{ }", modern=True) == '{"cacheScope":"private","ttlMs":0 }'
    assert cut('{"tools":[],"cacheScope":"private"}', modern=True) == '{"ttlMs":0,"tools":[],"cacheScope":"private"}'


def test_a_page_that_is_right_already_is_the_same_object() -> None:
    message = page('{"tools":[{"name":"a"}],"cacheScope":"private","ttlMs":1000}')
    assert filter_list(message, "tools/list", lambda name: True, modern=True, ttl_ms=2000) is message.raw


def test_names_are_compared_as_they_decode() -> None:
    assert cut('{"tools":[{"name":"\\u0061"},{"name":"b"}]}', "a") == '{"tools":[{"name":"\\u0061"}]}'

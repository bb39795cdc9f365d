"""E-mail addresses, and what only has an "@"."""

import pytest

from doorward.detection.keys import NOTHING, classify
from doorward.detection.recognizers import TRIGGERS, candidates, mail
from doorward.detection.trigger import Triggers


def found(string, key=NOTHING):
    return [string[c.start : c.end] for c in candidates(string, key, frozenset()) if c.score >= 0.5]


ADDRESSES = [
    "jo@example.org", "jo.doe+tag@mail.example.co.uk", "j_d-99@sub.example.com", "JO@EXAMPLE.COM",
    "o'neil@example.ie",
    "a@b.io", "1234567@example.de", "jo@163.com", "user@xn--bcher-kva.example", "jörg@bücher.de", "用户@例子.广告",
    "почта@пример.рф", '"jo doe"@example.com', "jo@[192.0.2.1]", "svc@project.iam.gserviceaccount.com",
    "jo@host.internal",
    "x" * 64 + "@example.com",
]  # fmt: skip

NO_ADDRESSES = [
    "@", "a@", "@b.com", "a@b", "a@b.", "a@.com", "a b@c", "a@b..com", "a@-b.com", "a@b-.com", "a@b.c", "a@@b.com",
    "a@1.2.3", "a@b.c0m", "jo@example.png", "pkg@1.2.3-beta.4", "pkg@v2.1.tgz", "git@example.com:a/b",
    "file@2x.retina.jpeg", '""@b.com',
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "<{}>",
        "mail {}.",
        "({})",
        "[{}]",
        "mailto:{}?subject=x",
        "Jo Doe <{}>, Al",
        "a,{},b",
        "e-mail:{};",
        "'{}'",
    ],
)
def test_exactly_the_address_is_taken(address, around):
    string = around.format(address)
    assert found(string) == [address]


def test_several_in_one_string():
    assert found("a@b.com,c@d.org; e@f.net\ng@h.de") == ["a@b.com", "c@d.org", "e@f.net", "g@h.de"]


@pytest.mark.parametrize(
    "string", ["email=jo@example.org", "?to=jo@example.org&x=1", "select * from t where m='jo@example.org'"]
)
def test_what_names_it_is_not_taken(string):
    assert found(string) == ["jo@example.org"]


def test_an_address_with_what_follows_a_colon_is_still_one():
    assert found("jo@example.org:hunter22") == ["jo@example.org"]


@pytest.mark.parametrize("string", NO_ADDRESSES)
def test_what_only_has_the_sign(string):
    assert found(string) == []


def test_an_unknown_top_level_domain_counts_when_something_speaks_of_mail():
    string = "w@self.data"
    assert found(string) == []
    assert found(string, classify(("email",))) == [string]
    assert found("e-mail: " + string) == [string]


def test_the_key_makes_it_sure_and_no_key_hides_it():
    assert candidates("jo@example.org", classify(("email",)), frozenset())[0].score == 1.0
    assert found("jo@example.org", classify(("order_id",))) == ["jo@example.org"]


@pytest.mark.parametrize(
    "string", ["contacts://ann@example.org", "crm+lead://ann@example.org", "user://ann@example.org/cards"]
)
def test_what_a_link_names_is_an_address(string):
    assert found(string) == ["ann@example.org"]


@pytest.mark.parametrize(
    "string",
    [
        "ssh://ann@example.org/x",
        "postgresql+asyncpg://ann@db.example.org/x",
        "amqp://ann@example.org:1/x",
        "own://ann@example.org:99/x",
    ],
)
def test_who_logs_in_to_a_host_is_none(string):
    assert found(string) == []


@pytest.mark.parametrize(
    "string",
    [
        "ann.lee [at] example [dot] org",
        "ann(at)example.com",
        "ann.lee at example dot com",
        "ann {AT} mail.example {DOT} de",
        "ann.lee AT example DOT com",
        "a.lee at example dot com",
        "ann_lee at my-example dot com",
        "ann.lee at mail dot example [dot] com",
        "ann [at] example dot org",
        "ann@example dot org",
        "ann@example[.]org",
        "ann@mail (dot) example (dot) org",
        "ann.lee_at_example_dot_com",
        "ann.lee -at- example -dot- com",
        "ann.lee*at*mail*dot*example*dot*com",
        "ann arroba example.com",
        "ann.lee arroba example punto com",
        "ann arobase example point fr",
        "ann chiocciola example punto it",
    ],
)
def test_an_address_that_is_spelled_out(string):
    assert found(f"write to {string} please") == [string]
    assert found(f"you can reach me at {string} today") == [string]
    assert Triggers(TRIGGERS).fires(f"write to {string} please".encode())


@pytest.mark.parametrize(
    "string",
    [
        "look at example dot com",
        "see f(at)me.txt",
        "run (at) once",
        "at [dot] least",
        "x[at].y",
        "look_at_example_dot_com",
        "turn-at-the-dot-on",
        "v1.2 at example.com",
        "load2 at evil[.]com",
        "@ann dot the i",
        "polka dot at noon",
        "una arroba de maiz",
    ],
)
def test_what_only_sounds_like_one(string):
    assert found(string) == []


def test_a_domain_is_judged_once() -> None:
    mail._is_known.cache_clear()
    assert len(found("ann@example.org, bob@example.org, eve@sub.example.org; " * 3)) == 9
    assert mail._is_known.cache_info().misses == 2

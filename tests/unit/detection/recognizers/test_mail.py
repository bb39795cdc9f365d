"""E-mail addresses, and what only has an "@"."""

import pytest

from doorward.detection.keys import NOTHING, classify
from doorward.detection.recognizers import candidates


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

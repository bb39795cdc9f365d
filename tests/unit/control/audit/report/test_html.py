import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from tests.unit.control.audit.report.records import intent, report, seen
from tests.unit.control.audit.report.sample import week

from doorward.control.audit.report import html
from doorward.control.audit.report.model import Verification
from doorward.control.audit.report.seen import Seen, decode

HOSTILE = (
    "<script>alert(1)</script>",
    "\"' onload=alert(1) x='",
    "</style><script>",
    "<!--",
    "]]>",
    "&amp;&#x3c;",
    "a\u202egnp.exe",
    "\x1b]0;title\x07",
    "x" * 5000,
    "javascript:alert(1)",
    "\u0000\ufffe",
)
VOID = frozenset(("meta", "path", "rect", "circle"))


class Page(HTMLParser):
    """Tags that match, their attributes, and the text that can be seen."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.seen = ""
        self.style = ""
        self.feed(document)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            self.style += data
        else:
            self.seen += data


def everything(text: str) -> list[Seen]:
    """A record of every kind, with ``text`` wherever a peer, an operator or a damaged file could put it."""
    fields = {"identity": text, "mcp_server": text, "tool_name": text, "method": text, "mode": text, "override": text}
    fields |= {"reason": text, "rules": (text,), "policy_digest": text, "detail": text, "writer": text}
    places = [{"entity": text, "direction": text}]
    return [
        intent("1", **fields),
        seen(exchange_id="1", would_have="deny", entities={text: 2}, findings=places, latency_ms=2.0, **fields),
        *(
            seen(exchange_id=kind, kind=kind, phase="", **fields)
            for kind in ("message", "token", "admin", "alert", "gap")
        ),
        seen(exchange_id="2", timestamp=text, **fields),
    ]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_text_and_nothing_else(text: str) -> None:
    usual = Page(html.page(report(*everything("usual"))))
    made = html.page(report(*everything(text), verification=Verification(True, False, False, (text,))))
    page = Page(made)
    assert {tag for tag, _ in page.tags} == {tag for tag, _ in usual.tags}
    assert {name for _, attributes in page.tags for name in attributes} == {name for _, a in usual.tags for name in a}
    assert not any(one in made for one in "\u202e\x1b\x00\x07")
    assert "x" * 1001 not in made


@pytest.fixture(scope="module")
def whole() -> Page:
    return Page(html.page(report(*(decode(one.line("w", 0, "")) for one in week(300)))))


def test_it_needs_nothing_else(whole: Page) -> None:
    assert not {tag for tag, _ in whole.tags} & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    for tag, attributes in whole.tags:
        assert not {name for name in attributes if name.startswith("on") or name in ("style", "src", "srcset")}, tag
        assert attributes.get("href", "#").startswith("#")
    assert re.findall(r"url\((?!#)", whole.style) == []
    assert "@import" not in whole.style


def test_its_policy_allows_its_own_style_and_nothing_else(whole: Page) -> None:
    (policy,) = [a["content"] for tag, a in whole.tags if a.get("http-equiv") == "Content-Security-Policy"]
    own = b64encode(sha256(whole.style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{own}'; base-uri 'none'; form-action 'none'"


def test_every_link_and_every_pattern_leads_somewhere(whole: Page) -> None:
    ids = [attributes["id"] for _, attributes in whole.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {attributes["href"] for tag, attributes in whole.tags if tag == "a"}
    assert len(links) == 9
    assert {str(link).removeprefix("#") for link in links} <= set(ids)
    assert set(re.findall(r"url\(#([\w-]+)\)", whole.style)) <= set(ids)
    labelled = [str(attributes.get("aria-labelledby", "")).split() for _, attributes in whole.tags]
    assert {name for names in labelled for name in names} <= set(ids)


def test_every_look_is_in_the_style_sheet(whole: Page) -> None:
    classes = {name for _, attributes in whole.tags for name in str(attributes.get("class", "")).split()}
    looks = {name for name in classes if name.startswith(("look-", "base-"))}
    assert len(looks) >= 10
    assert [look for look in sorted(looks) if f".{look}{{" not in whole.style] == []


def test_it_says_what_was_counted(whole: Page) -> None:
    assert "301 calls ended" in whole.seen
    assert "Not verified" in whole.seen
    assert "ovr-3f9a0c55b1d2" in whole.seen
    assert "1,240" in whole.seen


def test_it_can_be_printed_and_read_in_the_dark(whole: Page) -> None:
    assert "@media print" in whole.style
    assert "size:A4" in whole.style
    assert "prefers-color-scheme:dark" in whole.style


def test_nothing_at_all_is_said_plainly() -> None:
    page = Page(html.page(report()))
    for said in (
        "No call ended in this time.",
        "Nothing was refused, and nothing would have been.",
        "Nothing was found in any message that was looked into.",
        "Nobody called anything.",
        "No call has a latency in this time.",
        "No alert was sent.",
        "The log holds no record of this time.",
        "The log admits no gap in this time.",
    ):
        assert said in page.seen
    assert not [tag for tag, attributes in page.tags if attributes.get("class") == "plot"]


@pytest.mark.parametrize(
    ("intact", "complete", "said"),
    [(True, True, "intact and complete"), (True, False, "intact, not complete"), (False, False, "not intact")],
)
def test_what_the_verifier_said(intact: bool, complete: bool, said: str) -> None:
    page = Page(html.page(report(verification=Verification(True, intact, complete, ("1 writer was verified.",)))))
    assert said in page.seen
    assert "1 writer was verified." in page.seen
    assert "Not verified" not in page.seen


def test_long_words_keep_some_width_and_short_ones_need_none() -> None:
    change = {"kind": "admin", "identity": "os:root", "method": "override create"}
    page = html.page(report(seen(**change, detail="x y " * 20), seen(**change, detail="short")))
    assert len(re.findall(r'<td class="words wide"><bdi>x y ', page)) == 1
    assert '<td class="words"><bdi>short</bdi>' in page
    assert "td.wide{" in page

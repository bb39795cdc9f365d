"""Grants as claims: made, verified, narrowed, read."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.tokens import ISSUER, NOW, URLS, ec_key, keys, of_joserfc, signed, unsigned

from doorward.control.jose.claims import InvalidToken, OAuthRefusal
from doorward.control.tokens import grants
from doorward.control.tokens.grants import TYP, External, claims, mint, narrow, origins, revoked, to_grant, verify_own
from doorward.control.tokens.rights import Asked, Rights, within
from doorward.core.decision import Reason
from doorward.core.shared import Revocations

IDS = {url: name for name, url in URLS.items()}
ALL = Asked()
SERVERS = {"hubspot": ("get_*", "search"), "files": ("*",)}


def first(**changes: Any) -> dict[str, Any]:
    rights = within(Asked(), (SERVERS,), URLS)
    made = claims(
        issuer=ISSUER,
        subject="agent:a",
        client_id="agent:a",
        rights=rights,
        token_id="t1",
        grant_id="g1",
        now=NOW,
        lifetime=900,
    )
    return {**made, **changes}


def child(parent: dict[str, Any], client_id: str = "agent:b", asked: Asked = ALL, **more: Any) -> dict[str, Any]:
    more = {"held": SERVERS, "token_id": f"{parent['jti']}x", "now": NOW + 60, **more}
    return narrow(parent, asked, client_id=client_id, urls=URLS, **more)


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_what_is_minted_is_verified(tmp_path: Path, algorithm: str) -> None:
    ours = keys(tmp_path, algorithm)
    token = mint(first(), ours.signer(NOW))
    assert verify_own(token, ours, ISSUER, NOW + 899) == first()
    assert verify_own(token.encode(), ours, ISSUER, NOW) == first()
    assert grants.is_own(token)


def refusal(tmp_path: Path, token: str, now: float = NOW + 1) -> InvalidToken:
    with pytest.raises(InvalidToken) as raised:
        verify_own(token, keys(tmp_path), ISSUER, now)
    return raised.value


@pytest.mark.parametrize(
    ("changes", "now", "reason"),
    [
        ({}, NOW + 900, Reason.AUTH_EXPIRED),
        ({"iss": ISSUER + "/"}, NOW, Reason.AUTH_ISSUER),
        ({"exp": NOW + 902}, NOW, Reason.AUTH_LIFETIME),
        ({"iat": NOW + 61, "exp": NOW + 900}, NOW, Reason.AUTH_INVALID),
        ({"nbf": NOW + 61}, NOW, Reason.AUTH_INVALID),
        ({"exp": None}, NOW, Reason.AUTH_INVALID),
        ({"exp": True}, NOW, Reason.AUTH_INVALID),
        ({"exp": str(NOW + 9)}, NOW, Reason.AUTH_INVALID),
        ({"iat": -1}, NOW, Reason.AUTH_INVALID),
        ({"sub": ""}, NOW, Reason.AUTH_INVALID),
        ({"sub": "a\0b"}, NOW, Reason.AUTH_INVALID),
        ({"client_id": None}, NOW, Reason.AUTH_INVALID),
        ({"jti": 7}, NOW, Reason.AUTH_INVALID),
        ({"grant_id": "x\0"}, NOW, Reason.AUTH_INVALID),
        ({"aud": None}, NOW, Reason.AUTH_INVALID),
        ({"aud": [7]}, NOW, Reason.AUTH_INVALID),
        ({"servers": ["hubspot"]}, NOW, Reason.AUTH_INVALID),
        ({"servers": {"hubspot": "*"}}, NOW, Reason.AUTH_INVALID),
        ({"anc": "t0"}, NOW, Reason.AUTH_INVALID),
        ({"anc": ["a", "b", "c", "d", "e"]}, NOW, Reason.AUTH_INVALID),
        ({"act": "agent:b"}, NOW, Reason.AUTH_INVALID),
        ({"act": {"sub": "a\0"}}, NOW, Reason.AUTH_INVALID),
        ({"act": {"sub": "1", "act": {"sub": "2", "act": {"sub": "3", "act": {"sub": "4", "act": {"sub": "5"}}}}}}, NOW,
         Reason.AUTH_INVALID),
        ({"ext": {"issuer": 7}}, NOW, Reason.AUTH_INVALID),
    ],
)  # fmt: skip
def test_claims_that_are_refused(tmp_path: Path, changes: dict[str, Any], now: float, reason: Reason) -> None:
    token = mint(first(**changes), keys(tmp_path).signer(NOW))
    assert refusal(tmp_path, token, now).reason is reason


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "at+jwt"},
        {"crit": ["exp"]},
        {"jku": "https://evil.example/jwks"},
        {"jwk": {"kty": "EC"}},
        {"x5u": "https://evil.example/chain"},
        {"x5c": ["MIIB"]},
        {"b64": True},
        {"kid": "unknown"},
        {"kid": 7},
    ],
)
def test_headers_that_are_refused(tmp_path: Path, header: dict[str, Any]) -> None:
    key = keys(tmp_path).signer(NOW)
    good = {"typ": TYP, "kid": key.kid}
    assert verify_own(signed(first(), of_joserfc(key.pair), **good), keys(tmp_path), ISSUER, NOW)
    assert refusal(tmp_path, signed(first(), of_joserfc(key.pair), **{**good, **header}))


def test_other_keys_and_algorithms_are_refused(tmp_path: Path) -> None:
    key = keys(tmp_path).signer(NOW)
    good = {"typ": TYP, "kid": key.kid}
    assert refusal(tmp_path, signed(first(), ec_key(), **good)).detail == "is not signed by a key of ours"
    assert refusal(tmp_path, unsigned(first(), **good)).reason is Reason.AUTH_INVALID
    other_name = signed(first(), of_joserfc(key.pair), alg="Ed25519", **good)  # the right signature under another name
    assert refusal(tmp_path, other_name).detail == "is not signed by a key of ours"
    # The public key as an HMAC secret: what fooled verifiers that let the token choose (RFC 8725 §2.1).
    confused = of_joserfc(key.pair).as_pem(private=False)
    assert refusal(tmp_path, signed(first(), confused, "HS256", **good)).detail == "is not signed by a key of ours"


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c", "é.é.é", "." * 9, "x" * 20_000])
def test_what_is_no_jwt_is_refused(tmp_path: Path, token: str) -> None:
    assert refusal(tmp_path, token).reason is Reason.AUTH_INVALID
    assert not grants.is_own(token)


def test_a_changed_claim_breaks_the_signature(tmp_path: Path) -> None:
    ours = keys(tmp_path)
    head, body, signature = mint(first(), ours.signer(NOW)).split(".")
    other = mint(first(sub="agent:other"), ours.signer(NOW)).split(".")[1]
    assert body != other
    assert refusal(tmp_path, f"{head}.{other}.{signature}").detail == "is not signed by a key of ours"


def test_a_lifetime_is_cut_at_fifteen_minutes() -> None:
    rights = Rights((URLS["files"],), {"files": ("*",)})
    made = claims(
        issuer=ISSUER, subject="a", client_id="a", rights=rights, token_id="t", grant_id="g", now=NOW, lifetime=86400
    )
    assert made["exp"] - made["iat"] == 900


def test_a_grant_too_long_for_a_header_is_refused(tmp_path: Path) -> None:
    many = {"files": [f"tool_{number:05}" for number in range(2000)]}
    with pytest.raises(OAuthRefusal, match="too long for a header"):
        mint(first(servers=many), keys(tmp_path).signer(NOW))


def test_a_child_is_its_parent_with_less() -> None:
    made = child(first(), asked=Asked((URLS["hubspot"],), (("hubspot", "get_contact"),)))
    assert made["grant_id"] == "g1"
    assert made["sub"] == "agent:a"
    assert made["client_id"] == "agent:b"
    assert made["act"] == {"sub": "agent:b"}
    assert made["anc"] == ["t1"]
    assert made["aud"] == [URLS["hubspot"]]
    assert made["servers"] == {"hubspot": ["get_contact"]}
    assert made["exp"] == first()["exp"]
    grandchild = child(made, "agent:c")
    assert grandchild["act"] == {"sub": "agent:c", "act": {"sub": "agent:b"}}
    assert grandchild["anc"] == ["t1", "t1x"]
    assert grandchild["servers"] == {"hubspot": ["get_contact"]}


def test_a_shorter_life_may_be_asked_for_a_longer_one_not() -> None:
    assert child(first(), lifetime=60)["exp"] == NOW + 120
    assert child(first(), now=NOW + 800)["exp"] == NOW + 900


def test_without_wishes_a_child_gets_what_both_may_have() -> None:
    made = child(first(), held={"hubspot": ("get_contact", "delete_*"), "crm": ("*",)})
    assert made["aud"] == [URLS["hubspot"]]
    assert made["servers"] == {"hubspot": ["get_contact"]}


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (Asked((URLS["crm"],)), "invalid_target"),
        (Asked((URLS["hubspot"] + "/",)), "invalid_target"),
        (Asked(None, (("hubspot", "*"),)), "invalid_scope"),
        (Asked(None, (("hubspot", "get*"),)), "invalid_scope"),
        (Asked(None, (("crm", "x"),)), "invalid_scope"),
        (Asked((URLS["files"],), (("hubspot", "search"),)), "invalid_scope"),
    ],
)
def test_more_than_the_parent_has_is_refused(asked: Asked, error: str) -> None:
    everything = dict.fromkeys(URLS, ("*",))
    with pytest.raises(OAuthRefusal) as raised:
        child(first(), asked=asked, held=everything)
    assert raised.value.error == error


def test_more_than_the_client_itself_may_have_is_refused() -> None:
    with pytest.raises(OAuthRefusal, match="invalid_scope"):
        child(first(), asked=Asked(None, (("hubspot", "search"),)), held={"hubspot": ("get_*",)})
    with pytest.raises(OAuthRefusal, match="invalid_target"):
        child(first(), held={"crm": ("*",)})


def test_a_server_outside_the_parents_audience_is_out_of_reach() -> None:
    parent = first(aud=[URLS["files"]])  # its servers still name hubspot
    with pytest.raises(OAuthRefusal, match="invalid_target"):
        child(parent, asked=Asked((URLS["hubspot"],)))
    assert child(parent)["aud"] == [URLS["files"]]


def test_a_chain_has_four_links() -> None:
    last = first()
    for number in range(4):
        last = child(last, f"agent:{number}")
    assert grants.chain(last) == ("agent:3", "agent:2", "agent:1", "agent:0")
    with pytest.raises(OAuthRefusal, match="at most 4 times"):
        child(last)


def test_the_principal_is_the_immediate_caller() -> None:
    made = child(child(first(), "agent:b"), "agent:c")
    grant = to_grant(made, IDS, {"agent:c": ("robots",), "agent:a": ("people",)})
    assert grant.principal.subject == grant.principal.client == "agent:c"
    assert grant.principal.issuer == ""
    assert grant.principal.groups == ("robots",)
    assert grant.principal.act == ("agent:b", "agent:a")
    assert grant.subject == "agent:a"
    assert (grant.token_id, grant.ancestors, grant.grant_id) == ("t1xx", ("t1", "t1x"), "g1")
    assert grant.expires == NOW + 900
    assert grant.audience == {"hubspot", "files"}
    assert "get_x" in grant.servers["hubspot"]
    assert "put_x" not in grant.servers["hubspot"]


def test_a_grant_without_actors_is_its_subjects() -> None:
    assert to_grant(first(), IDS).principal.subject == "agent:a"
    grant = to_grant(
        first(sub="idp|al|ice", ext={"issuer": "idp", "sub": "al|ice", "jti": "j"}), IDS, {"al|ice": ("x",)}
    )
    assert (grant.principal.issuer, grant.principal.subject, grant.principal.groups) == ("idp", "al|ice", ())
    assert grant.external == ("idp", "j")


def test_only_exact_urls_are_an_audience() -> None:
    near = [URLS["files"] + "/", URLS["files"].upper(), URLS["files"] + "?", "files"]
    assert to_grant(first(aud=near), IDS).audience == frozenset()


@pytest.mark.parametrize(
    "what",
    [
        Revocations(tokens=frozenset({"t1"})),
        Revocations(tokens=frozenset({"t1x"})),
        Revocations(grants=frozenset({"g1"})),
        Revocations(external=frozenset({("idp", "sub", "u")})),
        Revocations(external=frozenset({("idp", "jti", "j")})),
        Revocations(external=frozenset({("idp", "client", "c")})),
        Revocations(external=frozenset({("", "client", "agent:b")})),
        Revocations(external=frozenset({("", "sub", "agent:a")})),
    ],
)
def test_what_revokes_a_child(what: Revocations) -> None:
    ext = msgspec.to_builtins(External("idp", "u", "j", "c"))
    made = child(first(ext=ext))
    assert revoked(made, what)
    assert not revoked(child(first(jti="other", grant_id="other", sub="agent:z"), "agent:y"), what)


def test_origins_name_nobody_by_nothing() -> None:
    assert all(value for _, _, value in origins(first(ext={"issuer": "idp", "sub": "u"})))

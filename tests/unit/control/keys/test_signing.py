"""Signing keys: private files, rotated without a gap, read by many."""

import os
from pathlib import Path

import pytest
from tests.at_once import at_once
from tests.tokens import of_joserfc

from doorward.configtypes import InvalidConfiguration
from doorward.control.keys.signing import (
    LONGEST_GRANT,
    MARGIN,
    PUBLISHED_BEFORE,
    READ_AGAIN,
    SigningKey,
    SigningKeys,
    jwks,
    load,
    read,
    signer,
)

DAY = 86400.0
ROTATE = 30 * DAY


def at(directory: Path, now: float, algorithm: str | None = "ES256") -> list[SigningKey]:
    return load(directory, rotate=ROTATE, algorithm=algorithm, now=now)


def kids(found: list[SigningKey]) -> list[str]:
    return [key.kid for key in found]


@pytest.mark.parametrize(("algorithm", "jose", "curve"), [("ES256", "ES256", "P-256"), ("EdDSA", "Ed25519", "Ed25519")])
def test_the_first_key_is_made_private(tmp_path: Path, algorithm: str, jose: str, curve: str) -> None:
    (key,) = at(tmp_path / "k", 0, algorithm)
    assert (key.algorithm, key.created) == (jose, 0)
    assert key.kid == of_joserfc(key.pair).thumbprint()
    assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "k").iterdir()} == {"signing-1.key": 0o600}
    (public,) = jwks([key])["keys"]
    assert public.pop("x")
    public.pop("y", None)
    kty = "EC" if algorithm == "ES256" else "OKP"
    assert public == {"kty": kty, "crv": curve, "kid": key.kid, "use": "sig", "alg": jose}


def test_a_key_says_nothing_of_itself(tmp_path: Path) -> None:
    (key,) = at(tmp_path / "k", 0)
    assert repr(key) == f"SigningKey({key.kid}, ES256)"


def test_a_new_key_is_published_before_it_signs(tmp_path: Path) -> None:
    (old,) = at(tmp_path / "k", 0)
    both = at(tmp_path / "k", ROTATE)
    assert len(both) == 2
    assert signer(both, ROTATE) == old
    assert signer(both, ROTATE + PUBLISHED_BEFORE - 1) == old
    assert signer(both, ROTATE + PUBLISHED_BEFORE).kid == both[0].kid != old.kid


def test_a_retired_key_stays_until_its_last_token_has_expired(tmp_path: Path) -> None:
    (old,) = at(tmp_path / "k", 0)
    at(tmp_path / "k", ROTATE)
    last_token_dies = ROTATE + PUBLISHED_BEFORE + LONGEST_GRANT
    assert old.kid in kids(at(tmp_path / "k", last_token_dies + READ_AGAIN))
    assert old.kid not in kids(at(tmp_path / "k", last_token_dies + MARGIN))
    assert os.listdir(tmp_path / "k") == ["signing-2.key"]


def test_another_algorithm_gets_a_key_of_its_own_without_a_gap(tmp_path: Path) -> None:
    (old,) = at(tmp_path / "k", 0)
    both = at(tmp_path / "k", DAY, "EdDSA")
    assert [key.algorithm for key in both] == ["Ed25519", "ES256"]
    assert signer(both, DAY) == old
    assert at(tmp_path / "k", DAY, None)[0].algorithm == "Ed25519"


def test_many_at_once_agree(tmp_path: Path) -> None:
    found = at_once(lambda: kids(at(tmp_path / "k", 0)))
    assert all(one == found[0] for one in found)
    assert os.listdir(tmp_path / "k") == ["signing-1.key"]


def test_a_verifier_finds_a_key_that_another_process_made(tmp_path: Path) -> None:
    mine = SigningKeys(tmp_path / "k", rotate=ROTATE, algorithm="ES256", now=0)
    made = load(tmp_path / "k", rotate=1, algorithm="ES256", now=10)[0]
    assert mine.find(made.kid, 0.5) is None  # just read: unknown kids cost nothing to invent
    found = mine.find(made.kid, 2)
    assert found is not None
    assert found.kid == made.kid
    assert mine.find("no such", 10) is None


def test_a_long_running_process_rotates_and_signs_with_what_others_made(tmp_path: Path) -> None:
    mine = SigningKeys(tmp_path / "k", rotate=ROTATE, algorithm="ES256", now=0)
    first = mine.signer(0)
    assert mine.signer(ROTATE) == first
    assert len(mine.jwks(ROTATE)["keys"]) == 2
    assert mine.signer(ROTATE + PUBLISHED_BEFORE + READ_AGAIN).kid != first.kid


def test_a_key_that_is_removed_signs_no_more(tmp_path: Path) -> None:
    mine = SigningKeys(tmp_path / "k", rotate=ROTATE, algorithm="ES256", now=0)
    first = mine.signer(0)
    (tmp_path / "k" / "signing-1.key").unlink()
    assert mine.find(first.kid, READ_AGAIN) is None


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    at(tmp_path / "k", 0)
    (tmp_path / "k" / "signing-1.key").chmod(mode)
    with pytest.raises(InvalidConfiguration, match="can be read by others"):
        at(tmp_path / "k", 0)


def test_a_directory_that_others_can_read_is_refused(tmp_path: Path) -> None:
    at(tmp_path / "k", 0)
    (tmp_path / "k").chmod(0o755)
    with pytest.raises(InvalidConfiguration, match="can be read by others"):
        read(tmp_path / "k")


def test_a_link_is_no_key(tmp_path: Path) -> None:
    at(tmp_path / "k", 0)
    (tmp_path / "k" / "signing-1.key").rename(tmp_path / "elsewhere")
    (tmp_path / "k" / "signing-1.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidConfiguration, match="cannot be read"):
        at(tmp_path / "k", 0)


@pytest.mark.parametrize(
    "change",
    [
        lambda line: b"",
        lambda line: line.replace(b"1 ", b"2 ", 1),
        lambda line: line.replace(b"ES256", b"HS256"),
        lambda line: line.replace(b"ES256", b"Ed25519"),
        lambda line: line[:-20] + b"\n",
        lambda line: b"1 0 ES256 %%%\n",
    ],
)
def test_a_damaged_file_is_told_never_replaced(tmp_path: Path, change: object) -> None:
    at(tmp_path / "k", 0)
    path = tmp_path / "k" / "signing-1.key"
    path.write_bytes(change(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(InvalidConfiguration, match="is damaged") as raised:
        at(tmp_path / "k", 0)
    assert "ES256" not in str(raised.value)


def test_reading_makes_nothing(tmp_path: Path) -> None:
    assert read(tmp_path / "k") == []
    assert not (tmp_path / "k").exists()

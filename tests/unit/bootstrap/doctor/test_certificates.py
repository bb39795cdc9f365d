from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.functional.edge.certificates import Authority
from tests.unit.bootstrap.doctor.surroundings import loaded, only, states

from doorward.bootstrap.doctor.certificates import certificate
from doorward.configfile import Loaded

NOW = datetime.now(UTC)
"""The certificates of tests are good from an hour before to an hour after."""


def of(directory: Path, certificate: str = "gateway.pem", key: str = "gateway.key", **more: str) -> Loaded:
    return loaded(directory, listen={"tls": {"certificate": certificate, "key": key, **more}})


@pytest.fixture
def files(tmp_path: Path) -> Path:
    authority = Authority(tmp_path)
    for path in (*authority.issue("gateway"), *authority.issue("other")):
        path.chmod(0o600)
    return tmp_path


def test_without_tls_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert certificate(loaded(tmp_path)) == []


def test_one_that_ends_soon(files: Path) -> None:
    line = only(certificate(of(files)))
    assert (line.state, "good for 60 min more" in line.what) == ("warn", True)


def test_one_that_is_good(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("doorward.bootstrap.doctor.certificates.SOON", 60.0)
    line = only(certificate(of(files)))
    assert (line.state, "fits its key" in line.what) == ("ok", True)


def test_one_that_has_expired(files: Path) -> None:
    line = only(certificate(of(files), NOW + timedelta(days=4)))
    assert (line.state, "expired 4 d ago" in line.what) == ("fail", True)


def test_one_that_is_not_good_yet(files: Path) -> None:
    line = only(certificate(of(files), NOW - timedelta(days=4)))
    assert (line.state, "not good before" in line.what) == ("fail", True)


def test_a_key_of_another_certificate(files: Path) -> None:
    line = only(certificate(of(files, key="other.key")))
    assert (line.state, "the key does not belong to it" in line.what) == ("fail", True)


def test_what_is_no_certificate(files: Path) -> None:
    (files / "gateway.pem").write_text("nothing")
    assert only(certificate(of(files))).state == "fail"


def test_authorities_of_clients_that_are_none(files: Path) -> None:
    (files / "ca.pem").write_text("nothing")
    assert only(certificate(of(files, client_ca="ca.pem"))).state == "fail"


def test_files_that_are_gone(files: Path) -> None:
    config = of(files)
    (files / "gateway.key").unlink()
    line = only(certificate(config))
    assert (line.state, "cannot be read" in line.what) == ("fail", True)


def test_a_key_that_others_can_read(files: Path) -> None:
    (files / "gateway.key").chmod(0o644)
    found = certificate(of(files))
    assert states(found) == ["warn", "warn"]
    assert "others can read the key" in found[1].what

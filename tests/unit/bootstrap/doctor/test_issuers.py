import json
from pathlib import Path
from typing import Any

from tests.issuer import ISSUER, Provider
from tests.unit.bootstrap.doctor.surroundings import loaded, only

from doorward.bootstrap.doctor.issuers import issuer
from doorward.bootstrap.doctor.line import Line


def look(directory: Path, **section: Any) -> Line:
    config = loaded(directory, identity={"issuers": [section]})
    return only(issuer(config, config.config.identity.issuers[0]))


def test_keys_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps(Provider().jwks()))
    line = look(tmp_path, issuer=ISSUER, jwks="file:keys.json")
    assert (line.state, line.about) == ("ok", "issuer idp.example.com")
    (tmp_path / "keys.json").write_text("{}")
    assert look(tmp_path, issuer=ISSUER, jwks="file:keys.json").state == "fail"


def test_a_provider_that_is_down(tmp_path: Path) -> None:
    line = look(tmp_path, issuer="http://127.0.0.1:9", name="idp")
    assert (line.about, line.state) == ("issuer idp", "fail")
    assert "fetch.connect" in line.what

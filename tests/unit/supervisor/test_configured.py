from pathlib import Path

import pytest

from doorward.supervisor.configured import load


@pytest.mark.parametrize(
    ("address", "name"), [("gw.example.com:8081", "gw.example.com"), ("GW:9", "gw"), ('"[::1]:8081"', "::1")]
)
def test_the_admin_address_answers_to_its_own_name(tmp_path: Path, address: str, name: str) -> None:
    file = tmp_path / "doorward.yaml"
    file.write_text(f"servers: {{crm: {{url: http://127.0.0.1:9/mcp}}}}\nadmin: {{address: {address}}}\n")
    assert load(file).admin_hosts == (name,)

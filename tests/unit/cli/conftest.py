"""What several verbs need: a configuration that names one server."""

from pathlib import Path

import pytest


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "doorward.yaml"
    made.write_text("servers: {crm: {url: http://127.0.0.1:9/mcp}}\n")
    return made

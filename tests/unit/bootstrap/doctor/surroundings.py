"""What the checks of `doorward doctor` are given."""

import json
from pathlib import Path
from typing import Any

from doorward.bootstrap.doctor.line import Line
from doorward.configfile import Loaded, load_text


def loaded(directory: Path, **sections: Any) -> Loaded:
    """A configuration file in ``directory``, read; JSON is YAML."""
    file = directory / "doorward.yaml"
    file.write_text(json.dumps({"servers": {"crm": {"url": "http://127.0.0.1:9/mcp"}}} | sections))
    return load_text(file.read_text(), str(file))


def states(lines: list[Line]) -> list[str]:
    return [line.state for line in lines]


def only(lines: list[Line]) -> Line:
    (line,) = lines
    return line

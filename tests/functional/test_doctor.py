"""``doorward doctor`` beside a real ``doorward serve``."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.functional.gateway_process import doorward
from tests.gateway import free_port
from tests.waiting import until_here


def doctor(config: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    command = [sys.executable, "-m", "doorward", "doctor", "--json", "-c", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert not done.stderr
    return done.returncode, {line["about"]: line for line in json.loads(done.stdout)["lines"]}


def test_beside_a_running_gateway(tmp_path: Path) -> None:
    text = (
        f'listen: {{address: "127.0.0.1:{free_port()}"}}\nadmin: {{address: "127.0.0.1:{free_port()}"}}\n'
        "servers:\n  crm: {command: sh}\n"
    )
    with doorward(tmp_path, text) as gateway:
        gateway.ready()
        code, found = doctor(gateway.config)
        assert {about for about, line in found.items() if line["state"] == "fail"} <= {"room"}, found
        assert code == (found["room"]["state"] == "fail")
        assert "our gateway has it" in found["listen"]["what"]
        assert "our gateway has it" in found["admin"]["what"]
        assert found["gateway"]["what"].endswith(f"process {gateway.process.pid}: takes calls")

        gateway.write_text(text + "mod: audit\n")
        until_here(lambda: gateway.metric("doorward_config_reload_failed") == 1.0)
        (tmp_path / ".doorward" / "keys" / "lasting.key").chmod(0o644)  # so that the correction is refused too
        gateway.write_text(text + "# corrected\n")
        until_here(lambda: not gateway.status()["reload"]["problems"][0].startswith(f"{gateway.config}:5"))
        code, found = doctor(gateway.config)
        assert code == 1
        assert found["keys"]["state"] == "fail"
        assert (found["gateway"]["state"], "older version" in found["gateway"]["what"]) == ("warn", True)

import json
from typing import Any

import pytest

from doorward.bootstrap.catalogue import Catalogue
from doorward.bootstrap.clock import SystemClock
from doorward.control.store import StoreFault


class Broken:
    """A store that cannot be read."""

    def task(self, *_: Any) -> tuple[str, str] | None:
        raise StoreFault("disk I/O error")


async def test_a_task_whose_owner_cannot_be_looked_up_is_nobodys(caplog: pytest.LogCaptureFixture) -> None:
    catalogue = Catalogue(Broken(), SystemClock(), lambda _: None)  # type: ignore[arg-type]
    assert await catalogue.task("crm", json.dumps({"task": "t"})) is None
    assert "the owner of a task cannot be looked up: disk I/O error" in caplog.text

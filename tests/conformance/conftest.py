from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.conformance.suite import Results, server_results
from tests.conformance.upstream import everything


@pytest.fixture(scope="session")
def everything_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with everything(tmp_path_factory.mktemp("everything") / "server.log") as url:
        yield url


@pytest.fixture(scope="session")
def direct_results(everything_url: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Results]:
    """The server suite without a gateway, run once per revision."""
    known: dict[str, Results] = {}

    def of(revision: str) -> Results:
        if revision not in known:
            known[revision] = server_results(everything_url, revision, tmp_path_factory.mktemp("direct"))
        return known[revision]

    return of


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "suite"

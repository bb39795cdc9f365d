"""What a worker is started with."""

from doorward.supervisor.child import environment
from doorward.transports.child import served_environment


def test_the_operators_settings_win() -> None:
    assert environment({"PATH": "/bin"}) == {"PATH": "/bin", "PYTHONNODEBUGRANGES": "1"}
    assert environment({"PYTHONNODEBUGRANGES": ""}) == {"PYTHONNODEBUGRANGES": ""}


def test_servers_that_a_worker_starts_get_none_of_it() -> None:
    assert served_environment(environment({"PATH": "/bin"})) == {"PATH": "/bin"}

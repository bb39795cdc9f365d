"""Supervisor and workers as real processes: start, crash, standstill, stop, and nothing left behind."""

import os
import re
import resource
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.functional.gateway_process import gateway
from tests.processes import alive
from tests.waiting import until_here


def test_it_is_ready_on_a_port_of_its_own_choice(tmp_path: Path) -> None:
    with gateway(tmp_path, word="hello") as running:
        running.ready()
        assert running.get("/healthz") == (200, '{"alive":true}')
        assert running.get("/readyz") == (200, '{"ready":true,"reasons":[]}')
        assert running.ask("word") == "hello"
        until_here(lambda: running.logged("listens on 127.0.0.1:"))


def test_status_tells_workers_servers_modes_and_configuration(tmp_path: Path) -> None:
    with gateway(tmp_path, workers=2) as running:
        running.ready()
        about = running.status()
        assert about["version"] == "0.0.test"
        assert about["mode"] == "audit"
        assert about["servers"] == [{"id": "crm", "mode": "enforce"}]
        assert [worker["version"] for worker in about["workers"]] == [1, 1]
        assert about["config"]["version"] == 1
        assert len(about["config"]["digest"]) == 64
        assert about["reload"] == {"failed": False, "problems": [], "needs_restart": [], "at": None}


def test_workers_share_the_port_and_their_counts_are_summed(tmp_path: Path) -> None:
    with gateway(tmp_path, workers=2) as running:
        running.ready()
        seen: dict[str, int] = {}

        def both() -> bool:
            pid = running.ask("count")
            seen[pid] = seen.get(pid, 0) + 1
            return len(seen) == 2

        until_here(both)
        series = 'doorward_calls_total{decision="allow",method="tools/call",reason="",server="crm"}'
        assert running.metric(series) == sum(seen.values())
        assert running.metric('doorward_gateway_seconds_bucket{le="0.0001",stage="read"}') == 0
        assert running.metric('doorward_gateway_seconds_bucket{le="0.00025",stage="read"}') == sum(seen.values())
        assert running.metric('doorward_worker_up{worker="0"}') == running.metric('doorward_worker_up{worker="1"}') == 1


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_worker_may_open_as_many_files_as_its_connections_need(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
    try:
        with gateway(tmp_path) as running:
            running.ready()
            limits = Path(f"/proc/{running.workers()[0]}/limits").read_text()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    found = re.search(r"Max open files +(\d+) +(\d+)", limits)
    assert found is not None
    assert int(found[1]) == min(8192, int(found[2]))


def test_a_killed_worker_is_replaced_and_its_counts_stay(tmp_path: Path) -> None:
    with gateway(tmp_path, {"pulse": 3600}) as running:  # its death is noticed, not its missing sign of life
        running.ready()
        pid = int(running.ask("count"))
        series = 'doorward_calls_total{decision="allow",method="tools/call",reason="",server="crm"}'
        assert running.metric(series) == 1
        os.kill(pid, signal.SIGKILL)
        until_here(lambda: running.get("/readyz")[0] == 200 and running.workers() != [pid])
        assert running.ask("count") == str(running.workers()[0])
        assert running.metric(series) == 2
        assert running.metric("doorward_worker_restarts_total") == 1
        until_here(lambda: running.logged("killed by signal 9"))


def test_while_no_worker_runs_it_is_not_ready_and_says_so(tmp_path: Path) -> None:
    with gateway(tmp_path) as running:
        running.ready()
        os.kill(running.workers()[0], signal.SIGKILL)
        until_here(lambda: running.metric("doorward_worker_restarts_total") == 1)
        os.kill(until_here(running.workers)[0], signal.SIGKILL)  # the second quick death: now there is a pause

        def unready() -> str:
            code, text = running.get("/readyz")
            return text if code == 503 and "not running" in text else ""

        assert '"ready":false' in until_here(unready)
        until_here(lambda: running.get("/readyz")[0] == 200)


def test_what_a_worker_cannot_do_makes_it_unready(tmp_path: Path) -> None:
    with gateway(tmp_path, reasons=["journal: cannot be written"]) as running:
        running.ready()
        code, text = running.get("/readyz")
        assert code == 503
        assert "worker 0: journal: cannot be written" in text
        assert running.get("/healthz")[0] == 200


def test_a_worker_that_stands_still_is_reported_and_then_replaced(tmp_path: Path) -> None:
    with gateway(tmp_path, {"stuck": 3.0}, workers=2) as running:
        running.ready()
        first, second = running.workers()
        running.ask_worker(first, "stuck")
        until_here(lambda: running.metric('doorward_worker_up{worker="0"}') == 0)
        assert running.metric('doorward_worker_up{worker="1"}') == 1
        assert running.get("/readyz")[0] == 200
        until_here(lambda: first not in running.workers() and len(running.workers()) == 2)
        assert second in running.workers()
        until_here(lambda: running.logged("gave no sign of life"))
        until_here(lambda: running.metric('doorward_worker_up{worker="0"}') == 1)


def test_a_stop_lets_calls_end_and_refuses_new_ones(tmp_path: Path) -> None:
    with gateway(tmp_path, workers=2) as running:
        running.ready()
        pids = running.workers()
        with ThreadPoolExecutor(1) as pool:
            held = pool.submit(running.ask, "hold")
            until_here(lambda: running.metric("doorward_in_flight") == 1)
            running.signal(signal.SIGTERM)
            assert int(held.result()) in pids
        assert running.end() == 0
        assert not any(map(alive, pids))
        assert not running.logged("are cut")
        with pytest.raises(ConnectionRefusedError):
            running.ask("pid")


def test_a_call_that_does_not_end_is_cut_after_the_drain(tmp_path: Path) -> None:
    with gateway(tmp_path, drain=0.2, never=True) as running:
        running.ready()
        running.ask_worker(running.workers()[0], "hold")
        until_here(lambda: running.metric("doorward_in_flight") == 1)
        running.signal(signal.SIGINT)
        assert running.end() == 0
        until_here(lambda: running.logged("are cut"))


def test_while_it_drains_it_is_not_ready_and_a_second_signal_cuts(tmp_path: Path) -> None:
    with gateway(tmp_path, drain=600, never=True) as running:
        running.ready()
        (pid,) = running.workers()
        running.ask_worker(pid, "hold")
        until_here(lambda: running.metric("doorward_in_flight") == 1)
        running.signal(signal.SIGTERM)
        assert "draining" in until_here(lambda: running.get("/readyz")[1] if running.get("/readyz")[0] == 503 else "")
        running.signal(signal.SIGTERM)
        assert running.end() == 1
        assert not alive(pid)


def test_a_stuck_worker_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    with gateway(tmp_path, drain=0.2) as running:
        running.ready()
        (pid,) = running.workers()
        running.ask_worker(pid, "stuck")
        until_here(lambda: running.metric('doorward_worker_up{worker="0"}') == 0)
        running.signal(signal.SIGTERM)
        assert running.end() == 0
        assert not alive(pid)


def test_signals_of_a_terminal_reach_workers_too_and_do_not_end_them(tmp_path: Path) -> None:
    with gateway(tmp_path) as running:
        running.ready()
        (pid,) = running.workers()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(pid, number)
        assert running.ask("pid") == str(pid)


def test_a_killed_supervisor_leaves_no_worker(tmp_path: Path) -> None:
    with gateway(tmp_path, workers=2) as running:
        running.ready()
        pids = running.workers()
        running.ask_worker(pids[0], "stuck")
        running.process.kill()
        until_here(lambda: not any(map(alive, pids)))


def test_workers_that_crash_at_the_first_start_end_it_with_3(tmp_path: Path) -> None:
    with gateway(tmp_path, start="crash") as running:
        assert running.end() == 3
        assert running.logged("ended with 7 while starting")


def test_a_configuration_that_only_a_worker_refuses_ends_it_with_2(tmp_path: Path) -> None:
    with gateway(tmp_path, start="refuse", workers=2) as running:
        assert running.end() == 2
        assert running.logged("gateway.json:3:4: servers.crm.url: nothing there (give one)")


def test_a_wrong_configuration_is_told_and_ends_it_with_2(tmp_path: Path) -> None:
    with gateway(tmp_path, listen="nowhere") as running:
        assert running.end() == 2
        assert running.logged("listen.address: 'nowhere' is no HOST:PORT")


def test_an_address_that_is_taken_ends_it_with_3(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        for setting in ("listen", "admin"):
            with gateway(tmp_path, **{setting: taken}) as running:
                assert running.end() == 3
                assert running.logged(f"{setting}.address: cannot bind" if setting == "admin" else "cannot bind")


def test_a_second_gateway_does_not_join_the_port_of_the_first(tmp_path: Path) -> None:
    with gateway(tmp_path) as running:
        running.ready()
        (tmp_path / "second").mkdir()
        with gateway(tmp_path / "second", listen=f"127.0.0.1:{running.listen[1]}") as second:
            assert second.end() == 3
            assert second.logged("cannot bind")


def test_the_admin_address_refuses_a_rebound_name(tmp_path: Path) -> None:
    with gateway(tmp_path) as running:
        running.ready()
        for host in ("rebound.example.com", "localhost.example.com", "127.0.0.1.example.com:80"):
            assert running.get("/metrics", Host=host)[0] == 403
        for host in (f"localhost:{running.admin[1]}", "127.0.0.1", "[::1]:8081"):
            assert running.get("/metrics", Host=host)[0] == 200

"""A new configuration comes into force while calls go on; a bad one does not, and says why."""

import os
import signal
from pathlib import Path

from tests.functional.gateway_process import Gateway, gateway
from tests.waiting import until_here


def words(running: Gateway) -> set[str]:
    """What the workers that answer ten connections in a row say."""
    return {running.ask("word") for _ in range(10)}


def test_a_changed_file_comes_into_force_by_itself_in_all_workers(tmp_path: Path) -> None:
    with gateway(tmp_path, workers=2, word="one") as running:
        running.ready()
        with running.connected() as ask:
            assert ask("word") == "one"
            running.write(workers=2, word="two")
            until_here(lambda: running.serves(2))
            assert ask("word") == "two"  # the connection lived on
        assert words(running) == {"two"}
        assert [worker["version"] for worker in running.status()["workers"]] == [2, 2]
        assert running.metric("doorward_config_version") == 2


def test_a_hang_up_reads_the_file_at_once(tmp_path: Path) -> None:
    with gateway(tmp_path, {"watch": 3600}, word="one") as running:
        running.ready()
        running.write(word="two")
        running.signal(signal.SIGHUP)
        until_here(lambda: running.ask("word") == "two")
        running.signal(signal.SIGHUP)  # the same text again: the secrets that it refers to may be others
        until_here(lambda: running.serves(3))


def test_a_bad_file_keeps_the_last_good_version_and_says_why(tmp_path: Path) -> None:
    with gateway(tmp_path, word="one") as running:
        running.ready()
        running.write_text("{")
        until_here(lambda: running.metric("doorward_config_reload_failed") == 1)
        assert running.ask("word") == "one"
        assert running.get("/readyz")[0] == 200
        assert running.status()["reload"]["problems"] == ["gateway.json:1:1: not JSON"]
        assert running.status()["config"]["version"] == 1
        until_here(
            lambda: running.logged("reload refused, the last good version stays in force: gateway.json:1:1: not JSON")
        )
        running.write(word="three")
        until_here(lambda: running.ask("word") == "three")
        assert running.metric("doorward_config_reload_failed") == 0
        assert running.status()["reload"]["problems"] == []


def test_a_bad_file_that_is_put_back_is_no_failure_any_more(tmp_path: Path) -> None:
    with gateway(tmp_path, word="one") as running:
        running.ready()
        good = running.config.read_text()
        running.write_text("{")
        until_here(lambda: running.metric("doorward_config_reload_failed") == 1)
        running.write_text(good)
        until_here(lambda: running.metric("doorward_config_reload_failed") == 0)
        assert running.status()["config"]["version"] == 1


def test_a_file_that_is_gone_keeps_the_last_good_version(tmp_path: Path) -> None:
    with gateway(tmp_path, word="one") as running:
        running.ready()
        running.config.unlink()
        until_here(lambda: running.metric("doorward_config_reload_failed") == 1)
        assert running.ask("word") == "one"


def test_what_one_worker_refuses_none_takes(tmp_path: Path) -> None:
    with gateway(tmp_path, workers=2, word="one") as running:
        running.ready()
        for culprit, words_of_it in (("worker", "the worker cannot compile this"), ("bug", "RuntimeError")):
            running.write(workers=2, word="two", refused_by=culprit)
            until_here(lambda words_of_it=words_of_it: words_of_it in str(running.status()["reload"]["problems"]))
            assert words(running) == {"one"}
            assert running.status()["config"]["version"] == 1
        assert not running.logged("a secret")


def test_a_worker_started_after_a_bad_file_gets_the_version_in_force(tmp_path: Path) -> None:
    with gateway(tmp_path, word="one") as running:
        running.ready()
        running.write(word="two")
        until_here(lambda: running.ask("word") == "two")
        running.write(word="three", refused_by="worker")
        until_here(lambda: running.metric("doorward_config_reload_failed") == 1)
        (pid,) = running.workers()
        os.kill(pid, signal.SIGKILL)
        until_here(lambda: running.get("/readyz")[0] == 200 and running.workers() != [pid])
        assert running.ask("word") == "two"


def test_what_needs_a_restart_is_named_and_stays_as_it_was(tmp_path: Path) -> None:
    with gateway(tmp_path, word="one") as running:
        running.ready()
        running.write(word="two", workers=2, admin="127.0.0.1:1")
        until_here(lambda: running.ask("word") == "two")
        assert running.status()["reload"]["needs_restart"] == ["listen.workers", "admin.address"]
        assert len(running.workers()) == 1
        until_here(lambda: running.logged("listen.workers has changed: it takes effect after a restart"))

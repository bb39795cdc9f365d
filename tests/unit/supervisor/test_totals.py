from doorward.gateway.meter import CALLS, IN_FLIGHT, Meter
from doorward.supervisor.totals import Totals, combined


def worker(calls: int, waiting: int = 0) -> Meter:
    meter = Meter()
    for _ in range(calls):
        meter.count(CALLS, "crm", "ping", "allow", "")
        meter.observe("read", 0.5)
    meter.watch(IN_FLIGHT, lambda: waiting)
    return meter


def test_workers_are_added() -> None:
    total = combined((worker(2, 1).export(), worker(3, 4).export()))
    assert total["counts"][CALLS] == [[["crm", "ping", "allow", ""], 5]]
    assert total["rows"]["read"][-1] == 2.5
    assert total["gauges"] == {IN_FLIGHT: 5}


def test_the_dead_keep_their_counts_and_lose_their_gauges() -> None:
    totals = Totals()
    totals.retire(worker(2, 7).export())
    totals.retire(worker(1, 7).export())
    total = totals.over([worker(1, 1).export()])
    assert total["counts"][CALLS] == [[["crm", "ping", "allow", ""], 4]]
    assert total["rows"]["read"][-1] == 2.0
    assert total["gauges"] == {IN_FLIGHT: 1}


def test_a_worker_that_never_answered_adds_nothing() -> None:
    totals = Totals()
    totals.retire({})
    assert totals.over([{}]) == {"counts": {}, "rows": {}, "gauges": {}}


def test_adding_leaves_the_parts_alone() -> None:
    export = worker(1).export()
    combined((export, export))
    assert export["rows"]["read"][-1] == 0.5

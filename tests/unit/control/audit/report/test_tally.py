from doorward.control.audit.report.tally import Newest, Tally


def test_the_most_frequent_first_and_then_by_name() -> None:
    tally: Tally[str] = Tally()
    for name in "babcab":
        tally.add(name)
    assert tally.top(2) == [("b", 3), ("a", 2)]
    assert (tally["c"], tally["d"], len(tally), tally.total) == (1, 0, 3, 6)


def test_a_flood_of_names_leaves_the_frequent_ones_and_the_sum() -> None:
    tally: Tally[str] = Tally(100)
    for number in range(10_000):
        tally.add(f"made up {number}")
        tally.add("real")
    assert tally.top(1) == [("real", 10_000)]
    assert len(tally) <= 100
    assert tally.total == 20_000
    assert tally.others > 0


def test_the_newest_are_kept_whatever_order_they_come_in() -> None:
    newest: Newest[str] = Newest(2)
    for moment in ("3", "1", "4", "2"):
        newest.add(moment, f"row {moment}")
    assert newest.rows() == ["row 3", "row 4"]
    assert newest.seen == 4

from doorward.supervisor.pace import LONGEST_PAUSE, pause


def test_the_first_death_costs_no_pause_and_a_crash_loop_slows_down() -> None:
    assert [pause(streak) for streak in range(9)] == [0, 0, 1, 2, 4, 8, 16, LONGEST_PAUSE, LONGEST_PAUSE]

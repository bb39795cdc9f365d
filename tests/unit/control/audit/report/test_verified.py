from doorward.control.audit.report.verified import MOST_FAULTS, verified
from doorward.control.audit.verify.findings import COMPLETE, INTACT, Fault
from doorward.control.audit.verify.report import Pending, Report


def test_a_clean_log() -> None:
    said = verified(Report("d", writers=2, records=1500, checkpoints=9, with_exported=True, exported_records=1400))
    assert (said.done, said.intact, said.complete) == (True, True, True)
    assert said.lines[:2] == (
        "1,500 records of 2 writers and 9 checkpoints were verified.",
        "Exported checkpoints vouch for 1,400 of these records.",
    )
    assert said.lines[2].startswith("The public keys are those of this machine")
    assert len(said.lines) == 3


def test_faults_are_named_and_not_more_than_can_be_read() -> None:
    faults = [Fault("w", INTACT, 7, 7, "record 7 was changed")]
    faults += [Fault("", COMPLETE, None, None, "a writer is missing")] * (MOST_FAULTS + 1)
    said = verified(Report("d", faults=faults))
    assert (said.intact, said.complete) == (False, False)
    assert said.lines[1] == "Not intact: writer w: record 7 was changed."
    assert said.lines[2] == "Not complete: a writer is missing."
    assert said.lines[MOST_FAULTS + 1].startswith("And 2 more faults")


def test_what_is_left_open_is_said() -> None:
    pending = [Pending("w", live=False, open=1, torn=0), Pending("v", live=True, open=1, torn=0)]
    said = " ".join(verified(Report("d", pending=pending, uncovered={"w": 3})).lines)
    assert "There are no exported checkpoints" in said
    assert "1 writer ended without closing" in said
    assert "3 newest records no checkpoint vouches for yet." in said

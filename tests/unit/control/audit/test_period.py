import pytest

from doorward.configtypes import Refused
from doorward.control.audit.period import moment

NOW = 1_795_392_000.0  # 2026-11-23T00:00:00Z


@pytest.mark.parametrize(
    ("text", "timestamp"),
    [
        ("7d", "2026-11-16T00:00:00.000Z"),
        ("0s", "2026-11-23T00:00:00.000Z"),
        ("2026-11-01", "2026-11-01T00:00:00.000Z"),
        ("2026-11-01T13:00", "2026-11-01T13:00:00.000Z"),
        ("2026-11-01T13:00:00Z", "2026-11-01T13:00:00.000Z"),
        ("2026-11-01T13:00+02:00", "2026-11-01T11:00:00.000Z"),
        ("999999999d", "1970-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59.000Z"),
        ("0001-01-01", "1970-01-01T00:00:00.000Z"),
    ],
)
def test_times_and_how_long_ago(text: str, timestamp: str) -> None:
    assert moment(text, NOW) == timestamp


@pytest.mark.parametrize("text", ["", "soon", "7", "-1d", "2026-13-01", "2026-11-01T99:00"])
def test_what_is_neither(text: str) -> None:
    with pytest.raises(Refused):
        moment(text, NOW)

"""A record as it is (docs/records.md)."""

from collections.abc import Mapping
from typing import Any

from doorward.core.delivery import LARGEST_EVENT
from doorward.formats.one_line import fitting, json_line


def lines(record: Mapping[str, Any], most: int = LARGEST_EVENT) -> list[bytes]:
    """One JSON object."""
    return fitting(record, lambda fitted: [json_line(fitted)], most)

import msgspec
import pytest

from doorward.control.audit import index_build
from doorward.control.audit.report import seen
from doorward.core.audit import AuditRecord


@pytest.mark.parametrize("part", [index_build.Seen, seen.Seen], ids=["index", "report"])
def test_what_is_read_of_a_record_is_a_member_of_it(part: type[msgspec.Struct]) -> None:
    """A member that was renamed would be empty for ever, and nothing would say so."""
    assert set(part.__struct_fields__) <= set(AuditRecord.__struct_fields__)

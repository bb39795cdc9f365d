from doorward.core.decision import ALLOW
from doorward.stages.validate import validate_size


def test_up_to_the_limit_and_not_a_byte_more() -> None:
    assert validate_size(10, 10) is ALLOW
    assert validate_size(11, 10).reason == "message.too_large"

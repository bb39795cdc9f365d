import pytest

from doorward.alerts.rules import When, rules
from doorward.configtypes import Refused
from doorward.core.alerting import Rule


@pytest.mark.parametrize(
    ("when", "made"),
    [((), (Rule(),)), (Rule(server="crm"), (Rule(server="crm"),)), ((Rule(), Rule(count=2)), (Rule(), Rule(count=2)))],
)
def test_one_rule_several_or_none(when: When, made: tuple[Rule, ...]) -> None:
    assert rules(when) == made


def test_each_is_checked() -> None:
    with pytest.raises(Refused, match="no reason is"):
        rules((Rule(), Rule(reason="nothing.like_it")))

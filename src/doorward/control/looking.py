"""``inspect`` of the configuration, for all, a server or some tools, to what is done about findings."""

from collections.abc import Iterable, Mapping
from typing import Any

from doorward.config import Entity
from doorward.configtypes import Refused
from doorward.core.looking import ARGUMENTS, RESULTS, Action, Allow, default_action
from doorward.core.policy import Severity


def actions_of(entities: Mapping[str, Entity]) -> dict[tuple[str, str], Action]:
    """By entity and direction; what an entity leaves out is as for any entity."""
    return {
        (name, direction): _action(name, entity, direction)
        for name, entity in entities.items()
        for direction in (ARGUMENTS, RESULTS)
    }


def _action(name: str, entity: Entity, direction: str) -> Action:
    usual = default_action(name, direction)
    wanted = entity.results if direction == RESULTS else entity.arguments
    severity = usual.severity if entity.severity is None else int(Severity[entity.severity.upper()])
    return Action(wanted or usual.effect, severity, entity.threshold)


def allow_of(entries: Iterable[str]) -> Allow:
    """Values, compared whole and case aside; ``/…/`` is an expression (RE2) for the whole value. Raises ``Refused``."""
    values: set[str] = set()
    expressions: list[Any] = []
    for entry in entries:
        if len(entry) > 2 and entry[0] == entry[-1] == "/":
            expressions.append(_expression(entry[1:-1]))
        else:
            values.add(entry.strip().casefold())
    return Allow(frozenset(values), tuple(expressions))


def _expression(text: str) -> Any:
    import re2  # most configurations allow nothing, and it is 2 MB

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error as fault:
        detail = fault.args[0] if fault.args else ""
        said = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
        raise Refused(f"is no expression that RE2 knows: {said}", "no look-around and no back references") from None

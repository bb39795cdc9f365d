"""Findings of one record by entity and direction."""

from collections import Counter

from doorward.control.audit.report.seen import MORE, Seen


def placed(record: Seen) -> Counter[tuple[str, str]]:
    """(entity, direction) -> how many. A record lists 100 places at most; those beyond are in direction ``MORE``."""
    found = Counter((place.entity, place.direction) for place in record.findings if place.entity in record.entities)
    for entity, total in record.entities.items():
        left = total - sum(count for (name, _), count in found.items() if name == entity)
        if left > 0:
            found[(entity, MORE)] += left
    return found

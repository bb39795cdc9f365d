"""What was found in the messages of an exchange, as its record tells it: how much of what, and where, never what."""

from collections.abc import Sequence

from doorward.core.exchange import Exchange
from doorward.core.finding import Finding

_MOST_FINDINGS = 100  # places listed in one record; the counts by entity are always whole


def count(exchange: Exchange, findings: Sequence[Finding], direction: str) -> None:
    """Add the findings of one message, which went in ``direction``, to its exchange."""
    if not findings:
        return
    entities = dict(exchange.entities)
    for finding in findings:
        entities[finding.entity] = entities.get(finding.entity, 0) + 1
    exchange.entities = entities
    found = dict(exchange.found)
    for entity, number in by_entity(findings).items():
        found[entity, direction] = found.get((entity, direction), 0) + number
    exchange.found = found
    if len(exchange.findings) < _MOST_FINDINGS:
        places = exchange.findings + [
            {
                "entity": f.entity,
                "direction": direction,
                "pointer": place(f.text.pointer),
                "score": round(f.score, 2),
                "detector": f.detector,
                "rule": f.rule,
            }
            for f in findings[:_MOST_FINDINGS]
        ]
        exchange.findings = places[:_MOST_FINDINGS]


def by_entity(findings: Sequence[Finding]) -> dict[str, int]:
    """How many of each."""
    counts: dict[str, int] = {}
    for finding in findings:
        counts[finding.entity] = counts.get(finding.entity, 0) + 1
    return counts


# Member names that the protocol itself defines; any other name in a pointer may itself be data, and is shown as *.
_LISTED = frozenset(
    {
        "params",
        "result",
        "error",
        "data",
        "message",
        "arguments",
        "structuredContent",
        "content",
        "text",
        "_meta",
        "name",
    }
    | {"uri", "resource", "blob", "tools", "prompts", "resources", "contents", "messages", "description", "title"}
    | {"inputSchema", "outputSchema", "instructions", "inputRequests", "inputResponses", "requestState", "value"}
    | {"argument", "completion", "values", "reason"}
)


def place(pointer: str) -> str:
    """A finding's JSON pointer as a record may show it: indices and names that the protocol does not define become
    ``*``.
    """
    return "/".join(step if not step or step in _LISTED else "*" for step in pointer.split("/"))

"""What an authorization decision costs: `python bench/policies.py`. Medians in microseconds, and what is to be reached.

100 policies on one server, 15 of them or all in the slice; arguments of 100 B and 100 KB where no policy reads them; a
decision kept from before; and the first case again beside 1,000 policies of other servers. Rounds are interleaved, so
that a busy machine slows all alike.
"""

import json
import statistics
from collections.abc import Callable
from time import perf_counter

from doorward.control.policies.compile import compile_policies
from doorward.control.policies.files import PolicyFiles
from doorward.control.policies.schema import KnownTool
from doorward.core.identity import Grant, Principal
from doorward.core.question import Question
from doorward.core.snapshot import Server, Target
from doorward.stages.cedar import CedarPolicies

ROUNDS = 300
SCHEMA = json.dumps({"properties": {"path": {"type": "string"}, "note": {"type": "string"}}}).encode()
SERVERS = {name: Server(name, Target()) for name in ("files", "others")}
TOOLS = [KnownTool("files", "read", SCHEMA)]
AGENT = Grant(Principal("agent:a", "agent:a", groups=("staff",)), {})
READS = 'context.arguments has path && context.arguments.path == "/data/{number}"'
READS_TIME = 'resource.sensitivity == "{number}" || context.time > datetime("2100-01-01")'


def policies(inside: int, server: str = "files", condition: str = READS, count: int = 100) -> str:
    """``count`` policies on a server, ``inside`` of which are about our agent; the last of those permits."""
    made = []
    for number in range(count):
        who = 'Doorward::Group::"staff"' if number < inside else f'Doorward::Group::"group-{number}"'
        effect = "forbid" if number % 5 == 1 else "permit"
        head = f'principal in {who}, action in Doorward::Action::"tools/call", resource in Doorward::Server::"{server}"'
        name = f"{server}-{number}"
        made.append(f'@id("{name}") {effect}({head}) when {{ {condition.replace("{number}", str(number))} }};')
    return "\n".join(made)


def engine(*texts: str) -> CedarPolicies:
    """The engine over these policies."""
    files = PolicyFiles({f"{index}.cedar": text for index, text in enumerate(texts)})
    return compile_policies(files, (), SERVERS, TOOLS).engine


def medians(cases: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Microseconds of each, taken in turns, after one call each that compiles the slice."""
    for case in cases.values():
        case()
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(ROUNDS):
        for name, case in cases.items():
            begin = perf_counter()
            case()
            taken[name].append((perf_counter() - begin) * 1e6)
    return {name: statistics.median(values) for name, values in taken.items()}


def main() -> None:
    """Print one line for each case."""
    question = Question(AGENT, "files", "tools/call", "Tool", "read", 1_700_000_000.0)
    call = {"path": "/data/0", "note": "x" * 80}
    some, all_in, beside = engine(policies(15)), engine(policies(100)), engine(policies(15), policies(1000, "others"))
    timed = engine(policies(15, condition=READS_TIME))  # reads the time, so that nothing is kept
    kept = engine(policies(15, condition='resource.sensitivity == "{number}"'))
    large = {"path": "/data/0", "note": "x" * 100_000}
    took = medians(
        {
            "15 of 100 policies in the slice": lambda: some.judge(question, call),
            "the same, beside 1,000 policies of another server": lambda: beside.judge(question, call),
            "all 100 in the slice": lambda: all_in.judge(question, call),
            "no policy reads arguments, 100 B of them": lambda: timed.judge(question, call),
            "no policy reads arguments, 100 KB of them": lambda: timed.judge(question, large),
            "kept": lambda: kept.judge(question, call),
        }
    )
    reach = {"15 of 100 policies in the slice": 150, "all 100 in the slice": 400, "kept": 5}
    for name, value in took.items():
        goal = f"  (to reach: {reach[name]})" if name in reach else ""
        print(f"{name:<52}{value:>9.1f} us{goal}")


if __name__ == "__main__":
    main()

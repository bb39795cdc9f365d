"""size -> Decision. (Schemas and pinned manifests join here in later issues.)"""

from doorward.core.decision import ALLOW, Decision, Effect, Reason
from doorward.core.policy import Severity


def validate_size(size: int, limit: int) -> Decision:
    """A message over its limit is refused in every mode: it would have to be held in memory to be judged."""
    if size <= limit:
        return ALLOW
    return Decision(
        Effect.DENY,
        Reason.MESSAGE_TOO_LARGE,
        Severity.CRITICAL,
        rules=("limits",),
        what=f"the message is larger than {limit} bytes",
        remedy="send less in one message, or ask the operator to raise the limit",
    )

"""Which agent of ours a token of an issuer stands for: ``identity.agents[].match`` (docs/issuers.md).

A pattern is compared with a claim that is a text, or with each text of a list. ``*`` stands for any characters but
``/`` and ``:``, ``?`` for one such character, ``**`` for any characters at all; everything else stands for itself, case
included. So ``repo:acme/*:ref:refs/heads/main`` names one branch of every repository, and nothing longer.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from doorward.config import Match
from doorward.configtypes import Problem
from doorward.control.jose.claims import InvalidToken
from doorward.core.decision import Reason

# One of these must be matched: they name a workload, a client or a person, where others name a crowd.
# RFC 7519, RFC 9068, Microsoft Entra, GitHub Actions, GitLab CI, Google.
IDENTIFYING = (
    "sub",
    "client_id",
    "azp",
    "appid",
    "oid",
    "email",
    "repository",
    "repository_id",
    "job_workflow_ref",
    "project_path",
    "project_id",
)
_MAX_CLAIM = 1024  # characters
_WILD = re.compile(r"\*\*|\*|\?")
_MEANS = {"**": ".*", "*": "[^/:]*", "?": "[^/:]"}


class Matcher:
    """The agents that are found by their claims. ``matches``: id of an agent -> its ``match``."""

    def __init__(self, matches: Mapping[str, Match]) -> None:
        self._agents = [(agent, match.issuer, _compiled(match)) for agent, match in matches.items()]

    def agent(self, issuer: str, claims: Mapping[str, Any]) -> str:
        """The id of the one agent whose ``match`` fits; ``issuer`` is the verified ``iss``.

        Raises ``InvalidToken`` for none, and for two: which one was meant is not ours to guess.
        """
        found = [agent for agent, iss, wanted in self._agents if iss == issuer and _fits(wanted, claims)]
        if len(found) == 1:
            return found[0]
        if found:
            raise InvalidToken("stands for more than one agent of this gateway", Reason.AUTH_INVALID)
        raise InvalidToken("stands for no agent of this gateway", Reason.AUTH_INVALID)


def faults(match: Match, path: str, issuers: Iterable[str]) -> Iterator[Problem]:
    """What is wrong with one ``match``; ``issuers`` are the configured ones, whose keys are known."""
    if match.issuer not in issuers:
        remedy = "add it to identity.issuers, spelt alike"
        yield Problem(path=f"{path}.issuer", message="is not a configured issuer", remedy=remedy)
    wanted = _wanted(match)
    if match.sub is not None and "sub" in match.claims:
        yield Problem(path=f"{path}.claims.sub", message="is there twice", remedy="write sub beside issuer")
    for name, pattern in wanted.items():
        if not _WILD.sub("", pattern).strip("/:"):
            remedy = "write what the claim begins with, for example repo:acme/*"
            where = f"{path}.sub" if name == "sub" else f"{path}.claims.{name}"
            yield Problem(path=where, message="matches anything", remedy=remedy)
    if not any(name in wanted for name in IDENTIFYING):
        remedy = f"add sub, or claims with one of {', '.join(IDENTIFYING[1:])}"
        yield Problem(path=path, message="does not say who it is", remedy=remedy)


def _wanted(match: Match) -> dict[str, str]:
    return {**match.claims, **({} if match.sub is None else {"sub": match.sub})}


def _compiled(match: Match) -> list[tuple[str, Any]]:
    import re2  # linear in the length of a claim, whatever the pattern

    return [(name, re2.compile(_expression(pattern))) for name, pattern in _wanted(match).items()]


def _expression(pattern: str) -> str:
    parts = re.split(f"({_WILD.pattern})", pattern)  # what stands for itself and what does not, in turn
    return "(?s)" + "".join(_MEANS[part] if at % 2 else re.escape(part) for at, part in enumerate(parts))


def _fits(wanted: Iterable[tuple[str, Any]], claims: Mapping[str, Any]) -> bool:
    return all(any(pattern.fullmatch(text) for text in _texts(claims.get(name))) for name, pattern in wanted)


def _texts(value: object) -> list[str]:
    """A text, or the texts of a list that holds nothing else; a number, an object or a mixture is none."""
    values = value if isinstance(value, list) else [value]
    texts = [one for one in values if isinstance(one, str) and len(one) <= _MAX_CLAIM]
    return texts if len(texts) == len(values) else []

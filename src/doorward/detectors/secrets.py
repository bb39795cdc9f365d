"""The detector of secrets: tokens by their format, keys, JWTs, credentials in URLs, passwords that a name announces,
and the rules of the user's own gitleaks file.
"""

from pathlib import Path

import msgspec

from doorward.configtypes import Refused, content
from doorward.core.finding import Finding
from doorward.core.leaf import Document, Leaf
from doorward.detection import keys
from doorward.detection.keywords import listed
from doorward.detection.secrets import assigned, gitleaks, search, words
from doorward.detection.secrets.shapes import Hit

_ENTITY = "SECRET"
_LARGEST_FILE = 16 << 20
# Members of a schema or of a form that speak about a field with a secret name and never hold its value.
_SPEAKS_ABOUT = listed("type description title format pattern label placeholder help hint name examples $ref")


class Secrets:
    name = "secrets"
    heavy = False
    directions = frozenset(("arguments", "results"))
    knows_quiet = True

    class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """``gitleaks``: a file of rules in gitleaks' TOML format. ``allow``: values that are none."""

        gitleaks: Path | None = None
        allow: tuple[str, ...] = ()

    def __init__(self, options: Options) -> None:
        self._allow = frozenset(options.allow)
        if "" in self._allow:
            raise Refused("an allowed value is empty", "remove it")
        self._own = _own(options.gitleaks)
        self.triggers = (*search.TRIGGERS, *(self._own.triggers if self._own is not None else ()))
        self.notices = self._own.notices if self._own is not None else ()
        search.prepare()

    def detect(self, document: Document) -> list[Finding]:
        leaves = document.leaves
        strings = ["" if leaf.quiet else leaf.string for leaf in leaves]
        found = [self._finding(leaves[index], hit) for index, hit in search.find(strings, document.check)]
        meanings: dict[int, str] = {}  # by the identity of names: the leaves of one place share them
        for names in {id(leaf.names): leaf.names for leaf in leaves}.values():
            meaning = _remembered(names) if names else ""
            if meaning:
                meanings[id(names)] = meaning
        for leaf in leaves if meanings else ():
            if id(leaf.names) in meanings and not leaf.name:
                hit = assigned.keyed(leaf.string, meanings[id(leaf.names)], leaf.number)
                if hit is not None:
                    found.append(self._finding(leaf, hit))
        document.check()
        if self._own is not None:
            found += [self._finding(leaves[index], hit) for index, hit in self._own.find(strings, document.check)]
        return [finding for finding in found if finding.value not in self._allow]

    def _finding(self, leaf: Leaf, hit: Hit) -> Finding:
        return leaf.finding(hit.start, hit.end, _ENTITY, hit.score, self.name, hit.kind)


def _own(path: Path | None) -> gitleaks.Rules | None:
    if path is None:
        return None
    try:
        data = content(Path(path), _LARGEST_FILE + 1)
        text = data.decode()
    except (OSError, UnicodeDecodeError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "it is not UTF-8 text"
        raise Refused("the gitleaks file cannot be read", f"{path}: {why}") from None
    if len(data) > _LARGEST_FILE:
        raise Refused("the gitleaks file is larger than 16 MiB", f"{path}: is it the right one?")
    try:
        return gitleaks.load(text)
    except gitleaks.Unsupported as refusal:
        raise Refused(f"the gitleaks file is not taken: {refusal}", "change or remove what it names") from None


_meanings: dict[tuple[str, ...], str] = {}


def _remembered(names: tuple[str, ...]) -> str:
    meaning = _meanings.get(names)
    if meaning is None:
        if len(_meanings) >= 8192:
            _meanings.clear()
        meaning = _meanings[names] = _meaning(names)
    return meaning


def _meaning(names: tuple[str, ...]) -> str:
    if names[0].lower() in _SPEAKS_ABOUT or words.about(names[0]):
        return ""
    said = words.meaning(names[0])
    if said:
        return said
    if not keys.may_be_secret(names):
        return ""
    key = keys.classify(names)
    if key.entity != _ENTITY:
        return ""
    return words.meaning(" ".join(key.words)) or "token"

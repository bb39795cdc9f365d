"""What the official schema of OCSF 1.8 objects to, as far as it is needed."""

import json
from pathlib import Path
from typing import Any

SCHEMA = json.loads((Path(__file__).parent / "ocsf-1.8.0.json").read_text(encoding="utf-8"))


def faults(value: Any, kind: str, where: str) -> list[str]:
    """What the schema objects to in one value."""
    base = kind
    while "type" in SCHEMA["types"].get(base, {}):
        base = SCHEMA["types"][base]["type"]
    plain = {"string_t": str, "integer_t": int, "long_t": int, "boolean_t": bool, "float_t": (int, float)}
    if base in plain:
        fits = isinstance(value, plain[base]) and (base == "boolean_t" or not isinstance(value, bool))
        longest = SCHEMA["types"][kind].get("max_len")
        return [] if fits and (longest is None or len(value) <= longest) else [f"{where}: {value!r} is no {kind}"]
    if kind in ("json_t", "object"):
        return []
    if kind not in SCHEMA["objects"]:
        return [f"{where}: nothing is known of {kind}"]
    return faults_of(value, SCHEMA["objects"][kind], where)


def faults_of(value: Any, rules: dict[str, Any], where: str) -> list[str]:
    """The same of an event or an object."""
    if not isinstance(value, dict):
        return [f"{where}: no object"]
    attributes = rules["attributes"]
    found = [f"{where}.{name}: not in the schema" for name in value if name not in attributes]
    found += [
        f"{where}.{name}: required"
        for name, rule in attributes.items()
        if rule["requirement"] == "required" and name not in value
    ]
    one_of = rules.get("constraints", {}).get("at_least_one")
    if one_of and not any(name in value for name in one_of):
        found.append(f"{where}: none of {one_of}")
    for name, given in value.items():
        rule = attributes.get(name)
        if rule is None:
            continue
        if rule.get("is_array") and not isinstance(given, list):
            found.append(f"{where}.{name}: no array")
            continue
        for each in given if rule.get("is_array") else [given]:
            found += faults(each, rule["type"], f"{where}.{name}")
            if "enum" in rule and str(each) not in rule["enum"]:
                found.append(f"{where}.{name}: {each!r} is none of {rule['enum']}")
    return found

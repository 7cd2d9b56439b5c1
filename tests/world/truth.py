"""What Terraform calls drift: read from a refresh-only plan, with the provider's schema. Null, "", false, 0 and empty
collections are one to the provider; sets have no order; JSON in strings is compared as JSON; what only AWS computes,
and `tags_all` (the echo of `tags`), does not count.
"""
import dataclasses
import json
import re
from typing import Any


@dataclasses.dataclass
class Drift:
    address: str
    kind: str
    deleted: bool
    declared: set[str]      # attributes that differ and that the configuration sets
    undeclared: set[str]    # attributes that differ otherwise


def drifts(plan: dict, schema: dict) -> dict[str, Drift]:
    configured = expressions(plan.get("configuration", {}).get("root_module", {}))
    found = {}
    for item in plan.get("resource_drift", []):
        address, kind = item["address"], item["type"]
        before, after = item["change"]["before"], item["change"]["after"]
        if item["change"]["actions"] == ["delete"]:
            found[address] = Drift(address, kind, True, set(), set())
            continue
        old, new = members(before, schema[kind]), members(after, schema[kind])
        differing = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)} - {"tags_all"}
        if differing:
            named = configured.get(re.sub(r"\[[^\]]*\]", "", address), {}).keys()
            found[address] = Drift(address, kind, False, {n for n in differing if n in named}, {n for n in differing if n not in named})
    return found


def expressions(module: dict, prefix: str = "") -> dict[str, dict]:
    """Address without instance keys -> what the configuration sets."""
    found = {prefix + r["address"]: r.get("expressions", {}) for r in module.get("resources", []) if r["mode"] == "managed"}
    for name, call in module.get("module_calls", {}).items():
        found |= expressions(call["module"], f"{prefix}module.{name}.")
    return found


def members(value: dict, block: dict) -> dict[str, Any]:
    """One canonical form per attribute and block; those that are empty or only computed are left out."""
    found = {}
    for name, spec in block.get("attributes", {}).items():
        if spec.get("computed") and not spec.get("optional"):
            continue
        found[name] = canonical(value.get(name), spec.get("type"))
    for name, spec in block.get("block_types", {}).items():
        inner = value.get(name)
        if isinstance(inner, list):
            rows = [members(row, spec["block"]) for row in inner]
            found[name] = in_order(rows) if spec["nesting_mode"] == "set" else rows
        elif inner is not None:
            found[name] = members(inner, spec["block"])
    return {name: value for name, value in found.items() if not empty(value)}


def canonical(value: Any, kind: Any) -> Any:
    """`kind`: a type in Terraform's JSON, "string", ["set", "string"], ["object", {...}]."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    if isinstance(value, list):
        rows = [canonical(row, kind[1] if isinstance(kind, list) else None) for row in value]
        return in_order(rows) if isinstance(kind, list) and kind[0] == "set" else rows
    if isinstance(value, dict):
        inner = kind[1] if isinstance(kind, list) else None
        pairs = {k: canonical(v, inner.get(k) if isinstance(inner, dict) else inner) for k, v in value.items()}
        return {k: v for k, v in pairs.items() if not empty(v)}
    return value


def in_order(rows: list) -> list:
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def empty(value: Any) -> bool:
    return value is None or value is False or value in ("", 0, [], {})

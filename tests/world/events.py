"""Holds the event table against AWS's own API models (botocore has them all): every event is an operation of its service."""
import json
import re

import botocore.session

from . import terraform

TABLE = terraform.ROOT / "src" / "attribution" / "event" / "events.json"
# Event sources that are not the service's endpoint prefix, and those that stand for two services.
MODELS = {"s3": ("s3", "s3control"), "elasticloadbalancing": ("elb", "elbv2"), "sso": ("sso", "sso-admin"), "es": ("es", "opensearch")}


def unknown() -> list[str]:
    session = botocore.session.get_session()
    by_prefix: dict[str, set[str]] = {}
    for service in session.get_available_services():
        model = session.get_service_model(service)
        by_prefix.setdefault(model.endpoint_prefix.split(".")[-1], set()).update(model.operation_names)
    found = []
    for source, events in json.loads(TABLE.read_text()).items():
        prefix = source.split(".")[0]
        operations = set(by_prefix.get(prefix, set()))
        for service in MODELS.get(prefix, ()):
            operations |= set(session.get_service_model(service).operation_names)
        known = {canonical(name, prefix) for name in operations}
        found += [f"{source} {name}: no operation of the service" for name in events if canonical(name, prefix) not in known]
    return found


def canonical(name: str, prefix: str) -> str:
    """What CloudTrail's renames leave: dates go everywhere, S3 loses more."""
    if prefix == "s3":
        return re.sub("Configuration|Bucket|^(Put|Delete)Account|Account", lambda m: m.group(1) or "", name)
    return name

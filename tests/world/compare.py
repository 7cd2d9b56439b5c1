"""Holds driftd's report against Terraform's truth. What Terraform calls drift must be reported, at the same address, as
the same kind of drift, with the same attributes; nothing else may be. Strict: `unknown` is not an answer here.
"""
import collections
import fnmatch
import json
import subprocess

from .moto import environment
from .truth import Drift

# A resource of the first kind also shows what those of the second manage: saying it once, there, is enough.
SHOWN_BY_PARENT = {
    "aws_security_group": ("aws_security_group_rule", "aws_vpc_security_group_*_rule"),
    "aws_network_acl": ("aws_network_acl_rule", "aws_network_acl_association"),
    "aws_route_table": ("aws_route",),
    "aws_vpc": ("aws_vpc_dhcp_options_association", "aws_vpc_ipv*_cidr_block_association", "aws_main_route_table_association"),
    "aws_instance": ("aws_volume_attachment", "aws_ebs_volume", "aws_eip", "aws_eip_association", "aws_network_interface"),
    "aws_eip": ("aws_eip_association", "aws_instance", "aws_nat_gateway"),
    "aws_vpc_endpoint": ("aws_vpc_endpoint_*",),
    "aws_s3_bucket": ("aws_s3_bucket_*",),
    "aws_iam_role": ("aws_iam_role_polic*", "aws_iam_policy_attachment"),
    "aws_iam_user": ("aws_iam_user_polic*", "aws_iam_policy_attachment"),
    "aws_iam_group": ("aws_iam_group_polic*", "aws_iam_policy_attachment"),
}

# Types that are found on a parent that is read by itself, although no state declares them.
CHILDREN = {"aws_iam_user_login_profile", "aws_iam_user_group_membership", "aws_iam_user_ssh_key", "aws_iam_signing_certificate",
            "aws_ami_launch_permission", "aws_snapshot_create_volume_permission", "aws_ec2_transit_gateway_route",
            "aws_route_table_association", "aws_vpc_ipv4_cidr_block_association", "aws_vpc_ipv6_cidr_block_association",
            *(f"aws_s3_bucket_{part}" for part in ("analytics_configuration", "intelligent_tiering_configuration", "inventory", "metric",
                                                   "notification", "ownership_controls", "public_access_block")),
            *(f"aws_iam_{parent}_{part}" for parent in ("role", "user", "group") for part in ("policy", "policy_attachment"))}


def scan(driftd: str, endpoint: str, states: list, *arguments: str) -> tuple[int, dict]:
    """Exit code and report; a RuntimeError with driftd's own words when there is none."""
    command = [driftd, "scan", "--format", "json", *(x for state in states for x in ("--state", str(state))), *arguments]
    done = subprocess.run(command, env=environment(endpoint), text=True, capture_output=True, timeout=600)
    if done.returncode not in (0, 2, 3):
        raise RuntimeError(f"driftd ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.returncode, json.loads(done.stdout)


def disagreements(code: int, report: dict, wanted: dict[str, Drift], made: set[tuple[str, str]]) -> list[str]:
    found = []
    reported = {f["address"]: f for f in report["findings"] if f["address"] is not None}
    for address, want in wanted.items():
        have = reported.get(address)
        shown_elsewhere = any(fnmatch.fnmatch(other.kind, pattern) for other in wanted.values() if other is not want
                              for pattern in SHOWN_BY_PARENT.get(want.kind, ()))
        if have is None:
            if want.deleted or want.declared or not shown_elsewhere:
                found.append(f"missed: {address}: {'deleted' if want.deleted else sorted(want.declared | want.undeclared)}")
            continue
        kind = "missing" if want.deleted else "changed"
        if have["drift"] != kind:
            found.append(f"wrong: {address}: {kind}, but reported as {have['drift']} ({have.get('reason')})")
            continue
        said = {segment(change["path"]) for change in have["changes"]} - {"tags_all"}
        needed = want.declared | (set() if shown_elsewhere else want.undeclared)
        if needed - said:
            found.append(f"missed: {address}: {sorted(needed - said)}")
        if not want.deleted and said - want.declared - want.undeclared:
            found.append(f"false alarm: {address}: {sorted(said - want.declared - want.undeclared)}: {have['changes']}")
    for address, have in reported.items():
        if address not in wanted:
            found.append(f"false alarm: {address}: {have['drift']} ({have.get('reason')}): {have['changes']}")
    unmanaged = {(f["kind"], f["id"]) for f in report["findings"] if f["drift"] == "unmanaged"}
    found += [f"missed: unmanaged {kind} {id_}" for kind, id_ in sorted(made - unmanaged)]
    found += [f"false alarm: unmanaged {kind} {id_}" for kind, id_ in sorted(unmanaged - made)]
    found += [f"gap: {gap['reason']} {gap['scope']}: {gap['detail']}" for gap in report["gaps"]]
    expected = 2 if wanted or made else 0
    if code != expected:
        found.append(f"exit code {code}, not {expected}")
    return found


def reads_apart(sweep: dict, read: dict) -> list[str]:
    """What a report in which every declared resource was read by itself says otherwise than that of a sweep."""
    found = []
    swept, alone = by_address(sweep), by_address(read)
    for address in sorted(swept.keys() | alone.keys()):
        if swept.get(address) != alone.get(address):
            found.append(f"read alone: {address}: {alone.get(address, 'nothing')}, in the sweep {swept.get(address, 'nothing')}")
    in_sweep, at_parents = children(sweep), children(read)
    found += [f"read alone: unmanaged {kind} {id_} in {region} was not found" for region, kind, id_ in sorted(in_sweep - at_parents)]
    found += [f"read alone: unmanaged {kind} {id_} in {region}, not in the sweep" for region, kind, id_ in sorted(at_parents - in_sweep)]
    found += [f"read alone: gap: {gap['reason']} {gap['scope']}: {gap['detail']}" for gap in read["gaps"] if gap not in sweep["gaps"]]
    return found


def by_address(report: dict) -> dict[str, list]:
    """Address -> what is said of it, of each source."""
    found: dict[str, list] = {}
    for finding in report["findings"]:
        if finding["address"] is not None:
            found.setdefault(finding["address"], []).append((finding["drift"], finding["reason"], finding["changes"]))
    return found


def children(report: dict) -> collections.Counter:
    """How often each is told."""
    unmanaged = (f for f in report["findings"] if f["drift"] == "unmanaged" and f["kind"] in CHILDREN)
    return collections.Counter((f["region"], f["kind"], f["id"]) for f in unmanaged)


def segment(path: str) -> str:
    """The attribute of a JSON Pointer."""
    return path[1:].split("/")[0].replace("~1", "/").replace("~0", "~")

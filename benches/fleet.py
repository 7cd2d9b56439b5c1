"""An organisation for scale.py: any number of accounts and regions, in each of them a VPC, security groups and (once per account) IAM
roles, one Terraform state per account. What AWS answers follows from the account, the region and the number alone, so that nothing
needs to be kept of a hundred thousand resources: states and answers agree, but for what `drift` says.
"""
import dataclasses
import functools
import json
import os
import pathlib

REGIONS = ["ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1", "eu-north-1",
           "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2"]   # on in every account unless turned off
ROLE = "driftd-read"
TRUST = '{"Version":"2012-10-17","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"}}]}'
MADE = "2026-01-01T00:00:00Z"
PROVIDER = 'provider["registry.terraform.io/hashicorp/aws"]'
EVERYWHERE = {"cidr_blocks": ["0.0.0.0/0"], "description": "", "ipv6_cidr_blocks": [], "prefix_list_ids": [], "security_groups": [], "self": False,
              "from_port": 0, "to_port": 0, "protocol": "-1"}   # what a new group lets out


@dataclasses.dataclass(frozen=True)
class Fleet:
    accounts: int
    regions: int = len(REGIONS)
    groups: int = 1      # security groups that are declared, in each region of each account
    roles: int = 1       # in each account
    opened: int = 50     # in every so manieth scope somebody opened a port of the first group
    by_hand: int = 100   # in every so manieth scope there is a group that no state declares

    @functools.cached_property
    def names(self) -> list[str]:
        return [f"{100000000001 + number}" for number in range(self.accounts)]

    @property
    def places(self) -> list[str]:
        return REGIONS[:self.regions]

    @property
    def scopes(self) -> int:
        return self.accounts * self.regions

    @property
    def resources(self) -> int:
        return self.scopes * (1 + self.groups) + self.accounts * self.roles

    def number(self, account: str, region: str) -> int:
        """Of the scope."""
        return (int(account) - 100000000001) * self.regions + REGIONS.index(region)

    def is_opened(self, account: str, region: str) -> bool:
        return self.number(account, region) % self.opened == 0

    def is_by_hand(self, account: str, region: str) -> bool:
        return self.number(account, region) % self.by_hand == 0

    def write(self, folder: pathlib.Path) -> str:
        """A state for each account; -> the part of the configuration that says how to reach all of them."""
        states = folder / "states"
        states.mkdir()
        for account in self.names:
            path = states / f"{account}.tfstate"
            path.write_text(json.dumps(self.state(account)))
            # Written long ago: what differs from a state of the last minutes would be looked at twice.
            os.utime(path, (0, 0))
        roles = "".join(f'    - id: "{account}"\n      role_arn: arn:aws:iam::{account}:role/{ROLE}\n' for account in self.names)
        return f'states: ["{states}/*.tfstate"]\naws:\n  accounts:\n{roles}'

    def state(self, account: str) -> dict:
        resources = []
        for region in self.places:
            name, arn, vpc = region.replace("-", "_"), f"arn:aws:ec2:{region}:{account}", ident("vpc", account, region)
            resources.append(resource("aws_vpc", name, 1, [{
                "arn": f"{arn}:vpc/{vpc}", "id": vpc, "owner_id": account, "cidr_block": "10.0.0.0/16", "instance_tenancy": "default", "enable_dns_support": True,
                "enable_dns_hostnames": False, "enable_network_address_usage_metrics": False, "assign_generated_ipv6_cidr_block": False,
                "ipv6_netmask_length": 0, "tags": {"team": "web"}, "tags_all": {"team": "web"}}]))
            resources.append(resource("aws_security_group", name, 1, [{
                "arn": f"{arn}:security-group/{group}", "id": group, "owner_id": account, "name": f"app-{number}", "name_prefix": "", "description": "app",
                "vpc_id": vpc, "ingress": [], "egress": [EVERYWHERE], "revoke_rules_on_delete": False, "tags": {}, "tags_all": {}, "timeouts": None}
                for number in range(self.groups) for group in [ident("sg", account, region, number)]]))
        resources.append(resource("aws_iam_role", "app", 0, [{
            "arn": role_arn(account, number), "assume_role_policy": TRUST, "create_date": MADE, "description": "", "force_detach_policies": False,
            "id": f"app-{number}", "inline_policy": [], "managed_policy_arns": [], "max_session_duration": 3600, "name": f"app-{number}", "name_prefix": "", "path": "/",
            "permissions_boundary": "", "tags": {}, "tags_all": {}, "unique_id": unique_id(account, number)} for number in range(self.roles)]))
        return {"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": f"00000000-0000-4000-8000-{account}", "outputs": {},
                "resources": resources, "check_results": None}


def resource(kind: str, name: str, version: int, all_attributes: list[dict]) -> dict:
    instances = [{"schema_version": version, "attributes": attributes, "sensitive_attributes": []} for attributes in all_attributes]
    if len(instances) > 1:
        instances = [{"index_key": index, **instance} for index, instance in enumerate(instances)]
    return {"mode": "managed", "type": kind, "name": name, "provider": PROVIDER, "instances": instances}


def ident(prefix: str, account: str, region: str, number: int = 0) -> str:
    """An id of EC2: 17 hexadecimal digits, here decimal ones."""
    return f"{prefix}-{account[-6:]}{REGIONS.index(region):02}{number:09}"


def role_arn(account: str, number: int) -> str:
    return f"arn:aws:iam::{account}:role/app-{number}"


def unique_id(account: str, number: int) -> str:
    return f"AROA{account[-6:]}{number:011}"

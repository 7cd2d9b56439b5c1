"""Many accounts and regions: in each scope a VPC with a security group, one Terraform state per account, one role per account. In
every third scope somebody opened a port of the group to the inside, in every fifth there is a group that no state declares. moto gives every
account a world of its own: whoever assumes a role works in the role's account.
"""
import http.client
import json
import os
import pathlib
import re
import urllib.parse
import uuid

import botocore.session

from .moto import Moto

ROLE = "driftd-read"
PROVIDER = 'provider["registry.terraform.io/hashicorp/aws"]'
ALL = {"cidr_blocks": ["0.0.0.0/0"], "description": "", "ipv6_cidr_blocks": [], "prefix_list_ids": [], "security_groups": [], "self": False}
EVERYWHERE = ALL | {"from_port": 0, "to_port": 0, "protocol": "-1"}   # what a new group lets out
OPENED, UNDECLARED = 3, 5


class Caller:
    """Speaks EC2 and STS by hand: a client of boto3 for each of hundreds of scopes takes longer than all its calls."""

    def __init__(self, moto: Moto):
        self.connection = http.client.HTTPConnection("127.0.0.1", moto.port, timeout=60)

    def call(self, service: str, region: str, key: str, told: str, **parameters: str) -> str:
        """-> the first text in an element of the name `told`."""
        body = urllib.parse.urlencode({"Version": {"ec2": "2016-11-15", "sts": "2011-06-15"}[service], **parameters})
        authorization = f"AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
        headers = {"Authorization": authorization, "Content-Type": "application/x-www-form-urlencoded"}
        self.connection.request("POST", "/", body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.status != 200:
            raise RuntimeError(f"{parameters} in {region} was answered with {answer.status}: {text[:300]}")
        return re.search(f"<{told}>([^<]*)</{told}>", text)[1]


def build(moto: Moto, accounts: int, regions: int, folder: pathlib.Path) -> dict:
    """Fills moto, writes states and a configuration; -> where they are, and which accounts and regions there are."""
    caller = Caller(moto)
    names = [f"{100000000001 + number}" for number in range(accounts)]
    places = sorted(botocore.session.Session().get_available_regions("ec2"))[:regions]
    if len(places) < regions:
        raise RuntimeError(f"there are only {len(places)} regions")
    scope = 0
    for account in names:
        key = caller.call("sts", "us-east-1", "AKIATEST000000000000", "AccessKeyId", Action="AssumeRole", RoleArn=role(account), RoleSessionName="build")
        resources = []
        for region in places:
            resources += fill(caller, account, region, key, scope)
            scope += 1
        path = folder / f"{account}.tfstate"
        path.write_text(json.dumps(state(resources)))
        # Written long ago: what differs from a state of the last minutes would be looked at twice.
        os.utime(path, (0, 0))
    config = folder / "driftd.yaml"
    roles = "".join(f'    - id: "{account}"\n      role_arn: {role(account)}\n' for account in names)
    config.write_text(f"version: 1\naws:\n  accounts:\n{roles}")
    return {"state": str(folder / "*.tfstate"), "config": str(config), "accounts": names, "regions": places}


def role(account: str) -> str:
    return f"arn:aws:iam::{account}:role/{ROLE}"


def fill(caller: Caller, account: str, region: str, key: str, scope: int) -> list[dict]:
    """One scope; -> its resources, as Terraform's state has them."""
    def ec2(told: str, **parameters: str) -> str:
        return caller.call("ec2", region, key, told, **parameters)

    vpc = ec2("vpcId", Action="CreateVpc", CidrBlock="10.0.0.0/16")
    group = ec2("groupId", Action="CreateSecurityGroup", GroupName="app", GroupDescription="app", VpcId=vpc)
    if scope % OPENED == 0:
        ec2("return", Action="AuthorizeSecurityGroupIngress", GroupId=group, **{
            "IpPermissions.1.IpProtocol": "tcp", "IpPermissions.1.FromPort": "8080", "IpPermissions.1.ToPort": "8080",
            "IpPermissions.1.IpRanges.1.CidrIp": "10.0.0.0/8"})
    if scope % UNDECLARED == 0:
        ec2("groupId", Action="CreateSecurityGroup", GroupName="by-hand", GroupDescription="by hand", VpcId=vpc)
    arn = f"arn:aws:ec2:{region}:{account}"
    name = region.replace("-", "_")
    return [
        resource("aws_vpc", name, 1, {
            "arn": f"{arn}:vpc/{vpc}", "id": vpc, "owner_id": account, "cidr_block": "10.0.0.0/16", "instance_tenancy": "default",
            "enable_dns_support": True, "enable_dns_hostnames": False, "enable_network_address_usage_metrics": False,
            "assign_generated_ipv6_cidr_block": False, "ipv6_netmask_length": 0, "tags": {}, "tags_all": {}}),
        resource("aws_security_group", name, 1, {
            "arn": f"{arn}:security-group/{group}", "id": group, "owner_id": account, "name": "app", "name_prefix": "",
            "description": "app", "vpc_id": vpc, "ingress": [], "egress": [EVERYWHERE], "revoke_rules_on_delete": False,
            "tags": {}, "tags_all": {}, "timeouts": None}),
    ]


def resource(kind: str, name: str, version: int, attributes: dict) -> dict:
    instance = {"schema_version": version, "attributes": attributes, "sensitive_attributes": []}
    return {"mode": "managed", "type": kind, "name": name, "provider": PROVIDER, "instances": [instance]}


def state(resources: list[dict]) -> dict:
    return {"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": str(uuid.uuid4()), "outputs": {}, "resources": resources,
            "check_results": None}

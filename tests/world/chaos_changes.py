"""What people change by hand in the shop of tests/world/recorded/shop, and how each of it is put back. Every change is one call, so
that nothing is seen half done.
"""
import dataclasses
import json
from typing import Callable

from .story import UPLOADS, Scene, cut_off, dissolve, document, lift_block, open_ssh, port, publish, suspend, tag, trust

ELSEWHERE = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::210987654321:root"}}


@dataclasses.dataclass(frozen=True)
class Thing:
    """`name`: as the report calls it, an address or `kind id`. `put_back` is `None` for what does not come back as it was."""
    name: str
    change: Callable[[Scene], None]
    put_back: Callable[[Scene], None] | None = None


def close_ssh(scene: Scene) -> None:
    scene.client("ec2").revoke_security_group_ingress(GroupId=scene.id("aws_security_group.web"), IpPermissions=port(22))


def block_again(scene: Scene) -> None:
    scene.client("s3").put_public_access_block(Bucket=UPLOADS, PublicAccessBlockConfiguration={
        "BlockPublicAcls": True, "BlockPublicPolicy": True, "IgnorePublicAcls": True, "RestrictPublicBuckets": True})


def old_bucket_policy(scene: Scene) -> None:
    scene.client("s3").put_bucket_policy(Bucket=UPLOADS, Policy=scene.attributes["aws_s3_bucket_policy.uploads"]["policy"])


def old_trust(scene: Scene) -> None:
    policy = scene.attributes["aws_iam_role.web"]["assume_role_policy"]
    scene.client("iam").update_assume_role_policy(RoleName="shop-web", PolicyDocument=policy)


def connect(scene: Scene) -> None:
    route = scene.attributes["module.network.aws_route.internet"]
    scene.client("ec2").create_route(RouteTableId=route["route_table_id"], DestinationCidrBlock="0.0.0.0/0", GatewayId=route["gateway_id"])


def enable_versions(scene: Scene) -> None:
    scene.client("s3").put_bucket_versioning(Bucket=UPLOADS, VersioningConfiguration={"Status": "Enabled"})


def read_everything(scene: Scene) -> None:
    scene.client("iam").put_role_policy(RoleName="shop-web", PolicyName="uploads", PolicyDocument=document(
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}))


def old_role_policy(scene: Scene) -> None:
    policy = scene.attributes["aws_iam_role_policy.web"]["policy"]
    scene.client("iam").put_role_policy(RoleName="shop-web", PolicyName="uploads", PolicyDocument=policy)


def tag_back(address: str, key: str) -> Callable[[Scene], None]:
    """To the value in the state; without one there, the tag goes."""
    def back(scene: Scene) -> None:
        old = scene.attributes[address]["tags"].get(key)
        ec2, resource = scene.client("ec2"), [scene.id(address)]
        if old is None:
            ec2.delete_tags(Resources=resource, Tags=[{"Key": key}])
        else:
            ec2.create_tags(Resources=resource, Tags=[{"Key": key, "Value": old}])
    return back


def tag_user(scene: Scene) -> None:
    scene.client("iam").tag_user(UserName="shop-deploy", Tags=[{"Key": "ticket", "Value": "OPS-1"}])


def untag_user(scene: Scene) -> None:
    scene.client("iam").untag_user(UserName="shop-deploy", TagKeys=["ticket"])


def user(name: str) -> Thing:
    return Thing(f"aws_iam_user {name}", lambda scene: scene.client("iam").create_user(UserName=name),
                 lambda scene: scene.client("iam").delete_user(UserName=name))


def role(name: str) -> Thing:
    policy = json.dumps({"Version": "2012-10-17", "Statement": [ELSEWHERE]})
    return Thing(f"aws_iam_role {name}", lambda scene: scene.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy),
                 lambda scene: scene.client("iam").delete_role(RoleName=name))


def bucket(name: str) -> Thing:
    return Thing(f"aws_s3_bucket {name}", lambda scene: scene.client("s3").create_bucket(Bucket=name),
                 lambda scene: scene.client("s3").delete_bucket(Bucket=name))


def tags(address: str, key: str, value: str) -> Thing:
    return Thing(address, tag(key, value, address), tag_back(address, key))


THINGS = [
    Thing("aws_security_group.web", open_ssh, close_ssh),
    Thing("aws_s3_bucket_public_access_block.uploads", lift_block, block_again),
    Thing("aws_s3_bucket_policy.uploads", publish, old_bucket_policy),
    Thing("aws_s3_bucket_versioning.uploads", suspend, enable_versions),
    Thing("aws_iam_role.web", trust, old_trust),
    Thing("aws_iam_role_policy.web", read_everything, old_role_policy),
    Thing("aws_iam_user.deploy", tag_user, untag_user),
    Thing("module.network.aws_route.internet", cut_off, connect),
    Thing("aws_iam_group.support", dissolve),
    tags("aws_ebs_volume.orders", "Name", "orders-old"),
    tags("aws_instance.web[0]", "team", "ops"),
    tags("aws_instance.web[1]", "owner", "nobody"),
    tags("aws_security_group.database", "team", "robots"),
    user("contractor"), user("intern"), role("debug"), bucket("shop-exports-4711"), bucket("shop-tmp-4711"),
]
NAMED = {thing.name: thing for thing in THINGS}

"""A Monday in the shop of tests/world/recorded/shop: who changes what, with the calls that their tools make for it, and which
resources that leaves drifted. The demo tells the first part; the tests add what tells a good answer from a lucky one.
"""
import dataclasses
import datetime
import json
from typing import Callable

from botocore.exceptions import ClientError

from .actors import ACTORS
from .cloudtrail import Trail

UPLOADS = "shop-uploads-4711"
# The CI system's role, and the one for emergencies: what a configuration has to know.
CONFIG = """\
version: 1
attribution:
  pipelines:
    - principals: ["arn:aws:iam::*:role/terraform-ci"]
      networks: [20.55.10.0/24]
      subjects: ["repo:acme/infra:*"]
  break_glass: ["arn:aws:iam::*:role/breakglass"]
"""


@dataclasses.dataclass(frozen=True)
class Step:
    """`leaves`: what the report must name the actor for: an address, or `kind id` of what no state declares."""
    actor: str
    text: str
    leaves: tuple[str, ...]
    act: Callable


class Scene:
    """What a step gets: clients of its actor, and the state's attributes."""

    def __init__(self, trail: Trail, attributes: dict[str, dict]):
        self.trail, self.attributes, self.actor = trail, attributes, ""
        self.made: list[str] = []

    def client(self, service: str):
        return self.trail.client(self.actor, service)

    def id(self, address: str) -> str:
        return self.attributes[address]["id"]


def tell(trail: Trail, attributes: dict[str, dict], steps: list[Step], say: Callable[[Step], None] = lambda step: None) -> dict[str, set[str]]:
    """Does it all; -> what is drifted then, and the names of those who did it."""
    scene, truth = Scene(trail, attributes), {}
    for step in steps:
        say(step)
        scene.actor = step.actor
        trail.actor(step.actor)
        scene.made = []
        step.act(scene)
        for thing in (*step.leaves, *scene.made):
            truth.setdefault(thing, set()).add(ACTORS[step.actor][1])
        trail.later(minutes=4)
    return truth


def beginning(steps: list[Step]) -> datetime.datetime:
    """So that all of it is over by now."""
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - datetime.timedelta(minutes=5 * len(steps) + 5)


def document(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def port(number: int) -> list[dict]:
    return [{"IpProtocol": "tcp", "FromPort": number, "ToPort": number, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


def open_ssh(scene: Scene) -> None:
    scene.client("ec2").authorize_security_group_ingress(GroupId=scene.id("aws_security_group.web"), IpPermissions=port(22))


def lift_block(scene: Scene) -> None:
    scene.client("s3").delete_public_access_block(Bucket=UPLOADS)


def publish(scene: Scene) -> None:
    scene.client("s3").put_bucket_policy(Bucket=UPLOADS, Policy=document(
        {"Sid": "Everybody", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{UPLOADS}/*"}))


def trust(scene: Scene) -> None:
    scene.client("iam").update_assume_role_policy(RoleName="shop-web", PolicyDocument=document(
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}},
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::210987654321:root"}}))


def grow(scene: Scene) -> None:
    ec2, instance = scene.client("ec2"), scene.id("aws_instance.web[1]")
    ec2.stop_instances(InstanceIds=[instance])
    ec2.modify_instance_attribute(InstanceId=instance, InstanceType={"Value": "m5.2xlarge"})
    ec2.start_instances(InstanceIds=[instance])


def name_volume(name: str) -> Callable[[Scene], None]:
    return lambda scene: scene.client("ec2").create_tags(Resources=[scene.id("aws_ebs_volume.orders")], Tags=[{"Key": "Name", "Value": name}])


def cut_off(scene: Scene) -> None:
    scene.client("ec2").delete_route(RouteTableId=scene.id("module.network.aws_route_table.public"), DestinationCidrBlock="0.0.0.0/0")


def dissolve(scene: Scene) -> None:
    scene.client("iam").delete_group(GroupName="shop-support")


def make_key(scene: Scene) -> None:
    key = scene.client("iam").create_access_key(UserName="shop-deploy")["AccessKey"]["AccessKeyId"]
    scene.made.append(f"aws_iam_access_key {key}")


def make_user(scene: Scene) -> None:
    scene.client("iam").create_user(UserName="contractor")


DEMO = [
    Step("alice", "alice (Identity Center, console) opens SSH to the world, to look at something on a web server", ("aws_security_group.web",), open_ssh),
    Step("alice", "alice lifts the public access block of the uploads bucket", ("aws_s3_bucket_public_access_block.uploads",), lift_block),
    Step("alice", "alice lets everybody read the bucket", ("aws_s3_bucket_policy.uploads",), publish),
    Step("dave", "dave (two roles away, session names that say nothing) lets another account assume the web servers' role", ("aws_iam_role.web",), trust),
    Step("carol", "carol (AWS CLI, role deployer) gives a web server a bigger machine", ("aws_instance.web[1]",), grow),
    Step("pipeline", "the pipeline, in a run of another workspace, renames the volume", ("aws_ebs_volume.orders",), name_volume("orders-old")),
    Step("breakglass", "frank (role breakglass) deletes the route to the internet", ("module.network.aws_route.internet",), cut_off),
    Step("bob", "bob (IAM user, console, MFA) deletes the support group", ("aws_iam_group.support",), dissolve),
    Step("root", "somebody as root makes an access key for the deploy user", (), make_key),
    Step("erin", "erin's CloudFormation stack makes a user that no code knows", ("aws_iam_user contractor",), make_user),
]


def fail_at_once(scene: Scene) -> None:
    """The same call in the same second, refused: it changed nothing, whoever made it."""
    scene.trail.later(minutes=-4, seconds=-2)
    try:
        open_ssh(scene)
    except ClientError:
        scene.trail.later(minutes=4)
        return
    raise AssertionError("the rule is there: it cannot be made again")


def look_around(scene: Scene) -> None:
    scene.client("ec2").describe_security_groups()
    scene.client("iam").list_users()
    scene.client("s3").get_bucket_policy(Bucket=UPLOADS)


def open_rdp(scene: Scene) -> None:
    scene.client("ec2").authorize_security_group_ingress(GroupId=scene.id("aws_security_group.web"), IpPermissions=port(3389))


def tag(key: str, value: str, *addresses: str) -> Callable[[Scene], None]:
    return lambda scene: scene.client("ec2").create_tags(Resources=[scene.id(a) for a in addresses], Tags=[{"Key": key, "Value": value}])


def there_and_back(scene: Scene) -> None:
    ec2, group = scene.client("ec2"), scene.id("aws_security_group.database")
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=port(5433))
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=port(5433))


def tag_user(scene: Scene) -> None:
    scene.client("iam").tag_user(UserName="shop-deploy", Tags=[{"Key": "team", "Value": "nobody"}])


def suspend(scene: Scene) -> None:
    scene.client("s3").put_bucket_versioning(Bucket=UPLOADS, VersioningConfiguration={"Status": "Suspended"})


def widen(scene: Scene) -> None:
    scene.client("iam").create_policy_version(SetAsDefault=True, PolicyArn=scene.attributes["aws_iam_policy.deploy"]["arn"], PolicyDocument=document(
        {"Effect": "Allow", "Action": "*", "Resource": "*"}))


# Overwritten, refused, reverted, read: what must not be blamed; and two in one finding.
TESTS = [
    Step("carol", "names the volume, before the pipeline does", (), name_volume("orders-tmp")),
    *DEMO[:1],
    Step("bob", "is refused in the second in which alice was not", (), fail_at_once),
    *DEMO[1:],
    Step("root", "looks around", (), look_around),
    Step("bob", "opens RDP in the same group", ("aws_security_group.web",), open_rdp),
    Step("faker", "sends Terraform's user agent", ("aws_instance.web[0]",), tag("team", "ops", "aws_instance.web[0]")),
    Step("robot", "tags what it finds", ("aws_security_group.database",), tag("team", "robots", "aws_security_group.database")),
    Step("dave", "opens a port and closes it again", (), there_and_back),
    Step("pipeline_by_hand", "uses the pipeline's keys at home", ("aws_iam_user.deploy",), tag_user),
    Step("alice", "suspends versioning", ("aws_s3_bucket_versioning.uploads",), suspend),
    Step("erin", "lets the deploy user do everything", ("aws_iam_policy.deploy",), widen),
]

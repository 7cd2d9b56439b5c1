"""`make demo`: a false AWS account as Terraform left it, somebody at work in the console, and what driftd says about it.
No AWS account, no Terraform, nothing but loopback; everything is stopped and gone at the end, also on Ctrl-C.
"""
import argparse
import json
import pathlib
import signal
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from tests.world import replay                     # noqa: E402
from tests.world.moto import Moto, environment     # noqa: E402
from tests.world.scenarios import Hand, instances  # noqa: E402

OUT = ROOT / "demo" / "out"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--driftd", required=True, type=pathlib.Path)
    driftd = str(parser.parse_args().driftd.resolve())
    # So that a kill unwinds, too, and takes moto with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    state = replay.state("shop")
    OUT.mkdir(parents=True, exist_ok=True)
    with Moto(str(OUT / "moto.log")) as moto:
        say(f"A false AWS account (moto) on {moto.endpoint}: the web shop of tests/world/recorded/shop, as Terraform made it")
        replay.replay("shop", moto)
        say("Before anything happens: driftd scan")
        scan(driftd, moto, state)
        say("Monday morning, in the console:")
        by_hand(Hand(moto.endpoint, instances(state), ""))
        say("driftd scan")
        code = scan(driftd, moto, state)
        report = OUT / "report.html"
        scan(driftd, moto, state, "--format", "html", "--output", str(report))
        say(f"Exit code {code} (2: drift). The same as a page: {report}")
    return 0 if code == 2 else 1


def by_hand(hand: Hand) -> None:
    """Each step is one thing that people do, with the calls that the console makes for it."""
    ec2, s3, iam = hand.client("ec2"), hand.client("s3"), hand.client("iam")
    uploads = "shop-uploads-4711"

    step("opens SSH to the world, to look at something on a web server")
    ec2.authorize_security_group_ingress(GroupId=hand.attrs("aws_security_group.web")["id"], IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    step("lifts the public access block of the uploads bucket")
    s3.delete_public_access_block(Bucket=uploads)
    step("lets everybody read the bucket")
    s3.put_bucket_policy(Bucket=uploads, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "Everybody", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{uploads}/*"}]}))
    step("lets another account assume the web servers' role")
    iam.update_assume_role_policy(RoleName="shop-web", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}},
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::210987654321:root"}}]}))
    step("gives a web server a bigger machine")
    instance = hand.attrs("aws_instance.web[1]")["id"]
    ec2.stop_instances(InstanceIds=[instance])
    ec2.modify_instance_attribute(InstanceId=instance, InstanceType={"Value": "m5.2xlarge"})
    ec2.start_instances(InstanceIds=[instance])
    step("renames the team on the volume's tags")
    ec2.create_tags(Resources=[hand.attrs("aws_ebs_volume.orders")["id"]], Tags=[{"Key": "Name", "Value": "orders-old"}])
    step("deletes the route to the internet")
    ec2.delete_route(RouteTableId=hand.attrs("module.network.aws_route_table.public")["id"], DestinationCidrBlock="0.0.0.0/0")
    step("deletes the support group")
    iam.delete_group(GroupName="shop-support")
    step("makes an access key for the deploy user, and a user that no code knows")
    iam.create_access_key(UserName="shop-deploy")
    iam.create_user(UserName="contractor")


def scan(driftd: str, moto: Moto, state: pathlib.Path, *arguments: str) -> int:
    """The report goes to where our own output goes; no configuration of this machine is read."""
    sys.stdout.flush()
    done = subprocess.run([driftd, "scan", "--state", str(state.relative_to(ROOT)), *arguments], cwd=ROOT, env=environment(moto.endpoint))
    if done.returncode not in (0, 2, 3):
        raise SystemExit(f"driftd scan ended with {done.returncode}")
    return done.returncode


def say(text: str) -> None:
    print(f"\n== {text}", flush=True)


def step(text: str) -> None:
    print(f"   somebody {text}", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        sys.exit(130)

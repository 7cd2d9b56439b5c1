"""`make bench-storm`: 20,000 events about the hundred resources of the recorded `estate`, in log files of 2,000 records of which the
queue is told as S3 tells it, while people really change every resource and put it back; in the end every second one is left
changed. One record in twenty stands there twice. Measured is how long driftd takes to take them all, to be right about every
resource, and to have nothing left to do; how much memory, and how often it reads each resource for it. Ends with 1 if what it
says in the end is not what a fresh `driftd scan` says, or a scan failed.
"""
import argparse
import collections
import datetime
import gzip
import json
import pathlib
import re
import signal
import sys
import time
import urllib.parse
import uuid
from typing import Callable

from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from benches import bench                                        # noqa: E402
from benches.daemon import Watch, watching                       # noqa: E402
from tests.world.actors import ACCOUNT, ACTORS                   # noqa: E402
from tests.world.chaos_daemon import actor, thing, until         # noqa: E402
from tests.world.chaos_people import now                         # noqa: E402
from tests.world.chaos_store import count, findings              # noqa: E402
from tests.world.cloudtrail import SHAPE                         # noqa: E402
from tests.world.story import Scene, document, port              # noqa: E402

CAST = ("alice", "bob", "carol", "dave", "root", "breakglass", "erin", "robot", "faker")
# In an account of its own, as organizations keep their logs: so it is nothing that the state should know.
LOGS, LOG_ACCOUNT = "acme-trail", "999988887777"
ROUNDS, IN_A_ROUND = 10, 20   # log files, and records of each resource in one
ROUND = 3.0                   # seconds, at least: CloudTrail knows no less than one
PATIENCE = 600


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--driftd", type=pathlib.Path, required=True)
    parser.add_argument("--config", default="daemon: {}", metavar="YAML", help="what is configured, to see what something costs")
    options = parser.parse_args()
    # So that a kill unwinds, too, and takes the others with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with watching(options.driftd, "estate", f"{options.config}\n") as watch:
        addresses = sorted(watch.people.scene.attributes)
        log_files = LogFiles(watch)
        for who in CAST:   # sessions begin before they are used
            watch.people.send(watch.people.act(who))
        samples = {address: [watch.people.act("robot", does(address))[-1] for does in (change, put_back)] for address in addresses}
        until(PATIENCE, lambda: not watch.people.waiting())
        kept, calls, cpu, watch.door.recorded = count(watch.store, "events"), watch.calls(), watch.cpu(), []
        began, names, written = time.monotonic(), {}, set()
        for number in range(ROUNDS):
            until(PATIENCE, lambda: time.monotonic() > began + number * ROUND, pause=0.01)
            records = one_round(watch, number, addresses, samples, names)
            written |= {record["eventID"] for record in records}
            log_files.deliver(number, records)
        sent, left = time.monotonic() - began, set(addresses[::2])
        times = {what: lasted(began, is_so) for what, is_so in (
            ("all are taken", lambda: count(watch.store, "events") - kept >= len(written) and not watch.people.waiting()),
            ("everything is right", lambda: still_open(findings(watch.store)) == left),
            ("nothing is left to do", lambda: not count(watch.store, "marks")))}
        calls, cpu, reads, peak = watch.calls() - calls, watch.cpu() - cpu, reads_of(watch, addresses), watch.status("VmHWM")
        known, wrong = findings(watch.store), watch.failures()
        wrong += [f"{what}: not within {PATIENCE} s" for what, seconds in times.items() if seconds is None]
        wrong += differences(known, fresh_scan(options.driftd, watch))
        wrong += [f"not as people left it: {address}" for address in sorted(still_open(known) ^ left)]
    named = sum(actor(one) == names[thing(one)] for one in known if thing(one) in left)
    aws = sum(number for name, number in calls.items() if not name.startswith(("sqs:", "s3:GET /{bucket}/{key}")))
    print(f"{ROUNDS * IN_A_ROUND * len(addresses):,} events, {len(written):,} of them different, in {ROUNDS} log files over {sent:.0f} s; {len(addresses)} resources\n")
    print(f"| {' | '.join(times)} | CPU time | peak memory | AWS calls | reads of a resource |\n|---|---|---|---|---|---|---|")
    print(f"| {' | '.join(f'{seconds or 0:.0f} s' for seconds in times.values())} | {cpu:.1f} s | {peak:.0f} MB | {aws:,} "
          f"| {min(reads)} to {max(reads)}, {sum(reads) / len(reads):.1f} on average |")
    print(f"\n{len(left)} resources are left changed, {named} of them named rightly; final states and scans are {'WRONG' if wrong else 'right'}")
    for problem in wrong:
        print(f"WRONG: {problem}", file=sys.stderr)
    return 1 if wrong else 0


def lasted(began: float, is_so: Callable[[], bool]) -> float | None:
    return time.monotonic() - began if until(PATIENCE, is_so, pause=0.25) else None


def one_round(watch: Watch, number: int, addresses: list[str], samples: dict[str, list[dict]], names: dict[str, str]) -> list[dict]:
    """Everybody at work: every resource is changed, or put back, once; -> the records of that, and of what went there and back since the
    last time. `names`: who did what is live."""
    records = []
    for index, address in enumerate(addresses):
        who = CAST[(index + number) % len(CAST)]
        # Every second one begins a round later: so it ends in the other state.
        begins_later = index % 2 == 0
        done = [] if begins_later and number == 0 else watch.people.act(who, (change, put_back)[(number + begins_later) % 2](address))
        names[address] = ACTORS[who][1]
        pairs = (IN_A_ROUND - 2 * len(done)) // 2
        records += there_and_back(samples[address], number, pairs) + done * 2
    return records


def there_and_back(sample: list[dict], number: int, pairs: int) -> list[dict]:
    """Old news: records of changes of the hour before that were put back a second later. No two of one resource are of one second, in
    which CloudTrail knows no order."""
    first = now() - datetime.timedelta(hours=1) + datetime.timedelta(minutes=number)
    times = [(first + datetime.timedelta(seconds=second)).strftime(SHAPE) for second in range(2 * pairs)]
    return [sample[second % 2] | {"eventID": str(uuid.uuid4()), "requestID": str(uuid.uuid4()), "eventTime": time_} for second, time_ in enumerate(times)]


class LogFiles:
    """A trail's bucket, with notifications."""

    def __init__(self, watch: Watch):
        self.people, trail = watch.people, watch.people.trail
        plain = {"endpoint_url": trail.endpoint, "config": Config(s3={"addressing_style": "path"}, proxies={})}
        role = f"arn:aws:iam::{LOG_ACCOUNT}:role/logs"
        keys = trail.session.client("sts", **plain).assume_role(RoleArn=role, RoleSessionName="cloudtrail")["Credentials"]
        self.s3 = trail.session.client("s3", **plain, aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
                                       aws_session_token=keys["SessionToken"])
        self.s3.create_bucket(Bucket=LOGS)

    def deliver(self, number: int, records: list[dict]) -> None:
        """https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html"""
        at = now()
        key = f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/{at:%Y/%m/%d}/{ACCOUNT}_CloudTrail_us-east-1_{at:%Y%m%dT%H%MZ}_{number:016x}.json.gz"
        self.s3.put_object(Bucket=LOGS, Key=key, Body=gzip.compress(json.dumps({"Records": records}).encode()))
        told = {"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1", "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": LOGS}, "object": {"key": urllib.parse.quote_plus(key)}}}
        self.people.send_text(json.dumps({"Records": [told]}))


def still_open(known: list[dict]) -> set[str]:
    return {thing(one) for one in known if one["life"]["state"]["name"] == "open"}


def fresh_scan(driftd: pathlib.Path, watch: Watch) -> dict:
    folder = watch.store.path.parent
    report = folder / "report.json"
    command = [str(driftd.resolve()), "scan", "--state", str(watch.state), "--format", "json", "--output", str(report)]
    bench.measured(command, watch.door, (0, 2, 3), folder)
    return json.loads(report.read_text())


def differences(known: list[dict], report: dict) -> list[str]:
    """What the store says otherwise than a fresh scan."""
    have = {one["finding"]["key"]: one["finding"]["fingerprint"] for one in known if one["life"]["state"]["name"] == "open"}
    fresh = {one["key"]: one["fingerprint"] for one in report["findings"]}
    found = [f"{key}: the store has {have.get(key)}, a fresh scan {fresh.get(key)}" for key in sorted(have.keys() | fresh.keys()) if have.get(key) != fresh.get(key)]
    return found + [f"a fresh scan has a gap: {gap['reason']} {gap['detail']}" for gap in report["gaps"]]


def reads_of(watch: Watch, addresses: list[str]) -> list[int]:
    """How often each was read: calls that name it, of the operation by which its type is read."""
    calls: collections.Counter = collections.Counter()
    for request in watch.door.recorded:
        text = urllib.parse.unquote_plus(f"{request['target']} {request.get('body', '')}")
        calls.update((request["operation"], name) for name in set(re.findall(r"[\w-]+", text)))
    return [calls[CHANGES[kind(address)][2], watch.people.scene.attributes[address]["id"].split(":")[0]] for address in addresses]


def kind(address: str) -> str:
    return re.search(r"\.(aws_\w+)\.", address)[1]


def change(address: str) -> Callable[[Scene], None]:
    return lambda scene: CHANGES[kind(address)][0](scene, scene.attributes[address])


def put_back(address: str) -> Callable[[Scene], None]:
    return lambda scene: CHANGES[kind(address)][1](scene, scene.attributes[address])


def block(weaker: bool) -> Callable[[Scene, dict], None]:
    settings = {name: not weaker for name in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")}
    return lambda scene, has: scene.client("s3").put_public_access_block(Bucket=has["bucket"], PublicAccessBlockConfiguration=settings)


def role_policy(text: Callable[[dict], str]) -> Callable[[Scene, dict], None]:
    return lambda scene, has: scene.client("iam").put_role_policy(RoleName=has["role"], PolicyName=has["name"], PolicyDocument=text(has))


def bucket_tags(more: dict[str, str]) -> Callable[[Scene, dict], None]:
    return lambda scene, has: scene.client("s3").put_bucket_tagging(Bucket=has["bucket"], Tagging={
        "TagSet": [{"Key": key, "Value": value} for key, value in (has["tags"] | more).items()]})


def tag(scene: Scene, has: dict) -> None:
    scene.client("ec2").create_tags(Resources=[has["id"]], Tags=[{"Key": "owner", "Value": "nobody"}])


def untag(scene: Scene, has: dict) -> None:
    scene.client("ec2").delete_tags(Resources=[has["id"]], Tags=[{"Key": "owner"}])


# Terraform type -> how somebody changes one, and puts it back, each with one call; the call by which driftd reads one.
CHANGES: dict[str, tuple[Callable[[Scene, dict], None], Callable[[Scene, dict], None], str]] = {
    "aws_ebs_volume": (tag, untag, "ec2:DescribeVolumes"),
    "aws_instance": (tag, untag, "ec2:DescribeInstances"),
    "aws_subnet": (tag, untag, "ec2:DescribeSubnets"),
    "aws_vpc": (tag, untag, "ec2:DescribeVpcs"),
    "aws_security_group": (lambda scene, has: scene.client("ec2").authorize_security_group_ingress(GroupId=has["id"], IpPermissions=port(22)),
                           lambda scene, has: scene.client("ec2").revoke_security_group_ingress(GroupId=has["id"], IpPermissions=port(22)),
                           "ec2:DescribeSecurityGroups"),
    "aws_iam_role": (lambda scene, has: scene.client("iam").tag_role(RoleName=has["name"], Tags=[{"Key": "owner", "Value": "nobody"}]),
                     lambda scene, has: scene.client("iam").untag_role(RoleName=has["name"], TagKeys=["owner"]), "iam:GetRole"),
    "aws_iam_role_policy": (role_policy(lambda has: document({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})),
                            role_policy(lambda has: has["policy"]), "iam:GetRolePolicy"),
    "aws_s3_bucket": (bucket_tags({"owner": "nobody"}), bucket_tags({}), "s3:GET /{bucket}?tagging"),
    "aws_s3_bucket_public_access_block": (block(True), block(False), "s3:GET /{bucket}?publicAccessBlock"),
}


if __name__ == "__main__":
    sys.exit(main())

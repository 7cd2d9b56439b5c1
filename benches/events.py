"""`make bench-events`: how many CloudTrail records a second driftd reads from a folder of log files, and in how much memory. The
records are as in a busy account: mostly reads, most writes about something else, a few about what is drifted, the same few dozen
people, roles and services. Prints a table for docs/benchmarks.md.
"""
import argparse
import datetime
import gzip
import itertools
import json
import pathlib
import random
import sys
import tempfile
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from benches import bench                           # noqa: E402
from tests.world import replay, story               # noqa: E402
from tests.world.actors import ACCOUNT, ACTORS, TERRAFORM, role_session  # noqa: E402
from tests.world.cloudtrail import SHAPE, Trail     # noqa: E402
from tests.world.moto import Moto                   # noqa: E402
from tests.world.proxy import Proxy                 # noqa: E402
from tests.world.scenarios import instances         # noqa: E402

RUNS = 3
# A file of a busy account has some hundred records.
IN_A_FILE = 400
READS = [("ec2", "DescribeInstances"), ("ec2", "DescribeSecurityGroups"), ("iam", "GetRole"), ("kms", "Decrypt"), ("s3", "GetBucketAcl"),
         ("lambda", "GetFunction20150331v2"), ("logs", "DescribeLogStreams"), ("sts", "AssumeRole")]
WRITES = [("ec2", "RunInstances"), ("ec2", "CreateTags"), ("ec2", "AuthorizeSecurityGroupIngress"), ("iam", "PutRolePolicy"), ("logs", "CreateLogStream"),
          ("ecs", "UpdateService"), ("lambda", "UpdateFunctionConfiguration20150331v2"), ("s3", "PutBucketTagging"), ("autoscaling", "SetDesiredCapacity")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--driftd", type=pathlib.Path, required=True)
    parser.add_argument("--records", type=int, default=100_000)
    options = parser.parse_args()
    with Moto() as moto, Proxy(moto.endpoint, memory=True) as proxy, tempfile.TemporaryDirectory() as made:
        folder = pathlib.Path(made)
        replay.replay("shop", moto)
        state = replay.state("shop")
        trail = Trail(moto.endpoint, story.beginning(story.TESTS))
        truth = story.tell(trail, instances(state), story.TESTS)
        files, size = write(folder / "logs", options.records - len(trail.records), trail)
        report = folder / "report.json"
        command = [str(options.driftd.resolve()), "scan", "--state", str(state), "--format", "json", "--output", str(report)]
        # moto's answers are remembered, so that the rest of a scan, measured first, is small and the same in all runs.
        bench.measured(command, proxy, (2,), folder)
        bare = min(bench.measured(command, proxy, (2,), folder) for _ in range(RUNS))
        best = min(bench.measured([*command, "--cloudtrail", str(folder / "logs")], proxy, (2,), folder) for _ in range(RUNS))
        named = sum(finding["attribution"]["confidence"] != "unknown" for finding in json.loads(report.read_text())["findings"])
    print(f"{options.records:,} records, {files:,} files, {size / 1e6:.1f} MB compressed; {named} of {len(truth)} findings named\n")
    print("| scan | wall time | CPU time | peak memory |\n|---|---|---|---|")
    for name, (wall, cpu, peak) in (("without events", bare), ("with events", best)):
        print(f"| {name} | {wall:.2f} s | {cpu:.2f} s | {peak / 1024:.0f} MB |")
    wall, cpu = best[0] - bare[0], best[1] - bare[1]
    print(f"\n{options.records / max(wall, 1e-3):,.0f} events a second, {options.records / max(cpu, 1e-3):,.0f} for each second of CPU time")
    return 0 if named == len(truth) else 1


def write(folder: pathlib.Path, number: int, trail: Trail) -> tuple[int, int]:
    """The trail's records, in a day of others; -> how many files, how many bytes."""
    trail.write(folder)
    began = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    records = (noise(number_, began + datetime.timedelta(seconds=number_ * 86_000 / number)) for number_ in range(number))
    for batch_number, batch in enumerate(iter(lambda: list(itertools.islice(records, IN_A_FILE)), [])):
        at = datetime.datetime.strptime(batch[-1]["eventTime"], SHAPE) + datetime.timedelta(minutes=5)
        path = folder / f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/{at:%Y/%m/%d}/{ACCOUNT}_CloudTrail_us-east-1_{at:%Y%m%dT%H%MZ}_{batch_number:016x}.json.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(json.dumps({"Records": batch}).encode(), 6, mtime=0))
    sizes = [path.stat().st_size for path in folder.rglob("*.gz")]
    return len(sizes), sum(sizes)


def noise(number: int, time: datetime.datetime) -> dict:
    """One record of somebody else's work; the same for the same number."""
    dice = random.Random(number)
    reads = dice.random() < 0.85
    service, name = dice.choice(READS if reads else WRITES)
    # Programs, mostly, each with a session of its own; now and then a human being.
    if dice.random() < 0.9:
        role = f"service-{dice.randrange(60)}"
        key = f"ASIA{dice.randrange(1 << 60):016X}"
        identity = role_session(role, f"i-{dice.randrange(1 << 60):017x}", key, time.strftime(SHAPE))
        agent, address = "aws-sdk-go-v2/1.36.3 ua/2.1 os/linux lang/go#1.23.8", f"10.20.{dice.randrange(255)}.{dice.randrange(255)}"
    else:
        actor = ACTORS[dice.choice(sorted(ACTORS))][0](lambda seconds: (time + datetime.timedelta(seconds=seconds)).strftime(SHAPE))
        identity, agent, address = actor.identity, TERRAFORM.format(service=service), actor.address
    ids = [f"{prefix}-{dice.randrange(1 << 68):017x}" for prefix in ("i", "sg", "vol")]
    request = {"instanceId": ids[0], "groupId": ids[1], "resourcesSet": {"items": [{"resourceId": one} for one in ids]},
               "tagSet": {"items": [{"key": f"key-{k}", "value": f"value {dice.randrange(1000)}"} for k in range(4)]}, "roleName": f"role-{dice.randrange(500)}"}
    if name == "AssumeRole":
        request = {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/service-{dice.randrange(60)}", "roleSessionName": ids[0]}
    answer = None if reads and name != "AssumeRole" else {"requestId": str(uuid.UUID(int=dice.getrandbits(128))), "_return": True}
    if name == "AssumeRole":
        answer = {"credentials": {"accessKeyId": f"ASIA{dice.randrange(1 << 60):016X}", "sessionToken": "x" * 300},
                  "assumedRoleUser": {"assumedRoleId": f"AROA{dice.randrange(60):017d}:{ids[0]}", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/service/{ids[0]}"}}
    return {"eventVersion": "1.11", "userIdentity": identity, "eventTime": time.strftime(SHAPE), "eventSource": f"{service}.amazonaws.com",
            "eventName": name, "awsRegion": "us-east-1", "sourceIPAddress": address, "userAgent": agent, "requestParameters": request,
            "responseElements": answer, "requestID": str(uuid.UUID(int=dice.getrandbits(128))), "eventID": str(uuid.UUID(int=dice.getrandbits(128))),
            "readOnly": reads, "eventType": "AwsApiCall", "managementEvent": True, "recipientAccountId": ACCOUNT, "eventCategory": "Management",
            "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": f"{service}.us-east-1.amazonaws.com"}}


if __name__ == "__main__":
    sys.exit(main())

"""`make bench-latency`: driftd's own share of the time from an event to its finding. In the recorded shop a hundred things are changed by
hand and put back, one after the other; measured is the time from just before the event's message is sent to the queue until the
store has the finding with the name of who did it and this very event as the proof, or has it resolved. `daemon.settle` is 0s, so
that no wait is measured that is for AWS's sake; everything else is as it comes, at ten requests a second and with the second look of
three seconds at what differs. Prints a table for docs/benchmarks.md; ends with 1 if a change was not seen or anything failed.
"""
import argparse
import collections
import contextlib
import json
import math
import pathlib
import signal
import sqlite3
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from benches.daemon import Watch, watching           # noqa: E402
from tests.world.actors import ACTORS                # noqa: E402
from tests.world.chaos_changes import NAMED, tags    # noqa: E402
from tests.world.chaos_daemon import until           # noqa: E402
from tests.world.chaos_store import count            # noqa: E402

CAST = ("alice", "bob", "carol", "dave", "root", "breakglass", "erin", "robot", "faker")
NETWORK = [tags(f"module.network.{name}", "owner", "nobody") for name in
           ("aws_vpc.this", 'aws_subnet.public["a"]', 'aws_subnet.public["b"]', "aws_internet_gateway.this", "aws_route_table.public")]
# What one event makes driftd read stands far apart here, as it reads nothing twice within 30 s because of events.
ORDER = [*(NAMED[name] for name in (
    "aws_s3_bucket_public_access_block.uploads", "aws_security_group.web", "aws_iam_user contractor", "aws_iam_role.web")), NETWORK[0],
    *(NAMED[name] for name in ("aws_ebs_volume.orders", "aws_s3_bucket shop-exports-4711", "aws_instance.web[0]")), NETWORK[1],
    NAMED["aws_s3_bucket_policy.uploads"], NAMED["aws_iam_user.deploy"], NAMED["module.network.aws_route.internet"], NAMED["aws_iam_user intern"],
    NETWORK[2], NAMED["aws_iam_role_policy.web"], NAMED["aws_s3_bucket shop-tmp-4711"], NAMED["aws_instance.web[1]"], NETWORK[3],
    NAMED["aws_s3_bucket_versioning.uploads"], NAMED["aws_security_group.database"], NETWORK[4], NAMED["aws_iam_role debug"]]
PACE = 4.5        # seconds from one change to the next, at least
POLL = 0.004
PATIENCE = 120
FINDINGS = "SELECT state, finding FROM findings WHERE kind = ?"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--driftd", type=pathlib.Path, required=True)
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--config", default="daemon: {settle: 0s}", metavar="YAML", help="what is configured, to see what something costs")
    options = parser.parse_args()
    # So that a kill unwinds, too, and takes the others with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    took: dict[str, list[float]] = collections.defaultdict(list)
    with watching(options.driftd, "shop", f"{options.config}\n") as watch:
        for who in CAST:   # sessions begin before they are used
            watch.people.send(watch.people.act(who))
        until(PATIENCE, lambda: not watch.people.waiting())
        calls, cpu, began = watch.calls(), watch.cpu(), time.monotonic()
        unseen = measure(watch, options.changes, took)
        # What was read because of an event is read once more, a minute after it.
        until(PATIENCE, lambda: not count(watch.store, "marks"), pause=1)
        calls, cpu, lasted = watch.calls() - calls, watch.cpu() - cpu, time.monotonic() - began
        memory, failures = (watch.status("VmRSS"), watch.status("VmHWM")), watch.failures()
    print("| | changes | median | 90th percentile | 99th percentile | longest |\n|---|---|---|---|---|---|")
    for name, times in took.items():
        print(f"| {name} | {len(times)} | " + " | ".join(f"{nearest(times, part):.2f} s" for part in (0.5, 0.9, 0.99, 1)) + " |")
    queue = sum(number for name, number in calls.items() if name.startswith("sqs:"))
    print(f"\n{(sum(calls.values()) - queue) / options.changes:.1f} AWS calls per change and {queue / options.changes:.1f} to the queue, "
          f"{cpu / options.changes * 1000:.0f} ms of CPU time; {lasted:.0f} s in all; memory {memory[0]:.0f} MB, {memory[1]:.0f} MB at most")
    for problem in (*unseen, *failures):
        print(f"WRONG: {problem}", file=sys.stderr)
    return 1 if unseen or failures else 0


def measure(watch: Watch, changes: int, took: dict[str, list[float]]) -> list[str]:
    """Fills `took`; -> what was not seen."""
    unseen = []
    took["all"], took["opened"], took["resolved"] = [], [], []
    with contextlib.closing(sqlite3.connect(f"file:{watch.store.path}?mode=ro", uri=True, timeout=10, isolation_level=None)) as store:
        for number in range(changes):
            slot = time.monotonic() + PACE
            one, back, who = ORDER[number % len(ORDER)], number // len(ORDER) % 2 == 1, CAST[number % len(CAST)]
            records = watch.people.act(who, one.put_back if back else one.change)
            event, began = records[-1]["eventID"], time.monotonic()
            watch.people.send(records)
            seconds = wait(store, one.name, None if back else (ACTORS[who][1], event), began)
            if seconds is None:
                unseen.append(f"{one.name} by {who}: not {'resolved' if back else 'found and named'} within {PATIENCE} s")
                continue
            service = records[-1]["eventSource"].split(".")[0]
            for name in ("all", "resolved" if back else "opened", f"{'resolved' if back else 'opened'}, {service}"):
                took[name].append(seconds)
            if (number + 1) % 10 == 0:
                print(f"{number + 1} of {changes}", file=sys.stderr, flush=True)
            time.sleep(max(0.0, slot - time.monotonic()))
    return unseen


def wait(store: sqlite3.Connection, name: str, proof: tuple[str, str] | None, began: float) -> float | None:
    """Until the finding is there with this name and event, or (without) until it is resolved; -> the seconds that it took."""
    kind = name.split(" ")[0] if " " in name else name.split("[")[0].split(".")[-2]
    while (seconds := time.monotonic() - began) < PATIENCE:
        for state, text in store.execute(FINDINGS, (kind,)):
            finding = json.loads(text)
            if name != (finding.get("address") or f"{finding['kind']} {finding['id']}"):
                continue
            if state == "resolved" if proof is None else state == "open" and is_by(finding, *proof):
                return seconds
        time.sleep(POLL)
    return None


def is_by(finding: dict, name: str, event: str) -> bool:
    who = finding.get("attribution") or {}
    return (who.get("actor") or {}).get("name") == name and event in [one["event_id"] for one in who["events"]]


def nearest(times: list[float], part: float) -> float:
    """The percentile by nearest rank."""
    return sorted(times)[math.ceil(part * len(times)) - 1]


if __name__ == "__main__":
    sys.exit(main())

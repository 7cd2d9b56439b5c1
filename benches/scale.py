"""`make bench-scale`: the daemon before 1,000 accounts of 17 regions, on SQLite and, shared by several, on PostgreSQL: memory, calls, the time
until everything was swept, what a hanging and a throttled account cost the others, how large the store is; its memory at rest at 1,000 and
100,000 resources; the calls of a first sweep and of quiet ones. The false AWS is fleet_aws.py; schedules, queue, leases, roles, cycles and
store are driftd's own. Prints tables for docs/scale.md.
"""
import argparse
import collections
import contextlib
import dataclasses
import json
import os
import pathlib
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Iterator

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from benches import estate                                       # noqa: E402
from benches.fleet import REGIONS, Fleet                         # noqa: E402
from tests.world import chaos_postgres, chaos_store, paging      # noqa: E402
from tests.world.chaos_daemon import Daemon, until               # noqa: E402
from tests.world.chaos_people import People                      # noqa: E402
from tests.world.chaos_story import unknown_resource             # noqa: E402
from tests.world.moto import DIRECT, Moto                        # noqa: E402
from tests.world.proxy import Proxy                              # noqa: E402

FEW = ["aws_vpc", "aws_security_group", "aws_iam_role"]   # the kinds that the states declare
ONCE = 'schedule: "0 0 1 1 *"\n'                          # at the start, and when the bench says so
REST = 20                                                 # seconds after a sweep, before what is left in memory is read
HOUR = 3600
FULL_READS = ("0s", "6h")                                # daemon.full_read_every


class Aws:
    """fleet_aws.py, a process of its own."""

    def __init__(self, fleet: Fleet, trouble: dict):
        command = [sys.executable, "-m", "benches.fleet_aws", json.dumps(dataclasses.asdict(fleet)), json.dumps(trouble)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        self.endpoint = json.loads(self.process.stdout.readline())["endpoint"]

    def __enter__(self) -> "Aws":
        return self

    def __exit__(self, *_) -> None:
        self.process.stdin.close()
        self.process.wait(10)

    def seen(self) -> dict:
        with DIRECT.open(f"{self.endpoint}/_seen", timeout=30) as answer:
            return json.load(answer)


@dataclasses.dataclass
class Watch:
    """Daemons at work on one store."""
    aws: Aws | Proxy
    store: chaos_store.Sqlite | chaos_store.Postgres
    daemons: list[Daemon]

    def status(self, name: str) -> list[int]:
        """A size of /proc/PID/status of each, in MB: VmRSS, or VmHWM, the highest so far."""
        told = (pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text() for daemon in self.daemons)
        return [int(re.search(rf"{name}:\s+(\d+)", one)[1]) // 1024 for one in told]

    def cpu(self) -> float:
        """Seconds of all of them since their start."""
        told = (pathlib.Path(f"/proc/{daemon.process.pid}/stat").read_text().rpartition(")")[2].split() for daemon in self.daemons)
        return sum(int(one[11]) + int(one[12]) for one in told) / os.sysconf("SC_CLK_TCK")

    def scans(self) -> list[tuple]:
        """(began, ended, seen completely) of every cycle that was kept, in seconds."""
        rows = self.store.rows("SELECT started_at AS a, finished_at AS b, complete AS c FROM scans")
        return [(began / 1e6, ended / 1e6, complete) for began, ended, complete in rows]

    def drain(self, patience: float, before: int = 0) -> float:
        """Waits until no sweep waits or is at work; -> seconds. `before`: scans that are not of it."""
        began, told = time.monotonic(), 0.0
        while True:
            if len(self.scans()) > before and not chaos_store.count(self.store, "jobs"):
                return time.monotonic() - began
            took = time.monotonic() - began
            dead = [daemon for daemon in self.daemons if not daemon.runs()]
            if dead or took > patience:
                raise SystemExit(f"{'a daemon died' if dead else f'not done after {took:.0f} s'}:\n{(dead or self.daemons)[0].log.read_text()[-3000:]}")
            if took - told > 60:
                told = took
                print(f"  {took:.0f} s: {len(self.scans())} scans, {chaos_store.count(self.store, 'jobs')} jobs, {self.status('VmRSS')} MB", file=sys.stderr, flush=True)
            time.sleep(0.5)

    def again(self) -> None:
        """Sweeps are due once more, as if nobody had ever asked; within 20 s the daemons see it."""
        sql = "DELETE FROM cursors WHERE name LIKE 'sweep.asked%'"
        if isinstance(self.store, chaos_store.Postgres):
            self.store.server.sql(self.store.url, sql)
            return
        with contextlib.closing(sqlite3.connect(self.store.path, timeout=60)) as connection, connection:
            connection.execute(sql)

    def log_lines(self) -> int:
        return sum(daemon.log.read_text().count("\n") for daemon in self.daemons)

    def bad(self) -> list[str]:
        """What the log says that nobody should have to read, each sort once."""
        lines = [line for daemon in self.daemons for line in daemon.log.read_text().splitlines() if re.search(r"\bWARN\b|\bERROR\b|panicked", line)]
        return sorted({re.sub(r"\x1b\[[0-9;]*m|^\S+\s+|\d+", "", line)[:200] for line in lines})


@contextlib.contextmanager
def watching(driftd: pathlib.Path, fleet: Fleet, trouble: dict, *, postgres: int, config: str) -> Iterator[Watch]:
    """`postgres`: so many daemons that share one; 0: one daemon with SQLite."""
    with contextlib.ExitStack() as stack:
        aws = stack.enter_context(Aws(fleet, trouble))
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="driftd-bench-")))
        fleet_config = fleet.write(folder)
        server = stack.enter_context(chaos_postgres.Server(chaos_postgres.programs())) if postgres else None
        database = None
        daemons = []
        for number in range(postgres or 1):
            place = folder / f"daemon{number}"
            place.mkdir()
            if server:
                database = database or chaos_store.Postgres(folder, server)
                (place / "database-url").write_text(database.url)
            store = database or chaos_store.Sqlite(place)
            daemon = stack.enter_context(Daemon(driftd, place, aws.endpoint, store.config + fleet_config + ONCE + config))
            daemons.append(daemon)
        for daemon in daemons:
            daemon.start()
        yield Watch(aws, store, daemons)
        for daemon in daemons:
            if (code := daemon.stop()) != 0:
                raise SystemExit(f"a daemon ended with {code}:\n{daemon.log.read_text()[-3000:]}")


def drain(driftd: pathlib.Path, fleet: Fleet, *, postgres: int, config: str, trouble: dict, sweeps: int = 1) -> list[dict]:
    """What each of so many sweeps took."""
    rows = []
    load = os.getloadavg()[0]
    with watching(driftd, fleet, trouble, postgres=postgres, config=config) as watch:
        calls_before, cpu_before, scans_before = {}, 0.0, 0
        for number in range(sweeps):
            if number:
                watch.again()
                if not until(60, lambda: chaos_store.count(watch.store, "jobs"), 0.1):
                    raise SystemExit("nobody asked for another sweep")
            took = watch.drain(2 * HOUR, scans_before)
            at_end, cpu, seen = watch.status("VmRSS"), watch.cpu(), watch.aws.seen()
            time.sleep(REST)
            scans = watch.scans()[scans_before:]
            calls = {name: count - calls_before.get(name, 0) for name, count in seen["calls"].items()}
            troubled = {*trouble.get("hanging", []), *trouble.get("slow", {}), *trouble.get("denied", [])}
            well = sorted(at for account, at in seen["last"].items() if account not in troubled)
            kept = sorted(ended - min(began for began, *_ in scans) for _, ended, _ in scans)
            rows.append({
                "sweep": number + 1, "store": f"PostgreSQL, {postgres} daemons" if postgres else "SQLite, 1 daemon", "scopes": fleet.scopes, "resources": fleet.resources,
                "seconds": round(took), "cpu": round(cpu - cpu_before), "calls": sum(calls.values()), "assumed": calls.get("sts:AssumeRole", 0), "refused": sum(seen["refused"].values()),
                "peak_mb": watch.status("VmHWM"), "end_mb": at_end, "rest_mb": watch.status("VmRSS"),
                "cycles": len(scans), "with_gaps": sum(not complete for *_, complete in scans), "last_call_of_the_well": [round(at) for at in (well[:1] + well[-1:])],
                "kept_after": [round(at) for at in (kept[:1] + [statistics.median(kept)] + kept[-1:])] if kept else [],
                "findings": chaos_store.count(watch.store, "findings"), "store_mb": watch.store.size() / 2**20,
                "scan_bodies_mb": watch.store.rows("SELECT coalesce(sum(length(body)), 0) AS n FROM scans")[0][0] / 2**20, "coverage": chaos_store.count(watch.store, "coverage"), "log_lines": watch.log_lines(), "bad": watch.bad()[:5],
                "load": [round(load, 1), round(os.getloadavg()[0], 1)]})
            print(json.dumps(rows[-1]), flush=True)
            calls_before, cpu_before, scans_before = seen["calls"], cpu, scans_before + len(scans)
    return rows


def quiet(driftd: pathlib.Path, resources: int) -> list[dict]:
    """The calls of sweeps of the recorded estate, so many times that it has these resources: the first, then some between which nothing
    happened; with and without `daemon.full_read_every`."""
    rows = []
    with Moto() as moto, Proxy(moto.endpoint, pages=paging.Sizes()) as door, tempfile.TemporaryDirectory(prefix="driftd-bench-") as name:
        path = pathlib.Path(name) / "terraform.tfstate"
        path.write_text(json.dumps(estate.build(moto, max(resources // 100, 1))))
        os.utime(path, (0, 0))
        people = People(moto.endpoint, path, 120)
        for number, every in enumerate(FULL_READS):
            folder = pathlib.Path(name) / every
            folder.mkdir()
            store = chaos_store.Sqlite(folder)
            config = f'states: ["{path}"]\n{ONCE}events:\n  - sqs: {{url: "{people.queue}"}}\ndaemon: {{full_read_every: {every}}}\n'
            # So that its account counts as one whose events are heard.
            people.send(people.act("bob", lambda scene: unknown_resource(scene, str(number))))
            before = len(door.first_door.calls)
            with Daemon(driftd, folder, door.endpoint, store.config + config) as daemon:
                daemon.start()
                watch = Watch(door, store, [daemon])
                for sweep in range(3):
                    if sweep:
                        watch.again()
                        until(60, lambda: chaos_store.count(store, "jobs"), 0.1)
                    took = watch.drain(HOUR, sweep)
                    calls = [one for one in door.first_door.calls[before:] if not one.startswith("sqs:")]
                    before = len(door.first_door.calls)
                    until(60, lambda: not people.waiting())
                    scan = store.rows("SELECT body FROM scans ORDER BY finished_at DESC LIMIT 1")
                    rows.append({"what": f"estate, full_read_every {every}", "sweep": sweep + 1, "resources": resources, "calls": len(calls), "of_cycle": json.loads(scan[0][0])["api_calls"],
                                 "seconds": round(took), "rest_mb": watch.status("VmRSS"), "peak_mb": watch.status("VmHWM"), "gaps": len(json.loads(scan[0][0])["gaps"]),
                                 "most": collections.Counter(calls).most_common(5)})
                    print(json.dumps(rows[-1]), flush=True)
                daemon.stop()
            people.send_text("{}")   # the false AWS still answers its last poll
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--driftd", required=True, type=pathlib.Path)
    parser.add_argument("--only", nargs="+", choices=("drain", "memory", "quiet"), default=["drain", "memory", "quiet"])
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--regions", type=int, default=len(REGIONS))
    parser.add_argument("--resources", type=int, nargs="+", default=[1000, 100_000], help="of the measurements of memory")
    parser.add_argument("--estate", type=int, default=1000, help="resources of the measurement of quiet sweeps")
    parser.add_argument("--postgres", type=int, metavar="DAEMONS", help="share a PostgreSQL; 0: one daemon with SQLite; without: first SQLite, then three")
    parser.add_argument("--all-kinds", action="store_true", help="as it is by default; without, those of the states")
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--rate", type=float, default=0.0, help="calls a second that AWS answers to an account, region and service")
    parser.add_argument("--hanging", type=int, default=1, help="accounts in which nothing is ever answered")
    parser.add_argument("--slow", type=int, default=1, help="accounts that answer two calls a second")
    parser.add_argument("--sweeps", type=int, default=1)
    options = parser.parse_args()
    few = f"scan: {{kinds: {json.dumps(FEW)}}}\n"
    if "drain" in options.only:
        fleet = Fleet(options.accounts, options.regions)
        step = max(options.accounts // 10, 1)
        trouble = {"latency": options.latency, "rate": options.rate, "hanging": fleet.names[3::step][:options.hanging],
                   "slow": {name: 2.0 for name in fleet.names[5::step][:options.slow]}}
        stores = [options.postgres] if options.postgres is not None else [0, 3]
        for postgres in stores if chaos_postgres.programs() else [0]:
            drain(options.driftd, fleet, postgres=postgres, config="" if options.all_kinds else few, trouble=trouble, sweeps=options.sweeps)
    if "memory" in options.only:
        for resources in options.resources:
            # Of a hundred, one VPC, 89 groups and ten roles.
            fleet = Fleet(10, 1, groups=resources * 89 // 1000, roles=resources // 100)
            drain(options.driftd, fleet, postgres=0, config="", trouble={"latency": options.latency}, sweeps=3)
    if "quiet" in options.only:
        quiet(options.driftd, options.estate)
    return 0


if __name__ == "__main__":
    sys.exit(main())

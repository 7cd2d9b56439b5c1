"""`make bench`: how many calls, how long, how much memory a scan takes, for accounts of 1,000 and 10,000 resources, next to
`terraform plan -refresh-only` where Terraform is installed. Answers come out of a memory that moto filled in a run that is not
measured, in pages as AWS cuts them, each delayed by 50 ms, as far away as AWS is. Prints a table for docs/benchmarks.md.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from benches import estate                          # noqa: E402
from tests.world import paging, replay, terraform   # noqa: E402
from tests.world.moto import Moto, environment      # noqa: E402
from tests.world.proxy import Proxy                 # noqa: E402

LATENCY = 0.05   # seconds per call
RUNS = 3
FILLS = 5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--driftd", required=True, type=pathlib.Path, nargs="+", help="several are measured one after the other, to compare them")
    parser.add_argument("--resources", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--terraform", type=int, default=1000, metavar="N", help="run Terraform up to so many resources")
    options = parser.parse_args()
    rows = []
    for resources in options.resources:
        with Moto() as moto:
            state = estate.build(moto, resources // 100)
            with Proxy(moto.endpoint, memory=True, pages=paging.Sizes()) as proxy, tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "terraform.tfstate"
                path.write_text(json.dumps(state))
                for program in options.driftd:
                    proxy.latency = 0.0
                    named = "driftd scan" if len(options.driftd) == 1 else f"{program} scan"
                    rows.append(driftd(str(program.resolve()), named, resources, proxy, path))
                    print(rows[-1], flush=True)
                if terraform.installed() and resources <= options.terraform:
                    proxy.latency = 0.0
                    rows.append(plan(resources, proxy, path, pathlib.Path(folder)))
    print("\n| resources | program | AWS calls | calls per resource | wall time | CPU time | peak memory |\n|---|---|---|---|---|---|---|")
    print("\n".join(rows))
    return 0


def driftd(program: str, named: str, resources: int, proxy: Proxy, state: pathlib.Path) -> str:
    report = state.with_name("report.json")
    command = [program, "scan", "--state", str(state), "--format", "json", "--output", str(report)]
    for _ in range(FILLS):   # the memory; a call that moto answers late is a gap
        measured(command, proxy, (0, 2, 3), state.parent)
        if not json.loads(report.read_text())["gaps"]:
            break
    proxy.latency = LATENCY
    runs = [measured(command, proxy, (0, 2, 3), state.parent) for _ in range(RUNS)]
    said = json.loads(report.read_text())
    if said["findings"] or said["gaps"]:
        print(f"NOT IN SYNC: {said['summary']}, {len(said['gaps'])} gaps: {[(f['address'] or f['id'], f['drift']) for f in said['findings'][:5]]} {said['gaps'][:3]}")
    return row(resources, named, said["scan"]["api_calls"], min(runs))


def plan(resources: int, proxy: Proxy, state: pathlib.Path, folder: pathlib.Path) -> str:
    root = terraform.prepare(replay.RECORDED / "estate", folder / "root")
    (root / "terraform.tfstate").write_text(state.read_text())
    (root / "terraform.tfvars.json").write_text(json.dumps({"blocks": resources // 100}))
    tf = terraform.Terraform(root, proxy.endpoint)
    tf.init()
    command = ["terraform", "plan", "-refresh-only", "-no-color", "-lock=false"]
    measured(command, proxy, (0,), root, tf.env)
    proxy.latency, before = LATENCY, len(proxy.first_door.calls)
    run = measured(command, proxy, (0,), root, tf.env)
    return row(resources, "terraform plan -refresh-only", len(proxy.first_door.calls) - before, run)


def measured(command: list[str], proxy: Proxy, fine: tuple[int, ...], folder: pathlib.Path, env: dict | None = None) -> tuple[float, float, int]:
    """-> wall seconds, CPU seconds, peak resident KiB"""
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, env=env or environment(proxy.endpoint), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    # Not `ru_maxrss`: that begins with what this very program has when it starts another.
    peaks = [0]
    watch = threading.Thread(target=lambda: peaks.extend(resident(process.pid)), daemon=True)
    watch.start()
    said = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    watch.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in fine:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {said[-2000:]}")
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime, max(peaks)


def resident(pid: int):
    """The highest resident KiB so far of a process or of the largest of its children (Terraform's providers), as long as it lives."""
    while told := [kib for one in [pid, *children(pid)] if (kib := highest(one))]:
        yield max(told)
        time.sleep(0.01)


def highest(pid: int) -> int | None:
    with contextlib.suppress(OSError):
        told = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())
        return int(told[1]) if told else None


def children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(one) for task in pathlib.Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()]
    return []


def row(resources: int, program: str, calls: int, run: tuple[float, float, int]) -> str:
    wall, cpu, peak = run
    return f"| {resources:,} | `{program}` | {calls:,} | {calls / resources:.2f} | {wall:.1f} s | {cpu:.1f} s | {peak / 1024:.0f} MB |"


if __name__ == "__main__":
    sys.exit(main())

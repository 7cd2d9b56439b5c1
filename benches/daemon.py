"""The daemon that latency.py and storm.py measure: before a recorded account, with a queue, at work after its first sweep. What it takes
is read from /proc and counted at the door to AWS; its store is read past it, while it writes.
"""
import collections
import contextlib
import dataclasses
import os
import pathlib
import re
import tempfile
import time
from typing import Iterator

from tests.world import replay
from tests.world.chaos_daemon import Daemon, until
from tests.world.chaos_people import People
from tests.world.chaos_store import Sqlite
from tests.world.moto import Moto
from tests.world.proxy import Proxy

PATIENCE = 120     # seconds that the first sweep may take
VISIBILITY = 120   # as docs/terraform/events has it
# Once at the start; none comes between the changes that are measured.
CONFIG = 'states: ["{state}"]\nschedule: "0 0 1 1 *"\nevents:\n  - sqs: {{url: "{queue}"}}\n'


@dataclasses.dataclass(frozen=True)
class Watch:
    daemon: Daemon
    people: People
    store: Sqlite
    door: Proxy
    state: pathlib.Path

    def status(self, name: str) -> float:
        """A size of /proc/PID/status, in MB: VmRSS, or VmHWM, the highest so far."""
        told = pathlib.Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+)", told)[1]) / 1024

    def cpu(self) -> float:
        """Seconds of CPU time since its start."""
        after_name = pathlib.Path(f"/proc/{self.daemon.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")

    def calls(self) -> collections.Counter:
        """Calls to AWS since its start, by operation."""
        return collections.Counter(self.door.first_door.calls)

    def failures(self) -> list[str]:
        """What the metrics and the log say of cycles that saw not everything, and of what failed. Nothing may."""
        metrics = self.daemon.get("/metrics") or "no metrics: the daemon does not answer"
        bad = re.findall(r"(?m)^(?:driftd_scans_total\{[^}]*gaps[^}]*\}|driftd_(?:store|queue)_errors_total) [1-9].*|^no metrics.*", metrics)
        bad += re.findall(r'(?m)^driftd_queue_messages_total\{outcome="(?:poison|failed|malformed)"\} [1-9].*', metrics)
        log = self.daemon.log.read_text().splitlines()
        return bad + [line for line in log if re.search(r"\bWARN\b|\bERROR\b|panicked", line)]


@contextlib.contextmanager
def watching(driftd: pathlib.Path, world: str, config: str) -> Iterator[Watch]:
    """`config`: what is configured besides states, schedule and queue."""
    with Moto() as moto, Proxy(moto.endpoint) as door, tempfile.TemporaryDirectory(prefix="driftd-bench-") as name:
        folder, state = pathlib.Path(name), replay.state(world)
        replay.replay(world, moto)
        # The last apply was long ago, as it mostly was.
        os.utime(state, (time.time() - 3600, time.time() - 3600))
        people, store = People(moto.endpoint, state, VISIBILITY), Sqlite(folder)
        config = store.config + CONFIG.format(state=state, queue=people.queue) + config
        with Daemon(driftd, folder, door.endpoint, config) as daemon:
            daemon.start()
            if not until(PATIENCE, lambda: daemon.metric("driftd_last_scan_timestamp_seconds")):
                raise SystemExit(f"no sweep within {PATIENCE} s:\n{daemon.log.read_text()[-3000:]}")
            yield Watch(daemon, people, store, door, state)
            if (code := daemon.stop()) != 0:
                raise SystemExit(f"the daemon ended with {code}:\n{daemon.log.read_text()[-3000:]}")
            people.send_text("{}")   # the false AWS still answers its last poll
            until(5, lambda: not door.first_door._serving)

"""One play of the story: a fresh false AWS, a daemon before it, people, and, if that is wanted, SIGKILL at random moments. What came
of it is what the store has when nothing is left to do.
"""
import collections
import contextlib
import dataclasses
import pathlib
import random
import re
import tempfile
import time
from typing import Callable

from . import chaos_told, replay
from .chaos_daemon import Daemon, until
from .chaos_people import People
from .chaos_store import count, findings
from .chaos_story import Player, Step
from .chaos_told import Told
from .message import Request
from .moto import Moto
from .proxy import Proxy
from .receiving import Receivers

SHORTEST, LONGEST = 0.05, 9.0   # seconds that a daemon lives; a sweep takes some of them
SETTLES = 400                   # seconds that everything may take to be done, leases included that nobody ended
# A sweep every minute, and one that was killed at the next start; a few marks at a time make a sweep, too.
CONFIG = """\
states: [{state}]
schedule: {{cron: "* * * * *", jitter: 0s}}
events:
  - sqs: {{url: "{queue}"}}
daemon: {{settle: 0s, recheck: 2s, state_poll: 1s, storm: 6}}
limits: {{requests_per_second: 1000}}
"""
VISIBILITY = 3


class Polls(Proxy):
    """Answers polls of the queue within a second: that of a daemon that was killed must not take messages for long. `holding`: the
    daemon has messages and has not asked for more."""
    holding = False
    lives = 0

    async def answer(self, request: Request) -> bytes:
        if request.operation != "sqs:ReceiveMessage":
            return await super().answer(request)
        life, self.holding = self.lives, False
        body = re.sub(rb'"WaitTimeSeconds":\s*\d+', b'"WaitTimeSeconds":1', request.body)
        answer = await super().answer(request.with_body(body))
        self.holding = life == self.lives and b'"ReceiptHandle"' in answer
        return answer

    def __exit__(self, *_) -> None:
        until(5, lambda: not self.first_door._serving)   # the last poll ends
        super().__exit__()


@dataclasses.dataclass
class Play:
    """What came of it. `problems`: what is wrong by itself, without a comparison."""
    findings: list[dict] = dataclasses.field(default_factory=list)
    steps: dict[str, list[str]] = dataclasses.field(default_factory=dict)   # finding -> opened, resolved, reopened, ...
    events: set[str] = dataclasses.field(default_factory=set)
    problems: list[str] = dataclasses.field(default_factory=list)
    hits: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    ready: list[float] = dataclasses.field(default_factory=list)
    told: Told = dataclasses.field(default_factory=Told)
    played: int = 0     # steps while daemons were killed
    size: int = 0
    seconds: float = 0


def play(driftd: pathlib.Path, store_of: Callable, steps: list[Step], kills: list[float]) -> Play:
    """`store_of`: folder -> the store; `kills`: how long each daemon lives."""
    began, result = time.monotonic(), Play()
    with Moto() as moto, tempfile.TemporaryDirectory(prefix="driftd-chaos-") as name:
        folder = pathlib.Path(name)
        replay.replay("shop", moto)
        people, store = People(moto.endpoint, replay.state("shop"), VISIBILITY), store_of(folder)
        config = store.config + CONFIG.format(state=replay.state("shop"), queue=people.queue)
        with Receivers(folder) as receivers, Polls(moto.endpoint) as aws, Daemon(driftd, folder, aws.endpoint, config + receivers.config) as daemon:
            killed = 0
            player = Player(people, steps, lambda: findings(store), lambda number: killed * len(steps) >= number * len(kills))
            if not kills:   # nothing to begin with
                daemon.start()
            player.start()
            for life in kills:
                one_life(daemon, aws, store, life, result)
                killed += 1
            result.played = player.played
            if kills:
                daemon.start()
            player.join()
            if player.problem:
                result.problems.append(player.problem)
            result.problems += undone(daemon, store, people)
            result.findings = daemon.findings()
            if (code := daemon.stop()) != 0:
                result.problems.append(f"SIGTERM: the daemon ended with {code}")
            look_into(store, player, result)
            result.told = chaos_told.compare(store, receivers)
            result.problems += result.told.problems
            result.problems += [f"log: {line}" for line in daemon.log.read_text().splitlines() if "panicked" in line or " ERROR " in line]
    result.seconds = time.monotonic() - began
    return result


def one_life(daemon: Daemon, aws: Polls, store, life: float, result: Play) -> None:
    """Starts the daemon, kills it, and notes what it was at."""
    daemon.start()
    began, ready = time.monotonic(), None
    while (left := began + life - time.monotonic()) > 0:
        if ready is None and daemon.ready():
            ready = time.monotonic() - began
        time.sleep(min(left, 0.02))
    if not daemon.runs():
        result.problems.append(f"the daemon ended by itself, with {daemon.process.returncode}")
    was_holding = aws.holding
    daemon.kill()
    aws.lives, aws.holding = aws.lives + 1, False
    if ready is None:
        result.hits["a start"] += 1
    else:
        result.ready.append(ready)
        at = {"a sweep": count(store, "jobs WHERE lease_until > 0"), "an event": was_holding or count(store, "marks WHERE lease_until > 0")}
        result.hits.update([what for what, was in at.items() if was] or ["neither"])
    store.leases_end()


def undone(daemon: Daemon, store, people: People) -> list[str]:
    """Waits until nothing is left to do and one more sweep has seen everything; -> what is left all the same."""
    def left() -> dict[str, int]:
        return {"messages": people.waiting(), "marks": count(store, "marks"), "jobs at work": count(store, "jobs WHERE lease_until > 0"),
                **chaos_told.left(store)}

    def quiet() -> bool:
        return daemon.runs() and not any(left().values())

    def swept_and_quiet() -> bool:
        # As nothing was being swept at `quiet_at`, what ends later began later.
        return daemon.metric("driftd_last_successful_scan_timestamp_seconds") > quiet_at and quiet()
    if not until(SETTLES, quiet, pause=0.5):
        return [f"not done after {SETTLES} s, left are {left()}; the daemon runs: {daemon.runs()}"]
    quiet_at = time.time()
    if not until(SETTLES, swept_and_quiet, pause=0.5):
        return [f"no complete sweep within {SETTLES} s, left are {left()}; /readyz: {daemon.get('/readyz')}"]
    return []


def look_into(store, player: Player, result: Play) -> None:
    """The store, after the daemon's end."""
    names = dict(store.rows("SELECT id, finding_key FROM findings"))
    for finding_id, transition in store.rows("SELECT finding_id, transition FROM history ORDER BY id"):
        if transition in ("opened", "resolved", "reopened"):
            result.steps.setdefault(names.get(finding_id, f"no finding {finding_id}"), []).append(transition)
    result.events = {row[0] for row in store.rows("SELECT id FROM events")}
    aside = [row[0] for row in store.rows("SELECT subject FROM audit WHERE action = 'queue.set_aside'")]
    result.problems += store.faults()
    result.problems += [f"set aside {times} times: {subject}" for subject, times in collections.Counter(aside).items() if times > 1]
    if len(set(aside)) != player.poisons:
        result.problems.append(f"{player.poisons} messages that nobody can read, {len(set(aside))} of them set aside")
    result.size = store.size()


def moments(kills: int, seed: int) -> list[float]:
    rng = random.Random(f"kills {seed}")
    return [rng.uniform(SHORTEST, LONGEST) for _ in range(kills)]

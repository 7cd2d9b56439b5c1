"""The story of the kill test: who changes what, who puts it back, and what becomes of the news of it. All of it follows from one seed;
only the account and CloudTrail's clock make the difference between two plays.

A step that undoes or repeats another one waits until the daemon has the finding as it must be then: otherwise a daemon that was not
there could not have seen it, and two runs might rightly differ.
"""
import dataclasses
import json
import random
import threading
import time
from typing import Callable

from botocore.exceptions import ClientError

from .actors import ACTORS, user
from .chaos_changes import NAMED, THINGS
from .chaos_daemon import actor, thing, until
from .chaos_people import People
from .story import Scene, look_around

CAST = ("alice", "bob", "carol", "dave", "root", "breakglass", "erin", "robot", "faker")
PATIENCE = 240   # seconds that a finding may take while the daemon is killed all the time


@dataclasses.dataclass(frozen=True)
class Step:
    """`kind`: change, back, poison, or the name of one of NOISE. `delays`: of each copy of its news, in seconds; none: it is lost."""
    kind: str
    who: str
    thing: str
    pause: float
    delays: tuple[int, ...]


def write(seed: int, length: int) -> list[Step]:
    rng, steps = random.Random(seed), []
    untouched, changed, restored = [one.name for one in THINGS], [], []
    for number in range(length):
        kind = rng.choice(("change", "change", "change", "back", "back", "again", "poison", "poison", "noise"))
        pause, who = rng.uniform(0, 2), rng.choice(CAST)
        delays = rng.choice(((0,), (0,), (0, 0), (0, 3), (rng.randint(1, 9),), (rng.randint(1, 9), 0), ()))
        if kind == "poison":
            steps.append(Step(kind, who, str(number), pause, (0,)))
            continue
        pool = {"change": untouched, "back": changed, "again": restored}.get(kind)
        if pool == []:
            kind, pool = "change", untouched
        if not pool:
            steps.append(Step(rng.choice(sorted(NOISE)), who, str(number), pause, delays or (0,)))
            continue
        # The oldest comes back first; what changes is drawn.
        name = pool.pop(0 if kind == "back" else rng.randrange(len(pool)))
        steps.append(Step("back" if kind == "back" else "change", who, name, pause, delays))
        # Of what nobody heard nothing more is told: only a sweep finds it, some time.
        if delays and kind == "back":
            restored.append(name)
        elif delays and NAMED[name].put_back:
            changed.append(name)
    return steps


def unknown_resource(scene: Scene, number: str) -> None:
    unheard_of(scene, number, "123456789012")


def unknown_account(scene: Scene, number: str) -> None:
    unheard_of(scene, number, "999988887777")


def unheard_of(scene: Scene, number: str, account: str) -> None:
    rule = {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}
    scene.trail.add({"eventSource": "ec2.amazonaws.com", "eventName": "AuthorizeSecurityGroupIngress", "userIdentity": user("stranger"),
                     "sourceIPAddress": "192.0.2.9", "userAgent": "aws-cli/2.34.30", "recipientAccountId": account,
                     "requestParameters": {"groupId": f"sg-0{int(number):016x}", "ipPermissions": {"items": [rule]}}})


def refused(scene: Scene, number: str) -> None:
    try:
        scene.client("iam").delete_user(UserName=f"nobody-{number}")
    except ClientError:
        return
    raise AssertionError("there is no such user")


NOISE: dict[str, Callable[[Scene, str], None]] = {
    "unknown resource": unknown_resource, "unknown account": unknown_account, "refused": refused,
    "reads": lambda scene, number: look_around(scene)}


def poison(number: int) -> str:
    """What no service sends."""
    return ("no JSON {n}", "[{n}]", '{{"a": {n}}}', '{{"Records": [{{"x": {n}}}]}}', '{{"version": "0", "detail-type": "AWS API C{n}')[number % 5].format(n=number)


class Player(threading.Thread):
    """Plays the steps. `findings`: what the daemon's store has; `may_go`: whether the step of this number may be done yet."""

    def __init__(self, people: People, steps: list[Step], findings: Callable[[], list[dict]], may_go: Callable[[int], bool]):
        super().__init__(daemon=True)
        self.people, self.steps, self.findings, self.may_go = people, steps, findings, may_go
        self.played, self.poisons, self.problem = 0, 0, ""
        self.last: dict[str, Step] = {}

    def run(self) -> None:
        try:
            for who in CAST:   # before anything happens, as sessions begin before they are used
                self.people.send(self.people.act(who))
            for number, step in enumerate(self.steps):
                until(1e9, lambda: self.may_go(number), pause=0.05)
                time.sleep(step.pause)
                self.wait_for_last(step)
                self.play(step)
                self.played += 1
        except Exception as error:   # told by whoever joins
            self.problem = f"the story ended at step {self.played} ({self.steps[self.played]}): {error!r}"

    def play(self, step: Step) -> None:
        if step.kind == "poison":
            self.people.send_text(poison(int(step.thing)))
            self.poisons += 1
            return
        if noise := NOISE.get(step.kind):
            records = self.people.act(step.who, lambda scene: noise(scene, step.thing))
        else:
            one = NAMED[step.thing]
            records = self.people.act(step.who, one.put_back if step.kind == "back" else one.change)
            self.last[step.thing] = step
        for delay in step.delays:
            self.people.send(records, delay)

    def wait_for_last(self, step: Step) -> None:
        """Until the daemon knows what was done to the same thing before, and who did it."""
        last = self.last.get(step.thing)
        if last is None:
            return
        state, name = ("resolved", None) if last.kind == "back" else ("open", ACTORS[last.who][1])

        def known() -> bool:
            return any(one["life"]["state"]["name"] == state and (name is None or actor(one) == name)
                       for one in self.findings() if thing(one) == step.thing)
        if not until(PATIENCE, known):
            seen = [(one["life"]["state"], one["finding"].get("attribution")) for one in self.findings() if thing(one) == step.thing]
            raise RuntimeError(f"{step.thing} was not {state} by {name} after {PATIENCE} s, but {json.dumps(seen)}")

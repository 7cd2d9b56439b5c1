"""`make watch`: the daemon at work. A false AWS account as Terraform left it, `driftd run` beside it, people who change things by hand
and put some of it back; how many seconds later driftd knows it, and whom it names. CloudTrail's records come through a queue, as
EventBridge sends them; what is told about it goes to a false Slack, to a mailbox and to a webhook. No AWS account, no Terraform, nothing but loopback; everything is stopped and gone at the end, also on Ctrl-C.
"""
import argparse
import dataclasses
import pathlib
import signal
import sys
import tempfile
import textwrap
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from tests.world import replay, shown                                     # noqa: E402
from tests.world.actors import ACTORS                                     # noqa: E402
from tests.world.chaos_changes import NAMED                               # noqa: E402
from tests.world.chaos_daemon import Daemon, actor, thing, until          # noqa: E402
from tests.world.chaos_people import People                               # noqa: E402
from tests.world.moto import Moto                                         # noqa: E402
from tests.world.receiving import Receivers                               # noqa: E402
from tests.world.slack_server import Slack, buttons                       # noqa: E402

PATIENCE = 60   # seconds for anything
WIDTH = 100
CONFIG = """\
states: [{state}]
events:
  - sqs: {{url: "{queue}"}}
daemon: {{settle: 1s, recheck: 3s, state_poll: 2s}}
store: {{path: driftd.db}}
limits: {{requests_per_second: 1000}}
{receivers}"""


@dataclasses.dataclass(frozen=True)
class Act:
    who: str
    text: str
    thing: str
    back: bool = False


CHANGES = [
    Act("alice", "alice (Identity Center, console) opens SSH to the world", "aws_security_group.web"),
    Act("dave", "dave (two roles away) lets another account assume the web servers' role", "aws_iam_role.web"),
    Act("bob", "bob (IAM user, console, MFA) deletes the support group", "aws_iam_group.support"),
    Act("erin", "erin's CloudFormation stack makes a user that no code knows", "aws_iam_user contractor"),
]
BACK = [
    Act("erin", "erin's stack is rolled back, and the user goes", "aws_iam_user contractor", back=True),
    Act("carol", "carol (AWS CLI) closes SSH again", "aws_security_group.web", back=True),
    Act("dave", "dave takes the other account out of the role", "aws_iam_role.web", back=True),
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--driftd", required=True, type=pathlib.Path)
    driftd = parser.parse_args().driftd
    # So that a kill unwinds, too, and takes the others with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    heading("A false AWS account (moto): the web shop of tests/world/recorded/shop, as Terraform made it")
    with Moto() as moto, tempfile.TemporaryDirectory(prefix="driftd-watch-") as folder:
        replay.replay("shop", moto)
        people = People(moto.endpoint, replay.state("shop"))
        with Receivers(pathlib.Path(folder)) as receivers:
            config = CONFIG.format(state=replay.state("shop"), queue=people.queue, receivers=receivers.config)
            with Daemon(driftd, pathlib.Path(folder), moto.endpoint, config) as daemon:
                try:
                    return watch(daemon, people, receivers)
                except Late as late:
                    print(f"\n{late}: not within {PATIENCE} s. What driftd logged:\n{daemon.log.read_text()}", file=sys.stderr)
                    return 1


class Late(Exception):
    """Something did not happen in time."""


def watch(daemon: Daemon, people: People, receivers: Receivers) -> int:
    heading("driftd run, with this configuration")
    show(daemon.config.read_text().replace(f"{ROOT}/", ""))
    daemon.start()
    wait(daemon, "ready", daemon.ready)
    wait(daemon, "the first sweep", lambda: daemon.metric("driftd_last_scan_timestamp_seconds"))
    say(f"It has compared the account once: {len(daemon.findings())} findings, as nobody touched it yet.")
    heading("People change things by hand")
    for act in CHANGES:
        known, took = after(daemon, people, act, "open")
        finding, who = known["finding"], known["finding"]["attribution"]
        say(f"driftd, {took:.1f} s later: {finding['severity'].upper()}, {finding['drift']} {thing(known)}")
        say(f"who: {actor(known)} ({who['confidence']}), {who['channel']}, from {who['source_ip']}")
    press(daemon, receivers.slack)
    heading("They put things back (driftd reads one and the same resource every 30 s at most)")
    for act in BACK:
        known, took = after(daemon, people, act, "resolved")
        say(f"driftd, {took:.1f} s later: resolved, {known['life']['state']['how'].replace('_', ' ')}: {thing(known)}")
    heading("driftd findings list --status open --status resolved")
    show(daemon.says("findings", "list", "--status", "open", "--status", "resolved"))
    first = next(known for known in daemon.findings() if thing(known) == CHANGES[0].thing)
    heading(f"driftd explain {first['id'][:6]}")
    show(daemon.says("explain", first["id"][:6]))
    told(daemon, receivers)
    code = daemon.stop()
    heading(f"SIGTERM: driftd ended with {code}")
    return code


def after(daemon: Daemon, people: People, act: Act, state: str) -> tuple[dict, float]:
    """Somebody does it; -> the finding in that state, with the right name, and the seconds until driftd had it."""
    print(f"\n   {act.text}", flush=True)
    one = NAMED[act.thing]
    people.send(people.act(act.who, one.put_back if act.back else one.change))
    began, name = time.monotonic(), ACTORS[act.who][1]

    def is_so() -> dict | None:
        return next((known for known in daemon.findings() if thing(known) == act.thing and known["life"]["state"]["name"] == state
                     and (act.back or actor(known) == name)), None)
    return wait(daemon, f"{act.thing} is {state}", is_so), time.monotonic() - began


def press(daemon: Daemon, slack: Slack) -> None:
    """Somebody of the team sees the message about the group that is gone, and says that they care for it."""
    heading("In Slack, ops@example.com presses Acknowledge below what bob did")

    def message() -> dict | None:
        return next((one for one in slack.living() if "bob" in str(one) and buttons(one)), None)
    found = wait(daemon, "the message about bob", message)
    slack.press(f"http://{daemon.address}", found, "driftd_acknowledge")
    wait(daemon, "the answer to who pressed", lambda: slack.told)
    say(f"driftd, to them alone: {slack.told[0]['text']}")
    wait(daemon, "the reply in the thread", lambda: any("acknowledged" in str(one) for one in slack.replies(found)))


def told(daemon: Daemon, receivers: Receivers) -> None:
    """What came to Slack, to the mailbox and to the webhook."""
    slack, hook, mail = receivers.slack, receivers.hook, receivers.mail

    def is_told() -> bool:
        # What is over, or acknowledged, has no buttons any more.
        ended = sum(one["data"]["status"] == "resolved" for one in hook.events.values())
        return ended == len(BACK) and len(mail.mails) == sum(not one["data"]["quiet"] for one in hook.events.values()) \
            and not any(buttons(one) for one in slack.living())
    wait(daemon, "every message", is_told)
    heading("What Slack shows: a message for what one person did, as it stands now, with its thread")
    for one in slack.living():
        show("\n".join(["", *shown.slack(slack, one)]))
    heading("What came to the mailbox: the last mail as a whole, and the subjects of all")
    for one in mail.mails:
        show(dict(one["headers"])["Subject"])
    show("\n".join(["", *shown.mail(mail.mails[-1])]))
    heading("What came to the webhook, signed")
    for one in hook.events.values():
        show("\n".join(["", *shown.hook(one)]))
    for problem in slack.problems + hook.problems:
        say(f"refused: {problem}")


def wait(daemon: Daemon, what: str, is_so):
    if found := until(PATIENCE, lambda: not daemon.runs() or is_so()):
        if daemon.runs():
            return found
        raise Late(f"{what}: driftd ended by itself")
    raise Late(what)


def heading(text: str) -> None:
    print(f"\n== {text}", flush=True)


def say(text: str) -> None:
    print(textwrap.fill(text, WIDTH, initial_indent="   -> ", subsequent_indent="      "), flush=True)


def show(text: str) -> None:
    """Indented; what is longer than a line goes on further to the right."""
    for line in text.rstrip().splitlines():
        before = " " * (len(line) - len(line.lstrip()) + 3)
        print(textwrap.fill(line.strip(), WIDTH, initial_indent=before, subsequent_indent=before + " " * 8,
                            break_on_hyphens=False), flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        sys.exit(130)

"""`make demo`: a false AWS account as Terraform left it, several people and a pipeline at work, what driftd says about it, and whom
it names, from CloudTrail's log files. No AWS account, no Terraform, nothing but loopback; everything is stopped and gone at the
end, also on Ctrl-C.
"""
import argparse
import json
import pathlib
import signal
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from tests.world import replay, story              # noqa: E402
from tests.world.cloudtrail import Trail           # noqa: E402
from tests.world.moto import Moto, environment     # noqa: E402
from tests.world.scenarios import instances        # noqa: E402

OUT = ROOT / "demo" / "out"
# In an account of its own, as organizations keep their logs: so it is nothing that the shop's state should know.
LOGS, LOG_ACCOUNT = "acme-trail", "999988887777"


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
        run(driftd, moto, "scan", state)
        say("Monday morning:")
        trail = Trail(moto.endpoint, story.beginning(story.DEMO))
        truth = story.tell(trail, instances(state), story.DEMO, lambda step: print(f"   {step.text}", flush=True))
        trail.deliver(LOGS, LOG_ACCOUNT)
        source = ("--cloudtrail", f"s3://{LOGS}")
        say(f"driftd scan {' '.join(source)}")
        code = run(driftd, moto, "scan", state, *source)
        report = OUT / "report.html"
        run(driftd, moto, "scan", state, *source, "--format", "html", "--output", str(report))
        principal = ("--principal", "alice@example.com", "--since", "24h")
        say(f"driftd who {' '.join(principal)}")
        run(driftd, moto, "who", state, *source, *principal)
        say(f"Exit code of the scan: {code} (2: drift). The same as a page: {report}")
        wrong = misnamed(driftd, moto, state, truth, source)
    for problem in wrong:
        print(problem, file=sys.stderr)
    return 0 if code == 2 and not wrong else 1


def misnamed(driftd: str, moto: Moto, state: pathlib.Path, truth: dict[str, set[str]], source: tuple[str, ...]) -> list[str]:
    """What the report says of each finding, held against what happened."""
    report = OUT / "report.json"
    run(driftd, moto, "scan", state, *source, "--format", "json", "--output", str(report))
    named = {}
    for finding in json.loads(report.read_text())["findings"]:
        everybody = [finding["attribution"], *finding.get("other_attributions", [])]
        named[finding["address"] or f"{finding['kind']} {finding['id']}"] = {(who.get("actor") or {}).get("name") for who in everybody}
    return [f"WRONG: {thing}: done by {truth.get(thing)}, driftd names {named.get(thing)}"
            for thing in sorted(truth.keys() | named.keys()) if truth.get(thing) != named.get(thing)]


def run(driftd: str, moto: Moto, command: str, state: pathlib.Path, *arguments: str) -> int:
    """The report goes to where our own output goes; of this machine's configuration nothing is read."""
    sys.stdout.flush()
    config = OUT / "driftd.yaml"
    config.write_text(story.CONFIG)
    done = subprocess.run([driftd, command, "--config", str(config), "--state", str(state.relative_to(ROOT)), *arguments],
                          cwd=ROOT, env=environment(moto.endpoint))
    if done.returncode not in (0, 2, 3):
        raise SystemExit(f"driftd {command} ended with {done.returncode}")
    return done.returncode


def say(text: str) -> None:
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        sys.exit(130)

"""The kill test: people change the recorded shop by hand, their news comes doubled, late, out of order or not at all, and `driftd run` is
killed with SIGKILL at random moments all the while. When it may work undisturbed in the end, it must know what a daemon knows that
was never killed.

    python -m tests.world chaos --driftd PATH [--kills 50] [--seed N] [--store sqlite|postgres|both]
"""
import contextlib
import functools
import json
import pathlib
import signal
import statistics
import sys

from . import chaos_postgres, chaos_story
from .chaos_store import Postgres, Sqlite
from .chaos_world import Play, moments, play


def run(driftd: pathlib.Path, kills: int, seed: int, store: str) -> int:
    # So that a kill unwinds, too, and takes the others with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    steps = chaos_story.write(seed, 12 + kills * 3 // 5)
    kinds = {kind: sum(step.kind == kind for step in steps) for kind in ("change", "back", "poison", *chaos_story.NOISE)}
    print(f"seed {seed}: {len(steps)} steps: {', '.join(f'{number} {kind}' for kind, number in kinds.items())}; of their news "
          f"{sum(len(step.delays) > 1 for step in steps)} doubled, {sum(any(step.delays) for step in steps)} late, "
          f"{sum(not step.delays for step in steps)} lost", flush=True)
    with contextlib.ExitStack() as stack:
        stores = engines(store, stack)
        if not stores:
            return 0
        undisturbed = play(driftd, next(iter(stores.values())), steps, [])
        tell("never killed", undisturbed)
        wrong = [f"never killed: {problem}" for problem in undisturbed.problems]
        for name, store_of in stores.items():
            killed = play(driftd, store_of, steps, moments(kills, seed))
            tell(f"{name}, killed {kills} times", killed)
            wrong += [f"{name}: {problem}" for problem in (*killed.problems, *differences(undisturbed, killed))]
    print("\n".join(wrong) if wrong else "ok")
    return 1 if wrong else 0


def engines(store: str, stack: contextlib.ExitStack) -> dict:
    """Name -> (folder -> the store)."""
    stores: dict = {"sqlite": Sqlite} if store in ("sqlite", "both") else {}
    if store in ("postgres", "both"):
        if programs := chaos_postgres.programs():
            server = stack.enter_context(chaos_postgres.Server(programs))
            stores["postgres"] = functools.partial(Postgres, server=server)
        else:
            print("SKIPPED, loudly: PostgreSQL is not installed (apt-get install postgresql): nothing is known of a store in it", file=sys.stderr)
    return stores


def tell(name: str, one: Play) -> None:
    states = [known["life"]["state"]["name"] for known in one.findings]
    print(f"\n{name}: {one.seconds:.0f} s\n  findings   {len(states)}: {states.count('open')} open, {states.count('resolved')} resolved\n"
          f"  events     {len(one.events)} kept\n  store      {one.size / 1024:.0f} KiB", flush=True)
    if one.told.notices:
        again = ", ".join(f"{number} to {name}" for name, number in sorted(one.told.again.items()) if number) or "none"
        print(f"  notices    {', '.join(f'{number} to {name}' for name, number in sorted(one.told.notices.items()))}; sent again with the same id, "
              f"since the daemon was killed before it had the answer: {again}")
    if one.hits:
        hits = ", ".join(f"{number} {what}" for what, number in sorted(one.hits.items()))
        ready = f"median {statistics.median(one.ready):.2f} s, longest {max(one.ready):.2f} s" if one.ready else "never"
        print(f"  kills hit  {hits} (one may hit both a sweep and an event)\n  ready      {ready}, of {len(one.ready)} that lived so long\n"
              f"  story      {one.played} steps while it was killed", flush=True)


def differences(wanted: Play, have: Play) -> list[str]:
    found = []
    here, there = ({known["finding"]["key"]: what_counts(known) for known in one.findings} for one in (wanted, have))
    for key in sorted(here.keys() | there.keys()):
        left, right = here.get(key, {}), there.get(key, {})
        found += [f"{key}: {name}: {json.dumps(left.get(name))} when never killed, {json.dumps(right.get(name))} when killed"
                  for name in left.keys() | right.keys() if left.get(name) != right.get(name)]
    for key in sorted(wanted.steps.keys() | have.steps.keys()):
        if wanted.steps.get(key) != have.steps.get(key):
            found.append(f"{key}: its life: {wanted.steps.get(key)} when never killed, {have.steps.get(key)} when killed")
    found += [f"event {one} was lost" for one in sorted(wanted.events - have.events)]
    found += [f"event {one} is kept only when killed" for one in sorted(have.events - wanted.events)]
    return found


def what_counts(known: dict) -> dict:
    """A finding without times, and without what follows from them."""
    finding, state = known["finding"], known["life"]["state"]
    everybody = [who for who in (finding.get("attribution"), *finding.get("other_attributions", [])) if who]
    named = [((who.get("actor") or {}).get("name"), who["confidence"]) for who in everybody]
    return {"drift": finding["drift"], "address": finding.get("address"), "severity": finding["severity"], "rules": finding.get("rules"),
            "changes": finding.get("changes"), "status": state["name"], "how": state.get("how"), "who": named[:1], "others": sorted(named[1:], key=str)}

"""The command line of the false world; see the package."""
import argparse
import json
import pathlib
import sys
import tempfile

from . import accounts, chaos, events, organization, paging, replay, scenarios, story, terraform
from .cloudtrail import Trail
from .moto import Moto
from .proxy import Proxy


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.world", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("scenarios", help="apply, change by hand, compare")
    run.add_argument("--driftd", required=True)
    run.add_argument("--only", nargs="+", metavar="NAME", help="these, each by itself")
    serve = commands.add_parser("serve", help="a recorded account, until stdin ends")
    serve.add_argument("--world", default="shop")
    serve.add_argument("--doors", type=int, default=1)
    serve.add_argument("--page", type=int, metavar="ITEMS", help="the doors cut listings into pages of so many items")
    many = commands.add_parser("accounts", help="many accounts and regions behind a door, until stdin ends")
    many.add_argument("--accounts", type=int, default=10)
    many.add_argument("--regions", type=int, default=30)
    commands.add_parser("organization", help="an AWS organization behind a door, until stdin ends")
    commands.add_parser("record", help="record the worlds anew").add_argument("--only")
    people = commands.add_parser("people", help="several people change a served account; their CloudTrail logs go to a folder and a bucket")
    people.add_argument("--endpoint", required=True)
    people.add_argument("--logs", required=True, type=pathlib.Path)
    commands.add_parser("events", help="hold the event table against AWS's API models")
    killing = commands.add_parser("chaos", help="kill the daemon at random moments; it must know what one knows that was never killed")
    killing.add_argument("--driftd", required=True, type=pathlib.Path)
    killing.add_argument("--kills", type=int, default=50)
    killing.add_argument("--seed", type=int, default=3, help="of the story and of the moments")
    killing.add_argument("--store", choices=("sqlite", "postgres", "both"), default="sqlite")
    options = parser.parse_args()
    if options.command == "events":
        unknown = events.unknown()
        print("\n".join(unknown))
        return 1 if unknown else 0
    if options.command == "record":
        for name in [options.only] if options.only else replay.worlds():
            replay.record(name)
        return 0
    if options.command == "people":
        return people_at_work(options.endpoint, options.logs)
    if options.command == "accounts":
        return many_accounts(options.accounts, options.regions)
    if options.command == "organization":
        return an_organization()
    if options.command == "chaos":
        return chaos.run(options.driftd, options.kills, options.seed, options.store)
    if options.command == "serve":
        return served(options.world, options.doors, options.page)
    if not terraform.installed():
        print("SKIPPED, loudly: terraform is not installed, so nothing was compared with what Terraform says")
        return 0
    return scenarios.run(options.driftd, options.only)


def served(world: str, doors: int, page: int | None) -> int:
    """Prints one line of JSON when it is up: the doors' endpoints, moto's own, the state."""
    with Moto() as moto:
        replay.replay(world, moto)
        with Proxy(moto.endpoint, memory=True, doors=doors, pages=paging.Sizes(page, page) if page else None) as proxy:
            print(json.dumps({"doors": [f"http://127.0.0.1:{port}" for port in proxy.ports],
                              "moto": moto.endpoint, "state": str(replay.state(world))}), flush=True)
            sys.stdin.read()
    return 0


def many_accounts(accounts_wanted: int, regions: int) -> int:
    """Prints one line of JSON when it is up: the door, moto's own endpoint, and what `accounts.build` tells."""
    with Moto(bare=True) as moto, tempfile.TemporaryDirectory() as folder:
        built = accounts.build(moto, accounts_wanted, regions, pathlib.Path(folder))
        with Proxy(moto.endpoint, memory=True, pages=paging.Sizes()) as proxy:
            print(json.dumps({"doors": [proxy.endpoint], "moto": moto.endpoint, **built}), flush=True)
            sys.stdin.read()
    return 0


def an_organization() -> int:
    """Prints one line of JSON when it is up: the door, moto's own endpoint, and what `organization.build` tells. Accounts may come and go:
    nothing is remembered."""
    with Moto(bare=True) as moto, tempfile.TemporaryDirectory() as folder:
        built = organization.build(moto, pathlib.Path(folder))
        with Proxy(moto.endpoint) as proxy:
            print(json.dumps({"doors": [proxy.endpoint], "moto": moto.endpoint, **built}), flush=True)
            sys.stdin.read()
    return 0


def people_at_work(endpoint: str, logs: pathlib.Path) -> int:
    """Prints one line of JSON: what is drifted then, and whose names belong to it; how to configure driftd for these people."""
    trail = Trail(endpoint, story.beginning(story.TESTS))
    truth = story.tell(trail, scenarios.instances(replay.state("shop")), story.TESTS)
    trail.write(logs)
    trail.deliver("acme-trail", "999988887777")
    print(json.dumps({"truth": {thing: sorted(names) for thing, names in truth.items()}, "config": story.CONFIG}))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Drift scenarios against real Terraform. `tests/scenarios/NAME/main.tf` is applied, `mutate(hand)` of its mutate.py is what
somebody then does by hand, Terraform's refresh-only plan is the truth, driftd's report must agree; and a scan that reads every
declared resource by itself must say the same as one that lists.

Scenarios share one account and one root module, each as a module of its name, because starting Terraform is what costs.
One with a provider.tf of its own, or with several roots in folders (several states), is a root by itself.
Names: in `neg_*` nothing may drift.
"""
import dataclasses
import functools
import importlib.util
import json
import pathlib
import shutil
import time

import boto3
from botocore.config import Config

from . import compare, terraform, truth
from .moto import Moto

SCENARIOS = terraform.ROOT / "tests" / "scenarios"


@dataclasses.dataclass
class Batch:
    """What is applied together: folders (roots, in order) and the scenarios in them with the prefix of their addresses."""
    name: str
    roots: list[pathlib.Path]
    scenarios: dict[str, str]


class Hand:
    """What mutate.py gets: clients, the state, and a list for what it makes."""

    def __init__(self, endpoint: str, attributes: dict[str, dict], prefix: str):
        self.endpoint, self.attributes, self.prefix = endpoint, attributes, prefix
        self.unmanaged: set[tuple[str, str]] = set()

    @functools.cache
    def client(self, service: str, region: str = "us-east-1"):
        return boto3.client(service, region_name=region, endpoint_url=self.endpoint, aws_access_key_id="test",
                            aws_secret_access_key="test", config=Config(s3={"addressing_style": "path"}, proxies={}))

    def attrs(self, address: str) -> dict:
        """The attributes of one instance, as Terraform's state has them."""
        return self.attributes[self.prefix + address]

    def made(self, kind: str, id_: str) -> None:
        """Something that no state declares: its Terraform type, and the id that `terraform import` would take."""
        self.unmanaged.add((kind, id_))


def run(driftd: str, only: list[str] | None) -> int:
    started, bad = time.monotonic(), 0
    for batch in batches(only):
        began = time.monotonic()
        problems, counts = run_batch(batch, str(pathlib.Path(driftd).resolve()))
        for problem in problems:
            print(f"  {problem}")
        print(f"{'DISAGREES' if problems else 'agrees'}: {', '.join(batch.scenarios)}: {counts}, {time.monotonic() - began:.0f} s", flush=True)
        bad += bool(problems)
    print(f"{'FAILED' if bad else 'ok'} in {time.monotonic() - started:.0f} s")
    return 1 if bad else 0


def batches(only: list[str] | None) -> list[Batch]:
    names = sorted(folder.name for folder in SCENARIOS.iterdir() if (folder / "mutate.py").is_file())
    shared, apart = [], []
    for name in [n for n in names if not only or n in only]:
        source, work = SCENARIOS / name, terraform.WORK / "scenarios" / name
        if not (source / "main.tf").is_file():
            roots = [terraform.prepare(root, work / root.name) for root in sorted(source.iterdir()) if (root / "main.tf").is_file()]
            apart.append(Batch(name, roots, {name: ""}))
        elif (source / "provider.tf").is_file():
            apart.append(Batch(name, [terraform.prepare(source, work)], {name: ""}))
        else:
            shared.append(name)
    if not shared:
        return apart
    root = terraform.WORK / "scenarios" / "shared"
    shutil.rmtree(root, ignore_errors=True)
    for name in shared:
        shutil.copytree(SCENARIOS / name, root / name, ignore=shutil.ignore_patterns("mutate.py", "__pycache__"))
    (root / "main.tf").write_text("".join(f'module "{name}" {{\n  source = "./{name}"\n}}\n' for name in shared))
    terraform.add_provider(root)
    return [Batch("shared", [root], {name: f"module.{name}." for name in shared}), *apart]


def run_batch(batch: Batch, driftd: str) -> tuple[list[str], str]:
    with Moto(str(terraform.WORK / f"moto-{batch.name}.log")) as moto:
        roots = [terraform.Terraform(root, moto.endpoint) for root in batch.roots]
        for tf in roots:
            tf.init()
            tf.run("apply", "-auto-approve", "-no-color")
        for tf in roots:   # once all are applied: one root may have added to what another made
            tf.settle()
        states = [tf.state() for tf in roots]
        problems = [f"before anything was touched: {p}" for p in
                    compare.disagreements(*compare.scan(driftd, moto.endpoint, states), {}, set())]
        made: set[tuple[str, str]] = set()
        attributes = {address: values for state in states for address, values in instances(state).items()}
        for name, prefix in batch.scenarios.items():
            hand = Hand(moto.endpoint, attributes, prefix)
            mutation(name)(hand)
            made |= hand.unmanaged
        wanted: dict[str, truth.Drift] = {}
        for tf in roots:
            wanted |= truth.drifts(tf.refresh_only(), tf.schema())
        for name, prefix in batch.scenarios.items():
            drifted = [address for address in wanted if address.startswith(prefix)]
            if name.startswith("neg_") and drifted:
                problems.append(f"{name}: Terraform itself sees drift: {drifted}")
            elif not name.startswith("neg_") and not drifted and not made:
                problems.append(f"{name}: Terraform sees nothing of the mutation")
        code, sweep = compare.scan(driftd, moto.endpoint, states)
        problems += compare.disagreements(code, sweep, wanted, made)
        targets = [argument for address in attributes for argument in ("--target", address)]
        problems += compare.reads_apart(sweep, compare.scan(driftd, moto.endpoint, states, *targets)[1])
        return problems, f"{len(attributes)} resources, {len(wanted)} drifts, {len(made)} unmanaged"


def mutation(name: str):
    spec = importlib.util.spec_from_file_location(f"mutate_{name}", SCENARIOS / name / "mutate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.mutate


def instances(state: pathlib.Path) -> dict[str, dict]:
    """Address -> attributes of every managed instance."""
    found = {}
    for resource in json.loads(state.read_text())["resources"]:
        if resource["mode"] == "managed":
            for instance in resource["instances"]:
                address = ".".join([*([resource["module"]] if "module" in resource else []), resource["type"], resource["name"]])
                key = f"[{json.dumps(instance['index_key'])}]" if "index_key" in instance else ""
                found[address + key] = instance["attributes"]
    return found

"""Recorded worlds: what Terraform once said to moto, said again to a fresh one. moto's ids follow from its seed, so the
account comes out as the committed terraform.tfstate has it, and no Terraform is needed.
"""
import base64
import http.client
import json
import pathlib
import re
import shutil
import urllib.parse

from . import terraform, truth
from .moto import Moto
from .proxy import Proxy

RECORDED = pathlib.Path(__file__).resolve().parent / "recorded"


def worlds() -> list[str]:
    return sorted(folder.name for folder in RECORDED.iterdir() if (folder / "main.tf").is_file())


def state(name: str) -> pathlib.Path:
    return RECORDED / name / "terraform.tfstate"


def replay(name: str, moto: Moto) -> int:
    """Says everything again, in order; -> how many requests."""
    where = urllib.parse.urlsplit(moto.endpoint)
    lines = (RECORDED / name / "requests.jsonl").read_text().splitlines()
    for line in lines:
        entry = json.loads(line)
        body = base64.b64decode(entry["body64"]) if "body64" in entry else entry["body"].encode()
        headers = {"host": where.netloc, **entry["headers"]}
        if re.match(r"\d{12}\.", headers["host"]):
            headers["host"] += f":{where.port}"
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
        connection.request(entry["method"], entry["target"], body, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != entry["status"]:
            raise RuntimeError(f"{name}: {entry['operation']} was answered with {answer.status}, when it was recorded with "
                               f"{entry['status']} (another moto than tests/requirements.txt?): {text[:300]!r}")
        connection.close()
    return len(lines)


def record(name: str) -> None:
    """Applies the world, keeps every request (a read draws from moto's seed, too), and proves that the replay is the same
    to Terraform."""
    source, work = RECORDED / name, terraform.WORK / "record" / name
    terraform.prepare(source, work)
    with Moto() as moto, Proxy(moto.endpoint) as proxy:
        tf = terraform.Terraform(work, proxy.endpoint)
        tf.init()
        proxy.recorded = []
        # One at a time: the order of the requests is the order of moto's ids.
        tf.run("apply", "-auto-approve", "-no-color", "-parallelism=1")
        requests, proxy.recorded = proxy.recorded, None
        tf.settle()
    (source / "requests.jsonl").write_text("".join(json.dumps(r, sort_keys=True) + "\n" for r in requests))
    shutil.copy(tf.state(), state(name))
    with Moto() as moto:
        replay(name, moto)
        again = terraform.Terraform(work, moto.endpoint)
        left = truth.drifts(again.refresh_only(), again.schema())
    if left:
        raise RuntimeError(f"{name}: the replay differs: {left}")
    print(f"{name}: {len(requests)} requests; terraform plan sees no change after their replay")

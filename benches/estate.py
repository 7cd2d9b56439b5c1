"""Multiplies the recorded `estate` in moto: the same requests once more under another name, and the state that belongs to them.

Which new id belongs to which old one is read off the answers: the first copy's and the next copy's have their ids at the same
places. No AWS knowledge but what an id looks like.
"""
import http.client
import json
import re

from tests.world import replay
from tests.world.moto import Moto

# Ids, assigned addresses and the names made of them, IAM's unique ids, MAC addresses.
TOKEN = re.compile(r"\b(?:[a-z]{1,12}-(?:[0-9a-f]{17}|[0-9a-f]{8})|A[A-Z]{3}[A-Z0-9]{12,17}|ip-\d+-\d+-\d+-\d+|ec2-\d+-\d+-\d+-\d+"
                   r"|\d+\.\d+\.\d+\.\d+|(?:[0-9a-f]{2}:){5}[0-9a-f]{2})\b")
FIRST = "estate-0000"


def build(moto: Moto, blocks: int) -> dict:
    """Fills moto with `blocks` times a hundred resources; -> the state."""
    entries = [json.loads(line) for line in (replay.RECORDED / "estate" / "requests.jsonl").read_text().splitlines()]
    original = [say(moto, entry, {}, FIRST) for entry in entries]
    needed = those_that_tell(entries, original)
    state = json.loads(replay.state("estate").read_text())
    block = [r for r in state["resources"] if r["mode"] == "managed"]
    resources = list(block)
    for number in range(1, blocks):
        name, ids = f"estate-{number:04d}", {}
        for index in needed:
            answer = say(moto, entries[index], ids, name)
            ids |= dict(zip(TOKEN.findall(original[index]), TOKEN.findall(answer)))
        text = renamed(json.dumps(block), ids, name).replace("module.block[0]", f"module.block[{number}]")
        resources += json.loads(text)
        print(f"\r{number + 1} of {blocks} hundreds", end="", flush=True)
    print()
    return {**state, "resources": resources, "lineage": "00000000-0000-4000-8000-000000000000"}


def those_that_tell(entries: list[dict], answers: list[str]) -> list[int]:
    """Requests that change something, and reads that tell an id for the first time."""
    known: set[str] = set()
    found = []
    for index, entry in enumerate(entries):
        tokens = set(TOKEN.findall(answers[index]))
        changes = not re.search(r":(Describe|Get|List|GET |HEAD )", entry["operation"])
        if entry["status"] < 300 and (changes or tokens - known):
            found.append(index)
        known |= tokens
    return found


def renamed(text: str, ids: dict[str, str], name: str) -> str:
    return TOKEN.sub(lambda match: ids.get(match.group(), match.group()), text).replace(FIRST, name)


def say(moto: Moto, entry: dict, ids: dict[str, str], name: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", moto.port, timeout=300)
    headers = {k: v for k, v in entry["headers"].items() if k != "host"}
    connection.request(entry["method"], renamed(entry["target"], ids, name), renamed(entry["body"], ids, name).encode(),
                       {"host": f"127.0.0.1:{moto.port}", **headers})
    answer = connection.getresponse()
    text = answer.read().decode("utf-8", "replace")
    connection.close()
    if answer.status != entry["status"]:
        raise RuntimeError(f"{entry['operation']} for {name} was answered with {answer.status}: {text[:300]}")
    return text

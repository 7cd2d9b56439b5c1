"""`driftd run` before the false AWS: started, asked, killed, started again. It ends with the program that started it, wherever
util-linux has `setpriv`; Ctrl-C and SIGTERM end it everywhere.
"""
import http.client
import json
import pathlib
import re
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request

from .moto import DIRECT, environment, free_port

EVERY_STATE = [argument for state in ("open", "acknowledged", "snoozed", "ignored", "ignored_by_rule", "resolved")
               for argument in ("--status", state)]


class Daemon:
    """One configuration in one folder. `config` is the YAML without `version` and `listen`; `endpoint` is AWS."""

    def __init__(self, driftd: pathlib.Path, folder: pathlib.Path, endpoint: str, config: str):
        self.driftd, self.folder, self.log = str(driftd.resolve()), folder, folder / "driftd.log"
        # The false AWS is everybody's proxy; receivers, which are on `localhost`, are not behind it.
        self.environment = environment(endpoint) | {"DRIFTD_LOG": "driftd=info,warn", "NO_PROXY": "localhost", "no_proxy": "localhost"}
        self.address = f"127.0.0.1:{free_port()}"
        self.config = folder / "driftd.yaml"
        self.config.write_text(f"version: 1\nlisten: {self.address}\n{config}")
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> "Daemon":
        return self

    def __exit__(self, *_) -> None:
        self.kill()

    def start(self) -> None:
        tied = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        with self.log.open("a") as log:
            self.process = subprocess.Popen([*tied, self.driftd, "--config", str(self.config), "run"],
                                            env=self.environment, stdout=subprocess.DEVNULL, stderr=log)

    def kill(self) -> None:
        """SIGKILL: nothing is tidied up."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> int:
        """SIGTERM; -> the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)

    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def get(self, path: str) -> str | None:
        """What it answers with 200."""
        try:
            with DIRECT.open(f"http://{self.address}{path}", timeout=5) as answer:
                return answer.read().decode()
        except (urllib.error.URLError, http.client.HTTPException, OSError):
            return None

    def ready(self) -> bool:
        return self.get("/readyz") is not None

    def metric(self, name: str) -> float:
        """The sum over all labels; 0 where there is none."""
        found = re.findall(rf"(?m)^{name}(?:\{{[^}}]*\}})? (\S+)$", self.get("/metrics") or "")
        return sum(map(float, found))

    def says(self, *arguments: str) -> str:
        """The output of another command on the same store."""
        done = subprocess.run([self.driftd, "--config", str(self.config), *arguments], env=self.environment, text=True,
                              capture_output=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"driftd {' '.join(arguments)} ended with {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout

    def findings(self) -> list[dict]:
        """All that the store has, resolved ones included."""
        return json.loads(self.says("findings", "list", "--json", *EVERY_STATE))


def thing(known: dict) -> str:
    """What a finding is about, as the stories name it: an address, or `kind id` of what no state declares."""
    finding = known["finding"]
    return finding.get("address") or f"{finding['kind']} {finding['id']}"


def actor(known: dict) -> str | None:
    return ((known["finding"].get("attribution") or {}).get("actor") or {}).get("name")


def until(patience: float, is_so, pause: float = 0.2):
    """What `is_so` gives, once that is true; `None` when patience ended."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if found := is_so():
            return found
        time.sleep(pause)
    return None

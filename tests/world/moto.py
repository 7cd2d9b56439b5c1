"""Starts and stops one private moto (moto_server.py) on a free loopback port. Its ids follow from a seed."""
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEED = 42
ACCOUNT = "123456789012"
# urllib must not send what is meant for moto through a proxy of the environment.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Moto:
    """One moto_server process. Its account lives in memory and dies with it. `bare`: without AWS's own images and policies, of which
    moto makes copies for every region and account."""

    def __init__(self, log: str = os.devnull, bare: bool = False):
        self.log, self.bare = log, bare
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> "Moto":
        # AWS's managed policies exist in every account; attachments need them.
        aws_own = str(not self.bare).lower()
        env = {**os.environ, "MOTO_IAM_LOAD_MANAGED_POLICIES": aws_own, "MOTO_EC2_LOAD_DEFAULT_AMIS": aws_own, "PYTHONDONTWRITEBYTECODE": "1"}
        with open(self.log, "w") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.world.moto_server", "-H", "127.0.0.1", "-p", str(self.port)],
                stdin=subprocess.PIPE, stdout=sink, stderr=subprocess.STDOUT, env=env, cwd=ROOT, start_new_session=True)
        deadline = time.monotonic() + 60
        while True:
            try:
                DIRECT.open(urllib.request.Request(f"{self.endpoint}/moto-api/seed?a={SEED}", method="POST"), timeout=5).read()
                return self
            except (urllib.error.URLError, OSError):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.__exit__()
                    raise RuntimeError(f"moto_server did not start, see {self.log}") from None
                time.sleep(0.1)

    def __exit__(self, *_) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(endpoint: str) -> dict[str, str]:
    """For every process that talks to the false AWS, and to nothing else."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_VAR_"))}
    env.update(
        AWS_ENDPOINT_URL=endpoint, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test",
        AWS_REGION="us-east-1", AWS_DEFAULT_REGION="us-east-1", AWS_EC2_METADATA_DISABLED="true",
        AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        # S3 Control puts the account before the host, and no resolver knows 123456789012.127.0.0.1:
        # as everybody's "proxy" the endpoint gets such requests all the same.
        HTTP_PROXY=endpoint, http_proxy=endpoint, NO_PROXY="", no_proxy="")
    return env

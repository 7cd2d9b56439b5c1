"""Runs Terraform in one folder against one endpoint. The provider comes from a filesystem mirror where there is one."""
import json
import os
import pathlib
import shutil
import subprocess

from .moto import environment

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / ".work"
PROVIDER = "5.100.0"

VERSIONS_TF = f"""\
terraform {{
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = "{PROVIDER}"
    }}
  }}
}}
"""
PROVIDER_TF = """\
provider "aws" {
  region                      = "us-east-1"
  skip_credentials_validation = true
  s3_use_path_style           = true
  max_retries                 = 2
}
"""


class Failed(Exception):
    """Terraform said no."""


def installed() -> bool:
    return shutil.which("terraform") is not None


class Terraform:
    def __init__(self, folder: pathlib.Path, endpoint: str):
        self.folder = folder
        self.env = {**environment(endpoint), **mirror_config(), "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}

    def run(self, *arguments: str, fine: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run(["terraform", *arguments], cwd=self.folder, env=self.env, text=True, timeout=600,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode not in fine:
            raise Failed(f"terraform {arguments[0]} in {self.folder.name} ended with {done.returncode}:\n{done.stderr[-3000:] or done.stdout[-3000:]}")
        return done.stdout

    def init(self) -> None:
        self.run("init", "-no-color", "-backend=false")

    def apply(self, *arguments: str) -> None:
        """Twice: the second time the state takes up what a first read adds, as any later run would make it do."""
        self.run("apply", "-auto-approve", "-no-color", *arguments)
        self.settle()

    def settle(self) -> None:
        self.run("apply", "-refresh-only", "-auto-approve", "-no-color")

    def refresh_only(self) -> dict:
        """The plan that shows what changed outside Terraform."""
        self.run("plan", "-refresh-only", "-detailed-exitcode", "-no-color", "-out=drift.plan", fine=(0, 2))
        return json.loads(self.run("show", "-json", "drift.plan"))

    def schema(self) -> dict:
        """Block of every AWS resource type, kept between runs: it is a matter of the provider's version alone."""
        kept = WORK / f"schema-{PROVIDER}.json"
        if not kept.is_file():
            schemas = json.loads(self.run("providers", "schema", "-json"))["provider_schemas"]
            blocks = {name: schema["block"] for name, schema in
                      schemas["registry.terraform.io/hashicorp/aws"]["resource_schemas"].items()}
            kept.write_text(json.dumps(blocks))
        return json.loads(kept.read_text())

    def state(self) -> pathlib.Path:
        return self.folder / "terraform.tfstate"


def prepare(source: pathlib.Path, target: pathlib.Path) -> pathlib.Path:
    """A copy of a root module that can be applied."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("mutate.py", "__pycache__", "requests.jsonl", "terraform.tfstate"))
    add_provider(target)
    return target


def add_provider(folder: pathlib.Path) -> None:
    (folder / "versions.tf").write_text(VERSIONS_TF)
    if not (folder / "provider.tf").is_file():
        (folder / "provider.tf").write_text(PROVIDER_TF)


def mirror_config() -> dict[str, str]:
    WORK.mkdir(exist_ok=True)
    named = os.environ.get("DRIFTD_TEST_PROVIDER_MIRROR")
    places = [pathlib.Path(named)] if named else [
        pathlib.Path.home() / ".terraform.d/plugins", pathlib.Path("/usr/local/share/terraform/plugins"),
        pathlib.Path("/usr/share/terraform/plugins"), *sorted(pathlib.Path("/opt").glob("*"))]
    mirror = next((p for p in places if (p / "registry.terraform.io/hashicorp/aws" / PROVIDER).is_dir()), None)
    if mirror is None:   # from the registry, once
        cache = WORK / "plugins"
        cache.mkdir(exist_ok=True)
        return {"TF_PLUGIN_CACHE_DIR": str(cache)}
    config = WORK / "terraformrc"
    config.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n')
    return {"TF_CLI_CONFIG_FILE": str(config)}

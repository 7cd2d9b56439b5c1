"""An AWS organization: its management account (moto's own), units with nested ones, accounts in them, one of which is closed. Some accounts
have a VPC with a security group, and a Terraform state; the others are there to fill pages.
"""
import json
import os
import pathlib

from .accounts import Caller, fill, role, state
from .moto import ACCOUNT, Moto

REGION = "us-east-1"
# Unit -> the unit that it is in; `root` is there.
UNITS = {"workloads": "root", "shop": "workloads", "sandbox": "root"}
# Account with resources -> its unit. The number of its scope says what is wrong in it, see accounts.py.
ACCOUNTS = {"front": "root", "web": "workloads", "orders": "shop", "play": "sandbox", "closed": "workloads"}
# More than a page of ListAccounts and of ListAccountsForParent holds.
OTHERS = 21


def build(moto: Moto, folder: pathlib.Path) -> dict:
    """Fills moto and writes states; -> where they are, and which accounts and units there are, by name."""
    caller = Caller(moto)
    ask(caller, "CreateOrganization", FeatureSet="ALL")
    units = {"root": ask(caller, "ListRoots")["Roots"][0]["Id"]}
    for name, parent in UNITS.items():
        made = ask(caller, "CreateOrganizationalUnit", Name=name, ParentId=units[parent])
        units[name] = made["OrganizationalUnit"]["Id"]
    accounts = {"management": ACCOUNT}
    for name, unit in [*ACCOUNTS.items(), *((f"other-{number}", "shop") for number in range(OTHERS))]:
        made = ask(caller, "CreateAccount", AccountName=name, Email=f"{name}@example.com")
        accounts[name] = made["CreateAccountStatus"]["AccountId"]
        if unit != "root":
            ask(caller, "MoveAccount", AccountId=accounts[name], SourceParentId=units["root"], DestinationParentId=units[unit])
    for scope, name in enumerate(["management", *ACCOUNTS]):
        key = "AKIATEST000000000000"
        if name != "management":
            key = caller.call("sts", REGION, key, "AccessKeyId", Action="AssumeRole", RoleArn=role(accounts[name]), RoleSessionName="build")
        path = folder / f"{name}.tfstate"
        path.write_text(json.dumps(state(fill(caller, accounts[name], REGION, key, scope))))
        # Written long ago, see accounts.py.
        os.utime(path, (0, 0))
    ask(caller, "CloseAccount", AccountId=accounts["closed"])
    return {"state": str(folder / "*.tfstate"), "folder": str(folder), "accounts": accounts, "units": units}


def ask(caller: Caller, action: str, **parameters: str) -> dict:
    """One call of AWS Organizations."""
    headers = {"X-Amz-Target": f"AWSOrganizationsV20161128.{action}", "Content-Type": "application/x-amz-json-1.1",
               "Authorization": f"AWS4-HMAC-SHA256 Credential=AKIATEST000000000000/20260101/{REGION}/organizations/aws4_request, SignedHeaders=host, Signature=0"}
    caller.connection.request("POST", "/", json.dumps(parameters), headers)
    answer = caller.connection.getresponse()
    text = answer.read().decode()
    if answer.status != 200:
        raise RuntimeError(f"{action} was answered with {answer.status}: {text[:300]}")
    return json.loads(text or "{}")

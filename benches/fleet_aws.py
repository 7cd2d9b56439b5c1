"""The false AWS of scale.py: answers for a fleet out of nothing but its numbers, as fast as one process can, each answer so late as a
latency says. Refuses what is more than a rate for an account, region and service; leaves single accounts without any answer. A process
of its own: `python -m benches.fleet_aws FLEET TROUBLE [FOLDER]`, both in JSON; says in JSON where it is and, where it wrote states into a
folder, what a configuration says of them; ends with its stdin. `GET /_seen` says what was called.
"""
import asyncio
import collections
import dataclasses
import json
import pathlib
import re
import sys
import time
import urllib.parse

from .fleet import MADE, TRUST, Fleet, ident, role_arn, unique_id

BASE = "999999999999"   # the account of the credentials; no state declares anything there
CREDENTIALS = re.compile(rb"(?i)authorization: [^\r]*Credential=([^/]+)/[^/]+/([^/]+)/([^/]+)/")
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
PAGE = {"ec2": 1000, "iam": 100}
OWN_RULES = "<ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item></ipPermissionsEgress>"
OPENED = ("<ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>8080</fromPort><toPort>8080</toPort><ipRanges><item><cidrIp>10.0.0.0/8</cidrIp></item></ipRanges>"
          "</item></ipPermissions>")


@dataclasses.dataclass
class Trouble:
    latency: float = 0.0
    rate: float = 0.0                                            # calls a second to a service of one account and region; 0: any
    slow: dict[str, float] = dataclasses.field(default_factory=dict)   # account -> such a rate of its own
    hanging: list[str] = dataclasses.field(default_factory=list)       # accounts in which nothing is ever answered
    denied: list[str] = dataclasses.field(default_factory=list)        # accounts whose role cannot be assumed


class Buckets:
    """Token buckets, as EC2 has them: a second's worth may come at once."""

    def __init__(self):
        self.left: dict[tuple, tuple[float, float]] = {}

    def takes(self, key: tuple, rate: float) -> bool:
        now = time.monotonic()
        left, at = self.left.get(key, (rate, now))
        left = min(rate, left + (now - at) * rate)
        self.left[key] = (max(left - 1, 0.0), now)
        return left >= 1


class Aws:
    def __init__(self, fleet: Fleet, trouble: Trouble):
        self.fleet, self.trouble, self.buckets = fleet, trouble, Buckets()
        self.began = time.monotonic()
        self.calls: collections.Counter = collections.Counter()
        self.refused: collections.Counter = collections.Counter()   # by account
        self.last: dict[str, float] = {}                           # when an account's last call was answered
        self.first: dict[str, float] = {}

    def answer(self, head: bytes, body: bytes) -> tuple[int, str] | None:
        """Status and text; `None`: never."""
        if found := CREDENTIALS.search(head):
            key, region, service = (part.decode() for part in found.groups())
        else:
            return 403, "<Error><Code>MissingAuthenticationToken</Code></Error>"
        account = key[4:16] if key.startswith("ASIA") else BASE
        asked = dict(urllib.parse.parse_qsl(body.decode("latin-1"))) if b"Action=" in body else {}
        target = re.search(rb"(?i)x-amz-target: *\S+\.(\w+)", head)
        action = asked.get("Action") or (target[1].decode() if target else head.split(b" ", 2)[1].decode().partition("?")[0])
        self.calls[f"{service}:{re.sub(r'https?://[^/]*', '', action)}"] += 1
        if account != BASE:
            now = time.monotonic() - self.began
            self.first.setdefault(account, now)
            self.last[account] = now
        if account in self.trouble.hanging:
            return None
        rate = self.trouble.slow.get(account, self.trouble.rate)
        if account != BASE and rate and not self.buckets.takes((account, region, service), rate):
            self.refused[account] += 1
            code = "RequestLimitExceeded" if service == "ec2" else "Throttling"
            return (503, f"<Response><Errors><Error><Code>{code}</Code><Message>Request limit exceeded.</Message></Error></Errors></Response>") if service == "ec2" else \
                   (400, f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>Rate exceeded</Message></Error></ErrorResponse>")
        make = {"ec2": self.ec2, "iam": self.iam, "sts": self.sts}.get(service)
        if make is None:
            return self.s3(action)
        return make(account, region, action, asked)

    def sts(self, account: str, _: str, action: str, asked: dict) -> tuple[int, str]:
        if action == "GetCallerIdentity":
            return 200, wrapped(action, f"<Arn>arn:aws:iam::{account}:user/driftd</Arn><UserId>AIDAEXAMPLE</UserId><Account>{account}</Account>")
        account = asked["RoleArn"].split(":")[4]
        if account in self.trouble.denied:
            return 403, "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>"
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        return 200, wrapped(action, f"<AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:driftd</AssumedRoleId><Arn>arn:aws:sts::{account}:assumed-role/r/driftd</Arn></AssumedRoleUser>"
                                    f"<Credentials><AccessKeyId>ASIA{account}FLET</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>"
                                    f"<Expiration>{ends}</Expiration></Credentials>")

    def ec2(self, account: str, region: str, action: str, asked: dict) -> tuple[int, str]:
        vpc, token = ident("vpc", account, region), ""
        if action == "DescribeVpcs":
            body = ("<vpcSet><item>" f"<vpcId>{vpc}</vpcId><ownerId>{account}</ownerId><state>available</state><cidrBlock>10.0.0.0/16</cidrBlock><dhcpOptionsId>default</dhcpOptionsId>"
                    "<instanceTenancy>default</instanceTenancy><isDefault>false</isDefault><tagSet><item><key>team</key><value>web</value></item></tagSet></item></vpcSet>")
        elif action == "DescribeVpcAttribute":
            name = asked["Attribute"]
            body = f"<vpcId>{vpc}</vpcId><{name}><value>{'true' if name == 'enableDnsSupport' else 'false'}</value></{name}>"
        elif action == "DescribeSecurityGroups":
            start = int(asked.get("NextToken", "0"))
            end = min(start + PAGE["ec2"], self.fleet.groups)
            groups = [group_of(account, region, vpc, number, self.fleet.is_opened(account, region) and number == 0) for number in range(start, end)]
            if end == self.fleet.groups:
                groups.append(group_of(account, region, vpc, 900000000, False, "default"))
                groups += [group_of(account, region, vpc, 900000001, False, "by-hand")] if self.fleet.is_by_hand(account, region) else []
            else:
                token = f"<nextToken>{end}</nextToken>"
            body = f"<securityGroupInfo>{''.join(groups)}</securityGroupInfo>{token}"
        elif action == "DescribeNetworkAcls":
            body = (f"<networkAclSet><item><networkAclId>{ident('acl', account, region)}</networkAclId><vpcId>{vpc}</vpcId><ownerId>{account}</ownerId><default>true</default>"
                    "</item></networkAclSet>")
        elif action == "DescribeRouteTables":
            table = ident("rtb", account, region)
            body = (f"<routeTableSet><item><routeTableId>{table}</routeTableId><vpcId>{vpc}</vpcId><ownerId>{account}</ownerId><routeSet><item>"
                    "<destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId><state>active</state><origin>CreateRouteTable</origin></item></routeSet>"
                    f"<associationSet><item><routeTableAssociationId>{ident('rtbassoc', account, region)}</routeTableAssociationId><routeTableId>{table}</routeTableId>"
                    "<main>true</main></item></associationSet></item></routeTableSet>")
        elif action == "DescribeAddresses":   # a listing without its list is no answer
            body = "<addressesSet/>"
        elif action == "GetEbsEncryptionByDefault":
            body = "<ebsEncryptionByDefault>false</ebsEncryptionByDefault>"
        else:
            body = ""
        return 200, f'<{action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>{body}</{action}Response>'

    def iam(self, account: str, _: str, action: str, asked: dict) -> tuple[int, str]:
        if action == "GetAccountPasswordPolicy":
            return 404, "<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>none</Message></Error></ErrorResponse>"
        if action not in ("GetAccountAuthorizationDetails", "ListRoles"):
            return 200, wrapped(action, "<IsTruncated>false</IsTruncated>")
        start = int(asked.get("Marker", "0"))
        end = min(start + PAGE["iam"], self.fleet.roles)
        more = f"<IsTruncated>true</IsTruncated><Marker>{end}</Marker>" if end < self.fleet.roles else "<IsTruncated>false</IsTruncated>"
        roles, document = range(start, end), urllib.parse.quote(TRUST)
        shown = "".join(f"<member><Path>/</Path><RoleName>app-{n}</RoleName><RoleId>{unique_id(account, n)}</RoleId><Arn>{role_arn(account, n)}</Arn><CreateDate>{MADE}</CreateDate>"
                        f"<AssumeRolePolicyDocument>{document}</AssumeRolePolicyDocument>"
                        + ("<RolePolicyList/><AttachedManagedPolicies/><InstanceProfileList/>" if action != "ListRoles" else "<MaxSessionDuration>3600</MaxSessionDuration>")
                        + "</member>" for n in roles)
        return 200, wrapped(action, f"<{'Roles' if action == 'ListRoles' else 'RoleDetailList'}>{shown}</{'Roles' if action == 'ListRoles' else 'RoleDetailList'}>{more}")

    def s3(self, action: str) -> tuple[int, str]:
        if "publicAccessBlock" in action:
            return 404, "<ErrorResponse><Error><Code>NoSuchPublicAccessBlockConfiguration</Code><Message>none</Message></Error></ErrorResponse>"
        if "accesspoint" in action:
            return 200, '<ListAccessPointsResult xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/"><AccessPointList/></ListAccessPointsResult>'
        return 200, '<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>o</ID></Owner><Buckets/></ListAllMyBucketsResult>'

    def seen(self) -> str:
        return json.dumps({"calls": self.calls, "refused": self.refused, "last": self.last, "first": self.first, "now": time.monotonic() - self.began})


def wrapped(action: str, body: str) -> str:
    return f"<{action}Response><{action}Result>{body}</{action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"


def group_of(account: str, region: str, vpc: str, number: int, opened: bool, name: str | None = None) -> str:
    return (f"<item><ownerId>{account}</ownerId><groupId>{ident('sg', account, region, number)}</groupId><groupName>{name or f'app-{number}'}</groupName>"
            f"<groupDescription>app</groupDescription><vpcId>{vpc}</vpcId>{OPENED if opened else ''}{OWN_RULES}</item>")


class Connection(asyncio.Protocol):
    """One client. Requests come one after the other, whole or in pieces."""

    def __init__(self, aws: Aws):
        self.aws, self.data = aws, b""

    def connection_made(self, transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            head = self.data[:end]
            length = int(found[1]) if (found := LENGTH.search(head)) else 0
            if len(self.data) < end + 4 + length:
                return
            body, self.data = self.data[end + 4:end + 4 + length], self.data[end + 4 + length:]
            if head.startswith(b"GET /_seen "):
                self.say(200, self.aws.seen())
                self.transport.close()
            elif answer := self.aws.answer(head, body):
                asyncio.get_running_loop().call_later(self.aws.trouble.latency, self.say, *answer) if self.aws.trouble.latency else self.say(*answer)

    def say(self, status: int, text: str) -> None:
        if not self.transport.is_closing():
            body = text.encode()
            self.transport.write(b"HTTP/1.1 %d Said\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)


async def serve(fleet: Fleet, trouble: Trouble, folders: list[str]) -> None:
    loop, aws = asyncio.get_running_loop(), Aws(fleet, trouble)
    server = await loop.create_server(lambda: Connection(aws), "127.0.0.1", 0, backlog=1024)
    config = "".join(fleet.write(pathlib.Path(folder)) for folder in folders)
    print(json.dumps({"endpoint": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "config": config}), flush=True)
    # Whoever started it ended.
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Fleet(**json.loads(sys.argv[1])), Trouble(**json.loads(sys.argv[2])), sys.argv[3:]))

"""A small CloudTrail: whatever a client of an actor does becomes a record, and records become log files, in a folder or a bucket.

    trail = Trail(moto.endpoint, start)
    trail.client("alice", "ec2").create_tags(...)
    trail.write(folder)

The clock is the trail's own. Two trails that see the same calls write the same records, but for what moto answers.
"""
import copy
import datetime
import functools
import gzip
import json
import pathlib
import re
import uuid

import boto3
from botocore.config import Config

from . import bodies
from .actors import ACCOUNT, ACTORS, Actor

READS = re.compile("Get|List|Describe|Head|Lookup|Search|BatchGet|Simulate|AssumeRole")
# Services that log in us-east-1 wherever their callers are.
GLOBAL = ("iam", "route53", "cloudfront", "organizations")
SOURCES = {"elbv2": "elasticloadbalancing", "elb": "elasticloadbalancing", "cloudwatch": "monitoring", "efs": "elasticfilesystem", "stepfunctions": "states"}
IDS = uuid.UUID("6f1b2c3d-5a4e-4c3b-8d2a-1f0e9d8c7b6a")
DELIVERY = datetime.timedelta(minutes=5)
SHAPE = "%Y-%m-%dT%H:%M:%SZ"


class Trail:
    """`start`: when the first call is made; each takes `pace`."""

    def __init__(self, endpoint: str, start: datetime.datetime, pace: datetime.timedelta = datetime.timedelta(seconds=2)):
        self.endpoint, self.now, self.pace = endpoint, start.replace(microsecond=0), pace
        self.records: list[dict] = []
        self.session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
        self._numbers = 0

    def later(self, **passed: float) -> None:
        """`later(minutes=4)`"""
        self.now += datetime.timedelta(**passed)

    @functools.cache
    def client(self, name: str, service: str, region: str = "us-east-1"):
        """A client with the credentials and the habits of an actor."""
        client = self.session.client(service, region_name=region, endpoint_url=self.endpoint,
                                     config=Config(s3={"addressing_style": "path"}, proxies={}, retries={"total_max_attempts": 1}))
        # Last, so that what botocore fills in is seen as it is sent.
        client.meta.events.register_last("before-parameter-build", self._note)
        client.meta.events.register("after-call", functools.partial(self._called, name, service, region))
        return client

    @functools.cache
    def actor(self, name: str) -> Actor:
        """Whose session began before now; the records of that come first."""
        began = self.now
        actor = ACTORS[name][0](lambda seconds: (began + datetime.timedelta(seconds=seconds)).strftime(SHAPE))
        for seconds, record in actor.before:
            self.add(record, began + datetime.timedelta(seconds=seconds))
        return actor

    def add(self, record: dict, time: datetime.datetime | None = None) -> dict:
        """Completes a record; what it says itself stays."""
        self._numbers += 1
        envelope = {"eventVersion": "1.11", "eventTime": (time or self.now).strftime(SHAPE), "awsRegion": "us-east-1",
                    "requestParameters": None, "responseElements": None, "requestID": self._id("request"), "eventID": self._id("event"),
                    "readOnly": bool(READS.match(record["eventName"])), "eventType": "AwsApiCall", "managementEvent": True,
                    "recipientAccountId": ACCOUNT, "eventCategory": "Management"}
        self.records.append(envelope | record)
        return self.records[-1]

    def _id(self, of: str) -> str:
        return str(uuid.uuid5(IDS, f"{of} {self._numbers}"))

    def _note(self, params: dict, context: dict, **_) -> None:
        context["trail"] = copy.deepcopy(params)

    def _called(self, name: str, service: str, region: str, http_response, parsed: dict, model, context: dict, **_) -> None:
        actor = self.actor(name)
        reads = bool(READS.match(model.name))
        source = SOURCES.get(service, service)
        identity = copy.deepcopy(actor.identity)
        if actor.console:
            identity["accessKeyId"] = "ASIA" + self._id(f"key of {name}").replace("-", "")[:16].upper()
        command = re.sub("(?<=[a-z0-9])(?=[A-Z])", "-", model.name).lower()
        agent = (actor.s3_agent if service == "s3" and actor.s3_agent else actor.agent)
        agent = agent.format(command=f"{'s3api' if service == 's3' else service}.{command}", service=service)
        invoked = "invokedBy" in identity
        params = context.get("trail") or {}
        host = f"{source}.amazonaws.com" if service in GLOBAL else f"{source}.{region}.amazonaws.com"
        record = {
            "userIdentity": identity, "eventSource": f"{source}.amazonaws.com", "eventName": bodies.event_name(service, model.name),
            "awsRegion": "us-east-1" if service in GLOBAL else region, "sourceIPAddress": actor.address,
            "userAgent": f"[{agent}]" if service == "s3" and not invoked else agent,
            "requestParameters": bodies.request(service, model, params, region)}
        error = parsed.get("Error") if http_response.status_code >= 300 else None
        if error:
            code = error.get("Code", "Unknown")
            record |= {"errorCode": f"Client.{code}" if service == "ec2" else code, "errorMessage": error.get("Message", "")}
        else:
            record["responseElements"] = bodies.response(service, model, parsed, reads)
        if service == "s3":
            record["additionalEventData"] = {"SignatureVersion": "SigV4", "CipherSuite": "TLS_AES_128_GCM_SHA256", "AuthenticationMethod": "AuthHeader"}
            if "Bucket" in params:
                host = f"{params['Bucket']}.{host}"
                record["resources"] = [{"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{params['Bucket']}"}]
        if not invoked and not (actor.proxied and service != "s3"):
            record["tlsDetails"] = {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": host}
        # S3 never says that the console's credentials were used.
        if actor.console and service != "s3":
            record["sessionCredentialFromConsole"] = "true"
        self.add(record)
        self.now += self.pace

    def files(self) -> dict[str, bytes]:
        """Key -> log file: what is delivered together is one file."""
        heaps: dict[tuple, list[dict]] = {}
        for record in sorted(self.records, key=lambda record: record["eventTime"]):
            at = datetime.datetime.strptime(record["eventTime"], SHAPE) + DELIVERY
            at -= datetime.timedelta(minutes=at.minute % 5, seconds=at.second)
            heaps.setdefault((record["recipientAccountId"], record["awsRegion"], at), []).append(record)
        files = {}
        for (account, region, at), records in heaps.items():
            unique = uuid.uuid5(IDS, f"{account} {region} {at}").hex[:16]
            key = f"AWSLogs/{account}/CloudTrail/{region}/{at:%Y/%m/%d}/{account}_CloudTrail_{region}_{at:%Y%m%dT%H%MZ}_{unique}.json.gz"
            files[key] = gzip.compress(json.dumps({"Records": records}).encode(), mtime=0)
        return files

    def write(self, folder: pathlib.Path) -> None:
        """As `aws s3 sync` would bring them."""
        for key, body in self.files().items():
            path = folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)

    def deliver(self, bucket: str, account: str) -> None:
        """Into a bucket of another account, as organizations keep their logs: the account that is watched does not have it."""
        assumed = self._plain("sts").assume_role(RoleArn=f"arn:aws:iam::{account}:role/logs", RoleSessionName="cloudtrail")["Credentials"]
        s3 = self._plain("s3", aws_access_key_id=assumed["AccessKeyId"], aws_secret_access_key=assumed["SecretAccessKey"],
                         aws_session_token=assumed["SessionToken"])
        s3.create_bucket(Bucket=bucket)
        for key, body in self.files().items():
            s3.put_object(Bucket=bucket, Key=key, Body=body)

    def _plain(self, service: str, **credentials: str):
        return self.session.client(service, endpoint_url=self.endpoint, config=Config(s3={"addressing_style": "path"}, proxies={}), **credentials)

"""LookupEvents, as CloudTrail answers it: one attribute, the newest first, 50 a page, one region, two calls a second.
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""
import base64
import datetime
import gzip
import json
import pathlib
import re
import time

PAGE = 50
A_SECOND = 2
# Where a record names a resource -> its type. Not every service tells, and no type is needed to be found by name.
NAMED = {"userName": "AWS::IAM::User", "roleName": "AWS::IAM::Role", "groupName": "AWS::IAM::Group", "policyArn": "AWS::IAM::Policy",
         "bucketName": "AWS::S3::Bucket", "accessKeyId": "AWS::IAM::AccessKey", "functionName": "AWS::Lambda::Function"}
EC2_ID = re.compile("(sg|i|vpc|subnet|vol|eni|rtb|igw|nat|acl|eipalloc|lt)-[0-9a-f]{8,17}")


class History:
    """Ninety days of records, of one account. `throttled`: refuses the third call within a second, as AWS does."""

    def __init__(self, records: list[dict], throttled: bool = False):
        self.records = sorted(records, key=lambda record: record["eventTime"], reverse=True)
        self.throttled = throttled
        self.recent: dict[str, list[float]] = {}

    @classmethod
    def of(cls, folder: pathlib.Path, throttled: bool = False) -> "History":
        files = sorted(folder.rglob("*_CloudTrail_*.json.gz"))
        return cls([record for file in files for record in json.loads(gzip.decompress(file.read_bytes()))["Records"]], throttled)

    def answer(self, region: str, body: bytes) -> tuple[int, dict]:
        """Status and body."""
        wanted = json.loads(body or b"{}")
        if self.throttled:
            now = time.monotonic()
            recent = [at for at in self.recent.get(region, []) if now - at < 1]
            if len(recent) >= A_SECOND:
                return 400, {"__type": "ThrottlingException", "message": "Rate exceeded"}
            self.recent[region] = [*recent, now]
        attributes = wanted.get("LookupAttributes") or []
        if len(attributes) > 1:
            return 400, {"__type": "InvalidLookupAttributesException", "message": "only one attribute"}
        query = json.dumps({k: v for k, v in wanted.items() if k != "NextToken"}, sort_keys=True)
        start = 0
        if token := wanted.get("NextToken"):
            told, _, at = base64.b64decode(token).decode().rpartition("|")
            if told != query:
                return 400, {"__type": "InvalidNextTokenException", "message": "the token is of another query"}
            start = int(at)
        found = [event for event in map(event_of, (r for r in self.records if r["awsRegion"] == region))
                 if wanted.get("StartTime", 0) <= event["EventTime"] <= wanted.get("EndTime", 1 << 40) and all(has(event, a) for a in attributes)]
        end = start + min(wanted.get("MaxResults", PAGE), PAGE)
        answer: dict = {"Events": found[start:end]}
        if end < len(found):
            answer["NextToken"] = base64.b64encode(f"{query}|{end}".encode()).decode()
        return 200, answer


def event_of(record: dict) -> dict:
    identity = record.get("userIdentity") or {}
    moment = datetime.datetime.strptime(record["eventTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    session = identity.get("arn", "").rsplit("/", 1)[-1] if identity.get("type") == "AssumedRole" else None
    event = {"EventId": record["eventID"], "EventName": record["eventName"], "ReadOnly": str(record["readOnly"]).lower(),
             "EventTime": moment.timestamp(), "EventSource": record["eventSource"], "Username": session or identity.get("userName", "root"),
             "Resources": resources(record), "CloudTrailEvent": json.dumps(record)}
    return event | ({"AccessKeyId": identity["accessKeyId"]} if identity.get("accessKeyId") else {})


def has(event: dict, attribute: dict) -> bool:
    key, value = attribute["AttributeKey"], attribute["AttributeValue"]
    if key in ("ResourceName", "ResourceType"):
        return any(resource.get(key) == value for resource in event["Resources"])
    return event.get(key) == value


def resources(record: dict) -> list[dict]:
    found: dict[str, str | None] = {}

    def walk(value, key: str = "") -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                walk(inner, name)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, key)
        elif isinstance(value, str) and (key in NAMED or record["eventSource"] == "ec2.amazonaws.com" and EC2_ID.fullmatch(value)):
            found[value] = NAMED.get(key)

    for resource in record.get("resources") or []:
        found[resource["ARN"]] = resource.get("type")
    walk(record.get("requestParameters"))
    walk(record.get("responseElements"))
    return [{"ResourceName": name} | ({"ResourceType": kind} if kind else {}) for name, kind in found.items()]

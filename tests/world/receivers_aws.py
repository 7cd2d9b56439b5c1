"""The counterparts of the receivers in AWS. `serve`: a moto with topics, queues, a bus and Security Hub; it says as JSON in a line what there is,
then answers a question a line. `asff`: findings on stdin against botocore's model of BatchImportFindings. `signature`: a signed request on stdin
against botocore's own signature.

    python -m tests.world.receivers_aws serve|asff|signature
"""
import json
import re
import sys
import urllib.parse

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.loaders
import botocore.model
import botocore.validate

from tests.world.moto import ACCOUNT, Moto

REGION = "eu-central-1"
OTHER_ACCOUNT = "222222222222"
MEMBER = "111111111111"  # of the sample findings
FILTER = {"severity": ["critical"], "account": [MEMBER]}


class Places:
    def __init__(self, endpoint: str):
        self.endpoint = endpoint
        self.sns, self.sqs, self.events = (self.client(name) for name in ("sns", "sqs", "events"))

    def client(self, service: str, account: str = ACCOUNT, region: str = REGION):
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        if account != ACCOUNT:
            sts = boto3.client("sts", endpoint_url=self.endpoint, region_name=REGION, **keys)
            given = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/test", RoleSessionName="test")["Credentials"]
            keys = {"aws_access_key_id": given["AccessKeyId"], "aws_secret_access_key": given["SecretAccessKey"],
                    "aws_session_token": given["SessionToken"]}
        return boto3.client(service, endpoint_url=self.endpoint, region_name=region, **keys)

    def queue(self, name: str) -> tuple[str, str]:
        attributes = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def build(self) -> dict:
        made = {"endpoint": self.endpoint}
        made["queue"], _ = self.queue("alerts")
        made["fifo_queue"], _ = self.queue("alerts.fifo")
        for topic, queue, name, policy in (
            ("topic", "topic_queue", "driftd", None), ("topic", "filtered_queue", "driftd", FILTER),
            ("fifo_topic", "fifo_topic_queue", "driftd.fifo", None),
        ):
            attributes = {"FifoTopic": "true"} if name.endswith(".fifo") else {}
            made[topic] = self.sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
            made[queue], arn = self.queue(queue + (".fifo" if attributes else ""))
            options = {"FilterPolicy": json.dumps(policy)} if policy else {}
            self.sns.subscribe(TopicArn=made[topic], Protocol="sqs", Endpoint=arn, Attributes=options)
        made["other_topic"] = self.client("sns", OTHER_ACCOUNT).create_topic(Name="other")["TopicArn"]
        made["bus"] = "security"
        self.events.create_event_bus(Name=made["bus"])
        made["bus_queue"], arn = self.queue("bus")
        self.events.put_rule(Name="all", EventBusName=made["bus"], EventPattern=json.dumps({"source": ["driftd"]}))
        self.events.put_targets(Rule="all", EventBusName=made["bus"], Targets=[{"Id": "1", "Arn": arn}])
        return made

    def messages(self, url: str) -> list[dict]:
        """Takes all messages out of a queue."""
        found = []
        while got := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"],
                                              AttributeNames=["All"]).get("Messages"):
            for message in got:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                attributes = {name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()}
                found.append({"body": message["Body"], "attributes": attributes,
                              "group": message.get("Attributes", {}).get("MessageGroupId")})
        return found

    def findings(self, account: str, region: str) -> list[dict]:
        pages = self.client("securityhub", account, region).get_paginator("get_findings").paginate()
        return [finding for page in pages for finding in page["Findings"]]


def serve() -> None:
    with Moto(bare=True) as moto:
        places = Places(moto.endpoint)
        print(json.dumps(places.build()), flush=True)
        for line in sys.stdin:
            question, *arguments = line.split()
            print(json.dumps(getattr(places, question)(*arguments), default=str), flush=True)


def asff() -> None:
    findings = json.load(sys.stdin)
    model = botocore.loaders.Loader().load_service_model("securityhub", "service-2")
    shape = botocore.model.ServiceModel(model).operation_model("BatchImportFindings").input_shape
    wrong = []
    report = botocore.validate.ParamValidator().validate({"Findings": findings}, shape)
    if report.has_errors():
        wrong.append(report.generate_report())
    wrong += list(breaches({"Findings": findings}, shape, "", model["shapes"]))
    for finding in findings:
        size = len(json.dumps(finding).encode())
        if size > 240_000:
            wrong.append(f"{finding['Id']}: {size} bytes")
        if not re.fullmatch(r"arn:[a-z-]+:securityhub:[a-z0-9-]+:\d{12}:product/\d{12}/default", finding["ProductArn"]):
            wrong.append(finding["ProductArn"])
        for kind in finding["FindingProviderFields"]["Types"]:
            if kind.split("/")[0] not in NAMESPACES or kind.count("/") > 2:
                wrong.append(kind)
        for resource in finding["Resources"]:
            if resource["Type"] not in model["shapes"]["ResourceDetails"]["members"] and resource["Type"] not in TYPES:
                wrong.append(f"{resource['Type']} is no type of a resource")
        if too_many := set(finding) & NOT_OURS:
            wrong.append(f"{too_many} are not for providers to update")
    if wrong:
        sys.exit("\n".join(wrong))


NAMESPACES = ("Software and Configuration Checks", "TTPs", "Effects", "Unusual Behaviors", "Sensitive Data Identifications")
# Of the list of the user guide, without details of their own in the model.
TYPES = ("AwsAccount", "AwsEc2Image", "AwsEc2Snapshot", "AwsIamInstanceProfile")
NOT_OURS = {"Note", "UserDefinedFields", "VerificationState", "Workflow", "WorkflowState", "Confidence", "Criticality",
            "RelatedFindings", "Severity", "Types"}
# The documentation says so, the model's constraints do not: characters of texts.
LENGTHS = {"Title": 256, "Description": 1024, "Id": 512, "GeneratorId": 512, "Original": 64}


def breaches(value, shape, path, shapes):
    """What botocore does not look at: enumerations, patterns, the most members."""
    raw = shapes[shape.name]
    if shape.type_name == "structure":
        for name, inner in value.items():
            if name in shape.members:
                yield from breaches(inner, shape.members[name], f"{path}.{name}", shapes)
                if name in LENGTHS and isinstance(inner, str) and len(inner) > LENGTHS[name]:
                    yield f"{path}.{name}: {len(inner)} characters"
            else:
                yield f"{path}.{name}: no such member"
        text = value.get("Text") if path.endswith(".Recommendation") else None
        if text and len(text) > 512:
            yield f"{path}.Text: {len(text)} characters"
    elif shape.type_name == "list":
        if len(value) > raw.get("max", 1000):
            yield f"{path}: {len(value)} members"
        for number, inner in enumerate(value):
            yield from breaches(inner, shape.member, f"{path}[{number}]", shapes)
    elif shape.type_name == "map":
        if len(value) > 50:
            yield f"{path}: {len(value)} pairs"
        for key, inner in value.items():
            yield from breaches(key, shape.key, f"{path} key", shapes)
            yield from breaches(inner, shape.value, f"{path}[{key}]", shapes)
            if len(key) > 128 or len(inner) > 2048 or key.startswith("aws/"):
                yield f"{path}[{key}]: too long, or not ours"
    elif shape.type_name == "string":
        if raw.get("enum") and value not in raw["enum"]:
            yield f"{path}: {value!r} is none of {raw['enum']}"
        if raw.get("pattern") and not re.search(raw["pattern"], value):
            yield f"{path}: {value!r} does not match {raw['pattern']}"


def signature() -> None:
    """botocore signs the same request with the same keys at the same time: {url, headers, body, service, region, key, secret, token}."""
    given = json.load(sys.stdin)
    head = {name.lower(): value for name, value in given["headers"].items()}
    said = dict(re.findall(r"(\w+)=([^, ]+)", head["authorization"]))
    signed = {name: head[name] for name in said["SignedHeaders"].split(";") if name != "host"}
    request = botocore.awsrequest.AWSRequest("POST", given["url"], headers=signed, data=given["body"].encode())
    request.context["timestamp"] = head["x-amz-date"]
    credentials = botocore.credentials.Credentials(given["key"], given["secret"], given["token"])
    signer = botocore.auth.SigV4Auth(credentials, given["service"], given["region"])
    own = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    if own != said["Signature"]:
        sys.exit(f"{signer.canonical_request(request)}\n{own} is not {said['Signature']} of {head['authorization']}")
    for name in ("host", "x-amz-date", *(["x-amz-security-token"] if given["token"] else [])):
        if name not in said["SignedHeaders"].split(";"):
            sys.exit(f"{name} is not signed")
    if urllib.parse.urlsplit(given["url"]).netloc != head["host"]:
        sys.exit(f"{head['host']} is another host")


if __name__ == "__main__":
    {"serve": serve, "asff": asff, "signature": signature}[sys.argv[1]]()

"""How CloudTrail writes what a call sent and what it answered: EC2's flat and wrapped shapes, S3's parsed documents, names with
their first letter lowered everywhere else, and what it hides. Works from botocore's models; knows no service's data.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""
import datetime
import json
import re
import urllib.parse
from typing import Any

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
LIMIT = 100 * 1024
# Operations of EC2 that came late are written with their XML's names, in a wrapper.
WRAPPED = re.compile("ModifySecurityGroupRules|ModifyVolume$|ModifyInstance(Metadata|Credit)|(Create|Delete)(NatGateway|FlowLogs|VpcEndpoint)|"
                     "LaunchTemplate|IamInstanceProfile|VpcCidrBlock|TransitGateway|ManagedPrefixList|EgressOnlyInternetGateway")
# Lists of EC2's flat shape: member -> (name of the list, name of a plain item).
SETS = {"Resources": ("resourcesSet", "resourceId"), "Tags": ("tagSet", None), "InstanceIds": ("instancesSet", "instanceId"),
        "Groups": ("groupSet", "groupId"), "SecurityGroupIds": ("groupSet", "groupId"), "SecurityGroupRuleIds": ("securityGroupRuleIds", None),
        "TagSpecifications": ("tagSpecificationSet", None), "BlockDeviceMappings": ("blockDeviceMapping", None)}
EMPTY_IN_A_PERMISSION = ("groups", "ipRanges", "ipv6Ranges", "prefixListIds")
S3_NAMES = {"PutPublicAccessBlock": "PutBucketPublicAccessBlock", "DeletePublicAccessBlock": "DeleteBucketPublicAccessBlock",
            "PutBucketLifecycleConfiguration": "PutBucketLifecycle", "PutBucketNotificationConfiguration": "PutBucketNotification",
            "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration"}
LAMBDA_DATES = {"UpdateFunctionConfiguration": "20150331v2", "UpdateFunctionCode": "20150331v2", "CreateFunction": "20150331",
                "AddPermission": "20150331v2", "RemovePermission": "20150331v2", "TagResource": "20170331v2"}
SECRETS = re.compile("(?i)password|secretstring|secretaccesskey|keymaterial|privatekey|authtoken")


def event_name(service: str, operation: str) -> str:
    if service == "s3":
        return S3_NAMES.get(operation, operation)
    return operation + (LAMBDA_DATES.get(operation, "") if service == "lambda" else "")


def request(service: str, model, params: dict, region: str) -> Any:
    """requestParameters"""
    shape = model.input_shape
    if service == "s3":
        return limited(s3_request(model, params, region))
    if not params or shape is None:
        return None
    if service == "ec2":
        return limited({f"{model.name}Request": wrapped(params, shape)} if WRAPPED.search(model.name) else flat_request(params, shape, model.name))
    body = lowered(params, shape)
    if service == "lambda" and "environment" in body:
        body["environment"] = {}
    if service == "ssm" and "value" in body:
        body["value"] = HIDDEN
    return limited(body)


def response(service: str, model, answer: dict, reads: bool) -> Any:
    """responseElements; null for reads, and for whatever answers nothing, as most writes of IAM and S3 do."""
    shape = model.output_shape
    if service == "s3" or reads and service != "sts":
        return None
    answer = {k: v for k, v in answer.items() if k != "ResponseMetadata"}
    if service == "ec2":
        body = flat_response(answer, shape) if shape is not None else {}
        if WRAPPED.search(model.name):
            return limited({f"{model.name}Response": {"xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/", **body}})
        if not body or set(body) == {"return"}:
            return {"_return": body.get("return", True)}
        body.pop("return", None)
        return limited({"_return": True, **body} if re.match("Authorize|Revoke|Create(Security|Route)", model.name) else body)
    if shape is None or not answer:
        return None
    body = lowered(answer, shape)
    if service == "rds" and len(body) == 1 and isinstance(next(iter(body.values())), dict):
        return limited(next(iter(body.values())))
    return limited(body) or None


def limited(body: Any) -> Any:
    return {"omitted": True} if body is not None and len(json.dumps(body, default=str)) > LIMIT else body


def first_low(name: str) -> str:
    return name[:1].lower() + name[1:]


def lowered(value: Any, shape, name: str = "") -> Any:
    """Every service but EC2 and S3: the API's names, their first letter lowered."""
    if SECRETS.search(name) or shape.metadata.get("sensitive"):
        return HIDDEN
    if shape.type_name == "structure":
        # What identifies an answer of IAM is kept, its secret parts are left out.
        members = {k: v for k, v in value.items() if k in shape.members and k != "SecretAccessKey"}
        return {first_low(k): lowered(v, shape.members[k], k) for k, v in members.items()}
    if shape.type_name == "list":
        return [lowered(item, shape.member, name) for item in value]
    if shape.type_name == "map":
        return {k: lowered(v, shape.value) for k, v in value.items()}
    if isinstance(value, dict):   # an IAM policy, which botocore has parsed
        return urllib.parse.quote(json.dumps(value), safe="")
    return scalar(value)


def scalar(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return value.strftime("%b %-d, %Y, %-I:%M:%S %p")
    return "" if isinstance(value, bytes | bytearray) else value


# ---- EC2

def flat_request(params: dict, shape, operation: str) -> dict:
    body = {}
    for name, value in params.items():
        member = shape.members.get(name)
        if member is None or name == "DryRun":
            continue
        if name == "UserData":
            body["userData"] = "<sensitiveDataRemoved>"
        elif member.type_name == "list":
            label, item = SETS.get(name, (first_low(name), None))
            items = [flat(one, member.member) for one in value]
            body[label] = {"items": [{item: one} for one in items] if item else items}
        else:
            body[first_low(name)] = flat(value, member)
    if operation == "RunInstances":
        first = {name: body.pop(name) for name in ("imageId", "keyName", "minCount", "maxCount") if name in body}
        body = {"instancesSet": {"items": [first]}, **body}
    return {"force": False, **body} if operation == "StopInstances" else body


def flat(value: Any, shape) -> Any:
    """Lists are `items`; inside a tag specification they are plain."""
    if shape.type_name == "structure":
        if "Tags" in shape.members and "ResourceType" in shape.members:
            return {"resourceType": value.get("ResourceType"), "tags": [{"key": t["Key"], "value": t["Value"]} for t in value.get("Tags", [])]}
        body = {}
        for name, inner in value.items():
            member = shape.members[name]
            body[wire(name, member)] = {"items": [flat(i, member.member) for i in inner]} if member.type_name == "list" else flat(inner, member)
        if "IpRanges" in shape.members:
            body |= {name: {} for name in EMPTY_IN_A_PERMISSION if name not in body}
        return body
    if shape.type_name == "list":
        return {"items": [flat(item, shape.member) for item in value]}
    return scalar(value)


def wire(name: str, member) -> str:
    """The name in EC2's XML."""
    return first_low(member.serialization.get("name") or name)


def flat_response(value: Any, shape) -> Any:
    if shape.type_name == "structure":
        return {wire(k, shape.members[k]): flat_response(v, shape.members[k]) for k, v in value.items() if k in shape.members}
    if shape.type_name == "list":
        return {"items": [flat_response(item, shape.member) for item in value]} if value else {}
    if isinstance(value, datetime.datetime):
        return int(value.timestamp() * 1000)
    return scalar(value)


def wrapped(value: Any, shape, tag: int | None = None) -> Any:
    """As in the XML that was sent, re-typed: a list of one is an object, items are numbered."""
    if shape.type_name == "structure":
        body = {} if tag is None else {"tag": tag}
        for name, inner in value.items():
            member = shape.members[name]
            label = member.serialization.get("queryName") or member.serialization.get("name") or name
            label = label[:1].upper() + label[1:]
            if member.type_name == "list":
                items = [wrapped(item, member.member, number + 1) for number, item in enumerate(inner)]
                items = [item if isinstance(item, dict) else {"tag": number + 1, "content": item} for number, item in enumerate(items)]
                body[label] = items[0] if len(items) == 1 else items
            else:
                body[label] = wrapped(inner, member)
        return body
    if isinstance(value, str) and value in ("true", "false"):
        return value == "true"
    return int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value) else scalar(value)


# ---- S3

def s3_request(model, params: dict, region: str) -> dict:
    bucket, shape = params.get("Bucket"), model.input_shape
    body = {"bucketName": bucket} if bucket else {}
    body["Host"] = f"{bucket}.s3.{region}.amazonaws.com" if bucket else f"s3.{region}.amazonaws.com"
    _, _, query = model.http["requestUri"].partition("?")
    body |= {key: "" for key in query.split("&") if key and "=" not in key}
    if "Key" in params:
        body["key"] = params["Key"]
    for name, value in params.items():
        where = shape.members[name].serialization
        if where.get("location") == "header" and where["name"].startswith("x-amz-") and "checksum" not in where["name"]:
            body[where["name"]] = scalar(value)
    payload = shape.serialization.get("payload")
    if model.name == "PutBucketPolicy":
        body["bucketPolicy"] = json.loads(params["Policy"])
    elif payload in params and shape.members[payload].type_name == "structure":
        member = shape.members[payload]
        xml = s3_xml(params[payload], member)
        body[member.serialization.get("name") or payload] = {"xmlns": "http://s3.amazonaws.com/doc/2006-03-01/", **xml}
    return body


def s3_xml(value: Any, shape) -> Any:
    if shape.type_name != "structure":
        return scalar(value)
    body = {}
    for name, inner in value.items():
        member = shape.members[name]
        label = member.serialization.get("name") or name
        if member.type_name == "list":
            items = [s3_xml(item, member.member) for item in inner]
            one_or_many = items[0] if len(items) == 1 else items
            item = member.member.serialization.get("name") or "member"
            body[label] = one_or_many if member.serialization.get("flattened") else {item: one_or_many}
        else:
            body[label] = s3_xml(inner, member)
    return body

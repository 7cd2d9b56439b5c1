"""The ways in which a door fails, and which calls they strike."""
import fnmatch
import json
import re

from .message import Request, framed

class Fault:
    """{"kind": "deny", "match": "ec2:Describe*", "account": "111111111111", "region": "eu-west-1", "first": 1}: `account` is that of an
    assumed role; `first` spares all but the first so many, `every` all but every so manieth. Kinds: those of REFUSALS; `reset` (the
    connection breaks), `truncate` (in the middle of the answer), `cut` (half a document that says it is whole), `hang` (no answer
    until the client gives up or the door gets another fault), `gateway` (one on the way says that it got no answer), `edit` (what
    matches the regular expression `old` becomes `new`: what AWS says and moto does not)."""

    def __init__(self, told: dict):
        self.kind, self._told, self._seen = told["kind"], told, 0

    def edit(self, body: bytes) -> bytes:
        return re.sub(self._told["old"].encode(), self._told["new"].encode(), body)

    def strikes(self, request: Request) -> bool:
        told = self._told
        if not fnmatch.fnmatchcase(request.operation, told.get("match", "*")):
            return False
        if told.get("account", request.account) != request.account or told.get("region", request.region) != request.region:
            return False
        self._seen += 1
        return self._seen <= told.get("first", 1 << 30) and self._seen % told.get("every", 1) == 0


# Fault -> (status, code of EC2, of the query services, of S3).
REFUSALS = {
    "deny": (403, "UnauthorizedOperation", "AccessDenied", "AccessDenied"),
    "throttle": (503, "RequestLimitExceeded", "Throttling", "SlowDown"),
    "error": (500, "InternalError", "ServiceFailure", "InternalError"),
    "expired": (400, "RequestExpired", "ExpiredToken", "ExpiredToken"),
}


def refusal(kind: str, service: str) -> bytes:
    if kind == "gateway":
        return framed(b"HTTP/1.1 504 Gateway Timeout\r\nContent-Type: text/html", b"<html><body>504 Gateway Timeout</body></html>")
    status, ec2, query, s3 = REFUSALS[kind]
    if service in ("cloudtrail", "organizations"):   # JSON, and every refusal is a 400
        code = {"deny": "AccessDeniedException", "throttle": "ThrottlingException"}.get(kind, query)
        body = json.dumps({"__type": code, "message": "made to fail"})
        return framed(f"HTTP/1.1 {500 if kind == 'error' else 400} Made\r\nContent-Type: application/x-amz-json-1.1".encode(), body.encode())
    return refused(service, status, {"ec2": ec2, "s3": s3}.get(service, query))


def refused(service: str, status: int, code: str) -> bytes:
    """In the form of the service's errors, of those that speak XML."""
    if service == "ec2":
        body = f"<Response><Errors><Error><Code>{code}</Code><Message>made to fail</Message></Error></Errors><RequestID>0</RequestID></Response>"
    elif service == "s3":
        body = f"<Error><Code>{code}</Code><Message>made to fail</Message><RequestId>0</RequestId></Error>"
    else:
        body = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>made to fail</Message></Error><RequestId>0</RequestId></ErrorResponse>"
    return framed(f"HTTP/1.1 {status} Made\r\nContent-Type: text/xml".encode(), body.encode())

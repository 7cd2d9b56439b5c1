"""HTTP/1.1 messages of AWS's clients: how a request names its operation, its region, its credentials. Knows no answers."""
import asyncio
import base64
import functools
import re
import urllib.parse

KEPT_HEADERS = re.compile(r"content-type|content-encoding|content-md5|x-amz-(?!date|security-token|content-sha256|user-agent).*")


class Request:
    def __init__(self, method: str, target: str, headers: dict[str, str], body: bytes):
        self.method, self.headers, self.body = method, headers, body
        if target.startswith("http://"):   # sent to us as a proxy
            parts = urllib.parse.urlsplit(target)
            self.headers["host"] = parts.netloc
            target = parts.path + (f"?{parts.query}" if parts.query else "")
        self.target = target
        scope = re.search(r"Credential=([^/]+)/[^/]+/([^/]+)/([^/]+)/", headers.get("authorization", ""))
        self.access_key, self.region, self.service = scope.groups() if scope else ("", "", "")
        self.account = ""   # of an assumed role; the proxy knows to whom the access key belongs

    def with_body(self, body: bytes) -> "Request":
        other = Request(self.method, self.target, self.headers, body)
        other.account = self.account
        return other

    @functools.cached_property
    def operation(self) -> str:
        """`ec2:DescribeVpcs`, `s3:GET /{bucket}?policy`."""
        if action := self.action:
            return f"{self.service}:{action}"
        path, _, query = self.target.partition("?")
        keys = [k for k, v in urllib.parse.parse_qsl(query, keep_blank_values=True) if not v]
        if self.service == "s3" and not path.startswith("/v20180820/"):
            depth = len([p for p in path.split("/") if p])
            path = "/" if depth == 0 else "/{bucket}" if depth == 1 else "/{bucket}/{key}"
        return f"{self.service}:{self.method} {path}" + (f"?{keys[0]}" if keys else "")

    @functools.cached_property
    def action(self) -> str | None:
        """Of services that name one."""
        if target := self.headers.get("x-amz-target"):
            return target.rsplit(".", 1)[-1]
        return self.parameter("Action") if b"Action=" in self.body else None

    def parameter(self, name: str) -> str | None:
        return dict(urllib.parse.parse_qsl(self.body.decode("latin-1"))).get(name)

    @property
    def key(self) -> tuple:
        """What makes two reads the same."""
        return self.method, self.target, self.body, self.region, self.service, self.account, self._account_host()

    def _account_host(self) -> str:
        host = self.headers.get("host", "")
        return host.split(":")[0] if re.match(r"\d{12}\.", host) else ""

    def recorded(self) -> dict:
        """What a replay needs, without times and signatures."""
        headers = {k: v for k, v in self.headers.items() if KEPT_HEADERS.fullmatch(k)}
        headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential=test/20260101/{self.region}/{self.service}/aws4_request, "
                                    "SignedHeaders=host, Signature=0")
        if host := self._account_host():
            headers["host"] = host
        entry = {"operation": self.operation, "method": self.method, "target": self.target, "headers": headers}
        try:
            return {**entry, "body": self.body.decode()}
        except UnicodeDecodeError:
            return {**entry, "body64": base64.b64encode(self.body).decode()}


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ", 2)
    headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:] if line)}
    if headers.pop("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if headers.pop("transfer-encoding", "").lower() == "chunked":
        body = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length") or 0))
    return Request(method, target, headers, body)


def whole(raw: bytes, method: str) -> bytes:
    """An answer as one message with a length."""
    head, _, body = raw.partition(b"\r\n\r\n")
    while head.startswith(b"HTTP/1.1 100"):
        head, _, body = body.partition(b"\r\n\r\n")
    if re.search(rb"(?im)^transfer-encoding:\s*chunked", head):
        decoded = b""
        while body:
            size, _, body = body.partition(b"\r\n")
            length = int(size.split(b";")[0] or b"0", 16)
            decoded, body = decoded + body[:length], body[length + 2:]
        body = decoded
    if method == "HEAD":
        return head + b"\r\n\r\n"   # its length is that of the body it does not have
    return framed(head, body)


def framed(head: bytes, body: bytes) -> bytes:
    lines = [line for line in head.split(b"\r\n")
             if not re.match(rb"(?i)(content-length|transfer-encoding|connection):", line)]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", body])

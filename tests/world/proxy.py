"""A proxy before moto: counts, records, remembers answers, delays and fails on demand. One process, several doors (ports):
all share the memory, each has its own faults. Knows HTTP/1.1 and how AWS requests name their operation; no AWS data. LookupEvents,
which moto does not have, is answered from a folder of log files.
"""
import asyncio
import base64
import contextlib
import fnmatch
import json
import pathlib
import re
import threading
import urllib.parse

from .lookup import History

KEPT_HEADERS = re.compile(r"content-type|content-encoding|content-md5|x-amz-(?!date|security-token|content-sha256|user-agent).*")
NO_BODY = b""


class Request:
    def __init__(self, method: str, target: str, headers: dict[str, str], body: bytes):
        self.method, self.headers, self.body = method, headers, body
        if target.startswith("http://"):   # sent to us as a proxy
            parts = urllib.parse.urlsplit(target)
            self.headers["host"] = parts.netloc
            target = parts.path + (f"?{parts.query}" if parts.query else "")
        self.target = target
        scope = re.search(r"Credential=[^/]+/[^/]+/([^/]+)/([^/]+)/", headers.get("authorization", ""))
        self.region, self.service = scope.groups() if scope else ("", "")

    @property
    def operation(self) -> str:
        """`ec2:DescribeVpcs`, `s3:GET /{bucket}?policy`."""
        if action := self._action():
            return f"{self.service}:{action}"
        path, _, query = self.target.partition("?")
        keys = [k for k, v in urllib.parse.parse_qsl(query, keep_blank_values=True) if not v]
        if self.service == "s3" and not path.startswith("/v20180820/"):
            depth = len([p for p in path.split("/") if p])
            path = "/" if depth == 0 else "/{bucket}" if depth == 1 else "/{bucket}/{key}"
        return f"{self.service}:{self.method} {path}" + (f"?{keys[0]}" if keys else "")

    def _action(self) -> str | None:
        if target := self.headers.get("x-amz-target"):
            return target.rsplit(".", 1)[-1]
        if b"Action=" in self.body:
            return dict(urllib.parse.parse_qsl(self.body.decode("latin-1"))).get("Action")
        return None

    @property
    def key(self) -> tuple:
        """What makes two reads the same."""
        return self.method, self.target, self.body, self.region, self.service, self._account_host()

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


class Proxy:
    """`memory`: answers are kept, so that a second run does not wait for moto (reads only, or the account would not change)."""

    def __init__(self, upstream: str, *, memory: bool = False, latency: float = 0.0, doors: int = 1):
        self.upstream = urllib.parse.urlsplit(upstream)
        self.memory: dict[tuple, bytes] | None = {} if memory else None
        self.latency, self.doors = latency, doors
        self.history: History | None = None
        self.recorded: list[dict] | None = None
        self.ports: list[int] = []
        self.first_door = Door(self)

    def __enter__(self) -> "Proxy":
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError("the proxy did not start")
        self.endpoint = f"http://127.0.0.1:{self.ports[0]}"
        return self

    def __exit__(self, *_) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self, ready: threading.Event) -> None:
        async def start() -> None:
            for number in range(self.doors):
                door = Door(self) if number else self.first_door
                server = await asyncio.start_server(door.serve, "127.0.0.1", 0, limit=1 << 20, backlog=512)
                self.ports.append(server.sockets[0].getsockname()[1])
            ready.set()

        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(start())
        self._loop.run_forever()

    async def answer(self, request: Request) -> bytes:
        """moto's answer, status line and headers included."""
        if self.history and request.operation == "cloudtrail:LookupEvents":
            status, body = self.history.answer(request.region, request.body)
            return framed(f"HTTP/1.1 {status} Made\r\nContent-Type: application/x-amz-json-1.1".encode(), json.dumps(body).encode())
        if self.memory is not None and (known := self.memory.get(request.key)):
            return known
        host = request.headers.get("host") or self.upstream.netloc
        headers = {**request.headers, "host": host, "content-length": str(len(request.body)), "connection": "close"}
        reader, writer = await asyncio.open_connection(self.upstream.hostname, self.upstream.port)
        head = f"{request.method} {request.target} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        writer.write(head.encode("latin-1") + b"\r\n" + request.body)
        raw = await reader.read(-1)
        writer.close()
        answer = whole(raw, request.method)
        if self.recorded is not None:
            self.recorded.append({**request.recorded(), "status": int(answer.split(b" ", 2)[1])})
        # moto stumbles now and then when many ask at once; a second try must not get the same again.
        if self.memory is not None and not answer.split(b" ", 2)[1].startswith(b"5"):
            self.memory[request.key] = answer
        return answer


class Door:
    """One port: its own faults and counts."""

    def __init__(self, proxy: Proxy):
        self.proxy = proxy
        self.fault: dict | None = None
        self.calls: list[str] = []
        self.struck = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while request := await read_request(reader, writer):
                if request.target in ("/_door", "/_history"):
                    self._admin(request, writer)
                    if request.headers.get("connection") == "close":
                        break
                    continue
                self.calls.append(request.operation)
                if self.proxy.latency:
                    await asyncio.sleep(self.proxy.latency)
                fault = self._fault(request.operation)
                self.struck += fault in ("reset", *REFUSALS)
                if fault == "reset":
                    writer.transport.abort()
                    return
                answer = refusal(fault, request.service) if fault in REFUSALS else await self.proxy.answer(request)
                head, _, body = answer.partition(b"\r\n\r\n")
                self.struck += fault in ("truncate", "cut") and bool(body)
                if fault == "truncate" and body:   # the connection ends before the announced length
                    writer.write(head + b"\r\n\r\n" + body[: len(body) // 2])
                    await writer.drain()
                    break
                if fault == "cut" and body:        # half a document that says it is whole
                    body = body[: len(body) // 2]
                    answer = framed(head, body)
                writer.write(answer)
                await writer.drain()
        writer.close()

    def _fault(self, operation: str) -> str | None:
        """{"kind": ..., "match": "ec2:Describe*", "first": 1}: `first` spares all but the first so many, `every` all but every so manieth."""
        fault = self.fault
        if not fault or not fnmatch.fnmatchcase(operation, fault.get("match", "*")):
            return None
        fault["seen"] = fault.get("seen", 0) + 1
        if fault["seen"] > fault.get("first", 1 << 30) or fault["seen"] % fault.get("every", 1):
            return None
        return fault["kind"]

    def _admin(self, request: Request, writer: asyncio.StreamWriter) -> None:
        """PUT /_door: a fault, or null; GET /_door: what was called since the last PUT, and how often the fault struck.
        PUT /_history, for all doors: {"folder": log files, "throttled": as AWS does}."""
        if request.target == "/_history":
            wanted = json.loads(request.body)
            self.proxy.history = History.of(pathlib.Path(wanted["folder"]), wanted.get("throttled", False))
        elif request.method == "PUT":
            self.fault, self.calls, self.struck = json.loads(request.body), [], 0
        seen = {"calls": self.calls, "struck": self.struck}
        writer.write(framed(b"HTTP/1.1 200 OK\r\nContent-Type: application/json", json.dumps(seen).encode()))


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


# Fault -> (status, code of EC2, of the query services, of S3).
REFUSALS = {
    "deny": (403, "UnauthorizedOperation", "AccessDenied", "AccessDenied"),
    "throttle": (503, "RequestLimitExceeded", "Throttling", "SlowDown"),
    "error": (500, "InternalError", "ServiceFailure", "InternalError"),
    "expired": (400, "RequestExpired", "ExpiredToken", "ExpiredToken"),
}


def refusal(kind: str, service: str) -> bytes:
    status, ec2, query, s3 = REFUSALS[kind]
    if service == "cloudtrail":   # JSON, and every refusal is a 400
        code = {"deny": "AccessDeniedException", "throttle": "ThrottlingException"}.get(kind, query)
        body = json.dumps({"__type": code, "message": "made to fail"})
        return framed(f"HTTP/1.1 {500 if kind == 'error' else 400} Made\r\nContent-Type: application/x-amz-json-1.1".encode(), body.encode())
    if service == "ec2":
        body = f"<Response><Errors><Error><Code>{ec2}</Code><Message>made to fail</Message></Error></Errors><RequestID>0</RequestID></Response>"
    elif service == "s3":
        body = f"<Error><Code>{s3}</Code><Message>made to fail</Message><RequestId>0</RequestId></Error>"
    else:
        body = f"<ErrorResponse><Error><Type>Sender</Type><Code>{query}</Code><Message>made to fail</Message></Error><RequestId>0</RequestId></ErrorResponse>"
    return framed(f"HTTP/1.1 {status} Made\r\nContent-Type: text/xml".encode(), body.encode())

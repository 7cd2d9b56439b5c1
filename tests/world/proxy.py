"""A proxy before moto: counts, records, remembers answers, cuts listings into pages, delays and fails on demand. One process, several
doors (ports): all share the memory, each has its own faults. No AWS data, but whose credentials AssumeRole handed out. LookupEvents,
which moto does not have, is answered from a folder of log files.
"""
import asyncio
import contextlib
import json
import pathlib
import re
import threading
import urllib.parse

from . import paging
from .faults import REFUSALS, Fault, refusal, refused
from .lookup import History
from .message import Request, framed, read_request, whole


class Proxy:
    """`memory`: answers are kept, so that a second run does not wait for moto (reads only, or the account would not change).
    `pages`: listings come in pages of these sizes; without, as moto gives them, mostly as a whole."""

    def __init__(self, upstream: str, *, memory: bool = False, latency: float = 0.0, doors: int = 1, pages: paging.Sizes | None = None):
        self.upstream = urllib.parse.urlsplit(upstream)
        self.memory: dict[tuple, bytes] | None = {} if memory else None
        self.latency, self.doors, self.pages = latency, doors, pages
        self.accounts: dict[str, str] = {}                 # access key of an assumed role -> account
        self._cuts: dict[tuple, tuple[bytes, paging.Cut]] = {}   # with the head of the answer
        self._asked: dict[tuple, asyncio.Future] = {}      # what moto is about to answer
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
        if self.pages and (listing := paging.listing(request.service, request.action, request.body, self.pages)):
            return await self._page(request, listing)
        return await self._whole(request)

    async def _page(self, request: Request, listing: paging.Listing) -> bytes:
        if (start := listing.start()) is None:
            return refused(request.service, 400, "InvalidPaginationToken" if request.service == "ec2" else "ValidationError")
        bodies = listing.bodies()
        key = request.with_body(bodies[0]).key
        known = self._cuts.get(key)
        for body in bodies if known is None else ():
            answer = await self._whole(request.with_body(body))
            head, _, text = answer.partition(b"\r\n\r\n")
            if not head.split(b" ", 2)[1].startswith(b"2"):
                return answer
            known = head, paging.Cut(text, listing.form)
            if not known[1].truncated:
                break
        if self.memory is not None:
            self._cuts[key] = known
        head, cut = known
        return framed(head, cut.page(start, listing))

    async def _whole(self, request: Request) -> bytes:
        if self.memory is None:
            return await self._ask(request)
        if known := self.memory.get(request.key):
            return known
        # A client that gave up and asks again waits for the same answer: moto must not have to make it twice.
        if (asked := self._asked.get(request.key)) is None:
            asked = self._asked[request.key] = asyncio.ensure_future(self._ask(request))
            asked.add_done_callback(lambda _: self._asked.pop(request.key))
        return await asyncio.shield(asked)

    async def _ask(self, request: Request) -> bytes:
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
        if request.operation == "sts:AssumeRole" and (key := re.search(rb"<AccessKeyId>(\w+)<", answer)):
            self.accounts[key[1].decode()] = request.parameter("RoleArn").split(":")[4]
        # moto stumbles now and then when many ask at once; a second try must not get the same again.
        if self.memory is not None and not answer.split(b" ", 2)[1].startswith(b"5"):
            self.memory[request.key] = answer
        return answer


class Door:
    """One port: its own faults and counts."""

    def __init__(self, proxy: Proxy):
        self.proxy = proxy
        self.faults: list[Fault] = []
        self.changed = asyncio.Event()   # set when other faults take the place of these
        self.calls: list[str] = []
        self.ended: list[dict[str, str]] = []
        self.struck = 0
        self._serving: set[asyncio.Task | None] = set()   # the event loop itself does not hold its tasks

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._serving.add(task)
        try:
            await self._serve(reader, writer)
        finally:
            self._serving.discard(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while request := await read_request(reader, writer):
                if request.target in ("/_door", "/_history"):
                    self._admin(request, writer)
                    if request.headers.get("connection") == "close":
                        break
                    continue
                request.account = self.proxy.accounts.get(request.access_key, "")
                self.calls.append(request.operation)
                if self.proxy.latency:
                    await asyncio.sleep(self.proxy.latency)
                striking = next((fault for fault in self.faults if fault.strikes(request)), None)
                fault = striking and striking.kind
                self.struck += fault in ("reset", "hang", "gateway", *REFUSALS)
                if fault == "hang" and not await self._hang(reader):
                    self._ends(request, fault)
                    break
                if fault == "reset":
                    self._ends(request, fault)
                    writer.transport.abort()
                    return
                answer = refusal(fault, request.service) if fault in ("gateway", *REFUSALS) else await self.proxy.answer(request)
                self._ends(request, fault)
                head, _, body = answer.partition(b"\r\n\r\n")
                self.struck += fault in ("truncate", "cut") and bool(body)
                if fault == "edit":
                    answer = framed(head, striking.edit(body))
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

    async def _hang(self, reader: asyncio.StreamReader) -> bool:
        """Until the client gives up (-> False) or the door gets other faults."""
        gone, changed = asyncio.ensure_future(reader.read(1)), asyncio.ensure_future(self.changed.wait())
        _, waiting = await asyncio.wait({gone, changed}, return_when=asyncio.FIRST_COMPLETED)
        for one in waiting:
            one.cancel()
        return changed.done()

    def _ends(self, request: Request, fault: str | None) -> None:
        self.ended.append({"operation": request.operation, "account": request.account, "region": request.region, "how": fault or "answered"})

    def _admin(self, request: Request, writer: asyncio.StreamWriter) -> None:
        """PUT /_door: a fault, several, or null; GET /_door: what was called since the last PUT, how often faults struck, and how each
        call ended (operation, account of the assumed role, region, fault or "answered"), in the order of the ends.
        PUT /_history, for all doors: {"folder": log files, "throttled": as AWS does}."""
        if request.target == "/_history":
            wanted = json.loads(request.body)
            self.proxy.history = History.of(pathlib.Path(wanted["folder"]), wanted.get("throttled", False))
        elif request.method == "PUT":
            told = json.loads(request.body) or []
            self.faults = [Fault(one) for one in (told if isinstance(told, list) else [told])]
            self.calls, self.ended, self.struck = [], [], 0
            self.changed.set()
            self.changed = asyncio.Event()
        seen = {"calls": self.calls, "struck": self.struck, "ended": self.ended}
        writer.write(framed(b"HTTP/1.1 200 OK\r\nContent-Type: application/json", json.dumps(seen).encode()))

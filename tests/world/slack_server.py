"""A false Slack, as far as driftd calls it: one channel with its messages and threads, held against slack_sdk's validators; people; presses of
buttons, signed as Slack signs them. It keeps to the pace that Slack asks for: a message per second and channel, with a short burst.
"""
import collections
import hashlib
import hmac
import http.server
import json
import threading
import time
import urllib.parse
import urllib.request

from .moto import DIRECT
from .slack import check

TOKEN, SIGNING_SECRET, CHANNEL = "xoxb-1-2-abc", "8f742231b10e8888abcd99yyyzzz85a5", "C0123456789"
PEOPLE = {"U0OPS": "ops@example.com"}   # id -> the address that the workspace vouches for
BURST = 5                               # messages that may come at once
PAUSE = 1                               # seconds that `Retry-After` names


class Slack(http.server.ThreadingHTTPServer):
    """As a context: it listens on a port of its own. `messages`: the channel, replies too, each as it was sent, with `ts`; `told`: what only
    one person saw; `problems`: why messages were refused; `notices`: ids of driftd's that came; `limited`: how often somebody was too fast."""
    daemon_threads = True
    # Daemons that are killed hang up.
    handle_error = lambda self, *_: None

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.messages, self.told, self.problems, self.limited, self.down = [], [], [], 0, False
        self.notices: set[str] = set()
        self.lock, self.room, self.filled, self.clock = threading.Lock(), float(BURST), time.monotonic(), 0
        self.api = f"http://localhost:{self.server_port}/api"

    def __enter__(self) -> "Slack":
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.shutdown()
        self.server_close()

    def has_room(self) -> bool:
        """For one more message: a bucket that fills with one a second."""
        now = time.monotonic()
        self.room, self.filled = min(BURST, self.room + now - self.filled), now
        if self.room < 1:
            return False
        self.room -= 1
        return True

    def answer(self, method: str, body: dict) -> dict:
        known = {"chat.postMessage": self.post, "chat.update": self.update, "chat.postEphemeral": self.tell,
                 "conversations.history": self.history, "conversations.replies": self.history, "users.info": self.user,
                 "users.lookupByEmail": self.user, "auth.test": lambda _: {"team_id": "T0HOME", "user_id": "U0BOT"}}
        if method not in known:
            return {"ok": False, "error": "unknown_method"}
        if body.get("channel", CHANNEL) != CHANNEL:
            return {"ok": False, "error": "channel_not_found"}
        return {"ok": True} | known[method](body)

    def post(self, body: dict) -> dict:
        if problem := wrong(body):
            self.problems.append(problem)
            return {"ok": False, "error": "invalid_blocks"}
        self.notices.add(notice(body))
        self.clock += 1
        message = body | {"ts": f"{int(time.time())}.{self.clock:06}"}
        self.messages.append(message)
        return {"channel": CHANNEL, "ts": message["ts"]}

    def update(self, body: dict) -> dict:
        if problem := wrong(body):
            self.problems.append(problem)
            return {"ok": False, "error": "invalid_blocks"}
        for at, message in enumerate(self.messages):
            if message["ts"] == body["ts"]:
                self.notices.add(notice(body))
                self.messages[at] = body
                return {"channel": CHANNEL, "ts": body["ts"]}
        return {"ok": False, "error": "message_not_found"}

    def tell(self, body: dict) -> dict:
        self.told.append(body)
        return {"message_ts": "1.1"}

    def history(self, asked: dict) -> dict:
        """Newest first, as Slack answers; everything is one page."""
        thread, oldest = asked.get("ts"), float(asked.get("oldest", 0))
        found = [one for one in self.messages if float(one["ts"]) > oldest
                 and (thread in (one["ts"], one.get("thread_ts")) if thread else "thread_ts" not in one)]
        if asked.get("include_all_metadata") != "true":
            found = [{name: value for name, value in one.items() if name != "metadata"} for one in found]
        return {"messages": found[::-1], "response_metadata": {"next_cursor": ""}}

    def user(self, asked: dict) -> dict:
        for one, email in PEOPLE.items():
            if one == asked.get("user") or email == asked.get("email"):
                return {"user": {"id": one, "team_id": "T0HOME", "deleted": False, "is_bot": False, "is_email_confirmed": True,
                                 "profile": {"email": email}}}
        return {"ok": False, "error": "users_not_found"}

    # What people do.

    def living(self) -> list[dict]:
        """Messages of the channel itself."""
        with self.lock:
            return [one for one in self.messages if "thread_ts" not in one]

    def replies(self, message: dict) -> list[dict]:
        with self.lock:
            return [one for one in self.messages if one.get("thread_ts") == message["ts"]]

    def shown(self) -> tuple[collections.Counter, collections.Counter]:
        """How often each group has a message of its own in the channel, and each notice a reply in its thread."""
        with self.lock:
            groups = [one["metadata"]["event_payload"]["group"] for one in self.messages if "thread_ts" not in one]
            return collections.Counter(groups), collections.Counter(notice(one) for one in self.messages if "thread_ts" in one)

    def press(self, url: str, message: dict, action_id: str, user: str = "U0OPS") -> int:
        """Somebody presses a button of a message; -> what the daemon at `url` answered with."""
        action = next(one for one in buttons(message) if one["action_id"] == action_id)
        payload = {"type": "block_actions", "user": {"id": user}, "team": {"id": "T0HOME"}, "trigger_id": "1.2.abc",
                   "channel": {"id": CHANNEL}, "message": message, "actions": [action]}
        body = urllib.parse.urlencode({"payload": json.dumps(payload)}).encode()
        at = str(int(time.time()))
        signature = hmac.new(SIGNING_SECRET.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
        headers = {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": f"v0={signature}",
                   "Content-Type": "application/x-www-form-urlencoded"}
        with DIRECT.open(urllib.request.Request(f"{url}/slack/interactivity", body, headers), timeout=3) as answer:
            return answer.status


def notice(message: dict) -> str:
    return message["metadata"]["event_payload"]["notice"]


def buttons(message: dict) -> list[dict]:
    blocks = message.get("blocks", []) + [block for one in message.get("attachments", []) for block in one.get("blocks", [])]
    # A press says in which block it was.
    return [element | {"block_id": block["block_id"]} for block in blocks if block["type"] == "actions" for element in block["elements"]]


def wrong(message: dict) -> str | None:
    """What Slack would not take."""
    size = sum(len(json.dumps(one, ensure_ascii=False)) for one in (*message.get("blocks", []), *message.get("attachments", [])))
    # Slack took 9,597 characters and refused 11,341; nobody knows where between the two it begins.
    if size > 9_597 or len(message.get("text", "")) > 4_000:
        return f"msg_blocks_too_long: {size}"
    try:
        check(message)
    except Exception as error:
        return repr(error)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        own: Slack = self.server
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        is_form = self.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
        body = dict(urllib.parse.parse_qsl(text)) if is_form else json.loads(text)
        method = self.path.rsplit("/", 1)[1]
        with own.lock:
            if own.down:
                return self.say(503, {})
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                return self.say(200, {"ok": False, "error": "invalid_auth"})
            if method == "chat.postMessage" and not own.has_room():
                own.limited += 1
                return self.say(429, {"ok": False, "error": "ratelimited"})
            self.say(200, own.answer(method, body))

    def say(self, status: int, answer: dict) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status == 429:
            self.send_header("Retry-After", str(PAUSE))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        """Nobody reads it."""

"""What receives alerts in the demo and in the kill test: a false Slack, a relay for mail, and an endpoint for webhooks that checks signatures. All
of them count what they took."""
import asyncio
import contextlib
import http.server
import json
import logging
import pathlib
import threading

from aiosmtpd.smtp import SMTP
from standardwebhooks import Webhook, WebhookVerificationError

from .mailbox import Mailbox, certificates
from .slack_server import CHANNEL, SIGNING_SECRET, TOKEN, PEOPLE, Slack

HOOK_SECRET, MAIL_PASSWORD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "hunter2"
CONFIG = """\
receivers:
  - name: slack
    to:
      slack:
        token: {{file: slack-token}}
        channel: {channel}
        api_url: {slack}
        mention_actors: true
        buttons: {{signing_secret: {{file: slack-signing-secret}}, allow: {{emails: [{presser}]}}}}
  - name: mail
    to:
      email:
        host: localhost
        port: {smtp}
        ca_file: ca.pem
        username: driftd
        password: {{file: mail-password}}
        from: driftd <driftd@example.com>
        to: [security@example.com]
  - name: hook
    to: {{webhook: {{url: "{hook}", signing_secret: {{file: hook-secret}}}}}}
route:
  receivers: [slack, mail, hook]
  group_wait: {group_wait}
  group_interval: {group_interval}
"""


class Hook(http.server.ThreadingHTTPServer):
    """Takes webhooks. `events`: of each id the first that came; `again`: ids that came once more, after a lost answer."""
    daemon_threads = True
    # Daemons that are killed hang up.
    handle_error = lambda self, *_: None

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Take)
        self.events, self.again, self.problems, self.down, self.lock = {}, [], [], False, threading.Lock()
        self.url = f"http://localhost:{self.server_port}/driftd"

    def __enter__(self) -> "Hook":
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.shutdown()
        self.server_close()


class Take(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        own: Hook = self.server
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with own.lock:
            status = 503 if own.down else self.take(own, body)
        self.send_response(status)
        self.end_headers()

    def take(self, own: Hook, body: str) -> int:
        try:
            Webhook(HOOK_SECRET).verify(body, {name.lower(): value for name, value in self.headers.items()})
        except WebhookVerificationError as error:
            own.problems.append(str(error))
            return 401
        one = self.headers["webhook-id"]
        if one in own.events:
            own.again.append(one)
        own.events.setdefault(one, json.loads(body))
        return 204

    def log_message(self, *_) -> None:
        """Nobody reads it."""


class Mail:
    """A relay that wants STARTTLS and a login. `mails`: what it took."""

    def __init__(self, folder: pathlib.Path):
        self.mailbox, self.context, self.port = Mailbox(), certificates(folder), 0
        self.mailbox.password = MAIL_PASSWORD

    @property
    def mails(self) -> list[dict]:
        return list(self.mailbox.mails)

    def __enter__(self) -> "Mail":
        logging.getLogger("mail.log").disabled = True
        self.loop = asyncio.new_event_loop()
        options = {"auth_required": True, "authenticator": self.mailbox.log_in, "loop": self.loop, "hostname": "relay.test",
                   "require_starttls": True, "tls_context": self.context}
        server = self.loop.run_until_complete(self.loop.create_server(lambda: SMTP(self.mailbox, **options), "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)

    def down(self, is_down: bool) -> None:
        self.mailbox.answers = {"MAIL": "451 4.3.0 not now"} if is_down else {}


class Receivers(contextlib.ExitStack):
    """All three; `config`: the section of the configuration, whose secrets lie in the folder."""

    def __init__(self, folder: pathlib.Path, group_wait: str = "2s", group_interval: str = "1s"):
        super().__init__()
        self.slack, self.hook, self.mail = (self.enter_context(one) for one in (Slack(), Hook(), Mail(folder)))
        secrets = {"slack-token": TOKEN, "slack-signing-secret": SIGNING_SECRET, "mail-password": MAIL_PASSWORD, "hook-secret": HOOK_SECRET}
        for name, secret in secrets.items():
            (folder / name).write_text(secret)
        self.config = CONFIG.format(channel=CHANNEL, slack=self.slack.api, smtp=self.mail.port, hook=self.hook.url, presser=PEOPLE["U0OPS"],
                                    group_wait=group_wait, group_interval=group_interval)

    def down(self, is_down: bool) -> None:
        self.slack.down = self.hook.down = is_down
        self.mail.down(is_down)

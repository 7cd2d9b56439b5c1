"""A relay for mail with a mailbox behind it: STARTTLS and implicit TLS by a certificate made here, a login required, and whatever answers a test
asks for. Knows nothing of driftd.

    python -m tests.world.mailbox FOLDER

says where its ports are, in a line of JSON; each line of its stdin, a JSON object, sets what it answers from now on (see ANSWERS) and the password
that it takes, and is answered by a line with the mails that came since. It ends with its stdin."""
import asyncio
import base64
import datetime
import email
import email.policy
import html.parser
import json
import logging
import pathlib
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Steps whose answer can be set: a text, `SILENCE`, or nothing for a yes. RCPT is asked with the address behind it first: `RCPT a@example.com`.
ANSWERS = ("CONNECT", "EHLO", "AUTH", "MAIL", "RCPT", "DATA")
LONG = 3600


def certificates(folder: pathlib.Path) -> ssl.SSLContext:
    """A CA, and a certificate of it for localhost: ca.pem and relay.pem in the folder."""
    now = datetime.datetime.now(datetime.timezone.utc)

    def made(name: str, key, issuer: str, issuer_key, is_ca: bool):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )
        if not is_ca:
            names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
            builder = builder.add_extension(names, critical=False)
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        return builder.sign(issuer_key, hashes.SHA256())

    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca = made("a CA of a test", ca_key, "a CA of a test", ca_key, True)
    own = made("a relay of a test", key, "a CA of a test", ca_key, False)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    plain = serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    (folder / "relay.pem").write_bytes(private + own.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "relay.pem")
    return context


class Mailbox:
    """Takes mail, and answers as it is told: the handler of every port."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.password = ""
        self.mails: list[dict] = []

    async def said(self, *steps: str) -> str | None:
        answer = next((self.answers[step] for step in steps if step in self.answers), None)
        if answer == "SILENCE":
            await asyncio.sleep(LONG)
        return answer

    def log_in(self, server, session, envelope, mechanism, login) -> AuthResult:
        if answer := self.answers.get("AUTH"):
            return AuthResult(success=False, handled=False, message=answer)
        is_right = login.login == b"driftd" and login.password.decode() == self.password
        return AuthResult(success=is_right, handled=False, auth_data=login)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        answer = await self.said("EHLO")
        return [answer] if answer else responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        if answer := await self.said("MAIL"):
            return answer
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if answer := await self.said(f"RCPT {address}", "RCPT"):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        if answer := await self.said("DATA"):
            return answer
        login = getattr(session.auth_data, "login", b"") or b""
        self.mails.append(
            {
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "tls": session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None,
                "login": login.decode(),
                **read(envelope.original_content),
            }
        )
        return "250 2.0.0 taken"


class Elements(html.parser.HTMLParser):
    """What of a page is more than text, styles and links to pages."""

    NAMES = set("html head meta title style body div table thead tbody tr th td h1 p ul li span b br a".split())
    ATTRIBUTES = set(
        "lang charset name content class role width cellpadding cellspacing border align valign style href".split()
    )

    def __init__(self, page: str) -> None:
        super().__init__()
        self.foreign: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag not in self.NAMES:
            self.foreign.append(f"<{tag}>")
        for name, value in attributes:
            is_page = name != "href" or value.startswith(("https://", "http://"))
            if name not in self.ATTRIBUTES or not is_page or "url(" in (value or ""):
                self.foreign.append(f"<{tag} {name}={value!r}>")

    def handle_comment(self, text):
        self.foreign.append(f"<!--{text}-->")


def read(raw: bytes) -> dict:
    """The mail as Python's own parser reads it, with everything that it objects to."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    parts = list(message.walk())
    defects = [f"{part.get_content_type()}: {defect!r}" for part in parts for defect in part.defects]
    defects += [f"{name}: {defect!r}" for part in parts for name, value in part.items() for defect in value.defects]
    return {
        "headers": [[name, str(value)] for name, value in message.items()],
        "defects": defects,
        "parts": [[part.get_content_type(), part.get_content()] for part in parts if not part.is_multipart()],
        "foreign": [one for part in parts if part.get_content_type() == "text/html" for one in Elements(part.get_content()).foreign],
        "type": message.get_content_type(),
        "longest_line": max(len(line) for line in raw.split(b"\r\n")),
        "is_ascii": raw.isascii(),
        "bare_newlines": raw.replace(b"\r\n", b"").count(b"\n"),
        "raw": base64.b64encode(raw).decode(),
    }


async def serve(folder: pathlib.Path) -> None:
    loop = asyncio.get_running_loop()
    context, mailbox = certificates(folder), Mailbox()
    log_in = {"auth_required": True, "authenticator": mailbox.log_in, "loop": loop, "hostname": "relay.test"}

    async def port(server) -> int:
        return (await server).sockets[0].getsockname()[1]

    async def greet(reader, writer):
        answer = await mailbox.said("CONNECT")
        writer.write(f"{answer or '421 4.3.2 nothing was set'}\r\n".encode())
        await writer.drain()
        writer.close()

    starttls = lambda: SMTP(mailbox, require_starttls=True, tls_context=context, **log_in)
    implicit = lambda: SMTP(mailbox, auth_require_tls=False, **log_in)
    plain = lambda: SMTP(mailbox, loop=loop, hostname="relay.test")
    ports = {
        "starttls": await port(loop.create_server(starttls, "127.0.0.1", 0)),
        "implicit": await port(loop.create_server(implicit, "127.0.0.1", 0, ssl=context)),
        "plain": await port(loop.create_server(plain, "127.0.0.1", 0)),
        "greets": await port(asyncio.start_server(greet, "127.0.0.1", 0)),
    }
    print(json.dumps({"ca": str(folder / "ca.pem"), **ports}), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        told = json.loads(line)
        mailbox.password = told.get("password", mailbox.password)
        mailbox.answers = told.get("answers", mailbox.answers)
        unknown = [step for step in mailbox.answers if step.split()[0] not in ANSWERS]
        print(json.dumps({"mails": mailbox.mails, "unknown": unknown}), flush=True)
        mailbox.mails = []


if __name__ == "__main__":
    # Clients that hang up, and settings that no other server should have, are what it is for.
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    asyncio.run(serve(pathlib.Path(sys.argv[1])))

"""Messages as a person sees them: Slack's blocks, a mail, the envelope of a webhook, as lines of text."""
import html
import re

from .slack_server import Slack


def slack(server: Slack, message: dict) -> list[str]:
    """A message of the channel with its thread and its buttons."""
    lines = [line for block in message.get("blocks", []) for line in block_lines(block)]
    for attachment in message.get("attachments", []):
        lines += [f"| {line}" for block in attachment["blocks"] for line in block_lines(block)]
    for reply in server.replies(message):
        lines += [f"    -> {line}" for block in reply.get("blocks", []) for line in block_lines(block)]
    return lines


def block_lines(block: dict) -> list[str]:
    match block["type"]:
        case "actions":
            words = [(one.get("text") or one["placeholder"])["text"] for one in block["elements"]]
            return ["  ".join(f"[{plain(word)}]" for word in words)]
        case "context":
            return [" ".join(plain(one["text"]) for one in block["elements"])]
        case _:
            lines = plain(block["text"]["text"]).splitlines() if "text" in block else []
            return lines + [": ".join(plain(field["text"]).splitlines()) for field in block.get("fields", [])]


def plain(text: str) -> str:
    """Without Slack's marks."""
    text = re.sub(r"<(https?://[^|>]+)\|([^>]+)>", r"\2", text)
    text = re.sub(r"```\n?|`", "", text)
    return html.unescape(re.sub(r"(?m)^\*(.*)\*$", r"\1", text))


def mail(one: dict) -> list[str]:
    headers = dict(one["headers"])
    text = next(text for kind, text in one["parts"] if kind == "text/plain")
    return [f"{name}: {headers[name]}" for name in ("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To") if name in headers] + \
        ["", *text.rstrip().splitlines()]


def hook(event: dict) -> list[str]:
    data = event["data"]
    lines = [f"{name}: {event[name]}" for name in ("type", "subject", "id")]
    lines += [f"{data['occasion']}, {data['status']}, {data['severity']}: {data['title']}"]
    return lines + [f"  {news}" for news in data.get("news", [])]

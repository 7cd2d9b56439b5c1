"""Messages for Slack, held against slack_sdk's validators: a JSON object per line on stdin, each with `blocks`, `attachments` or a `view`.

slack_sdk does not know every limit (the text of a button, the number of blocks, all of them together): the false Slack of the unit tests does.
"""

import json
import sys

from slack_sdk.models.attachments import Attachment
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View


def check_block(block):
    parsed = Block.parse(block)
    if parsed is None:
        raise ValueError(f"not a block: {block}")
    parsed.validate_json()
    # What the library did not understand, it drops.
    kept = json.dumps(parsed.to_dict(), sort_keys=True)
    if len(kept) < len(json.dumps(block, sort_keys=True)) * 0.9:
        raise ValueError(f"not understood as a whole: {block} -> {kept}")


def check(message):
    blocks = list(message.get("blocks", []))
    for attachment in message.get("attachments", []):
        blocks += attachment["blocks"]
        Attachment(
            text=attachment["fallback"], fallback=attachment["fallback"], color=attachment["color"]
        ).validate_json()
    if "view" in message:
        View(**message["view"]).validate_json()
        blocks += message["view"]["blocks"]
    for block in blocks:
        check_block(block)


def main():
    number = 0
    for line in sys.stdin:
        message = json.loads(line)
        try:
            check(message)
        except Exception as error:
            sys.exit(f"{message.get('name')}: {error!r}")
        number += 1
    print(f"{number} valid")


if __name__ == "__main__":
    main()

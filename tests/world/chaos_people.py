"""The people of tests/world/actors.py at work while a daemon watches: what they call is logged by a CloudTrail whose clock is the real
one, and its records go to an SQS queue as EventBridge sends them.
"""
import datetime
import json
import pathlib
import uuid
from typing import Callable

from .cloudtrail import Trail
from .scenarios import instances
from .story import Scene

# EventBridge's words for CloudTrail's types of events; everything else is a call.
DETAIL_TYPES = {"AwsConsoleSignIn": "AWS Console Sign In via CloudTrail", "AwsServiceEvent": "AWS Service Event via CloudTrail"}


class People:
    """`visibility`: seconds until a message that was received and not deleted comes again."""

    def __init__(self, endpoint: str, state: pathlib.Path, visibility: int = 30):
        self.trail = Trail(endpoint, now(), pace=datetime.timedelta())
        self.scene = Scene(self.trail, instances(state))
        self._sqs = self.trail.session.client("sqs", endpoint_url=endpoint)
        self.queue = self._sqs.create_queue(QueueName="driftd", Attributes={"VisibilityTimeout": str(visibility)})["QueueUrl"]

    def act(self, who: str, does: Callable[[Scene], None] = lambda scene: None) -> list[dict]:
        """Somebody does it, now; -> CloudTrail's records of it, with those of the beginning of a session that was none before."""
        self.trail.now, before = now(), len(self.trail.records)
        self.scene.actor = who
        self.trail.actor(who)
        does(self.scene)
        return self.trail.records[before:]

    def send(self, records: list[dict], delay: int = 0) -> None:
        for record in records:
            self.send_text(json.dumps(envelope(record)), delay)

    def send_text(self, body: str, delay: int = 0) -> None:
        """`delay`: seconds until the queue shows it."""
        self._sqs.send_message(QueueUrl=self.queue, MessageBody=body, DelaySeconds=delay)

    def waiting(self) -> int:
        """Messages in the queue, with those that are in somebody's hands or delayed."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
        told = self._sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return sum(int(told[name]) for name in names)


def envelope(record: dict) -> dict:
    """https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html"""
    kind = DETAIL_TYPES.get(record["eventType"], "AWS API Call via CloudTrail")
    return {"version": "0", "id": str(uuid.uuid4()), "detail-type": kind, "source": f"aws.{record['eventSource'].split('.')[0]}",
            "account": record["recipientAccountId"], "time": record["eventTime"], "region": record["awsRegion"], "resources": [], "detail": record}


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=0)

"""Messages of receivers before what others wrote: JSON, one a line, on stdin; says how many are valid, or fails at the first that is not.

    python -m tests.world.receivers teams      cards: Microsoft's JSON Schema of Adaptive Cards 1.4
    python -m tests.world.receivers webhook    {"secrets", "headers", "body"}: CloudEvents' SDK, and Standard Webhooks' library
    python -m tests.world.receivers pagerduty  {"endpoint", "event"}: PagerDuty's OpenAPI of its Events API, from $PAGERDUTY_SCHEMA
"""
import importlib.resources
import json
import os
import pathlib
import sys


def teams():
    import jsonschema
    schema = json.loads((importlib.resources.files("adaptive_cards") / "schemas" / "schema-1.4.json").read_text())
    validator = jsonschema.Draft6Validator(schema, format_checker=jsonschema.FormatChecker())

    def check(message: dict):
        assert set(message) == {"type", "attachments"} and message["type"] == "message", message.keys()
        [attachment] = message["attachments"]
        assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        card = dict(attachment["content"])
        # Teams' own; the schema does not know it.
        assert card.pop("msteams") == {"width": "Full"}
        assert card["type"] == "AdaptiveCard" and card["version"] == "1.4" and card["body"]
        validator.validate(card)
    return check


def webhook():
    from cloudevents.core.bindings.http import HTTPMessage, from_structured
    from cloudevents.core.formats.json import JSONFormat
    from cloudevents.core.v1.event import CloudEvent
    from standardwebhooks import Webhook, WebhookVerificationError

    def check(sent: dict):
        headers, body = sent["headers"], sent["body"]
        for secret in sent["secrets"]:
            Webhook(secret).verify(body, headers)
        try:
            Webhook(sent["secrets"][0]).verify(body + " ", headers)
        except WebhookVerificationError:
            pass
        else:
            raise AssertionError("a signature that fits another body")
        event = from_structured(HTTPMessage(headers=headers, body=body.encode()), JSONFormat(), CloudEvent)
        assert event.get_type().startswith("io.driftd.") and event.get_source() and event.get_subject(), event.get_attributes()
        assert event.get_id() == headers["webhook-id"] and event.get_time().utcoffset().total_seconds() == 0
        assert event.get_datacontenttype() == "application/json" and event.get_data()["title"]
    return check


def pagerduty():
    import jsonschema
    spec = json.loads(pathlib.Path(os.environ["PAGERDUTY_SCHEMA"]).read_text())

    def check(sent: dict):
        operation = spec["paths"]["/" + sent["endpoint"]]["post"]
        schema = dict(operation["requestBody"]["content"]["application/json"]["schema"], components=spec["components"])
        jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker()).validate(sent["event"])
        known = set(schema["properties"])
        assert set(sent["event"]) <= known, set(sent["event"]) - known
        name = schema["properties"]["payload"]["$ref"].rsplit("/", 1)[1]
        known = set(spec["components"]["schemas"][name]["properties"])
        assert set(sent["event"]["payload"]) <= known, set(sent["event"]["payload"]) - known
        wrong = dict(sent["event"], payload=dict(sent["event"]["payload"], severity="high"))
        assert sent["endpoint"] != "enqueue" or not jsonschema.Draft7Validator(schema).is_valid(wrong), "the schema checks nothing"
    return check


def main(what: str):
    check = {"teams": teams, "webhook": webhook, "pagerduty": pagerduty}[what]()
    lines = [json.loads(line) for line in sys.stdin if line.strip()]
    for number, line in enumerate(lines, 1):
        try:
            check(line)
        except Exception as error:
            sys.exit(f"{what}, message {number}: {type(error).__name__}: {str(error)[:3000]}\n{json.dumps(line)[:2000]}")
    print(f"{len(lines)} valid")


if __name__ == "__main__":
    main(*sys.argv[1:])

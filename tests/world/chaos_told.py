"""What receivers were told in the kill test, held against the store: nothing is lost, nothing is doubled, and the last word about every finding is
what the store has."""
import collections
import dataclasses
import json

from .chaos_store import count, findings
from .receiving import Receivers


@dataclasses.dataclass
class Told:
    """`notices`: sent, by receiver. `again`: taken once more under the id that it had, as the daemon was killed before it had the answer."""
    notices: dict[str, int] = dataclasses.field(default_factory=dict)
    again: dict[str, int] = dataclasses.field(default_factory=dict)
    problems: list[str] = dataclasses.field(default_factory=list)


def left(store) -> dict[str, int]:
    """What is still to be told."""
    return {"notices": count(store, "notices WHERE state <> 'sent'"), "news": count(store, "alert_news")}


def compare(store, receivers: Receivers) -> Told:
    slack, hook, mail = receivers.slack, receivers.hook, receivers.mail
    sent = collections.defaultdict(list)
    for receiver, payload in store.rows("SELECT receiver, payload FROM notices WHERE state = 'sent' ORDER BY id"):
        sent[receiver].append(json.loads(payload))
    told = Told({receiver: len(all_of_it) for receiver, all_of_it in sent.items()})
    mails = collections.Counter(dict(one["headers"])["Message-ID"] for one in mail.mails)
    groups, replies = slack.shown()
    # The first notice of a group is its message in Slack; what is new after that stands in its thread, too. Mails are not sent of what is quiet.
    heads = {payload["group"] for payload in sent["slack"]}
    new = sum(bool(payload["message"]["news"]) or not payload["message"]["quiet"] for payload in sent["slack"]) - len(heads)
    had = {"hook": (len(hook.events), len(sent["hook"])), "slack": (len(slack.notices), len(sent["slack"])), "groups in slack": (len(groups), len(heads)),
           "replies in slack": (len(replies), new), "mail": (len(mails), sum(not payload["message"]["quiet"] for payload in sent["mail"]))}
    told.problems += [f"{name}: {has} came, and {wanted} were sent" for name, (has, wanted) in had.items() if has != wanted]
    told.again = {"hook": len(hook.again), "mail": mails.total() - len(mails)}
    told.problems += [f"slack shows {what} {times} times" for what, times in (*groups.items(), *replies.items()) if times > 1]
    told.problems += [f"refused: {problem}" for problem in (*slack.problems, *hook.problems)]
    told.problems += last_words(store, hook.events.values())
    return told


def last_words(store, events) -> list[str]:
    """What was said last of every finding, and what is so."""
    said = {}
    for event in events:
        said |= {item["finding_id"]: "open" if item["is_open"] else "resolved" if item["is_resolved"] else "held" for item in event["data"]["items"]}
    ids = dict(store.rows("SELECT finding_key, id FROM findings"))
    wrong = []
    for known in findings(store):
        one, state = ids[known["finding"]["key"]], known["life"]["state"]["name"]
        # What was over before anybody was told is not told.
        if said.get(one, "resolved") != state:
            wrong.append(f"{known['finding']['key']} is {state}, and what was told last is {said.get(one)}")
    return wrong

"""What receivers were told in the kill test, held against the store: nothing is lost, nothing is doubled, and the last word about every finding is
what the store has."""
import collections
import dataclasses

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
    told = Told(dict(store.rows("SELECT receiver, count(*) AS number FROM notices WHERE state = 'sent' GROUP BY receiver")))
    mails = collections.Counter(dict(one["headers"])["Message-ID"] for one in mail.mails)
    loud = {one for one, event in hook.events.items() if not event["data"]["quiet"]}
    # All three are told the same; mails are not sent about what is quiet.
    had = {"hook": (len(hook.events), told.notices.get("hook")), "mail": (len(mails), len(loud)), "slack": (len(slack.notices), told.notices.get("slack"))}
    told.problems += [f"{name} has {has} messages, and should have {wanted}" for name, (has, wanted) in had.items() if has != (wanted or 0)]
    told.again = {"hook": len(hook.again), "mail": mails.total() - len(mails)}
    told.problems += [f"slack shows {notice} twice" for notice, times in slack.shown().items() if times > 1]
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

//! Who did it, in a line for a person: `alice@example.com · console · 14:03 UTC · 203.0.113.7`. Knows no format; every text is
//! clean, because session names and user agents are whatever their sender liked.

use super::text::{sanitize_output, shorten};
use crate::model::{Attribution, Caution, Channel, Confidence, Finding};

/// Longer names and addresses are shortened; no real one is as long.
const LONGEST: usize = 80;

/// Everybody who had a part in it, whoever acted last first. Empty when nobody looked.
pub fn all(finding: &Finding) -> impl Iterator<Item = &Attribution> {
    finding.attribution.iter().chain(&finding.other_attributions)
}

/// The proof in short lines: the chain of credentials, the tool, the events, why this confidence, what else happened.
pub fn proof(attribution: &Attribution) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(actor) = attribution.actor.as_ref().filter(|actor| actor.chain.len() > 1) {
        lines.push(format!("chain: {}", actor.chain.iter().map(|link| named(link)).collect::<Vec<_>>().join(" -> ")));
    }
    lines.extend(attribution.tool.as_deref().map(|tool| format!("with: {}", named(tool))));
    lines.extend(attribution.mfa.map(|mfa| format!("MFA: {}", if mfa { "yes" } else { "no" })));
    for event in &attribution.events {
        let paths =
            if event.paths.is_empty() { String::new() } else { format!(" for {}", named(&event.paths.join(", "))) };
        lines.push(format!(
            "event: {} {} {}{paths}",
            sanitize_output(&event.event_name),
            sanitize_output(&event.time),
            named(&event.event_id)
        ));
    }
    for other in &attribution.other_events {
        let event = &other.event;
        lines.push(format!(
            "also: {} {} by {}: {}",
            sanitize_output(&event.event_name),
            sanitize_output(&event.time),
            named(&other.actor),
            sanitize_output(&other.why)
        ));
    }
    lines.extend(
        attribution
            .reasons
            .iter()
            .filter(|_| attribution.actor.is_some())
            .map(|reason| format!("because {}", sanitize_output(reason))),
    );
    lines
}

/// One line. `now` is the time of the scan: a time of the same day (UTC) is shown without its date.
pub fn line(attribution: &Attribution, now: &str) -> String {
    let Some(actor) = &attribution.actor else {
        let why =
            attribution.reasons.first().map(|reason| format!(": {}", sanitize_output(reason))).unwrap_or_default();
        return format!("nobody known{why}");
    };
    let mut parts = vec![named(&actor.name)];
    if attribution.channel != Channel::Unknown {
        parts.push(attribution.channel.as_str().replace('_', " "));
    }
    parts.extend(attribution.time.as_deref().map(|time| moment(time, now)));
    parts.extend(attribution.source_ip.as_deref().map(named));
    if attribution.confidence != Confidence::Certain {
        parts.push(attribution.confidence.as_str().to_owned());
    }
    parts.extend(attribution.cautions.iter().map(|caution| in_words(*caution).to_owned()));
    parts.join(" · ")
}

fn named(text: &str) -> String {
    shorten(&sanitize_output(text), LONGEST)
}

/// `14:03 UTC`, or `2026-01-31 14:03 UTC` if it was another day.
fn moment(time: &str, now: &str) -> String {
    let (Some((day, clock)), Some((today, _))) = (time.split_once('T'), now.split_once('T')) else {
        return sanitize_output(time);
    };
    let clock = sanitize_output(clock.get(..5).unwrap_or(clock));
    if day == today { format!("{clock} UTC") } else { format!("{} {clock} UTC", sanitize_output(day)) }
}

/// What a caution says to a person.
pub fn in_words(caution: Caution) -> &'static str {
    match caution {
        Caution::ClaimsToBeTerraform => "claims to be Terraform",
        Caution::PipelineByHand => "pipeline credentials used by hand",
        Caution::BreakGlass => "break-glass",
        Caution::Automation => "automation",
        Caution::NameIsForgeable => "name is the caller's own word",
        Caution::OtherAccount => "from another account",
        Caution::SameSecond => "others did the same in the same second",
        Caution::EventsIncomplete => "not all events were seen",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::sample;

    #[test]
    fn one_line_for_a_person() {
        let mut who = sample::attribution("alice@example.com", Confidence::Certain, Channel::Console);
        assert_eq!(line(&who, "2026-01-02T23:00:00Z"), "alice@example.com · console · 14:03 UTC · 203.0.113.7");
        who.confidence = Confidence::Likely;
        who.cautions = vec![Caution::BreakGlass];
        assert_eq!(
            line(&who, "2026-01-03T00:10:00Z"),
            "alice@example.com · console · 2026-01-02 14:03 UTC · 203.0.113.7 · likely · break-glass"
        );
        let nobody = Attribution::unknown("no event\u{1b}[31m");
        assert_eq!(line(&nobody, "x"), "nobody known: no event\\u{1b}[31m");
        who.actor.iter_mut().for_each(|actor| actor.name = "<b>\u{202e}".repeat(1 << 16));
        assert!(line(&who, "").chars().count() < 300);
    }
}

//! Which news are worth waking somebody.

use super::*;
use crate::life::{ReopenReason, Resolution};
use crate::model::Channel;
use crate::wording::{sample, samples};

fn pages(kept: Occasion, occasion: Occasion, news: &[News]) -> bool {
    let findings = samples::findings(2);
    let counts = GroupCounts::of(&findings);
    let group = Group {
        occasion,
        kept,
        labels: &BTreeMap::new(),
        findings: &findings,
        counts: &counts,
        news,
        now: samples::now(),
    };
    let context = Context { reasons: &BTreeMap::new(), links: &LinkOptions::default(), show_values: true };
    compose(&group, &context).pages
}

#[test]
fn only_more_to_do_pages() {
    let finding = samples::findings(1).remove(0).finding;
    let attribution = sample::attribution("alice@example.com", Confidence::Certain, Channel::Console);
    for (kind, expected) in [
        (TransitionKind::Opened, true),
        (TransitionKind::Reopened { why: ReopenReason::Returned, by: None }, true),
        (TransitionKind::ContentChanged { from: DriftStatus::Missing, from_fingerprint: String::new() }, true),
        (TransitionKind::SeverityChanged { from: Severity::Low, to: Severity::High }, true),
        (TransitionKind::SeverityChanged { from: Severity::High, to: Severity::Low }, false),
        // One of several is put back, a name is found: the others are open still, and nobody is to be woken again.
        (TransitionKind::Resolved { how: Resolution::RevertedByHand, by: None }, false),
        (TransitionKind::AttributionChanged { from: None, to: Box::new(attribution) }, false),
    ] {
        let news = [News::step(&finding, &kind)];
        assert_eq!(pages(Occasion::Opened, Occasion::Updated, &news), expected, "{kind:?}");
        assert!(!pages(Occasion::Baseline, Occasion::Updated, &news), "{kind:?} of a first look");
        assert!(!pages(Occasion::Digest, Occasion::Digest, &news), "{kind:?} of a digest");
    }
    assert!(pages(Occasion::Opened, Occasion::Reminder, &[]) && pages(Occasion::Escalated, Occasion::Escalated, &[]));
    assert!(!pages(Occasion::Baseline, Occasion::Reminder, &[]));
    for (is_over, expected) in [(false, true), (true, false)] {
        let news = [News::Health { text: "x".to_owned(), severity: Severity::High, is_over }];
        assert_eq!(pages(Occasion::Health, Occasion::Health, &news), expected);
    }
}

#[test]
fn what_an_older_driftd_kept_pages_as_before() {
    let kept = r#"{"news": "step", "name": "a.b", "text": "was changed", "loud": true}"#;
    let news: News = serde_json::from_str(kept).unwrap();
    assert!(pages(Occasion::Opened, Occasion::Updated, &[news]));
    let mut message = serde_json::to_value(samples::message(1)).unwrap();
    message.as_object_mut().unwrap().remove("pages");
    assert!(serde_json::from_value::<Message>(message).unwrap().pages);
}

//! What a route sees of a finding: a few names with their values. Pure.

use std::collections::BTreeMap;

use crate::model::{Attribution, Finding};

/// The names that routes match and group by; a tag is `tags.NAME`.
pub const LABELS: &[&str] = &[
    "severity",
    "drift",
    "kind",
    "address",
    "account",
    "region",
    "source",
    "actor",
    "actor_type",
    "channel",
    "rule",
    "caution",
    "owner",
];

/// Every label with its values: a finding may have several rules, actors, cautions, owners.
pub type Labels = BTreeMap<String, Vec<String>>;

/// The labels of a finding; `owners` come from its code.
pub fn labels(finding: &Finding, owners: &[String]) -> Labels {
    let who = || finding.attribution.iter().chain(&finding.other_attributions);
    let of = |value: &dyn Fn(&Attribution) -> Option<String>| -> Vec<String> {
        let mut found: Vec<String> = who().filter_map(value).collect();
        found.dedup();
        found
    };
    let text = |text: &Option<String>| text.iter().cloned().collect::<Vec<_>>();
    let mut sources = text(&finding.source);
    sources.extend(finding.also_in.iter().cloned());
    let named = [
        ("severity", vec![finding.severity.as_str().to_owned()]),
        ("drift", vec![finding.drift.as_str().to_owned()]),
        ("kind", vec![finding.kind.clone()]),
        ("address", text(&finding.address)),
        ("account", vec![finding.account.clone()]),
        ("region", vec![finding.region.clone()]),
        ("source", sources),
        ("actor", of(&|who| who.actor.as_ref().map(|actor| actor.name.clone()))),
        ("actor_type", of(&|who| who.actor.as_ref().map(|actor| actor.kind.as_str().to_owned()))),
        ("channel", of(&|who| Some(who.channel.as_str().to_owned()))),
        ("rule", finding.rules.clone()),
        ("caution", who().flat_map(|who| &who.cautions).map(|caution| caution.as_str().to_owned()).collect()),
        ("owner", owners.to_vec()),
    ];
    let mut labels: Labels = named.into_iter().map(|(name, values)| (name.to_owned(), values)).collect();
    labels.extend(finding.tags.iter().map(|(key, value)| (format!("tags.{key}"), vec![value.clone()])));
    labels
}

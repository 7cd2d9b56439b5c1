//! Gaps put together: thousands of denied reads are one line with a count and a remedy.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{DriftStatus, Gap, GapReason, report::Report};
use crate::wording::text::{count, sanitize_output};

/// Gaps with one cause and one remedy. All texts are clean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GapGroup {
    pub reason: &'static str,
    /// What was not seen: the kind, the source, or everything of a scope.
    pub what: String,
    pub count: u64,
    /// Accounts, regions and sources concerned.
    pub places: Vec<String>,
    /// What would help.
    pub remedy: String,
    /// The detail of the first of them.
    pub example: String,
}

/// The gaps of a report, grouped, in order of reason and kind.
pub fn grouped(gaps: &[Gap]) -> Vec<GapGroup> {
    let mut groups: BTreeMap<_, Vec<&Gap>> = BTreeMap::new();
    for gap in gaps {
        let source = gap.scope.source.as_deref().filter(|_| gap.scope.kind.is_none());
        let key = (gap.reason, gap.scope.kind.as_deref(), gap.scope.action.as_deref(), source);
        groups.entry(key).or_default().push(gap);
    }
    groups
        .into_iter()
        .map(|((reason, kind, action, source), members)| GapGroup {
            reason: reason.as_str(),
            what: sanitize_output(kind.or(source).unwrap_or(match action {
                Some(action) if action.starts_with("organizations:") => "accounts of the organization",
                _ => "everything",
            })),
            count: members.len() as u64,
            places: members
                .iter()
                .map(|gap| place(gap))
                .filter(|p| !p.is_empty())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            remedy: match members.first() {
                // The kind is read, but not all that its state has is compared.
                Some(gap) if reason == GapReason::Unsupported && gap.detail.contains("compared") => {
                    "see the detail".into()
                }
                _ => remedy(reason, action, kind),
            },
            example: members.first().map(|gap| sanitize_output(&gap.detail)).unwrap_or_default(),
        })
        .collect()
}

fn place(gap: &Gap) -> String {
    let parts = [gap.scope.account.as_deref(), gap.scope.region.as_deref()];
    sanitize_output(&parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

fn remedy(reason: GapReason, action: Option<&str>, kind: Option<&str>) -> String {
    match (reason, action) {
        (GapReason::Denied, Some(action)) => format!("needs {}", sanitize_output(action)),
        // A source says itself what it needs: a file's permission, a token, an action on its bucket.
        (GapReason::Denied, None) if kind.is_none() => "see the detail".into(),
        (GapReason::Denied, None) => "needs more permissions; see `driftd iam-policy`".into(),
        (GapReason::Throttled, Some("cloudtrail:LookupEvents")) => {
            "read the trail's logs instead (--cloudtrail s3://bucket), or scan again later".into()
        }
        (GapReason::Throttled, _) => "scan again later; other clients use up the quota".into(),
        (GapReason::Timeout, _) => "check network and endpoint, then scan again".into(),
        (GapReason::Unsupported, _) if kind.is_none() => "see the detail".into(),
        (GapReason::Unsupported, _) => {
            format!("no reader for {} yet", sanitize_output(kind.unwrap_or("this kind")))
        }
        (GapReason::NotConfigured, _) if kind.is_none() => "see the detail".into(),
        (GapReason::NotConfigured, _) => "configure credentials or a role for it".into(),
        (GapReason::Unreadable, _) => "check the source: it cannot be read".into(),
        (GapReason::Failed, _) => "see the detail".into(),
    }
}

/// Resources that could not be judged, put together by kind and reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownGroup {
    pub kind: String,
    pub reason: String,
    pub count: u64,
    /// The first few addresses.
    pub examples: Vec<String>,
}

/// The `unknown` findings of a report, grouped.
pub fn unknown(report: &Report) -> Vec<UnknownGroup> {
    const EXAMPLES: usize = 3;
    let mut groups: BTreeMap<(String, String), UnknownGroup> = BTreeMap::new();
    for finding in report.findings.iter().filter(|finding| finding.drift == DriftStatus::Unknown) {
        let kind = sanitize_output(&finding.kind);
        let reason = sanitize_output(finding.reason.as_deref().unwrap_or("not seen"));
        let group = groups.entry((kind.clone(), reason.clone())).or_insert_with(|| UnknownGroup {
            kind,
            reason,
            count: 0,
            examples: Vec::new(),
        });
        group.count += 1;
        if group.examples.len() < EXAMPLES {
            group.examples.push(sanitize_output(finding.address.as_deref().unwrap_or(&finding.id)));
        }
    }
    groups.into_values().collect()
}

/// `a, b, c and 4 more`.
pub fn some_of(names: &[String], total: u64) -> String {
    let shown = names.join(", ");
    match total.saturating_sub(names.len() as u64) {
        0 => shown,
        more => format!("{shown} and {}", count(more, "more", "more")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::GapScope;

    #[test]
    fn a_kind_that_is_read_lacks_no_reader() {
        let gap = |detail: &str| {
            let scope = GapScope { kind: Some("aws_vpc".to_owned()), ..GapScope::default() };
            let gap = Gap { reason: GapReason::Unsupported, scope, detail: detail.to_owned() };
            grouped(&[gap]).remove(0).remedy
        };
        assert_eq!(gap("not compared: `shiny` (unknown to AWS provider 6.66.0; upgrade driftd)"), "see the detail");
        assert_eq!(gap("aws_vpc is not read"), "no reader for aws_vpc yet");
    }
}

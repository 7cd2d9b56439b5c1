//! What every format for people says of a report in the same words: the headline, what was looked at, what was not compared.

use std::collections::{BTreeMap, BTreeSet};

use super::exit::fully_seen;
use crate::model::{
    DriftStatus, GLOBAL,
    report::{Finding, Report, Severity},
};
use crate::wording::text::{count, sanitize_output};

/// How good or bad a report is at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportStatus {
    InSync,
    Incomplete,
    Drifted,
}

/// Drift, gaps or neither. Never in sync when anything was not seen.
pub fn status(report: &Report) -> ReportStatus {
    match (drifted(report).next().is_some(), fully_seen(report)) {
        (true, _) => ReportStatus::Drifted,
        (false, false) => ReportStatus::Incomplete,
        (false, true) => ReportStatus::InSync,
    }
}

/// `not compared: 2 resources of hashicorp/random, 1 of hashicorp/null`, if there are any.
pub fn other_providers(report: &Report) -> Option<String> {
    let mut by_name: BTreeMap<&str, u64> = BTreeMap::new();
    for (address, number) in &report.scan.other_providers {
        *by_name.entry(provider_name(address)).or_default() += number;
    }
    let mut parts: Vec<String> = Vec::new();
    for (name, number) in by_name {
        let name = sanitize_output(name);
        parts.push(match parts.is_empty() {
            true => format!("{} of {name}", count(number, "resource", "resources")),
            false => format!("{number} of {name}"),
        });
    }
    (!parts.is_empty()).then(|| format!("not compared: {}", parts.join(", ")))
}

/// `registry.terraform.io/hashicorp/random` as people know it.
fn provider_name(address: &str) -> &str {
    let hosts = ["registry.terraform.io/", "registry.opentofu.org/"];
    let short = hosts.iter().find_map(|host| address.strip_prefix(host)).unwrap_or(address);
    short.strip_prefix("-/").unwrap_or(short)
}

/// One honest sentence.
pub fn headline(report: &Report) -> String {
    let summary = &report.summary;
    let gaps = match (report.gaps.len() as u64, summary.unknown) {
        (0, 0) => "not everything was seen".to_string(),
        (0, unknown) => count(unknown, "resource not checked", "resources not checked"),
        (gaps, 0) => count(gaps, "gap", "gaps"),
        (gaps, unknown) => format!(
            "{}, {}",
            count(gaps, "gap", "gaps"),
            count(unknown, "resource not checked", "resources not checked")
        ),
    };
    match status(report) {
        ReportStatus::InSync if summary.ignored_drifts() > 0 => {
            format!("In sync, but {} ignored", count(summary.ignored_drifts(), "drift is", "drifts are"))
        }
        ReportStatus::InSync if summary.desired == 0 && !report.scan.other_providers.is_empty() => {
            "Nothing to compare: no source declares a resource of AWS".into()
        }
        ReportStatus::InSync if summary.desired == 0 => "Nothing to compare: no source declares a resource".into(),
        ReportStatus::InSync => {
            format!("In sync: {} as declared", count(summary.in_sync, "resource is", "resources are"))
        }
        ReportStatus::Incomplete => format!("No drift seen, but the scan is incomplete: {gaps}"),
        ReportStatus::Drifted => {
            let parts: Vec<_> = [
                (DriftStatus::Changed, "changed"),
                (DriftStatus::Missing, "missing"),
                (DriftStatus::Unmanaged, "unmanaged"),
            ]
            .into_iter()
            .map(|(kind, word)| (drifted(report).filter(|finding| finding.drift == kind).count(), word))
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| format!("{number} {word}"))
            .collect();
            let total = count(drifted(report).count() as u64, "resource drifted", "resources drifted");
            let tail = if fully_seen(report) { String::new() } else { format!("; incomplete: {gaps}") };
            format!("{total}: {}{tail}", parts.join(", "))
        }
    }
}

/// The findings that are drift, in the report's order.
pub fn drifted(report: &Report) -> impl Iterator<Item = &Finding> {
    report.findings.iter().filter(|finding| finding.drift != DriftStatus::Unknown)
}

/// The drifted findings of one severity.
pub fn of_severity(report: &Report, severity: Severity) -> Vec<&Finding> {
    drifted(report).filter(|finding| finding.severity == severity).collect()
}

/// Where was looked, so that nobody takes silence elsewhere for safety: `looked at 1 account, 2 regions (eu-west-1, us-east-1)`.
pub fn looked_at(report: &Report) -> String {
    /// So many regions are named.
    const NAMED: usize = 20;
    let seen = report.coverage.iter().filter(|one| one.complete);
    let accounts: BTreeSet<&str> = seen.clone().map(|one| one.scope.account.as_str()).collect();
    let regions: BTreeSet<&str> =
        seen.map(|one| one.scope.region.as_str()).filter(|region| *region != GLOBAL).collect();
    let mut names: Vec<String> = regions.iter().take(NAMED).map(|region| sanitize_output(region)).collect();
    if regions.len() > NAMED {
        names.push("...".to_owned());
    }
    let names = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
    let scopes: BTreeSet<_> = report.coverage.iter().map(|one| &one.scope).collect();
    let with_strangers: BTreeSet<_> =
        report.coverage.iter().filter(|one| one.unmanaged).map(|one| &one.scope).collect();
    let strangers = match (with_strangers.len(), scopes.len()) {
        (0, _) => "; resources that nobody declares were not looked for".to_owned(),
        (with, all) if with == all => String::new(),
        (with, all) => format!("; resources that nobody declares were looked for in {with} of {all} scopes"),
    };
    format!(
        "looked at {}, {}{names}{strangers}",
        count(accounts.len() as u64, "account", "accounts"),
        count(regions.len() as u64, "region", "regions")
    )
}

/// `not reported one by one: 3 default VPC, 12 part of another resource`, if there are any.
pub fn folded(report: &Report) -> Option<String> {
    let parts: Vec<_> = report
        .summary
        .folded_by_reason
        .iter()
        .map(|(reason, number)| format!("{number} {}", sanitize_output(reason)))
        .collect();
    (!parts.is_empty()).then(|| format!("undeclared, and not reported one by one: {}", parts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::sample;

    #[test]
    fn the_headline_never_says_in_sync_with_gaps() {
        let clean = sample::clean();
        assert_eq!(headline(&clean), "In sync: 12 resources are as declared");
        let mut gaps = clean.clone();
        gaps.gaps = sample::rich().gaps;
        assert_eq!(headline(&gaps), "No drift seen, but the scan is incomplete: 4 gaps");
        let mut torn = clean.clone();
        torn.scan.complete = false;
        assert_eq!(headline(&torn), "No drift seen, but the scan is incomplete: not everything was seen");
        assert!(headline(&sample::rich()).contains("; incomplete: 4 gaps"));
    }

    /// Somebody accepted a stranger; nothing is declared.
    #[test]
    fn what_is_ignored_is_said() {
        let mut report = sample::clean();
        report.summary.ignored_by_rule = [("break-glass".to_owned(), 1)].into();
        assert_eq!(headline(&report), "In sync, but 1 drift is ignored");
        report.summary.desired = 0;
        assert_eq!(headline(&report), "In sync, but 1 drift is ignored");
    }
}

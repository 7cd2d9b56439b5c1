//! What one principal did, for whoever has to decide about it: every call, the drift it left with its severity, and the two
//! fixes: revert to the code, or adopt into the code.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;

use crate::model::report::{Finding, Report};
use crate::model::{ActivityRecord, DriftStatus};
use crate::wording::{
    self,
    text::{count, sanitize_output, shorten, wrap},
};

/// The activity of a principal, beside the report of the same scan.
pub struct Activity<'a> {
    pub principal: &'a str,
    pub since: &'a str,
    pub records: &'a [ActivityRecord],
    pub report: &'a Report,
}

/// The commands that revert and that adopt: made to be copied, so names are quoted for the shell and for HCL.
fn ways_out(finding: &Finding) -> (String, String) {
    let address = finding.address.as_deref().map(sanitize_output).unwrap_or_default();
    let quoted = for_shell(&address);
    match finding.drift {
        DriftStatus::Changed => {
            (format!("terraform apply -target={quoted}"), format!("write what is live into the code of {address}"))
        }
        DriftStatus::Missing => (
            format!("terraform apply -target={quoted} makes it anew"),
            format!("take {address} out of the code, then terraform state rm {quoted}"),
        ),
        DriftStatus::Unmanaged | DriftStatus::Unknown => (
            format!(
                "delete {} {}, if nothing needs it",
                sanitize_output(&finding.kind),
                for_shell(&sanitize_output(&finding.id))
            ),
            format!(
                "import {{ to = {}.NAME  id = {} }}",
                sanitize_output(&finding.kind),
                for_hcl(&sanitize_output(&finding.id))
            ),
        ),
    }
}

/// One word of a POSIX shell, whatever is in it.
fn for_shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A string of HCL that is its text and no template.
/// <https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences>
fn for_hcl(text: &str) -> String {
    let escaped = text.replace('\\', r"\\").replace('"', "\\\"").replace("${", "$${").replace("%{", "%%{");
    format!("\"{escaped}\"")
}

impl Activity<'_> {
    /// Findings by the id of the events that made them.
    fn findings(&self) -> BTreeMap<&str, Vec<&Finding>> {
        let mut by_event: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for finding in &self.report.findings {
            for attribution in finding.attribution.iter().chain(&finding.other_attributions) {
                for event in &attribution.events {
                    by_event.entry(&event.event_id).or_default().push(finding);
                }
            }
        }
        by_event
    }

    fn headline(&self) -> String {
        let findings = self.findings();
        let drifting =
            self.records.iter().filter(|record| findings.contains_key(record.event.event_id.as_str())).count();
        format!(
            "{}: {} since {}, {} of them left drift",
            sanitize_output(self.principal),
            count(self.records.len() as u64, "change", "changes"),
            sanitize_output(self.since),
            drifting
        )
    }

    /// For a person at a terminal.
    pub fn table(&self, width: usize) -> String {
        let findings = self.findings();
        let mut out = format!("{}\n\n", self.headline());
        for record in self.records {
            let event = &record.event;
            let head = [
                sanitize_output(&event.time),
                sanitize_output(&event.event_name),
                record.channel.as_str().replace('_', " "),
                shorten(&sanitize_output(record.source_ip.as_deref().unwrap_or_default()), 45),
            ];
            let head: Vec<_> = head.into_iter().filter(|part| !part.is_empty()).collect();
            let _ = writeln!(out, "{}", shorten(&head.join(" · "), width));
            let what = format!("{}  {} {}", record.objects.join(" "), event.account, event.region);
            let _ = writeln!(out, "    {}", shorten(sanitize_output(&what).trim_start(), width - 4));
            for caution in &record.cautions {
                let _ = writeln!(out, "    {}", crate::wording::who::in_words(*caution));
            }
            match findings.get(event.event_id.as_str()) {
                None => out.push_str("    no drift: undone since, as the state says, or not watched\n"),
                Some(left) => left.iter().for_each(|finding| self.left(&mut out, finding, width)),
            }
        }
        if !self.report.gaps.is_empty() {
            let gaps = count(self.report.gaps.len() as u64, "gap", "gaps");
            let _ = writeln!(out, "\nNot everything was seen: {gaps}");
            for group in super::gaps::grouped(&self.report.gaps) {
                let line = format!("{} {} ({}): {}", group.count, group.what, group.reason, group.example);
                wrap(&line, width.max(60) - 4).iter().for_each(|line| _ = writeln!(out, "    {line}"));
            }
        }
        out
    }

    fn left(&self, out: &mut String, finding: &Finding, width: usize) {
        let (revert, adopt) = ways_out(finding);
        let severity = finding.severity.as_str().to_uppercase();
        let _ = writeln!(out, "    {severity} {} {}", finding.drift.as_str(), wording::name(finding));
        for change in &finding.changes {
            let _ = writeln!(out, "      {}", shorten(&sanitize_output(&change.path), width - 6));
        }
        let _ = writeln!(out, "      revert: {revert}\n      adopt:  {adopt}");
    }

    /// For an incident's page.
    pub fn markdown(&self) -> String {
        let findings = self.findings();
        // As character references: what is copied is the text itself, backticks and all.
        let code = |text: &str| super::markdown::code(&sanitize_output(text));
        let mut out = format!(
            "## {}\n\n| time | call | what | from | drift | revert | adopt |\n|---|---|---|---|---|---|---|\n",
            code(&self.headline())
        );
        for record in self.records {
            let event = &record.event;
            let from = format!("{} {}", record.channel.as_str(), record.source_ip.as_deref().unwrap_or_default());
            let head = format!(
                "| {} | {} | {} | {} |",
                code(&event.time),
                code(&event.event_name),
                code(&shorten(&record.objects.join(" "), 100)),
                code(&from)
            );
            match findings.get(event.event_id.as_str()) {
                None => {
                    let _ = writeln!(out, "{head} none | | |");
                }
                Some(left) => {
                    for finding in left {
                        let (revert, adopt) = ways_out(finding);
                        let _ = writeln!(
                            out,
                            "{head} {} {} {} | {} | {} |",
                            finding.severity.as_str(),
                            finding.drift.as_str(),
                            code(&wording::name(finding)),
                            code(&revert),
                            code(&adopt)
                        );
                    }
                }
            }
        }
        for group in super::gaps::grouped(&self.report.gaps) {
            let line = format!("{} {} ({}): {}", group.count, group.what, group.reason, group.example);
            let _ = writeln!(out, "\nNot seen: {}", code(&line));
        }
        out
    }

    /// For machines.
    pub fn json(&self) -> String {
        let findings = self.findings();
        let record = |record: &ActivityRecord| {
            let drift = |finding: &&Finding| {
                let (revert, adopt) = ways_out(finding);
                json!({
                    "fingerprint": finding.fingerprint, "drift": finding.drift.as_str(), "severity": finding.severity.as_str(),
                    "kind": finding.kind, "id": finding.id, "address": finding.address,
                    "paths": finding.changes.iter().map(|change| &change.path).collect::<Vec<_>>(), "revert": revert, "adopt": adopt,
                })
            };
            let left: Vec<_> = findings.get(record.event.event_id.as_str()).into_iter().flatten().map(drift).collect();
            json!({"call": record, "drift": left})
        };
        let activity = json!({
            "principal": self.principal, "since": self.since, "complete": self.report.gaps.is_empty(), "gaps": self.report.gaps,
            "changes": self.records.iter().map(record).collect::<Vec<_>>(),
        });
        super::json::escaped(&format!("{activity:#}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::report::Severity;
    use crate::wording::sample;

    #[test]
    fn it_reads_well() {
        let (report, records) = (sample::attributed(), sample::records());
        let since = "2026-01-01 00:00 UTC";
        let activity = Activity { principal: "alice@example.com", since, records: &records, report: &report };
        insta::assert_snapshot!("who_table", activity.table(100));
        insta::assert_snapshot!("who_markdown", activity.markdown());
    }

    #[test]
    fn what_was_not_seen_is_listed() {
        let mut report = sample::clean();
        report.gaps = sample::rich().gaps;
        let activity = Activity { principal: "eve", since: "x", records: &[], report: &report };
        let detail = sanitize_output(&report.gaps[0].detail);
        for text in [activity.table(500), activity.json()] {
            assert!(text.contains(&detail), "{text}");
        }
        assert!(activity.markdown().contains("Not seen: <code>") && activity.json().contains("\"complete\": false"));
    }

    #[test]
    fn what_is_copied_is_quoted() {
        assert_eq!(for_shell("a"), "'a'");
        assert_eq!(for_shell("x[\"a'; curl x|sh;'\"]"), r#"'x["a'\''; curl x|sh;'\''"]'"#);
        assert_eq!(for_hcl(r#"a"b\c${d}%{e}"#), r#""a\"b\\c$${d}%%{e}""#);
        let evil = "x[\"a'; curl x|sh;'\"]";
        let ways = |drift| {
            let address = if drift == DriftStatus::Unmanaged { "" } else { evil };
            ways_out(&sample::finding(drift, Severity::Low, "aws_vpc", evil, address))
        };
        let quoted = for_shell(evil);
        assert_eq!(ways(DriftStatus::Changed).0, format!("terraform apply -target={quoted}"));
        let (revert, adopt) = ways(DriftStatus::Missing);
        assert_eq!(revert, format!("terraform apply -target={quoted} makes it anew"));
        assert!(adopt.ends_with(&format!("then terraform state rm {quoted}")), "{adopt}");
        let (revert, adopt) = ways(DriftStatus::Unmanaged);
        assert_eq!(revert, format!("delete aws_vpc {quoted}, if nothing needs it"));
        assert_eq!(adopt, r#"import { to = aws_vpc.NAME  id = "x[\"a'; curl x|sh;'\"]" }"#);
        // Nothing is replaced by what ends a quotation.
        assert_eq!(super::super::markdown::code("'`|'"), "<code>'&#96;&#124;'</code>");
    }
}

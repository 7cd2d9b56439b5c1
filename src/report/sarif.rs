//! The report as SARIF 2.1.0 for GitHub code scanning and its like.
//!
//! Limits: <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>
//! (25,000 results a run; the first are the worst). What could not be seen is a notification, not a result.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{Options, exit, gaps, json::escaped, phrases};
use crate::model::report::{Finding, Report, Severity};
use crate::wording::{
    self, Line,
    text::{count, sanitize_output},
    who,
};

/// Most results of a run that GitHub takes.
const RESULTS: usize = 25_000;

/// What may stand in the path of a URI reference as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// The SARIF text.
pub fn render(report: &Report, options: &Options) -> serde_json::Result<String> {
    let mut rules: BTreeMap<String, Severity> = BTreeMap::new();
    for finding in phrases::drifted(report) {
        let severity = rules.entry(rule_id(finding, options)).or_insert(finding.severity);
        *severity = finding.severity.min(*severity);
    }
    let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(n, id)| (id.as_str(), n)).collect();
    let results: Vec<Value> = phrases::drifted(report)
        .take(RESULTS)
        .map(|finding| result(finding, &index, options, &report.scan.started_at))
        .collect();
    let left_out = phrases::drifted(report).count().saturating_sub(RESULTS);

    let sarif = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "driftd",
                "semanticVersion": report.scan.driftd_version,
                "rules": rules.iter().map(|(id, severity)| rule(id, *severity, options)).collect::<Vec<_>>(),
            }},
            "automationDetails": {"id": "driftd/"},
            "invocations": [{
                "executionSuccessful": exit::fully_seen(report),
                "startTimeUtc": report.scan.started_at,
                "endTimeUtc": report.scan.finished_at,
                "toolExecutionNotifications": notifications(report, left_out),
            }],
            "columnKind": "utf16CodeUnits",
            "results": results,
        }]
    });
    Ok(escaped(&serde_json::to_string_pretty(&sarif)?))
}

/// The worst rule that matched, or an id made of drift status and severity.
fn rule_id(finding: &Finding, options: &Options) -> String {
    let severity = |rule: &&String| options.reasons.get(*rule).map_or(finding.severity, |reason| reason.severity);
    match finding.rules.iter().min_by_key(severity) {
        Some(rule) => sanitize_output(rule),
        None => format!("{}-{}", finding.drift.as_str(), finding.severity.as_str()),
    }
}

fn rule(id: &str, severity: Severity, options: &Options) -> Value {
    let reason = options.reasons.get(id);
    let severity = reason.map_or(severity, |reason| reason.severity);
    let why = sanitize_output(reason.map_or("A resource differs from its Terraform state.", |reason| &reason.why));
    json!({
        "id": id,
        "shortDescription": {"text": id},
        "fullDescription": {"text": plain(&why)},
        "help": {"text": plain(&why)},
        "defaultConfiguration": {"level": level(severity)},
        "properties": {"security-severity": score(severity), "tags": ["security", "drift"]},
    })
}

fn result(finding: &Finding, index: &BTreeMap<&str, usize>, options: &Options, now: &str) -> Value {
    let id = rule_id(finding, options);
    let name = wording::name(finding);
    let mut text = format!("{name} {} in {}", finding.drift.as_str(), wording::place(finding));
    for attribution in who::all(finding) {
        text.push_str(&format!("; {}", who::line(attribution, now)));
    }
    if let Some(note) = wording::note(finding) {
        text.push_str(&format!("; {note}"));
    }
    for Line { sign, text: line } in finding.changes.iter().flat_map(|change| wording::lines(change, 200)) {
        text.push_str(&format!("\n{}{line}", sign.mark()));
    }
    let logical = json!([{"fullyQualifiedName": name, "kind": "resource"}]);
    let location = match &finding.code {
        Some(code) => json!({
            "physicalLocation": {
                "artifactLocation": {"uri": uri(&code.file)},
                "region": {"startLine": code.line.max(1)},
            },
            "logicalLocations": logical,
        }),
        None => json!({"logicalLocations": logical}),
    };
    json!({
        "ruleIndex": index.get(id.as_str()),
        "ruleId": id,
        "level": level(finding.severity),
        "message": {"text": plain(&text)},
        "locations": [location],
        // without the line number, so that moving the block does not make a new alert
        "partialFingerprints": {"primaryLocationLineHash": finding.fingerprint, "driftd/v1": finding.fingerprint},
    })
}

fn notifications(report: &Report, left_out: usize) -> Vec<Value> {
    let note = |text: String| json!({"level": "warning", "message": {"text": plain(&text)}});
    let gaps = gaps::grouped(&report.gaps).into_iter().map(|group| {
        note(format!(
            "not seen: {} x{}, {}: {}; {}",
            group.what, group.count, group.reason, group.example, group.remedy
        ))
    });
    let unknown = gaps::unknown(report)
        .into_iter()
        .map(|group| note(format!("unknown: {} x{}: {}", group.kind, group.count, group.reason)));
    let more = (left_out > 0).then(|| note(format!("{left_out} more results do not fit")));
    let ignored = report.summary.ignored_by_rule.iter().map(|(rule, number)| {
        let text = format!("{} ignored by {}", count(*number, "drift", "drifts"), sanitize_output(rule));
        json!({"level": "note", "message": {"text": plain(&text)}})
    });
    let beside = [Some(phrases::looked_at(report)), phrases::folded(report), phrases::other_providers(report)];
    let beside = beside.into_iter().flatten().map(|text| json!({"level": "note", "message": {"text": plain(&text)}}));
    gaps.chain(unknown).chain(more).chain(ignored).chain(beside).collect()
}

/// A relative reference stays one (to the repository); an absolute path becomes a `file` URI.
fn uri(file: &str) -> String {
    let path = utf8_percent_encode(file.strip_prefix("./").unwrap_or(file), PATH).to_string();
    if path.starts_with('/') { format!("file://{path}") } else { path }
}

/// Plain text in SARIF: brackets would be links (SARIF 2.1.0, section 3.11.6).
fn plain(text: &str) -> String {
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// GitHub: above 9.0 critical, from 7.0 high, from 4.0 medium, above 0 low.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "1.0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::sample;

    fn options() -> Options {
        Options { reasons: crate::judge::starter().reasons(), ..Options::default() }
    }

    #[test]
    fn results_point_at_code_where_it_is_known() {
        let sarif: Value = serde_json::from_str(&render(&sample::rich(), &options()).unwrap()).unwrap();
        insta::assert_snapshot!(serde_json::to_string_pretty(&sarif["runs"][0]["results"][2]).unwrap());
        let run = &sarif["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), 6, "unknown is no result");
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            assert!(result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].is_string());
        }
        assert!(results[0]["locations"][0].get("physicalLocation").is_none());
        assert_eq!(run["invocations"][0]["executionSuccessful"], false);
        assert_eq!(run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap().len(), 5);
    }

    #[test]
    fn only_so_many_results_as_github_takes() {
        let mut report = sample::rich();
        let one = report.findings[0].clone();
        report.findings = vec![one; RESULTS + 7];
        let sarif: Value = serde_json::from_str(&render(&report, &Options::default()).unwrap()).unwrap();
        assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), RESULTS);
        assert!(sarif.to_string().contains("7 more results do not fit"));
    }

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("./a b/c.tf"), "a%20b/c.tf");
        assert_eq!(uri("/a/ü.tf"), "file:///a/%C3%BC.tf");
    }
}

//! The report as JUnit XML, for CI systems: one suite per source with drift, one failed case per drifted resource.
//!
//! What was not seen is an error, never a success nor merely skipped: a green run must mean in sync.

use quick_junit::{NonSuccessKind, Report as Junit, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::{gaps, phrases};
use crate::model::{
    DriftStatus,
    report::{Finding, Report},
};
use crate::wording::{
    self,
    text::{count, sanitize_output},
    who,
};

/// The XML text.
pub fn render(report: &Report) -> Result<String, SerializeError> {
    let mut junit = Junit::new("driftd");
    for source in &report.scan.sources {
        let mut suite = TestSuite::new(sanitize_output(&source.name));
        let own = report.findings.iter().filter(|finding| finding.source.as_deref() == Some(&source.name));
        suite.add_test_cases(own.map(|finding| case(finding, &report.scan.started_at)));
        if !suite.test_cases.is_empty() {
            junit.add_test_suite(suite);
        }
    }
    let named = |finding: &&Finding| {
        finding.source.as_ref().is_some_and(|name| report.scan.sources.iter().any(|source| source.name == *name))
    };
    let undeclared: Vec<_> = report.findings.iter().filter(|finding| !named(finding)).collect();
    if !undeclared.is_empty() {
        let mut suite = TestSuite::new("without a source");
        suite.add_test_cases(undeclared.into_iter().map(|finding| case(finding, &report.scan.started_at)));
        junit.add_test_suite(suite);
    }
    if !report.gaps.is_empty() || !report.scan.complete {
        junit.add_test_suite(not_seen(report));
    }
    junit.add_test_suite(without_drift(report));
    let mut text = junit.to_string()?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

fn case(finding: &Finding, now: &str) -> TestCase {
    let kind = if finding.drift == DriftStatus::Unknown { NonSuccessKind::Error } else { NonSuccessKind::Failure };
    let mut status = TestCaseStatus::non_success(kind);
    let word = finding.drift.as_str();
    let mut message = format!("{} {word}", finding.severity.as_str());
    if finding.drift == DriftStatus::Unknown {
        message = format!("unknown: {}", sanitize_output(finding.reason.as_deref().unwrap_or("not seen")));
    }
    let mut text = vec![format!("{} ({})", wording::place(finding), sanitize_output(&finding.id))];
    text.extend(wording::code(finding));
    text.extend(who::all(finding).map(|attribution| format!("who: {}", who::line(attribution, now))));
    text.extend(wording::note(finding));
    if !finding.rules.is_empty() {
        let rules: Vec<_> = finding.rules.iter().map(|rule| sanitize_output(rule)).collect();
        text.push(format!("rules: {}", rules.join(", ")));
    }
    let lines = finding.changes.iter().flat_map(|change| wording::lines(change, 200));
    text.extend(lines.map(|line| format!("{}{}", line.sign.mark(), line.text)));
    let outcome = if finding.drift == DriftStatus::Unknown { "unknown" } else { "drift" };
    status.set_type(outcome).set_message(message).set_description(text.join("\n"));
    let mut case = TestCase::new(wording::name(finding), status);
    case.set_classname(sanitize_output(&finding.kind));
    case
}

/// What was looked at and found as declared (never more than that: a scan may look at a part only), and what rules ignore.
fn without_drift(report: &Report) -> TestSuite {
    let mut suite = TestSuite::new("without drift");
    let in_sync = report.summary.in_sync;
    // A success says that something was compared.
    let status = if in_sync > 0 { TestCaseStatus::success() } else { TestCaseStatus::skipped() };
    suite.add_test_case(TestCase::new(format!("{} without drift", count(in_sync, "resource", "resources")), status));
    suite.set_system_out(phrases::looked_at(report));
    for beside in [phrases::folded(report), phrases::other_providers(report)].into_iter().flatten() {
        suite.add_test_case(TestCase::new(beside, TestCaseStatus::skipped()));
    }
    for (rule, drifts) in &report.summary.ignored_by_rule {
        let name = format!("{} ignored by {}", count(*drifts, "drift", "drifts"), sanitize_output(rule));
        suite.add_test_case(TestCase::new(name, TestCaseStatus::skipped()));
    }
    suite
}

fn not_seen(report: &Report) -> TestSuite {
    let mut suite = TestSuite::new("not seen");
    for group in gaps::grouped(&report.gaps) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type("gap").set_message(format!("{} x{}: {}", group.reason, group.count, group.remedy));
        status.set_description(group.example);
        suite.add_test_case(TestCase::new(group.what, status));
    }
    if report.gaps.is_empty() {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type("gap").set_message("the scan is not complete");
        suite.add_test_case(TestCase::new("everything", status));
    }
    suite
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::report::Summary;
    use crate::wording::sample;

    /// A scan of a part says of that part that it is as declared, and no more.
    #[test]
    fn only_what_was_seen_is_a_success() {
        let mut part = sample::clean();
        part.summary = Summary { desired: 1, in_sync: 1, ..Summary::default() };
        let text = render(&part).unwrap();
        assert!(text.contains("1 resource without drift") && !text.contains("12"), "{text}");
        part.summary = Summary { ignored_by_rule: [("break-glass".to_owned(), 2)].into(), ..Summary::default() };
        let text = render(&part).unwrap();
        assert!(text.contains("2 drifts ignored by break-glass") && text.matches("<skipped").count() == 2, "{text}");
    }

    #[test]
    fn suites_are_sources() {
        insta::assert_snapshot!(render(&sample::rich()).unwrap());
        let clean = render(&sample::clean()).unwrap();
        assert!(
            clean.contains("failures=\"0\" errors=\"0\"") && clean.contains("12 resources without drift"),
            "{clean}"
        );
    }
}

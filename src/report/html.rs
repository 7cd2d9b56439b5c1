//! The report as one HTML file that anybody can open: no script, no request to anywhere, light and dark, printable.

use askama::Template;

use super::{
    Options, gaps,
    phrases::{self, ReportStatus},
};
use crate::model::{
    DriftStatus,
    report::{Finding, Report, Severity},
};
use crate::wording::{
    self, Line, Sign,
    text::{count, sanitize_output},
    who,
};

/// The HTML text. All values are escaped by the template engine.
pub fn render(report: &Report, options: &Options) -> askama::Result<String> {
    let mut html = Page::of(report, options).render()?;
    if !html.ends_with('\n') {
        html.push('\n');
    }
    Ok(html)
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    status: &'static str,
    headline: String,
    version: String,
    when: String,
    id: String,
    scope: String,
    others: Vec<String>,
    tiles: Vec<Tile>,
    severities: Vec<SeverityView>,
    gap_count: usize,
    gaps: Vec<gaps::GapGroup>,
    unknown: Vec<UnknownView>,
    sources: Vec<SourceView>,
}

struct Tile {
    number: u64,
    word: &'static str,
    class: &'static str,
}

struct SeverityView {
    name: &'static str,
    findings: Vec<FindingView>,
}

struct FindingView {
    drift: &'static str,
    name: String,
    id: Option<String>,
    place: String,
    source: Option<String>,
    code: Option<String>,
    who: Vec<WhoView>,
    rules: Vec<RuleView>,
    note: Option<String>,
    lines: Vec<Line>,
}

struct WhoView {
    line: String,
    proof: Vec<String>,
}

struct RuleView {
    id: String,
    why: Option<String>,
}

struct UnknownView {
    kind: String,
    reason: String,
    count: u64,
    examples: String,
}

struct SourceView {
    name: String,
    location: String,
    serial: String,
    resources: u64,
    warnings: Vec<String>,
}

impl Page {
    fn of(report: &Report, options: &Options) -> Self {
        let (scan, sum) = (&report.scan, &report.summary);
        let tile = |number, word, class| Tile { number, word, class };
        Self {
            status: match phrases::status(report) {
                ReportStatus::InSync => "in-sync",
                ReportStatus::Incomplete => "incomplete",
                ReportStatus::Drifted => "drifted",
            },
            headline: phrases::headline(report),
            version: sanitize_output(&scan.driftd_version),
            when: sanitize_output(&scan.finished_at),
            id: sanitize_output(&scan.id),
            scope: count(scan.sources.len() as u64, "source", "sources"),
            others: [Some(phrases::looked_at(report)), phrases::folded(report), phrases::other_providers(report)]
                .into_iter()
                .flatten()
                .collect(),
            tiles: vec![
                tile(sum.in_sync, "in sync", "good"),
                tile(sum.changed, "changed", if sum.changed > 0 { "bad" } else { "" }),
                tile(sum.missing, "missing", if sum.missing > 0 { "bad" } else { "" }),
                tile(sum.unmanaged, "unmanaged", if sum.unmanaged > 0 { "bad" } else { "" }),
                tile(sum.unknown, "not checked", if sum.unknown > 0 { "warn" } else { "" }),
                tile(sum.ignored_drifts(), "ignored", ""),
                tile(sum.desired, "declared", ""),
            ],
            severities: Severity::ALL
                .into_iter()
                .map(|severity| SeverityView {
                    name: severity.as_str(),
                    findings: phrases::of_severity(report, severity)
                        .into_iter()
                        .map(|f| view(f, options, &scan.started_at))
                        .collect(),
                })
                .filter(|view| !view.findings.is_empty())
                .collect(),
            gap_count: report.gaps.len(),
            gaps: gaps::grouped(&report.gaps),
            unknown: gaps::unknown(report)
                .into_iter()
                .map(|group| UnknownView {
                    examples: gaps::some_of(&group.examples, group.count),
                    kind: group.kind,
                    reason: group.reason,
                    count: group.count,
                })
                .collect(),
            sources: scan
                .sources
                .iter()
                .map(|source| SourceView {
                    name: sanitize_output(&source.name),
                    location: sanitize_output(&source.location),
                    serial: source.serial.map(|serial| serial.to_string()).unwrap_or_default(),
                    resources: source.resources,
                    warnings: source.warnings.iter().map(|warning| sanitize_output(warning)).collect(),
                })
                .collect(),
        }
    }
}

fn view(finding: &Finding, options: &Options, now: &str) -> FindingView {
    FindingView {
        drift: finding.drift.as_str(),
        name: wording::name(finding),
        id: (finding.drift != DriftStatus::Unmanaged && !finding.id.is_empty()).then(|| sanitize_output(&finding.id)),
        place: wording::place(finding),
        source: finding.source.as_deref().map(sanitize_output),
        code: wording::code(finding),
        who: who::all(finding)
            .map(|attribution| WhoView { line: who::line(attribution, now), proof: who::proof(attribution) })
            .collect(),
        rules: finding
            .rules
            .iter()
            .map(|rule| RuleView {
                id: sanitize_output(rule),
                why: options.reasons.get(rule).map(|reason| sanitize_output(&reason.why)),
            })
            .collect(),
        note: wording::note(finding),
        lines: finding.changes.iter().flat_map(|change| wording::lines(change, 400)).collect(),
    }
}

impl Line {
    /// The CSS class of the line.
    fn class(&self) -> &'static str {
        match self.sign {
            Sign::Path => "path",
            Sign::Removed => "removed",
            Sign::Added => "added",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::sample;

    #[test]
    fn the_page_reads_well() {
        let reasons = crate::judge::starter().reasons();
        insta::assert_snapshot!(render(&sample::attributed(), &Options { reasons, ..Options::default() }).unwrap());
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "pages to look at, for whoever asks for them")]
    fn the_page_stands_alone() {
        let reasons = crate::judge::starter().reasons();
        let page = render(&sample::rich(), &Options { reasons, ..Options::default() }).unwrap();
        for outside in ["http://", "https://", "<script", "<link", "src=", "@import", "url("] {
            assert!(!page.contains(outside), "the page has {outside}");
        }
        assert!(page.contains("aws_security_group.web") && page.contains("needs s3:GetBucketPolicy"));
        assert!(page.contains("passwords and keys against SSH"), "the reasons of the rules are on the page");
        let clean = render(&sample::clean(), &Options::default()).unwrap();
        assert!(clean.contains("In sync: 12 resources are as declared") && !clean.contains("Not seen"));
        if let Some(folder) = std::env::var_os("DRIFTD_SAMPLE_PAGES") {
            std::fs::write(std::path::Path::new(&folder).join("rich.html"), page).unwrap();
            std::fs::write(std::path::Path::new(&folder).join("clean.html"), clean).unwrap();
        }
    }
}

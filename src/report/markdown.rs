//! The report as GitHub-flavoured Markdown, for a step summary or a comment.
//!
//! A step summary may be 1 MiB (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits>).
//! What does not fit is counted, worst first kept.

use std::fmt::Write as _;

use super::{
    Options, gaps,
    phrases::{self, ReportStatus},
};
use crate::model::{
    DriftStatus,
    report::{Finding, Report, Severity},
};
use crate::wording::{self, Sign, text::sanitize_output, who};

/// Most bytes of the whole text.
const LIMIT: usize = 1024 * 1024;
/// Kept free for gaps, sums and the word that something was left out.
const RESERVE: usize = 64 * 1024;

/// The Markdown; never longer than 1 MiB.
pub fn render(report: &Report, options: &Options) -> String {
    let mut out = String::new();
    let icon = match phrases::status(report) {
        ReportStatus::InSync => "✅",
        ReportStatus::Incomplete => "⚠️",
        ReportStatus::Drifted => "🚨",
    };
    let _ = writeln!(out, "## {icon} {}\n", escape(&phrases::headline(report)));
    counts(&mut out, report);

    let mut left_out = 0;
    for severity in Severity::ALL {
        let findings = phrases::of_severity(report, severity);
        if findings.is_empty() {
            continue;
        }
        let _ = writeln!(out, "### {} ({})\n", title(severity), findings.len());
        for finding in findings {
            let block = block(finding, options, &report.scan.started_at);
            if left_out > 0 || out.len() + block.len() > LIMIT - RESERVE {
                left_out += 1;
            } else {
                out.push_str(&block);
            }
        }
    }
    if left_out > 0 {
        let _ =
            writeln!(out, "\n**{left_out} more drifted resources are not shown here**; the full report has them.\n");
    }
    tail(&mut out, report);
    out
}

fn counts(out: &mut String, report: &Report) {
    if phrases::drifted(report).next().is_some() {
        out.push_str("| severity | changed | missing | unmanaged |\n|---|---:|---:|---:|\n");
        for severity in Severity::ALL {
            let findings = phrases::of_severity(report, severity);
            if !findings.is_empty() {
                let of = |drift| findings.iter().filter(|finding| finding.drift == drift).count();
                let (changed, missing) = (of(DriftStatus::Changed), of(DriftStatus::Missing));
                let _ =
                    writeln!(out, "| {} | {changed} | {missing} | {} |", title(severity), of(DriftStatus::Unmanaged));
            }
        }
        out.push('\n');
    }
    let sum = &report.summary;
    let _ = writeln!(
        out,
        "{} desired, {} in sync, {} unknown, {} ignored, {} live.\n",
        sum.desired,
        sum.in_sync,
        sum.unknown,
        sum.ignored_drifts(),
        sum.live
    );
    let looked_at = Some(phrases::looked_at(report));
    for more in [looked_at, phrases::folded(report), phrases::other_providers(report)].into_iter().flatten() {
        let _ = writeln!(out, "{}\n", escape(&more));
    }
}

fn block(finding: &Finding, options: &Options, now: &str) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<details><summary><b>{}</b> {}</summary>\n",
        finding.drift.as_str(),
        code(&wording::name(finding))
    );
    if finding.address.is_some() && !finding.id.is_empty() {
        let _ = writeln!(out, "- id: {}", code(&sanitize_output(&finding.id)));
    }
    let _ = writeln!(out, "- where: {}", code(&wording::place(finding)));
    if let Some(source) = &finding.source {
        let _ = writeln!(out, "- source: {}", code(&sanitize_output(source)));
    }
    if let Some(position) = wording::code(finding) {
        let _ = writeln!(out, "- code: {}", code(&position));
    }
    for attribution in who::all(finding) {
        let _ = writeln!(out, "- who: {}", code(&who::line(attribution, now)));
        for line in who::proof(attribution) {
            let _ = writeln!(out, "  - {}", code(&line));
        }
    }
    for rule in &finding.rules {
        let why =
            options.reasons.get(rule).map(|r| format!(": {}", escape(&sanitize_output(&r.why)))).unwrap_or_default();
        let _ = writeln!(out, "- rule {}{why}", code(&sanitize_output(rule)));
    }
    if let Some(note) = wording::note(finding) {
        let _ = writeln!(out, "- {}", escape(&note));
    }
    if !finding.changes.is_empty() {
        out.push_str("\n<pre lang=\"diff\">\n");
        for line in finding.changes.iter().flat_map(|change| wording::lines(change, 160)) {
            let indent = if line.sign == Sign::Path { "  " } else { "" };
            let _ = writeln!(out, "{indent}{}{}", line.sign.mark(), escape_html(&line.text));
        }
        out.push_str("</pre>\n");
    }
    out.push_str("\n</details>\n\n");
    out
}

fn tail(out: &mut String, report: &Report) {
    let groups = gaps::grouped(&report.gaps);
    let unknown = gaps::unknown(report);
    if !groups.is_empty() || !unknown.is_empty() {
        let _ = writeln!(out, "### Not seen ({})\n", report.gaps.len());
        out.push_str("| reason | what | count | remedy |\n|---|---|---:|---|\n");
        let rows =
            groups
                .iter()
                .map(|g| {
                    format!(
                        "| {} | {} | {} | {}<br>{} |",
                        g.reason,
                        code(&g.what),
                        g.count,
                        escape(&g.remedy),
                        escape(&g.example)
                    )
                })
                .chain(unknown.iter().map(|g| {
                    format!("| unknown: {} | {} | {} | see above |", escape(&g.reason), code(&g.kind), g.count)
                }));
        let mut left_out = 0;
        for row in rows {
            if left_out > 0 || out.len() + row.len() > LIMIT - 1024 {
                left_out += 1;
            } else {
                let _ = writeln!(out, "{row}");
            }
        }
        if left_out > 0 {
            let _ = writeln!(out, "\n**{left_out} more lines are not shown here.**");
        }
        out.push('\n');
    }
}

fn title(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
        Severity::Info => "Info",
    }
}

pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

/// Whatever means something to Markdown, HTML, tables, mentions or autolinks, as a character reference. An underscore
/// within a word and a colon before a space mean nothing.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let after = characters.peek().copied().unwrap_or(' ');
        let special = match c {
            '&' | '<' | '>' | '|' | '`' | '@' | '[' | ']' | '*' | '#' | '~' | '\\' | '$' => true,
            '_' => !(before.is_alphanumeric() && after.is_alphanumeric()),
            ':' => !(after == ' ' || after.is_ascii_digit()),
            _ => false,
        };
        reference(&mut safe, c, special);
        before = c;
    }
    safe.replace("www.", "www&#46;")
}

/// For the inside of `<pre>`, where Markdown is not read.
fn escape_html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    text.chars().for_each(|c| reference(&mut safe, c, matches!(c, '&' | '<' | '>' | '@')));
    safe
}

fn reference(safe: &mut String, c: char, special: bool) {
    if special {
        let _ = write!(safe, "&#{};", u32::from(c));
    } else {
        safe.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::sample;

    #[test]
    fn the_summary_reads_well() {
        insta::assert_snapshot!(render(&sample::rich(), &Options::default()));
    }

    #[test]
    fn a_huge_report_fits_and_says_what_is_left_out() {
        let mut report = sample::rich();
        let one = report.findings[2].clone();
        report.findings = vec![one; 5000];
        let text = render(&report, &Options::default());
        assert!(text.len() <= LIMIT);
        let shown = text.matches("<details>").count();
        assert!(shown > 500);
        assert!(text.contains(&format!("**{} more drifted resources are not shown", 5000 - shown)));
        assert!(text.contains("Not seen"));
    }
}

//! The report for a person at a terminal: worst first, one block per resource.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::{
    Options, gaps,
    phrases::{self, ReportStatus},
};
use crate::model::{
    DriftStatus,
    report::{Finding, Report, Severity},
};
use crate::wording::{
    self, Sign,
    text::{count, sanitize_output, shorten, wrap},
    who,
};

/// Left margin of what belongs to a resource.
const MARGIN: &str = "            ";

/// The same of a gap.
const GAP_MARGIN: &str = "                 ";

/// The table; ANSI colours only when the options say so.
pub fn render(report: &Report, options: &Options) -> String {
    let mut table = Table { out: String::new(), width: options.width.max(60), colour: options.colour };
    table.head(report);
    for severity in Severity::ALL {
        let findings = phrases::of_severity(report, severity);
        if !findings.is_empty() {
            let title = format!("{} ({})", severity.as_str().to_uppercase(), findings.len());
            table.line("", &title, of_severity(severity));
            for finding in findings {
                table.finding(report, finding);
            }
            table.out.push('\n');
        }
    }
    table.gaps(report);
    table.summary(report);
    table.out
}

struct Table {
    out: String,
    width: usize,
    colour: bool,
}

impl Table {
    fn head(&mut self, report: &Report) {
        let style = match phrases::status(report) {
            ReportStatus::InSync => AnsiColor::Green.on_default().bold(),
            ReportStatus::Incomplete => AnsiColor::Yellow.on_default().bold(),
            ReportStatus::Drifted => AnsiColor::Red.on_default().bold(),
        };
        self.line("", &phrases::headline(report), style);
        let scan = &report.scan;
        self.wrapped("", &phrases::looked_at(report), Style::new().dimmed());
        for source in &scan.sources {
            let serial = source.serial.map(|serial| format!(", serial {serial}")).unwrap_or_default();
            let text = format!(
                "{} ({}{serial})",
                sanitize_output(&source.location),
                count(source.resources, "resource", "resources")
            );
            self.line("", &shorten(&text, self.width), Style::new().dimmed());
            for warning in &source.warnings {
                self.line("  ", &format!("warning: {}", sanitize_output(warning)), AnsiColor::Yellow.on_default());
            }
        }
        self.out.push('\n');
    }

    fn finding(&mut self, report: &Report, finding: &Finding) {
        let word = format!("{:<9}", finding.drift.as_str());
        let id = match &finding.address {
            Some(_) if !finding.id.is_empty() => format!(" ({})", sanitize_output(&finding.id)),
            _ => String::new(),
        };
        let painted = self.paint(&word, of_drift(finding.drift));
        let name = self.paint(&wording::name(finding), Style::new().bold());
        let _ = writeln!(self.out, "  {painted} {name}{id}");

        let place =
            [Some(wording::place(finding)), finding.source.as_deref().map(sanitize_output), wording::code(finding)];
        let place: Vec<_> = place.into_iter().flatten().collect();
        self.line(MARGIN, &place.join("  "), Style::new().dimmed());
        for attribution in who::all(finding) {
            let who = format!("who: {}", who::line(attribution, &report.scan.started_at));
            self.line(MARGIN, &shorten(&who, self.width - MARGIN.len()), AnsiColor::Magenta.on_default());
        }
        if !finding.rules.is_empty() {
            let rules: Vec<_> = finding.rules.iter().map(|rule| sanitize_output(rule)).collect();
            self.line(MARGIN, &format!("rules: {}", rules.join(", ")), Style::new().dimmed());
        }
        if let Some(note) = wording::note(finding) {
            self.wrapped(MARGIN, &note, Style::new().dimmed());
        }
        for change in &finding.changes {
            for line in wording::lines(change, self.width.saturating_sub(MARGIN.len() + 2)) {
                match line.sign {
                    Sign::Path => self.line(MARGIN, &line.text, Style::new()),
                    Sign::Removed => self.line(MARGIN, &format!("  - {}", line.text), AnsiColor::Red.on_default()),
                    Sign::Added => self.line(MARGIN, &format!("  + {}", line.text), AnsiColor::Green.on_default()),
                }
            }
        }
    }

    fn gaps(&mut self, report: &Report) {
        let groups = gaps::grouped(&report.gaps);
        let unknown = gaps::unknown(report);
        if groups.is_empty() && unknown.is_empty() {
            return;
        }
        let yellow = AnsiColor::Yellow.on_default();
        self.line("", &format!("NOT SEEN ({})", count(report.gaps.len() as u64, "gap", "gaps")), yellow.bold());
        for group in &groups {
            let times = if group.count > 1 { format!(" x{}", group.count) } else { String::new() };
            let reason = self.paint(&format!("{:<14}", group.reason), yellow);
            let head = wrap(&format!("{}{times}: {}", group.what, group.remedy), self.width - GAP_MARGIN.len());
            let _ = writeln!(self.out, "  {reason} {}", head.join(&format!("\n{GAP_MARGIN}")));
            let places = gaps::some_of(group.places.get(..3).unwrap_or(&group.places), group.places.len() as u64);
            let detail = if places.is_empty() { group.example.clone() } else { format!("{places}: {}", group.example) };
            self.wrapped(GAP_MARGIN, &detail, Style::new().dimmed());
        }
        for group in &unknown {
            let text = format!(
                "{} {} unknown ({}): {}",
                group.count,
                group.kind,
                group.reason,
                gaps::some_of(&group.examples, group.count)
            );
            let (first, more) =
                wrap(&text, self.width - 4).split_first().map(|(f, m)| (f.clone(), m.to_vec())).unwrap_or_default();
            self.line("  ", &first, Style::new());
            more.iter().for_each(|line| self.line("    ", line, Style::new()));
        }
        self.out.push('\n');
    }

    fn summary(&mut self, report: &Report) {
        let sum = &report.summary;
        let parts = [
            (sum.desired, "desired"),
            (sum.in_sync, "in sync"),
            (sum.changed, "changed"),
            (sum.missing, "missing"),
            (sum.unmanaged, "unmanaged"),
            (sum.unknown, "unknown"),
            (sum.ignored_drifts(), "ignored"),
        ];
        let parts: Vec<_> = parts
            .iter()
            .filter(|(number, word)| *number > 0 || matches!(*word, "desired" | "in sync"))
            .map(|(number, word)| format!("{number} {word}"))
            .collect();
        self.wrapped("", &format!("{}; {} live", parts.join(", "), sum.live), Style::new());
        for more in [phrases::folded(report), phrases::other_providers(report)].into_iter().flatten() {
            self.wrapped("", &more, Style::new().dimmed());
        }
    }

    /// All of the text, in as many lines as it takes.
    fn wrapped(&mut self, indent: &str, text: &str, style: Style) {
        wrap(text, self.width - indent.len()).iter().for_each(|line| self.line(indent, line, style));
    }

    fn line(&mut self, indent: &str, text: &str, style: Style) {
        let painted = self.paint(text, style);
        let _ = writeln!(self.out, "{indent}{painted}");
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_string() }
    }
}

fn of_severity(severity: Severity) -> Style {
    match severity {
        Severity::Critical => AnsiColor::BrightRed.on_default().bold(),
        Severity::High => AnsiColor::Red.on_default().bold(),
        Severity::Medium => AnsiColor::Yellow.on_default().bold(),
        Severity::Low => AnsiColor::Blue.on_default().bold(),
        Severity::Info => Style::new().bold(),
    }
}

fn of_drift(drift: DriftStatus) -> Style {
    match drift {
        DriftStatus::Changed => AnsiColor::Yellow.on_default(),
        DriftStatus::Missing => AnsiColor::Red.on_default(),
        DriftStatus::Unmanaged => AnsiColor::Cyan.on_default(),
        DriftStatus::Unknown => Style::new().dimmed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::sample;

    #[test]
    fn the_table_reads_well() {
        insta::assert_snapshot!(render(&sample::rich(), &Options::default()));
        insta::assert_snapshot!(render(&sample::clean(), &Options::default()));
    }

    /// What is wrong and what helps is never cut.
    #[test]
    fn gaps_are_told_whole() {
        let mut report = sample::rich();
        let detail = "live/eu-west-1/production/network/terraform.tfstate has state version 3, older than 4: run `terraform refresh`";
        report.gaps[0].detail = format!("{detail} {}", "x".repeat(200));
        for width in [60, 80, 100] {
            let text = render(&report, &Options { width, ..Options::default() });
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            assert!(bare(&text).contains(&bare(detail)), "{width}: {text}");
            assert_eq!(text.matches('x').count(), render(&report, &Options::default()).matches('x').count(), "{width}");
            let gaps = text.split("NOT SEEN").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap();
            assert!(gaps.lines().all(|line| line.chars().count() <= width), "{width}: {gaps}");
        }
    }

    #[test]
    fn nothing_but_names_is_wider_than_asked_and_colours_only_on_request() {
        let report = sample::rich();
        for width in [80, 100, 140] {
            let text = render(&report, &Options { width, ..Options::default() });
            for line in text.lines().filter(|line| line.starts_with(MARGIN)) {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
            assert!(!text.contains('\u{1b}'));
        }
        assert!(
            render(&report, &Options { colour: true, ..Options::default() }).contains("\u{1b}[1m\u{1b}[91mCRITICAL")
        );
    }
}

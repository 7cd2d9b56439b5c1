//! SAY IT: the report as table, JSON, Markdown, HTML, SARIF and JUnit; pure.
//!
//! Every renderer is a function of the [`Report`] (and [`Options`]) to a text. What AWS or a state named is hostile until
//! [`crate::wording::text::sanitize_output`] or the format's own escaping made it harmless. Knows neither where the text goes nor whether it is a terminal.

pub mod activity;
pub mod exit;
pub mod gaps;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod phrases;
pub mod sarif;
pub mod table;

use std::collections::BTreeMap;

pub use exit::exit_code;

use crate::{judge::Reason, model::report::Report};

/// How a report can be written; the values of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    Table,
    Json,
    Markdown,
    Html,
    Sarif,
    Junit,
}

impl Format {
    pub const ALL: [Format; 6] = [Self::Table, Self::Json, Self::Markdown, Self::Html, Self::Sarif, Self::Junit];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
        }
    }
}

/// What a renderer may be given besides the report.
#[derive(Debug, Clone)]
pub struct Options {
    /// Columns of the table.
    pub width: usize,
    /// ANSI colours in the table.
    pub colour: bool,
    /// What each rule says, by its id (`RuleSet::reasons`).
    pub reasons: BTreeMap<String, Reason>,
}

impl Default for Options {
    fn default() -> Self {
        Self { width: 100, colour: false, reasons: BTreeMap::new() }
    }
}

/// A report that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("failed to write the report as {format}: {message}")]
pub struct RenderError {
    pub format: &'static str,
    pub message: String,
}

/// Writes the report in a format; the text ends with a newline.
pub fn render(report: &Report, format: Format, options: &Options) -> Result<String, RenderError> {
    let failed = |message: String| RenderError { format: format.as_str(), message };
    match format {
        Format::Table => Ok(table::render(report, options)),
        Format::Json => json::render(report).map_err(|e| failed(e.to_string())),
        Format::Markdown => Ok(markdown::render(report, options)),
        Format::Html => html::render(report, options).map_err(|e| failed(e.to_string())),
        Format::Sarif => sarif::render(report, options).map_err(|e| failed(e.to_string())),
        Format::Junit => junit::render(report).map_err(|e| failed(e.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::sample;

    /// Resources of other providers are told once, beside the result, and change nothing of it.
    #[test]
    fn other_providers_are_told_in_one_quiet_line() {
        let report = sample::mixed();
        assert_eq!(exit_code(&report, None), 0);
        let line = "not compared: 1 resource of h.example/a/<b>\\u{1b}, 2 of hashicorp/random, 1 of null";
        let said = |format| render(&report, format, &Options::default()).unwrap();
        let table = said(Format::Table);
        assert!(table.lines().any(|one| one == line), "{table}");
        for format in [Format::Markdown, Format::Html] {
            let text = said(format);
            assert!(text.contains("not compared: 1 resource of h.example/a/") && !text.contains("<b>\\u"), "{text}");
        }
        assert!(said(Format::Junit).contains("12 resources without drift"), "{}", said(Format::Junit));
        let json: serde_json::Value = serde_json::from_str(&said(Format::Json)).unwrap();
        assert_eq!(json["scan"]["other_providers"]["registry.terraform.io/hashicorp/random"], 2);
        let quiet: serde_json::Value = serde_json::from_str(&json::render(&sample::clean()).unwrap()).unwrap();
        assert!(quiet["scan"].get("other_providers").is_none());
    }

    /// Names and values from AWS may hold anything; no format lets them act.
    #[test]
    fn a_hostile_finding_is_harmless_in_every_format() {
        let report = sample::hostile();
        for format in Format::ALL {
            let options = Options { colour: false, ..Options::default() };
            let text = render(&report, format, &options).unwrap();
            for evil in sample::EVIL_CHARACTERS {
                assert!(!text.contains(*evil), "{format:?} lets {evil:?} through");
            }
            assert!(text.chars().all(|c| !c.is_control() || c == '\n'), "{format:?} has a control character");
            if matches!(format, Format::Html | Format::Markdown | Format::Junit) {
                assert!(!text.contains("<script>") && !text.contains("<img"), "{format:?} lets markup through");
            }
            if format == Format::Markdown {
                assert!(!text.contains("@everyone"), "markdown mentions somebody");
                // within <pre> Markdown is not read
                let outside = text.split("<pre").filter_map(|part| part.split("</pre>").last()).collect::<String>();
                assert!(outside.contains("evil") && !outside.contains("](http"), "markdown links");
            }
        }
        // lossless where a program reads it
        let parsed: serde_json::Value = serde_json::from_str(&json::render(&report).unwrap()).unwrap();
        assert_eq!(parsed["findings"][0]["id"], sample::EVIL);
    }
}

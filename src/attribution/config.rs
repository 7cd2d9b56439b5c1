//! The section `attribution`: where CloudTrail's events are read, and who is expected to change what. Knows no disk and no AWS.

use std::net::IpAddr;
use std::path::Path;

use glob::Pattern;
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::Since;
use super::principal::{Pipeline, Settings};
use super::source::SourceRef;
use crate::diagnostic::{Diagnostic, Diagnostics, Position};
use crate::model::arn::is_arn;
use crate::yaml::position;

/// A valid section.
#[derive(Debug, Clone, Default)]
pub struct AttributionConfig {
    /// Empty: nobody is named. Paths are relative to the configuration file until they are resolved.
    pub sources: Vec<SourceRef>,
    /// How far back; `None` leaves it to each source.
    pub since: Option<Since>,
    pub settings: Settings,
}

impl AttributionConfig {
    /// Takes relative paths as relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        for source in &mut self.sources {
            if let SourceRef::Path(path) = source {
                *path = folder.join(&*path);
            }
        }
    }
}

/// Where CloudTrail's events are read, and who is expected to change what.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawAttribution {
    /// `lookup`, `s3://bucket/prefix`, or a folder or file of logs.
    #[schemars(with = "Vec<String>")]
    sources: Vec<Spanned<String>>,
    /// How far back: a duration, a day or a time.
    #[schemars(with = "Option<String>")]
    since: Option<Spanned<String>>,
    /// Who changes infrastructure as code.
    #[schemars(with = "Vec<RawPipeline>")]
    pipelines: Vec<Spanned<RawPipeline>>,
    /// Principals for emergencies.
    #[schemars(with = "Vec<String>")]
    break_glass: Vec<Spanned<String>>,
    /// Principals that work by themselves.
    #[schemars(with = "Vec<String>")]
    automation: Vec<Spanned<String>>,
}

/// Who changes infrastructure as code, and from where.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct RawPipeline {
    /// ARNs of its roles, users or sessions, with `*` and `?`.
    #[schemars(with = "Vec<String>")]
    principals: Vec<Spanned<String>>,
    /// Networks or addresses that its calls come from; empty: any.
    #[schemars(with = "Vec<String>")]
    networks: Vec<Spanned<String>>,
    /// Subjects of its CI system's tokens; empty: any.
    #[schemars(with = "Vec<String>")]
    subjects: Vec<Spanned<String>>,
}

impl RawAttribution {
    /// What of it is valid; every mistake goes to `diagnostics`.
    pub fn validate(self, diagnostics: &mut Diagnostics) -> AttributionConfig {
        let Self { sources, since, pipelines, break_glass, automation } = self;
        AttributionConfig {
            sources: source_list(&sources, diagnostics),
            since: each(since.as_slice(), diagnostics, parse_since).pop().map(|(since, _)| since),
            settings: Settings {
                pipelines: pipelines.iter().map(|pipeline| pipeline_of(pipeline, diagnostics)).collect(),
                break_glass: values(&break_glass, diagnostics, arn_pattern),
                automation: values(&automation, diagnostics, arn_pattern),
            },
        }
    }
}

fn source_list(raw: &[Spanned<String>], diagnostics: &mut Diagnostics) -> Vec<SourceRef> {
    let mut sources: Vec<SourceRef> = Vec::new();
    let parse = |text: &str| match text {
        "off" => Err(Diagnostic::error("config/not-an-event-source", "`off` is for the command line")
            .with_hint("leave `sources` empty")),
        text => parse_source(text),
    };
    for (source, at) in each(raw, diagnostics, parse) {
        if sources.contains(&source) {
            diagnostics.error("config/duplicate-event-source", at, format!("{source} is listed twice"));
        }
        sources.push(source);
    }
    sources
}

fn pipeline_of(raw: &Spanned<RawPipeline>, diagnostics: &mut Diagnostics) -> Pipeline {
    let RawPipeline { principals, networks, subjects } = &raw.value;
    if principals.is_empty() {
        let mistake = Diagnostic::error("config/pipeline-without-principals", "a pipeline without `principals`")
            .with_hint("list the ARNs of its roles or users");
        diagnostics.add(mistake, position(raw));
    }
    Pipeline {
        principals: values(principals, diagnostics, arn_pattern),
        networks: values(networks, diagnostics, network),
        subjects: values(subjects, diagnostics, pattern),
    }
}

/// A source of events, as the configuration and the command line name it.
///
/// # Errors
/// It is none.
pub fn parse_source(text: &str) -> Result<SourceRef, Diagnostic> {
    text.parse().map_err(|error: String| Diagnostic::error("config/not-an-event-source", error))
}

/// How far back, as the configuration and the command line say it.
///
/// # Errors
/// It is neither a duration nor a time.
pub fn parse_since(text: &str) -> Result<Since, Diagnostic> {
    text.parse().map_err(|error: String| Diagnostic::error("config/not-a-time", error))
}

/// Parses each of a list, with where it stands.
fn each<T>(
    list: &[Spanned<String>],
    diagnostics: &mut Diagnostics,
    parse: impl Fn(&str) -> Result<T, Diagnostic>,
) -> Vec<(T, Position)> {
    let mut valid = Vec::new();
    for raw in list {
        match parse(&raw.value) {
            Ok(value) => valid.push((value, position(raw))),
            Err(mistake) => diagnostics.add(mistake, position(raw)),
        }
    }
    valid
}

fn values<T>(
    list: &[Spanned<String>],
    diagnostics: &mut Diagnostics,
    parse: impl Fn(&str) -> Result<T, Diagnostic>,
) -> Vec<T> {
    each(list, diagnostics, parse).into_iter().map(|(value, _)| value).collect()
}

fn arn_pattern(text: &str) -> Result<Pattern, Diagnostic> {
    if !is_arn(text) && !text.starts_with('*') {
        let message = format!("{text:?} is no ARN, and no pattern of one");
        return Err(Diagnostic::error("config/not-an-arn", message).with_hint("write e.g. arn:aws:iam::*:role/ci-*"));
    }
    pattern(text)
}

fn pattern(text: &str) -> Result<Pattern, Diagnostic> {
    if text.is_empty() {
        return Err(
            Diagnostic::error("config/empty-value", "an empty pattern matches nothing").with_hint("leave it out")
        );
    }
    Pattern::new(text).map_err(|error| {
        let message = format!("{text:?} is not a pattern: {} (at character {})", error.msg, error.pos);
        Diagnostic::error("config/not-a-pattern", message)
    })
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet, Diagnostic> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>().or_else(|_| address()).map_err(|_| {
        Diagnostic::error("config/not-a-network", format!("{text:?} is neither a network nor an address"))
            .with_hint("write e.g. 203.0.113.0/24")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The section as the whole text of a file.
    fn parse(text: &str) -> Result<AttributionConfig, Vec<Diagnostic>> {
        let mut diagnostics = Diagnostics::new("f");
        let raw: RawAttribution = serde_saphyr::from_str(text).unwrap();
        let config = raw.validate(&mut diagnostics);
        if diagnostics.errors() == 0 { Ok(config) } else { Err(diagnostics.into_sorted()) }
    }

    #[test]
    fn a_whole_section() {
        let text = "sources: [lookup, \"s3://logs/org\", ./events]\nsince: 7d\npipelines:\n  - principals: [\"arn:aws:iam::*:role/ci-*\"]\n    networks: [10.0.0.0/8, \"2001:db8::1\"]\n    subjects: [\"repo:acme/infra:*\"]\nbreak_glass: [\"*:role/emergency\"]\nautomation: [\"arn:aws:iam::123456789012:role/janitor\"]\n";
        let mut config = parse(text).unwrap();
        config.resolve(Path::new("/etc/driftd"));
        let sources: Vec<String> = config.sources.iter().map(ToString::to_string).collect();
        assert_eq!(sources, ["lookup", "s3://logs/org", "/etc/driftd/./events"]);
        let pipeline = &config.settings.pipelines[0];
        assert!(pipeline.principals[0].matches("arn:aws:iam::123456789012:role/ci-infra"));
        assert!(pipeline.networks[0].contains(&"10.1.2.3".parse::<std::net::IpAddr>().unwrap()));
        assert!(pipeline.subjects[0].matches("repo:acme/infra:ref:refs/heads/main"));
        assert!(
            config.since.is_some() && config.settings.break_glass.len() == 1 && config.settings.automation.len() == 1
        );
    }

    #[test]
    fn mistakes_name_their_place() {
        let text = "sources: [off, \"ftp://x\", lookup, lookup]\nsince: yesterday\npipelines:\n  - networks: [nowhere]\n    subjects: [\"[\"]\nbreak_glass: [admin]\nautomation: [\"arn:aws:iam::*:role/[\"]\n";
        let mistakes = parse(text).unwrap_err();
        let found: Vec<_> = mistakes.iter().map(|mistake| (mistake.line, mistake.column, mistake.code)).collect();
        assert_eq!(
            found,
            [
                (1, 11, "config/not-an-event-source"),
                (1, 16, "config/not-an-event-source"),
                (1, 35, "config/duplicate-event-source"),
                (2, 8, "config/not-a-time"),
                (4, 5, "config/pipeline-without-principals"),
                (4, 16, "config/not-a-network"),
                (5, 16, "config/not-a-pattern"),
                (6, 15, "config/not-an-arn"),
                (7, 14, "config/not-a-pattern"),
            ],
            "{mistakes:#?}"
        );
    }
}

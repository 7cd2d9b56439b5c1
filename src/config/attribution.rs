//! The section `attribution`: where CloudTrail's events are read, and who is expected to change what.

use std::net::IpAddr;

use glob::Pattern;
use ipnet::IpNet;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::Since;
use super::written::position;
use crate::attribution::source::SourceRef;
use crate::attribution::{Pipeline, Settings};

/// A valid section.
#[derive(Debug, Clone, Default)]
pub struct AttributionConfig {
    /// Empty: nobody is named. Paths are relative to the configuration file.
    pub sources: Vec<SourceRef>,
    /// How far back; `None` leaves it to each source.
    pub since: Option<Since>,
    pub settings: Settings,
}

/// The section's keys; unknown ones are errors.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    sources: Vec<Spanned<String>>,
    since: Option<Spanned<String>>,
    pipelines: Vec<Spanned<WrittenPipeline>>,
    break_glass: Vec<Spanned<String>>,
    automation: Vec<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenPipeline {
    principals: Vec<Spanned<String>>,
    networks: Vec<Spanned<String>>,
    subjects: Vec<Spanned<String>>,
}

/// Tells of a mistake: where, what.
type Wrong<'a> = &'a mut dyn FnMut((u64, u64), String);

impl Written {
    /// What of it is valid; everything else is told to `wrong`.
    pub(super) fn validate(self, wrong: Wrong<'_>) -> AttributionConfig {
        let mut sources: Vec<SourceRef> = Vec::new();
        for (source, at) in each(&self.sources, wrong, |text| match text {
            "off" => Err("`off` is said on the command line; here leave `sources` empty".to_owned()),
            text => text.parse::<SourceRef>(),
        }) {
            if sources.contains(&source) {
                wrong(at, format!("{source} is listed twice"));
            }
            sources.push(source);
        }
        let since = each(self.since.as_slice(), wrong, str::parse).pop().map(|(since, _)| since);
        let mut pipelines = Vec::new();
        for pipeline in &self.pipelines {
            if pipeline.value.principals.is_empty() {
                let message = "a pipeline without `principals`: list the ARNs of its roles or users";
                wrong(position(pipeline), message.to_owned());
            }
            pipelines.push(Pipeline {
                principals: values(&pipeline.value.principals, wrong, arn_pattern),
                networks: values(&pipeline.value.networks, wrong, network),
                subjects: values(&pipeline.value.subjects, wrong, pattern),
            });
        }
        let break_glass = values(&self.break_glass, wrong, arn_pattern);
        let automation = values(&self.automation, wrong, arn_pattern);
        AttributionConfig { sources, since, settings: Settings { pipelines, break_glass, automation } }
    }
}

/// Parses each of a list, with where it stands.
fn each<T>(
    list: &[Spanned<String>],
    wrong: Wrong<'_>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Vec<(T, (u64, u64))> {
    let mut valid = Vec::new();
    for written in list {
        match parse(&written.value) {
            Ok(value) => valid.push((value, position(written))),
            Err(message) => wrong(position(written), message),
        }
    }
    valid
}

fn values<T>(list: &[Spanned<String>], wrong: Wrong<'_>, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
    each(list, wrong, parse).into_iter().map(|(value, _)| value).collect()
}

fn arn_pattern(text: &str) -> Result<Pattern, String> {
    if !text.starts_with("arn:") && !text.starts_with('*') {
        return Err(format!("{text:?} is no ARN, and no pattern of one: write e.g. arn:aws:iam::*:role/ci-*"));
    }
    pattern(text)
}

fn pattern(text: &str) -> Result<Pattern, String> {
    if text.is_empty() {
        return Err("an empty pattern matches nothing; leave it out".to_owned());
    }
    Pattern::new(text).map_err(|error| format!("{text:?} is not a pattern: {} (at character {})", error.msg, error.pos))
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>()
        .or_else(|_| address())
        .map_err(|_| format!("{text:?} is neither a network nor an address: write e.g. 203.0.113.0/24"))
}

#[cfg(test)]
mod tests {
    use crate::config::parse;

    #[test]
    fn a_whole_section() {
        let text = "version: 1\nattribution:\n  sources: [lookup, \"s3://logs/org\", ./events]\n  since: 7d\n  pipelines:\n    - principals: [\"arn:aws:iam::*:role/ci-*\"]\n      networks: [10.0.0.0/8, \"2001:db8::1\"]\n      subjects: [\"repo:acme/infra:*\"]\n  break_glass: [\"*:role/emergency\"]\n  automation: [\"arn:aws:iam::123456789012:role/janitor\"]\n";
        let config = parse("driftd.yaml", text).unwrap().attribution;
        let sources: Vec<String> = config.sources.iter().map(ToString::to_string).collect();
        assert_eq!(sources, ["lookup", "s3://logs/org", "./events"]);
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
        let text = "version: 1\nattribution:\n  sources: [off, \"ftp://x\", lookup, lookup]\n  since: yesterday\n  pipelines:\n    - networks: [nowhere]\n      subjects: [\"[\"]\n  break_glass: [admin]\n  automation: [\"arn:aws:iam::*:role/[\"]\n";
        let mistakes: Vec<String> = parse("f", text).unwrap_err().iter().map(ToString::to_string).collect();
        for position in
            ["f:3:13:", "f:3:18:", "f:3:37:", "f:4:10:", "f:6:7:", "f:6:18:", "f:7:18:", "f:8:17:", "f:9:16:"]
        {
            assert_eq!(
                mistakes.iter().filter(|mistake| mistake.starts_with(position)).count(),
                1,
                "{position} {mistakes:#?}"
            );
        }
        assert_eq!(mistakes.len(), 9, "{mistakes:#?}");
        let unknown = parse("f", "version: 1\nattribution:\n  source: [lookup]\n").unwrap_err();
        assert!(unknown[0].to_string().starts_with("f:3:3:"), "{unknown:?}");
        let old = parse("f", "version: 1\nattribution:\n  robots: []\n").unwrap_err();
        assert!(old[0].to_string().starts_with("f:3:3:"), "{old:?}");
    }
}

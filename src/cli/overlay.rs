//! The command line over the configuration: lists of `--state`, `--kind` and `--cloudtrail` replace, `--region` and `--rules`
//! add, everything else wins. Pure: what the values refer to is checked when the options are made.

use super::args::Scan;
use crate::attribution::config::{parse_since, parse_source};
use crate::attribution::source::SourceRef;
use crate::aws::config::not_a_region;
use crate::config::Config;
use crate::cycle::config as scan;
use crate::desired::{BackendConfig, CodeConfig, StateConfig};
use crate::diagnostic::Diagnostic;

impl Scan {
    /// The configuration with these arguments laid over it.
    ///
    /// # Errors
    /// Every argument that cannot be used.
    pub(super) fn over(&self, mut config: Config) -> Result<Config, Vec<Diagnostic>> {
        let mut mistakes = Vec::new();
        if !self.states.is_empty() {
            config.states = self.states.iter().map(StateConfig::anywhere).collect();
        }
        mistakes.extend(self.regions.iter().filter_map(|region| flag("--region", not_a_region(region)?)));
        config.aws.regions.extend(self.regions.iter().cloned());
        if !self.kinds.is_empty() {
            mistakes.extend(self.kinds.iter().filter_map(|glob| flag("--kind", scan::parse(glob).err()?)));
            config.scan.kinds.clone_from(&self.kinds);
        }
        config.scan.unmanaged &= !self.no_unmanaged;
        config.scan.fail_on = self.fail_on.map(Into::into).or(config.scan.fail_on);
        config.rules.paths.extend(self.rules.iter().cloned());
        config.code = CodeConfig {
            directories: self.code.clone(),
            backend_config: self.backend_config.iter().map(|setting| BackendConfig::from(setting.as_str())).collect(),
            workspace: self.workspace.clone(),
        };
        if !self.cloudtrail.is_empty() {
            match sources(&self.cloudtrail) {
                Ok(sources) => config.attribution.sources = sources,
                Err(found) => mistakes.extend(found),
            }
        }
        if let Some(text) = &self.since {
            if self.cloudtrail.is_empty() && config.attribution.sources.is_empty() {
                let mistake = Diagnostic::error("cli/since-without-source", "--since without a source of events");
                mistakes.push(mistake.with_hint("give --cloudtrail as well"));
            }
            match parse_since(text) {
                Ok(since) => config.attribution.since = Some(since),
                Err(mistake) => mistakes.extend(flag("--since", mistake)),
            }
        }
        if mistakes.is_empty() { Ok(config) } else { Err(mistakes) }
    }
}

/// The mistake, with the flag in front.
fn flag(name: &str, mistake: Diagnostic) -> Option<Diagnostic> {
    Some(Diagnostic { message: format!("{name} {}", mistake.message), ..mistake })
}

/// Each source once; none for `off`.
fn sources(given: &[String]) -> Result<Vec<SourceRef>, Vec<Diagnostic>> {
    if given.iter().any(|source| source == "off") {
        return match given {
            [_] => Ok(Vec::new()),
            _ => {
                let mistake = Diagnostic::error("cli/off-beside-source", "--cloudtrail off beside another source");
                Err(vec![mistake.with_hint("leave one of them out")])
            }
        };
    }
    let (mut sources, mut mistakes) = (Vec::new(), Vec::new());
    for text in given {
        match parse_source(text) {
            Ok(source) if sources.contains(&source) => {}
            Ok(source) => sources.push(source),
            Err(mistake) => mistakes.extend(flag("--cloudtrail", mistake)),
        }
    }
    if mistakes.is_empty() { Ok(sources) } else { Err(mistakes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Args, Command};
    use clap::Parser as _;

    fn over(arguments: &[&str], config: &str) -> Result<Config, Vec<String>> {
        let arguments = [&["driftd", "scan"], arguments].concat();
        let Command::Scan(scan) = Args::try_parse_from(arguments).unwrap().command else { panic!() };
        let config = crate::config::parse("driftd.yaml", &format!("version: 1\n{config}")).unwrap();
        scan.over(config).map_err(|found| found.iter().map(ToString::to_string).collect())
    }

    const CONFIG: &str = "states: [a]\naws: {regions: [eu-west-1]}\nrules: {paths: [r]}\nscan: {kinds: [aws_vpc], fail_on: high}\nattribution: {sources: [lookup], since: 7d}\n";

    #[test]
    fn silence_leaves_the_configuration_as_it_is() {
        let config = over(&[], CONFIG).unwrap();
        let plain = crate::config::parse("driftd.yaml", &format!("version: 1\n{CONFIG}")).unwrap();
        assert_eq!(format!("{config:?}"), format!("{plain:?}"));
    }

    #[test]
    fn the_command_line_wins() {
        let arguments = "--state b --state c --region us-east-1 --rules s --kind aws_eip --fail-on low --no-unmanaged --since 24h --code d --workspace w --backend-config k=v";
        let config = over(&arguments.split(' ').collect::<Vec<_>>(), CONFIG).unwrap();
        assert_eq!(config.states, [StateConfig::anywhere("b"), StateConfig::anywhere("c")]);
        assert_eq!(config.aws.regions, ["eu-west-1", "us-east-1"]);
        assert_eq!(config.rules.paths.len(), 2);
        assert_eq!((config.scan.kinds, config.scan.unmanaged), (vec!["aws_eip".to_owned()], false));
        assert_eq!(config.scan.fail_on.unwrap().as_str(), "low");
        assert_eq!(config.attribution.since, Some("24h".parse().unwrap()));
        assert_eq!((config.code.directories.len(), config.code.workspace.as_deref()), (1, Some("w")));
    }

    #[test]
    fn sources_of_events_are_replaced_or_switched_off() {
        let shown = |arguments: &[&str]| {
            let sources = over(arguments, CONFIG).unwrap().attribution.sources;
            sources.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown(&[]), "lookup");
        assert_eq!(shown(&["--cloudtrail", "off"]), "");
        assert_eq!(
            shown(&["--cloudtrail", "s3://logs/x", "--cloudtrail", "lookup", "--cloudtrail", "lookup"]),
            "s3://logs/x lookup"
        );
    }

    #[test]
    fn every_mistake_names_its_flag() {
        assert_eq!(
            over(&["--region", "Frankfurt", "--kind", "aws_[", "--cloudtrail", "https://x", "--since", "24"], "")
                .unwrap_err(),
            [
                "error[config/not-a-region]: --region \"Frankfurt\" is not a region\n  hint: write e.g. eu-central-1",
                "error[config/not-a-pattern]: --kind \"aws_[\": unclosed character class; missing ']'",
                "error[config/not-an-event-source]: --cloudtrail https:// is no source of CloudTrail events: write `lookup`, `s3://bucket/prefix`, or the path of a folder or file",
                "error[config/not-a-time]: --since \"24\" is neither a duration nor a time: write a duration (90m, 24h, 7d), a day (2026-01-31) or a time (2026-01-31T08:00:00Z)",
            ]
        );
        assert_eq!(
            over(&["--since", "24h"], "").unwrap_err(),
            ["error[cli/since-without-source]: --since without a source of events\n  hint: give --cloudtrail as well"]
        );
        assert_eq!(
            over(&["--cloudtrail", "off", "--cloudtrail", "lookup"], "").unwrap_err(),
            ["error[cli/off-beside-source]: --cloudtrail off beside another source\n  hint: leave one of them out"]
        );
    }
}

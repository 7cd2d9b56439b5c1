//! `--cloudtrail` and `--since`, and what the configuration says where they are silent.

use jiff::Timestamp;

use super::args::Scan;
use crate::attribution::source::AttributionOptions;
use crate::attribution::source::SourceRef;
use crate::config::{Config, Since};

/// How the person behind a drift is looked for.
///
/// # Errors
/// What is wrong on the command line, or missing on disk.
pub(super) fn options(args: &Scan, config: &Config, now: Timestamp) -> Result<AttributionOptions, String> {
    let written = &config.attribution;
    let sources = if args.cloudtrail.is_empty() { written.sources.clone() } else { sources(&args.cloudtrail)? };
    for source in &sources {
        if let SourceRef::Path(path) = source
            && !path.exists()
        {
            return Err(format!(
                "CloudTrail source {}: no such file or folder; write lookup, s3://bucket[/prefix], a path, or off",
                path.display()
            ));
        }
    }
    if args.since.is_some() && args.cloudtrail.is_empty() && sources.is_empty() {
        return Err("--since without a source of events: give --cloudtrail as well".to_owned());
    }
    let since = match &args.since {
        Some(text) => Some(text.parse::<Since>().map_err(|error| format!("--since {error}"))?),
        None => written.since,
    };
    let since = since.map(|since| since.before(now)).transpose().map_err(|error| format!("since: {error}"))?;
    Ok(AttributionOptions { sources, since, settings: written.settings.clone() })
}

fn sources(given: &[String]) -> Result<Vec<SourceRef>, String> {
    if given.iter().any(|source| source == "off") {
        return match given {
            [_] => Ok(Vec::new()),
            _ => Err("--cloudtrail off beside another source: leave one of them out".to_owned()),
        };
    }
    let mut sources = Vec::new();
    for text in given {
        let source = text.parse().map_err(|error| format!("--cloudtrail {error}"))?;
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Args, Command};
    use clap::Parser as _;

    fn of(arguments: &[&str], config: &str) -> Result<AttributionOptions, String> {
        let arguments = [&["driftd", "scan"], arguments].concat();
        let Command::Scan(scan) = Args::try_parse_from(arguments).unwrap().command else { panic!() };
        let config = crate::config::parse("driftd.yaml", &format!("version: 1\n{config}")).unwrap();
        options(&scan, &config, "2026-02-01T00:00:00Z".parse().unwrap())
    }

    #[test]
    fn the_command_line_wins() {
        let config = "attribution: {sources: [lookup], since: 7d}\n";
        let shown = |arguments: &[&str]| {
            let options = of(arguments, config).unwrap();
            (options.sources.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "), options.since.unwrap())
        };
        let week: Timestamp = "2026-01-25T00:00:00Z".parse().unwrap();
        assert_eq!(shown(&[]), ("lookup".to_owned(), week));
        assert_eq!(shown(&["--cloudtrail", "off"]).0, "");
        assert_eq!(
            shown(&["--cloudtrail", "s3://logs/x", "--cloudtrail", "lookup", "--cloudtrail", "lookup"]).0,
            "s3://logs/x lookup"
        );
        assert_eq!(shown(&["--since", "24h"]).1.to_string(), "2026-01-31T00:00:00Z");
    }

    #[test]
    fn off_unless_asked_for_and_mistakes_are_told() {
        assert!(of(&[], "").unwrap().sources.is_empty());
        for wrong in [
            vec!["--since", "24h"],
            vec!["--cloudtrail", "lookup", "--since", "24"],
            vec!["--cloudtrail", "lookup", "--since", "2999-01-01"],
            vec!["--cloudtrail", "off", "--cloudtrail", "lookup"],
            vec!["--cloudtrail", "no-such-folder"],
            vec!["--cloudtrail", "https://x"],
        ] {
            assert!(of(&wrong, "").is_err(), "{wrong:?}");
        }
    }
}

//! `driftd baseline`: the drift that there is, as a file that accepts it for a while.

use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp};

use super::args::{Baseline, FormatArg};
use super::output::{refuse_link, say, write};
use super::scan::{block_on, connect, is_filtered, no_state, run_cycle, work};
use super::{bad_config, fail};
use crate::baseline::{self, Acceptance, Entry, Reported, StepKind, View};
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::judge::Ignore;
use crate::model::{DriftStatus, Outcome};
use crate::report::exit;
use crate::wording::text::{count, sanitize_output};

pub(super) fn run(args: Baseline, config: Config) -> u8 {
    block_on(async {
        match accept(args, config).await {
            Ok(code) | Err(code) => code,
        }
    })
}

/// What is accepted, and how it was looked at.
struct Looked {
    outcome: Outcome,
    is_filtered: bool,
    hides_ignored: bool,
    all_sources: bool,
}

async fn accept(args: Baseline, config: Config) -> Result<u8, u8> {
    let acceptance = acceptance(&args).map_err(|mistakes| bad_config(&mistakes))?;
    let before = existing(&args)?;
    let looked = match &args.from {
        Some(path) => of_report(path)?,
        None => scanned(&args, config).await?,
    };
    let Looked { outcome, is_filtered, hides_ignored, all_sources } = looked;
    if outcome.sources.is_empty() {
        return Err(fail(&no_state(&outcome.gaps)));
    }
    let view = View { outcome: &outcome, is_filtered, hides_ignored, all_sources };
    let merged = baseline::merge(before, view, &acceptance);
    let told =
        [(StepKind::Dropped, "dropped, it matches nothing any more"), (StepKind::Renewed, "expired, accepted anew")];
    let more = [
        (StepKind::Replaced, "differs in another way or is worse, accepted anew"),
        (StepKind::Refused, "not accepted, a sensitive value differs: ignore it with a rule"),
    ];
    for (kind, what) in told.into_iter().chain(more) {
        merged.steps.iter().filter(|step| step.kind == kind).for_each(|step| say(&format!("{}: {what}", step.name)));
    }
    let not_seen = merged.count(StepKind::NotSeen);
    if not_seen > 0 && hides_ignored {
        say("warning: the report does not show what its scan ignored: no entry is dropped");
    }
    let unknown = outcome.findings.iter().filter(|finding| finding.drift == DriftStatus::Unknown).count() as u64;
    let has_gaps = !outcome.gaps.is_empty() || unknown > 0;
    if has_gaps {
        let gaps = count(outcome.gaps.len() as u64, "gap", "gaps");
        let unknown = count(unknown, "resource", "resources");
        say(&format!("warning: {gaps}, {unknown} not checked: what was not seen is neither added nor dropped"));
    }
    write(args.scan.output.as_deref(), &baseline::write(&merged.entries)).map_err(|error| fail(&error))?;
    let [added, dropped] = [StepKind::Added, StepKind::Dropped].map(|kind| merged.count(kind));
    let anew = merged.count(StepKind::Renewed) + merged.count(StepKind::Replaced);
    // With those that were not accepted anew.
    let kept = (merged.entries.len() as u64).saturating_sub(added + anew);
    say(&format!(
        "{}: {added} added, {anew} accepted anew, {kept} kept, {dropped} dropped",
        count(merged.entries.len() as u64, "entry", "entries")
    ));
    Ok(if has_gaps { exit::GAPS } else { exit::IN_SYNC })
}

/// Who accepts what; every mistake in it.
#[expect(clippy::disallowed_methods, reason = "the edge: from here on the time is an argument")]
fn acceptance(args: &Baseline) -> Result<Acceptance, Vec<Diagnostic>> {
    let now = Timestamp::now();
    let mut mistakes = Vec::new();
    for (flag, text) in [("--owner", &args.owner), ("--reason", &args.reason)] {
        if text.trim().is_empty() {
            mistakes.push(Diagnostic::error("cli/empty-value", format!("{flag} must not be empty")));
        }
    }
    if args.scan.format != FormatArg::Table {
        mistakes.push(Diagnostic::error("cli/format", "a baseline is YAML: leave --format out"));
    }
    let expires = day(&args.expires, now).map_err(|mistake| mistakes.push(mistake)).unwrap_or_default();
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let [owner, reason] = [&args.owner, &args.reason].map(|text| text.trim().to_owned());
    Ok(Acceptance { ignore: Ignore { owner, reason, expires }, now })
}

/// `2026-12-31`, or `90d` from now.
fn day(text: &str, now: Timestamp) -> Result<Date, Diagnostic> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let mistake = |what: &str| {
        let mistake = Diagnostic::error("cli/not-a-day", format!("--expires {text:?} {what}"));
        mistake.with_hint("write a day (2026-12-31), or a duration from now (90d)")
    };
    let day = if text.len() == "2026-12-31".len() && text.contains('-') {
        text.parse().ok()
    } else {
        let span =
            text.parse::<Span>().ok().and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
        span.and_then(|span| now.checked_add(span).ok()).map(|at| at.to_zoned(TimeZone::UTC).date())
    };
    match day {
        Some(day) if day >= today => Ok(day),
        Some(_) => Err(mistake("lies in the past")),
        None => Err(mistake("is neither a day nor a duration")),
    }
}

/// The entries of the file that is to be written, if there is one.
fn existing(args: &Baseline) -> Result<Vec<Entry>, u8> {
    let Some(path) = &args.scan.output else { return Ok(Vec::new()) };
    let file = path.display().to_string();
    refuse_link(path).map_err(|error| fail(&format!("failed to write {}: {error}", sanitize_output(&file))))?;
    // A FIFO, `/dev/stdout`: there is nothing to keep.
    if !path.is_file() {
        return Ok(Vec::new());
    }
    if !args.merge {
        let mistake = Diagnostic::error("cli/file-exists", format!("--output {} exists", sanitize_output(&file)));
        return Err(bad_config(
            &[mistake.with_hint("give --merge, which keeps what it accepts, or name another file")],
        ));
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| fail(&format!("failed to read {}: {error}", sanitize_output(&file))))?;
    if baseline::has_other_comments(&text) {
        say(&format!("warning: comments of {file} are not kept"));
    }
    baseline::parse(&[(file, text)]).map_err(|mistakes| bad_config(&mistakes))
}

fn of_report(path: &Path) -> Result<Looked, u8> {
    let file = sanitize_output(&path.display().to_string());
    let text = std::fs::read_to_string(path).map_err(|error| fail(&format!("failed to read {file}: {error}")))?;
    let Reported { outcome, hides_ignored } =
        baseline::reported(&text).map_err(|error| fail(&format!("{file}: {}", sanitize_output(&error))))?;
    // Which kinds its scan left out, it does not say.
    Ok(Looked { outcome, is_filtered: true, hides_ignored, all_sources: false })
}

async fn scanned(args: &Baseline, config: Config) -> Result<Looked, u8> {
    let config = args.scan.over(config).map_err(|mistakes| bad_config(&mistakes))?;
    if config.states.is_empty() {
        let mistake = Diagnostic::error("cli/nothing-to-scan", "nothing to scan");
        let hint = "give --state or --from, or list `states` in the configuration";
        return Err(bad_config(&[mistake.with_hint(hint)]));
    }
    let prepared = connect(&config).await?;
    let is_filtered = is_filtered(&args.scan.targets, &prepared.sweep);
    let work = work(&args.scan.targets, prepared.sweep);
    let outcome = run_cycle(&prepared.aws, &prepared.settings, &work).await;
    Ok(Looked { outcome, is_filtered, hides_ignored: false, all_sources: args.scan.states.is_empty() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn until_when_as_people_write_it() {
        let now: Timestamp = "2026-01-31T23:00:00Z".parse().unwrap();
        for (written, day_or_mistake) in [
            ("2026-12-31", Ok("2026-12-31")),
            ("2026-01-31", Ok("2026-01-31")),
            ("90d", Ok("2026-05-01")),
            ("2h", Ok("2026-02-01")),
            ("2026-01-30", Err("past")),
            ("-1d", Err("past")),
            ("2026-02-30", Err("neither")),
            ("2026-12-31T00:00:00Z", Err("neither")),
            ("never", Err("neither")),
            ("1y", Err("neither")),
            ("", Err("neither")),
        ] {
            match (day(written, now), day_or_mistake) {
                (Ok(day), Ok(expected)) => assert_eq!(day.to_string(), expected, "{written}"),
                (Err(mistake), Err(expected)) => assert!(mistake.message.contains(expected), "{written}: {mistake}"),
                (found, _) => panic!("{written}: {found:?}"),
            }
        }
    }
}

//! The section `route`: a tree in which each route takes from its parent what it does not say itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use glob::Pattern;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Severity;
use crate::notify::labels::LABELS;
use crate::notify::route::{Delivery, Escalation, Matchers, Route};
use crate::notify::time_window::TimeWindow;
use crate::schedule::{self, Schedule};
use crate::yaml::{self, duration, duration_or_zero, position};

/// A route and the routes below it.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawRoute {
    /// What it takes, by label: `severity`, `drift`, `kind`, `address`, `account`, `region`, `source`, `actor`, `actor_type`, `channel`, `rule`, `caution`, `owner`, `tags.NAME`. Each has globs, of which one must match.
    #[schemars(with = "BTreeMap<String, OneOrMore>")]
    #[serde(rename = "match")]
    matches: BTreeMap<String, Spanned<Globs>>,
    /// What it leaves to others, in the same form.
    #[schemars(with = "BTreeMap<String, OneOrMore>")]
    except: BTreeMap<String, Spanned<Globs>>,
    /// Who is told.
    #[schemars(with = "Option<Vec<String>>")]
    receivers: Option<Vec<Spanned<String>>>,
    /// Findings that have these labels in common are one message.
    #[schemars(with = "Option<Vec<String>>")]
    group_by: Option<Vec<Spanned<String>>>,
    /// Nothing new for so long: the next finding begins another message.
    #[schemars(with = "Option<String>")]
    group_window: Option<Spanned<String>>,
    /// A new message waits so long for more.
    #[schemars(with = "Option<String>")]
    group_wait: Option<Spanned<String>>,
    /// What is new about what was told waits at least so long.
    #[schemars(with = "Option<String>")]
    group_interval: Option<Spanned<String>>,
    /// What is still open is told again after this; `0s`: never.
    #[schemars(with = "Option<String>")]
    repeat_interval: Option<Spanned<String>>,
    /// Tell everything together at these times: a cron expression.
    #[schemars(with = "Option<String>")]
    digest: Option<Spanned<String>>,
    /// Whose clock `digest` means, by its IANA name.
    #[schemars(with = "Option<String>")]
    timezone: Option<Spanned<String>>,
    /// Names of time windows in which nobody is told; after them they are.
    #[schemars(with = "Option<Vec<String>>")]
    mute: Option<Vec<Spanned<String>>>,
    /// What is at least as severe is told in spite of `mute`; `none`: nothing.
    #[schemars(with = "Option<String>")]
    unmutable: Option<Spanned<String>>,
    /// Who is told when nobody acknowledges in time.
    escalate: Option<RawEscalation>,
    /// Are the routes after this one asked, too, when it took a finding?
    #[serde(rename = "continue")]
    goes_on: bool,
    /// Routes that are asked first; the first that matches takes the finding.
    routes: Vec<RawRoute>,
}

/// Who is told when nobody acknowledges in time.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawEscalation {
    /// So long after the first finding.
    #[schemars(with = "String")]
    after: Spanned<String>,
    /// Who is told then.
    #[schemars(with = "Vec<String>")]
    receivers: Vec<Spanned<String>>,
}

/// One glob, or several.
#[derive(Debug)]
struct Globs(Vec<String>);

/// The same, for the schema.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl<'de> Deserialize<'de> for Globs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GlobsVisitor)
    }
}

struct GlobsVisitor;

impl<'de> Visitor<'de> for GlobsVisitor {
    type Value = Globs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a glob, or a list of globs")
    }

    fn visit_str<E>(self, text: &str) -> Result<Globs, E> {
        Ok(Globs(vec![text.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Globs, A::Error> {
        let mut globs = Vec::new();
        while let Some(glob) = items.next_element()? {
            globs.push(glob);
        }
        Ok(Globs(globs))
    }
}

/// What names mean in routes.
pub(super) struct Known<'a> {
    pub receivers: &'a BTreeSet<&'a str>,
    pub windows: &'a [TimeWindow],
    /// Is nothing missing?
    pub is_whole: bool,
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            group_by: ["source", "account", "actor"].map(str::to_owned).to_vec(),
            group_window: Duration::from_secs(10 * 60),
            group_wait: Duration::from_secs(30),
            group_interval: Duration::from_secs(60),
            repeat_interval: Some(Duration::from_secs(24 * 60 * 60)),
            digest: None,
            mute: Vec::new(),
            unmutable: Some(Severity::Critical),
            escalation: None,
        }
    }
}

impl RawRoute {
    /// The route, with what its parent says where it says nothing; every mistake goes to `diagnostics`.
    pub(super) fn validate(
        self,
        path: String,
        parent: Option<&Route>,
        known: &Known<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Route {
        let inherited = parent.map(|parent| parent.delivery.clone()).unwrap_or_default();
        let Self {
            matches,
            except,
            receivers,
            group_by,
            group_window,
            group_wait,
            group_interval,
            repeat_interval,
            digest,
            timezone,
            mute,
            unmutable,
            escalate,
            goes_on,
            routes,
        } = self;
        let time = |text: Option<Spanned<String>>, otherwise: Duration, diagnostics: &mut Diagnostics| {
            text.and_then(|text| duration_or_zero(&text, diagnostics)).unwrap_or(otherwise)
        };
        let zone = timezone.and_then(|name| schedule::config::timezone(&name, diagnostics)).unwrap_or(TimeZone::UTC);
        let delivery = Delivery {
            group_by: group_by.map_or(inherited.group_by, |names| labels(names, diagnostics)),
            group_window: time(group_window, inherited.group_window, diagnostics),
            group_wait: time(group_wait, inherited.group_wait, diagnostics),
            group_interval: time(group_interval, inherited.group_interval, diagnostics),
            repeat_interval: match repeat_interval {
                None => inherited.repeat_interval,
                Some(text) => duration_or_zero(&text, diagnostics).filter(|time| !time.is_zero()),
            },
            digest: match digest {
                None => inherited.digest,
                Some(text) => cron(&text, zone, &path, diagnostics),
            },
            mute: mute.map_or(inherited.mute, |names| windows(names, known, diagnostics)),
            unmutable: unmutable.map_or(inherited.unmutable, |word| severity(&word, diagnostics)),
            escalation: escalate
                .and_then(|escalation| escalation.validate(known, diagnostics))
                .or(inherited.escalation),
        };
        let receivers = match receivers {
            Some(names) => self::receivers(names, known, diagnostics),
            None => parent.map(|parent| parent.receivers.clone()).unwrap_or_default(),
        };
        let mut route = Route {
            matches: matchers(matches, diagnostics),
            except: matchers(except, diagnostics),
            receivers,
            delivery,
            goes_on,
            routes: Vec::new(),
            path,
        };
        for (index, child) in routes.into_iter().enumerate() {
            let path = format!("{}.routes[{index}]", route.path);
            let child = child.validate(path, Some(&route), known, diagnostics);
            route.routes.push(child);
        }
        route
    }
}

impl RawEscalation {
    fn validate(self, known: &Known<'_>, diagnostics: &mut Diagnostics) -> Option<Escalation> {
        let after = duration(&self.after, diagnostics);
        let receivers = receivers(self.receivers, known, diagnostics);
        Some(Escalation { after: after?, receivers })
    }
}

pub(super) fn receivers(names: Vec<Spanned<String>>, known: &Known<'_>, diagnostics: &mut Diagnostics) -> Vec<String> {
    for name in names.iter().filter(|name| known.is_whole && !known.receivers.contains(name.value.as_str())) {
        let message = format!("there is no receiver of the name {:?}", name.value);
        let known: Vec<&str> = known.receivers.iter().copied().collect();
        let mistake = Diagnostic::error("config/no-such-receiver", message);
        diagnostics.add(mistake.with_hint(yaml::suggestion(&name.value, &known)), position(name));
    }
    names.into_iter().map(|name| name.value).collect()
}

fn windows(names: Vec<Spanned<String>>, known: &Known<'_>, diagnostics: &mut Diagnostics) -> Vec<TimeWindow> {
    let find = |name: Spanned<String>| {
        let found = known.windows.iter().find(|window| window.name == name.value).cloned();
        if found.is_none() && known.is_whole {
            let names: Vec<&str> = known.windows.iter().map(|window| window.name.as_str()).collect();
            let message = format!("there is no time window of the name {:?}", name.value);
            let mistake = Diagnostic::error("config/no-such-time-window", message);
            diagnostics.add(mistake.with_hint(yaml::suggestion(&name.value, &names)), position(&name));
        }
        found
    };
    names.into_iter().filter_map(find).collect()
}

fn labels(names: Vec<Spanned<String>>, diagnostics: &mut Diagnostics) -> Vec<String> {
    for name in &names {
        check_label(&name.value, position(name), diagnostics);
    }
    names.into_iter().map(|name| name.value).collect()
}

fn check_label(name: &str, at: crate::diagnostic::Position, diagnostics: &mut Diagnostics) {
    if !LABELS.contains(&name) && name.strip_prefix("tags.").is_none_or(str::is_empty) {
        let mistake = Diagnostic::error("config/no-such-label", format!("there is no label {name:?}"));
        diagnostics.add(mistake.with_hint(yaml::suggestion(name, LABELS)), at);
    }
}

fn matchers(raw: BTreeMap<String, Spanned<Globs>>, diagnostics: &mut Diagnostics) -> Matchers {
    let mut found = Vec::new();
    for (name, globs) in raw {
        let at = position(&globs);
        check_label(&name, at, diagnostics);
        let mut patterns = Vec::new();
        for text in globs.value.0 {
            match Pattern::new(&text) {
                Ok(pattern) => patterns.push(pattern),
                Err(error) => {
                    let message = format!("{text:?} is not a glob: {error}");
                    let mistake = Diagnostic::error("config/not-a-glob", message);
                    diagnostics.add(mistake.with_hint("write a text with * and ?, e.g. aws_iam_*"), at);
                }
            }
        }
        found.push((name, patterns));
    }
    Matchers(found)
}

fn cron(text: &Spanned<String>, zone: TimeZone, path: &str, diagnostics: &mut Diagnostics) -> Option<Schedule> {
    let cron = schedule::config::cron(&text.value).map_err(|mistake| diagnostics.add(mistake, position(text))).ok()?;
    Some(Schedule::new(cron, zone, Duration::ZERO, path))
}

fn severity(word: &Spanned<String>, diagnostics: &mut Diagnostics) -> Option<Severity> {
    if word.value == "none" {
        return None;
    }
    let found = Severity::ALL.into_iter().find(|severity| severity.as_str() == word.value);
    if found.is_none() {
        let mistake = Diagnostic::error("config/not-a-severity", format!("{:?} is not a severity", word.value));
        diagnostics.add(mistake.with_hint("write critical, high, medium, low, info or none"), position(word));
    }
    found
}

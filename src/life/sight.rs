//! What an outcome says of a finding that is not in it. Absence alone says nothing: only what was looked at, completely, can be in
//! sync again.

use std::collections::BTreeMap;

use crate::model::{Coverage, DriftStatus, Finding, Gap, GapScope, Outcome, Scope};

/// The kind of what most makers make.
pub(super) const MACHINE: &str = "aws_instance";

/// Kinds that are known only by what they made, and have no listing of their own; see [`maker`].
const MAKERS: &[&str] = &[
    "aws_autoscaling_group",
    "aws_cloud9_environment_ec2",
    "aws_cloudformation_stack",
    "aws_dlm_lifecycle_policy",
    "aws_ec2_fleet",
    "aws_eks_cluster",
    "aws_emr_cluster",
    "aws_spot_fleet_request",
];

/// Is the kind known only by what its resources made?
pub fn is_maker(kind: &str) -> bool {
    MAKERS.contains(&kind)
}

/// Is it a maker, by an outcome that did not look for everything that it made?
pub fn is_part(finding: &Finding, outcome: &Outcome) -> bool {
    is_maker(&finding.kind)
        && finding.drift == DriftStatus::Unmanaged
        && outcome.coverage.iter().any(|row| row.resources.is_some())
}

/// What is asked about: a finding, or what is left of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    pub key: &'a str,
    pub account: &'a str,
    pub region: &'a str,
    pub kind: &'a str,
    pub id: &'a str,
    pub drift: DriftStatus,
    pub source: Option<&'a str>,
}

impl<'a> From<&'a Finding> for Subject<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self {
            key: &finding.key,
            account: &finding.account,
            region: &finding.region,
            kind: &finding.kind,
            id: &finding.id,
            drift: finding.drift,
            source: finding.source.as_deref(),
        }
    }
}

/// How much of a finding's place an outcome saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// Its place was seen completely, and it is not there any more.
    Absent,
    /// It was looked for and could not be seen.
    NotSeen(String),
    /// The cycle did not look there.
    NotLooked,
}

/// What an outcome looked at, to be asked about one finding after the other.
pub struct Sights<'a> {
    outcome: &'a Outcome,
    rows: BTreeMap<(&'a Scope, &'a str), Vec<&'a Coverage>>,
}

impl<'a> Sights<'a> {
    pub fn new(outcome: &'a Outcome) -> Self {
        let mut rows: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for row in &outcome.coverage {
            rows.entry((&row.scope, row.kind.as_str())).or_default().push(row);
        }
        Self { outcome, rows }
    }

    /// What the outcome says of a finding that it does not contain.
    pub fn of<'f>(&self, finding: impl Into<Subject<'f>>) -> Sight {
        let finding = &finding.into();
        let scope = Scope::new(finding.account, finding.region);
        let hidden = || gap(finding, self.outcome).map(sentence);
        let Some(rows) = self.rows.get(&(&scope, finding.kind)) else {
            let made = self.maker(finding, &scope);
            return made.or_else(|| hidden().map(Sight::NotSeen)).unwrap_or(Sight::NotLooked);
        };
        // A kind has several rows where copies of a resource in several sources are compared one after the other: the finding is
        // absent only if it is in none of them.
        let asked =
            |row: &&&Coverage| row.resources.as_ref().is_none_or(|keys| keys.iter().any(|key| key == finding.key));
        let rows: Vec<_> = rows.iter().filter(asked).collect();
        let is_unmanaged = finding.drift == DriftStatus::Unmanaged;
        if rows.is_empty() || is_unmanaged && !rows.iter().any(|row| row.unmanaged) {
            return Sight::NotLooked;
        }
        if rows.iter().any(|row| !row.complete) {
            return Sight::NotSeen(hidden().unwrap_or_else(|| "not everything there was read and compared".to_owned()));
        }
        source(finding, self.outcome)
    }

    /// A group, a stack, a fleet that nobody declares is known by what it made, which may be of any kind and in any scope of the
    /// account. It is absent only when its own scope was listed, machines among it, and everything that was listed of the account was
    /// seen completely, with what is unmanaged.
    fn maker(&self, finding: &Subject<'_>, scope: &Scope) -> Option<Sight> {
        if finding.drift != DriftStatus::Unmanaged || !is_maker(finding.kind) {
            return None;
        }
        let machines = self.rows.get(&(scope, MACHINE))?;
        let of_account = || self.rows.iter().filter(|((place, _), _)| place.account == scope.account);
        let is_single = of_account().any(|(_, rows)| rows.iter().any(|row| row.resources.is_some()));
        if is_single || !machines.iter().any(|row| row.unmanaged) {
            return None;
        }
        let is_seen = |rows: &[&Coverage]| rows.iter().all(|row| row.complete) && rows.iter().any(|row| row.unmanaged);
        let unseen = of_account().find(|(_, rows)| !is_seen(rows));
        Some(match unseen {
            None => Sight::Absent,
            Some(((place, kind), _)) => Sight::NotSeen(format!("{kind} in {} was not seen completely", place.region)),
        })
    }
}

/// A declared resource is in sync, or not declared any more, only if its source was read.
fn source(finding: &Subject<'_>, outcome: &Outcome) -> Sight {
    let Some(name) = finding.source else { return Sight::Absent };
    let gap = outcome.gaps.iter().find(|gap| gap.scope.source.as_deref() == Some(name) && gap.scope.id.is_none());
    let was_read = outcome.sources.iter().any(|source| source.name == name);
    match gap {
        Some(gap) => Sight::NotSeen(sentence(gap)),
        None if was_read => Sight::Absent,
        None => Sight::NotLooked,
    }
}

/// The gap that hides the finding, if any.
fn gap<'a>(finding: &Subject<'_>, outcome: &'a Outcome) -> Option<&'a Gap> {
    outcome.gaps.iter().find(|gap| hides(gap, finding))
}

/// Does the gap cover the finding's place? Whatever of its scope is not named is everything.
fn hides(gap: &Gap, finding: &Subject<'_>) -> bool {
    let GapScope { source, account, region, kind, id, action } = &gap.scope;
    let covers = |named: &Option<String>, own: &str| named.as_ref().is_none_or(|named| named == own);
    // Who did it is another question.
    let is_of_events = action.as_ref().is_some_and(|action| action.starts_with("cloudtrail:"));
    let of_source = match (source, finding.source) {
        (None, _) | (Some(_), None) => true,
        (Some(gap), Some(own)) => gap == own,
    };
    let is_somewhere = source.is_some() || account.is_some() || region.is_some() || kind.is_some() || id.is_some();
    let at = [(account, finding.account), (region, finding.region), (kind, finding.kind), (id, finding.id)];
    is_somewhere && !is_of_events && of_source && at.into_iter().all(|(named, own)| covers(named, own))
}

fn sentence(gap: &Gap) -> String {
    format!("{}: {}", gap.reason.as_str(), gap.detail)
}

//! What an outcome says of a finding that is not in it. Absence alone says nothing: only what was looked at, completely, can be in
//! sync again.

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
pub(super) fn is_maker(kind: &str) -> bool {
    MAKERS.contains(&kind)
}

/// How much of a finding's place an outcome saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sight {
    /// Its place was seen completely, and it is not there any more.
    Absent,
    /// It was looked for and could not be seen.
    NotSeen(String),
    /// The cycle did not look there.
    NotLooked,
}

/// What the outcome says of a finding that it does not contain.
pub(super) fn of(finding: &Finding, outcome: &Outcome) -> Sight {
    let scope = Scope::new(&finding.account, &finding.region);
    let is_of_kind = |row: &&Coverage| row.scope == scope && row.kind == finding.kind;
    let rows: Vec<_> = outcome.coverage.iter().filter(is_of_kind).collect();
    if rows.is_empty() {
        return match maker(finding, &scope, outcome) {
            Some(sight) => sight,
            None => gap(finding, outcome).map_or(Sight::NotLooked, |gap| Sight::NotSeen(sentence(gap))),
        };
    }
    let asked = |row: &&&Coverage| row.resources.as_ref().is_none_or(|keys| keys.contains(&finding.key));
    let rows: Vec<_> = rows.iter().filter(asked).collect();
    // Which of several listings of the kind has the resource is not said: it is absent when it is in none of them.
    let is_unmanaged = finding.drift == DriftStatus::Unmanaged;
    if rows.is_empty() || is_unmanaged && !rows.iter().any(|row| row.unmanaged) {
        return Sight::NotLooked;
    }
    if rows.iter().any(|row| !row.complete) {
        let why = gap(finding, outcome).map(sentence);
        return Sight::NotSeen(why.unwrap_or_else(|| "not everything there could be read or compared".to_owned()));
    }
    source(finding, outcome)
}

/// A declared resource is in sync, or not declared any more, only if its source was read.
fn source(finding: &Finding, outcome: &Outcome) -> Sight {
    let Some(name) = &finding.source else { return Sight::Absent };
    let gap = outcome.gaps.iter().find(|gap| gap.scope.source.as_ref() == Some(name) && gap.scope.id.is_none());
    let was_read = outcome.sources.iter().any(|source| source.name == *name);
    match gap {
        Some(gap) => Sight::NotSeen(sentence(gap)),
        None if was_read => Sight::Absent,
        None => Sight::NotLooked,
    }
}

/// A group, a stack, a fleet that nobody declares is seen by what it made, which may be of any kind and, for a global one, of any
/// scope of the account. It is absent only when machines and everything else of its account that this outcome looked at were
/// listed as a whole, with what is unmanaged, and its own scope is among that.
fn maker(finding: &Finding, scope: &Scope, outcome: &Outcome) -> Option<Sight> {
    if finding.drift != DriftStatus::Unmanaged || !is_maker(&finding.kind) {
        return None;
    }
    let is_whole = |row: &Coverage| row.resources.is_none() && row.unmanaged;
    let here: Vec<_> = outcome.coverage.iter().filter(|row| row.scope == *scope).collect();
    let machines = here.iter().any(|row| row.kind == MACHINE && is_whole(row));
    if !machines || here.iter().any(|row| row.resources.is_some()) {
        return None;
    }
    let of_account = outcome.coverage.iter().filter(|row| row.scope.account == scope.account);
    let mut unseen = of_account.filter(|row| !(is_whole(row) && row.complete) && !is_repeated(row, outcome));
    Some(match unseen.next() {
        None => Sight::Absent,
        Some(row) => Sight::NotSeen(format!("{} in {} was not seen completely", row.kind, row.scope.region)),
    })
}

/// A kind is listed once more for copies of one resource in several sources, without looking for unmanaged ones again.
fn is_repeated(row: &Coverage, outcome: &Outcome) -> bool {
    let same = |other: &&Coverage| other.scope == row.scope && other.kind == row.kind && other.resources.is_none();
    row.complete && row.resources.is_none() && outcome.coverage.iter().filter(same).any(|other| other.unmanaged)
}

/// The gap that hides the finding, if any.
fn gap<'a>(finding: &Finding, outcome: &'a Outcome) -> Option<&'a Gap> {
    outcome.gaps.iter().find(|gap| hides(gap, finding))
}

/// Does the gap cover the finding's place? Whatever of its scope is not named is everything.
fn hides(gap: &Gap, finding: &Finding) -> bool {
    let GapScope { source, account, region, kind, id, action } = &gap.scope;
    let covers = |named: &Option<String>, own: &str| named.as_ref().is_none_or(|named| named == own);
    // Who did it is another question.
    let is_of_events = action.as_ref().is_some_and(|action| action.starts_with("cloudtrail:"));
    let of_source = match (source, &finding.source) {
        (None, _) | (Some(_), None) => true,
        (Some(gap), Some(own)) => gap == own,
    };
    let is_somewhere = source.is_some() || account.is_some() || region.is_some() || kind.is_some() || id.is_some();
    let at = [(account, &finding.account), (region, &finding.region), (kind, &finding.kind), (id, &finding.id)];
    is_somewhere && !is_of_events && of_source && at.into_iter().all(|(named, own)| covers(named, own))
}

fn sentence(gap: &Gap) -> String {
    format!("{}: {}", gap.reason.as_str(), gap.detail)
}

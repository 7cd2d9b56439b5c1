//! What a press of a button does to the findings that the message was about: the same as the command line, with the same audit entries. Knows nothing
//! of where the button was.

use jiff::{SignedDuration, Timestamp};

use super::targets::{Target, Targets, content};
use super::{Owners, plan};
use crate::life::{Changes, KnownFinding, OperationError, State, operation};
use crate::store::{Apply, AuditEntry, Store, StoreError};
use crate::wording::minutes;

/// The daemon may see a finding again while somebody presses; more often in a row it does not.
const TRIES: usize = 20;
/// A press that comes twice names times that are so near.
const SAME: SignedDuration = SignedDuration::from_secs(60);

/// What somebody wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Acknowledge,
    Snooze { until: Timestamp },
    Ignore { owner: String, reason: String, expires: Timestamp },
}

/// Who pressed, as far as that is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Slack's id.
    pub id: String,
    /// The address that their workspace vouches for.
    pub email: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Ids of findings that stand as wanted now.
    pub done: Vec<String>,
    /// Those that do not: id, and why.
    pub not_done: Vec<(String, String)>,
}

impl Action {
    /// The word of the audit log, as of the command line.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Acknowledge => "finding.acknowledge",
            Self::Snooze { .. } => "finding.snooze",
            Self::Ignore { .. } => "finding.ignore",
        }
    }

    fn on(&self, known: &KnownFinding, by: &str, now: Timestamp) -> Result<Changes, OperationError> {
        match self {
            Self::Acknowledge => operation::acknowledge(known, by, "", now),
            Self::Snooze { until } => operation::snooze(known, by, "", *until, now),
            Self::Ignore { owner, reason, expires } => operation::ignore(known, by, owner, reason, *expires, now),
        }
    }

    /// Was this done already, to what the finding is now? Slack may deliver a press twice, and people press twice.
    fn is_done(&self, known: &KnownFinding) -> bool {
        let holds = |hold: &crate::life::Hold| hold.fingerprint == known.finding.fingerprint;
        let is_near = |a: Timestamp, b: Timestamp| a.duration_since(b).abs() <= SAME;
        match (self, &known.life.state) {
            (Self::Acknowledge, State::Acknowledged(hold)) => holds(hold),
            (Self::Snooze { until }, State::Snoozed { hold, until: kept }) => holds(hold) && is_near(*until, *kept),
            (Self::Ignore { owner, expires, .. }, State::Ignored { hold, owner: kept, expires: end }) => {
                holds(hold) && owner.trim() == kept && expires == end
            }
            _ => false,
        }
    }
}

impl Person {
    /// As the audit log has it: `slack:bob@example.com`.
    pub fn actor(&self) -> String {
        format!("slack:{}", self.name())
    }

    /// As messages have it.
    pub fn name(&self) -> &str {
        self.email.as_deref().unwrap_or(&self.id)
    }
}

/// Does it to every finding that the message named, if it is still as the message showed it.
///
/// # Errors
/// The store cannot be used; what was done before stays done.
pub async fn apply(
    store: &Store,
    action: &Action,
    targets: &Targets,
    person: &Person,
    now: Timestamp,
) -> Result<Applied, StoreError> {
    let mut applied = Applied::default();
    for target in &targets.findings {
        match apply_one(store, action, target, person, now).await? {
            None => applied.done.push(target.id.clone()),
            Some(why) => applied.not_done.push((target.id.clone(), why)),
        }
    }
    Ok(applied)
}

/// -> why not.
async fn apply_one(
    store: &Store,
    action: &Action,
    target: &Target,
    person: &Person,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    for _ in 0..TRIES {
        let known = match store.finding_show(&target.id).await {
            Ok(known) if known.id == target.id => known,
            Ok(_) | Err(StoreError::NotFound { .. } | StoreError::Ambiguous { .. }) => {
                return Ok(Some(format!("finding {} is not known any more", target.id)));
            }
            Err(error) => return Err(error),
        };
        if content(&known.finding.fingerprint) != target.content {
            let why = "differs in another way by now than the message showed: look at it as it is";
            return Ok(Some(format!("finding {} {why}", known.id)));
        }
        if action.is_done(&known) {
            return Ok(None);
        }
        if let State::Ignored { hold, expires, .. } = &known.life.state {
            let why =
                format!("finding {} is ignored by {} until {}: it stays so", known.id, hold.by, minutes(*expires));
            return Ok(Some(why));
        }
        let changes = match action.on(&known, person.name(), now) {
            Ok(changes) => changes,
            Err(error) => return Ok(Some(error.to_string())),
        };
        let audit = AuditEntry {
            actor: person.actor(),
            action: action.as_str().to_owned(),
            subject: known.id.clone(),
            detail: known.finding.key.clone(),
        };
        // The daemon tells those who heard of the finding; routes are its own.
        let alerts = plan(&changes, None, &Owners::default(), now).alerts;
        let apply = Apply { changes: Some(&changes), alerts: &alerts, audit: &[audit], ..Apply::at(now) };
        match store.apply(&apply).await {
            Ok(()) => return Ok(None),
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(format!("finding {} changes all the time: press again", target.id)))
}

/// Keeps in the audit log that somebody pressed who may not. `action`: what they wanted.
///
/// # Errors
/// The store cannot be used.
pub async fn refuse(
    store: &Store,
    action: &str,
    targets: &Targets,
    person: &Person,
    why: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let ids: Vec<&str> = targets.findings.iter().map(|target| target.id.as_str()).collect();
    let audit = AuditEntry {
        actor: person.actor(),
        action: format!("{action}.refused"),
        subject: targets.group.clone(),
        detail: format!("{why}; findings {}", ids.join(" ")),
    };
    store.apply(&Apply { audit: &[audit], ..Apply::at(now) }).await
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::store::Location;
    use crate::wording::samples;

    /// A store with so many open findings, and what a button of their message names.
    pub(crate) async fn world(number: usize) -> (tempfile::TempDir, Store, Targets) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::Sqlite(folder.path().join("driftd.db"))).await.unwrap();
        let mut findings = samples::findings(number);
        findings.iter_mut().for_each(|one| one.revision = 0);
        let changes = Changes { findings, transitions: Vec::new() };
        store.apply(&Apply { changes: Some(&changes), ..Apply::at(samples::now()) }).await.unwrap();
        let targets = Targets::of("driftd-0123456789abcdef", "ops", &samples::message(number));
        assert_eq!(targets.findings.len(), number);
        (folder, store, targets)
    }

    fn bob() -> Person {
        Person { id: "U0BOB".to_owned(), email: Some("bob@example.com".to_owned()) }
    }

    #[tokio::test]
    async fn every_finding_is_held_once_and_audited() {
        let (_folder, store, targets) = world(3).await;
        let now = samples::now();
        for _ in 0..2 {
            let applied = apply(&store, &Action::Acknowledge, &targets, &bob(), now).await.unwrap();
            assert_eq!((applied.done.len(), applied.not_done.len()), (3, 0), "{applied:?}");
        }
        let audit = store.audit_list(10).await.unwrap();
        assert_eq!(audit.len(), 3, "the second press does nothing");
        let entry = &audit[0].entry;
        assert_eq!((entry.actor.as_str(), entry.action.as_str()), ("slack:bob@example.com", "finding.acknowledge"));
        let known = store.finding_show(&targets.findings[0].id).await.unwrap();
        assert!(matches!(&known.life.state, State::Acknowledged(hold) if hold.by == "bob@example.com"));
        let until = now.checked_add(SignedDuration::from_hours(8)).unwrap();
        apply(&store, &Action::Snooze { until }, &targets, &bob(), now).await.unwrap();
        let known = store.finding_show(&targets.findings[2].id).await.unwrap();
        assert!(matches!(known.life.state, State::Snoozed { until: kept, .. } if kept == until));
        let (owner, reason, expires) = ("net".to_owned(), "a test".to_owned(), "2026-02-01T00:00:00Z".parse().unwrap());
        apply(&store, &Action::Ignore { owner, reason, expires }, &targets, &bob(), now).await.unwrap();
        let applied = apply(&store, &Action::Snooze { until }, &targets, &bob(), now).await.unwrap();
        assert!(
            applied.not_done[0].1.contains("is ignored by bob@example.com until 2026-02-01 00:00 UTC"),
            "{applied:?}"
        );
    }

    #[tokio::test]
    async fn what_the_message_did_not_show_is_not_accepted() {
        let (_folder, store, mut targets) = world(2).await;
        targets.findings[0].content = content("another content");
        targets.findings.push(Target { id: "0123456789abcdef".to_owned(), content: content("x") });
        let wanted = Action::Ignore { owner: "net".to_owned(), reason: " ".to_owned(), expires: samples::now() };
        let applied = apply(&store, &wanted, &targets, &bob(), samples::now()).await.unwrap();
        let why: Vec<&str> = applied.not_done.iter().map(|(_, why)| why.as_str()).collect();
        assert!(why[0].contains("differs in another way"), "{why:?}");
        assert!(why[1].contains("reason must not be empty"), "{why:?}");
        assert!(why[2].contains("not known"), "{why:?}");
        assert!(store.audit_list(10).await.unwrap().is_empty());
        refuse(&store, "finding.ignore", &targets, &bob(), "not listed", samples::now()).await.unwrap();
        let entry = store.audit_list(10).await.unwrap().remove(0).entry;
        assert_eq!(
            (entry.action.as_str(), entry.subject.as_str()),
            ("finding.ignore.refused", "driftd-0123456789abcdef")
        );
    }
}

//! What the daemon kept of records that say too little takes certainty from a name, as the record itself does in a scan.

use jiff::{Timestamp, ToSpan as _};

use super::*;
use crate::attribution::correlate::{corrections, records_that_say_too_little};
use crate::attribution::source::folder::Folder;
use crate::attribution::{Collector, Explanation, Settings, correlate};
use crate::daemon::queue::Received;
use crate::model::{Confidence, Drift};
use crate::store::Location;

/// The store after these records came in, a log file at a time.
struct Kept {
    store: Store,
    folder: tempfile::TempDir,
}

impl Kept {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::Sqlite(folder.path().join("driftd.db"))).await.unwrap();
        Self { store, folder }
    }

    /// A log file with these records comes in.
    async fn receive(&self, records: &[&str], at: Timestamp) {
        let log = self.folder.path().join("log.json");
        std::fs::write(&log, records.join("\n")).unwrap();
        let mut received = Received::default();
        let always = Window { since: Timestamp::MIN, until: Timestamp::MAX };
        let gaps = Folder::new(&log).writes(&BTreeSet::new(), always, &mut received).await;
        assert_eq!(gaps, [], "every line is a record");
        let mut stored = received.take_unread(at);
        stored.extend(received.events.into_iter().map(|(_, stored)| stored));
        self.store.event_insert(&stored, &[]).await.unwrap();
    }

    /// What is known of a drift that somebody is named for: only a doubt makes the name less than `certain`.
    async fn named(&self, drift: &Drift, until: Timestamp) -> Explanation {
        let explanation = self.explained(drift, until).await;
        let named: Vec<_> = explanation.attributions.iter().map(|one| one.confidence).collect();
        assert_eq!(named, [Confidence::Certain]);
        explanation
    }

    async fn explained(&self, drift: &Drift, until: Timestamp) -> Explanation {
        let mut collector = Collector::new(std::slice::from_ref(drift));
        let window = Window { since: until - REACH, until };
        let queries = collector.resource_queries();
        let gaps = StoredEvents::new(&self.store).about(&queries, window, &mut collector).await;
        assert_eq!(gaps, []);
        correlate(&collector, &Settings::default()).remove(0).unwrap()
    }
}

/// After the records.
fn received_at() -> Timestamp {
    "2026-01-02T10:10:00Z".parse().unwrap()
}

#[tokio::test]
async fn a_later_record_that_says_too_little_takes_certainty() {
    let (drift, ann, others) = records_that_say_too_little();
    for (record, expected, what) in others {
        let kept = Kept::new().await;
        kept.receive(&[&ann, &record], received_at()).await;
        let one = kept.named(&drift, received_at()).await;
        assert_eq!(one.doubted, expected, "{what}");
        // It comes again, as messages do.
        kept.receive(&[&ann, &record], received_at() + 1.minute()).await;
        assert_eq!(kept.named(&drift, received_at() + 1.minute()).await.doubted, expected, "{what}, twice");
    }
}

/// What was received was made before: who acts after that is named as ever, in whatever account.
#[tokio::test]
async fn a_record_that_could_not_be_read_hides_nobody_who_acts_later() {
    let (drift, ann, others) = records_that_say_too_little();
    for (record, expected, what) in others {
        let kept = Kept::new().await;
        kept.receive(&[&ann, &record], received_at() - 72.hours()).await;
        let doubted = kept.named(&drift, received_at()).await.doubted;
        // A call with a time counts by that, whenever it is received.
        let is_timed = ["left out", "no parameters at all"].contains(&what);
        assert_eq!(doubted, expected && is_timed, "{what}");
    }
}

#[tokio::test]
async fn a_call_without_an_account_may_be_of_any() {
    let (drift, ann, others) = records_that_say_too_little();
    let (_, nowhere) =
        others.iter().map(|(record, _, what)| (what, record)).find(|(what, _)| **what == "left out").unwrap();
    let nowhere = nowhere.replace("123456789012", "");
    let kept = Kept::new().await;
    kept.receive(&[&ann, &nowhere], received_at()).await;
    assert!(kept.named(&drift, received_at()).await.doubted);
}

#[tokio::test]
async fn a_correction_that_says_it_failed_takes_the_name_back() {
    let (drift, written, corrections) = corrections();
    for correction in corrections {
        let kept = Kept::new().await;
        kept.receive(&[&written], received_at()).await;
        assert_eq!(kept.named(&drift, received_at()).await.attributions.len(), 1);
        kept.receive(&[&correction], received_at()).await;
        let attributions = kept.explained(&drift, received_at()).await.attributions;
        assert!(attributions.is_empty(), "{attributions:?}");
    }
}

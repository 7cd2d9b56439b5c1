//! A week of the daemon, over a change to daylight saving time, on a clock that is a value: what is due when, what ends by itself, and
//! what is kept no longer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::accounts::{Accounts, SWEEP};
use super::{expire, sweep};
use crate::life::tests::world;
use crate::life::{self, FlappingPolicy, KnownFinding, Reconcile, SeenBefore};
use crate::model::{DriftStatus, Finding, Outcome};
use crate::schedule::Schedule;
use crate::store::{Apply, FindingFilter, Location, Retention, Store};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn zone() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

/// A time in Berlin in 2026.
fn berlin(month: i8, day: i8, hour: i8, minute: i8) -> Timestamp {
    date(2026, month, day).at(hour, minute, 0, 0).to_zoned(zone()).unwrap().timestamp()
}

fn schedule(cron: &str) -> Schedule {
    Schedule::new(cron.parse().unwrap(), zone(), Duration::ZERO, SWEEP)
}

struct Week {
    store: Store,
    schedules: Vec<(Schedule, BTreeSet<usize>)>,
    accounts: Accounts,
    retention: Retention,
    /// When which accounts were swept.
    swept: Vec<(Timestamp, String)>,
    _folder: tempfile::TempDir,
}

impl Week {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::Sqlite(folder.path().join("driftd.db"))).await.unwrap();
        let accounts = |name: &str| BTreeSet::from([name.to_owned()]);
        Self {
            store,
            // By night, also in the hour that the change leaves out; and on workdays.
            schedules: vec![
                (schedule("30 2 * * *"), BTreeSet::from([0])),
                (schedule("0 9 * * 1-5"), BTreeSet::from([1])),
            ],
            accounts: Accounts {
                by_state: BTreeMap::from([(0, accounts(world::ACCOUNT)), (1, accounts("999999999999"))]),
                is_partial: false,
            },
            retention: Retention {
                resolved_findings: 2 * DAY,
                history: 2 * DAY,
                scans: 3 * DAY,
                events: DAY,
                notices: DAY,
                proposals: DAY,
                audit: DAY,
            },
            swept: Vec::new(),
            _folder: folder,
        }
    }

    /// What the daemon's tasks do at one time.
    async fn tick(&mut self, now: Timestamp, found: &[Finding]) {
        sweep::enqueue_if_due(&self.store, &self.schedules, &self.accounts, now).await.unwrap();
        while let Some(job) = self.store.job_take(SWEEP, "test", now, now + 1.minutes()).await.unwrap() {
            let is_ours = job.payload.is_empty() || job.payload == world::ACCOUNT;
            let findings = if is_ours { found.to_vec() } else { Vec::new() };
            let mut outcome = Outcome {
                id: format!("{now} {}", job.payload),
                started_at: now,
                finished_at: now,
                ..world::sweep(0, findings)
            };
            if !is_ours {
                outcome.coverage.clear();
            }
            let known = self.store.finding_known(&outcome, None).await.unwrap();
            let seen_before: SeenBefore = self.store.seen_before(&outcome).await.unwrap();
            let changes = life::reconcile(
                &known,
                &Reconcile {
                    outcome: &outcome,
                    flapping: &FlappingPolicy::default(),
                    seen_before: &seen_before,
                    declared: None,
                    resolutions: &BTreeMap::new(),
                    now,
                },
            );
            let (outcome, changes, lease) = (Some(&outcome), Some(&changes), Some(&job.lease));
            self.store.apply(&Apply { outcome, changes, lease, job_done: true, ..Apply::at(now) }).await.unwrap();
            self.swept.push((now, job.payload));
        }
        expire::expire(&self.store, now, &|_| Vec::new()).await.unwrap();
        expire::prune(&self.store, &self.retention, now).await.unwrap();
    }

    async fn finding(&self, id: &str) -> Option<KnownFinding> {
        let all = self.store.finding_list(&FindingFilter::default()).await.unwrap();
        all.into_iter().find(|one| one.finding.id == id)
    }

    async fn say(&self, changes: life::Changes, now: Timestamp) {
        self.store.apply(&Apply { changes: Some(&changes), ..Apply::at(now) }).await.unwrap();
    }
}

#[tokio::test]
async fn a_week_over_the_change_to_summer_time() {
    let mut week = Week::new().await;
    let of = |id: &str| world::finding("aws_vpc", id, DriftStatus::Changed, "x");
    let (snoozed, ignored, reverted) = (of("vpc-0000000a"), of("vpc-0000000b"), of("vpc-0000000c"));
    let begin = berlin(3, 27, 12, 0);
    let snoozed_until = berlin(3, 29, 3, 10);
    let ignored_until = berlin(3, 31, 18, 0);
    let mut states: BTreeMap<&str, Vec<(Timestamp, String)>> = BTreeMap::new();
    let mut now = begin;
    while now < berlin(4, 3, 12, 0) {
        let mut found = vec![snoozed.clone(), ignored.clone()];
        if now < berlin(3, 28, 0, 0) {
            found.push(reverted.clone());
        }
        week.tick(now, &found).await;
        if now == begin {
            let known = async |id| week.finding(id).await.unwrap();
            let one = known("vpc-0000000a").await;
            week.say(life::operation::snooze(&one, "ann", "later", snoozed_until, now).unwrap(), now).await;
            let two = known("vpc-0000000b").await;
            week.say(life::operation::ignore(&two, "ann", "ops", "known", ignored_until, now).unwrap(), now).await;
        }
        for id in ["vpc-0000000a", "vpc-0000000b", "vpc-0000000c"] {
            let state = week.finding(id).await.map_or("forgotten", |known| known.life.state.name().as_str()).to_owned();
            let steps = states.entry(id).or_default();
            if steps.last().is_none_or(|(_, last)| *last != state) {
                steps.push((now, state));
            }
        }
        now += 10.minutes();
    }

    let local = |(at, accounts): &(Timestamp, String)| {
        let at = at.to_zoned(zone()).strftime("%d. %H:%M").to_string();
        format!("{at} {}", if accounts.is_empty() { "all" } else { accounts.split_at(1).0 })
    };
    let swept: Vec<String> = week.swept.iter().map(local).collect();
    assert_eq!(
        swept,
        [
            "27. 12:00 all", // the very first
            "28. 02:30 1",
            "29. 03:00 1", // 02:30 is left out
            "30. 02:30 1",
            "30. 09:00 9", // Monday
            "31. 02:30 1",
            "31. 09:00 9",
            "01. 02:30 1",
            "01. 09:00 9",
            "02. 02:30 1",
            "02. 09:00 9",
            "03. 02:30 1",
            "03. 09:00 9",
        ]
    );
    let told =
        |id: &str| -> Vec<(Timestamp, &str)> { states[id].iter().map(|(at, state)| (*at, state.as_str())).collect() };
    // 03:10 comes ten minutes after 01:50 that night.
    assert_eq!(told("vpc-0000000a"), [(begin, "snoozed"), (snoozed_until, "open")]);
    assert_eq!(told("vpc-0000000b"), [(begin, "ignored"), (ignored_until, "open")]);
    let resolved = berlin(3, 28, 2, 30);
    let forgotten = told("vpc-0000000c")[2].0;
    assert_eq!(told("vpc-0000000c"), [(begin, "open"), (resolved, "resolved"), (forgotten, "forgotten")]);
    let kept = forgotten.duration_since(resolved).unsigned_abs();
    assert!(
        kept >= 2 * DAY && kept <= 2 * DAY + Duration::from_secs(7 * 60 * 60),
        "{kept:?}: thrown away every six hours"
    );
    let scans = week.store.scan_list(100).await.unwrap();
    let oldest = scans.iter().map(|scan| scan.finished_at).min().unwrap();
    assert!(now.duration_since(oldest).unsigned_abs() <= 3 * DAY + Duration::from_secs(7 * 60 * 60), "{oldest}");
}

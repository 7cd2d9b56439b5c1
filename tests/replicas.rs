//! Several `driftd run` on one PostgreSQL share the sweeps: each account group is swept once, by whoever takes it; one that is killed is
//! taken over when its lease has ended. Says so loudly where PostgreSQL is not installed.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "the configuration of the world is a file")]

#[path = "support/postgres.rs"]
mod postgres;
mod support;

use std::collections::BTreeSet;
use std::fs;

use postgres::Postgres;
use serde_json::{Value, json};
use support::World;
use support::daemon::Place;

/// Three groups of accounts.
const ACCOUNTS: usize = 25;
const REGIONS: usize = 1;

#[test]
fn replicas_share_the_sweep_and_take_over() {
    let Some(server) = Postgres::shared() else { return };
    let world = World::accounts(ACCOUNTS, REGIONS);
    let door = world.door(0);
    let roles = fs::read_to_string(world.announced["config"].as_str().expect("a path")).expect("readable");
    let config = format!(
        "{roles}states: [{:?}]\nstore: {{url: {{env: DATABASE_URL}}}}\nscan: {{kinds: [aws_vpc, aws_security_group]}}\n\
         limits: {{requests_per_second: 1000}}\nlog: {{format: json}}\n",
        world.state
    );
    let database = server.database();
    let place = || Place::new(door.endpoint, &config).with("DATABASE_URL", &database);
    let (one, two) = (place(), place());

    // The first one hangs in the group of an account that does not answer, and is killed there.
    door.fault(&json!({"kind": "hang", "match": "ec2:*", "account": world.announced["accounts"][0]}));
    let killed = one.start();
    one.until("it hangs", || door.seen().calls.iter().any(|call| call == "ec2:DescribeVpcs").then_some(()));
    let daemon = two.start();
    // Two groups are left for the other.
    two.until("both other groups", || (two.metric("driftd_scans_total") >= 2.0).then_some(()));
    drop(killed);
    door.fault(&Value::Null);

    let opened = (ACCOUNTS * REGIONS).div_ceil(3);
    let by_hand = (ACCOUNTS * REGIONS).div_ceil(5);
    let of = |drift: &str| {
        let findings = two.findings();
        let of_drift = findings.iter().filter(|one| one["finding"]["drift"] == drift);
        of_drift.map(|one| one["finding"]["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    two.until("the group of the killed one", || (of("changed").len() == opened).then_some(()));
    let unmanaged = of("unmanaged");
    assert_eq!(unmanaged.len(), by_hand, "{unmanaged:?}");
    assert_eq!(BTreeSet::from_iter(&unmanaged).len(), by_hand, "told once");
    assert_eq!(daemon.stop(), 0);
    let scans = |place: &Place| place.log().matches("\"api_calls\"").count();
    assert_eq!(scans(&one), 0, "{}", one.log());
    assert_eq!(scans(&two), 3, "every group was swept once: {}", two.log());
}

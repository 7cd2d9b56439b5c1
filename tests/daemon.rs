//! `driftd run` as people start it: it sweeps, hears of a change through a queue, names who did it, sees it put back, ends in time; killed
//! at any moment it goes on where it was; and it sees what its states did while it was away.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "how long a program takes to end is measured")]

mod support;

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use support::daemon::assert_not_in;
use support::shop::{GROUP, Shop, config};

#[test]
fn it_keeps_watching() {
    let shop = Shop::new();
    let place = &shop.place;
    let daemon = place.start();
    place.until_swept();
    assert!(place.get("/readyz").expect("it answers").contains("store: ok"));
    assert!(place.get("/healthz").expect("it answers").starts_with("HTTP/1.1 200"));
    assert_eq!(place.findings(), Vec::<Value>::new(), "as Terraform left it");

    // Nothing but another daemon is kept from its store.
    let second = place.refused(&["run"]);
    let holder = format!("driftd.db is in use by another daemon (process {})", daemon.id());
    assert!(second.contains(&holder) && second.contains("store.path"), "{second}");

    // What nobody can read stops nothing.
    shop.people("noise");
    shop.people("open");
    let opened = place.until_is(GROUP, "open");
    assert_eq!(opened["finding"]["attribution"]["actor"]["name"], "mallory", "{opened:#}");
    assert_eq!(opened["finding"]["attribution"]["confidence"], "certain");
    assert_eq!(opened["finding"]["severity"], "critical");

    let id = opened["id"].as_str().expect("an id");
    assert!(
        place
            .said(&["findings", "ack", id.get(..6).expect("ASCII"), "--by", "ana", "--reason", "seen"])
            .contains("acknowledged")
    );
    place.until_is(GROUP, "acknowledged");
    let explained = place.said(&["explain", id]);
    assert!(explained.contains("mallory (certain)") && explained.contains("acknowledged by ana: seen"), "{explained}");

    shop.people("close");
    let closed = place.until_is(GROUP, "resolved");
    assert_eq!(closed["life"]["state"]["how"], "reverted_by_hand", "{closed:#}");
    let history = place.said(&["findings", "history", id]);
    assert!(history.contains("opened") && history.contains("resolved"), "{history}");
    // What waits is counted, queue by queue, and in the end nothing does.
    let jobs = |queue: &str, state: &str| {
        place.metric_of("driftd_queue_jobs", &format!("queue=\"{queue}\",state=\"{state}\""))
    };
    for queue in ["lookup", "marks", "sweep"] {
        let state = |state| jobs(queue, state) == Some(0.0);
        place.until(&format!("an empty queue {queue}"), || {
            ["waiting", "running", "failed"].into_iter().all(state).then_some(())
        });
        let age = place.metric_of("driftd_queue_oldest_job_age_seconds", &format!("queue=\"{queue}\""));
        assert_eq!(age, Some(0.0), "{queue}");
    }
    assert_eq!((place.metric("driftd_unread_states"), place.metric("driftd_store_errors_total")), (0.0, 0.0));

    let backup = place.path("copy.db");
    place.said(&["store", "backup", &backup.display().to_string()]);
    assert!(fs::metadata(&backup).expect("written").len() > 0);
    assert_eq!(daemon.stop(), 0);
    let log = place.log();
    assert!(!log.contains("AKIAIOSFODNN7EXAMPLE") && !log.contains("panicked"), "{log}");
    for file in ["driftd.db", "driftd.db-wal", "copy.db", "log"] {
        assert_not_in(&place.path(file), b"secret-of-the-test");
    }
    // The event is there, its secrets are not.
    let store = fs::read(place.path("driftd.db")).expect("readable");
    assert!(store.windows(29).any(|window| window == b"AuthorizeSecurityGroupIngress"), "no event in the store");
}

/// Whatever the record was about that nobody can read: it may have been about this group.
#[test]
fn no_name_is_certain_beside_a_record_that_cannot_be_read() {
    let shop = Shop::new();
    let place = &shop.place;
    let _daemon = place.start();
    place.until_swept();
    shop.people("garbled");
    shop.people("open");
    let attribution = place.until_is(GROUP, "open")["finding"]["attribution"].clone();
    assert_eq!(attribution["actor"]["name"], "mallory", "{attribution:#}");
    assert_eq!(attribution["confidence"], "likely", "{attribution:#}");
    assert!(attribution["reasons"].to_string().contains("could not all be read"), "{attribution:#}");
}

#[test]
fn killed_at_any_moment_it_goes_on() {
    let shop = Shop::new();
    let place = &shop.place;
    shop.people("open");
    for kill in 0..4_u64 {
        let daemon = place.start();
        // While it starts, reads states, sweeps, keeps.
        std::thread::sleep(Duration::from_millis(150 + 400 * kill));
        drop(daemon);
    }
    let daemon = place.start();
    let opened = place.until_is(GROUP, "open");
    assert_eq!(opened["finding"]["attribution"]["actor"]["name"], "mallory", "{opened:#}");
    let id = opened["id"].as_str().expect("an id");
    let history = place.said(&["findings", "history", id]);
    assert_eq!(history.matches("  opened").count(), 1, "{history}");
    assert_eq!(daemon.stop(), 0);
}

/// A state that declares one VPC, which is not there.
fn state_with(vpcs: &[&str], serial: u64) -> String {
    let resource = |id: &&str| {
        json!({"mode": "managed", "type": "aws_vpc", "name": id.replace('-', "_"),
            "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
            "instances": [{"schema_version": 1, "attributes": {"id": id, "cidr_block": "10.99.0.0/16",
                "arn": format!("arn:aws:ec2:us-east-1:123456789012:vpc/{id}"), "owner_id": "123456789012"}}]})
    };
    let resources: Vec<Value> = vpcs.iter().map(resource).collect();
    json!({"version": 4, "terraform_version": "1.11.4", "serial": serial, "lineage": "extra", "outputs": {}, "resources": resources}).to_string()
}

#[test]
fn what_states_did_meanwhile_is_seen_at_once() {
    let shop = Shop::new();
    let place = &shop.place;
    let extra = place.path("extra.tfstate");
    let own = shop.world.state.to_str().expect("UTF-8");
    fs::write(&extra, state_with(&["vpc-0000000a", "vpc-0000000b"], 1)).expect("writable");
    place.configure(&config(&[own, extra.to_str().expect("UTF-8")], &shop.queue));
    let of = |id: &str, state: &str| {
        place.until(&format!("{id} is {state}"), || {
            let found = place.findings().into_iter().find(|one| one["finding"]["id"] == id)?;
            (found["life"]["state"]["name"] == state).then_some(found)
        })
    };
    let daemon = place.start();
    assert_eq!(of("vpc-0000000a", "open")["finding"]["drift"], "missing");
    of("vpc-0000000b", "open");
    assert_eq!(daemon.stop(), 0);

    // Somebody applied while it was away.
    fs::write(&extra, state_with(&["vpc-0000000b"], 2)).expect("writable");
    let daemon = place.start();
    assert_eq!(of("vpc-0000000a", "resolved")["life"]["state"]["how"], "gone");
    assert_eq!(daemon.stop(), 0);

    // A source that is configured no more takes its findings with it, and no others.
    place.configure(&config(&[own], &shop.queue));
    shop.people("open");
    let daemon = place.start();
    assert_eq!(of("vpc-0000000b", "resolved")["life"]["state"]["how"], "source_removed");
    place.until_is(GROUP, "open");
    assert_eq!(daemon.stop(), 0);
}

/// What nobody can read for a while is told, and what is changed meanwhile is found as soon as it can be read again: not at the next sweep.
#[test]
fn an_event_while_a_state_cannot_be_read_is_not_lost() {
    let shop = Shop::new();
    let place = &shop.place;
    let state = place.path("own.tfstate");
    fs::copy(&shop.world.state, &state).expect("writable");
    place.configure(&config(&[state.to_str().expect("UTF-8")], &shop.queue));
    let daemon = place.start();
    place.until_swept();
    fs::write(&state, "{").expect("writable");
    place.until("a state is unread", || (place.metric("driftd_unread_states") > 0.0).then_some(()));
    assert!(!place.get("/readyz").expect("it answers").contains("states: ok"));
    shop.people("open");
    place.until("the event", || (place.metric("driftd_marked_reads_total") > 0.0).then_some(()));
    assert_eq!(place.findings(), Vec::<Value>::new(), "nobody knows what it should be");

    fs::copy(&shop.world.state, &state).expect("writable");
    let opened = place.until_is(GROUP, "open");
    assert_eq!(opened["finding"]["attribution"]["actor"]["name"], "mallory", "{opened:#}");
    place.until("all is read", || place.get("/readyz")?.contains("states: ok").then_some(()));
    assert_eq!(place.metric("driftd_unread_states"), 0.0);
    assert_eq!(daemon.stop(), 0);
}

/// `driftd baseline` beside the daemon: what the written file accepts is ignored after the reload, without a restart; what matches nothing
/// any more is reported.
#[test]
fn what_a_baseline_accepts_is_ignored_by_the_daemon_at_work() {
    let shop = Shop::new();
    let place = &shop.place;
    let each_minute = format!("{}schedule: {{cron: \"* * * * *\", jitter: 0s}}\n", shop.config());
    place.configure(&each_minute);
    let daemon = place.start();
    place.until_swept();
    shop.people("open");
    let opened = place.until_is(GROUP, "open");
    let key = opened["finding"]["key"].as_str().expect("a key");

    let file = place.path("accepted.yaml");
    let path = file.to_str().expect("UTF-8");
    let accept = ["baseline", "--owner", "team-network", "--reason", "before driftd", "--expires", "90d"];
    place.said(&[&accept[..], &["--output", path]].concat());
    assert!(fs::read_to_string(&file).expect("written").contains(key));
    place.configure(&format!("{each_minute}baseline: [accepted.yaml]\n"));
    let ignored = place.until("it is ignored", || {
        let found = place.said(&["findings", "list", "--json", "--status", "ignored_by_rule"]);
        serde_json::from_str::<Vec<Value>>(&found).expect("JSON").pop()
    });
    assert_eq!((&ignored["finding"]["key"], &ignored["id"]), (&opened["finding"]["key"], &opened["id"]), "{ignored:#}");
    let ignore = &ignored["finding"]["ignored"];
    assert_eq!((&ignore["owner"], &ignore["reason"]), (&json!("team-network"), &json!("before driftd")), "{ignore:#}");
    let entries = |state: &str| place.metric_of("driftd_baseline_entries", &format!("state=\"{state}\""));
    place.until("an accepted entry", || (entries("accepted") == Some(1.0)).then_some(()));
    assert!(!place.log().contains("matches nothing any more"));

    shop.people("close");
    place.until_is(GROUP, "resolved");
    place.until("a stale entry", || (entries("stale") == Some(1.0) && entries("accepted") == Some(0.0)).then_some(()));
    assert!(place.log().contains(&format!("({key}) matches nothing any more")), "{}", place.log());
    assert_eq!(daemon.stop(), 0);
}

/// A VPC in a region of its own.
const STRAY: &str = "
import boto3, sys
ec2 = boto3.client('ec2', endpoint_url=sys.argv[1], region_name='eu-west-1', aws_access_key_id='test', aws_secret_access_key='test')
if sys.argv[2] == 'make':
    print(ec2.create_vpc(CidrBlock=sys.argv[3])['Vpc']['VpcId'])
else:
    ec2.delete_vpc(VpcId=sys.argv[3])
";

/// Where nothing is declared any more, what was found there stays until it is gone; what the configuration does not look for is closed.
#[test]
fn what_nobody_declares_is_looked_for_where_nothing_is_declared_any_more() {
    let shop = Shop::new();
    let place = &shop.place;
    let stray = |what: &str, which: &str| {
        let mut python = support::python();
        let done = python.args(["-c", STRAY, &shop.world.moto, what, which]).output().expect("python starts");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    };
    let (first, second) = (stray("make", "10.50.0.0/16"), stray("make", "10.51.0.0/16"));
    let extra = place.path("extra.tfstate");
    fs::write(&extra, state_with(&["vpc-0000000a"], 1).replace("us-east-1", "eu-west-1")).expect("writable");
    let own = shop.world.state.to_str().expect("UTF-8");
    let watching = |states: &[&str], more: &str| {
        place.configure(&format!(
            "{}schedule: {{cron: \"* * * * *\", jitter: 0s}}\n{more}",
            config(states, &shop.queue)
        ));
    };
    let find = |id: &str| place.findings().into_iter().find(|one| one["finding"]["id"] == id);
    let until = |id: &str, state: &str| {
        place.until(&format!("{id} is {state}"), || find(id).filter(|one| one["life"]["state"]["name"] == state))
    };
    watching(&[own, extra.to_str().expect("UTF-8")], "");
    let daemon = place.start();
    for id in [&first, &second] {
        assert_eq!(until(id, "open")["finding"]["drift"], "unmanaged");
    }
    // The last state that declares something in that region is taken out.
    watching(&[own], "");
    until("vpc-0000000a", "resolved");
    assert_eq!(find(&first).expect("known")["life"]["state"]["name"], "open");
    stray("delete", &first);
    assert_eq!(until(&first, "resolved")["life"]["state"]["how"], "no_longer_unmanaged");
    assert_eq!(find(&second).expect("known")["life"]["state"]["name"], "open", "it is still there");

    watching(&[own], "scan: {unmanaged: false}\n");
    assert_eq!(until(&second, "resolved")["life"]["state"]["how"], "no_longer_watched");
    assert_eq!(daemon.stop(), 0);
}

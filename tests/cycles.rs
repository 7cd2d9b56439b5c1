//! Two cycles on one client see the account as it is each time, whether as sweeps or as reads of single resources; and what a
//! cycle gives can be stored.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

#[path = "cycles/companions.rs"]
mod companions;
mod support;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use driftd::attribution::source::EventSource;
use driftd::aws::{Aws, AwsOptions};
use driftd::cycle::{self, Environment, Resources, Silent, Sweep, Work};
use driftd::desired::{Object, ObjectAddress, ObjectStore, StateBucket, StoreError};
use driftd::model::{DriftStatus, GapReason, Outcome};
use jiff::Timestamp;
use support::World;
use support::cycle::{found, opening, settings};

const BY_HAND: &str = "
import boto3, json, sys
state = json.load(open(sys.argv[2]))
ids = {r['type'] + '.' + r['name']: r['instances'][0]['attributes']['id'] for r in state['resources'] if 'module' not in r}
aws = dict(endpoint_url=sys.argv[1], region_name='us-east-1', aws_access_key_id='test', aws_secret_access_key='test')
group = ids['aws_security_group.web']
rule = dict(GroupId=group, IpProtocol='tcp', FromPort=22, ToPort=22, CidrIp='0.0.0.0/0')
ec2, iam = boto3.client('ec2', **aws), boto3.client('iam', **aws)
if sys.argv[3] == 'open':
    ec2.authorize_security_group_ingress(**rule)
    iam.attach_role_policy(RoleName=ids['aws_iam_role.web'], PolicyArn='arn:aws:iam::aws:policy/AdministratorAccess')
else:
    ec2.revoke_security_group_ingress(**rule)
    iam.detach_role_policy(RoleName=ids['aws_iam_role.web'], PolicyArn='arn:aws:iam::aws:policy/AdministratorAccess')
";

/// One after the other: each points this process at an AWS of its own.
#[test]
fn cycles() {
    nothing_that_was_read_outlives_its_cycle();
    a_state_that_is_written_meanwhile();
    a_scan_ends_at_its_deadline();
    what_was_touched_minutes_ago_is_looked_at_again();
    strangers_of_a_stack_and_of_a_group();
    companions::a_rule_of_a_default_group_is_told_once();
    companions::a_neighbour_proves_the_account_in_every_look();
}

fn nothing_that_was_read_outlives_its_cycle() {
    let world = World::recorded("shop", 1);
    support::point_aws_at(&world.moto);
    let by_hand = |what: &str| {
        let mut python = support::python();
        let done =
            python.args(["-c", BY_HAND, &world.moto]).arg(&world.state).arg(what).output().expect("python starts");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let aws = Aws::connect(AwsOptions::default()).await.expect("the false AWS answers");
        let settings = settings(world.state.display().to_string());
        let store = StateBucket::new(&aws);
        let clock = || "2026-02-01T00:00:00Z".parse::<Timestamp>().expect("a time");
        let environment = Environment {
            aws: &aws,
            settings: &settings,
            store: &store,
            progress: &Silent,
            clock: &clock,
            events: &[],
            asks_sources: true,
            keeping: None,
        };
        let sweep = Work::Sweep(Sweep { unmanaged: true, ..Sweep::default() });
        let run = |work, id: &'static str| cycle::run(work, &environment, id.to_owned());

        let first = run(&sweep, "1").await;
        assert_eq!(found(&first), [""; 0], "as Terraform left it");
        by_hand("open");
        let second = run(&sweep, "2").await;
        // What was attached by hand is told once, by the role, as Terraform's refresh tells it.
        let mut addresses = found(&second);
        addresses.sort();
        assert_eq!(addresses, ["changed aws_iam_role.web", "changed aws_security_group.web"]);
        // The counter is the cycle's: both made about the same calls.
        assert!(second.api_calls < first.api_calls * 2, "{} {}", first.api_calls, second.api_calls);
        assert_eq!((second.started_at, second.finished_at), (clock(), clock()), "the clock comes in");

        // The same findings by their keys alone, then without them.
        let keys = second.findings.iter().map(|finding| finding.resource_key()).collect::<BTreeSet<_>>();
        let reread = Work::Resources(Resources { keys, ..Resources::default() });
        let third = run(&reread, "3").await;
        let fingerprints =
            |outcome: &Outcome| outcome.findings.iter().map(|one| one.fingerprint.clone()).collect::<BTreeSet<_>>();
        assert_eq!(
            fingerprints(&third),
            fingerprints(&second),
            "{:#?}",
            third.findings.iter().map(|one| &one.key).collect::<Vec<_>>()
        );
        assert!(third.coverage.iter().all(|one| one.resources.is_some() && one.complete), "{:?}", third.coverage);
        assert!(third.api_calls < second.api_calls / 2, "{} of {}", third.api_calls, second.api_calls);
        by_hand("close");
        let fourth = run(&reread, "4").await;
        assert_eq!(found(&fourth), [""; 0]);
        let fifth = run(&sweep, "5").await;
        assert_eq!(found(&fifth), [""; 0]);
        assert!(fifth.coverage.iter().all(|one| one.resources.is_none() && one.complete), "{:?}", fifth.coverage);

        // What was looked at can be kept, and is the same when it comes back.
        let stored = serde_json::to_string(&second).expect("an outcome serializes");
        assert_eq!(serde_json::from_str::<Outcome>(&stored).expect("and deserializes"), second);
    });
}

/// A bucket whose object is written anew between reads.
struct Written {
    /// One after the other; the last one stays.
    states: Vec<String>,
    reads: AtomicUsize,
}

#[async_trait::async_trait]
impl ObjectStore for Written {
    async fn get(&self, address: &ObjectAddress) -> Result<Object, StoreError> {
        if address.key.ends_with(".tflock") {
            return Err(StoreError::NotFound);
        }
        let read = self.reads.fetch_add(1, Ordering::SeqCst).min(self.states.len() - 1);
        Ok(Object { pieces: vec![self.states[read].clone().into_bytes()], ..Object::default() })
    }

    async fn list(&self, _: &ObjectAddress) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
}

/// An apply that runs during a scan is no drift; one that does not end is a gap.
fn a_state_that_is_written_meanwhile() {
    let world = World::recorded("shop", 1);
    support::point_aws_at(&world.moto);
    let now: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&world.state).expect("readable")).expect("JSON");
    // What the state was before an apply: one group less, another range of addresses.
    let before = |serial: u64| {
        let mut state = now.clone();
        state["serial"] = serial.into();
        let resources = state["resources"].as_array_mut().expect("resources");
        resources.retain(|one| one["type"] != "aws_iam_group");
        for one in resources.iter_mut().filter(|one| one["type"] == "aws_vpc") {
            one["instances"][0]["attributes"]["cidr_block"] = "192.168.0.0/16".into();
        }
        state.to_string()
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let run = |states: Vec<String>| {
        runtime.block_on(async {
            let aws = Aws::connect(AwsOptions::default()).await.expect("the false AWS answers");
            let settings = settings("s3://states/shop".to_owned());
            let store = Written { states, reads: AtomicUsize::new(0) };
            let clock = || "2026-02-01T00:00:00Z".parse::<Timestamp>().expect("a time");
            let environment = Environment {
                aws: &aws,
                settings: &settings,
                store: &store,
                progress: &Silent,
                clock: &clock,
                events: &[],
                asks_sources: true,
                keeping: None,
            };
            let sweep = Work::Sweep(Sweep { unmanaged: true, ..Sweep::default() });
            cycle::run(&sweep, &environment, "1".to_owned()).await
        })
    };
    let settled = run(vec![before(1)]);
    assert!(
        found(&settled).iter().any(|one| one == "changed aws_vpc.main" || one.starts_with("changed module")),
        "{:?}",
        found(&settled)
    );
    assert_eq!(found(&run(vec![before(1), now.to_string()])), [""; 0], "looked at again");

    let restless = run((1..9).map(before).collect());
    let [gap] = restless.gaps.as_slice() else { panic!("{:#?}", restless.gaps) };
    assert!(gap.detail.contains("serial 3, then 4"), "{}", gap.detail);
    assert!(restless.findings.iter().all(|one| one.drift == DriftStatus::Unknown), "{:#?}", restless.findings);
    assert!(restless.coverage.iter().all(|one| !one.complete));
}

/// AWS's copies agree while the cycle waits.
struct Agrees<'a>(&'a (dyn Fn() + Sync));

impl cycle::Progress for Agrees<'_> {
    fn begin(&self, step: &str, _total: u64) {
        if step.starts_with("looking again") {
            self.0();
        }
    }
}

/// A listing may be older than the state: what differs from a state of the last minutes is read once more.
fn what_was_touched_minutes_ago_is_looked_at_again() {
    let world = World::recorded("shop", 1);
    support::point_aws_at(&world.moto);
    let by_hand = |what: &str| {
        let mut python = support::python();
        let done =
            python.args(["-c", BY_HAND, &world.moto]).arg(&world.state).arg(what).output().expect("python starts");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let now = "2026-02-01T00:10:00Z".parse::<Timestamp>().expect("a time");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let run_with = |written: &str, agrees: &(dyn Fn() + Sync), events: &[&dyn EventSource]| {
        let written: Timestamp = written.parse().expect("a time");
        let file = std::fs::File::options().write(true).open(&world.state).expect("writable");
        file.set_modified(written.into()).expect("a time of the file");
        runtime.block_on(async {
            let options = AwsOptions { second_look_delay: Duration::from_millis(1), ..AwsOptions::default() };
            let aws = Aws::connect(options).await.expect("the false AWS answers");
            let settings = settings(world.state.display().to_string());
            let store = StateBucket::new(&aws);
            let (clock, progress) = (|| now, Agrees(agrees));
            let environment = Environment {
                aws: &aws,
                settings: &settings,
                store: &store,
                progress: &progress,
                clock: &clock,
                events,
                asks_sources: false,
                keeping: None,
            };
            let sweep = Work::Sweep(Sweep { unmanaged: true, ..Sweep::default() });
            cycle::run(&sweep, &environment, "1".to_owned()).await
        })
    };
    let run = |written: &str, agrees: &(dyn Fn() + Sync)| run_with(written, agrees, &[]);
    let both = ["changed aws_iam_role.web", "changed aws_security_group.web"];
    let sorted = |outcome: &Outcome| {
        let mut found = found(outcome);
        found.sort();
        found
    };
    let close = || by_hand("close");
    by_hand("open");
    let long_ago = run("2026-02-01T00:04:00Z", &close);
    assert_eq!(sorted(&long_ago), both, "seen once, and told");
    let stays = run("2026-02-01T00:09:00Z", &|| ());
    assert_eq!(sorted(&stays), both, "seen twice, and told");
    assert_eq!(stays.findings.len(), 2);
    let gone = run("2026-02-01T00:09:00Z", &close);
    assert_eq!(sorted(&gone), [""; 0], "a stale answer is no drift");
    assert_eq!(gone.counts.in_sync, stays.counts.in_sync + 2);

    // What the last event set is live: an older answer would not show it, and one look is enough...
    by_hand("open");
    let person = opening(&world.state, "aws-cli/2.15.0");
    let looked_again = AtomicUsize::new(0);
    let looks = || _ = looked_again.fetch_add(1, Ordering::SeqCst);
    let proven = run_with("2026-02-01T00:04:00Z", &looks, &[&person]);
    assert_eq!((sorted(&proven), looked_again.load(Ordering::SeqCst)), (both.map(str::to_owned).to_vec(), 0));
    let of_group = proven.findings.iter().find(|one| one.kind == "aws_security_group").expect("the group");
    let actor = of_group.attribution.as_ref().and_then(|attribution| attribution.actor.as_ref()).expect("a name");
    assert_eq!(actor.name, "mallory");
    // ... but not where the state was just written, or Terraform may go on with it.
    run_with("2026-02-01T00:09:00Z", &looks, &[&person]);
    assert_eq!(looked_again.load(Ordering::SeqCst), 1);
    let terraform = opening(&world.state, "APN/1.0 HashiCorp/1.0 Terraform/1.11.4 (+https://www.terraform.io)");
    run_with("2026-02-01T00:04:00Z", &looks, &[&terraform]);
    assert_eq!(looked_again.load(Ordering::SeqCst), 2);
}

const STRANGERS: &str = "
import boto3, sys
aws = dict(endpoint_url=sys.argv[1], region_name='us-east-1', aws_access_key_id='test', aws_secret_access_key='test')
iam = boto3.client('iam', **aws)
stack = [{'Key': 'aws:cloudformation:stack-id', 'Value': 'arn:aws:cloudformation:us-east-1:123456789012:stack/their/0a1b'}]
statement = '{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:ListBucket\",\"Resource\":\"*\"}]}'
iam.create_policy(PolicyName='of-stack', PolicyDocument=statement, Tags=stack)
iam.create_instance_profile(InstanceProfileName='of-stack', Tags=stack)
iam.create_instance_profile(InstanceProfileName='of-nobody')
iam.create_user(UserName='mallory')
iam.add_user_to_group(UserName='mallory', GroupName=sys.argv[2])
";

/// What AWS marks as a stack's is the stack's, also where listings show no marks; who nobody declares and is put into a declared
/// group is told.
fn strangers_of_a_stack_and_of_a_group() {
    let world = World::recorded("shop", 1);
    support::point_aws_at(&world.moto);
    let state: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&world.state).expect("readable")).expect("JSON");
    let resources = state["resources"].as_array().expect("resources");
    let group = resources.iter().find(|one| one["type"] == "aws_iam_group").expect("a group");
    let group = group["instances"][0]["attributes"]["name"].as_str().expect("a name");
    let done = support::python().args(["-c", STRANGERS, &world.moto, group]).output().expect("python starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let aws = Aws::connect(AwsOptions::default()).await.expect("the false AWS answers");
        let settings = settings(world.state.display().to_string());
        let store = StateBucket::new(&aws);
        let clock = || "2026-02-01T00:00:00Z".parse::<Timestamp>().expect("a time");
        let environment = Environment {
            aws: &aws,
            settings: &settings,
            store: &store,
            progress: &Silent,
            clock: &clock,
            events: &[],
            asks_sources: true,
            keeping: None,
        };
        let sweep = Work::Sweep(Sweep { unmanaged: true, ..Sweep::default() });
        let swept = cycle::run(&sweep, &environment, "1".to_owned()).await;
        let told = |outcome: &Outcome| {
            let told = outcome.findings.iter().map(|one| format!("{} {} {}", one.drift.as_str(), one.kind, one.id));
            told.collect::<BTreeSet<_>>()
        };
        let stack = "unmanaged aws_cloudformation_stack arn:aws:cloudformation:us-east-1:123456789012:stack/their/0a1b";
        let membership = format!("unmanaged aws_iam_user_group_membership mallory/{group}");
        let strangers =
            [stack, "unmanaged aws_iam_instance_profile of-nobody", "unmanaged aws_iam_user mallory", &membership];
        assert_eq!(told(&swept), strangers.map(str::to_owned).into());
        assert_eq!(swept.gaps, []);

        // And by their keys alone, the stack aside, which is known by what it made.
        let keys = swept.findings.iter().filter(|one| one.kind != "aws_cloudformation_stack");
        let keys = keys.map(|finding| finding.resource_key()).collect::<BTreeSet<_>>();
        let reread = Work::Resources(Resources { keys, ..Resources::default() });
        let again = cycle::run(&reread, &environment, "2".to_owned()).await;
        assert_eq!(told(&again), strangers[1..].iter().map(|one| (*one).to_owned()).collect());
    });
}

/// What is not read in time is a gap.
fn a_scan_ends_at_its_deadline() {
    let world = World::recorded("shop", 1);
    support::point_aws_at(&world.moto);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let outcome = runtime.block_on(async {
        let aws = Aws::connect(AwsOptions::default()).await.expect("the false AWS answers");
        let mut settings = settings(world.state.display().to_string());
        settings.deadline = Duration::from_nanos(1);
        let store = StateBucket::new(&aws);
        let clock = || "2026-02-01T00:00:00Z".parse::<Timestamp>().expect("a time");
        let environment = Environment {
            aws: &aws,
            settings: &settings,
            store: &store,
            progress: &Silent,
            clock: &clock,
            events: &[],
            asks_sources: true,
            keeping: None,
        };
        cycle::run(&Work::Sweep(Sweep { unmanaged: true, ..Sweep::default() }), &environment, "1".to_owned()).await
    });
    assert_eq!((outcome.counts.in_sync, outcome.findings.len() as u64), (0, outcome.counts.desired));
    assert!(outcome.gaps.iter().all(|gap| gap.reason == GapReason::Timeout && gap.detail.contains("deadline")));
    assert!(!outcome.gaps.is_empty() && outcome.coverage.iter().all(|one| !one.complete));
}

//! Reads of single resources that are kept between sweeps while events flow: cheap, and never a false green that does not say how old it is.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeSet;

use driftd::aws::{Aws, AwsOptions};
use driftd::cycle::{self, Environment, Keeping, KeptReads, Silent, Sweep, Work};
use driftd::desired::StateBucket;
use driftd::model::{Outcome, Scope};
use jiff::{Timestamp, ToSpan as _};
use support::World;
use support::cycle::{found, settings};

const A_BUCKET: &str = "
import boto3, json, sys
bucket = next(r['instances'][0]['attributes']['id'] for r in json.load(open(sys.argv[2]))['resources'] if r['type'] == 'aws_s3_bucket_versioning')
s3 = boto3.client('s3', endpoint_url=sys.argv[1], region_name='us-east-1', aws_access_key_id='test', aws_secret_access_key='test')
s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=dict(Status=sys.argv[3]))
";

/// A change whose event was lost is seen when the read is too old, and until then the coverage says how old it is; one whose event came is
/// seen at once.
#[test]
fn reads_that_are_kept_while_events_flow() {
    let world = World::recorded("shop", 1);
    support::point_aws_at(&world.moto);
    let versioning = |status: &str| {
        let mut python = support::python();
        let done =
            python.args(["-c", A_BUCKET, &world.moto]).arg(&world.state).arg(status).output().expect("python starts");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let aws = Aws::connect(AwsOptions::default()).await.expect("the false AWS answers");
        let settings = settings(world.state.display().to_string());
        let store = StateBucket::new(&aws);
        let reads = KeptReads::default();
        // Where events are heard: of the region in which buckets and roles log theirs.
        let here = BTreeSet::from([Scope::new(aws.account(), "us-east-1")]);
        let elsewhere = BTreeSet::from([Scope::new(aws.account(), "eu-west-1")]);
        let at = |hour: i64| "2026-02-01T00:00:00Z".parse::<Timestamp>().expect("a time") + hour.hours();
        let sweep = Work::Sweep(Sweep { unmanaged: true, ..Sweep::default() });
        let run_with = async |hour, since, heard: &BTreeSet<Scope>| {
            let clock = move || at(hour);
            let environment = Environment {
                aws: &aws,
                settings: &settings,
                store: &store,
                progress: &Silent,
                clock: &clock,
                events: &[],
                asks_sources: false,
                keeping: Some(Keeping { reads: &reads, since: at(since), heard }),
            };
            cycle::run(&sweep, &environment, hour.to_string()).await
        };
        let run = async |hour, since| run_with(hour, since, &here).await;
        let oldest = |outcome: &Outcome| outcome.coverage.iter().filter_map(|row| row.oldest_read).min();

        let first = run(1, 0).await;
        assert_eq!((found(&first), oldest(&first)), (Vec::new(), None));
        let quiet = run(2, 0).await;
        assert_eq!((found(&quiet), oldest(&quiet)), (Vec::new(), Some(at(1))));
        // What is listed anyhow is left: in an account so small, most of it.
        assert!(quiet.api_calls * 4 < first.api_calls * 3, "{} calls, then {}", first.api_calls, quiet.api_calls);
        assert_eq!((quiet.counts.in_sync, quiet.counts.live), (first.counts.in_sync, first.counts.live));

        let silent = run_with(2, 0, &elsewhere).await;
        assert!(silent.api_calls > quiet.api_calls && oldest(&silent).is_none(), "the trail of this region is silent");

        // Its event is lost.
        versioning("Suspended");
        let unseen = run(3, 0).await;
        assert_eq!((found(&unseen), oldest(&unseen)), (Vec::new(), Some(at(2))), "it does not say that it looked");
        let seen = run(4, 3).await;
        assert_eq!(found(&seen).len(), 1, "{:?}", found(&seen));
        assert_eq!(oldest(&seen), None);
        versioning("Enabled");
        for key in seen.findings.iter().map(|finding| finding.resource_key()) {
            reads.touch(&key, at(4));
        }
        assert_eq!(found(&run(5, 2).await), [""; 0], "what was touched is read");
    });
}

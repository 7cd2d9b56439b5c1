//! What is judged together with others is told alike by a sweep, by a second look, and where only a part of it was touched.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use driftd::aws::{Aws, AwsOptions};
use driftd::cycle::{self, Environment, Resources, Silent, Sweep, Work};
use driftd::desired::StateBucket;
use driftd::model::{ResourceKey, Scope};
use jiff::Timestamp;

use super::Agrees;
use super::support::cycle::{found, settings};
use super::support::{self, World};

const DEFAULTS: &str = "
import boto3, json, sys
state = json.load(open(sys.argv[2]))
ids = {r['type'] + '.' + r['name']: r['instances'][0]['attributes']['id'] for r in state['resources']}
aws = dict(endpoint_url=sys.argv[1], region_name='us-east-1', aws_access_key_id='test', aws_secret_access_key='test')
ec2 = boto3.client('ec2', **aws)
of_vpc = [dict(Name='vpc-id', Values=[ids['aws_vpc.this']])]
group = next(g['GroupId'] for g in ec2.describe_security_groups(Filters=of_vpc)['SecurityGroups'] if g['GroupName'] == 'default')
rule = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
    dict(IpProtocol='tcp', FromPort=22, ToPort=22, IpRanges=[dict(CidrIp='0.0.0.0/0')])])['SecurityGroupRules'][0]['SecurityGroupRuleId']
known = next(r for r in state['resources'] if r['type'] == 'aws_vpc_security_group_ingress_rule')
more = json.loads(json.dumps(known))
more['name'] = 'ssh'
attributes = more['instances'][0]['attributes']
attributes.update(id=rule, security_group_rule_id=rule, security_group_id=group, referenced_security_group_id=None,
    arn=attributes['arn'].rpartition('/')[0] + '/' + rule, cidr_ipv4='10.0.0.0/8', from_port=22, to_port=22)
state['resources'].append(more)
json.dump(state, open(sys.argv[3], 'w'))
print(group)
";

/// A declared rule of a default group that nobody declares is told by the rule, in a sweep and where only the group was touched.
pub(crate) fn a_rule_of_a_default_group_is_told_once() {
    let world = World::recorded("shop", 1);
    support::point_aws_at(&world.moto);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("terraform.tfstate");
    let mut python = support::python();
    let done = python.args(["-c", DEFAULTS, &world.moto]).args([&world.state, &path]).output().expect("python starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let group = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let aws = Aws::connect(AwsOptions::default()).await.expect("the false AWS answers");
        let settings = settings(path.display().to_string());
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
        let scope = Scope::new("123456789012", "us-east-1");
        let key = ResourceKey::new(scope.clone(), "aws_security_group", &group, None);
        let touched = Resources { keys: BTreeSet::from([key]), ..Resources::default() };
        let made =
            Resources { kinds: BTreeSet::from([(scope, "aws_security_group".to_owned())]), ..Resources::default() };
        for (what, work) in [
            ("a sweep", Work::Sweep(Sweep { unmanaged: true, ..Sweep::default() })),
            ("the group", Work::Resources(touched)),
            ("groups, as one was made", Work::Resources(made)),
        ] {
            let outcome = cycle::run(&work, &environment, "1".to_owned()).await;
            assert_eq!(found(&outcome), ["changed aws_vpc_security_group_ingress_rule.ssh"], "{what}");
        }
    });
}

/// A state that tells the account of nothing: its bucket proves it, in a sweep, in the second look that follows, and where only a
/// resource beside it was touched.
pub(crate) fn a_neighbour_proves_the_account_in_every_look() {
    let world = World::recorded("shop", 1);
    support::point_aws_at(&world.moto);
    let mut state: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&world.state).expect("readable")).expect("JSON");
    let resources = state["resources"].as_array_mut().expect("resources");
    resources.retain(|one| ["aws_s3_bucket", "aws_iam_role_policy"].iter().any(|kind| one["type"] == *kind));
    let policy = resources.iter_mut().find(|one| one["type"] == "aws_iam_role_policy").expect("a policy");
    let attributes = &mut policy["instances"][0]["attributes"];
    attributes["policy"] = r#"{"Version":"2012-10-17","Statement":[]}"#.into();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("terraform.tfstate");
    std::fs::write(&path, state.to_string()).expect("writable");
    let now = "2026-02-01T00:10:00Z".parse::<Timestamp>().expect("a time");
    let file = std::fs::File::options().write(true).open(&path).expect("writable");
    file.set_modified("2026-02-01T00:09:00Z".parse::<Timestamp>().expect("a time").into()).expect("a time of the file");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let options = AwsOptions { second_look_delay: Duration::from_millis(1), ..AwsOptions::default() };
        let aws = Aws::connect(options).await.expect("the false AWS answers");
        let settings = settings(path.display().to_string());
        let store = StateBucket::new(&aws);
        let looked_again = AtomicUsize::new(0);
        let looks = || _ = looked_again.fetch_add(1, Ordering::SeqCst);
        let (clock, progress) = (|| now, Agrees(&looks));
        let environment = Environment {
            aws: &aws,
            settings: &settings,
            store: &store,
            progress: &progress,
            clock: &clock,
            events: &[],
            asks_sources: false,
            keeping: None,
        };
        let swept = cycle::run(&Work::Sweep(Sweep::default()), &environment, "1".to_owned()).await;
        assert_eq!(found(&swept), ["changed aws_iam_role_policy.web"]);
        assert_eq!(looked_again.load(Ordering::SeqCst), 1);
        let keys = swept.findings.iter().map(|finding| finding.resource_key()).collect::<BTreeSet<_>>();
        let touched = Work::Resources(Resources { keys, ..Resources::default() });
        let mut outcome = cycle::run(&touched, &environment, "2".to_owned()).await;
        outcome.findings.retain(|one| one.kind == "aws_iam_role_policy");
        assert_eq!(found(&outcome), ["changed aws_iam_role_policy.web"]);
        assert_eq!(looked_again.load(Ordering::SeqCst), 2);
    });
}

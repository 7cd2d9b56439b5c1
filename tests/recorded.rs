//! A recorded account, without Terraform: silent as Terraform left it, and outspoken after the console was used.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use serde_json::{Value, json};
use support::{World, scan};

#[test]
fn silent_as_terraform_left_it() {
    let world = World::recorded("shop", 1);
    let scan = scan(&world.moto, &world.state, &[]);
    let report = scan.report.expect("a report");
    assert_eq!(scan.code, 0, "{report:#}\n{}", scan.stderr);
    assert_eq!(report["findings"], json!([]));
    assert_eq!(report["gaps"], json!([]));
    assert_eq!(report["scan"]["complete"], json!(true));
    assert_eq!(report["summary"]["in_sync"], report["summary"]["desired"]);
    assert!(report["summary"]["desired"].as_u64() > Some(20), "{}", report["summary"]);
}

/// Every listing is read to its last page: with pages of a few items the report is the same.
#[test]
fn every_page_is_read() {
    for (name, page, paged) in [
        ("shop", 2, &["ec2:DescribeRouteTables", "ec2:DescribeSecurityGroupRules", "ec2:DescribeSubnets"][..]),
        ("estate", 5, &["iam:GetAccountAuthorizationDetails", "iam:ListRoles", "ec2:DescribeInstances"]),
    ] {
        let world = World::paged(name, page);
        let (whole, door) = (scan(&world.moto, &world.state, &[]), world.door(0));
        let scan = door.scan();
        let report = scan.report.expect("a report");
        assert_eq!(scan.code, 0, "{name}: {report:#}\n{}", scan.stderr);
        let whole = whole.report.expect("a report");
        for part in ["findings", "gaps", "summary"] {
            assert_eq!(report[part], whole[part], "{name}: {part}");
        }
        let calls = door.seen().calls;
        for operation in paged {
            let pages = calls.iter().filter(|call| call == operation).count();
            assert!(pages > 1, "{name}: {pages} calls of {operation}: no pages were to be followed");
        }
    }
}

/// What is no state leaves a gap and exit code 1, whatever is wrong with it; beside a good one it is a gap, and not green.
#[test]
fn what_is_no_state_is_said() {
    let world = World::recorded("shop", 1);
    let folder = tempfile::tempdir().expect("a folder");
    let good = std::fs::read_to_string(&world.state).expect("readable");
    for (name, text, said) in [
        ("empty.tfstate", "", "is empty"),
        ("page.tfstate", "<!DOCTYPE html><html><body>Sign in</body></html>", "HTML page"),
        ("old.tfstate", r#"{"version": 3, "modules": []}"#, "older than 4"),
        ("cut.tfstate", good.get(..good.len() / 2).expect("ASCII"), "ends in the middle"),
        ("plan.tfstate", "PK\u{3}\u{4}rest", "ZIP archive"),
        ("shown.tfstate", r#"{"format_version": "1.0", "values": {}}"#, "terraform show -json"),
        ("other.tfstate", r#"{"hello": 1}"#, "not a Terraform state"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("writable");
        let alone = scan(&world.moto, &path, &["--kind", "aws_vpc"]);
        assert_eq!(alone.code, 1, "{name}: {}", alone.stderr);
        let report = alone.report.expect("a report all the same");
        assert!(report["gaps"].to_string().contains(said), "{name}: {}", report["gaps"]);
        let good_state = world.state.to_str().expect("UTF-8");
        let beside = scan(&world.moto, &path, &["--state", good_state, "--kind", "aws_vpc", "--no-unmanaged"]);
        assert_eq!(beside.code, 3, "{name}: {}", beside.stderr);
        assert_eq!(beside.findings("missing"), Vec::<String>::new(), "{name}");
    }
}

/// What a newer provider knows more was not looked at.
#[test]
fn what_is_not_compared_is_not_covered() {
    let world = World::recorded("shop", 1);
    let folder = tempfile::tempdir().expect("a folder");
    let mut state: Value =
        serde_json::from_str(&std::fs::read_to_string(&world.state).expect("readable")).expect("JSON");
    for resource in state["resources"].as_array_mut().expect("resources").iter_mut() {
        if resource["type"] == "aws_vpc" {
            resource["instances"][0]["schema_version"] = json!(99);
        }
    }
    let newer = folder.path().join("newer.tfstate");
    std::fs::write(&newer, state.to_string()).expect("writable");
    let scan = scan(&world.moto, &newer, &["--kind", "aws_vpc", "--kind", "aws_subnet"]);
    assert_eq!((scan.code, scan.gaps()), (3, 1), "{}", scan.stderr);
    let report = scan.report.expect("a report");
    let covered = report["coverage"].as_array().expect("coverage");
    for (kind, complete) in [("aws_vpc", false), ("aws_subnet", true)] {
        let mut of_kind = covered.iter().filter(|one| one["kind"] == kind).peekable();
        assert!(of_kind.peek().is_some() && of_kind.all(|one| one["complete"] == complete), "{kind}: {covered:#?}");
    }
}

/// A state that cannot be read may declare anything: nothing is called unmanaged beside it.
#[test]
fn beside_an_unreadable_state_nothing_is_unmanaged() {
    let world = World::recorded("shop", 1);
    let folder = tempfile::tempdir().expect("a folder");
    let mut half: Value =
        serde_json::from_str(&std::fs::read_to_string(&world.state).expect("readable")).expect("JSON");
    half["resources"].as_array_mut().expect("resources").retain(|r| r["type"] != "aws_iam_user");
    let (good, bad) = (folder.path().join("good.tfstate"), folder.path().join("bad.tfstate"));
    std::fs::write(&good, half.to_string()).expect("writable");
    std::fs::write(&bad, "{").expect("writable");
    let alone = scan(&world.moto, &good, &["--kind", "aws_iam_user"]);
    assert_eq!(alone.findings("unmanaged"), ["shop-deploy"]);
    let both = scan(&world.moto, &good, &["--kind", "aws_iam_user", "--state", bad.to_str().expect("UTF-8")]);
    assert_eq!(both.findings("unmanaged"), Vec::<String>::new());
    assert_eq!(both.code, 3, "{}", both.stderr);
}

fn console(world: &World) {
    let code = "import sys, datetime; from tests.world import replay, story; from tests.world.cloudtrail import Trail; \
                from tests.world.scenarios import instances; \
                story.tell(Trail(sys.argv[1], datetime.datetime(2026, 1, 5)), instances(replay.state('shop')), story.DEMO)";
    let done = support::python().args(["-c", code, &world.moto]).output().expect("python starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// The same steps as `make demo`, and what must be said of each.
#[test]
fn outspoken_after_the_console() {
    let world = World::recorded("shop", 1);
    console(&world);
    let scan = scan(&world.moto, &world.state, &[]);
    assert_eq!(scan.code, 2, "{}", scan.stderr);
    for (address, path) in [
        ("aws_security_group.web", "/ingress"),
        ("aws_s3_bucket_policy.uploads", "/policy"),
        ("aws_iam_role.web", "/assume_role_policy"),
        ("aws_instance.web[1]", "/instance_type"),
        ("aws_ebs_volume.orders", "/tags/Name"),
    ] {
        assert!(paths(&scan.report, address).iter().any(|p| p == path), "{address} {path}: {:#?}", scan.report);
    }
    let mut missing = scan.findings("missing");
    missing.sort();
    assert_eq!(
        missing,
        ["aws_iam_group.support", "aws_s3_bucket_public_access_block.uploads", "module.network.aws_route.internet"]
    );
    let unmanaged = scan.report.iter().flat_map(|r| r["findings"].as_array()).flatten();
    let mut unmanaged: Vec<_> =
        unmanaged.filter(|f| f["drift"] == "unmanaged").filter_map(|f| f["kind"].as_str()).collect();
    unmanaged.sort_unstable();
    assert_eq!(unmanaged, ["aws_iam_access_key", "aws_iam_user"]);
    assert_eq!(scan.findings("changed").len(), 5, "{:?}", scan.findings("changed"));
    assert_eq!(scan.findings("unknown"), Vec::<String>::new());
}

const LATER: &str = "
import boto3, json, sys
state = json.load(open(sys.argv[2]))
group = next(r['instances'][0]['attributes']['id'] for r in state['resources'] if r['type'] == 'aws_security_group' and r['name'] == 'web')
aws = dict(endpoint_url=sys.argv[1], region_name='us-east-1', aws_access_key_id='test', aws_secret_access_key='test')
ec2, iam = boto3.client('ec2', **aws), boto3.client('iam', **aws)
ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
    dict(IpProtocol='tcp', FromPort=23, ToPort=23, IpRanges=[dict(CidrIp='0.0.0.0/0')])])
iam.create_user(UserName='newcomer')
iam.delete_user(UserName='contractor')
";

/// What exists is accepted; what comes, grows, expires is drift; what is gone is reported where it was looked for.
#[test]
fn a_baseline_accepts_what_exists() {
    let world = World::recorded("shop", 1);
    console(&world);
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let (file, config, report) = (at("baseline.yaml"), at("driftd.yaml"), at("report.json"));
    let accept = ["--owner", "shop", "--reason", "before driftd", "--expires", "90d"];
    let baseline =
        |more: &[&str]| support::driftd(&world.moto, &world.state, &[&["baseline"], &accept[..], more].concat());
    let before = scan(&world.moto, &world.state, &["--output", &report]);
    assert_eq!(before.code, 2, "{}", before.stderr);

    let done = baseline(&["--output", &file]);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(0), "{said}");
    assert!(said.contains("10 entries: 10 added") && done.stdout.is_empty(), "{said}");
    let written = std::fs::read_to_string(&file).expect("readable");
    // What was reported is what is accepted.
    let mut of_report = support::program(&world.moto);
    let done = of_report.arg("baseline").args(accept).args(["--from", &report]).output().expect("driftd starts");
    assert_eq!(String::from_utf8_lossy(&done.stdout), written, "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(baseline(&["--output", &file]).status.code(), Some(78), "it exists");

    std::fs::write(&config, "version: 1\nbaseline: [baseline.yaml]\n").expect("writable");
    let accepted = scan(&world.moto, &world.state, &["--config", &config]);
    let report = accepted.report.expect("a report");
    assert_eq!((accepted.code, accepted.stderr.as_str()), (0, ""), "{report:#}");
    assert_eq!(report["findings"], json!([]));
    let ignored = report["summary"]["ignored_by_rule"].as_object().expect("ignored");
    let (why, number) = ignored.iter().next().expect("one reason");
    assert!(why.starts_with("baseline: before driftd (shop, until 20"), "{why}");
    assert_eq!((ignored.len(), number), (1, &json!(10)));

    let done = support::python().args(["-c", LATER, &world.moto]).arg(&world.state).output().expect("python starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let later = scan(&world.moto, &world.state, &["--config", &config]);
    assert_eq!(later.code, 2, "{}", later.stderr);
    assert_eq!(later.findings("unmanaged"), ["newcomer"]);
    assert_eq!(later.findings("changed"), ["aws_security_group.web"]);
    assert_eq!(later.findings("missing"), Vec::<String>::new());
    let reasons: Vec<&str> = later
        .report
        .iter()
        .flat_map(|r| r["findings"].as_array())
        .flatten()
        .filter_map(|f| f["reason"].as_str())
        .collect();
    assert!(
        matches!(reasons[..], [reason] if reason.starts_with("accepted with other content until 20")),
        "{reasons:?}"
    );
    let stale = "warning[baseline/stale]: 123456789012/global/aws_iam_user/contractor matches nothing any more";
    assert!(later.stderr.contains(stale) && later.stderr.matches("stale").count() == 1, "{}", later.stderr);
    // Nobody looked for users there.
    for part in [["--kind", "aws_vpc"], ["--target", "aws_vpc.main"]] {
        let part = scan(&world.moto, &world.state, &[&["--config", &config], &part[..]].concat());
        assert!(!part.stderr.contains("stale"), "{}", part.stderr);
    }

    // Another file, so that what is new has another owner.
    let done = baseline(&["--config", &config, "--output", &file, "--merge", "--owner", "ann"]);
    assert_eq!(done.status.code(), Some(78), "--owner twice");
    let arguments = ["baseline", "--owner", "ann", "--reason", "later", "--expires", "30d", "--merge"];
    let done = support::driftd(
        &world.moto,
        &world.state,
        &[&arguments[..], &["--config", &config, "--output", &file]].concat(),
    );
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(0), "{said}");
    assert!(said.contains("10 entries: 1 added, 1 accepted anew, 8 kept, 1 dropped"), "{said}");
    assert!(said.contains("aws_iam_user/contractor: dropped"), "{said}");
    let merged = std::fs::read_to_string(&file).expect("readable");
    assert_eq!((merged.matches("owner: \"shop\"").count(), merged.matches("owner: \"ann\"").count()), (8, 2));
    assert_eq!(scan(&world.moto, &world.state, &["--config", &config]).code, 0);

    let dated = |line: &str| {
        if line.starts_with("    expires:") { "    expires: 2026-01-01".to_owned() } else { line.to_owned() }
    };
    std::fs::write(&file, merged.lines().map(dated).collect::<Vec<_>>().join("\n")).expect("writable");
    let over = scan(&world.moto, &world.state, &["--config", &config]);
    assert_eq!(over.code, 2, "{}", over.stderr);
    assert_eq!(over.report.expect("a report")["findings"].as_array().map(Vec::len), Some(10));
    assert_eq!(over.stderr.matches("warning[baseline/expired]").count(), 10, "{}", over.stderr);
}

fn paths(report: &Option<Value>, address: &str) -> Vec<String> {
    let findings = report.iter().filter_map(|r| r["findings"].as_array()).flatten();
    let changes = findings.filter(|f| f["address"] == address).filter_map(|f| f["changes"].as_array()).flatten();
    changes.filter_map(|change| change["path"].as_str()).map(str::to_owned).collect()
}

const STRANGERS: &str = "
import boto3, json, sys
state = json.load(open(sys.argv[2]))
ids = {r['type']: r['instances'][0]['attributes']['id'] for r in state['resources']}
aws = dict(endpoint_url=sys.argv[1], region_name='us-east-1', aws_access_key_id='test', aws_secret_access_key='test')
ec2, iam, s3 = (boto3.client(service, **aws) for service in ('ec2', 'iam', 's3'))
vpc, table, bucket = ids['aws_vpc'], ids['aws_route_table'], ids['aws_s3_bucket']
ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock='100.64.0.0/16')
subnet = ec2.create_subnet(VpcId=vpc, CidrBlock='100.64.1.0/24')['Subnet']['SubnetId']
ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
main = [a for t in ec2.describe_route_tables()['RouteTables'] for a in t['Associations'] if a['Main'] and t['VpcId'] == vpc]
ec2.replace_route_table_association(AssociationId=main[0]['RouteTableAssociationId'], RouteTableId=table)
topic = boto3.client('sns', **aws).create_topic(Name='tap')['TopicArn']
s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={
    'TopicConfigurations': [{'TopicArn': topic, 'Events': ['s3:ObjectCreated:*']}]})
s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={'Rules': [{'ObjectOwnership': 'ObjectWriter'}]})
s3.put_bucket_inventory_configuration(Bucket=bucket, Id='copy', InventoryConfiguration={
    'Id': 'copy', 'IsEnabled': True, 'IncludedObjectVersions': 'All', 'Schedule': {'Frequency': 'Daily'},
    'Destination': {'S3BucketDestination': {'AccountId': '999999999999', 'Bucket': 'arn:aws:s3:::theirs', 'Format': 'CSV'}}})
iam.upload_ssh_public_key(UserName=ids['aws_iam_user'], SSHPublicKeyBody='ssh-rsa AAAA')
iam.put_role_policy(RoleName=ids['aws_iam_role'], PolicyName='hand', PolicyDocument=json.dumps(
    {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': '*', 'Resource': '*'}]}))
iam.delete_group(GroupName=ids['aws_iam_group'])
iam.create_group(GroupName=ids['aws_iam_group'])
";

/// What somebody puts on declared parents is told once, by the parent where that shows it; so is what was made anew under its old
/// name, and what decides over a whole VPC.
#[test]
fn strangers_on_declared_parents_are_told_once() {
    let world = World::recorded("shop", 1);
    let mut python = support::python();
    let done = python.args(["-c", STRANGERS, &world.moto]).arg(&world.state).output().expect("python starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let scan = scan(&world.moto, &world.state, &[]);
    let found = scan.report.iter().flat_map(|report| report["findings"].as_array()).flatten();
    let mut told: Vec<String> = found
        .map(|one| {
            let changes = one["changes"].as_array().into_iter().flatten();
            let paths: Vec<&str> = changes.filter_map(|change| change["path"].as_str()).collect();
            format!("{} {} {}", one["drift"], one["kind"], paths.join(" ")).replace('"', "").trim().to_owned()
        })
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "changed aws_iam_group /unique_id",
            "changed aws_iam_role /inline_policy",
            "changed aws_vpc /main_route_table_id",
            "unmanaged aws_iam_user_ssh_key",
            "unmanaged aws_route_table_association",
            "unmanaged aws_s3_bucket_inventory",
            "unmanaged aws_s3_bucket_notification",
            "unmanaged aws_s3_bucket_ownership_controls",
            "unmanaged aws_subnet",
            "unmanaged aws_vpc_ipv4_cidr_block_association",
        ]
    );
    assert_eq!(scan.code, 2, "{}", scan.stderr);
}

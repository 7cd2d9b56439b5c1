//! Every call of a scan fails in every way, one at a time: what could not be read is a gap, never an absence, never a change,
//! never a green scan, and never a crash. The account is the recorded one, as Terraform left it: every finding but `unknown`
//! is false.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_json::json;
use support::{Door, Scan, World};

/// The ways to fail, see tests/world/faults.py.
const FAULTS: [&str; 7] = ["deny", "throttle", "error", "expired", "reset", "truncate", "cut"];
/// Those that a second try heals.
const PASSING: [&str; 4] = ["throttle", "error", "reset", "truncate"];
/// Scans at a time: most of their time is spent in pauses between tries.
const DOORS: usize = 12;

#[test]
fn no_fault_makes_a_false_report() {
    let world = World::recorded("shop", DOORS);
    let operations = operations_of_a_clean_scan(&world.door(0));
    let cases = operations.iter().flat_map(|operation| FAULTS.map(|fault| (operation.as_str(), fault)));
    let problems = on_all_doors(&world, cases.collect(), |door, (operation, fault)| {
        door.fault(&json!({"kind": fault, "match": operation}));
        let scan = door.scan();
        // An answer without a body cannot be cut.
        (door.seen().struck > 0)
            .then(|| lies(&scan, operation))
            .flatten()
            .map(|lie| format!("{fault} {operation}: {lie}"))
    });
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn a_passing_fault_is_not_even_seen() {
    let world = World::recorded("shop", DOORS);
    let operations = operations_of_a_clean_scan(&world.door(0));
    let cases = operations.iter().zip(PASSING.iter().cycle()).map(|(operation, fault)| (operation.as_str(), *fault));
    let problems = on_all_doors(&world, cases.collect(), |door, (operation, fault)| {
        door.fault(&json!({"kind": fault, "match": operation, "first": 1}));
        let scan = door.scan();
        (scan.code != 0)
            .then(|| format!("one {fault} of {operation}: exit {}, {} gaps: {}", scan.code, scan.gaps(), scan.stderr))
    });
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// Everything fails at once, and every third call.
#[test]
fn a_bad_day() {
    let world = World::recorded("shop", DOORS);
    operations_of_a_clean_scan(&world.door(0));
    let faults = FAULTS.iter().flat_map(|fault| {
        [json!({"kind": fault, "match": "[!s][!t]*"}), json!({"kind": fault, "match": "*", "every": 3})]
    });
    let problems = on_all_doors(&world, faults.collect(), |door, fault| {
        door.fault(&fault);
        let scan = door.scan();
        let lie = if scan.code == 0 { None } else { lies(&scan, "sts:") };
        lie.map(|lie| format!("{fault}: {lie}"))
    });
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

const BESIDE: &str = "
import boto3, json, sys
state = json.load(open(sys.argv[2]))
ids = {r['type']: r['instances'][0]['attributes']['id'] for r in state['resources']}
aws = dict(endpoint_url=sys.argv[1], region_name='us-east-1', aws_access_key_id='test', aws_secret_access_key='test')
ec2, iam = boto3.client('ec2', **aws), boto3.client('iam', **aws)
tables = ec2.describe_route_tables(Filters=[dict(Name='vpc-id', Values=[ids['aws_vpc']]), dict(Name='association.main', Values=['true'])])
table = tables['RouteTables'][0]['RouteTableId']
ec2.create_route(RouteTableId=table, DestinationCidrBlock='0.0.0.0/0', GatewayId=ids['aws_internet_gateway'])
trust = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Principal': {'Service': 'ec2.amazonaws.com'}, 'Action': 'sts:AssumeRole'}]}
iam.create_role(RoleName='AWSServiceRoleForEvil', AssumeRolePolicyDocument=json.dumps(trust))
template = ec2.create_launch_template(LaunchTemplateName='nodes', LaunchTemplateData=dict(InstanceType='t3.micro'))
print(table, template['LaunchTemplate']['LaunchTemplateId'])
";

/// What nobody declares is judged by what another call says. Where that cannot be had, it is neither a finding nor nothing: a gap.
#[test]
fn what_cannot_be_judged_is_a_gap() {
    let world = World::recorded("shop", 1);
    let done = support::python().args(["-c", BESIDE, &world.moto]).arg(&world.state).output().expect("python starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let printed = String::from_utf8_lossy(&done.stdout).into_owned();
    let (table, template) = printed.trim().split_once(' ').expect("two ids");
    let door = world.door(0);
    // moto says of every template that the account's root made it.
    let by = "<createdBy>arn:aws:sts::123456789012:assumed-role/AWSServiceRoleForEvil/mallory</createdBy>";
    let made = json!({"kind": "edit", "match": "ec2:DescribeLaunchTemplates", "old": "<createdBy>[^<]*</createdBy>", "new": by});
    for (kind, id, decides) in
        [("aws_route_table", table, "ec2:DescribeVpcs"), ("aws_launch_template", template, "iam:GetRole")]
    {
        door.fault(&json!([made]));
        let seen = door.scan_with(&["--kind", kind]);
        assert_eq!(
            (seen.code, seen.gaps(), seen.findings("unmanaged")),
            (2, 0, vec![id.to_owned()]),
            "{}",
            seen.stderr
        );
        for fault in ["deny", "throttle", "cut"] {
            door.fault(&json!([made, {"kind": fault, "match": decides}]));
            let scan = door.scan_with(&["--kind", kind]);
            assert_eq!((scan.code, scan.findings("unmanaged")), (3, Vec::new()), "{fault} {decides}: {}", scan.stderr);
            let report = scan.report.expect("a report");
            let gaps = report["gaps"].as_array().expect("gaps");
            assert!(gaps.iter().any(|gap| gap["scope"]["id"] == id), "{fault} {decides}: {gaps:#?}");
            let covered = report["coverage"].as_array().expect("coverage");
            let of_kind: Vec<_> = covered.iter().filter(|one| one["kind"] == kind).collect();
            assert!(of_kind.iter().any(|one| one["complete"] == false), "{fault} {decides}: {covered:#?}");
        }
    }
}

/// Regions in which some calls get no answer and others say that there is nothing: the account answers.
#[test]
fn an_account_that_answers_is_not_left_alone() {
    let world = World::recorded("shop", 1);
    let door = world.door(0);
    door.fault(&json!({"kind": "gateway", "match": "ec2:DescribeSecurityGroups"}));
    // More than are left alone after, and all before `global` in order, where nothing is asked.
    let regions = [
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-west-1",
    ];
    let arguments: Vec<&str> = ["--kind", "aws_security_group", "--kind", "aws_customer_gateway"]
        .into_iter()
        .chain(regions.iter().flat_map(|region| ["--region", *region]))
        .collect();
    let scan = door.scan_with(&arguments);
    let report = scan.report.expect("a report");
    let gaps = report["gaps"].as_array().expect("gaps");
    assert!(gaps.len() >= regions.len(), "{gaps:#?}");
    assert!(gaps.iter().all(|gap| gap["scope"]["kind"] == "aws_security_group"), "{gaps:#?}");
}

fn operations_of_a_clean_scan(door: &Door<'_>) -> BTreeSet<String> {
    door.fault(&json!(null));
    let scan = door.scan();
    assert_eq!(scan.code, 0, "the account is as Terraform left it: {:?}\n{}", scan.report, scan.stderr);
    let operations: BTreeSet<String> = door.seen().calls.into_iter().collect();
    assert!(operations.len() > 10, "a scan of the shop makes more kinds of calls than {operations:?}");
    operations
}

/// What is wrong with a scan of an unchanged account during which this operation could not be had.
fn lies(scan: &Scan, operation: &str) -> Option<String> {
    if scan.stderr.contains("panicked") {
        return Some(format!("it crashed: {}", scan.stderr));
    }
    // Without knowing whose account it is there is nothing to report on; that is said, and not with a report.
    if scan.report.is_none() && operation.starts_with("sts:") && scan.code == 1 && !scan.stderr.is_empty() {
        return None;
    }
    for drift in ["missing", "changed", "unmanaged"] {
        let found = scan.findings(drift);
        if !found.is_empty() {
            return Some(format!("false {drift}: {}", found.join(", ")));
        }
    }
    let (code, gaps) = (scan.code, scan.gaps());
    (code != 3 || gaps == 0).then(|| format!("exit {code} with {gaps} gaps, not 3 with some: {}", scan.stderr))
}

/// Shares the cases out among the doors; -> what went wrong, in order.
fn on_all_doors<C: Send>(
    world: &World,
    cases: Vec<C>,
    test: impl Fn(&Door<'_>, C) -> Option<String> + Sync,
) -> Vec<String> {
    let cases = Mutex::new(cases);
    let problems = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for index in 0..DOORS {
            let (cases, problems, test) = (&cases, &problems, &test);
            scope.spawn(move || {
                let door = world.door(index);
                loop {
                    let Some(case) = cases.lock().expect("no thread panicked").pop() else { return };
                    if let Some(problem) = test(&door, case) {
                        problems.lock().expect("no thread panicked").push(problem);
                    }
                }
            });
        }
    });
    let mut problems = problems.into_inner().expect("no thread panicked");
    problems.sort();
    problems
}

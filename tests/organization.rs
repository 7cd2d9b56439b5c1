//! Accounts that AWS Organizations lists: which are chosen, that a page or a call that fails is no short list, that what is listed in the file
//! wins, and how a daemon at work takes up a new account and lets go of one.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;

use serde_json::{Value, json};
use support::daemon::Place;
use support::{Scan, World};

/// The types of the states.
const KINDS: [&str; 4] = ["--kind", "aws_vpc", "--kind", "aws_security_group"];
const LIST_ACCOUNTS: &str = "organizations:ListAccounts";
const ACCOUNTS_OF: &str = "organizations:ListAccountsForParent";
const UNITS_OF: &str = "organizations:ListOrganizationalUnitsForParent";

/// The world, and where configurations go.
struct Organization {
    world: World,
    folder: tempfile::TempDir,
}

/// What a scan said, and what it asked.
struct Scanned {
    scan: Scan,
    calls: Vec<String>,
}

impl Organization {
    fn new() -> Self {
        Self { world: World::organization(), folder: tempfile::tempdir().expect("a folder") }
    }

    fn account(&self, name: &str) -> String {
        text(&self.world.announced["accounts"][name])
    }

    fn unit(&self, name: &str) -> String {
        text(&self.world.announced["units"][name])
    }

    /// `aws` is the section, in one line.
    fn config(&self, aws: &str) -> PathBuf {
        let path = self.folder.path().join("driftd.yaml");
        let states = self.world.state.display();
        std::fs::write(&path, format!("version: 1\nstates: [\"{states}\"]\naws: {aws}\n")).expect("writable");
        path
    }

    fn scan(&self, aws: &str, fault: &Value) -> Scanned {
        let (config, door) = (self.config(aws), self.world.door(0));
        door.fault(fault);
        let arguments =
            ["--config", config.to_str().expect("UTF-8"), "scan", "--format", "json", "--fail-on", "critical"];
        let done = support::program(door.endpoint).args(arguments).args(KINDS).output().expect("driftd starts");
        let scan = Scan::of(&done);
        assert!(scan.report.is_some(), "{}", scan.stderr);
        Scanned { scan, calls: door.seen().calls }
    }

    fn check_config(&self, aws: &str, fault: &Value) -> (Option<i32>, String) {
        let (config, door) = (self.config(aws), self.world.door(0));
        door.fault(fault);
        let mut command = support::program(door.endpoint);
        command.env("STATE_DIRECTORY", self.folder.path()).arg("--config").arg(config);
        let done = command.args(["check-config", "--online"]).output().expect("driftd starts");
        (done.status.code(), String::from_utf8_lossy(&done.stdout).into_owned())
    }

    /// Moves an account, as somebody does who manages the organization.
    fn move_account(&self, account: &str, from: &str, to: &str) {
        let (account, from, to) = (self.account(account), self.unit(from), self.unit(to));
        let body = json!({"AccountId": account, "SourceParentId": from, "DestinationParentId": to}).to_string();
        let mut stream = TcpStream::connect(self.world.moto.trim_start_matches("http://")).expect("moto listens");
        let signed = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/organizations/aws4_request, Signature=x";
        let length = body.len();
        write!(stream, "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AWSOrganizationsV20161128.MoveAccount\r\nAuthorization: {signed}\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

impl Scanned {
    fn calls(&self, operation: &str) -> usize {
        self.calls.iter().filter(|call| *call == operation).count()
    }

    fn items(&self, part: &str) -> Vec<&Value> {
        self.scan.report.iter().filter_map(|report| report[part].as_array()).flatten().collect()
    }

    /// Accounts with findings of this drift.
    fn accounts(&self, drift: &str) -> BTreeSet<String> {
        let of = self.items("findings").into_iter().filter(|finding| finding["drift"] == drift);
        of.map(|finding| text(&finding["account"])).collect()
    }

    /// Accounts that were read.
    fn read(&self) -> BTreeSet<String> {
        self.items("coverage").into_iter().map(|row| text(&row["account"])).collect()
    }

    /// The details of the gaps with this reason.
    fn gaps(&self, reason: &str) -> Vec<String> {
        let of = self.items("gaps").into_iter().filter(|gap| gap["reason"] == reason);
        of.map(|gap| text(&gap["detail"])).collect()
    }
}

#[test]
fn its_accounts_are_as_if_they_were_listed() {
    let world = Organization::new();
    let accounts = |names: &[&str]| names.iter().map(|name| world.account(name)).collect::<BTreeSet<_>>();

    let all = world.scan("{organization: {}}", &Value::Null);
    assert_eq!(all.scan.code, 3, "{}", all.scan.stderr);
    assert_eq!(all.read(), accounts(&["management", "front", "web", "orders", "play"]));
    assert_eq!(all.accounts("changed"), accounts(&["management", "orders"]));
    assert_eq!(all.accounts("unmanaged"), accounts(&["management"]));
    assert_eq!(all.accounts("unknown"), accounts(&["closed"]));
    let closed = world.account("closed");
    let told = format!(
        "account {closed} is left out of aws.organization: AWS Organizations calls it SUSPENDED; 2 not checked"
    );
    assert_eq!(all.gaps("not_configured"), [told]);
    assert_eq!(all.items("gaps").len(), 1);
    assert_eq!(all.calls(LIST_ACCOUNTS), 2, "there are two pages");
    // Neither its own account, nor those in which nothing is declared, nor the one that is closed.
    assert_eq!(all.calls("sts:AssumeRole"), 4, "{:?}", all.calls);

    // What is listed wins, and is there once; what is excluded is known as such.
    let (web, play) = (world.account("web"), world.account("play"));
    let listed = format!(
        "{{accounts: [{{id: \"{web}\", role_arn: \"arn:aws:iam::{web}:role/own\"}}], organization: {{exclude_accounts: [\"{play}\"], regions: [eu-west-1]}}}}"
    );
    let one = world.scan(&listed, &Value::Null);
    assert_eq!(one.read(), accounts(&["management", "front", "web", "orders"]));
    assert_eq!(one.calls("sts:AssumeRole"), 3);
    assert!(
        one.gaps("not_configured")
            .iter()
            .any(|gap| gap.contains("left out of aws.organization: it stands in exclude_accounts")),
        "{:?}",
        one.gaps("not_configured")
    );
    let is_elsewhere = |row: &&Value| row["region"] == "eu-west-1";
    let elsewhere: BTreeSet<String> =
        one.items("coverage").into_iter().filter(is_elsewhere).map(|row| text(&row["account"])).collect();
    assert_eq!(
        elsewhere,
        accounts(&["management", "front", "orders"]),
        "the one that is listed has the regions of all"
    );

    let (code, said) = world.check_config(&listed, &Value::Null);
    assert_eq!(code, Some(0), "{said}");
    for line in [
        "ok: 24 accounts of the organization; left out: ",
        &format!("{play}: it stands in exclude_accounts"),
        &format!("ok: account {} of the organization\n", world.account("other-20")),
        &format!("ok: role arn:aws:iam::{web}:role/own\n"),
    ] {
        assert!(said.contains(line), "{line} in {said}");
    }
    assert!(!said.contains(&format!("account {web} of the organization")), "{said}");
}

#[test]
fn units_count_with_all_that_is_nested_in_them() {
    let world = Organization::new();
    let accounts = |names: &[&str]| names.iter().map(|name| world.account(name)).collect::<BTreeSet<_>>();
    let [root, workloads, shop, sandbox] = ["root", "workloads", "shop", "sandbox"].map(|name| world.unit(name));
    let scan = |units: &str| world.scan(&format!("{{organization: {{{units}}}}}"), &Value::Null);

    // The account of the credentials is read in any case.
    let included = scan(&format!("include: [{workloads}]"));
    assert_eq!(included.read(), accounts(&["management", "web", "orders"]));
    let asked = [LIST_ACCOUNTS, ACCOUNTS_OF, UNITS_OF, "organizations:ListRoots", "organizations:ListParents"];
    let calls = |scanned: &Scanned| asked.map(|operation| scanned.calls(operation));
    assert_eq!(calls(&included), [0, 3, 2, 0, 0], "the nested unit has two pages");
    let told = included.gaps("not_configured");
    let (front, play) = (world.account("front"), world.account("play"));
    for account in [&front, &play] {
        assert!(
            told.iter().any(|gap| gap.contains(account.as_str())
                && gap.contains("it may be in a unit that is excluded, or in none")),
            "{told:?}"
        );
    }
    assert_eq!(included.accounts("missing"), BTreeSet::new(), "what is not reached is unknown");

    let without = scan(&format!("include: [{root}], exclude: [{shop}, {sandbox}]"));
    assert_eq!(without.read(), accounts(&["management", "front", "web"]));
    assert_eq!(calls(&without), [0, 2, 2, 0, 0], "units that are excluded are not looked into");
    let excluded = scan(&format!("exclude: [{workloads}]"));
    assert_eq!(excluded.read(), accounts(&["management", "front", "play"]));
    assert_eq!(calls(&excluded), [0, 2, 2, 1, 0]);
    let nothing = scan(&format!("include: [{shop}], exclude: [{workloads}]"));
    assert_eq!(nothing.read(), accounts(&["management"]));
    assert_eq!(calls(&nothing), [0, 0, 0, 0, 2]);
    assert_eq!(nothing.gaps("failed"), [""; 0]);

    let unknown = scan("include: [ou-zzzz-00000000]");
    let told = unknown.gaps("failed").join("\n");
    assert!(
        told.contains("ParentNotFoundException") && told.contains("aws.organization.include is not in this"),
        "{told}"
    );
}

/// Whatever goes wrong, accounts that are not known are a gap, and nothing of them is said to be missing or in sync.
#[test]
fn what_cannot_be_listed_is_a_gap() {
    let world = Organization::new();
    let well = world.scan("{organization: {}}", &Value::Null);
    let workloads = world.unit("workloads");
    let by_unit = format!("{{organization: {{include: [{workloads}]}}}}");
    for (aws, operation) in
        [("{organization: {}}", LIST_ACCOUNTS), (by_unit.as_str(), ACCOUNTS_OF), (by_unit.as_str(), UNITS_OF)]
    {
        for (kind, reason) in [
            ("deny", "denied"),
            ("throttle", "throttled"),
            ("error", "failed"),
            ("expired", "not_configured"),
            ("cut", "failed"),
        ] {
            let troubled = world.scan(aws, &json!({"kind": kind, "match": operation}));
            assert_unknown(&world, &troubled, reason, operation, kind);
        }
    }
    // The first page came, the second did not.
    let troubled = world.scan("{organization: {}}", &json!({"kind": "deny", "match": LIST_ACCOUNTS, "every": 2}));
    assert_unknown(&world, &troubled, "denied", LIST_ACCOUNTS, "deny");
    // Once is no harm.
    let passing = world.scan("{organization: {}}", &json!({"kind": "throttle", "match": LIST_ACCOUNTS, "first": 1}));
    assert_eq!(passing.items("gaps"), well.items("gaps"));
    assert_eq!(passing.read(), well.read());

    // What is listed is reached all the same.
    let web = world.account("web");
    let listed =
        format!("{{accounts: [{{id: \"{web}\", role_arn: \"arn:aws:iam::{web}:role/own\"}}], organization: {{}}}}");
    let deny = json!({"kind": "deny", "match": "organizations:*"});
    let troubled = world.scan(&listed, &deny);
    assert_eq!(troubled.read(), BTreeSet::from([world.account("management"), web]));

    let (code, said) = world.check_config("{organization: {}}", &deny);
    assert_eq!(code, Some(78), "{said}");
    assert!(
        said.contains("failed: accounts of the organization: ") && said.contains("it takes organizations:ListAccounts"),
        "{said}"
    );
}

fn assert_unknown(world: &Organization, troubled: &Scanned, reason: &str, operation: &str, what: &str) {
    let what = format!("{what} {operation}: {:?}", troubled.items("gaps"));
    assert_eq!(troubled.scan.code, 3, "{what}");
    let told = troubled.gaps(reason);
    let told: Vec<&String> = told.iter().filter(|gap| gap.contains("the organization could not be asked")).collect();
    assert_eq!(told.len(), 1, "{what}");
    assert!(
        told[0].contains(operation) && told[0].contains("its accounts are not known; it takes organizations:"),
        "{what}"
    );
    assert_eq!(troubled.read(), BTreeSet::from([world.account("management")]), "{what}");
    assert_eq!(troubled.accounts("changed"), BTreeSet::from([world.account("management")]), "{what}");
    assert_eq!(troubled.accounts("missing"), BTreeSet::new(), "{what}");
    assert_eq!(troubled.accounts("unknown").len(), 5, "{what}");
}

#[test]
fn a_daemon_takes_up_what_is_new_and_lets_go_of_what_is_gone() {
    let world = Organization::new();
    let (workloads, orders) = (world.unit("workloads"), world.account("orders"));
    world.move_account("orders", "shop", "sandbox");
    let folder = text(&world.world.announced["folder"]);
    let config = |cron: &str| {
        format!(
            "version: 1\nstates: [{folder}/web.tfstate, {folder}/orders.tfstate]\nschedule: {{cron: \"{cron}\", jitter: 0s}}\n\
             scan: {{kinds: [aws_security_group]}}\nstore: {{path: driftd.db}}\naws: {{organization: {{include: [{workloads}], refresh: 1s}}}}\n"
        )
    };
    // No sweep but those of the start and of what is new.
    let place = Place::new(world.world.door(0).endpoint, &config("0 0 1 1 *"));
    let daemon = place.start();
    place.until_swept();
    assert!(place.findings().is_empty(), "{:?}", place.findings());
    place.until("it says so", || place.get("/readyz").filter(|ready| ready.contains("organization: ok\n")));
    place.until("it counts them", || (place.metric("driftd_organization_accounts") > 20.0).then_some(()));

    // Found by asking again, and swept at once.
    world.move_account("orders", "sandbox", "shop");
    let opened = place.until_is("aws_security_group", "open");
    assert_eq!(text(&opened["finding"]["account"]), orders);
    assert!(place.log().contains("an account of the organization is new"), "{}", place.log());

    // From here on a sweep a minute.
    place.configure(&config("* * * * *"));
    // Nobody can be asked: the list that was known holds, and nothing is green.
    let door = world.world.door(0);
    door.fault(&json!({"kind": "deny", "match": "organizations:*"}));
    let failed = "accounts that are new since the last answer are not known";
    place.until("it says so", || place.get("/readyz").filter(|ready| ready.contains(failed)));
    assert!(place.get("/readyz").expect("it answers").starts_with("HTTP/1.1 200"), "the others are watched");
    assert!(place.metric("driftd_organization_last_refresh_successful") < 0.5);
    let last = place.metric("driftd_last_scan_timestamp_seconds");
    place.until("a sweep", || (place.metric("driftd_last_scan_timestamp_seconds") > last).then_some(()));
    let still = place.until_is("aws_security_group", "open");
    assert!(still["life"]["not_seen"].is_null(), "it is still read: {still:#}");
    assert!(
        place.metric("driftd_last_successful_scan_timestamp_seconds")
            < place.metric("driftd_last_scan_timestamp_seconds"),
        "a sweep that knows that it may not know all accounts is none without gaps"
    );
    door.fault(&Value::Null);
    place.until("it is well again", || place.get("/readyz").filter(|ready| ready.contains("organization: ok\n")));

    // Gone, and not fixed: nobody sees it any more.
    world.move_account("orders", "shop", "sandbox");
    let unseen =
        place.until("nobody sees it", || place.findings().into_iter().find(|one| !one["life"]["not_seen"].is_null()));
    assert_eq!(unseen["life"]["state"]["name"], "open", "{unseen:#}");
    assert!(text(&unseen["life"]["not_seen"]["reason"]).contains("not_configured"), "{unseen:#}");
    assert!(place.log().contains("an account of the organization is not read any more"));
    door.fault(&Value::Null);
    let last = place.metric("driftd_last_scan_timestamp_seconds");
    place.until("a sweep", || (place.metric("driftd_last_scan_timestamp_seconds") > last).then_some(()));
    assert!(door.seen().ended.iter().all(|call| call.account != orders), "it is not read any more");
    assert_eq!(daemon.stop(), 0);
    assert!(!place.log().contains("panicked"), "{}", place.log());
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

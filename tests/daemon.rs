//! `driftd run` as people start it: it sweeps, hears of a change through a queue, names who did it, sees it put back, ends in time; and killed
//! at any moment it goes on where it was.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "how long a program takes to end is measured")]

mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::World;

/// Somebody opens a group, or closes it again; CloudTrail's record of it goes to the queue as EventBridge sends it. Says the queue's
/// address when it makes one.
const PEOPLE: &str = r#"
import boto3, datetime, json, sys, uuid
endpoint, state, what = sys.argv[1:4]
aws = dict(endpoint_url=endpoint, region_name='us-east-1', aws_access_key_id='test', aws_secret_access_key='test')
sqs, ec2 = boto3.client('sqs', **aws), boto3.client('ec2', **aws)
if what == 'queue':
    print(sqs.create_queue(QueueName='driftd')['QueueUrl'])
    sys.exit()
url = sys.argv[4]
def send(body):
    sqs.send_message(QueueUrl=url, MessageBody=body)
if what == 'noise':
    for body in ['no JSON', '{"a": 1}', '[]', '{"Records": [{"x": 1}]}']:
        send(body)
    sys.exit()
resources = json.load(open(state))['resources']
group = next(r['instances'][0]['attributes']['id'] for r in resources if r['type'] == 'aws_security_group' and r['name'] == 'web')
permission = dict(IpProtocol='tcp', FromPort=22, ToPort=22, IpRanges=[dict(CidrIp='0.0.0.0/0')])
call = dict(open='authorize_security_group_ingress', close='revoke_security_group_ingress')[what]
getattr(ec2, call)(GroupId=group, IpPermissions=[permission])
name = dict(open='AuthorizeSecurityGroupIngress', close='RevokeSecurityGroupIngress')[what]
record = {
    'eventVersion': '1.08', 'eventID': str(uuid.uuid4()), 'eventName': name, 'eventSource': 'ec2.amazonaws.com',
    'eventTime': datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ'), 'awsRegion': 'us-east-1',
    'recipientAccountId': '123456789012', 'eventType': 'AwsApiCall', 'readOnly': False, 'managementEvent': True,
    'sourceIPAddress': '198.51.100.7', 'userAgent': 'aws-cli/2.15.0',
    'userIdentity': {'type': 'IAMUser', 'userName': 'mallory', 'accountId': '123456789012', 'principalId': 'AIDAEXAMPLE',
                     'arn': 'arn:aws:iam::123456789012:user/mallory', 'accessKeyId': 'AKIAIOSFODNN7EXAMPLE'},
    'requestParameters': {'groupId': group, 'ipPermissions': {'items': [
        {'ipProtocol': 'tcp', 'fromPort': 22, 'toPort': 22, 'ipRanges': {'items': [{'cidrIp': '0.0.0.0/0'}]}}]}},
    'responseElements': {'_return': True, 'sessionToken': 'secret-of-the-test', 'items': [{'userData': 'secret-of-the-test'}]},
}
event = {'version': '0', 'id': str(uuid.uuid4()), 'detail-type': 'AWS API Call via CloudTrail', 'source': 'aws.ec2',
         'account': '123456789012', 'region': 'us-east-1', 'detail': record}
for _ in range(2):  # SQS delivers at least once
    send(json.dumps(event))
"#;

/// How long anything may take here: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(120);

struct Place {
    world: World,
    config: PathBuf,
    listen: String,
    queue: String,
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let world = World::recorded("shop", 1);
        let folder = tempfile::tempdir().expect("a folder");
        let listen = {
            let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
            free.local_addr().expect("an address").to_string()
        };
        let queue = people(&world, &["queue"]);
        let config = folder.path().join("driftd.yaml");
        let text = format!(
            "version: 1\nstates: [{}]\nlisten: {listen}\nstore: {{path: driftd.db}}\nlimits: {{requests_per_second: 1000}}\n\
             events: [{{sqs: {{url: \"{queue}\"}}}}]\ndaemon: {{settle: 0s, recheck: 1s, state_poll: 1s}}\n",
            world.state.display()
        );
        fs::write(&config, text).expect("writable");
        Self { world, config, listen, queue, folder }
    }

    fn people(&self, what: &str) {
        people(&self.world, &[what, &self.queue]);
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = support::program(&self.world.moto);
        command.arg("--config").arg(&self.config).args(arguments);
        command
    }

    fn start(&self) -> Running {
        let log = fs::File::options().create(true).append(true).open(self.log()).expect("writable");
        let mut command = self.command(&["run"]);
        let child = command.env("DRIFTD_LOG", "driftd=info,warn").stdout(Stdio::null()).stderr(log);
        Running(child.spawn().expect("driftd starts"))
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(&self.listen).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// What the store has, resolved ones included.
    fn findings(&self) -> Vec<Value> {
        let states = ["open", "acknowledged", "resolved"].into_iter().flat_map(|state| ["--status", state]);
        let arguments: Vec<&str> = ["findings", "list", "--json"].into_iter().chain(states).collect();
        let done = self.command(&arguments).output().expect("driftd starts");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        serde_json::from_slice(&done.stdout).expect("JSON")
    }

    fn said(&self, arguments: &[&str]) -> String {
        let done = self.command(arguments).output().expect("driftd starts");
        let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(done.status.success(), "{arguments:?}: {out}{err}");
        out.into_owned()
    }

    /// Waits until it is so.
    fn until<T>(&self, what: &str, mut is_so: impl FnMut() -> Option<T>) -> T {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(found) = is_so() {
                return found;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        panic!("{what}: not after {PATIENCE:?}\n{}", fs::read_to_string(self.log()).unwrap_or_default());
    }

    /// Waits for the one finding about the group in this state.
    fn until_group_is(&self, state: &str) -> Value {
        self.until(&format!("the group is {state}"), || {
            let found = self.findings().into_iter().find(|one| one["finding"]["kind"] == "aws_security_group");
            found.filter(|one| one["life"]["state"]["name"] == state)
        })
    }
}

fn people(world: &World, what: &[&str]) -> String {
    let mut python = support::python();
    let done = python.args(["-c", PEOPLE, &world.moto]).arg(&world.state).args(what).output().expect("python starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

/// The daemon; killed when dropped.
struct Running(Child);

impl Running {
    /// SIGTERM; -> the exit code.
    fn stop(mut self) -> i32 {
        let began = Instant::now();
        let id = self.0.id().to_string();
        assert!(Command::new("kill").arg(id).status().expect("kill").success());
        let code = self.0.wait().expect("it ends").code().unwrap_or(-1);
        assert!(began.elapsed() < Duration::from_secs(10), "it took {:?} to end", began.elapsed());
        code
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn swept(place: &Place) {
    place.until("the first sweep", || {
        let metrics = place.get("/metrics")?;
        metrics.lines().any(|line| line.starts_with("driftd_last_scan_timestamp_seconds ")).then_some(())
    });
}

#[test]
fn it_keeps_watching() {
    let place = Place::new();
    let daemon = place.start();
    swept(&place);
    assert!(place.get("/readyz").expect("it answers").contains("store: ok"));
    assert!(place.get("/healthz").expect("it answers").starts_with("HTTP/1.1 200"));
    assert_eq!(place.findings(), Vec::<Value>::new(), "as Terraform left it");

    // What nobody can read stops nothing.
    place.people("noise");
    place.people("open");
    let opened = place.until_group_is("open");
    assert_eq!(opened["finding"]["attribution"]["actor"]["name"], "mallory", "{opened:#}");
    assert_eq!(opened["finding"]["attribution"]["confidence"], "certain");
    assert_eq!(opened["finding"]["severity"], "critical");

    let id = opened["id"].as_str().expect("an id");
    assert!(
        place
            .said(&["findings", "ack", id.get(..6).expect("ASCII"), "--by", "ana", "--reason", "seen"])
            .contains("acknowledged")
    );
    place.until_group_is("acknowledged");
    let explained = place.said(&["explain", id]);
    assert!(explained.contains("mallory (certain)") && explained.contains("acknowledged by ana seen"), "{explained}");

    place.people("close");
    let closed = place.until_group_is("resolved");
    assert_eq!(closed["life"]["state"]["how"], "reverted_by_hand", "{closed:#}");
    let history = place.said(&["findings", "history", id]);
    assert!(history.contains("opened") && history.contains("resolved"), "{history}");

    let backup = place.folder.path().join("copy.db");
    place.said(&["store", "backup", &backup.display().to_string()]);
    assert!(fs::metadata(&backup).expect("written").len() > 0);
    assert_eq!(daemon.stop(), 0);
    let log = fs::read_to_string(place.log()).expect("readable");
    assert!(!log.contains("AKIAIOSFODNN7EXAMPLE") && !log.contains("panicked"), "{log}");
    for file in ["driftd.db", "driftd.db-wal", "copy.db", "log"] {
        assert_no_secret(&place.folder.path().join(file));
    }
}

fn assert_no_secret(path: &Path) {
    let bytes = fs::read(path).unwrap_or_default();
    let has = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    // The event is there, its secrets are not.
    let is_store = path.extension().is_some_and(|extension| extension == "db");
    assert!(!is_store || has(b"AuthorizeSecurityGroupIngress"), "no event in {}", path.display());
    assert!(!has(b"secret-of-the-test"), "a secret in {}", path.display());
}

#[test]
fn killed_at_any_moment_it_goes_on() {
    let place = Place::new();
    place.people("open");
    for kill in 0..4_u64 {
        let daemon = place.start();
        // While it starts, reads states, sweeps, keeps.
        std::thread::sleep(Duration::from_millis(150 + 400 * kill));
        drop(daemon);
    }
    let daemon = place.start();
    let opened = place.until_group_is("open");
    assert_eq!(opened["finding"]["attribution"]["actor"]["name"], "mallory", "{opened:#}");
    let id = opened["id"].as_str().expect("an id");
    let history = place.said(&["findings", "history", id]);
    assert_eq!(history.matches("  opened").count(), 1, "{history}");
    assert_eq!(daemon.stop(), 0);
}

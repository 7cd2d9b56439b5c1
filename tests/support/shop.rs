//! The recorded account, people who change it, the queue that hears of it, and a daemon that watches both.

use super::World;
use super::daemon::Place;

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
if what == 'garbled':  # a record that ends in the middle
    send('{"detail-type": "AWS API Call via CloudTrail", "detail": {"eventSource": "ec2.amazonaws.com", "eventNa')
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

/// The account, the queue, the daemon.
pub(crate) struct Shop {
    pub world: World,
    pub place: Place,
    pub queue: String,
}

/// What people open and close.
pub(crate) const GROUP: &str = "aws_security_group";

impl Shop {
    pub(crate) fn new() -> Self {
        let world = World::recorded("shop", 1);
        let queue = people(&world, &["queue"]);
        let place = Place::new(&world.moto, &config(&[world.state.to_str().expect("UTF-8")], &queue));
        Self { world, place, queue }
    }

    /// The daemon's configuration.
    pub(crate) fn config(&self) -> String {
        config(&[self.world.state.to_str().expect("UTF-8")], &self.queue)
    }

    pub(crate) fn people(&self, what: &str) {
        people(&self.world, &[what, &self.queue]);
    }
}

pub(crate) fn config(states: &[&str], queue: &str) -> String {
    format!(
        "version: 1\nstates: {states:?}\nstore: {{path: driftd.db}}\nlimits: {{requests_per_second: 1000}}\n\
         events: [{{sqs: {{url: \"{queue}\"}}}}]\ndaemon: {{settle: 0s, recheck: 1s, state_poll: 1s}}\n"
    )
}

fn people(world: &World, what: &[&str]) -> String {
    let mut python = super::python();
    let done = python.args(["-c", PEOPLE, &world.moto]).arg(&world.state).args(what).output().expect("python starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

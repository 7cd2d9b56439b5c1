//! `driftd iam-policy`: the permissions that a scan of this configuration takes, and no more.

mod receivers;

use std::collections::BTreeSet;

use globset::GlobSet;
use serde_json::{Value, json};

use super::bad_config;
use super::output::{printed, say};
use crate::attribution::source::SourceRef;
use crate::aws::Partition;
use crate::config::{Config, EventSourceConfig, QueueConfig};
use crate::desired::{Environment, ObjectAddress, StateConfig};
use crate::inventory::kinds;
use crate::model::arn::is_arn;
use crate::secret::SecretRef;

/// Reads what objects hold, whatever that is: allowed on every bucket only when [`OBJECT`] is asked for by its name.
const GET_OBJECT: &str = "s3:GetObject";
const OBJECT: &str = "aws_s3_object";

pub(super) fn run(globs: &[String], mut config: Config) -> u8 {
    if !globs.is_empty() {
        config.scan.kinds = globs.to_vec();
    }
    let only = match config.scan.kind_filter() {
        Ok(only) => only,
        Err(mistake) => return bad_config(&[mistake]),
    };
    let (actions, objects) = needed(only.as_ref(), globs);
    let environment = Environment::of_process();
    let region = environment.get("AWS_REGION").or_else(|| environment.get("AWS_DEFAULT_REGION"));
    let notes = objects.note().map(str::to_owned).into_iter().chain(organizations_note(&config));
    notes.for_each(|note| say(&format!("note: {note}")));
    let policy = policy(&config, &actions, objects, region);
    printed(&format!("{policy:#}\n"))
}

/// The actions that reading the wanted types takes, but for `s3:GetObject`; and whether objects are asked for.
fn needed(only: Option<&GlobSet>, globs: &[String]) -> (BTreeSet<&'static str>, Objects) {
    let wanted = kinds::ALL.iter().filter(|kind| only.is_none_or(|only| only.is_match(kind.name())));
    let mut actions: BTreeSet<&str> = wanted.flat_map(|kind| kind.actions()).copied().collect();
    let by_name = globs.iter().any(|glob| glob == OBJECT);
    let objects = match (actions.remove(GET_OBJECT), by_name) {
        (false, _) => Objects::None,
        (true, false) => Objects::OnRequest,
        (true, true) => Objects::Asked,
    };
    (actions, objects)
}

/// Are `aws_s3_object`s read? The state does not say here in which buckets they lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Objects {
    None,
    /// They are among the types, but no `--kind` names them: a wildcard that matches them is no request.
    OnRequest,
    Asked,
}

impl Objects {
    fn note(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::OnRequest => Some(
                "s3:GetObject, which declared objects (aws_s3_object) take, is left out: it reads whatever objects hold; \
                 ask for it by name, --kind aws_s3_object beside any other --kind",
            ),
            Self::Asked => Some(
                "narrow the Resource of DriftdObjects to the buckets in which objects are declared (aws_s3_object)",
            ),
        }
    }
}

fn policy(config: &Config, actions: &BTreeSet<&str>, objects: Objects, region: Option<&str>) -> Value {
    let partitions = partitions(config, region);
    let mut statements = vec![json!({
        "Sid": "DriftdRead", "Effect": "Allow", "Action": actions, "Resource": "*",
    })];
    if objects == Objects::Asked {
        let everywhere: Vec<_> = partitions.iter().map(|partition| format!("arn:{partition}:s3:::*/*")).collect();
        statements.push(json!({
            "Sid": "DriftdObjects", "Effect": "Allow", "Action": [GET_OBJECT], "Resource": everywhere,
        }));
    }
    let mut places = Buckets::default();
    let mut roles: BTreeSet<String> = config.aws.accounts.iter().map(|account| account.role_arn.clone()).collect();
    if let Some(organization) = &config.aws.organization {
        roles.extend(partitions.iter().map(|name| format!("arn:{name}:iam::*:role/{}", organization.role_name)));
        match &organization.organizations_role {
            Some(role) => _ = roles.insert(role.role_arn.clone()),
            None => statements.push(json!({
                "Sid": "DriftdOrganization", "Effect": "Allow", "Action": organization.actions(), "Resource": "*",
            })),
        }
    }
    for ObjectAddress { bucket, region, role, .. } in config.states.iter().filter_map(StateConfig::s3_address) {
        if let Some(role) = role {
            // The role's own policy allows what it reads.
            roles.insert(role.arn);
            continue;
        }
        match region {
            Some(region) => places.add(&BTreeSet::from([Partition::of_region(&region).name]), &bucket, "*"),
            None => places.add(&partitions, &bucket, "*"),
        }
    }
    statements.extend(places.statements("DriftdState", &[GET_OBJECT, "s3:GetObjectVersion"]));
    statements.extend(event_statements(&config.attribution.sources, &partitions));
    let (mut queues, mut hears_by_lookup) = (BTreeSet::new(), false);
    for source in &config.events {
        match source {
            EventSourceConfig::Sqs(QueueConfig { role_arn: Some(role), .. }) => drop(roles.insert(role.clone())),
            EventSourceConfig::Sqs(queue) => queues.extend(receivers::queue_arns(&queue.url, &partitions)),
            EventSourceConfig::Lookup { .. } => hears_by_lookup = true,
        }
    }
    if hears_by_lookup && !config.attribution.sources.contains(&SourceRef::Lookup) {
        statements.push(lookup_statement());
    }
    if !queues.is_empty() {
        statements.push(json!({
            "Sid": "DriftdQueue", "Effect": "Allow", "Action": ["sqs:DeleteMessage", "sqs:ReceiveMessage"], "Resource": queues,
        }));
    }
    // Without a trail that logs, queues stay silent: the daemon asks whether one does.
    if config.events.iter().any(|source| matches!(source, EventSourceConfig::Sqs(_))) {
        statements.push(json!({
            "Sid": "DriftdTrails", "Effect": "Allow", "Action": ["cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"], "Resource": "*",
        }));
    }
    let (alerts, senders) = receivers::statements(&config.notify, &partitions);
    statements.extend(alerts);
    roles.extend(senders);
    statements.extend(secret_statements(&config.secrets(), &partitions));
    if !roles.is_empty() {
        statements.push(json!({
            "Sid": "DriftdRoles", "Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": roles,
        }));
    }
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// What the role takes that asks AWS Organizations, which is not the one whose policy this is.
fn organizations_note(config: &Config) -> Option<String> {
    let organization = config.aws.organization.as_ref()?;
    let role = &organization.organizations_role.as_ref()?.role_arn;
    Some(format!("{role}, which asks AWS Organizations, takes {}", organization.actions().join(", ")))
}

/// Those of the configured regions and roles, else that of the environment's region.
fn partitions(config: &Config, region: Option<&str>) -> BTreeSet<&'static str> {
    let organization = config.aws.organization.as_ref();
    let more_regions = organization.into_iter().flat_map(|organization| &organization.regions);
    let of_regions = config.aws.regions.iter().chain(more_regions).map(|region| Partition::of_region(region).name);
    let organizations_role = organization.and_then(|organization| organization.organizations_role.as_ref());
    let roles = config.aws.accounts.iter().map(|account| &account.role_arn);
    let of_roles = roles.chain(organizations_role.map(|role| &role.role_arn)).filter_map(|arn| arn.split(':').nth(1));
    let mut found: BTreeSet<&'static str> =
        of_regions.chain(of_roles.map(|name| Partition::named(name).name)).collect();
    if found.is_empty() {
        found.insert(Partition::of_region(region.unwrap_or_default()).name);
    }
    found
}

/// Buckets that are read.
#[derive(Default)]
struct Buckets {
    objects: BTreeSet<String>,
    lists: BTreeSet<String>,
}

impl Buckets {
    fn add(&mut self, partitions: &BTreeSet<&'static str>, bucket: &str, inside: &str) {
        for partition in partitions {
            self.objects.insert(format!("arn:{partition}:s3:::{bucket}/{inside}"));
            self.lists.insert(format!("arn:{partition}:s3:::{bucket}"));
        }
    }

    fn statements(&self, sid: &str, actions: &[&str]) -> Vec<Value> {
        if self.objects.is_empty() {
            return Vec::new();
        }
        vec![
            json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": self.objects}),
            json!({"Sid": format!("{sid}List"), "Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": self.lists}),
        ]
    }
}

/// What reading CloudTrail's events takes. Logs that are encrypted with a key of your own take kms:Decrypt for it as well.
fn event_statements(sources: &[SourceRef], partitions: &BTreeSet<&'static str>) -> Vec<Value> {
    let mut statements = Vec::new();
    if sources.contains(&SourceRef::Lookup) {
        statements.push(lookup_statement());
    }
    let mut places = Buckets::default();
    for source in sources {
        if let SourceRef::S3 { bucket, prefix } = source {
            let inside = if prefix.is_empty() { "*".to_owned() } else { format!("{prefix}/*") };
            places.add(partitions, bucket, &inside);
        }
    }
    statements.extend(places.statements("DriftdLogs", &[GET_OBJECT]));
    statements
}

fn lookup_statement() -> Value {
    json!({"Sid": "DriftdEvents", "Effect": "Allow", "Action": ["cloudtrail:LookupEvents"], "Resource": "*"})
}

/// Reading what the configuration says lies in AWS. A secret under a key of your own takes kms:Decrypt for it as well.
fn secret_statements(secrets: &[&SecretRef], partitions: &BTreeSet<&str>) -> Vec<Value> {
    let (mut secret_ids, mut parameters) = (BTreeSet::new(), BTreeSet::new());
    let everywhere =
        |rest: &str| partitions.iter().map(|partition| format!("arn:{partition}:{rest}")).collect::<Vec<_>>();
    for secret in secrets {
        match secret {
            SecretRef::AwsSecret { id, .. } if is_arn(id) => secret_ids.extend([id.clone()]),
            // AWS adds a hyphen and six characters to the name:
            // <https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html>.
            SecretRef::AwsSecret { id, .. } => {
                secret_ids.extend(everywhere(&format!("secretsmanager:*:*:secret:{id}-??????")))
            }
            SecretRef::Ssm(name) if is_arn(name) => parameters.extend([name.clone()]),
            SecretRef::Ssm(name) => {
                parameters.extend(everywhere(&format!("ssm:*:*:parameter/{}", name.trim_start_matches('/'))));
            }
            SecretRef::Env(_) | SecretRef::File(_) | SecretRef::Credential(_) | SecretRef::Vault(_) => {}
        }
    }
    [
        ("DriftdSecrets", "secretsmanager:GetSecretValue", secret_ids),
        ("DriftdParameters", "ssm:GetParameter", parameters),
    ]
    .into_iter()
    .filter(|(.., resources)| !resources.is_empty())
    .map(|(sid, action, resources)| json!({"Sid": sid, "Effect": "Allow", "Action": [action], "Resource": resources}))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_take_no_more_than_they_need() {
        let sources = ["lookup", "s3://logs/org", "s3://other", "./folder"].map(|source| source.parse().unwrap());
        let aws = BTreeSet::from(["aws"]);
        let statements = json!(event_statements(&sources, &aws));
        assert_eq!(statements[0]["Action"], json!(["cloudtrail:LookupEvents"]));
        assert_eq!(statements[1]["Resource"], json!(["arn:aws:s3:::logs/org/*", "arn:aws:s3:::other/*"]));
        assert_eq!(statements[2]["Resource"], json!(["arn:aws:s3:::logs", "arn:aws:s3:::other"]));
        assert!(event_statements(&["./folder".parse().unwrap()], &aws).is_empty());
    }

    fn shown(config: &str, objects: Objects, region: Option<&str>) -> String {
        let config = crate::config::parse("driftd.yaml", &format!("version: 1\n{config}")).unwrap();
        let policy = policy(&config, &BTreeSet::from(["s3:ListAllMyBuckets"]), objects, region);
        assert_eq!(policy["Statement"][0]["Action"], json!(["s3:ListAllMyBuckets"]));
        policy.to_string()
    }

    #[test]
    fn queues_secrets_and_roles_are_granted_by_name() {
        let role = "arn:aws:iam::123456789012:role";
        let config = format!(
            "states: [\"s3://states/prod?role_arn={role}/states\"]\nevents:\n  - sqs: {{url: \"https://sqs.eu-west-1.amazonaws.com/123456789012/driftd\"}}\n  \
             - sqs: {{url: \"https://sqs.eu-west-1.amazonaws.com/123456789012/other\", role_arn: \"{role}/queue\"}}\n  - lookup: {{}}\n\
             store: {{url: {{vault: {{path: db, key: url, token: {{aws_secret: {{id: driftd/vault}}}}}}}}}}\n"
        );
        let policy = shown(&config, Objects::None, None);
        for part in [
            r#""Resource":["arn:aws:sqs:*:123456789012:driftd"]"#,
            r#""Action":["cloudtrail:LookupEvents"]"#,
            r#""Action":["cloudtrail:DescribeTrails","cloudtrail:GetTrailStatus"],"Effect":"Allow","Resource":"*""#,
            r#""Action":["secretsmanager:GetSecretValue"],"Effect":"Allow","Resource":["arn:aws:secretsmanager:*:*:secret:driftd/vault-??????"]"#,
            r#""Action":["sts:AssumeRole"],"Effect":"Allow","Resource":["arn:aws:iam::123456789012:role/queue","arn:aws:iam::123456789012:role/states"]"#,
        ] {
            assert!(policy.contains(part), "{part}\n{policy}");
        }
        assert!(!policy.contains("arn:aws:s3:::states"), "the role reads the state: {policy}");
        assert!(
            !shown("events: [lookup: {}]\n", Objects::None, None).contains("DescribeTrails"),
            "the event history needs no trail"
        );
        let parameter = shown("store: {url: {ssm: /driftd/url}}\n", Objects::None, Some("cn-north-1"));
        assert!(parameter.contains(r#""Resource":["arn:aws-cn:ssm:*:*:parameter/driftd/url"]"#), "{parameter}");
    }

    #[test]
    fn an_organization_takes_what_is_asked_of_it() {
        let asks = |part: &str| shown(&format!("aws: {{organization: {part}}}\n"), Objects::None, None);
        for (part, actions) in [
            ("{}", r#"["organizations:ListAccounts"]"#),
            (
                "{include: [ou-ab12-cdef3456]}",
                r#"["organizations:ListAccountsForParent","organizations:ListOrganizationalUnitsForParent"]"#,
            ),
            (
                "{exclude: [ou-ab12-cdef3456]}",
                r#"["organizations:ListAccountsForParent","organizations:ListOrganizationalUnitsForParent","organizations:ListRoots"]"#,
            ),
            (
                "{include: [r-ab12], exclude: [ou-ab12-cdef3456]}",
                r#"["organizations:ListAccountsForParent","organizations:ListOrganizationalUnitsForParent","organizations:ListParents"]"#,
            ),
        ] {
            let policy = asks(part);
            assert!(
                policy.contains(&format!(
                    r#""Action":{actions},"Effect":"Allow","Resource":"*","Sid":"DriftdOrganization""#
                )),
                "{policy}"
            );
            assert!(
                policy.contains(r#""Resource":["arn:aws:iam::*:role/driftd-read"],"Sid":"DriftdRoles""#),
                "{policy}"
            );
        }
        let role = "arn:aws-cn:iam::111111111111:role/organizations";
        let by_role = asks(&format!("{{role_name: a/b, organizations_role: {{role_arn: \"{role}\"}}}}"));
        assert!(!by_role.contains("organizations:"), "the role's own policy allows it: {by_role}");
        assert!(by_role.contains(&format!(r#"["arn:aws-cn:iam::*:role/a/b","{role}"]"#)), "{by_role}");
        let text = format!("version: 1\naws: {{organization: {{organizations_role: {{role_arn: \"{role}\"}}}}}}\n");
        let note = organizations_note(&crate::config::parse("driftd.yaml", &text).unwrap());
        assert_eq!(note.unwrap(), format!("{role}, which asks AWS Organizations, takes organizations:ListAccounts"));
        assert_eq!(organizations_note(&Config::default()), None);
    }

    #[test]
    fn objects_are_never_read_everywhere_unasked() {
        for kind in kinds::ALL.iter().filter(|kind| kind.name() != OBJECT) {
            assert!(!kind.actions().contains(&GET_OBJECT), "{}", kind.name());
        }
        assert!(!shown("", Objects::OnRequest, None).contains(GET_OBJECT));
        let asked = shown("", Objects::Asked, None);
        assert!(
            asked.contains(r#""Action":["s3:GetObject"],"Effect":"Allow","Resource":["arn:aws:s3:::*/*"]"#),
            "{asked}"
        );
        assert!(Objects::OnRequest.note().is_some() && Objects::None.note().is_none());
    }

    #[test]
    fn only_their_name_asks_for_objects() {
        for (globs, expected) in [
            (&[][..], Objects::OnRequest),
            (&["*"], Objects::OnRequest),
            (&["aws_s3_*"], Objects::OnRequest),
            (&["aws_s3_objec[t]"], Objects::OnRequest),
            (&["aws_vpc"], Objects::None),
            (&["aws_s3_object"], Objects::Asked),
            (&["aws_s3_*", "aws_s3_object"], Objects::Asked),
        ] {
            let mut config = Config::default();
            config.scan.kinds = globs.iter().map(|glob| (*glob).to_owned()).collect();
            let (actions, objects) = needed(config.scan.kind_filter().unwrap().as_ref(), &config.scan.kinds);
            assert_eq!(objects, expected, "{globs:?}");
            let everywhere = policy(&config, &actions, objects, None).to_string().contains("DriftdObjects");
            assert_eq!(everywhere, objects == Objects::Asked, "{globs:?}");
        }
    }

    #[test]
    fn every_arn_is_of_the_right_partition() {
        let state = "states: [\"s3://b/k\"]\n";
        for (config, region, expected) in [
            ("", None, "arn:aws:s3:::b/*"),
            ("", Some("cn-north-1"), "arn:aws-cn:s3:::b/*"),
            ("aws: {regions: [us-gov-east-1]}", Some("eu-west-1"), "arn:aws-us-gov:s3:::b/*"),
            ("aws: {regions: [eusc-de-east-1]}", None, "arn:aws-eusc:s3:::b/*"),
            (
                "aws: {accounts: [{id: \"111111111111\", role_arn: \"arn:aws-iso-b:iam::111111111111:role/x\"}]}",
                None,
                "arn:aws-iso-b:s3:::b/*",
            ),
        ] {
            let text = shown(&format!("{state}{config}"), Objects::None, region);
            assert!(text.contains(&format!("[\"{expected}\"]")), "{config}: {text}");
        }
        let own = shown("states: [\"s3://b/k?region=cn-north-1\"]", Objects::None, None);
        assert!(own.contains("arn:aws-cn:s3:::b/*") && !own.contains("arn:aws:"), "{own}");
        let both = shown(&format!("{state}aws: {{regions: [eu-west-1, cn-north-1]}}"), Objects::None, None);
        assert!(both.contains("arn:aws:s3:::b/*") && both.contains("arn:aws-cn:s3:::b/*"), "{both}");
    }
}

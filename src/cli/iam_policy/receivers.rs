//! What alerts to AWS take: to send to exactly the topics, queues, buses and hubs that are configured, and to ask the model of their notes. A topic or queue that is encrypted with a key
//! of your own takes kms:GenerateDataKey and kms:Decrypt for it as well.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::aws::{Partition, region_of_queue};
use crate::model::arn::is_arn;
use crate::notify::NotifyConfig;
use crate::notify::receivers::ReceiverKind;
use crate::notify::triage::config::Model;

/// The statements, and the roles that are assumed to send: what those may do, their own policies say.
pub(super) fn statements(config: &NotifyConfig, partitions: &BTreeSet<&'static str>) -> (Vec<Value>, BTreeSet<String>) {
    let (mut topics, mut queues, mut buses, mut hubs, mut models) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut roles = BTreeSet::new();
    for receiver in &config.receivers {
        let (role, resources, targets) = match &receiver.kind {
            ReceiverKind::Sns(sns) => (sns.role(), vec![sns.topic_arn().to_owned()], &mut topics),
            ReceiverKind::Sqs(sqs) => (sqs.role(), queue_arns(sqs.url(), partitions), &mut queues),
            ReceiverKind::EventBridge(bus) => {
                (bus.role(), bus_arns(bus.event_bus(), bus.region(), partitions), &mut buses)
            }
            ReceiverKind::SecurityHub(hub) => {
                // Without roles of its own those of the accounts send, and need the same.
                match hub.role_pattern() {
                    Some(role) => drop(roles.insert(role)),
                    None => hubs.extend(hub_arns(hub.region(), partitions)),
                }
                continue;
            }
            _ => continue,
        };
        match role {
            Some(role) => drop(roles.insert(role.arn.clone())),
            None => targets.extend(resources),
        }
    }
    if let Some(Model::Bedrock { model, region, role }) = config.triage.as_ref().map(|triage| &triage.model) {
        match role {
            Some(role) => drop(roles.insert(role.arn.clone())),
            None => models.extend(model_arns(model, region)),
        }
    }
    let statements = [
        ("DriftdTopics", "sns:Publish", topics),
        ("DriftdAlertQueues", "sqs:SendMessage", queues),
        ("DriftdBuses", "events:PutEvents", buses),
        ("DriftdSecurityHub", "securityhub:BatchImportFindings", hubs),
        ("DriftdTriage", "bedrock:InvokeModel", models),
    ]
    .into_iter()
    .filter(|(.., resources)| !resources.is_empty())
    .map(|(sid, action, resources)| json!({"Sid": sid, "Effect": "Allow", "Action": [action], "Resource": resources}))
    .collect();
    (statements, roles)
}

/// The queue of an address: its last two segments are account and name.
pub(super) fn queue_arns(url: &str, partitions: &BTreeSet<&'static str>) -> Vec<String> {
    let mut segments = url.trim_end_matches('/').rsplit('/');
    let (name, account) = (segments.next().unwrap_or("*"), segments.next().unwrap_or("*"));
    let of_region = region_of_queue(url).map(|region| BTreeSet::from([Partition::of_region(region).name]));
    let partitions = of_region.as_ref().unwrap_or(partitions);
    partitions.iter().map(|partition| format!("arn:{partition}:sqs:*:{account}:{name}")).collect()
}

fn bus_arns(bus: &str, region: Option<&str>, partitions: &BTreeSet<&'static str>) -> Vec<String> {
    match is_arn(bus) {
        true => vec![bus.to_owned()],
        false => arns("events", region, &format!("*:event-bus/{bus}"), partitions),
    }
}

/// The product that findings of an account's own tools belong to.
fn hub_arns(region: Option<&str>, partitions: &BTreeSet<&'static str>) -> Vec<String> {
    arns("securityhub", region, "*:product/*/default", partitions)
}

/// The model, or an inference profile and what it sends to, in whichever region that is: `eu.amazon.nova-micro-v1:0` has the model
/// `amazon.nova-micro-v1:0`. <https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html>
fn model_arns(model: &str, region: &str) -> Vec<String> {
    let partition = Partition::of_region(region).name;
    let foundation = |id: &str| format!("arn:{partition}:bedrock:*::foundation-model/{id}");
    let id = model.rsplit_once('/').map_or(model, |(_, id)| id);
    let of_profile =
        |id: &str| id.split_once('.').filter(|(_, rest)| rest.contains('.')).map(|(_, rest)| foundation(rest));
    match (is_arn(model), model.contains(":application-inference-profile/")) {
        // Its ARN does not say of what it is.
        (true, true) => vec![model.to_owned(), foundation("*")],
        (true, false) if model.contains(":inference-profile/") => {
            [Some(model.to_owned()), of_profile(id)].into_iter().flatten().collect()
        }
        (true, false) => vec![model.to_owned()],
        (false, _) => match of_profile(id) {
            Some(foundation) => vec![format!("arn:{partition}:bedrock:{region}:*:inference-profile/{id}"), foundation],
            None => vec![foundation(id)],
        },
    }
}

/// In the partition of the region; without one, everywhere in all that are given.
fn arns(service: &str, region: Option<&str>, rest: &str, partitions: &BTreeSet<&'static str>) -> Vec<String> {
    match region {
        Some(region) => vec![format!("arn:{}:{service}:{region}:{rest}", Partition::of_region(region).name)],
        None => partitions.iter().map(|partition| format!("arn:{partition}:{service}:*:{rest}")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(receivers: &[&str]) -> (String, BTreeSet<String>) {
        let lines = receivers.iter().enumerate().map(|(number, to)| format!("  - {{name: r{number}, to: {{{to}}}}}\n"));
        let text = format!("version: 1\nreceivers:\n{}", lines.collect::<String>());
        let config = crate::config::parse("driftd.yaml", &text).unwrap();
        let (statements, roles) = statements(&config.notify, &BTreeSet::from(["aws"]));
        (json!(statements).to_string(), roles)
    }

    #[test]
    fn alerts_go_to_what_is_configured_and_nowhere_else() {
        let (policy, roles) = shown(&[
            r#"sns: {topic_arn: "arn:aws:sns:eu-west-1:123456789012:driftd"}"#,
            r#"sns: {topic_arn: "arn:aws:sns:eu-west-1:123456789012:other", role_arn: "arn:aws:iam::123456789012:role/sns"}"#,
            r#"sqs: {url: "https://sqs.eu-west-1.amazonaws.com/123456789012/alerts"}"#,
            "eventbridge: {event_bus: security, region: eu-west-1}",
            r#"eventbridge: {event_bus: "arn:aws:events:us-east-1:222222222222:event-bus/x"}"#,
            "security_hub: {region: eu-west-1}",
            r#"security_hub: {role_arn: "arn:aws:iam::{account}:role/hub"}"#,
            r#"webhook: {url: "https://alerts.example.com"}"#,
        ]);
        for part in [
            r#""Action":["sns:Publish"],"Effect":"Allow","Resource":["arn:aws:sns:eu-west-1:123456789012:driftd"]"#,
            r#""Action":["sqs:SendMessage"],"Effect":"Allow","Resource":["arn:aws:sqs:*:123456789012:alerts"]"#,
            r#""Action":["events:PutEvents"],"Effect":"Allow","Resource":["arn:aws:events:eu-west-1:*:event-bus/security","arn:aws:events:us-east-1:222222222222:event-bus/x"]"#,
            r#""Action":["securityhub:BatchImportFindings"],"Effect":"Allow","Resource":["arn:aws:securityhub:eu-west-1:*:product/*/default"]"#,
        ] {
            assert!(policy.contains(part), "{part}\n{policy}");
        }
        let expected = ["arn:aws:iam::*:role/hub", "arn:aws:iam::123456789012:role/sns"].map(str::to_owned);
        assert_eq!(roles, BTreeSet::from(expected));
        // The regions say of which partition they are, whatever else driftd watches.
        let (policy, _) = shown(&[
            r#"sqs: {url: "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/alerts"}"#,
            "eventbridge: {event_bus: security, region: us-gov-west-1}",
            "security_hub: {region: cn-north-1}",
        ]);
        for part in [
            "arn:aws-cn:sqs:*:123456789012:alerts",
            "arn:aws-us-gov:events:us-gov-west-1:*:event-bus/security",
            "arn:aws-cn:securityhub:cn-north-1:*:product/*/default",
        ] {
            assert!(policy.contains(part) && !policy.contains("arn:aws:"), "{part}\n{policy}");
        }
        let (policy, roles) = shown(&[r#"webhook: {url: "https://alerts.example.com"}"#]);
        assert!(policy == "[]" && roles.is_empty(), "{policy}");
    }

    #[test]
    fn the_model_of_notes_may_be_asked() {
        let shown = |model: &str| {
            let text = format!("version: 1\ntriage: {{bedrock: {{model: \"{model}\", region: eu-central-1}}}}\n");
            let config = crate::config::parse("driftd.yaml", &text).unwrap();
            let (mut statements, _) = statements(&config.notify, &BTreeSet::from(["aws"]));
            let statement = statements.pop().unwrap();
            assert_eq!(statement["Action"], json!(["bedrock:InvokeModel"]));
            statement["Resource"].to_string()
        };
        let profile = "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.amazon.nova-micro-v1:0";
        let foundation = "arn:aws:bedrock:*::foundation-model/amazon.nova-micro-v1:0";
        let own = "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/0a1b";
        assert_eq!(shown("amazon.nova-micro-v1:0"), json!([foundation]).to_string());
        let any = profile.replace("123456789012", "*");
        assert_eq!(shown("eu.amazon.nova-micro-v1:0"), json!([foundation, any]).to_string());
        assert_eq!(shown(profile), json!([foundation, profile]).to_string());
        assert_eq!(shown(own), json!(["arn:aws:bedrock:*::foundation-model/*", own]).to_string());
        let role = "arn:aws:iam::123456789012:role/triage";
        let text =
            format!("version: 1\ntriage: {{bedrock: {{model: m, region: eu-central-1, role_arn: \"{role}\"}}}}\n");
        let config = crate::config::parse("driftd.yaml", &text).unwrap();
        assert_eq!(
            statements(&config.notify, &BTreeSet::from(["aws"])),
            (Vec::new(), BTreeSet::from([role.to_owned()]))
        );
    }
}

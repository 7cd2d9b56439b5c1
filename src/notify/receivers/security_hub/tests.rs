//! Every sample against botocore's model of the call, against moto in two accounts, and every way in which a call or a finding fails.

use super::*;
use crate::notify::kit::aws::config_of;
use crate::notify::kit::{self, aws::World};
use crate::wording::message::{Message, Occasion};
use crate::wording::sample::EVIL_CHARACTERS;
use crate::wording::samples;

fn hub() -> Config {
    let arn = "arn:aws:iam::{account}:role/driftd-security-hub".to_owned();
    Config { region: None, role: Some(AssumeRole { arn, external_id: Some("x".to_owned()), session_name: None }) }
}

fn in_own_account(mut message: Message) -> Message {
    message.items.iter_mut().for_each(|item| "123456789012".clone_into(&mut item.account));
    message
}

#[test]
fn mistakes_are_found_at_their_places() {
    for good in ["{}", "{role_arn: \"arn:aws:iam::{account}:role/x\", external_id: y, region: eu-west-1}"] {
        let (config, said) = config_of(&format!("security_hub: {good}"));
        assert!(config.is_some() && said.is_empty(), "{good}: {said}");
    }
    for (bad, code) in [
        ("{role_arn: \"{account}\"}", "config/not-a-role"),
        ("{role_arn: \"arn:aws:iam::{account}:user/x\"}", "config/not-a-role"),
        ("{region: Europe}", "config/not-a-region"),
        ("{external_id: x}", "config/without-effect"),
    ] {
        let (_, said) = config_of(&format!("security_hub: {bad}"));
        assert!(said.contains(code), "{bad}: {said}");
    }
}

#[test]
fn every_finding_is_valid() {
    let mut all = Vec::new();
    for (name, mut message) in samples::messages() {
        let findings = |message: &Message| {
            let notice = kit::notice(message);
            match message.items.is_empty() {
                true => vec![asff::of_driftd(&notice, "123456789012", "eu-central-1")],
                false => message.items.iter().map(|item| asff::of_item(message, item, "eu-central-1")).collect(),
            }
        };
        all.extend(findings(&message));
        message.text = Some(format!("my words\n{}", "x".repeat(5000)));
        all.extend(findings(&message));
        // As poor as an item can be, and as rich.
        for item in &mut message.items {
            item.resource_id.clear();
            item.name.clear();
            item.todo = vec!["x".repeat(5000)];
            item.note = Some("y".repeat(50_000));
            item.generated_note = Some("ü".repeat(50_000));
        }
        message.text = Some("\n\n".to_owned());
        all.extend(findings(&message));
        let shown = serde_json::to_string(&all).unwrap();
        assert!(!shown.contains(EVIL_CHARACTERS), "{name}");
    }
    assert!(all.len() > 100);
    // So many are sent at a time.
    all.chunks(100).for_each(|batch| kit::aws::validate("asff", &json!(batch)));
}

#[test]
fn what_is_over_is_archived() {
    let states = |wanted: &str| {
        let (_, message) = samples::messages().into_iter().find(|(name, _)| *name == wanted).unwrap();
        let states =
            message.items.iter().map(|item| asff::of_item(&message, item, "eu-central-1")["RecordState"].clone());
        states.collect::<Vec<_>>()
    };
    assert_eq!(states("one finding"), ["ACTIVE"]);
    assert_eq!(states("acknowledged"), ["ACTIVE"]);
    assert_eq!(states("resolved"), ["ARCHIVED"]);
    let (_, message) = samples::messages().into_iter().find(|(name, _)| *name == "one finding").unwrap();
    insta::assert_json_snapshot!("asff_one_finding", asff::of_item(&message, &message.items[0], "eu-central-1"));
}

#[tokio::test]
async fn errors_of_security_hub() {
    let config = Config { region: Some("eu-central-1".to_owned()), role: None };
    // A message without findings is about driftd's own account.
    let open = |tools: &Tools| -> Box<dyn Receiver> { Box::new(OwnAccount(open(&config, "hub", tools).unwrap())) };
    kit::aws::Contract { open: &open, error: kit::aws::json_error, absent: "ResourceNotFoundException" }.holds().await;
}

/// As if all findings were of driftd's account: without a role nobody else's are sent.
struct OwnAccount(Box<dyn Receiver>);

#[async_trait::async_trait]
impl Receiver for OwnAccount {
    async fn deliver(&self, notice: &Notice<'_>) -> Result<Delivered, DeliveryError> {
        let message = in_own_account(notice.message.clone());
        self.0.deliver(&Notice { message: &message, ..*notice }).await
    }
}

#[tokio::test]
async fn a_finding_may_fail_though_the_call_succeeds() {
    let server = kit::Server::start().await;
    let tools = kit::aws::tools_at(&server.url).await;
    let receiver = open(&Config { region: None, role: None }, "hub", &tools).unwrap();
    let message = in_own_account(samples::message(2));
    for (code, passes) in
        [("InternalException", true), ("ThrottlingException", true), ("InvalidInput", false), ("AccessDenied", true)]
    {
        let failed = json!({"Id": "x", "ErrorCode": code, "ErrorMessage": "no"});
        let invalid = json!({"Id": "y", "ErrorCode": "InvalidInput", "ErrorMessage": "no"});
        server.answers(
            200,
            &json!({"FailedCount": 2, "SuccessCount": 0, "FailedFindings": [invalid, failed]}).to_string(),
        );
        let error = receiver.deliver(&kit::notice(&message)).await.unwrap_err();
        assert_eq!(matches!(error, DeliveryError::Retry { .. }), passes, "{code}: {error:?}");
    }
    server.answers(
        401,
        r#"{"Code": "InvalidAccessException", "Message": "Account is not subscribed to AWS Security Hub"}"#,
    );
    let error = receiver.deliver(&kit::notice(&message)).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Retry { why, .. } if why.contains("enable Security Hub")), "{error:?}");
    server.requests();
    // Nobody's account, a region that would be another host: nothing is sent there.
    for (account, region) in [("evil", "eu-central-1"), ("123456789012", "x.example/"), ("123456789012", "")] {
        let mut message = samples::message(1);
        account.clone_into(&mut message.items[0].account);
        region.clone_into(&mut message.items[0].region);
        assert!(matches!(receiver.deliver(&kit::notice(&message)).await, Err(DeliveryError::Refused { .. })));
    }
    let error = receiver.deliver(&kit::notice(&samples::message(1))).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Retry { why, .. } if why.contains("{account}")), "{error:?}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn one_region_that_does_not_answer_keeps_no_other_waiting() {
    let server = kit::Server::start().await;
    let tools = kit::aws::tools_at(&server.url).await;
    let receiver = open(&Config { region: None, role: None }, "hub", &tools).unwrap();
    let mut message = in_own_account(samples::message(16));
    for (number, item) in message.items.iter_mut().enumerate() {
        item.region = format!("eu-west-{number}");
    }
    // Nobody is answered within the client's patience of 300 ms.
    server.answers(0, "");
    let notice = kit::notice(&message);
    let sent = tokio::time::timeout(Duration::from_secs(3), receiver.deliver(&notice)).await;
    let error = sent.expect("they are asked side by side, and not one after the other").unwrap_err();
    assert!(matches!(error, DeliveryError::Retry { .. }), "{error:?}");
    assert_eq!(server.requests().len(), 16, "each was tried");
}

#[tokio::test]
async fn the_signature_is_that_of_botocore() {
    let server = kit::Server::start().await;
    let tools = kit::aws::tools_at(&server.url).await;
    let receiver = open(&Config { region: None, role: None }, "hub", &tools).unwrap();
    server.answers(200, r#"{"FailedCount": 0, "SuccessCount": 1}"#);
    receiver.deliver(&kit::notice(&in_own_account(samples::hostile()))).await.unwrap();
    let request = server.requests().pop().unwrap();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/findings/import"));
    let headers: BTreeMap<&str, &str> =
        request.headers.keys().map(|name| (name.as_str(), request.header(name.as_str()))).collect();
    assert_eq!(headers["x-amz-date"], "20261128T120000Z", "the time is the notice's");
    let given = json!({
        "url": format!("{}{}", server.url, request.path), "headers": headers, "body": String::from_utf8(request.body.to_vec()).unwrap(),
        "service": "securityhub", "region": "eu-central-1", "key": "AKIATEST", "secret": "hunter2", "token": null,
    });
    kit::aws::validate("signature", &given);
}

#[tokio::test]
async fn moto_has_one_finding_for_each_and_archives_it() {
    let mut world = World::start();
    let tools = world.tools().await;
    let receiver = open(&hub(), "hub", &tools).unwrap();
    let findings = |world: &mut World, account: &str| {
        let found = world.ask(&format!("findings {account} eu-central-1"));
        found.as_array().unwrap().clone()
    };
    let message = samples::message(12);
    for attempt in 1..=2 {
        receiver.deliver(&Notice { attempt, ..kit::notice(&message) }).await.unwrap();
    }
    let found = findings(&mut world, "111111111111");
    assert_eq!(found.len(), 12, "the second try is the same findings");
    assert!(found.iter().all(|one| one["RecordState"] == "ACTIVE" && one["AwsAccountId"] == "111111111111"));
    for (number, (name, message)) in samples::messages().into_iter().enumerate() {
        let group = format!("grp-{number}");
        let sent = receiver.deliver(&Notice { group: &group, ..kit::notice(&message) }).await;
        assert!(sent.is_ok(), "{name}: {sent:?}");
    }
    let mut over = samples::message(12);
    over.occasion = Occasion::Resolved;
    over.status = crate::wording::message::GroupStatus::Resolved;
    receiver.deliver(&kit::notice(&over)).await.unwrap();
    let found = findings(&mut world, "111111111111");
    let of_group =
        |one: &&Value| message.items.iter().any(|item| one["Id"] == format!("{}/111111111111", item.finding_id));
    let of_group: Vec<&Value> = found.iter().filter(of_group).collect();
    assert!(of_group.len() == 12 && of_group.iter().all(|one| one["RecordState"] == "ARCHIVED"));
    // What has no account of its own is told in driftd's.
    let own = findings(&mut world, "123456789012");
    assert!(own.iter().any(|one| one["GeneratorId"] == "driftd/health"), "{own:?}");
}

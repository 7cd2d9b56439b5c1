//! The bus at moto, where a rule hands events on to a queue; and every failure of an entry.

use serde_json::json;

use super::*;
use crate::notify::kit::aws::config_of;
use crate::notify::kit::{self, aws::World};
use crate::wording::samples;

fn bus(name: &str) -> Config {
    Config { event_bus: name.to_owned(), region: Some("eu-central-1".to_owned()), role: None }
}

#[test]
fn mistakes_are_found_at_their_places() {
    for good in ["default", "partner/x.y-z", "\"arn:aws:events:eu-west-1:123456789012:event-bus/security\""] {
        let (config, said) = config_of(&format!("eventbridge: {{event_bus: {good}}}"));
        assert!(config.is_some() && said.is_empty(), "{good}: {said}");
    }
    for bad in
        ["\"\"", "\"a b\"", "\"arn:aws:sns:eu-west-1:123456789012:x\"", "\"arn:aws:events:eu-west-1:1:event-bus/\""]
    {
        let (config, said) = config_of(&format!("eventbridge: {{event_bus: {bad}}}"));
        assert!(config.is_none() && said.contains("config/not-an-event-bus"), "{bad}: {said}");
    }
    let (config, _) =
        config_of("eventbridge: {event_bus: \"arn:aws:events:eu-west-1:123456789012:event-bus/x\", region: eu-west-2}");
    assert!(config.is_none(), "the region contradicts the ARN");
}

#[tokio::test]
async fn errors_of_the_bus() {
    let open = |tools: &Tools| open(&bus("security"), "bus", tools).unwrap();
    kit::aws::Contract { open: &open, error: kit::aws::json_error, absent: "ResourceNotFoundException" }.holds().await;
}

#[tokio::test]
async fn an_entry_may_fail_though_the_call_succeeds() {
    let server = kit::Server::start().await;
    let tools = kit::aws::tools_at(&server.url).await;
    let receiver = open(&bus("security"), "bus", &tools).unwrap();
    let message = samples::message(1);
    for (code, passes) in [
        ("ThrottlingException", true),
        ("InternalFailure", true),
        ("InternalException", true),
        ("AccessDeniedException", true),
        ("NotAuthorizedForSourceException", true),
        ("InvalidArgument", false),
        ("MalformedDetail", false),
    ] {
        let entry = json!({"ErrorCode": code, "ErrorMessage": "no"});
        server.answers(200, &json!({"FailedEntryCount": 1, "Entries": [entry]}).to_string());
        let error = receiver.deliver(&kit::notice(&message)).await.unwrap_err();
        assert_eq!(matches!(error, DeliveryError::Retry { .. }), passes, "{code}: {error:?}");
    }
    server.answers(200, &json!({"FailedEntryCount": 1, "Entries": []}).to_string());
    assert!(receiver.deliver(&kit::notice(&message)).await.is_err());
}

#[tokio::test]
async fn a_rule_at_moto_hands_every_event_on() {
    let mut world = World::start();
    let tools = world.tools().await;
    let queue = world.named("bus_queue");
    let receiver = open(&bus(&world.named("bus")), "bus", &tools).unwrap();
    for (name, message) in samples::messages() {
        receiver.deliver(&kit::notice(&message)).await.unwrap();
        let received = world.ask(&format!("messages {queue}"));
        let received = received.as_array().unwrap();
        assert_eq!(received.len(), 1, "{name}");
        let event: serde_json::Value = serde_json::from_str(received[0]["body"].as_str().unwrap()).unwrap();
        assert_eq!(
            (&event["source"], &event["detail-type"]),
            (&"driftd".into(), &detail_type(message.occasion).into())
        );
        assert!(detail_type(message.occasion).len() <= 128);
        let told: Message = serde_json::from_value(event["detail"].clone()).unwrap();
        assert_eq!(
            (told.title, event["detail"]["id"].as_str()),
            (message.title, Some("ntc-0123456789abcdef")),
            "{name}"
        );
    }
}

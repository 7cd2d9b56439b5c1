//! The topic at moto, with a queue that subscribed to it; the three forms, and their limits.

use serde_json::Value;

use super::*;
use crate::notify::kit::aws::config_of;
use crate::notify::kit::{self, aws::World};
use crate::wording::message::RuleText;
use crate::wording::sample::EVIL_CHARACTERS;
use crate::wording::samples;

fn topic(arn: &str, format: Format) -> Config {
    Config { topic_arn: arn.to_owned(), format, role: None }
}

fn sns(format: Format, tools: &Tools) -> Sns {
    let arn = "arn:aws:sns:eu-central-1:123456789012:driftd";
    Sns { lane: Lane::new(tools, Some("eu-central-1"), None).unwrap(), topic_arn: arn.to_owned(), format }
}

#[test]
fn mistakes_are_found_at_their_places() {
    let (config, said) =
        config_of("sns: {topic_arn: \"arn:aws:sns:eu-central-1:123456789012:driftd.fifo\", format: amazon_q}");
    assert!(config.is_some() && said.is_empty(), "{said}");
    for bad in [
        "driftd",
        "\"arn:aws:sqs:eu-central-1:123456789012:x\"",
        "\"arn:aws:sns:eu-central-1:123456789012:x:sub\"",
        "\"arn:aws:sns::1:x\"",
    ] {
        let (config, said) = config_of(&format!("sns: {{topic_arn: {bad}, external_id: x}}"));
        assert!(config.is_none() && said.contains("config/not-a-topic"), "{bad}: {said}");
        assert!(said.contains("config/without-effect"), "{said}");
    }
}

#[tokio::test]
async fn errors_of_the_topic() {
    let config = topic("arn:aws:sns:eu-central-1:123456789012:driftd", Format::Text);
    let open = |tools: &Tools| open(&config, "topic", tools).unwrap();
    kit::aws::Contract { open: &open, error: kit::aws::xml_error, absent: "NotFound" }.holds().await;
}

#[tokio::test]
async fn every_form_keeps_its_limits() {
    let tools = kit::aws::tools_at("http://127.0.0.1:1").await;
    for format in [Format::Text, Format::Json, Format::AmazonQ] {
        let topic = sns(format, &tools);
        for (name, message) in samples::messages() {
            let notice = kit::notice(&message);
            let payload = fit(&message, LARGEST, Payload::size, |message| topic.payload(&notice, message)).unwrap();
            assert!(payload.size() < 256 * 1024, "{name}");
            assert!(format == Format::Json || !payload.body.contains(EVIL_CHARACTERS), "{name}: {}", payload.body);
            let subject = subject(&message);
            assert!(subject.chars().count() < 100 && !subject.contains(char::is_control), "{name}: {subject}");
            if format == Format::AmazonQ {
                amazon_q_is_right(name, &serde_json::from_str(&payload.body).unwrap());
            }
        }
    }
}

/// By the event schema of <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>.
fn amazon_q_is_right(name: &str, sent: &Value) {
    assert_eq!((&sent["version"], &sent["source"]), (&"1.0".into(), &"custom".into()), "{name}");
    assert_eq!(sent["metadata"]["threadId"], "grp-0123456789abcdef", "{name}");
    let content = &sent["content"];
    assert_eq!(content["textType"], "client-markdown", "{name}");
    for (key, most) in [("title", 200), ("description", 2500)] {
        let text = content[key].as_str().unwrap();
        assert!(!text.trim().is_empty() && text.chars().count() <= most, "{name} {key}: {text}");
        for mark in ["<!", "<@", "<script", "]("] {
            assert!(!text.contains(mark), "{name} {key}: {mark}: {text}");
        }
        // Every code block and span that begins ends.
        assert_eq!(text.matches('`').count() % 2, 0, "{name}: {text}");
    }
    for list in [&content["nextSteps"], &content["keywords"], &sent["metadata"]["relatedResources"]] {
        assert!(
            list.is_null() || list.as_array().unwrap().iter().all(|one| !one.as_str().unwrap().is_empty()),
            "{name}"
        );
    }
}

#[test]
fn texts_for_people() {
    let all = samples::messages();
    let shown = |wanted: &str| {
        let (_, message) = all.iter().find(|(name, _)| *name == wanted).unwrap();
        format!("Subject: {}\n\n{}", subject(message), text::of(message))
    };
    insta::assert_snapshot!("sns_one_finding", shown("one finding"));
    insta::assert_snapshot!("sns_resolved", shown("resolved"));
    insta::assert_snapshot!("sns_health", shown("health"));
    let twelve = shown("a group of twelve");
    assert!(
        twelve.contains("\n10. [CRITICAL]") && !twelve.contains("\n11. ") && twelve.contains("... and 2 more findings")
    );
    let (_, mut own) = all.into_iter().next().unwrap();
    own.text = Some("my words\nin lines\u{1b}".to_owned());
    let own = text::of(&own);
    assert!(own.contains("my words\nin lines\\u{1b}\n") && !own.contains("1. ["), "{own}");
}

#[test]
fn what_a_language_model_wrote_is_told_as_such() {
    let message = kit::noted();
    for told in [text::of(&message), amazon_q::of(&kit::notice(&message), &message)] {
        assert!(kit::is_marked(&told), "{told}");
    }
}

#[tokio::test]
async fn a_queue_at_moto_gets_what_the_topic_got() {
    let mut world = World::start();
    let tools = world.tools().await;
    let (arn, queue) = (world.named("topic"), world.named("topic_queue"));
    for format in [Format::Text, Format::Json, Format::AmazonQ] {
        let receiver = open(&topic(&arn, format), "topic", &tools).unwrap();
        for (name, message) in samples::messages() {
            receiver.deliver(&kit::notice(&message)).await.unwrap();
            let received = world.ask(&format!("messages {queue}"));
            let received = received.as_array().unwrap();
            if message.quiet && format != Format::Json {
                assert!(received.is_empty(), "{name}: people are not asked to do anything");
                continue;
            }
            let told: Value = serde_json::from_str(received[0]["body"].as_str().unwrap()).unwrap();
            assert_eq!(told["Subject"], subject(&message), "{name}");
            let attributes = &told["MessageAttributes"];
            assert_eq!(attributes["occasion"]["Value"], message.occasion.as_str(), "{name}");
            assert_eq!(attributes["account"]["Type"] == "String.Array", !message.items.is_empty(), "{name}");
        }
    }
    // Its filter policy lets through what is critical and in account 111111111111.
    let filtered = world.named("filtered_queue");
    let kinds = world.ask(&format!("messages {filtered}"));
    assert!(!kinds.as_array().unwrap().is_empty());
    for one in kinds.as_array().unwrap() {
        let told: Value = serde_json::from_str(one["body"].as_str().unwrap()).unwrap();
        assert_eq!(told["MessageAttributes"]["severity"]["Value"], "critical");
    }
    let fifo = open(&topic(&world.named("fifo_topic"), Format::Json), "topic", &tools).unwrap();
    let message = samples::message(1);
    for attempt in 1..=2 {
        fifo.deliver(&Notice { attempt, ..kit::notice(&message) }).await.unwrap();
    }
    let queue = world.named("fifo_topic_queue");
    let received = world.ask(&format!("messages {queue}"));
    assert_eq!(received.as_array().unwrap().len(), 1, "the second try is the same message: {received}");
    let gone = open(&topic(&format!("{arn}x"), Format::Text), "topic", &tools).unwrap();
    let error = gone.deliver(&kit::notice(&message)).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Retry { why, .. } if why.contains("the topic is not there")), "{error:?}");
    let role =
        AssumeRole { arn: "arn:aws:iam::222222222222:role/alerts".to_owned(), external_id: None, session_name: None };
    let other = world.named("other_topic");
    let other = open(&Config { role: Some(role), ..topic(&other, Format::Text) }, "topic", &tools).unwrap();
    other.deliver(&kit::notice(&message)).await.unwrap();
}

#[test]
fn a_long_finding_is_shortened_and_not_left_out() {
    let mut message = samples::message(1);
    let item = &mut message.items[0];
    item.changes = vec![item.changes[0].clone(); 6];
    item.changes.iter_mut().for_each(|line| line.text = "<".repeat(150));
    item.standing = "open, and ".repeat(40);
    item.who.iter_mut().for_each(|who| who.line = "alice ".repeat(60));
    item.rules = vec![RuleText { id: "a-rule".to_owned(), why: "because ".repeat(50) }; 2];
    item.generated_note = Some("It is open to all. ".repeat(15));
    let sent: Value = serde_json::from_str(&amazon_q::of(&kit::notice(&message), &message)).unwrap();
    amazon_q_is_right("a long finding", &sent);
    let told = sent["content"]["description"].as_str().unwrap();
    assert!(
        told.contains("aws_security_group") && told.contains("more line") && !told.contains("more finding"),
        "{told}"
    );
}

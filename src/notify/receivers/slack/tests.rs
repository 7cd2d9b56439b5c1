//! The Slack receiver against a false Slack, and its blocks against Slack's own validators.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::fake::{CHANNEL, Fault, TOKEN};
use super::*;
use crate::notify::kit;
use crate::wording::message::Message;
use crate::wording::samples;

const BUTTONS: Option<(&str, &str)> = Some(("driftd-0123456789abcdef", "ops"));

pub(crate) fn config(url: &str) -> Config {
    with_buttons(url, Buttons { door: Door::Socket(kit::secret(fake::APP_TOKEN)), allow: Allow::default() })
}

pub(crate) fn with_buttons(url: &str, buttons: Buttons) -> Config {
    Config {
        token: kit::secret(TOKEN),
        channel: CHANNEL.to_owned(),
        mention_actors: true,
        buttons: Some(buttons),
        api_url: url.to_owned(),
    }
}

async fn slack() -> (fake::Slack, Box<dyn Receiver>) {
    let slack = fake::Slack::start().await;
    let receiver = open(&config(&slack.url), "ops", &kit::tools().await).unwrap();
    (slack, receiver)
}

fn sample(name: &str) -> Message {
    samples::messages().into_iter().find(|(sample, _)| *sample == name).unwrap().1
}

#[tokio::test]
async fn it_keeps_the_contract() {
    kit::Contract {
        open: &|url, tools| open(&config(url), "ops", tools).unwrap(),
        success: (200, r#"{"ok": true, "channel": "C0123456789", "ts": "1767362700.000100"}"#),
        keeps: |message| message.quiet,
        check: &|request| {
            assert_eq!(request.header("authorization"), format!("Bearer {TOKEN}"));
            if request.path.ends_with("/chat.postMessage") {
                let body = request.json();
                assert_eq!(fake::problem(&body), None, "{body:#}");
                assert_eq!(body["metadata"]["event_payload"]["notice"], "ntc-0123456789abcdef");
                assert_eq!(body["unfurl_links"], false);
            }
        },
    }
    .holds()
    .await;
}

#[tokio::test]
async fn a_group_is_one_message_with_its_history_in_the_thread() {
    let (slack, receiver) = slack().await;
    let opened = samples::message(2);
    let first = receiver.deliver(&kit::notice(&opened)).await.unwrap();
    let handle = first.handle.unwrap();
    let later = |id: &'static str, message: &'static str| (id, sample(message));
    let mut all =
        vec![later("n-2", "a name that was found later"), later("n-3", "acknowledged"), later("n-4", "a reminder")];
    all.push(later("n-5", "resolved"));
    let before = slack.channel()[0].clone();
    assert!(before["attachments"][0]["blocks"].to_string().contains("driftd_snooze"));
    assert!(before["blocks"].to_string().contains("<@U0ALICE>"), "{before:#}");
    for (id, message) in &all {
        let notice = Notice { id, handle: Some(&handle), ..kit::notice(message) };
        assert_eq!(receiver.deliver(&notice).await.unwrap(), Delivered { handle: None });
    }
    let (channel, replies) = (slack.channel(), slack.replies());
    assert_eq!((channel.len(), replies.len()), (1, 4));
    let parent = &channel[0];
    assert!(parent["text"].as_str().unwrap().starts_with("✅ RESOLVED"), "{parent:#}");
    assert_eq!(parent["attachments"][0]["color"], "#2e7d32");
    assert!(!parent.to_string().contains("driftd_snooze"), "what is over has no buttons");
    let said: Vec<&str> = replies.iter().map(|one| one["blocks"][0]["text"]["text"].as_str().unwrap()).collect();
    assert!(said[0].contains("was done by alice@example.com (certain)"), "{said:?}");
    assert!(said[1].contains("acknowledged by bob: on it"), "{said:?}");
    assert!(replies[0].to_string().contains("<@U0ALICE>") && !replies[1].to_string().contains("<@U0ALICE>"));
    // Whoever did it is looked up once.
    let lookups = slack.calls().iter().filter(|call| *call == "users.lookupByEmail").count();
    assert_eq!(lookups, 1);
}

#[tokio::test]
async fn what_arrived_before_is_not_sent_again() {
    let (slack, receiver) = slack().await;
    let message = samples::message(1);
    // Another one stands above it, so that a page is turned.
    let other = Notice { id: "n-0", ..kit::notice(&message) };
    slack.fault("chat.postMessage", Fault::LoseAnswer);
    let lost = receiver.deliver(&kit::notice(&message)).await.unwrap_err();
    assert!(matches!(lost, DeliveryError::Retry { .. }), "{lost}");
    receiver.deliver(&other).await.unwrap();
    let again = Notice { attempt: 2, ..kit::notice(&message) };
    let handle = receiver.deliver(&again).await.unwrap().handle.unwrap();
    assert_eq!(slack.channel().len(), 2);
    assert_eq!(handle, format!("{CHANNEL}:{}", slack.channel()[0]["ts"].as_str().unwrap()));
    // A reply, too.
    let update = sample("a name that was found later");
    slack.fault("chat.postMessage", Fault::LoseAnswer);
    let of = |attempt| Notice { id: "n-2", handle: Some(&handle), attempt, ..kit::notice(&update) };
    assert!(receiver.deliver(&of(1)).await.is_err());
    receiver.deliver(&of(2)).await.unwrap();
    assert_eq!(slack.replies().len(), 1);
    // One that never arrived is sent.
    let next = Notice { id: "n-3", ..of(2) };
    receiver.deliver(&next).await.unwrap();
    assert_eq!(slack.replies().len(), 2);
    // Slack cannot be asked now: nothing is sent that may be there.
    slack.fault("conversations.history", Fault::Status(503));
    assert!(receiver.deliver(&again).await.is_err());
    assert_eq!(slack.channel().len(), 2);
    // Without the scope nobody can look, and it is sent.
    slack.fault("conversations.history", Fault::Refuse("missing_scope"));
    receiver.deliver(&again).await.unwrap();
    assert_eq!(slack.channel().len(), 3);
}

#[tokio::test]
async fn what_slack_refuses_in_a_success_is_not_taken_for_one() {
    let (slack, receiver) = slack().await;
    let message = samples::message(1);
    for (word, passes, hint) in [
        ("ratelimited", true, ""),
        ("internal_error", true, ""),
        ("token_revoked", true, "install the app again"),
        ("channel_not_found", true, "invite the app"),
        ("not_in_channel", true, "/invite"),
        ("missing_scope", true, "the app lacks channels:history"),
        ("something_new", true, "answered with something_new"),
        ("invalid_blocks", false, "please report it"),
    ] {
        slack.fault("chat.postMessage", Fault::Refuse(word));
        let error = receiver.deliver(&kit::notice(&message)).await.unwrap_err();
        assert_eq!(matches!(error, DeliveryError::Retry { .. }), passes, "{word}: {error:?}");
        assert!(error.to_string().contains(hint), "{word}: {error}");
        kit::is_clean(word, &error);
        if word == "ratelimited" {
            assert!(
                matches!(error, DeliveryError::Retry { after: Some(pause), .. } if pause.as_secs() == 30),
                "{error:?}"
            );
        }
    }
    assert!(slack.channel().is_empty());
    // Nobody can be mentioned: the message is sent nevertheless.
    slack.fault("users.lookupByEmail", Fault::Status(500));
    let receiver = open(&config(&slack.url), "ops", &kit::tools().await).unwrap();
    receiver.deliver(&kit::notice(&message)).await.unwrap();
    assert!(!slack.channel()[0]["blocks"].to_string().contains("<@"));
}

#[tokio::test]
async fn a_message_that_is_gone_is_made_anew() {
    let (slack, receiver) = slack().await;
    let message = samples::message(1);
    let handle = receiver.deliver(&kit::notice(&message)).await.unwrap().handle.unwrap();
    slack.delete(handle.split_once(':').unwrap().1);
    let update = sample("returned");
    let next = Notice { id: "n-2", handle: Some(&handle), ..kit::notice(&update) };
    let new = receiver.deliver(&next).await.unwrap().handle.unwrap();
    assert_ne!(new, handle);
    // What stands in another channel is left there.
    let elsewhere = Notice { id: "n-3", handle: Some("C0OTHER:1.2"), ..kit::notice(&update) };
    receiver.deliver(&elsewhere).await.unwrap();
    assert_eq!((slack.channel().len(), slack.replies().len()), (2, 0));
}

#[test]
fn it_reads_well() {
    let of = |message: &Message| message::living(message, BUTTONS, &["U0ALICE".to_owned()]).unwrap();
    let pretty = |rendered: Rendered| seen(&rendered);
    insta::assert_snapshot!("one_finding", pretty(of(&samples::message(1))));
    insta::assert_snapshot!("twelve", pretty(of(&samples::message(12))));
    insta::assert_snapshot!("every_drift", pretty(of(&sample("every kind of drift"))));
    insta::assert_snapshot!("resolved", pretty(of(&sample("resolved"))));
    insta::assert_snapshot!("health", pretty(of(&sample("health"))));
    insta::assert_snapshot!("hostile", pretty(of(&samples::hostile())));
    let replies: Vec<String> = ["a name that was found later", "acknowledged", "resolved"]
        .into_iter()
        .map(|name| format!("--- {name}\n{}", seen(&message::reply(&sample(name), &[]))))
        .collect();
    insta::assert_snapshot!("replies", replies.join("\n"));
}

/// The texts of a message from above, as a person reads them.
fn seen(rendered: &Rendered) -> String {
    let mut lines = vec![format!("({} characters; notification: {})", rendered.size(), rendered.text)];
    for attachment in &rendered.attachments {
        lines.push(format!("({})", attachment["color"]));
    }
    let inner = rendered.attachments.iter().flat_map(|one| one["blocks"].as_array().unwrap());
    rendered.blocks.iter().chain(inner).for_each(|block| texts(block, &mut lines));
    lines.join("\n")
}

fn texts(value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Object(members) => match members.get("text") {
            Some(Value::String(text)) => lines.push(format!("{}: {text}", members["type"].as_str().unwrap())),
            _ => members.values().for_each(|value| texts(value, lines)),
        },
        Value::Array(all) => all.iter().for_each(|value| texts(value, lines)),
        _ => {}
    }
}

/// A user's own text is text, however long it is and whatever stands in it.
#[test]
fn a_template_is_plain_text() {
    let mut message = samples::message(3);
    message.text = Some("<!channel> & *bold* ".repeat(1_000));
    message.title = "<!here> ".repeat(100);
    let rendered = message::living(&message, None, &[]).unwrap();
    let body = json!({"text": rendered.text, "blocks": rendered.blocks, "attachments": rendered.attachments});
    assert_eq!(fake::problem(&body), None);
    assert!(!body.to_string().contains("aws_security_group"), "it stands in the place of the findings");
    let reply = message::reply(&message, &[]);
    assert_eq!(fake::problem(&json!({"text": reply.text, "blocks": reply.blocks})), None);
}

/// slack_sdk knows most of Slack's limits; those that it does not know are `fake::problem`'s.
#[test]
fn slacks_own_validators_take_every_message() {
    let mentions = ["U0ALICE".to_owned()];
    let mut all = Vec::new();
    for (name, message) in samples::messages() {
        let living = message::living(&message, BUTTONS, &mentions).unwrap();
        for rendered in [living, message::reply(&message, &mentions), message::webhook(&message).unwrap()] {
            let Rendered { text, blocks, attachments } = rendered;
            let body = json!({"name": name, "text": text, "blocks": blocks, "attachments": attachments});
            assert_eq!(fake::problem(&body), None, "{name}");
            all.push(body);
        }
    }
    all.push(json!({"name": "modal", "view": crate::notify::interaction::modal::tests::view()}));
    validated(&all);
}

#[expect(clippy::disallowed_methods, reason = "which Python is the environment's to say")]
fn validated(all: &[Value]) {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::var_os("DRIFTD_TEST_PYTHON").map(std::path::PathBuf::from);
    let python = named.unwrap_or_else(|| root.join(".venv/bin/python"));
    assert!(python.is_file(), "no Python at {}: run `make test`, or set DRIFTD_TEST_PYTHON", python.display());
    let mut command = Command::new(python);
    command.args(["-m", "tests.world.slack"]).current_dir(root).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let lines: String = all.iter().map(|one| format!("{one}\n")).collect();
    // A validator that ended early says why on stderr.
    _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.trim(), format!("{} valid", all.len()));
}

#[test]
fn mistakes_of_the_configuration_are_told_with_the_way_out() {
    use crate::diagnostic::Diagnostics;
    let read = |text: &str| {
        let mut diagnostics = Diagnostics::new("x.yaml");
        let raw: Raw = serde_saphyr::from_str(text).unwrap();
        let config = raw.validate(&mut diagnostics);
        let codes: Vec<String> = diagnostics.into_sorted().iter().map(|one| one.code.to_string()).collect();
        (config, codes)
    };
    let (config, codes) = read(
        "token: {env: A}\nchannel: C0123456789\nmention_actors: true\nbuttons:\n  app_token: {env: B}\n  \
         allow: {user_groups: [S0123456789], emails: [Alice@Example.com]}\n",
    );
    assert_eq!(codes, Vec::<String>::new());
    let config = config.unwrap();
    assert_eq!(config.secrets().len(), 2);
    assert!(config.buttons().unwrap().allow.emails.contains("alice@example.com"));
    for (text, code) in [
        ("token: xoxb-1\nchannel: C0123456789\n", "config/plain-secret"),
        ("token: {env: A}\nchannel: '#ops'\n", "config/not-a-slack-id"),
        ("token: {env: A}\nchannel: C01\napi_url: slack\n", "config/not-a-url"),
        ("token: {env: A}\nchannel: C01\nbuttons: {app_token: {env: B}}\n", "config/nobody-may-press"),
        ("token: {env: A}\nchannel: C01\nbuttons: {allow: {emails: [a@b.c]}}\n", "config/not-one-of"),
        (
            "token: {env: A}\nchannel: C01\nbuttons: {app_token: {env: B}, allow: {emails: [bob]}}\n",
            "config/not-a-mailbox",
        ),
        (
            "token: {env: A}\nchannel: C01\nbuttons: {app_token: {env: B}, allow: {user_groups: ['@ops']}}\n",
            "config/not-a-slack-id",
        ),
    ] {
        assert_eq!(read(text).1, [code], "{text}");
    }
}

//! The mails against a real relay (tests/world/mailbox.py), read by Python's own parser; every answer of a relay; the words, as text.

mod relay;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use self::relay::{Mailbox, header, part};
use super::config::{Thread, Tls};
use super::*;
use crate::notify::kit;
use crate::wording::sample::EVIL_CHARACTERS;
use crate::wording::samples;

async fn email(config: &Config) -> Email {
    Email::new(config, "on call", &kit::tools().await, Duration::from_secs(10))
}

/// What every mail must be, whatever is in it.
fn check(name: &str, mail: &Value, message: &Message) {
    assert_eq!(mail["defects"], json!([]), "{name}");
    assert_eq!((&mail["tls"], &mail["login"]), (&json!(true), &json!("driftd")), "{name}");
    assert_eq!((&mail["is_ascii"], &mail["bare_newlines"]), (&json!(true), &json!(0)), "{name}");
    assert!(mail["longest_line"].as_u64().unwrap() <= 998, "{name}");
    assert_eq!(mail["type"], "multipart/alternative", "{name}");
    let mut names: Vec<&str> = mail["headers"].as_array().unwrap().iter().filter_map(|one| one[0].as_str()).collect();
    names.sort_unstable();
    let known = [
        "Auto-Submitted",
        "Content-Type",
        "Date",
        "From",
        "In-Reply-To",
        "List-Id",
        "MIME-Version",
        "Message-ID",
        "References",
        "Reply-To",
        "Subject",
        "To",
        "X-Auto-Response-Suppress",
        "X-Driftd-Group",
        "X-Driftd-Severity",
    ];
    assert_eq!(names, known, "{name}: a header more or less");
    assert_eq!(header(mail, "X-Driftd-Severity"), Some(message.severity.as_str()));
    assert_eq!(header(mail, "X-Driftd-Group"), Some("grp-0123456789abcdef"));
    assert_eq!(header(mail, "Auto-Submitted"), Some("auto-generated"));
    assert_eq!(header(mail, "List-Id"), Some("driftd on-call <on-call.driftd.example.com>"));
    assert_eq!(header(mail, "Message-ID"), Some("<ntc-0123456789abcdef@example.com>"));
    assert_eq!(header(mail, "Date"), Some("Fri, 02 Jan 2026 14:05:00 +0000"));
    assert_eq!(header(mail, "Reply-To"), Some("secops@example.com"));
    let root = header(mail, "References").unwrap();
    assert!(root.starts_with("<alert-") && root.ends_with("-2026-01-02@example.com>"), "{name}: {root}");
    assert_eq!(header(mail, "In-Reply-To"), Some(root));
    let subject = header(mail, "Subject").unwrap();
    assert!(subject.starts_with("[driftd] ") && subject.chars().count() <= 209, "{name}: {subject}");
    let (text, html) = (part(mail, "text/plain"), part(mail, "text/html"));
    assert_eq!(mail["parts"].as_array().unwrap().len(), 2, "{name}");
    for said in [subject, text, html] {
        assert!(!said.contains(EVIL_CHARACTERS), "{name}: {said}");
    }
    assert!(html.len() <= LARGEST && text.len() <= LARGEST, "{name}");
    // As a parser reads it: our own elements, nothing that runs, nothing that is loaded.
    assert_eq!(mail["foreign"], json!([]), "{name}");
    let head = html.split_once("</style>").map_or("", |(head, _)| head);
    assert!(!head.contains("url(") && !head.contains("@import"), "{name}");
    for item in message.items.iter().take(if message.text.is_none() { 3 } else { 0 }) {
        assert!(text.contains(&item.name), "{name}: {}", item.name);
    }
    let shown = text.matches(" open since ").count() as u64;
    if shown > 0 && message.text.is_none() {
        let more = text.split("and ").filter_map(|rest| rest.split_once(" more drift")).next();
        let more: u64 = more.and_then(|(number, _)| number.parse().ok()).unwrap_or(0);
        let open = message.open_findings();
        assert!(shown + more >= open, "{name}: {shown} and {more} of {open}");
    }
}

#[tokio::test]
async fn every_message_arrives_without_a_defect() {
    let mut mailbox = Mailbox::start();
    for port in ["starttls", "implicit"] {
        let email = email(&mailbox.config(port)).await;
        for (name, message) in samples::messages() {
            let sent = email.deliver(&kit::notice(&message)).await;
            let mails = mailbox.mails();
            assert_eq!(sent, Ok(Delivered::default()), "{name}");
            if message.quiet {
                assert!(mails.is_empty(), "{name} asks for nothing, and was sent");
                continue;
            }
            assert_eq!(mails.len(), 1, "{name}");
            check(name, &mails[0], &message);
            assert_eq!(mails[0]["from"], "driftd@example.com");
            assert_eq!(mails[0]["to"], json!(["oncall@example.com", "platform@example.com"]));
        }
        // A user's own words, whatever they are.
        let mut own = samples::message(3);
        own.text = Some(format!("<b>{}</b>\n{}", "x<&\"\u{202e}".repeat(9000), kit::SECRET));
        own.title = "a\r\nBcc: victim@example.com\r\n\r\n<script> =?utf-8?q?=0d=0aX?= \u{202e}".to_owned();
        email.deliver(&kit::notice(&own)).await.unwrap();
        check("a user's own words", &mailbox.mails()[0], &own);
    }
}

#[tokio::test]
async fn a_thread_is_one_by_day_by_group_or_none() {
    let mut mailbox = Mailbox::start();
    let mut roots = Vec::new();
    let message = samples::message(1);
    let mut tomorrow = message.clone();
    tomorrow.at = "2026-01-03T00:00:00Z".parse().unwrap();
    for thread in [Thread::Daily, Thread::Group, Thread::None] {
        let email = email(&Config { thread, ..mailbox.config("starttls") }).await;
        for (message, group) in [(&message, "grp-a"), (&message, "grp-a"), (&tomorrow, "grp-a"), (&message, "grp-b")] {
            email.deliver(&Notice { group, ..kit::notice(message) }).await.unwrap();
            roots.push(header(&mailbox.mails()[0], "References").map(str::to_owned));
        }
    }
    let [daily, group, none] = [&roots[..4], &roots[4..8], &roots[8..]];
    assert!(daily[0] == daily[1] && daily[0] != daily[2] && daily[0] != daily[3], "{daily:?}");
    assert!(group[0] == group[1] && group[0] == group[2] && group[0] != group[3], "{group:?}");
    assert!(none.iter().all(Option::is_none), "{none:?}");
}

#[derive(Debug, PartialEq, Eq)]
enum Told {
    Retry,
    /// Kept until somebody has corrected something.
    Later,
    Refused,
}

fn told(what: &str, answer: Result<Delivered, DeliveryError>) -> (Told, String) {
    let error = answer.unwrap_err();
    kit::is_clean(what, &error);
    let text = error.to_string();
    let kind = match error {
        DeliveryError::Retry { after: None, .. } => Told::Retry,
        DeliveryError::Retry { after: Some(_), .. } => Told::Later,
        DeliveryError::Refused { .. } => Told::Refused,
    };
    (kind, text)
}

#[tokio::test]
async fn every_answer_of_a_relay_means_something() {
    let mut mailbox = Mailbox::start();
    let email = email(&mailbox.config("starttls")).await;
    let message = samples::message(1);
    let mut all = String::new();
    for (step, codes) in [
        ("EHLO", &[421, 451, 502, 554][..]),
        ("AUTH", &[421, 454, 500, 530, 534, 535, 538]),
        ("MAIL", &[421, 450, 451, 452, 530, 550, 552, 553]),
        ("RCPT", &[421, 450, 451, 452, 550, 551, 553, 554]),
        ("DATA", &[421, 450, 451, 452, 550, 552, 554]),
    ] {
        for code in codes {
            let class = code / 100;
            // Relays repeat what they were sent.
            let answer = format!("{code} {class}.7.1 {} driftd", kit::SECRET);
            mailbox.tell(json!({"answers": {step: answer}}));
            let (kind, text) = told(&answer, email.deliver(&kit::notice(&message)).await);
            let expected = match (class, step) {
                (4, _) => Told::Retry,
                (_, "RCPT" | "DATA") => Told::Refused,
                _ => Told::Later,
            };
            assert_eq!(kind, expected, "{step} {code}: {text}");
            assert!(text.contains(&code.to_string()), "{step} {code}: {text}");
            all.push_str(&format!("{step} {code}: {kind:?}: {text}\n"));
        }
    }
    assert!(mailbox.tell(json!({"answers": {}})).is_empty());
    email.deliver(&kit::notice(&message)).await.unwrap();
    assert_eq!(mailbox.mails().len(), 1);
    insta::assert_snapshot!("answers", all);
}

#[tokio::test]
async fn whom_a_relay_puts_off_gets_it_later_and_nobody_gets_it_twice() {
    let mut mailbox = Mailbox::start();
    let email = email(&mailbox.config("starttls")).await;
    let message = samples::message(1);
    let notice = kit::notice(&message);
    mailbox.tell(json!({"answers": {"RCPT platform@example.com": "450 4.2.0 greylisted"}}));
    let (kind, text) = told("greylisted", email.deliver(&notice).await);
    assert_eq!(kind, Told::Retry);
    assert_eq!(
        text,
        "1 of 2 recipients get it later: platform@example.com: it answered with 450 4.2.0 to the recipient"
    );
    let first = mailbox.tell(json!({"answers": {}}));
    assert_eq!(first[0]["to"], json!(["oncall@example.com"]));
    email.deliver(&Notice { attempt: 2, ..notice }).await.unwrap();
    let second = mailbox.mails();
    assert_eq!(second[0]["to"], json!(["platform@example.com"]));
    assert_eq!(header(&first[0], "Message-ID"), header(&second[0], "Message-ID"));
    // One who is gone does not keep it from the others.
    mailbox.tell(json!({"answers": {"RCPT platform@example.com": "550 5.1.1 no such user"}}));
    email.deliver(&Notice { id: "ntc-2", ..notice }).await.unwrap();
    assert_eq!(mailbox.mails()[0]["to"], json!(["oncall@example.com"]));
    mailbox.tell(json!({"answers": {"RCPT": "550 5.1.1 no such user"}}));
    let (kind, text) = told("nobody", email.deliver(&Notice { id: "ntc-3", ..notice }).await);
    assert!(kind == Told::Refused && text.starts_with("no recipient is taken: oncall@example.com: "), "{text}");
}

#[tokio::test]
async fn a_password_is_read_again_when_it_was_replaced() {
    let mut mailbox = Mailbox::start();
    let file = mailbox.folder.path().join("password");
    std::fs::write(&file, "wrong-hunter2").unwrap();
    let mut config = mailbox.config("starttls");
    config.login.iter_mut().for_each(|login| login.password = crate::secret::SecretRef::File(file.clone()));
    let email = email(&config).await;
    let message = samples::message(1);
    let (kind, text) = told("a wrong password", email.deliver(&kit::notice(&message)).await);
    assert_eq!(kind, Told::Later);
    assert!(text.contains("check `username` and `password`"), "{text}");
    std::fs::write(&file, format!("{}\n", kit::SECRET)).unwrap();
    email.deliver(&kit::notice(&message)).await.unwrap();
    assert_eq!(mailbox.mails().len(), 1);
    // A relay that takes no login, or none by a password.
    let mut unsafe_login = mailbox.config("plain");
    unsafe_login.login.clone_from(&config.login);
    let (kind, text) = told("no login", self::email(&unsafe_login).await.deliver(&kit::notice(&message)).await);
    assert!(kind == Told::Later && text.contains("offers no login by password"), "{text}");
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[tokio::test]
async fn an_alert_is_not_lost_because_a_kept_password_is_old() {
    let mut mailbox = Mailbox::start();
    let vault = kit::Server::start().await;
    let holds = |password: &str| vault.answers(200, &json!({"data": {"data": {"password": password}}}).to_string());
    let reference = crate::secret::VaultRef {
        address: Some(vault.url.clone()),
        namespace: None,
        mount: "secret".to_owned(),
        path: "smtp".to_owned(),
        key: "password".to_owned(),
        auth: crate::secret::VaultAuth::Token(Box::new(kit::secret("a token"))),
    };
    let mut config = mailbox.config("starttls");
    config.login.iter_mut().for_each(|login| login.password = crate::secret::SecretRef::Vault(reference.clone()));
    let email = email(&config).await;
    let message = samples::message(1);
    let notice = kit::notice(&message);
    holds("old-hunter2");
    assert_eq!(told("a wrong password", email.deliver(&notice).await).0, Told::Later);
    holds(kit::SECRET);
    let (kind, text) = told("an old password", email.deliver(&notice).await);
    assert!(kind == Told::Retry && text.contains("was just replaced"), "{text}");
    let later = notice.now + jiff::SignedDuration::from_mins(6);
    email.deliver(&Notice { now: later, ..notice }).await.unwrap();
    assert_eq!(mailbox.mails().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_reached_or_trusted_is_tried_again() {
    let mut mailbox = Mailbox::start();
    let message = samples::message(1);
    let mut all = String::new();
    let mut cases: Vec<(&str, Config, Value)> = Vec::new();
    let starttls = mailbox.config("starttls");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    cases.push(("nobody listens", Config { port: free, ..starttls.clone() }, json!({})));
    cases.push(("a stranger's certificate", Config { ca_file: None, ..starttls.clone() }, json!({})));
    cases.push(("implicit, a stranger's", Config { ca_file: None, ..mailbox.config("implicit") }, json!({})));
    let other_name = Config { host: "127.0.0.1".to_owned(), ..mailbox.config("implicit") };
    cases.push(("a certificate of another name", other_name, json!({})));
    let other_port = Config { port: mailbox.port("starttls"), ..mailbox.config("implicit") };
    cases.push(("TLS from the first byte where there is none", other_port, json!({})));
    let without = Config { tls: Tls::Starttls, ..mailbox.config("plain") };
    cases.push(("no STARTTLS", without, json!({})));
    let no_file = Config { ca_file: Some("/nowhere/ca.pem".into()), ..starttls.clone() };
    cases.push(("no CA file", no_file, json!({})));
    let not_pem = mailbox.folder.path().join("not.pem");
    std::fs::write(&not_pem, "-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n").unwrap();
    cases.push(("a CA file without certificates", Config { ca_file: Some(not_pem), ..starttls.clone() }, json!({})));
    let greets = mailbox.config("greets");
    cases.push(("silence from the start", greets.clone(), json!({"CONNECT": "SILENCE"})));
    cases.push(("not SMTP", greets.clone(), json!({"CONNECT": format!("HTTP/1.1 400 {}", kit::SECRET)})));
    cases.push(("busy", greets.clone(), json!({"CONNECT": "421 4.3.2 too many connections"})));
    cases.push(("silence to the message", starttls.clone(), json!({"DATA": "SILENCE"})));
    for (name, config, answers) in cases {
        mailbox.tell(json!({"answers": answers}));
        let email = Email::new(&config, "on call", &kit::tools().await, Duration::from_millis(1500));
        let (kind, text) = told(name, email.deliver(&kit::notice(&message)).await);
        assert_eq!(kind, Told::Retry, "{name}: {text}");
        let text =
            text.replace(&config.port.to_string(), "PORT").replace(&*mailbox.folder.path().to_string_lossy(), "");
        all.push_str(&format!("{name}: {text}\n"));
    }
    mailbox.tell(json!({"answers": {"CONNECT": "554 5.7.1 go away"}}));
    let email = email(&greets).await;
    let (kind, text) = told("blocked", email.deliver(&kit::notice(&message)).await);
    assert_eq!(kind, Told::Later);
    all.push_str(&format!("blocked: {text}\n"));
    insta::assert_snapshot!("unreachable", all);
    assert!(mailbox.mails().is_empty());
}

#[test]
fn the_words() {
    let chosen = [
        "one finding",
        "a group of twelve",
        "a digest",
        "resolved",
        "a name that was found later",
        "a baseline",
        "health",
        "hostile",
    ];
    for (name, message) in samples::messages().into_iter().filter(|(name, _)| chosen.contains(name)) {
        let mail = Mail::of(&shortened(&message, None), &kit::notice(&message), "on call");
        insta::assert_snapshot!(
            format!("text_of_{}", name.replace(' ', "_")),
            format!("{}\n\n{}", mail.subject, mail.text)
        );
    }
    assert!(chosen.iter().all(|name| samples::messages().iter().any(|(known, _)| known == name)));
}

#[test]
fn what_a_language_model_wrote_is_told_as_such() {
    let message = kit::noted();
    let mail = Mail::of(&shortened(&message, None), &kit::notice(&message), "on call");
    assert!(kit::is_marked(&mail.text) && kit::is_marked(&mail.html), "{}", mail.text);
}

#[test]
fn a_subject_tells_all_at_a_glance() {
    let all: Vec<String> =
        samples::messages().iter().map(|(name, message)| format!("{name}: {}", mail::subject(message))).collect();
    insta::assert_snapshot!("subjects", all.join("\n"));
}

#[test]
fn as_many_findings_as_asked_for_are_shown() {
    let message = samples::message(12);
    for (most, shown) in [(None, 10), (Some(0), 0), (Some(3), 3), (Some(50), 12)] {
        let less = shortened(&message, most);
        assert_eq!((less.items.len(), less.more), (shown, 12 - shown as u64));
        let mail = Mail::of(&less, &kit::notice(&message), "on call");
        let is_told = shown == 12 || mail.text.contains(&format!("{} more drift", 12 - shown)) || shown == 0;
        assert!(is_told, "{}", mail.text);
    }
}

/// The mails as files, for `make pictures`.
#[test]
fn pages() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".work/pictures");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, message) in samples::messages() {
        let mail = Mail::of(&shortened(&message, None), &kit::notice(&message), "on call");
        std::fs::write(folder.join(format!("email-{}.html", name.replace(' ', "-"))), mail.html).unwrap();
    }
}

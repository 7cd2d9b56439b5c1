//! Forms of documents, and what is done to them on purpose or by accident.

use std::io::Write as _;

use super::*;
use serde_json::json;

fn a_record(id: &str) -> serde_json::Value {
    json!({"eventID": id, "eventTime": "2026-01-02T03:04:05Z", "eventSource": "ec2.amazonaws.com",
        "eventName": "ModifyVolume", "userIdentity": {"type": "Root"}})
}

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Ids of the events, `-` for each malformed one, and how it ended.
fn ids(document: &[u8]) -> (String, Result<(), LogError>) {
    let mut seen = Vec::new();
    let outcome = read(document, &mut |text| {
        seen.push(record(text).map_or_else(|_| "-".to_owned(), |event| event.id));
        true
    });
    (seen.join(" "), outcome)
}

#[test]
fn every_shape_gives_its_records() {
    let (a, b) = (a_record("a"), a_record("b"));
    let looked_up = json!({"Events": [{"EventId": "a", "CloudTrailEvent": a.to_string()},
        {"EventId": "b", "CloudTrailEvent": b.to_string()}], "NextToken": "x"});
    for text in [
        json!({"Records": [a, b]}).to_string(),
        json!({"other": {"Records": 1}, "Records": [a, b]}).to_string(),
        json!([a, b]).to_string(),
        serde_json::to_string_pretty(&json!([a, b])).unwrap(),
        serde_json::to_string_pretty(&json!({"Records": [a, b]})).unwrap(),
        format!("{{\"Records\":[\n{a},\n{b}\n]}}\n"),
        format!("{a}\n{b}"),
        format!("\u{feff}\n\n{a}\r\n\r\n{b}\r\n"),
        format!("{}\n{}\n", json!({"Records": [a]}), json!({"Records": [b]})),
        looked_up.to_string(),
        serde_json::to_string_pretty(&looked_up).unwrap(),
        json!([a.to_string(), b.to_string()]).to_string(),
        json!([["ModifyVolume", a.to_string()], ["ModifyVolume", b.to_string()]]).to_string(),
        format!("{a}\t{b}\n"),
        format!("{a}{b}"),
        serde_json::to_string_pretty(&json!({"Events": [a]})).unwrap()
            + "\n"
            + &serde_json::to_string_pretty(&json!({"Events": [b]})).unwrap(),
        json!({"events": [{"message": a.to_string()}, {"message": b.to_string()}]}).to_string(),
        json!({"messageType": "DATA_MESSAGE", "logEvents": [{"message": a.to_string()}, {"message": b.to_string()}]})
            .to_string(),
        format!("2026-01-05T10:01:00.000Z {a}\n2026-01-05T10:02:00.000Z {b}\n"),
        format!("{}\n{}", json!({"detail-type": "AWS API Call via CloudTrail", "detail": a}), json!({"detail": b})),
    ] {
        assert_eq!(ids(text.as_bytes()), ("a b".to_owned(), Ok(())), "{text}");
        assert_eq!(ids(&packed(&text)), ("a b".to_owned(), Ok(())), "packed: {text}");
    }
    let joined = [packed(&format!("{a}\n")), packed(&format!("{b}\n"))].concat();
    assert_eq!(ids(&joined), ("a b".to_owned(), Ok(())), "gzip files one behind the other are one");
    assert_eq!(ids(serde_json::to_string_pretty(&a).unwrap().as_bytes()), ("a".to_owned(), Ok(())));
    for nothing in ["", "\n", "{\"Records\": []}", "{\"Records\": null}", "[]"] {
        assert_eq!(ids(nothing.as_bytes()), (String::new(), Ok(())), "{nothing}");
    }
}

#[test]
fn hostile_records_spoil_only_themselves() {
    let (a, b) = (a_record("a"), a_record("b"));
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let mixed = format!("{{\"Records\":[{a}, 7, null, {{}}, \"x\", {deep}, {{\"CloudTrailEvent\": \"no\"}}, {b}]}}");
    assert_eq!(ids(mixed.as_bytes()), ("a - - - - - - b".to_owned(), Ok(())));
    let lines = format!("{a}\n{{\"eventID\": \nnonsense\n{b}\n");
    assert_eq!(ids(lines.as_bytes()), ("a - - b".to_owned(), Ok(())));
}

#[test]
fn a_byte_that_is_no_text_spoils_only_that_text() {
    let agent = |id: &str| {
        let mut record = a_record(id);
        record["userAgent"] = json!("HERE");
        record
    };
    let text = json!({"Records": [a_record("a"), agent("b"), a_record("c")]}).to_string();
    for bad in [&b"\"caf\xe9\""[..], b"\"a\x01b\"", b"\"\\ud83d\""] {
        let (before, after) = text.split_once("\"HERE\"").unwrap();
        let document = [before.as_bytes(), bad, after.as_bytes()].concat();
        assert_eq!(ids(&document), ("a b c".to_owned(), Ok(())), "{}", String::from_utf8_lossy(bad));
    }
}

#[test]
fn half_a_file_gives_what_it_has() {
    let text = json!({"Records": [a_record("a"), a_record("b")]}).to_string();
    let (seen, outcome) = ids(&text.as_bytes()[..text.len() - 40]);
    assert_eq!((seen.as_str(), outcome), ("a", Err(LogError::Truncated)));
    let whole = packed(&text);
    let (_, outcome) = ids(&whole[..whole.len() - 12]);
    assert_eq!(outcome, Err(LogError::Truncated));
    let many: Vec<_> = (0..2_000).map(|number| a_record(&format!("{:x}", number * 7919))).collect();
    let whole = packed(&json!({"Records": many}).to_string());
    let (seen, outcome) = ids(&whole[..whole.len() * 9 / 10]);
    assert_eq!(outcome, Err(LogError::Truncated));
    assert!(seen.split(' ').count() > 1_000, "{}", seen.split(' ').count());
    for foreign in ["plain text", "<html>", "7", "\u{1f}\u{8b}"] {
        assert!(ids(foreign.as_bytes()).1.is_err(), "{foreign}");
    }
    assert!(matches!(ids(b"\x1f\x8bnonsense that is no gzip").1, Err(LogError::Broken(_) | LogError::Truncated)));
}

#[test]
fn a_bomb_does_not_go_off() {
    let records = format!("{{\"Records\":[{}{}]}}", format!("{},", a_record("a")).repeat(10_000), a_record("b"));
    let mut seen = 0;
    let mut count = |_: &str| {
        seen += 1;
        true
    };
    let outcome = read_within(packed(&records).as_slice(), 1 << 20, 1 << 20, &mut count);
    assert_eq!(outcome, Err(LogError::TooLarge(1 << 20)));
    assert!(seen > 1000, "what came before counts");
    let long = format!("{{\"Records\":[{{\"eventID\":\"{}\"}}]}}", "x".repeat(4 << 20));
    assert_eq!(
        read_within(packed(&long).as_slice(), 1 << 30, 2 << 20, &mut |_| true),
        Err(LogError::LongRecord(2 << 20))
    );
    assert_eq!(read_within(packed(&records).as_slice(), 1 << 30, 2 << 20, &mut |_| true), Ok(()));
}

#[test]
fn enough_is_enough() {
    let text = json!({"Records": [a_record("a"), a_record("b")]}).to_string();
    let mut seen = 0;
    let outcome = read(text.as_bytes(), &mut |_| {
        seen += 1;
        false
    });
    assert_eq!((seen, outcome), (1, Err(LogError::Stopped)));
}

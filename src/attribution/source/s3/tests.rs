//! Layouts, windows, resuming and broken files, against a bucket in memory.

use std::collections::BTreeMap;
use std::io::Write as _;

use super::super::testing::{RecordingSink, a_record, block_on, window};
use super::*;
use crate::model::GapReason;
use serde_json::json;

const ACCOUNT: &str = "123456789012";

/// Key -> body; what is asked is written down.
#[derive(Default, Clone)]
struct Bucket {
    objects: BTreeMap<String, Result<Vec<u8>, SourceError>>,
    asked: std::sync::Arc<Mutex<Vec<String>>>,
    denied: bool,
}

impl Bucket {
    fn put(&mut self, key: &str, body: impl Into<Vec<u8>>) {
        self.objects.insert(key.to_owned(), Ok(body.into()));
    }

    /// A log with one record, under `AWSLogs/...` after `before`.
    fn log(&mut self, before: &str, account: &str, region: &str, delivered: &str, id: &str, time: &str) -> String {
        let part = |range: std::ops::Range<usize>| delivered.get(range).unwrap();
        let day = format!("{}/{}/{}", part(0..4), part(4..6), part(6..8));
        let key = format!(
            "{before}{account}/CloudTrail/{region}/{day}/{account}_CloudTrail_{region}_{delivered}_{id}.json.gz"
        );
        self.put(&key, packed(&json!({"Records": [a_record(id, time)]}).to_string()));
        key
    }

    fn note(&self, what: &str) {
        self.asked.lock().unwrap().push(what.to_owned());
    }

    fn asked(&self, what: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| asked.contains(what)).count()
    }

    fn logs(&self, prefix: &str) -> S3Logs<'static> {
        S3Logs::new(Box::new(self.clone()), "logs", prefix, "us-east-1")
    }
}

#[async_trait]
impl LogStore for Bucket {
    async fn folders(&self, _bucket: &str, prefix: &str) -> Result<Vec<String>, SourceError> {
        self.note(&format!("folders {prefix}"));
        if self.denied {
            let detail = "s3:ListBucket: AccessDenied".to_owned();
            return Err(SourceError { reason: GapReason::Denied, action: "s3:ListBucket", detail });
        }
        let inside = self.objects.keys().filter_map(|key| key.strip_prefix(prefix)?.split_once('/'));
        let names: BTreeSet<String> = inside.map(|(name, _)| name.to_owned()).collect();
        Ok(names.into_iter().collect())
    }

    /// Pages of two.
    async fn keys(&self, _bucket: &str, prefix: &str, after: &str) -> Result<Keys, SourceError> {
        self.note(&format!("keys {prefix}"));
        let mut keys: Vec<String> =
            self.objects.keys().filter(|key| key.starts_with(prefix) && key.as_str() > after).cloned().collect();
        let more = keys.len() > 2;
        keys.truncate(2);
        Ok(Keys { keys, more })
    }

    async fn get(&self, _bucket: &str, key: &str) -> Result<Pieces, SourceError> {
        self.note(&format!("get {key}"));
        let body = self.objects[key].clone()?;
        let pieces: Vec<_> = body.chunks(7).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        Ok(stream::iter(pieces).boxed())
    }
}

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn scopes(scopes: &[(&str, &str)]) -> BTreeSet<Scope> {
    scopes.iter().map(|(account, region)| Scope::new(*account, *region)).collect()
}

fn read(source: &S3Logs<'_>, scopes: &BTreeSet<Scope>) -> (String, Vec<Gap>) {
    let mut recorded = RecordingSink::default();
    let wanted = window("2026-01-02T03:00:00Z", "2026-01-02T05:00:00Z");
    let gaps = block_on(source.writes(scopes, wanted, &mut recorded));
    (recorded.ids(), gaps)
}

#[test]
fn every_layout_and_prefix() {
    let wanted = scopes(&[(ACCOUNT, "eu-west-1")]);
    for (before, prefixes) in [
        ("AWSLogs/", vec!["", "AWSLogs", "AWSLogs/123456789012", "AWSLogs/123456789012/CloudTrail/eu-west-1/2026"]),
        ("AWSLogs/o-ab12/", vec!["", "AWSLogs", "AWSLogs/o-ab12", "AWSLogs/o-ab12/123456789012/CloudTrail"]),
        ("org/trail/AWSLogs/o-ab12/", vec!["org/trail", "/org/trail/", "org/trail/AWSLogs/o-ab12"]),
        ("org/AWSLogs/", vec!["org", "org/AWSLogs/123456789012/CloudTrail/eu-west-1"]),
    ] {
        let mut bucket = Bucket::default();
        bucket.log(before, ACCOUNT, "eu-west-1", "20260102T0310Z", "a", "2026-01-02T03:04:05Z");
        bucket.log(before, "999999999999", "eu-west-1", "20260102T0310Z", "other", "2026-01-02T03:04:05Z");
        bucket.put(&format!("{before}{ACCOUNT}/CloudTrail-Digest/eu-west-1/2026/01/02/x.json.gz"), "no log");
        bucket.put(&format!("{before}{ACCOUNT}/CloudTrail-Insight/eu-west-1/2026/01/02/x.json.gz"), "no log");
        for prefix in prefixes {
            assert_eq!(read(&bucket.logs(prefix), &wanted), ("a".to_owned(), vec![]), "{before} {prefix}");
        }
        assert_eq!(bucket.asked("get "), bucket.asked("_eu-west-1_20260102T0310Z_a."), "{before}");
    }
}

#[test]
fn a_wrong_prefix_says_what_is_there() {
    let mut bucket = Bucket::default();
    bucket.log("org/AWSLogs/", ACCOUNT, "eu-west-1", "20260102T0310Z", "a", "2026-01-02T03:04:05Z");
    let wanted = scopes(&[(ACCOUNT, "eu-west-1"), ("999999999999", "eu-west-1")]);
    let messages = |prefix: &str| {
        let (_, gaps) = read(&bucket.logs(prefix), &wanted);
        gaps.iter().map(|gap| format!("{}: {}", gap.reason.as_str(), gap.detail)).collect::<Vec<_>>().join("\n")
    };
    assert!(messages("").contains("there is org/"), "{}", messages(""));
    assert!(messages("org/AWSLogs/123456789012/CloudTrail-Digest").contains("holds no events"));
    assert_eq!(
        messages("org"),
        "not_configured: no logs of account 999999999999: does a trail of that account write here?"
    );
    let denied = Bucket { denied: true, ..bucket.clone() };
    let (_, gaps) = read(&denied.logs("org"), &wanted);
    assert_eq!((gaps.len(), gaps[0].reason), (1, GapReason::Denied), "{gaps:#?}");
    assert_eq!(gaps[0].scope.action.as_deref(), Some("s3:ListBucket"));
    assert_eq!(gaps[0].scope.source.as_deref(), Some("s3://logs/org"));
}

#[test]
fn only_what_may_count_is_opened() {
    let mut bucket = Bucket::default();
    let mut log = |region: &str, delivered: &str, id: &str, time: &str| {
        bucket.log("AWSLogs/", ACCOUNT, region, delivered, id, time);
    };
    log("eu-west-1", "20251231T2350Z", "old", "2025-12-31T23:45:00Z");
    log("eu-west-1", "20260102T0255Z", "before", "2026-01-02T02:50:00Z");
    log("eu-west-1", "20260102T0305Z", "early", "2026-01-02T02:59:59Z");
    log("eu-west-1", "20260102T0310Z", "in", "2026-01-02T03:04:05Z");
    log("eu-west-1", "20260103T0310Z", "late", "2026-01-02T04:04:05Z");
    log("eu-west-1", "20260105T0310Z", "next", "2026-01-05T03:04:05Z");
    log("us-east-1", "20260102T0310Z", "home", "2026-01-02T03:04:05Z");
    for region in ["ap-south-1", "eu-west-2", "eu-west-3"] {
        log(region, "20260102T0310Z", region, "2026-01-02T03:04:05Z");
    }
    let source = bucket.logs("");
    let mut recorded = RecordingSink::default();
    let wanted = window("2026-01-02T03:00:00Z", "2026-01-02T05:00:00Z");
    let resources = [ResourceQuery { scope: Scope::new(ACCOUNT, "eu-west-1"), names: vec![] }].into();
    assert_eq!(block_on(source.about(&resources, wanted, &mut recorded)), vec![]);
    assert_eq!(recorded.ids(), "home in late");
    for unopened in ["Z_old", "Z_before", "Z_next", "eu-west-2_"] {
        assert_eq!(bucket.asked(unopened), 0, "{unopened}");
    }
    // Global services log at home.
    let global = scopes(&[(ACCOUNT, GLOBAL)]);
    block_on(source.writes(&global, wanted, &mut recorded));
    assert_eq!(recorded.events.len(), 3, "it was given");
    let (ids, _) = read(&bucket.logs(""), &global);
    assert_eq!(ids, "home");
}

#[test]
fn few_regions_are_all_read() {
    let mut bucket = Bucket::default();
    for region in ["eu-west-1", "ap-south-1"] {
        bucket.log("AWSLogs/", ACCOUNT, region, "20260102T0310Z", region, "2026-01-02T03:04:05Z");
    }
    assert_eq!(read(&bucket.logs(""), &scopes(&[(ACCOUNT, "eu-west-1")])).0, "ap-south-1 eu-west-1");
    let (_, gaps) = read(&bucket.logs(""), &scopes(&[(ACCOUNT, "eu-north-1")]));
    assert!(gaps.len() == 1 && gaps[0].detail.contains("eu-north-1"), "{gaps:#?}");
}

#[test]
fn a_broken_file_is_named_and_the_others_are_read() {
    let mut bucket = Bucket::default();
    let mut log =
        |minute: &str, id: &str| bucket.log("AWSLogs/", ACCOUNT, "eu-west-1", minute, id, "2026-01-02T03:04:05Z");
    let (half, foreign) = (log("20260102T0310Z", "half"), log("20260102T0311Z", "foreign"));
    log("20260102T0312Z", "good");
    let denied = log("20260102T0313Z", "denied");
    log("20260102T0314Z", "last");
    let whole = bucket.objects[&half].clone().unwrap();
    bucket.put(&half, &whole[..whole.len() - 12]);
    bucket.put(&foreign, "<html>");
    let refused = SourceError { reason: GapReason::Denied, action: "s3:GetObject", detail: "s3:GetObject: no".into() };
    bucket.objects.insert(denied.clone(), Err(refused));
    let source = bucket.logs("");
    let (ids, gaps) = read(&source, &scopes(&[(ACCOUNT, "eu-west-1")]));
    assert!(ids.contains("good") && ids.contains("last"), "{ids}");
    let messages: Vec<_> = gaps.iter().map(|gap| (gap.reason, gap.detail.as_str())).collect();
    assert_eq!(messages.len(), 3, "{messages:#?}");
    for (reason, key) in
        [(GapReason::Denied, &denied), (GapReason::Unreadable, &half), (GapReason::Unreadable, &foreign)]
    {
        assert!(
            messages.iter().any(|(messages, detail)| *messages == reason && detail.contains(key.as_str())),
            "{messages:#?}"
        );
    }
    assert_eq!(gaps[0].scope.action.as_deref(), Some("s3:GetObject"));
    // What may be readable one day is before the position; what never will be is behind it.
    let position = serde_json::to_string(&source.position()).unwrap();
    assert!(position.contains("Z_good"), "{position}");
}

#[test]
fn resumed_where_it_ended() {
    let mut bucket = Bucket::default();
    let log = |bucket: &mut Bucket, minute: &str, id: &str| {
        bucket.log("AWSLogs/", ACCOUNT, "eu-west-1", minute, id, "2026-01-02T03:04:05Z");
    };
    for (minute, id) in [("20260102T0310Z", "a"), ("20260102T0320Z", "b"), ("20260102T0430Z", "c")] {
        log(&mut bucket, minute, id);
    }
    let wanted = scopes(&[(ACCOUNT, "eu-west-1")]);
    let source = bucket.logs("");
    assert_eq!(read(&source, &wanted).0, "a b c");
    let kept = serde_json::to_string(&source.position()).unwrap();
    log(&mut bucket, "20260102T0425Z", "slow");
    log(&mut bucket, "20260102T0440Z", "d");
    let again = bucket.logs("").resumed(serde_json::from_str(&kept).unwrap());
    assert_eq!(read(&again, &wanted).0, "c d slow", "what appeared out of order is not lost");
    assert_eq!(
        again
            .position()
            .after(&LogFolder {
                prefix: format!("AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/"),
                scope: Scope::new(ACCOUNT, "eu-west-1"),
            })
            .unwrap()
            .rsplit('_')
            .next(),
        Some("20260102T0410Z")
    );
}

#[test]
fn a_session_is_sought_near_and_then_far() {
    let mut bucket = Bucket::default();
    let began = |id: &str, key: &str| {
        let mut record = a_record(id, "2026-01-01T09:00:01Z");
        record["eventSource"] = json!("sts.amazonaws.com");
        record["eventName"] = json!("AssumeRole");
        record["readOnly"] = json!(true);
        record["responseElements"] = json!({"credentials": {"accessKeyId": key}});
        packed(&json!({"Records": [record]}).to_string())
    };
    let regions = ["ap-south-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "us-east-1"];
    let key = |region: &str| {
        format!(
            "AWSLogs/{ACCOUNT}/CloudTrail/{region}/2026/01/01/{ACCOUNT}_CloudTrail_{region}_20260101T0905Z_x.json.gz"
        )
    };
    for region in regions {
        bucket.put(&key(region), began(region, &format!("ASIA-{region}")));
    }
    let session = |region: &str| SessionQuery {
        scope: Scope::new(ACCOUNT, "eu-west-1"),
        access_key: Some(format!("ASIA-{region}")),
        principal_id: "AROA1:bob".to_owned(),
        created: "2026-01-01T09:00:00Z".parse().unwrap(),
    };
    let sought = |region: &str| {
        let mut recorded = RecordingSink::default();
        bucket.asked.lock().unwrap().clear();
        assert_eq!(block_on(bucket.logs("").sessions(&[session(region)].into(), &mut recorded)), vec![]);
        (recorded.ids().contains(region), bucket.asked("get "))
    };
    assert_eq!(sought("eu-west-1"), (true, 2));
    assert_eq!(sought("us-east-1"), (true, 2));
    assert_eq!(sought("eu-north-1"), (true, 6));
    let nobody = SessionQuery { scope: Scope::new("999999999999", "eu-west-1"), ..session("x") };
    assert_eq!(block_on(bucket.logs("").sessions(&[nobody].into(), &mut RecordingSink::default())), vec![]);
}

//! A trail in a bucket, of one account or of an organization: what of other accounts and regions is found there.

use std::collections::BTreeMap;

use futures::{StreamExt as _, stream};

use super::*;
use crate::attribution::source::SourceError;
use crate::attribution::source::s3::{Keys, LogStore, Pieces, S3Logs};

const MEMBER: &str = "222222222222";

/// Key -> log file.
#[derive(Default, Clone)]
struct Bucket(BTreeMap<String, String>);

impl Bucket {
    /// The log of one record, delivered some minutes after it.
    fn log(&mut self, before: &str, account: &str, record: &Value) {
        let (region, time) = (record["awsRegion"].as_str().unwrap(), record["eventTime"].as_str().unwrap());
        let day = time.get(..10).unwrap().replace('-', "/");
        let at = format!("{}T{}5Z", day.replace('/', ""), time.get(11..15).unwrap().replace(':', ""));
        let key = format!(
            "{before}{account}/CloudTrail/{region}/{day}/{account}_CloudTrail_{region}_{at}_{}.json",
            record["eventID"].as_str().unwrap().replace(':', "")
        );
        let mut record = record.clone();
        record["recipientAccountId"] = json!(account);
        self.0.insert(key, json!({"Records": [record]}).to_string());
    }

    fn source(&self, prefix: &str) -> Box<dyn EventSource> {
        Box::new(S3Logs::new(Box::new(self.clone()), "logs", prefix, "us-east-1"))
    }
}

#[async_trait]
impl LogStore for Bucket {
    async fn folders(&self, _: &str, prefix: &str) -> Result<Vec<String>, SourceError> {
        let inside = self.0.keys().filter_map(|key| key.strip_prefix(prefix)?.split_once('/'));
        let names: BTreeSet<String> = inside.map(|(name, _)| name.to_owned()).collect();
        Ok(names.into_iter().collect())
    }

    async fn keys(&self, _: &str, prefix: &str, after: &str) -> Result<Keys, SourceError> {
        let keys = self.0.keys().filter(|key| key.starts_with(prefix) && key.as_str() > after);
        Ok(Keys { keys: keys.cloned().collect(), more: false })
    }

    async fn get(&self, _: &str, key: &str) -> Result<Pieces, SourceError> {
        let body = self.0[key].clone();
        Ok(stream::iter([Ok(body.into())]).boxed())
    }
}

/// The account that owns a role knows of a caller of another account only that; the caller's own record is in the same trail.
#[test]
fn the_callers_half_of_a_call_across_accounts() {
    let ops = session("ops", "x7f3a912");
    let shared = |by: Value, id: &str| {
        let mut record = begins(by, &ops);
        record["sharedEventID"] = json!("s-1");
        record["eventID"] = json!(id);
        record
    };
    let foreign = json!({"type": "AWSAccount", "principalId": "AIDAzoe", "accountId": MEMBER});
    let zoe = json!({"type": "IAMUser", "principalId": "AIDAzoe", "arn": format!("arn:aws:iam::{MEMBER}:user/zoe"),
        "accountId": MEMBER, "userName": "zoe", "accessKeyId": "AKIA0000000000000ZOE"});
    let drifts = [instance("i-0aaaaaaaa", "eu-central-1")];
    for home in ["us-east-1", "eu-north-1"] {
        let before = "AWSLogs/o-ab12/";
        let mut bucket = Bucket::default();
        bucket.log(before, ACCOUNT, &terminated(ops.clone(), "i-0aaaaaaaa", "eu-central-1"));
        bucket.log(before, ACCOUNT, &shared(foreign.clone(), "half"));
        let asked = |bucket: &Bucket| {
            let found = ask_source(&drifts, bucket.source(""), None);
            let who = found.who[0].as_ref().unwrap()[0].clone();
            (who.actor.unwrap().name, who.confidence, who.cautions)
        };
        let (name, _, cautions) = asked(&bucket);
        assert_eq!((name, cautions), (format!("account {MEMBER}"), vec![Caution::OtherAccount]));
        // Somewhere else than the call, in an account that no drift lies in, among regions that nobody asked for.
        let mut whole = shared(zoe.clone(), "whole");
        whole["awsRegion"] = json!(home);
        bucket.log(before, MEMBER, &whole);
        for region in ["ap-south-1", "eu-west-1", "eu-west-2", "eu-west-3"] {
            bucket.log(before, MEMBER, &record(region, user("other"), region, "ec2:CreateVpc", json!({})));
        }
        assert_eq!(asked(&bucket), ("zoe".to_owned(), Confidence::Certain, vec![]), "{home}");
    }
}

#[test]
fn who_reads_every_region_of_a_trail_or_says_which_it_did_not() {
    let regions = ["ap-south-1", "eu-central-1", "eu-north-1", "eu-west-1", "sa-east-1", "us-east-1"];
    let mut bucket = Bucket::default();
    for (at, region) in regions.iter().enumerate() {
        bucket.log("AWSLogs/", ACCOUNT, &terminated(user("eve"), &format!("i-0{at:08}"), region));
    }
    let listed = |prefix: &str| {
        let found = ask_source(&[], bucket.source(prefix), Some("eve"));
        let gaps: Vec<String> = found.gaps.into_iter().map(|gap| gap.detail).collect();
        (found.activity.len(), gaps)
    };
    for prefix in ["", "AWSLogs", &format!("AWSLogs/{ACCOUNT}"), &format!("AWSLogs/{ACCOUNT}/CloudTrail")] {
        assert_eq!(listed(prefix), (regions.len(), vec![]), "{prefix}");
    }
    let (count, gaps) = listed(&format!("AWSLogs/{ACCOUNT}/CloudTrail/eu-central-1"));
    assert_eq!(count, 1);
    assert!(gaps.iter().any(|detail| detail.contains("leads to eu-central-1 alone")), "{gaps:#?}");
}

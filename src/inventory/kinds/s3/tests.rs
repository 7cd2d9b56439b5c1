//! Tests of what the kinds of S3 share.

use aws_smithy_types::body::SdkBody;

use super::*;

#[test]
fn ids_come_apart() {
    let id = |bucket, owner, name| PartId { bucket, owner, name };
    assert_eq!(PartId::parse("b.x"), id("b.x", "", ""));
    assert_eq!(PartId::parse("b,123456789012"), id("b", "123456789012", ""));
    assert_eq!(PartId::parse("b,public-read"), id("b", "", "public-read"));
    assert_eq!(PartId::parse("b,123456789012,private"), id("b", "123456789012", "private"));
    assert_eq!(PartId::parse("b:EntireBucket"), id("b", "", "EntireBucket"));
}

#[test]
fn an_answer_without_its_part_is_no_absence() {
    let policy = |answer: Option<GetBucketPolicyOutput>| {
        let policy = part("s3:GetBucketPolicy", &answer, GetBucketPolicyOutput::policy)?;
        Ok::<_, ReadError>(policy.map(str::to_owned))
    };
    assert_eq!(policy(None), Ok(None));
    let answer = GetBucketPolicyOutput::builder();
    assert_eq!(policy(Some(answer.clone().policy("{}").build())), Ok(Some("{}".to_owned())));
    assert!(policy(Some(answer.build())).is_err());
}

#[test]
fn locations_of_old() {
    assert_eq!(location(None, "aws"), "us-east-1");
    assert_eq!(location(None, "aws-eusc"), "eusc-de-east-1");
    assert_eq!(location(Some(&BucketLocationConstraint::Eu), "aws"), "eu-west-1");
    assert_eq!(location(Some(&"eu-central-1".into()), "aws"), "eu-central-1");
}

#[test]
fn a_bucket_of_another_region_exists() {
    let located = |status: u16, region: Option<&'static str>| {
        let mut answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
        if let Some(region) = region {
            answer.headers_mut().insert("x-amz-bucket-region", region);
        }
        elsewhere(Some(&answer))
    };
    assert_eq!(located(301, Some("eu-west-1")), Some(Some("eu-west-1".to_owned())));
    assert_eq!(located(301, None), Some(None));
    assert_eq!(located(400, Some("eu-west-1")), Some(Some("eu-west-1".to_owned())));
    assert_eq!(located(400, None), None);
    assert_eq!(located(403, Some("eu-west-1")), None);
    assert_eq!(located(404, None), None);
    assert_eq!(elsewhere(None), None);
}

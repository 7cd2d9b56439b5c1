//! `aws_s3_access_point`: listed by account and region; the public access block and the policy of a desired one are
//! calls of their own. Access points of Outposts have an ARN as id and are in no listing.

use async_trait::async_trait;
use aws_sdk_s3control::operation::get_access_point::GetAccessPointOutput;
use aws_sdk_s3control::types::{AccessPoint, VpcConfiguration};
use serde_json::{Value, json};

use super::s3;
use crate::inventory::value::attributes;
use crate::inventory::{Kind, ListRequest, Listed, ReadError, Region, not_found};
use crate::model::{Arn, Attributes, CompareRules, Desired, Live, Owner, arn};

pub(super) struct AwsS3AccessPoint;

#[async_trait]
impl Kind for AwsS3AccessPoint {
    fn name(&self) -> &'static str {
        "aws_s3_access_point"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["s3:ListAccessPoints", "s3:GetAccessPoint", "s3:GetAccessPointPolicy"]
    }

    fn compare_rules(&self) -> CompareRules {
        // Whether the policy is public is AWS's conclusion from the policy.
        CompareRules { not_returned: &["has_public_access_policy"], policies: &["policy"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &Region, request: ListRequest<'_>) -> Result<Listed, ReadError> {
        let reads = request.desired.iter().map(|desired| (*desired, read(aws, &desired.id)));
        let mut found = s3::each(reads.collect()).await;
        if request.unmanaged {
            let strangers = listed(aws).await?.into_iter();
            found.live.extend(strangers.filter(|live| !request.desired.iter().any(|desired| desired.id == live.id)));
        }
        Ok(found)
    }

    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError> {
        let (account, name) = parse(aws, &desired.id);
        let call = aws.s3control.get_access_point().account_id(account).name(name).send();
        Ok(not_found(aws.call("s3:GetAccessPoint", call).await, &["NoSuchAccessPoint"])?.is_some())
    }
}

/// Account and name (or ARN) that an id names.
fn parse<'a>(aws: &'a Region, id: &'a str) -> (&'a str, &'a str) {
    if arn::is_arn(id) {
        return (arn::account(id).unwrap_or(&aws.account), id);
    }
    id.split_once(':').unwrap_or((&aws.account, id))
}

/// The access points of the account in this region.
async fn listed(aws: &Region) -> Result<Vec<Live>, ReadError> {
    let call = aws.s3control.list_access_points().account_id(&aws.account).max_results(1000);
    let pages = aws.pages("s3:ListAccessPoints", call.into_paginator().send()).await?;
    let points = pages.into_iter().flat_map(|page| page.access_point_list.unwrap_or_default());
    Ok(points.filter(|point| is_here(aws, point)).map(|point| listed_one(aws, &point)).collect())
}

fn is_here(aws: &Region, point: &AccessPoint) -> bool {
    point.access_point_arn().and_then(Arn::parse).is_none_or(|arn| arn.region == aws.name)
}

fn listed_one(aws: &Region, point: &AccessPoint) -> Live {
    let id = format!("{}:{}", aws.account, point.name());
    let values = json!({
        "account_id": aws.account,
        "alias": point.alias(),
        "arn": point.access_point_arn(),
        "bucket": point.bucket(),
        "bucket_account_id": point.bucket_account_id(),
        "id": id,
        "name": point.name(),
        "network_origin": point.network_origin().as_str(),
        "vpc_configuration": point.vpc_configuration().map(|it| [vpc(it)]),
    });
    Live { id, attributes: attributes(values), owner: Owner::None }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetAccessPoint.html>
async fn read(aws: &Region, id: &str) -> Result<Option<Attributes>, ReadError> {
    let (account, name) = parse(aws, id);
    let call = aws.s3control.get_access_point().account_id(account).name(name).send();
    let answer = not_found(aws.call("s3:GetAccessPoint", call).await, &["NoSuchAccessPoint"])?;
    let Some(point) = answer else { return Ok(None) };
    let call = aws.s3control.get_access_point_policy().account_id(account).name(name).send();
    let answer = aws.call("s3:GetAccessPointPolicy", call).await;
    let policy = not_found(answer, &["NoSuchAccessPointPolicy", "NoSuchAccessPoint"])?;
    let mut attributes = details(aws, id, account, &point);
    attributes.insert("policy".to_owned(), json!(policy.as_ref().and_then(|answer| answer.policy())));
    Ok(Some(attributes))
}

fn details(aws: &Region, id: &str, account: &str, point: &GetAccessPointOutput) -> Attributes {
    let name = point.name().unwrap_or_default();
    let outpost = id.starts_with("arn:");
    let (arn, bucket) = if outpost {
        let bucket = format!("bucket/{}", point.bucket().unwrap_or_default());
        (id.to_owned(), id.replacen(&format!("accesspoint/{name}"), &bucket, 1))
    } else {
        let service = point.access_point_arn().and_then(Arn::parse).map_or("s3", |arn| arn.service);
        let arn = format!("arn:{}:{service}:{}:{account}:accesspoint/{name}", aws.partition, aws.name);
        (arn, point.bucket().unwrap_or_default().to_owned())
    };
    let block = point.public_access_block_configuration();
    attributes(json!({
        "account_id": account,
        "alias": point.alias(),
        "arn": arn,
        "bucket": bucket,
        "bucket_account_id": point.bucket_account_id(),
        "domain_name": format!("{name}-{account}.s3-accesspoint.{}.{}", aws.name, s3::dns_suffix(aws)),
        "endpoints": point.endpoints(),
        "id": id,
        "name": name,
        "network_origin": point.network_origin().map(|owner| owner.as_str()),
        "public_access_block_configuration": block.map(|block| [json!({
            "block_public_acls": block.block_public_acls(),
            "block_public_policy": block.block_public_policy(),
            "ignore_public_acls": block.ignore_public_acls(),
            "restrict_public_buckets": block.restrict_public_buckets(),
        })]),
        "vpc_configuration": point.vpc_configuration().map(|it| [vpc(it)]),
    }))
}

fn vpc(vpc: &VpcConfiguration) -> Value {
    json!({ "vpc_id": vpc.vpc_id() })
}

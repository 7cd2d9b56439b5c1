//! `aws_s3_access_point`: listed by account and region; the public access block and the policy of a declared one are
//! calls of their own. Access points of Outposts have an ARN as id and are in no listing.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3control::operation::get_access_point::GetAccessPointOutput;
use aws_sdk_s3control::types::{AccessPoint, VpcConfiguration};
use serde_json::{Value, json};

use super::s3;
use crate::aws::{ReadError, not_found};
use crate::inventory::value::{self, attributes, text};
use crate::inventory::{Completion, Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Arn, Attributes, CompareRules, Live, Owner, PriorState, arn};

pub(super) struct AwsS3AccessPoint;

#[async_trait]
impl Kind for AwsS3AccessPoint {
    fn name(&self) -> &'static str {
        "aws_s3_access_point"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["s3:ListAccessPoints", "s3:GetAccessPoint", "s3:GetAccessPointPolicy", "s3:ListTagsForResource"]
    }

    fn compare_rules(&self) -> CompareRules {
        // Whether the policy is public is AWS's conclusion from the policy.
        CompareRules { not_returned: &["has_public_access_policy"], policies: &["policy"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let live = if request.unmanaged { listed(aws).await? } else { Vec::new() };
        Ok(Listed { live, ..Listed::one_by_one() })
    }

    async fn complete(&self, aws: &ScopeReader, prior: &PriorState<'_>, live: &mut Live) -> Completion {
        let point = match get(aws, prior.id).await {
            Ok(point) => point,
            Err(error) => return Completion::Partly(vec![error]),
        };
        let Some(point) = point.as_ref() else { return Completion::Gone };
        live.attributes.extend(details(aws, prior.id, point));
        let mut errors = Vec::new();
        // Tags came with provider 6; where the state has none nobody has to be asked.
        let state = prior.attributes();
        let has_tags = state.contains_key("tags") || state.contains_key("tags_all");
        let tags = async {
            if has_tags { tags(aws, prior.id, text(&live.attributes, "arn")).await } else { Ok(Attributes::new()) }
        };
        for part in [policy(aws, prior.id).await, tags.await] {
            match part {
                Ok(part) => live.attributes.extend(part),
                Err(error) => errors.push(error),
            }
        }
        Completion::of(errors)
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let point = get(aws, prior.id).await?;
        Ok(point.as_ref().as_ref().map(|point| {
            let attributes = summary(aws, prior.id, point);
            Live { id: prior.id.to_owned(), attributes, owner: Owner::None }
        }))
    }
}

/// Account and name (or ARN) that an id names.
fn parse<'a>(aws: &'a ScopeReader, id: &'a str) -> (&'a str, &'a str) {
    if arn::is_arn(id) {
        return (arn::account(id).unwrap_or(&aws.account), id);
    }
    id.split_once(':').unwrap_or((&aws.account, id))
}

/// The access points of the account in this region.
async fn listed(aws: &ScopeReader) -> Result<Vec<Live>, ReadError> {
    let call = aws.s3control().list_access_points().account_id(&aws.account).max_results(1000);
    let pages = aws.pages("s3:ListAccessPoints", call.into_paginator().send()).await?;
    let points = pages.into_iter().flat_map(|page| page.access_point_list.unwrap_or_default());
    Ok(points.filter(|point| is_here(aws, point)).map(|point| listed_one(aws, point)).collect())
}

fn is_here(aws: &ScopeReader, point: &AccessPoint) -> bool {
    point.access_point_arn().and_then(Arn::parse).is_none_or(|arn| arn.region == aws.region)
}

fn listed_one(aws: &ScopeReader, point: AccessPoint) -> Live {
    let id = format!("{}:{}", aws.account, point.name());
    let point = GetAccessPointOutput::builder()
        .set_access_point_arn(point.access_point_arn)
        .set_alias(point.alias)
        .bucket(point.bucket)
        .set_bucket_account_id(point.bucket_account_id)
        .name(point.name)
        .network_origin(point.network_origin)
        .set_vpc_configuration(point.vpc_configuration)
        .build();
    Live { attributes: summary(aws, &id, &point), id, owner: Owner::None }
}

/// `None`: it does not exist. <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetAccessPoint.html>
async fn get(aws: &ScopeReader, id: &str) -> Result<Arc<Option<GetAccessPointOutput>>, ReadError> {
    const ACTION: &str = "s3:GetAccessPoint";
    let (account, name) = parse(aws, id);
    let read = || async {
        let call = aws.s3control().get_access_point().account_id(account).name(name).send();
        not_found(aws.call(ACTION, call).await, &["NoSuchAccessPoint"])
    };
    Box::pin(aws.cached_for(ACTION, id, read)).await
}

async fn policy(aws: &ScopeReader, id: &str) -> Result<Attributes, ReadError> {
    let (account, name) = parse(aws, id);
    let call = aws.s3control().get_access_point_policy().account_id(account).name(name).send();
    let answer = aws.call("s3:GetAccessPointPolicy", call).await;
    let policy = not_found(answer, &["NoSuchAccessPointPolicy", "NoSuchAccessPoint"])?;
    Ok(attributes(json!({ "policy": policy.as_ref().and_then(|answer| answer.policy()) })))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_ListTagsForResource.html>
async fn tags(aws: &ScopeReader, id: &str, arn: &str) -> Result<Attributes, ReadError> {
    let (account, _) = parse(aws, id);
    let call = aws.s3control().list_tags_for_resource().account_id(account).resource_arn(arn).send();
    let answer = aws.call("s3:ListTagsForResource", call).await?;
    Ok(attributes(json!({ "tags_all": value::tags(answer.tags().iter().map(|tag| (tag.key(), tag.value()))) })))
}

/// What the listing shows, too.
fn summary(aws: &ScopeReader, id: &str, point: &GetAccessPointOutput) -> Attributes {
    let (account, _) = parse(aws, id);
    let name = point.name().unwrap_or_default();
    let outpost = arn::is_arn(id);
    let (arn, bucket) = if outpost {
        let bucket = format!("bucket/{}", point.bucket().unwrap_or_default());
        (id.to_owned(), id.replacen(&format!("accesspoint/{name}"), &bucket, 1))
    } else {
        let service = point.access_point_arn().and_then(Arn::parse).map_or("s3", |arn| arn.service);
        let arn = format!("arn:{}:{service}:{}:{account}:accesspoint/{name}", aws.partition, aws.region);
        (arn, point.bucket().unwrap_or_default().to_owned())
    };
    attributes(json!({
        "account_id": account,
        "alias": point.alias(),
        "arn": arn,
        "bucket": bucket,
        "bucket_account_id": point.bucket_account_id(),
        "id": id,
        "name": name,
        "network_origin": point.network_origin().map(|origin| origin.as_str()),
        "vpc_configuration": point.vpc_configuration().map(|it| [vpc(it)]),
    }))
}

/// What only GetAccessPoint shows, and the summary as it has it: a listing may leave fields out.
fn details(aws: &ScopeReader, id: &str, point: &GetAccessPointOutput) -> Attributes {
    let (account, _) = parse(aws, id);
    let name = point.name().unwrap_or_default();
    let block = point.public_access_block_configuration();
    let mut values = summary(aws, id, point);
    values.extend(attributes(json!({
        "domain_name": format!("{name}-{account}.s3-accesspoint.{}.{}", aws.region, s3::dns_suffix(aws)),
        "endpoints": point.endpoints(),
        "public_access_block_configuration": block.map(|block| [json!({
            "block_public_acls": block.block_public_acls(),
            "block_public_policy": block.block_public_policy(),
            "ignore_public_acls": block.ignore_public_acls(),
            "restrict_public_buckets": block.restrict_public_buckets(),
        })]),
    })));
    values
}

fn vpc(vpc: &VpcConfiguration) -> Value {
    json!({ "vpc_id": vpc.vpc_id() })
}

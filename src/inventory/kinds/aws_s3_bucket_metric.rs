//! `aws_s3_bucket_metric`: one of a bucket's request metrics, by its name.

use async_trait::async_trait;
use aws_sdk_s3::types::{MetricsConfiguration, MetricsFilter};
use serde_json::{Value, json};

use super::s3::{self, BucketPart, PartId, Strangers};
use crate::aws::{ReadError, not_found};
use crate::inventory::ScopeReader;
use crate::inventory::value::attributes;
use crate::model::Attributes;

pub(super) struct AwsS3BucketMetric;

const ACTION: &str = "s3:GetMetricsConfiguration";

#[async_trait]
impl BucketPart for AwsS3BucketMetric {
    fn name(&self) -> &'static str {
        "aws_s3_bucket_metric"
    }

    fn actions(&self) -> &'static [&'static str] {
        &[ACTION, "s3:GetBucketLocation", "s3:ListAllMyBuckets"]
    }

    fn strangers(&self) -> Strangers {
        Strangers::Several
    }

    /// One permission is for both calls, that for one and that for all.
    async fn ids(&self, aws: &ScopeReader, bucket: &str) -> Result<Vec<String>, ReadError> {
        s3::configuration_ids!(aws, bucket, ACTION, list_bucket_metrics_configurations, metrics_configuration_list)
    }

    async fn read(&self, aws: &ScopeReader, id: &PartId<'_>) -> Result<Option<Attributes>, ReadError> {
        let client = s3::client(aws, id.bucket).await?;
        let call = client.get_bucket_metrics_configuration().bucket(id.bucket).id(id.name).send();
        let answer = not_found(aws.call(ACTION, call).await, &["NoSuchConfiguration"])?;
        Ok(s3::part(ACTION, &answer, |it| it.metrics_configuration())?.map(map))
    }
}

fn map(configuration: &MetricsConfiguration) -> Attributes {
    attributes(json!({
        "filter": configuration.filter().map(|it| [filter(it)]),
        "name": configuration.id(),
    }))
}

/// One block, whether AWS has its conditions alone or within an `And`.
fn filter(filter: &MetricsFilter) -> Value {
    match filter {
        MetricsFilter::AccessPointArn(arn) => json!({ "access_point": arn }),
        MetricsFilter::And(and) => json!({
            "access_point": and.access_point_arn(),
            "prefix": and.prefix(),
            "tags": s3::tag_map(and.tags()),
        }),
        MetricsFilter::Prefix(prefix) => json!({ "prefix": prefix }),
        MetricsFilter::Tag(tag) => json!({ "tags": s3::tag_map(std::slice::from_ref(tag)) }),
        _ => json!({}),
    }
}

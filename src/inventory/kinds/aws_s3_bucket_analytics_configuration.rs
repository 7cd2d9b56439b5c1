//! `aws_s3_bucket_analytics_configuration`: one of a bucket's analyses, by its name. It may send what it finds to any bucket.

use async_trait::async_trait;
use aws_sdk_s3::types::{AnalyticsConfiguration, AnalyticsFilter, StorageClassAnalysisDataExport};
use serde_json::{Value, json};

use super::s3::{self, BucketPart, PartId, Strangers};
use crate::aws::{ReadError, not_found};
use crate::inventory::ScopeReader;
use crate::inventory::value::attributes;
use crate::model::Attributes;

pub(super) struct AwsS3BucketAnalyticsConfiguration;

const ACTION: &str = "s3:GetAnalyticsConfiguration";

#[async_trait]
impl BucketPart for AwsS3BucketAnalyticsConfiguration {
    fn name(&self) -> &'static str {
        "aws_s3_bucket_analytics_configuration"
    }

    fn actions(&self) -> &'static [&'static str] {
        &[ACTION, "s3:GetBucketLocation", "s3:ListAllMyBuckets"]
    }

    fn strangers(&self) -> Strangers {
        Strangers::Several
    }

    /// One permission is for both calls, that for one and that for all.
    async fn ids(&self, aws: &ScopeReader, bucket: &str) -> Result<Vec<String>, ReadError> {
        s3::configuration_ids!(aws, bucket, ACTION, list_bucket_analytics_configurations, analytics_configuration_list)
    }

    async fn read(&self, aws: &ScopeReader, id: &PartId<'_>) -> Result<Option<Attributes>, ReadError> {
        let client = s3::client(aws, id.bucket).await?;
        let call = client.get_bucket_analytics_configuration().bucket(id.bucket).id(id.name).send();
        let answer = not_found(aws.call(ACTION, call).await, &["NoSuchConfiguration"])?;
        Ok(s3::part(ACTION, &answer, |it| it.analytics_configuration())?.map(map))
    }
}

fn map(configuration: &AnalyticsConfiguration) -> Attributes {
    // An analysis that exports nothing is no block to the provider: `internal/service/s3/bucket_analytics_configuration.go`.
    let export = configuration.storage_class_analysis().and_then(|analysis| analysis.data_export());
    attributes(json!({
        "filter": configuration.filter().map(|it| [filter(it)]),
        "name": configuration.id(),
        "storage_class_analysis": export.map(|it| [json!({ "data_export": [data_export(it)] })]),
    }))
}

/// One block, whether AWS has its conditions alone or within an `And`.
fn filter(filter: &AnalyticsFilter) -> Value {
    match filter {
        AnalyticsFilter::And(and) => json!({ "prefix": and.prefix(), "tags": s3::tag_map(and.tags()) }),
        AnalyticsFilter::Prefix(prefix) => json!({ "prefix": prefix, "tags": {} }),
        AnalyticsFilter::Tag(tag) => json!({ "tags": s3::tag_map(std::slice::from_ref(tag)) }),
        _ => json!({}),
    }
}

fn data_export(export: &StorageClassAnalysisDataExport) -> Value {
    let bucket = export.destination().and_then(|destination| destination.s3_bucket_destination());
    let bucket = bucket.map(|to| {
        json!({
            "bucket_account_id": to.bucket_account_id(),
            "bucket_arn": to.bucket(),
            "format": to.format().as_str(),
            "prefix": to.prefix(),
        })
    });
    json!({
        "destination": [{ "s3_bucket_destination": bucket.map(|bucket| [bucket]) }],
        "output_schema_version": export.output_schema_version().as_str(),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::StorageClassAnalysis;

    use super::*;

    #[test]
    fn an_analysis_without_export_is_no_block() {
        let analysis = StorageClassAnalysis::builder().build();
        let configuration = AnalyticsConfiguration::builder()
            .id("all")
            .filter(AnalyticsFilter::Prefix("logs/".to_owned()))
            .storage_class_analysis(analysis)
            .build()
            .unwrap();
        let found = map(&configuration);
        assert_eq!(found["filter"], json!([{ "prefix": "logs/", "tags": {} }]));
        assert_eq!((&found["name"], &found["storage_class_analysis"]), (&json!("all"), &Value::Null));
    }
}

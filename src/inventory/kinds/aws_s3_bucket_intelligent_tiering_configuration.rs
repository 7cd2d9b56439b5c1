//! `aws_s3_bucket_intelligent_tiering_configuration`: one of a bucket's tierings, by its name.

use async_trait::async_trait;
use aws_sdk_s3::types::{IntelligentTieringConfiguration, IntelligentTieringFilter};
use serde_json::{Value, json};

use super::s3::{self, BucketPart, PartId, Strangers};
use crate::aws::{ReadError, not_found};
use crate::inventory::ScopeReader;
use crate::inventory::value::attributes;
use crate::model::Attributes;

pub(super) struct AwsS3BucketIntelligentTieringConfiguration;

const ACTION: &str = "s3:GetIntelligentTieringConfiguration";

#[async_trait]
impl BucketPart for AwsS3BucketIntelligentTieringConfiguration {
    fn name(&self) -> &'static str {
        "aws_s3_bucket_intelligent_tiering_configuration"
    }

    fn actions(&self) -> &'static [&'static str] {
        &[ACTION, "s3:GetBucketLocation", "s3:ListAllMyBuckets"]
    }

    fn strangers(&self) -> Strangers {
        Strangers::Several
    }

    /// One permission is for both calls, that for one and that for all.
    async fn ids(&self, aws: &ScopeReader, bucket: &str) -> Result<Vec<String>, ReadError> {
        s3::configuration_ids!(
            aws,
            bucket,
            ACTION,
            list_bucket_intelligent_tiering_configurations,
            intelligent_tiering_configuration_list
        )
    }

    async fn read(&self, aws: &ScopeReader, id: &PartId<'_>) -> Result<Option<Attributes>, ReadError> {
        let client = s3::client(aws, id.bucket).await?;
        let call = client.get_bucket_intelligent_tiering_configuration().bucket(id.bucket).id(id.name).send();
        let answer = not_found(aws.call(ACTION, call).await, &["NoSuchConfiguration"])?;
        let tiering = s3::part(ACTION, &answer, |it| it.intelligent_tiering_configuration())?;
        Ok(tiering.map(map))
    }
}

fn map(configuration: &IntelligentTieringConfiguration) -> Attributes {
    let tierings = configuration.tierings().iter();
    let tierings = tierings.map(|tier| json!({ "access_tier": tier.access_tier().as_str(), "days": tier.days() }));
    attributes(json!({
        "filter": configuration.filter().map(|it| [filter(it)]),
        "name": configuration.id(),
        "status": configuration.status().as_str(),
        "tiering": Value::from_iter(tierings),
    }))
}

/// One block, whether AWS has its conditions alone or within an `And`.
fn filter(filter: &IntelligentTieringFilter) -> Value {
    match filter.and() {
        Some(and) => json!({ "prefix": and.prefix(), "tags": s3::tag_map(and.tags()) }),
        None => {
            json!({ "prefix": filter.prefix(), "tags": s3::tag_map(filter.tag().map_or(&[], std::slice::from_ref)) })
        }
    }
}

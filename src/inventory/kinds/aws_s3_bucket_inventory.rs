//! `aws_s3_bucket_inventory`: one of a bucket's inventories, by its name.

use async_trait::async_trait;
use aws_sdk_s3::types::{InventoryConfiguration, InventoryEncryption, InventoryS3BucketDestination};
use serde_json::{Value, json};

use super::s3::{self, BucketPart, PartId, Strangers};
use crate::aws::{ReadError, not_found};
use crate::inventory::ScopeReader;
use crate::inventory::value::attributes;
use crate::model::Attributes;

pub(super) struct AwsS3BucketInventory;

const ACTION: &str = "s3:GetInventoryConfiguration";

#[async_trait]
impl BucketPart for AwsS3BucketInventory {
    fn name(&self) -> &'static str {
        "aws_s3_bucket_inventory"
    }

    fn actions(&self) -> &'static [&'static str] {
        &[ACTION, "s3:GetBucketLocation", "s3:ListAllMyBuckets"]
    }

    fn strangers(&self) -> Strangers {
        Strangers::Several
    }

    /// One permission is for both calls, that for one and that for all.
    async fn ids(&self, aws: &ScopeReader, bucket: &str) -> Result<Vec<String>, ReadError> {
        s3::configuration_ids!(aws, bucket, ACTION, list_bucket_inventory_configurations, inventory_configuration_list)
    }

    async fn read(&self, aws: &ScopeReader, id: &PartId<'_>) -> Result<Option<Attributes>, ReadError> {
        let client = s3::client(aws, id.bucket).await?;
        let call = client.get_bucket_inventory_configuration().bucket(id.bucket).id(id.name).send();
        let answer = not_found(aws.call(ACTION, call).await, &["NoSuchConfiguration"])?;
        let inventory = s3::part(ACTION, &answer, |it| it.inventory_configuration())?;
        Ok(inventory.map(map))
    }
}

fn map(inventory: &InventoryConfiguration) -> Attributes {
    let fields = inventory.optional_fields().iter().map(|field| field.as_str());
    let bucket = inventory.destination().and_then(|destination| destination.s3_bucket_destination());
    attributes(json!({
        "destination": [{ "bucket": bucket.map(|bucket| [destination(bucket)]) }],
        "enabled": inventory.is_enabled(),
        "filter": inventory.filter().map(|filter| [json!({ "prefix": filter.prefix() })]),
        "included_object_versions": inventory.included_object_versions().as_str(),
        "name": inventory.id(),
        "optional_fields": Value::from_iter(fields),
        "schedule": inventory.schedule().map(|schedule| [json!({ "frequency": schedule.frequency().as_str() })]),
    }))
}

fn destination(bucket: &InventoryS3BucketDestination) -> Value {
    json!({
        "account_id": bucket.account_id(),
        "bucket_arn": bucket.bucket(),
        "encryption": bucket.encryption().map(|it| [encryption(it)]),
        "format": bucket.format().as_str(),
        "prefix": bucket.prefix(),
    })
}

fn encryption(encryption: &InventoryEncryption) -> Value {
    json!({
        "sse_kms": encryption.ssekms().map(|kms| [json!({ "key_id": kms.key_id() })]),
        "sse_s3": encryption.sses3().map(|_| [json!({})]),
    })
}

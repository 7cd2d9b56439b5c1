//! `aws_ebs_snapshot`: the account's own ones. Snapshots under an AMI are the AMI's; backup services' are theirs.
//! Without unmanaged resources to look for, only the declared ones are asked for: accounts hold very many.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, Image, Snapshot};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;

use super::ec2::single;
use super::{aws_ami, network};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{CompareRules, Live, Owner, PriorState};

const DESCRIBE: &str = "ec2:DescribeSnapshots";

/// Values in one filter, the API's limit:
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html>
const FILTER_VALUES: usize = 200;

pub(super) struct AwsEbsSnapshot;

#[async_trait]
impl Kind for AwsEbsSnapshot {
    fn name(&self) -> &'static str {
        "aws_ebs_snapshot"
    }

    fn actions(&self) -> &'static [&'static str] {
        &[DESCRIBE, "ec2:DescribeImages"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: &["permanent_restore", "temporary_restore_days"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if !request.unmanaged {
            let snapshots = named(aws, request.desired).await?;
            return Ok(snapshots.iter().map(|one| live(aws, one, &HashMap::new())).collect());
        }
        let all = aws.ec2().describe_snapshots().owner_ids("self").into_paginator().page_size(1000).items().send();
        let (snapshots, images) = futures::try_join!(aws.pages(DESCRIBE, all), aws_ami::own(aws))?;
        let under_images = under_images(&images);
        Ok(snapshots.iter().map(|snapshot| live(aws, snapshot, &under_images)).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let Some(snapshot) = single::snapshot(aws, prior.id).await? else { return Ok(None) };
        let filter = network::filter("block-device-mapping.snapshot-id", prior.id);
        let images = aws.ec2().describe_images().owners("self").filters(filter).into_paginator().items().send();
        let images = aws.pages(aws_ami::DESCRIBE, images).await?;
        Ok(Some(live(aws, &snapshot, &under_images(&images))))
    }
}

/// Snapshot -> the image that it is under.
fn under_images(images: &[Image]) -> HashMap<&str, &str> {
    let images = images.iter().flat_map(|image| {
        let id = image.image_id().unwrap_or_default();
        image.block_device_mappings().iter().filter_map(move |device| Some((device.ebs()?.snapshot_id()?, id)))
    });
    images.collect()
}

/// The declared ones by a filter, which leaves out what does not exist instead of failing.
async fn named(aws: &ScopeReader, desired: &[PriorState<'_>]) -> Result<Vec<Snapshot>, ReadError> {
    let pages = desired.chunks(FILTER_VALUES).map(|chunk| {
        let ids = chunk.iter().map(|prior| prior.id.to_owned()).collect();
        let filter = Filter::builder().name("snapshot-id").set_values(Some(ids)).build();
        aws.pages(DESCRIBE, aws.ec2().describe_snapshots().filters(filter).into_paginator().items().send())
    });
    let pages: Vec<_> = pages.collect();
    stream::iter(pages).buffer_unordered(8).try_concat().await
}

fn live(aws: &ScopeReader, snapshot: &Snapshot, under_images: &HashMap<&str, &str>) -> Live {
    let id = snapshot.snapshot_id().unwrap_or_default();
    let values = json!({
        // Without account, as the provider writes it.
        "arn": format!("arn:{}:ec2:{}::snapshot/{id}", aws.partition, aws.region),
        "data_encryption_key_id": snapshot.data_encryption_key_id(),
        "description": snapshot.description(),
        "encrypted": snapshot.encrypted(),
        "id": id,
        "kms_key_id": snapshot.kms_key_id(),
        "outpost_arn": snapshot.outpost_arn(),
        "owner_alias": snapshot.owner_alias(),
        "owner_id": snapshot.owner_id(),
        "storage_tier": snapshot.storage_tier().map(|tier| tier.as_str()),
        "tags_all": ec2_tags(snapshot.tags()),
        "volume_id": snapshot.volume_id(),
        "volume_size": snapshot.volume_size(),
    });
    // `self` in the listing is the account; emulators answer with everybody's.
    let owner = match network::owner(aws, snapshot.owner_id()) {
        Owner::None => owner_of(snapshot, under_images),
        other => other,
    };
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}

fn owner_of(snapshot: &Snapshot, under_images: &HashMap<&str, &str>) -> Owner {
    if let Some(image) = snapshot.snapshot_id().and_then(|id| under_images.get(id)) {
        return Owner::Parent { kind: "aws_ami", id: (*image).to_owned() };
    }
    aws_ami::backup(snapshot.tags())
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::Tag;

    use super::*;

    #[test]
    fn images_and_backups_own_their_snapshots() {
        let images = HashMap::from([("snap-1", "ami-1")]);
        let tagged = |id: &str, key: &str| {
            Snapshot::builder().snapshot_id(id).tags(Tag::builder().key(key).value("x").build()).build()
        };
        assert_eq!(
            owner_of(&tagged("snap-1", "Name"), &images),
            Owner::Parent { kind: "aws_ami", id: "ami-1".to_owned() }
        );
        assert_eq!(owner_of(&tagged("snap-2", "Name"), &images), Owner::None);
        assert!(matches!(owner_of(&tagged("snap-2", "aws:backup:source-resource"), &images), Owner::Aws(_)));
        let policy = Owner::Maker { kind: "aws_dlm_lifecycle_policy", id: "x".to_owned() };
        assert_eq!(owner_of(&tagged("snap-2", "aws:dlm:lifecycle-policy-id"), &images), policy);
    }
}

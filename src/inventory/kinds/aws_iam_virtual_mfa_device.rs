//! `aws_iam_virtual_mfa_device`. Tags have no bulk form: one call each.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_iam::types::{Tag, VirtualMfaDevice};
use serde_json::json;

use super::iam::{PAGE, all};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, iam_tags, time};
use crate::inventory::{Completion, Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{CompareRules, Live, Owner, PriorState};

pub(super) struct AwsIamVirtualMfaDevice;

#[async_trait]
impl Kind for AwsIamVirtualMfaDevice {
    fn name(&self) -> &'static str {
        "aws_iam_virtual_mfa_device"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:ListMFADeviceTags", "iam:ListVirtualMFADevices"]
    }

    /// AWS shows the seed once, when the device is made.
    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: &["base_32_string_seed", "qr_code_png"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        Ok(devices(aws).await?.iter().map(live).collect())
    }

    async fn complete(&self, aws: &ScopeReader, _prior: &PriorState<'_>, live: &mut Live) -> Completion {
        let call = aws.iam().list_mfa_device_tags().serial_number(&live.id).into_paginator();
        let read = all(aws, "iam:ListMFADeviceTags", &live.id, call.items().send()).await;
        let more = |tags: &Vec<Tag>| attributes(json!({ "tags_all": iam_tags(tags) }));
        Completion::extend(live, read.map(|tags| tags.as_ref().as_ref().map(more)))
    }

    async fn complete_undeclared(&self, aws: &ScopeReader, live: &mut Live) -> Completion {
        let id = live.id.clone();
        self.complete(aws, &PriorState::new(&id, None), live).await
    }

    /// AWS reads no virtual device by its serial number (GetMFADevice takes FIDO keys only): the account's are shared.
    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        Ok(devices(aws).await?.iter().find(|device| device.serial_number() == prior.id).map(live))
    }
}

async fn devices(aws: &ScopeReader) -> Result<Arc<Vec<VirtualMfaDevice>>, ReadError> {
    const ACTION: &str = "iam:ListVirtualMFADevices";
    let call = aws.iam().list_virtual_mfa_devices().max_items(PAGE).into_paginator();
    aws.cached(ACTION, || aws.pages(ACTION, call.items().send())).await
}

/// The serial number is the ARN: `arn:aws:iam::123456789012:mfa/PATH/NAME`. Root's device cannot be managed by
/// Terraform.
fn live(device: &VirtualMfaDevice) -> Live {
    let arn = device.serial_number();
    let resource = arn.split_once(":mfa").map_or("", |(_, resource)| resource);
    let (path, name) = resource.rsplit_once('/').unwrap_or_default();
    let user = device.user();
    let values = json!({
        "arn": arn,
        "enable_date": time(device.enable_date()),
        "id": arn,
        "path": format!("{path}/"),
        "serial_number": arn,
        "user_name": user.map(|user| user.user_name()),
        "virtual_mfa_device_name": name,
    });
    let root = user.is_some_and(|user| user.arn().ends_with(":root")) || name == "root-account-mfa-device";
    let owner = if root { Owner::Aws("MFA device of the root user") } else { Owner::None };
    Live { id: arn.to_owned(), attributes: attributes(values), owner }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_name_come_from_the_serial_number() {
        let device = |arn: &str| VirtualMfaDevice::builder().serial_number(arn).build().unwrap();
        let plain = live(&device("arn:aws:iam::123456789012:mfa/ana"));
        assert_eq!(
            (&plain.attributes["path"], &plain.attributes["virtual_mfa_device_name"]),
            (&json!("/"), &json!("ana"))
        );
        let deep = live(&device("arn:aws:iam::123456789012:mfa/a/b/ana"));
        assert_eq!(
            (&deep.attributes["path"], &deep.attributes["virtual_mfa_device_name"]),
            (&json!("/a/b/"), &json!("ana"))
        );
        let root = live(&device("arn:aws:iam::123456789012:mfa/root-account-mfa-device"));
        assert!(matches!(root.owner, Owner::Aws(_)));
    }
}

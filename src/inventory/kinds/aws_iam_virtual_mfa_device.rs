//! `aws_iam_virtual_mfa_device`. Tags have no bulk form: one call each, for the desired ones.

use async_trait::async_trait;
use aws_sdk_iam::types::VirtualMfaDevice;
use serde_json::json;

use super::iam::{PAGE, existing, with_details};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, iam_tags, time};
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, Owner, PriorState};

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

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let live = devices(aws).await?.iter().map(live).collect();
        Ok(with_details(live, request, |serial| tags(aws, serial)).await)
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        Ok(devices(aws).await?.iter().any(|device| device.serial_number() == desired.id))
    }
}

async fn devices(aws: &ScopeReader) -> Result<Vec<VirtualMfaDevice>, ReadError> {
    let call = aws.iam().list_virtual_mfa_devices().max_items(PAGE).into_paginator();
    aws.pages("iam:ListVirtualMFADevices", call.items().send()).await
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
        "user_name": user.map(|user| user.user_name()),
        "virtual_mfa_device_name": name,
    });
    let root = user.is_some_and(|user| user.arn().ends_with(":root")) || name == "root-account-mfa-device";
    let owner = if root { Owner::Aws("MFA device of the root user") } else { Owner::None };
    Live { id: arn.to_owned(), attributes: attributes(values), owner }
}

async fn tags(aws: &ScopeReader, serial: String) -> Result<Option<Attributes>, ReadError> {
    let call = aws.iam().list_mfa_device_tags().serial_number(serial).into_paginator();
    let Some(tags) = existing(aws.pages("iam:ListMFADeviceTags", call.items().send()).await)? else { return Ok(None) };
    Ok(Some(attributes(json!({ "tags_all": iam_tags(&tags) }))))
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

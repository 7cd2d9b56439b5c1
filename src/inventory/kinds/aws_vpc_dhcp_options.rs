//! `aws_vpc_dhcp_options`. The set that every region starts with is AWS's own.

use async_trait::async_trait;
use aws_sdk_ec2::types::DhcpOptions;
use serde_json::json;

use super::ec2::{self, single};
use super::network;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Live, Owner, PriorState};

pub(super) struct AwsVpcDhcpOptions;

#[async_trait]
impl Kind for AwsVpcDhcpOptions {
    fn name(&self) -> &'static str {
        "aws_vpc_dhcp_options"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeDhcpOptions"]
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        Ok(ec2::dhcp_options(aws).await?.iter().map(|options| live(aws, options)).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        Ok(single::dhcp_options(aws, prior.id).await?.map(|options| live(aws, &options)))
    }
}

fn live(aws: &ScopeReader, options: &DhcpOptions) -> Live {
    let id = options.dhcp_options_id().unwrap_or_default();
    let list = |key: &str| values(options, key);
    let one = |key: &str| values(options, key).first().copied();
    let values = json!({
        "arn": network::arn(aws, options.owner_id(), &format!("dhcp-options/{id}")),
        "domain_name": one("domain-name"),
        "domain_name_servers": list("domain-name-servers"),
        "id": id,
        "ipv6_address_preferred_lease_time": one("ipv6-address-preferred-lease-time"),
        "netbios_name_servers": list("netbios-name-servers"),
        "netbios_node_type": one("netbios-node-type"),
        "ntp_servers": list("ntp-servers"),
        "owner_id": options.owner_id(),
        "tags_all": ec2_tags(options.tags()),
    });
    let own = if is_default(options, &aws.region) { Owner::Aws("default DHCP options") } else { Owner::None };
    let owner = network::owner_or(aws, options.owner_id(), own);
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}

fn values<'a>(options: &'a DhcpOptions, key: &str) -> Vec<&'a str> {
    let of_key = options.dhcp_configurations().iter().filter(|configuration| configuration.key() == Some(key));
    of_key.flat_map(|configuration| configuration.values()).filter_map(|value| value.value()).collect()
}

/// AWS marks the default set by nothing; it has these two options and no tag
/// (<https://docs.aws.amazon.com/vpc/latest/userguide/DHCPOptionSetConcepts.html>).
fn is_default(options: &DhcpOptions, region: &str) -> bool {
    let domain = if region == "us-east-1" { "ec2.internal".to_owned() } else { format!("{region}.compute.internal") };
    options.tags().is_empty()
        && options.dhcp_configurations().len() == 2
        && values(options, "domain-name") == [domain.as_str()]
        && values(options, "domain-name-servers") == ["AmazonProvidedDNS"]
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{AttributeValue, DhcpConfiguration, Tag};

    use super::*;

    fn set(domain: &str) -> aws_sdk_ec2::types::builders::DhcpOptionsBuilder {
        let one = |key: &str, value: &str| {
            DhcpConfiguration::builder().key(key).values(AttributeValue::builder().value(value).build()).build()
        };
        DhcpOptions::builder()
            .dhcp_configurations(one("domain-name", domain))
            .dhcp_configurations(one("domain-name-servers", "AmazonProvidedDNS"))
    }

    #[test]
    fn only_the_untagged_default_set_is_aws_own() {
        assert!(is_default(&set("ec2.internal").build(), "us-east-1"));
        assert!(is_default(&set("eu-west-1.compute.internal").build(), "eu-west-1"));
        assert!(!is_default(&set("corp.example").build(), "us-east-1"));
        let tagged = set("ec2.internal").tags(Tag::builder().key("Name").value("x").build()).build();
        assert!(!is_default(&tagged, "us-east-1"));
    }
}

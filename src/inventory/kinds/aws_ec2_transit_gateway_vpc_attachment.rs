//! `aws_ec2_transit_gateway_vpc_attachment`. Whether it hangs on the gateway's default route tables is read from these
//! tables: two calls per table, not two per attachment.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_ec2::types::{TransitGateway, TransitGatewayVpcAttachment};
use serde_json::{Value, json};

use super::{ec2, network};
use crate::aws::{ReadError, not_found};
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Live, Owner, PriorState};

pub(super) struct AwsEc2TransitGatewayVpcAttachment;

const ASSOCIATIONS: &str = "ec2:GetTransitGatewayRouteTableAssociations";
const PROPAGATIONS: &str = "ec2:GetTransitGatewayRouteTablePropagations";

#[async_trait]
impl Kind for AwsEc2TransitGatewayVpcAttachment {
    fn name(&self) -> &'static str {
        "aws_ec2_transit_gateway_vpc_attachment"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeTransitGatewayVpcAttachments", "ec2:DescribeTransitGateways", ASSOCIATIONS, PROPAGATIONS]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let mut found = Listed::default();
        let mut tables = DefaultTables::default();
        for attachment in ec2::transit_gateway_vpc_attachments(aws).await?.iter().filter(|one| is_there(one)) {
            let id = attachment.transit_gateway_attachment_id().unwrap_or_default();
            if !network::concerns(aws, &request, attachment.vpc_owner_id(), id) {
                continue;
            }
            let mut live = live(aws, attachment);
            if network::desired(&request, id).is_some() {
                for (name, kept) in [
                    ("transit_gateway_default_route_table_association", tables.associates(aws, attachment).await),
                    ("transit_gateway_default_route_table_propagation", tables.propagates(aws, attachment).await),
                ] {
                    match kept {
                        Ok(kept) => {
                            live.attributes.insert(name.to_owned(), Value::from(kept));
                        }
                        Err(error) => found.errors.push((Some(id.to_owned()), error)),
                    }
                }
            }
            found.live.push(live);
        }
        Ok(found)
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        let call =
            aws.ec2().describe_transit_gateway_vpc_attachments().transit_gateway_attachment_ids(&desired.id).send();
        let answer = aws.call("ec2:DescribeTransitGatewayVpcAttachments", call).await;
        Ok(not_found(answer, &["InvalidTransitGatewayAttachmentID.NotFound"])?
            .is_some_and(|answer| answer.transit_gateway_vpc_attachments().iter().any(is_there)))
    }
}

/// Over for good: <https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html#vpc-attachment-lifecycle>
fn is_there(attachment: &TransitGatewayVpcAttachment) -> bool {
    let state = attachment.state().map(|state| state.as_str()).unwrap_or_default();
    !network::gone(state) && !matches!(state, "failed" | "rejected")
}

fn live(aws: &ScopeReader, attachment: &TransitGatewayVpcAttachment) -> Live {
    let id = attachment.transit_gateway_attachment_id().unwrap_or_default();
    let options = attachment.options();
    let values = json!({
        "appliance_mode_support": options.and_then(|o| o.appliance_mode_support()).map(|switch| switch.as_str()),
        "arn": network::arn(aws, None, &format!("transit-gateway-attachment/{id}")),
        "dns_support": options.and_then(|o| o.dns_support()).map(|switch| switch.as_str()),
        "id": id,
        "ipv6_support": options.and_then(|o| o.ipv6_support()).map(|switch| switch.as_str()),
        "security_group_referencing_support":
            options.and_then(|o| o.security_group_referencing_support()).map(|switch| switch.as_str()),
        "subnet_ids": attachment.subnet_ids(),
        "tags_all": ec2_tags(attachment.tags()),
        "transit_gateway_id": attachment.transit_gateway_id(),
        "vpc_id": attachment.vpc_id(),
        "vpc_owner_id": attachment.vpc_owner_id(),
    });
    Live { id: id.to_owned(), attributes: attributes(values), owner: Owner::None }
}

/// Attachments by route table, each table read once.
#[derive(Default)]
struct DefaultTables {
    associations: BTreeMap<String, Result<BTreeSet<String>, ReadError>>,
    propagations: BTreeMap<String, Result<BTreeSet<String>, ReadError>>,
}

impl DefaultTables {
    async fn associates(&mut self, aws: &ScopeReader, one: &TransitGatewayVpcAttachment) -> Result<bool, ReadError> {
        let of = |gateway: &TransitGateway| gateway.options()?.association_default_route_table_id().map(str::to_owned);
        let table = match default_table(aws, one, of).await? {
            Table::OfOthers => return Ok(true),
            Table::None => return Ok(false),
            Table::Id(table) => table,
        };
        if !self.associations.contains_key(&table) {
            let attached = associations(aws, &table).await;
            self.associations.insert(table.clone(), attached);
        }
        holds(self.associations.get(&table), one)
    }

    async fn propagates(&mut self, aws: &ScopeReader, one: &TransitGatewayVpcAttachment) -> Result<bool, ReadError> {
        let of = |gateway: &TransitGateway| gateway.options()?.propagation_default_route_table_id().map(str::to_owned);
        let table = match default_table(aws, one, of).await? {
            Table::OfOthers => return Ok(true),
            Table::None => return Ok(false),
            Table::Id(table) => table,
        };
        if !self.propagations.contains_key(&table) {
            let attached = propagations(aws, &table).await;
            self.propagations.insert(table.clone(), attached);
        }
        holds(self.propagations.get(&table), one)
    }
}

enum Table {
    Id(String),
    None,
    /// The tables of a gateway that another account shares with us cannot be read: Terraform takes both for kept.
    OfOthers,
}

async fn default_table(
    aws: &ScopeReader,
    attachment: &TransitGatewayVpcAttachment,
    of: impl Fn(&TransitGateway) -> Option<String>,
) -> Result<Table, ReadError> {
    let gateways = ec2::transit_gateways(aws).await?;
    let gateway = gateways.iter().find(|gateway| gateway.transit_gateway_id() == attachment.transit_gateway_id());
    let missing =
        || ReadError::unexpected("ec2:DescribeTransitGateways", "the attachment's gateway is not in the listing");
    let gateway = gateway.ok_or_else(missing)?;
    if gateway.owner_id() != attachment.vpc_owner_id() {
        return Ok(Table::OfOthers);
    }
    Ok(of(gateway).filter(|id| !id.is_empty()).map_or(Table::None, Table::Id))
}

fn holds(
    attached: Option<&Result<BTreeSet<String>, ReadError>>,
    attachment: &TransitGatewayVpcAttachment,
) -> Result<bool, ReadError> {
    match attached {
        Some(Ok(ids)) => Ok(attachment.transit_gateway_attachment_id().is_some_and(|id| ids.contains(id))),
        Some(Err(error)) => Err(error.clone()),
        None => Ok(false),
    }
}

async fn associations(aws: &ScopeReader, table: &str) -> Result<BTreeSet<String>, ReadError> {
    let call = aws.ec2().get_transit_gateway_route_table_associations().transit_gateway_route_table_id(table);
    let pages = aws.pages(ASSOCIATIONS, call.into_paginator().page_size(1000).send()).await?;
    let all = pages.into_iter().flat_map(|page| page.associations.unwrap_or_default());
    let kept = all.filter(|one| one.state().is_none_or(|state| state.as_str() != "disassociated"));
    Ok(kept.filter_map(|one| one.transit_gateway_attachment_id).collect())
}

async fn propagations(aws: &ScopeReader, table: &str) -> Result<BTreeSet<String>, ReadError> {
    let call = aws.ec2().get_transit_gateway_route_table_propagations().transit_gateway_route_table_id(table);
    let pages = aws.pages(PROPAGATIONS, call.into_paginator().page_size(1000).send()).await?;
    let all = pages.into_iter().flat_map(|page| page.transit_gateway_route_table_propagations.unwrap_or_default());
    let kept = all.filter(|one| one.state().is_none_or(|state| state.as_str() != "disabled"));
    Ok(kept.filter_map(|one| one.transit_gateway_attachment_id).collect())
}

//! `aws_ec2_transit_gateway_vpc_attachment`. Whether it hangs on the gateway's default route tables is read from these
//! tables: two calls per table, not two per attachment.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ec2::types::{TransitGateway, TransitGatewayVpcAttachment};
use serde_json::{Value, json};

use super::ec2::{self, single};
use super::network;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags, text};
use crate::inventory::{Completion, Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Live, PriorState};

pub(super) struct AwsEc2TransitGatewayVpcAttachment;

const GATEWAYS: &str = "ec2:DescribeTransitGateways";
const ASSOCIATIONS: &str = "ec2:GetTransitGatewayRouteTableAssociations";
const PROPAGATIONS: &str = "ec2:GetTransitGatewayRouteTablePropagations";

#[async_trait]
impl Kind for AwsEc2TransitGatewayVpcAttachment {
    fn name(&self) -> &'static str {
        "aws_ec2_transit_gateway_vpc_attachment"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeTransitGatewayVpcAttachments", GATEWAYS, ASSOCIATIONS, PROPAGATIONS]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let attachments = ec2::transit_gateway_vpc_attachments(aws).await?;
        let there = attachments.iter().filter(|attachment| is_there(attachment));
        let listed: Listed = there.map(|attachment| live(aws, attachment)).collect();
        if listed.live.iter().any(|live| request.declares(&live.id)) {
            // For completing them: one listing instead of a call per gateway. What fails here fails there again.
            let _ = ec2::transit_gateways(aws).await;
        }
        Ok(listed)
    }

    async fn complete(&self, aws: &ScopeReader, _prior: &PriorState<'_>, live: &mut Live) -> Completion {
        let gateway = match gateway(aws, text(&live.attributes, "transit_gateway_id")).await {
            Ok(gateway) => gateway,
            Err(error) => return Completion::Partly(vec![error]),
        };
        let vpc_owner = live.attributes.get("vpc_owner_id").and_then(Value::as_str);
        let (associated, propagated) = if gateway.owner_id() == vpc_owner {
            futures::join!(is_associated(aws, &gateway, &live.id), is_propagated(aws, &gateway, &live.id))
        } else {
            // The tables of a gateway that another account shares with us cannot be read: Terraform takes both for kept.
            (Ok(true), Ok(true))
        };
        let mut errors = Vec::new();
        for (name, kept) in [
            ("transit_gateway_default_route_table_association", associated),
            ("transit_gateway_default_route_table_propagation", propagated),
        ] {
            match kept {
                Ok(kept) => {
                    live.attributes.insert(name.to_owned(), Value::from(kept));
                }
                Err(error) => errors.push(error),
            }
        }
        Completion::of(errors)
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let attachment = single::transit_gateway_vpc_attachment(aws, prior.id).await?;
        Ok(attachment.filter(|attachment| is_there(attachment)).map(|attachment| live(aws, &attachment)))
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
    let owner = network::owner(aws, attachment.vpc_owner_id());
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}

/// The gateway of an attachment, out of the listing where this cycle has it.
async fn gateway(aws: &ScopeReader, id: &str) -> Result<Arc<TransitGateway>, ReadError> {
    let gateway = match aws.already_read::<Vec<TransitGateway>>(GATEWAYS) {
        Some(all) => all.iter().find(|gateway| gateway.transit_gateway_id() == Some(id)).cloned().map(Arc::new),
        None => single::transit_gateway(aws, id).await?,
    };
    gateway.ok_or_else(|| ReadError::unexpected(GATEWAYS, "AWS does not show the attachment's gateway"))
}

/// Is the attachment associated with the gateway's default table?
async fn is_associated(aws: &ScopeReader, gateway: &TransitGateway, id: &str) -> Result<bool, ReadError> {
    let table = gateway.options().and_then(|options| options.association_default_route_table_id());
    match table.filter(|table| !table.is_empty()) {
        Some(table) => Ok(associations(aws, table).await?.contains(id)),
        None => Ok(false),
    }
}

/// Does the attachment propagate to the gateway's default table?
async fn is_propagated(aws: &ScopeReader, gateway: &TransitGateway, id: &str) -> Result<bool, ReadError> {
    let table = gateway.options().and_then(|options| options.propagation_default_route_table_id());
    match table.filter(|table| !table.is_empty()) {
        Some(table) => Ok(propagations(aws, table).await?.contains(id)),
        None => Ok(false),
    }
}

/// The attachments that are associated with a table, each table read once.
async fn associations(aws: &ScopeReader, table: &str) -> Result<Arc<BTreeSet<String>>, ReadError> {
    aws.cached_for(ASSOCIATIONS, table, || async {
        let call = aws.ec2().get_transit_gateway_route_table_associations().transit_gateway_route_table_id(table);
        let pages = aws.pages(ASSOCIATIONS, call.into_paginator().page_size(1000).send()).await?;
        let all = pages.into_iter().flat_map(|page| page.associations.unwrap_or_default());
        let kept = all.filter(|one| one.state().is_none_or(|state| state.as_str() != "disassociated"));
        Ok(kept.filter_map(|one| one.transit_gateway_attachment_id).collect())
    })
    .await
}

/// The attachments that propagate to a table, each table read once.
async fn propagations(aws: &ScopeReader, table: &str) -> Result<Arc<BTreeSet<String>>, ReadError> {
    aws.cached_for(PROPAGATIONS, table, || async {
        let call = aws.ec2().get_transit_gateway_route_table_propagations().transit_gateway_route_table_id(table);
        let pages = aws.pages(PROPAGATIONS, call.into_paginator().page_size(1000).send()).await?;
        let all = pages.into_iter().flat_map(|page| page.transit_gateway_route_table_propagations.unwrap_or_default());
        let kept = all.filter(|one| one.state().is_none_or(|state| state.as_str() != "disabled"));
        Ok(kept.filter_map(|one| one.transit_gateway_attachment_id).collect())
    })
    .await
}

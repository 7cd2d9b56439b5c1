//! `aws_ec2_transit_gateway_route`: a static route, id `tgw-rtb-..._CIDR`. Routes are searched table by table.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ec2::types::TransitGatewayRoute;
use futures::future::join_all;
use serde_json::json;

use super::network;
use crate::aws::{ReadError, not_found};
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, OwnedField, Owner, PriorState, cidr};

pub(super) struct AwsEc2TransitGatewayRoute;

const TABLE: &str = "aws_ec2_transit_gateway_route_table";
const ACTION: &str = "ec2:SearchTransitGatewayRoutes";

#[async_trait]
impl Kind for AwsEc2TransitGatewayRoute {
    fn name(&self) -> &'static str {
        "aws_ec2_transit_gateway_route"
    }

    fn actions(&self) -> &'static [&'static str] {
        &[ACTION]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { normalize: Some(normalize), ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let mut by_table: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for prior in request.desired {
            if let Some((table, _)) = prior.id.split_once('_') {
                by_table.entry(table).or_default().push(prior.id);
            }
        }
        let read = by_table.into_iter().map(|(table, ids)| async move { (ids, search(aws, table, None).await) });
        let mut found = Listed::default();
        for (ids, routes) in join_all(read).await {
            match routes {
                // What stands past a truncated search is found by the second look of each route: never missing.
                Ok(routes) => found.live.extend(ids.iter().filter_map(|id| live(id, &routes))),
                Err(error) => found.errors.extend(ids.iter().map(|id| (Some((*id).to_owned()), error.clone()))),
            }
        }
        Ok(found)
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let Some((table, destination)) = prior.id.split_once('_') else {
            return Err(ReadError::unexpected(ACTION, "the id is not of the form TABLE_CIDR"));
        };
        Ok(live(prior.id, &search(aws, table, Some(destination)).await?))
    }

    fn unmanaged_children_of(&self) -> &'static [&'static str] {
        &[TABLE]
    }

    fn lists_children(&self) -> bool {
        false
    }

    async fn list_children(&self, aws: &ScopeReader, parent: &str) -> Result<Vec<Live>, ReadError> {
        let routes = search(aws, parent, None).await?;
        // Entries of a prefix list are the reference's: <https://docs.aws.amazon.com/vpc/latest/tgw/tgw-prefix-lists.html>
        let own = routes.iter().filter(|route| route.prefix_list_id().is_none_or(str::is_empty));
        let ids = own.filter_map(|route| Some(format!("{parent}_{}", route.destination_cidr_block()?)));
        Ok(ids.filter_map(|id| live(&id, &routes)).collect())
    }

    /// Tables do not show their routes: no more than the knowledge that somebody declares one.
    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let destination = cidr::canonical(text(attributes, "destination_cidr_block"));
        let parent_id = text(attributes, "transit_gateway_route_table_id").to_owned();
        vec![OwnedField { parent_kind: TABLE, parent_id, attribute: "routes", element: Some(destination.into()) }]
    }
}

/// The static routes of a table, or those to one destination; none when there is no such table. AWS answers with up
/// to 1,000 by default.
async fn search(aws: &ScopeReader, table: &str, to: Option<&str>) -> Result<Arc<Vec<TransitGatewayRoute>>, ReadError> {
    let name = format!("{table} {}", to.unwrap_or_default());
    aws.cached_for(ACTION, &name, || search_now(aws, table, to)).await
}

async fn search_now(aws: &ScopeReader, table: &str, to: Option<&str>) -> Result<Vec<TransitGatewayRoute>, ReadError> {
    let mut search = aws.ec2().search_transit_gateway_routes().transit_gateway_route_table_id(table);
    search = search.filters(network::filter("type", "static"));
    if let Some(destination) = to {
        search = search.filters(network::filter("route-search.exact-match", destination));
    }
    let routes = aws.pages(ACTION, search.into_paginator().items().send()).await;
    Ok(not_found(routes, &["InvalidRouteTableID.NotFound"])?.unwrap_or_default())
}

fn normalize(attributes: &mut Attributes) {
    network::canonicalise(attributes, "destination_cidr_block");
}

/// The route with this state id.
fn live(own_id: &str, routes: &[TransitGatewayRoute]) -> Option<Live> {
    let (table, destination) = own_id.split_once('_')?;
    let state = |route: &TransitGatewayRoute| route.state().map(|state| state.as_str().to_owned()).unwrap_or_default();
    let route = routes.iter().find(|route| {
        let same = |live| cidr::canonical(live) == cidr::canonical(destination);
        route.destination_cidr_block().is_some_and(same) && !network::gone(&state(route))
    })?;
    let attachment = route.transit_gateway_attachments().first();
    let values = json!({
        // Terraform's word for a route to nowhere; one whose attachment is lost keeps the attachment instead.
        "blackhole": attachment.is_none(),
        "destination_cidr_block": route.destination_cidr_block(),
        "id": own_id,
        "transit_gateway_attachment_id": attachment.and_then(|one| one.transit_gateway_attachment_id()),
        "transit_gateway_route_table_id": table,
    });
    let owner = Owner::Parent { kind: TABLE, id: table.to_owned() };
    Some(Live { id: own_id.to_owned(), attributes: attributes(values), owner })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{TransitGatewayRouteAttachment, TransitGatewayRouteState};

    use super::*;

    fn route(state: TransitGatewayRouteState) -> TransitGatewayRoute {
        TransitGatewayRoute::builder().destination_cidr_block("10.9.0.0/16").state(state).build()
    }

    #[test]
    fn a_deleted_route_is_none() {
        let id = "tgw-rtb-1_10.9.0.0/16";
        assert_eq!(live(id, &[route(TransitGatewayRouteState::Deleted)]), None);
        assert!(live(id, &[route(TransitGatewayRouteState::Active)]).is_some());
        assert_eq!(live("tgw-rtb-1_10.8.0.0/16", &[route(TransitGatewayRouteState::Active)]), None);
    }

    #[test]
    fn a_blackhole_is_a_route_without_attachment() {
        let id = "tgw-rtb-1_10.9.0.0/16";
        let hole = live(id, &[route(TransitGatewayRouteState::Blackhole)]).unwrap();
        assert_eq!(hole.attributes["blackhole"], true);
        let to = TransitGatewayRouteAttachment::builder().transit_gateway_attachment_id("tgw-attach-1").build();
        let mut lost = route(TransitGatewayRouteState::Blackhole);
        lost.transit_gateway_attachments = Some(vec![to]);
        let lost = live(id, &[lost]).unwrap();
        assert_eq!(lost.attributes["blackhole"], false);
        assert_eq!(lost.attributes["transit_gateway_attachment_id"], "tgw-attach-1");
    }
}

//! `aws_route`: one route of a table, found by table and destination (its state id is a hash). Owns its element
//! of the table's `route`.

use async_trait::async_trait;
use aws_sdk_ec2::types::RouteTable;
use serde_json::{Value, json};

use super::ec2::{self, single};
use super::{network, routes};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, OwnedField, Owner, PriorState};

pub(super) struct AwsRoute;

/// Destinations: here, and in the table's `route`.
const DESTINATIONS: [(&str, &str); 3] = [
    ("destination_cidr_block", "cidr_block"),
    ("destination_ipv6_cidr_block", "ipv6_cidr_block"),
    ("destination_prefix_list_id", "destination_prefix_list_id"),
];

#[async_trait]
impl Kind for AwsRoute {
    fn name(&self) -> &'static str {
        "aws_route"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeRouteTables"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { normalize: Some(normalize), ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let tables = ec2::route_tables(aws).await?;
        let found = request.desired.iter().filter_map(|prior| {
            let known = prior.attributes();
            let table = tables.iter().find(|table| table.route_table_id() == Some(text(&known, "route_table_id")))?;
            live(prior.id, &known, table)
        });
        Ok(found.collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let known = prior.attributes();
        let table = text(&known, "route_table_id");
        if table.is_empty() || DESTINATIONS.iter().all(|(name, _)| text(&known, name).is_empty()) {
            return Err(ReadError::unexpected("ec2:DescribeRouteTables", "the state names no table or no destination"));
        }
        Ok(single::route_table(aws, table).await?.and_then(|table| live(prior.id, &known, &table)))
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let destinations = DESTINATIONS.iter().map(|(own, parents)| (*parents, text(attributes, own)));
        let targets = routes::TARGETS.iter().map(|name| (*name, text(attributes, name)));
        let members = destinations.chain(targets).filter(|(_, value)| !value.is_empty());
        let element = Value::Object(members.map(|(name, value)| (name.to_owned(), Value::from(value))).collect());
        let part = |parent_kind| OwnedField {
            parent_kind,
            parent_id: text(attributes, "route_table_id").to_owned(),
            attribute: "route",
            element: Some(element.clone()),
        };
        vec![part("aws_route_table"), part("aws_default_route_table")]
    }
}

fn normalize(attributes: &mut Attributes) {
    network::canonicalise(attributes, "destination_ipv6_cidr_block");
}

/// The route of the table to the known destination, if there is one.
fn live(id: &str, known: &Attributes, table: &RouteTable) -> Option<Live> {
    let route = routes::find(table, known)?;
    let table = table.route_table_id().unwrap_or_default();
    let values = json!({
        "destination_cidr_block": route.destination_cidr_block(),
        "destination_ipv6_cidr_block": route.destination_ipv6_cidr_block(),
        "destination_prefix_list_id": route.destination_prefix_list_id(),
        "id": id,
        "instance_id": route.instance_id(),
        "instance_owner_id": route.instance_owner_id(),
        "origin": route.origin().map(|origin| origin.as_str()),
        "route_table_id": table,
        "state": route.state().map(|state| state.as_str()),
    });
    let mut attributes = attributes(values);
    attributes.extend(routes::members(route).map(|(name, value)| (name.to_owned(), Value::from(value))));
    Some(Live { id: id.to_owned(), attributes, owner: Owner::Parent { kind: "aws_route_table", id: table.to_owned() } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaks_for_an_element_of_its_table() {
        let known = attributes(json!({
            "route_table_id": "rtb-1", "destination_cidr_block": "0.0.0.0/0", "destination_ipv6_cidr_block": "",
            "nat_gateway_id": "nat-1", "network_interface_id": "", "instance_id": "",
        }));
        let parts = AwsRoute.owned_fields(&known);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].parent_id, "rtb-1");
        assert_eq!(parts[0].element, Some(json!({"cidr_block": "0.0.0.0/0", "nat_gateway_id": "nat-1"})));
    }
}

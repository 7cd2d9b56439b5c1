//! `aws_route_table_association`: of a subnet or a gateway with a table. Out of the listing of route tables.

use async_trait::async_trait;
use aws_sdk_ec2::types::{RouteTable, RouteTableAssociation};
use serde_json::json;

use super::ec2::{self, single};
use super::network;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, Live, OwnedField, Owner, PriorState};

pub(super) struct AwsRouteTableAssociation;

const TABLES: &[&str] = &["aws_default_route_table", "aws_route_table"];

#[async_trait]
impl Kind for AwsRouteTableAssociation {
    fn name(&self) -> &'static str {
        "aws_route_table_association"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeRouteTables"]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() && !request.unmanaged {
            return Ok(Listed::default());
        }
        let tables = ec2::route_tables(aws).await?;
        let named = |one: &&RouteTableAssociation| request.declares(id(one));
        let (declared, others): (Vec<_>, Vec<_>) = tables.iter().flat_map(associations).partition(named);
        Ok(declared.into_iter().map(live).chain(others.into_iter().filter_map(unmanaged)).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        if let Some((_, table)) = prior.id.split_once('/') {
            return Ok(self.list_children(aws, table).await?.into_iter().find(|live| live.id == prior.id));
        }
        let tables = tables_with(aws, prior.id).await?;
        Ok(tables.iter().flat_map(associations).map(live).find(|live| live.id == prior.id))
    }

    fn unmanaged_children_of(&self) -> &'static [&'static str] {
        TABLES
    }

    async fn list_children(&self, aws: &ScopeReader, parent: &str) -> Result<Vec<Live>, ReadError> {
        let table = single::route_table(aws, parent).await?;
        Ok(table.iter().flat_map(|table| associations(table)).filter_map(unmanaged).collect())
    }

    /// Tables do not show what is associated with them: no more than the knowledge that somebody declares it.
    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        let member = ["subnet_id", "gateway_id"].map(|name| text(attributes, name)).join("");
        let part = |parent_kind: &&'static str| OwnedField {
            parent_kind,
            parent_id: text(attributes, "route_table_id").to_owned(),
            attribute: "associations",
            element: Some(member.clone().into()),
        };
        TABLES.iter().map(part).collect()
    }
}

/// The tables that have this association: none when there is no such association.
pub(super) async fn tables_with(aws: &ScopeReader, id: &str) -> Result<Vec<RouteTable>, ReadError> {
    let filter = network::filter("association.route-table-association-id", id);
    let call = aws.ec2().describe_route_tables().filters(filter).send();
    let absent = ["InvalidAssociationID.NotFound"];
    ec2::items(aws, "ec2:DescribeRouteTables", call, &absent, |answer| answer.route_tables).await
}

pub(super) fn associations(table: &RouteTable) -> impl Iterator<Item = &RouteTableAssociation> {
    table.associations().iter().filter(|association| is_there(association))
}

fn is_there(association: &RouteTableAssociation) -> bool {
    association.association_state().and_then(|state| state.state()).is_none_or(|s| s.as_str() != "disassociated")
}

fn id(association: &RouteTableAssociation) -> &str {
    association.route_table_association_id().unwrap_or_default()
}

/// One that nobody declares has the id that `terraform import` takes, `SUBNET/TABLE` or `GATEWAY/TABLE`. The main association of a
/// VPC has neither subnet nor gateway: the VPC shows it.
fn unmanaged(association: &RouteTableAssociation) -> Option<Live> {
    let member = association.subnet_id().or(association.gateway_id()).filter(|_| association.main() != Some(true))?;
    let id = format!("{member}/{}", association.route_table_id().unwrap_or_default());
    Some(Live { id, ..live(association) })
}

fn live(association: &RouteTableAssociation) -> Live {
    let id = association.route_table_association_id().unwrap_or_default();
    let table = association.route_table_id().unwrap_or_default();
    let values = json!({
        "gateway_id": association.gateway_id(),
        "id": id,
        "route_table_id": table,
        "subnet_id": association.subnet_id(),
    });
    let owner = Owner::Parent { kind: "aws_route_table", id: table.to_owned() };
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}

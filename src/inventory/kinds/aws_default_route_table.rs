//! `aws_default_route_table`: the table that came with a VPC, adopted by Terraform. Reads like `aws_route_table`; a
//! stranger is never unmanaged under this name.

use async_trait::async_trait;
use serde_json::Value;

use super::routes;
use crate::aws::ReadError;
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, PriorState};

pub(super) struct AwsDefaultRouteTable;

#[async_trait]
impl Kind for AwsDefaultRouteTable {
    fn name(&self) -> &'static str {
        "aws_default_route_table"
    }

    fn actions(&self) -> &'static [&'static str] {
        routes::ACTIONS
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { normalize: Some(routes::normalize), ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        if request.desired.is_empty() {
            return Ok(Listed::default());
        }
        let mut found = routes::tables(aws, &request, |_, desired| desired.is_some()).await?;
        for live in &mut found.live {
            live.attributes.insert("default_route_table_id".to_owned(), Value::from(live.id.clone()));
            keep_known_members(&mut live.attributes);
        }
        Ok(found)
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        Ok(routes::find_table(aws, &desired.id).await?.is_some())
    }
}

/// A default table's routes have no carrier and no local gateway in the provider's schema, but an (unused) instance.
/// A route that has such a target keeps it: better seen than lost.
fn keep_known_members(attributes: &mut Attributes) {
    let routes = attributes.get_mut("route").and_then(Value::as_array_mut);
    for route in routes.into_iter().flatten().filter_map(Value::as_object_mut) {
        for name in ["carrier_gateway_id", "local_gateway_id"] {
            if route.get(name).and_then(Value::as_str) == Some("") {
                route.remove(name);
            }
        }
        route.insert("instance_id".to_owned(), Value::from(""));
    }
}

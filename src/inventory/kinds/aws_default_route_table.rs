//! `aws_default_route_table`: the table that came with a VPC, adopted by Terraform. Reads like `aws_route_table`; none
//! is unmanaged under this name.

use async_trait::async_trait;
use serde_json::Value;

use super::{network, routes};
use crate::aws::ReadError;
use crate::inventory::{Completion, Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, PriorState};

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
        let listed = routes::list(aws, request, |id| request.declares(id)).await?;
        Ok(Listed { live: listed.live.into_iter().map(adopted).collect(), ..listed })
    }

    async fn complete(&self, aws: &ScopeReader, _prior: &PriorState<'_>, live: &mut Live) -> Completion {
        routes::complete(aws, live).await
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        Ok(routes::read(aws, prior).await?.map(adopted))
    }
}

fn adopted(table: Live) -> Live {
    let mut live = network::adopted("aws_route_table", table);
    live.attributes.insert("default_route_table_id".to_owned(), Value::from(live.id.clone()));
    keep_known_members(&mut live.attributes);
    live
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

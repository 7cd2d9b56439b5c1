//! Routes as Terraform shows them: in `aws_route_table.route`, in `aws_default_route_table.route` and as `aws_route`.

use std::collections::{HashMap, HashSet};

use aws_sdk_ec2::types::{NetworkInterface, Route, RouteOrigin, RouteTable, Vpc};
use serde_json::{Map, Value, json};

use super::ec2::{self, single};
use super::network;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, ec2_tags, text};
use crate::inventory::{Completion, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, Live, Owner, PriorState, cidr};

/// What [`list`], [`complete`] and [`read`] need.
pub(super) const ACTIONS: &[&str] = &["ec2:DescribeRouteTables", "ec2:DescribeNetworkInterfaces", "ec2:DescribeVpcs"];

/// Targets that one element of a table's `route` can have, besides the destinations.
pub(super) const TARGETS: &[&str] = &[
    "carrier_gateway_id",
    "core_network_arn",
    "egress_only_gateway_id",
    "gateway_id",
    "local_gateway_id",
    "nat_gateway_id",
    "network_interface_id",
    "odb_network_arn",
    "transit_gateway_id",
    "vpc_endpoint_id",
    "vpc_peering_connection_id",
];

/// Route tables, with their routes; `keep` says by the id which.
pub(super) async fn list(
    aws: &ScopeReader,
    request: &ListRequest<'_>,
    keep: impl Fn(&str) -> bool,
) -> Result<Listed, ReadError> {
    let tables = ec2::route_tables(aws).await?;
    let kept = tables.iter().map(|table| (table, id(table))).filter(|(_, id)| keep(id));
    let mut listed: Listed = kept.map(|(table, id)| live(aws, table, request.prior(id).as_ref())).collect();
    // What `complete` needs for any of the declared ones, once for all of them. If this fails, it asks for one table alone.
    if listed.live.iter().any(|live| request.declares(&live.id) && !interfaces(&live.attributes).is_empty()) {
        let _ = ec2::network_interfaces(aws).await;
    }
    if request.unmanaged {
        fold_displaced(&tables, |id| request.declares(id), &mut listed.live);
        let mains: HashMap<&str, &RouteTable> =
            tables.iter().filter(|table| is_main(table)).map(|table| (id(table), table)).collect();
        for live in listed.live.iter_mut().filter(|live| !request.declares(&live.id) && may_be_altered(live)) {
            let Some(table) = mains.get(live.id.as_str()) else { continue };
            let judged = match ec2::vpcs(aws).await {
                Ok(vpcs) => {
                    let vpc = vpcs.iter().find(|vpc| vpc.vpc_id() == table.vpc_id());
                    alter(aws, live, table, vpc.is_some_and(is_default)).await
                }
                Err(error) => Err(error),
            };
            listed.errors.extend(judged.err().map(|error| (Some(live.id.clone()), error)));
        }
    }
    Ok(listed)
}

/// One table by a read of its own. Whether it was displaced as a VPC's main one (`fold_displaced`) cannot be seen from it: that
/// depends on what else is declared, which only a listing knows.
pub(super) async fn read(aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
    let Some(table) = single::route_table(aws, prior.id).await? else { return Ok(None) };
    let mut live = live(aws, &table, Some(prior));
    // One that is declared is compared.
    if is_main(&table)
        && prior.attributes().is_empty()
        && may_be_altered(&live)
        && let Some(vpc) = single::vpc(aws, table.vpc_id().unwrap_or_default()).await?
    {
        alter(aws, &mut live, &table, is_default(&vpc)).await?;
    }
    Ok(Some(live))
}

/// AWS makes default VPCs by itself, with a route to the internet.
fn is_default(vpc: &Vpc) -> bool {
    vpc.is_default() == Some(true)
}

/// It is this account's, and leads somewhere.
fn may_be_altered(table: &Live) -> bool {
    let routes = table.attributes.get("route").and_then(Value::as_array);
    matches!(table.owner, Owner::Parent { .. }) && routes.is_some_and(|routes| !routes.is_empty())
}

/// A main table that nobody declares: what leads elsewhere than into its VPC was added. Routes of services are not somebody's.
///
/// # Errors
/// Which routes are those of services, AWS did not say.
async fn alter(
    aws: &ScopeReader,
    live: &mut Live,
    table: &RouteTable,
    is_of_default_vpc: bool,
) -> Result<(), ReadError> {
    if is_of_default_vpc {
        return Ok(());
    }
    if let Completion::Partly(errors) = complete(aws, live).await
        && let Some(error) = errors.into_iter().next()
    {
        return Err(error);
    }
    if let altered @ Owner::Altered { .. } = made_with_vpc(table, &live.attributes) {
        live.owner = altered;
    }
    Ok(())
}

/// What a route server learned from its peers is nobody's by itself, either:
/// <https://docs.aws.amazon.com/vpc/latest/userguide/dynamic-routing-route-server.html>.
fn made_with_vpc(table: &RouteTable, attributes: &Attributes) -> Owner {
    let learned = table.routes().iter().filter(|route| route.origin() == Some(&RouteOrigin::Advertisement));
    let learned: Vec<Value> = learned.map(element).collect();
    network::made_with_vpc("main route table of a VPC", attributes, &["route"], |_, route| learned.contains(route))
}

/// Takes out the routes to interfaces of AWS services: the interfaces show which are.
pub(super) async fn complete(aws: &ScopeReader, live: &mut Live) -> Completion {
    let ids = interfaces(&live.attributes);
    if ids.is_empty() {
        return Completion::Whole;
    }
    match single::network_interfaces(aws, &ids).await {
        Ok(all) => {
            let foreign = foreign_interfaces(&all);
            if let Some(Value::Array(routes)) = live.attributes.get_mut("route") {
                routes.retain(|route| interface(route).is_none_or(|id| !foreign.contains(id)));
            }
            Completion::Whole
        }
        Err(error) => {
            live.attributes.remove("route");
            Completion::Partly(vec![error])
        }
    }
}

/// The interfaces that the table's shown routes lead to.
fn interfaces(table: &Attributes) -> Vec<&str> {
    table.get("route").and_then(Value::as_array).into_iter().flatten().filter_map(interface).collect()
}

fn interface(route: &Value) -> Option<&str> {
    route.get("network_interface_id").and_then(Value::as_str).filter(|id| !id.is_empty())
}

fn id(table: &RouteTable) -> &str {
    table.route_table_id().unwrap_or_default()
}

/// A table declared by Terraform that became a VPC's main one has displaced the table that came with the VPC: that one
/// stays behind, empty, untagged and unassociated, and nobody made it. AWS does not mark it; it is recognised by being the
/// only such table of its VPC.
fn fold_displaced(tables: &[RouteTable], declared: impl Fn(&str) -> bool, live: &mut [Live]) {
    let declared = |table: &&RouteTable| declared(id(table));
    for main in tables.iter().filter(|table| is_main(table)).filter(declared) {
        let left: Vec<_> = tables
            .iter()
            .filter(|table| table.vpc_id() == main.vpc_id() && is_untouched(table) && !declared(table))
            .map(id)
            .collect();
        if let ([only], Some(vpc)) = (left.as_slice(), main.vpc_id()) {
            for displaced in live.iter_mut().filter(|live| live.id == *only) {
                displaced.owner = Owner::Parent { kind: "aws_vpc", id: vpc.to_owned() };
            }
        }
    }
}

fn is_main(table: &RouteTable) -> bool {
    table.associations().iter().any(|association| association.main() == Some(true))
}

fn is_untouched(table: &RouteTable) -> bool {
    table.tags().is_empty()
        && table.associations().is_empty()
        && table.routes().iter().all(|route| route.gateway_id() == Some("local"))
}

/// The members of a route: targets under Terraform's names. A VPC endpoint stands in AWS's gateway id.
pub(super) fn members(route: &Route) -> [(&'static str, Option<&str>); 11] {
    let (endpoint, gateway) = match route.gateway_id() {
        Some(id) if id.starts_with("vpce-") => (Some(id), None),
        other => (None, other),
    };
    [
        ("carrier_gateway_id", route.carrier_gateway_id()),
        ("core_network_arn", route.core_network_arn()),
        ("egress_only_gateway_id", route.egress_only_internet_gateway_id()),
        ("gateway_id", gateway),
        ("local_gateway_id", route.local_gateway_id()),
        ("nat_gateway_id", route.nat_gateway_id()),
        ("network_interface_id", route.network_interface_id()),
        ("odb_network_arn", route.odb_network_arn()),
        ("transit_gateway_id", route.transit_gateway_id()),
        ("vpc_endpoint_id", endpoint),
        ("vpc_peering_connection_id", route.vpc_peering_connection_id()),
    ]
}

/// Brings the `route` of both sides into one form.
pub(super) fn normalize(attributes: &mut Attributes) {
    let routes = attributes.get_mut("route").and_then(Value::as_array_mut);
    for route in routes.into_iter().flatten().filter_map(Value::as_object_mut) {
        network::canonicalise(route, "ipv6_cidr_block");
    }
}

fn live(aws: &ScopeReader, table: &RouteTable, prior: Option<&PriorState<'_>>) -> Live {
    let id = id(table);
    let propagating: Vec<_> = table.propagating_vgws().iter().filter_map(|gateway| gateway.gateway_id()).collect();
    // FSx tags the tables that it routes to file systems; the provider leaves that tag out.
    let tags: Vec<_> = table.tags().iter().filter(|tag| tag.key() != Some("AmazonFSx")).cloned().collect();
    let values = json!({
        "arn": network::arn(aws, table.owner_id(), &format!("route-table/{id}")),
        "id": id,
        "owner_id": table.owner_id(),
        "propagating_vgws": propagating,
        "route": routes(table, &prior.map(PriorState::attributes).unwrap_or_default()),
        "tags_all": ec2_tags(&tags),
        "vpc_id": table.vpc_id(),
    });
    let vpc = table.vpc_id().unwrap_or_default().to_owned();
    let own = if is_main(table) { Owner::Parent { kind: "aws_vpc", id: vpc } } else { Owner::None };
    let owner = network::owner_or(aws, table.owner_id(), own);
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}

/// The routes that the provider shows (`internal/service/ec2/vpc_route_table.go`): not those that AWS adds by itself
/// (local ones unless declared, propagated ones, those of gateway endpoints, VPC Lattice). Those to interfaces of services are
/// taken out by [`complete`].
fn routes(table: &RouteTable, known: &Attributes) -> Value {
    let shown = table.routes().iter().filter(|route| {
        let gateway = route.gateway_id().unwrap_or_default();
        let by_endpoint = route.destination_prefix_list_id().is_some() && gateway.starts_with("vpce-");
        gateway != "VpcLattice"
            && (gateway != "local" || declares_local(known, route))
            && route.origin() != Some(&RouteOrigin::EnableVgwRoutePropagation)
            && !by_endpoint
    });
    shown.map(element).collect()
}

/// One element, every member present: Terraform writes "" for what a route has not.
fn element(route: &Route) -> Value {
    let destinations = [
        ("cidr_block", route.destination_cidr_block()),
        ("destination_prefix_list_id", route.destination_prefix_list_id()),
        ("ipv6_cidr_block", route.destination_ipv6_cidr_block()),
    ];
    let all = destinations.into_iter().chain(members(route));
    Value::Object(all.map(|(name, value)| (name.to_owned(), Value::from(value.unwrap_or_default()))).collect())
}

/// Does the table's own `route` name this local route?
fn declares_local(known: &Attributes, route: &Route) -> bool {
    let declared = known.get("route").and_then(Value::as_array);
    declared.into_iter().flatten().filter_map(Value::as_object).any(|element: &Map<String, Value>| {
        let same = |name, live: Option<&str>| live.is_some_and(|live| same_cidr(text(element, name), live));
        text(element, "gateway_id") == "local"
            && (same("cidr_block", route.destination_cidr_block())
                || same("ipv6_cidr_block", route.destination_ipv6_cidr_block()))
    })
}

fn same_cidr(one: &str, other: &str) -> bool {
    cidr::canonical(one) == cidr::canonical(other)
}

/// Interfaces that AWS services hold in our account (FSx, ...): attached to something of another account.
fn foreign_interfaces(all: &[NetworkInterface]) -> HashSet<&str> {
    let foreign = all.iter().filter(|interface| {
        let owner = interface.owner_id().unwrap_or_default();
        let attachment = interface.attachment();
        !owner.is_empty() && attachment.is_some_and(|a| a.instance_owner_id().unwrap_or_default() != owner)
    });
    foreign.filter_map(|interface| interface.network_interface_id()).collect()
}

/// The route of a table that `attributes` (of `aws_route`) name by their destination.
pub(super) fn find<'a>(table: &'a RouteTable, attributes: &Attributes) -> Option<&'a Route> {
    let is = |name, live: Option<&str>| {
        let request = text(attributes, name);
        !request.is_empty() && live.is_some_and(|live| same_cidr(request, live))
    };
    table.routes().iter().find(|route| {
        is("destination_cidr_block", route.destination_cidr_block())
            || is("destination_ipv6_cidr_block", route.destination_ipv6_cidr_block())
            || is("destination_prefix_list_id", route.destination_prefix_list_id())
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::RouteTableAssociation;

    use super::*;

    fn route(cidr: &str, gateway: &str) -> aws_sdk_ec2::types::builders::RouteBuilder {
        Route::builder().destination_cidr_block(cidr).gateway_id(gateway)
    }

    fn table() -> RouteTable {
        RouteTable::builder()
            .routes(route("10.0.0.0/16", "local").build())
            .routes(route("0.0.0.0/0", "igw-1").build())
            .routes(route("10.5.0.0/16", "vgw-1").origin(RouteOrigin::EnableVgwRoutePropagation).build())
            .routes(route("10.6.0.0/16", "vpce-gwlb").build())
            .routes(Route::builder().destination_prefix_list_id("pl-1").gateway_id("vpce-s3").build())
            .routes(
                Route::builder().destination_ipv6_cidr_block("0::/0").egress_only_internet_gateway_id("e-1").build(),
            )
            .build()
    }

    fn shown(desired: &Value) -> Vec<String> {
        let routes = routes(&table(), &attributes(desired.clone()));
        let name = |route: &Value| format!("{}{}", route["cidr_block"], route["ipv6_cidr_block"]).replace('"', "");
        routes.as_array().unwrap().iter().map(name).collect()
    }

    #[test]
    fn leaves_out_what_aws_adds() {
        assert_eq!(shown(&json!({})), ["0.0.0.0/0", "10.6.0.0/16", "0::/0"]);
        let local = json!({"route": [{"cidr_block": "10.0.0.0/16", "gateway_id": "local"}]});
        assert_eq!(shown(&local), ["10.0.0.0/16", "0.0.0.0/0", "10.6.0.0/16", "0::/0"]);
    }

    #[test]
    fn a_displaced_table_is_the_vpcs() {
        let main = RouteTableAssociation::builder().main(true).build();
        let one = |id: &str| RouteTable::builder().route_table_id(id).vpc_id("vpc-1");
        let mut tables = vec![one("rtb-own").associations(main).build(), one("rtb-old").build()];
        let mut live = [Live { id: "rtb-old".to_owned(), ..Live::default() }];
        fold_displaced(&tables, |_| false, &mut live);
        assert_eq!(live[0].owner, Owner::None, "the main table may be the one that AWS made");
        tables.push(one("rtb-new").routes(route("0.0.0.0/0", "igw-1").build()).build());
        fold_displaced(&tables, |id| id == "rtb-own", &mut live);
        assert_eq!(live[0].owner, Owner::Parent { kind: "aws_vpc", id: "vpc-1".to_owned() });
    }

    #[test]
    fn what_a_route_server_learned_is_nobodys() {
        let learned = route("10.7.0.0/16", "igw-1").origin(RouteOrigin::Advertisement).build();
        let made = route("10.8.0.0/16", "igw-1").origin(RouteOrigin::CreateRoute).build();
        let owner = |all: &[&Route]| {
            let table = RouteTable::builder().set_routes(Some(all.iter().map(|one| (*one).clone()).collect())).build();
            made_with_vpc(&table, &attributes(json!({"route": routes(&table, &Attributes::new())})))
        };
        assert!(matches!(owner(&[&learned]), Owner::Aws(_)));
        let added = vec![("route", element(&made))];
        assert_eq!(owner(&[&learned, &made]), Owner::Altered { what: "main route table of a VPC", added });
    }

    #[test]
    fn elements_have_every_member() {
        let element = element(&route("10.6.0.0/16", "vpce-gwlb").build());
        assert_eq!(element["vpc_endpoint_id"], "vpce-gwlb");
        assert_eq!(element["gateway_id"], "");
        assert_eq!(element.as_object().unwrap().len(), 3 + TARGETS.len());
    }

    #[test]
    fn finds_a_route_by_any_spelling_of_its_destination() {
        let request = attributes(json!({"destination_ipv6_cidr_block": "::/0", "destination_cidr_block": ""}));
        assert_eq!(find(&table(), &request).and_then(|r| r.egress_only_internet_gateway_id()), Some("e-1"));
        assert_eq!(find(&table(), &attributes(json!({"destination_cidr_block": "10.9.0.0/16"}))), None);
    }
}

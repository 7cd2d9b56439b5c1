//! What other resources show of declared instances: out of the region's listings for many, by calls of its own for one.

use std::collections::{HashMap, HashSet};

use aws_sdk_ec2::types::{Instance, LaunchTemplate, SpotInstanceRequest, Vpc};

use super::super::ec2::{self, single};
use super::super::network;
use super::{TEMPLATE_ID, attribute, devices, is_spot, owner};
use crate::aws::ReadError;
use crate::inventory::ScopeReader;

/// What other resources show of declared instances; a call that failed fails for those that need it.
pub(super) struct Related {
    pub(super) volumes: Result<devices::Volumes, ReadError>,
    pub(super) default_vpcs: Result<HashSet<String>, ReadError>,
    pub(super) templates: Result<Vec<LaunchTemplate>, ReadError>,
    pub(super) spot: Result<Vec<SpotInstanceRequest>, ReadError>,
    pub(super) credits: HashMap<String, Result<Option<String>, ReadError>>,
}

impl Related {
    /// Of many instances, out of the region's listings.
    pub(super) async fn of_all(aws: &ScopeReader, declared: &[&Instance]) -> Self {
        let any = |is: fn(&Instance) -> bool| declared.iter().any(|instance| is(instance));
        let volumes = async {
            if declared.is_empty() { Ok(HashMap::new()) } else { Ok(devices::by_id(&ec2::volumes(aws).await?)) }
        };
        let default_vpcs = async {
            if declared.is_empty() { Ok(HashSet::new()) } else { Ok(default_ids(ec2::vpcs(aws).await?.iter())) }
        };
        let templates = async {
            let needed = any(|instance| owner::tag(instance.tags(), TEMPLATE_ID).is_some());
            if needed { Ok(ec2::launch_templates(aws).await?.to_vec()) } else { Ok(Vec::new()) }
        };
        let spot =
            async { if any(is_spot) { Ok(ec2::spot_instance_requests(aws).await?.to_vec()) } else { Ok(Vec::new()) } };
        let burstable: Vec<&str> = declared.iter().copied().filter_map(burstable).collect();
        let credits = attribute::credits(aws, &burstable);
        let (volumes, default_vpcs, templates, spot, credits) =
            futures::join!(volumes, default_vpcs, templates, spot, credits);
        Self { volumes, default_vpcs, templates, spot, credits }
    }

    /// Of one instance, by calls that ask for no more.
    pub(super) async fn of_one(aws: &ScopeReader, instance: &Instance) -> Self {
        let id = instance.instance_id().unwrap_or_default();
        let volumes = async {
            let filter = network::filter("attachment.instance-id", id);
            let pages = aws.ec2().describe_volumes().filters(filter).into_paginator().items().send();
            Ok(devices::by_id(&aws.pages("ec2:DescribeVolumes", pages).await?))
        };
        let default_vpcs = async {
            let Some(vpc) = instance.vpc_id().filter(|vpc| !vpc.is_empty()) else { return Ok(HashSet::new()) };
            Ok(default_ids(single::vpc(aws, vpc).await?.as_deref()))
        };
        let templates = async {
            let Some(template) = owner::tag(instance.tags(), TEMPLATE_ID) else { return Ok(Vec::new()) };
            Ok(Vec::from_iter(single::launch_template(aws, template).await?.as_deref().cloned()))
        };
        let spot = async {
            let Some(request) = instance.spot_instance_request_id().filter(|_| is_spot(instance)) else {
                return Ok(Vec::new());
            };
            // By a filter, which leaves out what AWS has forgotten instead of failing.
            let filter = network::filter("spot-instance-request-id", request);
            let pages = aws.ec2().describe_spot_instance_requests().filters(filter).into_paginator().items().send();
            aws.pages("ec2:DescribeSpotInstanceRequests", pages).await
        };
        let burstable = Vec::from_iter(burstable(instance));
        let credits = attribute::credits(aws, &burstable);
        let (volumes, default_vpcs, templates, spot, credits) =
            futures::join!(volumes, default_vpcs, templates, spot, credits);
        Self { volumes, default_vpcs, templates, spot, credits }
    }
}

fn default_ids<'a>(vpcs: impl IntoIterator<Item = &'a Vpc>) -> HashSet<String> {
    let default = vpcs.into_iter().filter(|vpc| vpc.is_default() == Some(true)).filter_map(|vpc| vpc.vpc_id());
    default.map(str::to_owned).collect()
}

/// The id of an instance whose type has credits.
fn burstable(instance: &Instance) -> Option<&str> {
    let is_burstable = instance.instance_type().is_some_and(|name| attribute::is_burstable(name.as_str()));
    instance.instance_id().filter(|_| is_burstable)
}

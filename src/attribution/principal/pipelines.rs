//! Is this the pipeline, or its credentials in somebody's hands? All conditions of the configuration must be met: a principal
//! alone proves nothing, for keys get copied.

use std::net::IpAddr;

use glob::Pattern;

use super::actor_name::{ActorName, is_ci, is_mail};
use super::chain::{Chain, End};
use super::channel::AccessPath;
use super::principal_arn;
use super::settings::{Pipeline, Settings};
use crate::attribution::event::{Event, Identity};
use crate::model::ActorType;

/// How a call stands to the list of pipelines. Ordered: the best last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    NotListed,
    /// The principal of a pipeline, and what speaks against it.
    ByHand(&'static str),
    /// The principal of a pipeline, and what is not known.
    Unclear(&'static str),
    Met,
}

/// The best standing over all pipelines.
pub(super) fn standing(
    event: &Event,
    chain: &Chain,
    access: &AccessPath,
    named: &ActorName,
    settings: &Settings,
) -> Standing {
    let standings = settings.pipelines.iter().map(|pipeline| against(pipeline, event, chain, access, named));
    standings.max().unwrap_or(Standing::NotListed)
}

fn against(pipeline: &Pipeline, event: &Event, chain: &Chain, access: &AccessPath, named: &ActorName) -> Standing {
    let Some(listed) = chain.hops.iter().position(|hop| is_any(hop, &pipeline.principals)) else {
        return Standing::NotListed;
    };
    // A human being took the pipeline's role; pipelines come with tokens or keys of their own.
    let led_to_a_person = named.kind == ActorType::Person && !named.forgeable && listed + 1 < chain.hops.len();
    let is_person = match chain.source_identity() {
        Some(set) => is_mail(set) || led_to_a_person,
        None => led_to_a_person,
    };
    if is_person {
        return Standing::ByHand("a person is behind the pipeline's role");
    }
    if access.is_service() {
        return Standing::Unclear("a service acted for the pipeline's role: what asked it is not in the record");
    }
    if !access.is_code() {
        return Standing::ByHand("the pipeline's role without a tool of infrastructure as code");
    }
    let ip = event.source_ip.as_deref().and_then(|ip| ip.parse::<IpAddr>().ok());
    let inside = |ip: &IpAddr| pipeline.networks.iter().any(|network| network.contains(ip));
    if !pipeline.networks.is_empty() && !ip.as_ref().is_some_and(inside) {
        return Standing::ByHand("the pipeline's role from outside its networks");
    }
    if pipeline.subjects.is_empty() {
        return Standing::Met;
    }
    match subject(chain) {
        Some(subject) if pipeline.subjects.iter().any(|wanted| wanted.matches(subject)) => Standing::Met,
        Some(_) => Standing::ByHand("the pipeline's role with a token for another subject"),
        None if chain.end == End::NotSeen => Standing::Unclear("the subject of the pipeline's token was not seen"),
        None => Standing::ByHand("the pipeline's role without its token"),
    }
}

/// The subject of the token at the start of the chain.
fn subject(chain: &Chain) -> Option<&str> {
    let origin = chain.origin();
    origin.user_name.as_deref().filter(|_| origin.kind == "WebIdentityUser")
}

/// A CI system's token began this session.
pub(super) fn by_ci(identity: &Identity) -> bool {
    let provider = identity.federated_provider.as_deref().or(identity.identity_provider.as_deref());
    provider.is_some_and(is_ci)
}

/// Is a principal on a list? Its own ARN counts, and its role's with and without path.
pub(super) fn is_any(identity: &Identity, patterns: &[Pattern]) -> bool {
    let role = identity.arn.as_deref().and_then(principal_arn::role);
    let issuer = identity.issuer.as_ref().and_then(|issuer| issuer.arn.as_deref());
    let arns = [identity.arn.as_deref(), role.as_deref(), issuer];
    patterns.iter().any(|pattern| arns.into_iter().flatten().any(|arn| pattern.matches(arn)))
}

//! From the credentials of an event to the person behind them, with what a reader must know about that name.
//! Knows nothing of drifts: whether the event is to blame is somebody else's question.

use std::collections::BTreeSet;

use glob::Pattern;

use super::actor_name::{self, ActorName};
use super::chain::{self, Chain, is_service_linked};
use super::channel::{AccessPath, service};
use super::mfa::mfa;
use super::pipelines::{self, Standing};
use super::sanitize_input::{sanitize_input, sanitize_to};
use super::sessions::Sessions;
use super::settings::Settings;
use super::user_agent;
use crate::attribution::event::{Event, Identity, SessionQuery};
use crate::model::{Actor, ActorType, Caution, Channel};

/// The longest ARN that is shown: paths may have 512 characters.
const LONGEST_ARN: usize = 700;

/// Whoever is behind a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// `None`: the record says nothing of anybody.
    pub actor: Option<Actor>,
    /// `None`: not known, or a service.
    pub mfa: Option<bool>,
    pub cautions: Vec<Caution>,
    /// How the name is known, and what is not.
    pub reasons: Vec<String>,
    /// A session whose issuing call is not known and would show more; `Sessions::note` it, and ask again. Calls by services
    /// are never kept, so the second answer may name the same session: do not ask a third time.
    pub unresolved: Option<SessionQuery>,
}

/// Names the person behind an event, or the machine, or the service.
pub fn person(event: &Event, sessions: &Sessions, settings: &Settings, access: &AccessPath) -> Person {
    if let Some(actor) = service_itself(event) {
        let cautions = listed(std::slice::from_ref(&event.identity), settings, event);
        return Person { actor: Some(actor), cautions: cautions.into_iter().collect(), ..Person::default() };
    }
    let chain = chain::walk(event, sessions);
    let mut cautions = listed(&chain.hops, settings, event);
    let Some(named) = actor_name::name(&chain) else {
        return Person { cautions: cautions.into_iter().collect(), ..Person::default() };
    };
    let standing = pipelines::standing(event, &chain, access, &named, settings);
    let ActorName { kind, name, forgeable, elsewhere, mut reasons } = stand(named, &standing, &chain);
    if matches!(standing, Standing::ByHand(_)) {
        cautions.insert(Caution::PipelineByHand);
    }
    // Without a list of pipelines nobody can be missing from it; Pulumi and Crossplane claim nothing.
    let listed = !settings.pipelines.is_empty();
    if access.channel == Channel::Terraform && standing == Standing::NotListed && listed {
        cautions.insert(Caution::ClaimsToBeTerraform);
    }
    cautions.extend(forgeable.then_some(Caution::NameIsForgeable));
    cautions.extend(elsewhere.then_some(Caution::OtherAccount));
    reasons.extend(
        chain.named_by_other_account.then(|| "named by the other account's record of the same call".to_owned()),
    );
    reasons.extend(portal_reason(event, &chain, sessions));
    let name = match &event.identity.delegate {
        Some(partner) => sanitize_input(&format!("partner {partner} on behalf of {name}")),
        None => name,
    };
    Person {
        mfa: mfa(event, &chain, sessions),
        cautions: cautions.into_iter().collect(),
        unresolved: chain::unresolved_session(event, &chain),
        actor: Some(Actor { kind, name, arn: arn_of(event, &chain), chain: shown(&chain) }),
        reasons,
    }
}

/// A service that nobody asked, by itself or with its own role.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
fn service_itself(event: &Event) -> Option<Actor> {
    let identity = &event.identity;
    let invoked_by = identity.invoked_by.as_deref().and_then(service);
    let calls_from = event.source_ip.as_deref().and_then(service);
    let name = if event.kind == "AwsServiceEvent" || identity.kind == "AWSService" {
        invoked_by.or(calls_from).unwrap_or(&event.source).to_owned()
    } else if is_service_linked(identity) {
        let of_path = identity.issuer.as_ref().and_then(|issuer| issuer.arn.as_deref()).and_then(linked_service);
        of_path.or(invoked_by).or(actor_name::role_name(identity))?.to_owned()
    } else if says_nobody(identity) {
        invoked_by?.to_owned()
    } else {
        return None;
    };
    let arn = identity.arn.as_deref().map(|arn| sanitize_to(arn, LONGEST_ARN));
    Some(Actor { kind: ActorType::Service, name: sanitize_input(&name), chain: arn.iter().cloned().collect(), arn })
}

fn says_nobody(identity: &Identity) -> bool {
    let by_kind = matches!(identity.kind.as_str(), "Root" | "AWSAccount" | "IdentityCenterUser");
    !by_kind && identity.arn.is_none() && identity.principal_id.is_none() && identity.user_name.is_none()
}

/// `arn:aws:iam::1:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling` -> its third part.
fn linked_service(arn: &str) -> Option<&str> {
    arn.split_once(":role/aws-service-role/").and_then(|(_, rest)| rest.split('/').next()).and_then(service)
}

/// The name as the list of pipelines has it.
fn stand(mut named: ActorName, standing: &Standing, chain: &Chain) -> ActorName {
    let role = chain.hops.iter().find_map(actor_name::role_name).map(sanitize_input);
    match standing {
        Standing::Met => {
            named.kind = ActorType::Pipeline;
            // Whatever a pipeline calls its sessions, it is the pipeline.
            if std::mem::take(&mut named.forgeable) {
                named.name = role.unwrap_or(named.name);
            }
            named.reasons.push("a pipeline of the configuration, all its conditions met".to_owned());
        }
        Standing::ByHand(why) => {
            named.reasons.push((*why).to_owned());
            if named.kind == ActorType::Pipeline {
                named.reasons.push(format!("the token's subject: {}", named.name));
                named.kind = ActorType::Role;
                named.name = role.unwrap_or(named.name);
            }
        }
        Standing::Unclear(_) | Standing::NotListed => {
            if let Standing::Unclear(why) = standing {
                named.reasons.push((*why).to_owned());
            }
            if named.kind == ActorType::Role && pipelines::by_ci(chain.origin()) {
                named.kind = ActorType::Pipeline;
                named.reasons.push("a CI system's token began the session".to_owned());
            }
        }
    }
    named
}

/// What the lists of the configuration say of any principal of the chain.
fn listed(hops: &[Identity], settings: &Settings, event: &Event) -> BTreeSet<Caution> {
    let any = |patterns: &[Pattern]| hops.iter().any(|hop| pipelines::is_any(hop, patterns));
    let alone = event.user_agent.as_deref().is_some_and(|text| user_agent::works_alone(user_agent::bare(text)));
    let automation = (alone || any(&settings.automation)).then_some(Caution::Automation);
    any(&settings.break_glass).then_some(Caution::BreakGlass).into_iter().chain(automation).collect()
}

/// The portal's answers name no session: a hint that agrees, and no more.
fn portal_reason(event: &Event, chain: &Chain, sessions: &Sessions) -> Option<String> {
    let origin = chain.origin();
    let ip = event.source_ip.as_deref()?;
    let user = chain::is_sso(origin).then(|| sessions.portal_user(origin.created?, ip)).flatten()?;
    let name = user.user_name.or(user.on_behalf_of)?;
    Some(format!("the access portal gave {} credentials in that second, at this address", sanitize_input(&name)))
}

/// ARN of the credentials used.
fn arn_of(event: &Event, chain: &Chain) -> Option<String> {
    let of_first = chain.hops.first().and_then(|hop| hop.arn.as_deref());
    event.identity.arn.as_deref().or(of_first).map(|arn| sanitize_to(arn, LONGEST_ARN))
}

/// ARNs from the person to the credentials used; names where there is no ARN.
fn shown(chain: &Chain) -> Vec<String> {
    let word = |hop: &Identity| match hop.kind.as_str() {
        "AWSAccount" => hop.account.as_deref().map(|account| format!("account {account}")),
        _ => hop.arn.clone().or_else(|| hop.user_name.clone()).or_else(|| hop.principal_id.clone()),
    };
    let mut words: Vec<String> =
        chain.hops.iter().rev().filter_map(word).map(|word| sanitize_to(&word, LONGEST_ARN)).collect();
    words.dedup();
    words
}

#[cfg(test)]
mod tests;

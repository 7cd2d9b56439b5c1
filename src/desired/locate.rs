//! Where every AWS instance lives: account and region, from what the state itself says. Pure; never a guess: what
//! nothing shows stays `None`.
//!
//! First each instance for itself: its `region` (since provider 6 the region that it is managed in, whatever the provider's
//! configuration says), its own ARN, its owner, its availability zone, its `identity`. Then, for those that say nothing, what most others of the same provider configuration say. An ARN that points to another object decides
//! nothing, see the tables below (read off the schema and documentation of the AWS provider 5.100.0).

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::account::is_account_id;
use crate::model::{Arn, Desired, ProviderRef};

/// Kinds whose `arn` (and an ARN as `id`) is that of another object: a target, a topic, a registered location.
const ARN_OF_ANOTHER: &[&str] = &[
    "aws_cloudwatch_event_target",
    "aws_lakeformation_resource",
    "aws_macie2_member",
    "aws_notifications_channel_association",
    "aws_organizations_delegated_administrator",
    "aws_sns_topic_data_protection_policy",
    "aws_sns_topic_policy",
];

/// Kinds whose ARN names the account of another object but their own region: a subscription bears its topic's ARN, an
/// attachment that of the core network's owner.
const ACCOUNT_IN_ARN_OF_ANOTHER: &[&str] = &[
    "aws_networkmanager_connect_attachment",
    "aws_networkmanager_dx_gateway_attachment",
    "aws_networkmanager_site_to_site_vpn_attachment",
    "aws_networkmanager_transit_gateway_route_table_attachment",
    "aws_networkmanager_vpc_attachment",
    "aws_sns_topic_subscription",
];

/// Kinds whose `account_id` is their own account; elsewhere it is a member, a grantee, a target.
const OWN_ACCOUNT_ID: &[&str] = &[
    "aws_budgets_budget",
    "aws_budgets_budget_action",
    "aws_ce_anomaly_subscription",
    "aws_guardduty_detector",
    "aws_s3_access_point",
    "aws_s3_account_public_access_block",
];
const OWN_ACCOUNT_ID_PREFIX: &str = "aws_s3control_";

/// Kinds whose `region` is not where they live: the old meaning, which provider 6 deprecates or keeps.
const REGION_OF_ANOTHER: &[&str] = &[
    "aws_cloudformation_stack_set_instance",
    "aws_cloudformation_stack_instances",
    "aws_config_aggregate_authorization",
    "aws_dx_hosted_connection",
    "aws_savingsplans_savings_plan",
    "aws_servicequotas_template",
];

/// Services without regions: their instances show an account only, and take no region over from others.
const GLOBAL_SERVICES: &[&str] = &[
    "aws_account_",
    "aws_budgets_",
    "aws_ce_",
    "aws_cloudfront_",
    "aws_globalaccelerator_",
    "aws_iam_",
    "aws_networkmanager_",
    "aws_organizations_",
    "aws_route53_",
    "aws_route53domains_",
    "aws_shield_",
    "aws_waf_",
];
/// Regional services whose prefix looks like a global one.
const REGIONAL_AFTER_ALL: &[&str] = &["aws_route53_resolver_", "aws_networkmanager_vpc_attachment"];

/// The regions that the code gives to provider configurations, where it does so literally: (module, alias) -> region.
pub type ProviderRegions = BTreeMap<(Option<String>, Option<String>), String>;

/// Fills `account` and `region` of the AWS instances of one source, as far as anything shows it.
pub fn locate(resources: &mut [Desired], from_code: &ProviderRegions) {
    for resource in resources.iter_mut().filter(|resource| resource.provider.is_aws()) {
        let own = own_place(&resource.kind, &resource.raw_attributes);
        // What stands there already is the word of an `identity`.
        resource.account = own.account.or_else(|| resource.account.take());
        resource.region = own.region.or_else(|| resource.region.take()).filter(|_| !is_global(&resource.kind));
    }
    let known = KnownPlaces::by(resources);
    for resource in resources.iter_mut().filter(|resource| resource.provider.is_aws()) {
        if resource.account.is_none() {
            resource.account = known.account(&resource.provider);
        }
        if resource.region.is_none() && !is_global(&resource.kind) {
            let key = configuration(&resource.provider);
            resource.region = known.region(&resource.provider).or_else(|| from_code.get(&key).cloned());
        }
    }
}

/// Does the service of this kind have no regions?
pub fn is_global(kind: &str) -> bool {
    GLOBAL_SERVICES.iter().any(|prefix| kind.starts_with(prefix))
        && !REGIONAL_AFTER_ALL.iter().any(|prefix| kind.starts_with(prefix))
}

/// What one instance says about itself.
#[derive(Debug, Default, PartialEq)]
struct Place {
    account: Option<String>,
    region: Option<String>,
}

fn own_place(kind: &str, attributes: &RawValue) -> Place {
    let Ok(strings) = serde_json::from_str::<Strings>(attributes.get()) else { return Place::default() };
    let get = |name: &str| strings.0.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let arn = own_arn(kind, &strings.0);
    let account_of_arn = arn.as_ref().filter(|_| !ACCOUNT_IN_ARN_OF_ANOTHER.contains(&kind));
    let own_account_id = || kind.starts_with(OWN_ACCOUNT_ID_PREFIX) || OWN_ACCOUNT_ID.contains(&kind);
    let account = get("owner_id")
        .filter(|text| is_account_id(text))
        .or_else(|| account_of_arn.and_then(|arn| arn.account.as_deref()))
        .or_else(|| get("registry_id").filter(|text| kind.starts_with("aws_ecr_") && is_account_id(text)))
        .or_else(|| get("aws_account_id").filter(|text| kind.starts_with("aws_quicksight_") && is_account_id(text)))
        .or_else(|| get("account_id").filter(|text| own_account_id() && is_account_id(text)));
    let region = get("region")
        .filter(|_| !REGION_OF_ANOTHER.contains(&kind))
        .and_then(region_of)
        .or_else(|| arn.as_ref().and_then(|arn| arn.region.clone()))
        .or_else(|| get("availability_zone").and_then(region_of));
    Place { account: account.map(str::to_owned), region }
}

/// Account and region of an ARN, each only if it is one.
#[derive(Debug, PartialEq)]
struct OwnArn {
    account: Option<String>,
    region: Option<String>,
}

/// The ARN of the instance itself: `arn`, an API's `execution_arn`, or an `id` that is an ARN and is not at the same
/// time an attribute that names another object (`share_arn`, `secret_arn`).
fn own_arn(kind: &str, strings: &HashMap<String, String>) -> Option<OwnArn> {
    if ARN_OF_ANOTHER.contains(&kind) {
        return None;
    }
    let get = |name: &str| strings.get(name).and_then(|text| parse_arn(text));
    let id_is_own = || {
        let id = strings.get("id")?;
        let elsewhere = strings.iter().any(|(name, text)| name != "id" && name != "arn" && text == id);
        (!elsewhere).then(|| parse_arn(id)).flatten()
    };
    let arn = get("arn").or_else(id_is_own);
    match (arn, get("execution_arn")) {
        (Some(OwnArn { account: None, region }), Some(execution)) => {
            Some(OwnArn { account: execution.account, region: region.or(execution.region) })
        }
        (arn, execution) => arn.or(execution),
    }
}

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:...` in any partition. Region and account may be empty (S3, IAM), the account
/// may be `aws`.
fn parse_arn(text: &str) -> Option<OwnArn> {
    let arn = Arn::parse(text).filter(|arn| arn.partition.starts_with("aws") && !text.contains([',', '|']))?;
    let account = arn.account().filter(|account| is_account_id(account)).map(str::to_owned);
    let region = region_of(arn.region).filter(|whole| whole == arn.region);
    Some(OwnArn { account, region })
}

#[expect(clippy::expect_used, reason = "the pattern is constant, and tests use it")]
static REGION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^([a-z]{2,4}(?:-[a-z]+){1,3}-[0-9]{1,2})(?:$|[a-z]$|-)").expect("the pattern is constant")
});

/// The region of a region name or of a zone: `us-east-1a`, the local zone `us-west-2-lax-1a`, the wavelength zone
/// `us-east-1-wl1-bos-wlz-1`.
fn region_of(zone: &str) -> Option<String> {
    REGION.captures(zone)?.get(1).map(|region| region.as_str().to_owned())
}

/// The provider configuration without the registry it came from: a state that moved from Terraform to OpenTofu names
/// the same one in two ways.
fn configuration(provider: &ProviderRef) -> (Option<String>, Option<String>) {
    (provider.module.clone(), provider.alias.clone())
}

/// What the instances of a source say about their provider configurations.
#[derive(Default)]
struct KnownPlaces {
    by_configuration: HashMap<(Option<String>, Option<String>), Votes>,
    all: Votes,
}

#[derive(Default)]
struct Votes {
    accounts: BTreeMap<String, usize>,
    regions: BTreeMap<String, usize>,
}

impl KnownPlaces {
    fn by(resources: &[Desired]) -> Self {
        let mut known = Self::default();
        for resource in resources.iter().filter(|resource| resource.provider.is_aws()) {
            let here = known.by_configuration.entry(configuration(&resource.provider)).or_default();
            for votes in [here, &mut known.all] {
                if let Some(account) = &resource.account {
                    *votes.accounts.entry(account.clone()).or_default() += 1;
                }
                if let Some(region) = &resource.region {
                    *votes.regions.entry(region.clone()).or_default() += 1;
                }
            }
        }
        known
    }

    /// Most of the configuration; for the default configuration also the whole source, if it is of one mind. An aliased
    /// one exists to be different, so the others say nothing about it.
    fn account(&self, provider: &ProviderRef) -> Option<String> {
        let here = self.by_configuration.get(&configuration(provider)).and_then(|votes| majority(&votes.accounts));
        let is_default = provider.module.is_none() && provider.alias.is_none();
        here.or_else(|| (is_default && self.all.accounts.len() == 1).then(|| majority(&self.all.accounts)).flatten())
    }

    /// Most of the configuration. Never of the source: another configuration exists because its region is another.
    fn region(&self, provider: &ProviderRef) -> Option<String> {
        self.by_configuration.get(&configuration(provider)).and_then(|votes| majority(&votes.regions))
    }
}

/// The value with more than half of the votes.
fn majority(votes: &BTreeMap<String, usize>) -> Option<String> {
    let total: usize = votes.values().sum();
    votes.iter().find(|(_, count)| **count * 2 > total).map(|(value, _)| value.clone())
}

/// The string-valued attributes of an instance; everything else is skipped without being kept.
struct Strings(HashMap<String, String>);

impl<'de> Deserialize<'de> for Strings {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = HashMap::<String, &'de RawValue>::deserialize(deserializer)?;
        let strings = raw.into_iter().filter(|(name, _)| is_distinctive(name));
        Ok(Self(strings.filter_map(|(name, raw)| Some((name, serde_json::from_str(raw.get()).ok()?))).collect()))
    }
}

fn is_distinctive(name: &str) -> bool {
    name.ends_with("arn") || matches!(name, "id" | "owner_id" | "registry_id" | "region" | "availability_zone")
        || name.ends_with("account_id")
        // `role`, `resource`, ...: may hold the ARN that `id` repeats
        || matches!(name, "role" | "resource" | "topic" | "certificate" | "policy_id" | "bucket")
}

#[cfg(test)]
mod tests;

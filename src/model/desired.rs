//! What should be: resource instances out of Terraform states, and the sources they came from.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Attributes, GLOBAL, Gap, ResourceKey, Scope};

/// A place where desired state was read, e.g. one state file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Short name, unique within a run (file stem or key, made unique by more of the path).
    pub name: String,
    /// Where it was read, without any secret (no password, token or query string).
    pub location: String,
    pub serial: Option<u64>,
    pub lineage: Option<String>,
    /// Number of managed resource instances, of whatever provider.
    pub resources: u64,
    /// Those of providers that have nothing to do with AWS, by provider address: not compared, and no gap.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub other_providers: BTreeMap<String, u64>,
    /// Those of providers that are no `hashicorp/aws` but manage AWS, by provider address: not compared, each a gap.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub foreign_providers: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terraform_version: Option<String>,
    /// It was locked, or written, while it was read: an apply may be running.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_flight: bool,
    /// Things worth a line that do not stop the scan: the state is locked, its serial moved while it was read, ...
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// The provider configuration that an instance belongs to, as the state names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderRef {
    /// Module that declares the configuration, `None` at the root: `module.net`.
    pub module: Option<String>,
    /// `registry.terraform.io/hashicorp/aws`; just `aws` in very old states.
    pub address: String,
    /// `west` of `aws.west`.
    pub alias: Option<String>,
}

/// What a provider has to do with AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderClass {
    /// `hashicorp/aws`.
    Aws,
    /// Another provider of AWS resources: a fork, the Cloud Control provider.
    Foreign,
    /// Nothing.
    Other,
}

impl ProviderRef {
    /// Is this the AWS provider, from whatever registry or mirror?
    pub fn is_aws(&self) -> bool {
        let parts: Vec<&str> = self.address.split('/').collect();
        match parts.as_slice() {
            // Written before Terraform 0.13; the second form by its upgrade.
            ["aws"] | ["-", "aws"] | [_, "-", "aws"] => true,
            [.., "hashicorp", "aws"] => true,
            _ => false,
        }
    }

    /// What the provider of an instance of this type has to do with AWS. Where the state names none, the type tells, as it
    /// tells Terraform.
    pub fn class(&self, kind: &str) -> ProviderClass {
        let aws_type = kind.starts_with("aws_") || kind.starts_with("awscc_");
        if self.is_aws() || (self.address.is_empty() && kind.starts_with("aws_")) {
            return ProviderClass::Aws;
        }
        let name = self.address.rsplit('/').next().unwrap_or_default();
        if aws_type || name == "aws" || name == "awscc" { ProviderClass::Foreign } else { ProviderClass::Other }
    }
}

/// One step list into the attributes that the state marks as sensitive, as a JSON Pointer; a mark inside a set
/// covers the whole set attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SensitivePath(pub String);

/// The state's word on an instance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum InstanceStatus {
    #[default]
    Ready,
    /// To be replaced by the next apply; real all the same.
    Tainted,
    /// An old object waiting to be destroyed, with its key.
    Deposed(String),
}

/// Where the code declares a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodePosition {
    /// Path as given on the command line, or relative to the repository.
    pub file: String,
    /// 1-based line of the `resource` block.
    pub line: u32,
    pub repository: Option<String>,
    pub commit: Option<String>,
}

/// One managed resource instance of a source.
#[derive(Debug, Clone)]
pub struct Desired {
    /// Full address with module path and index; `(deposed 1a2b3c4d)` follows for a deposed object.
    pub address: String,
    /// Terraform resource type.
    pub kind: Arc<str>,
    /// The `id` attribute; empty when the state has none.
    pub id: String,
    pub account: Option<String>,
    /// `None` when it is not known yet; never `global` (the kind decides that).
    pub region: Option<String>,
    /// Index into the run's sources; the first owner.
    pub source: usize,
    /// Further sources that hold the same real object, just as this one does.
    pub also_in: Vec<usize>,
    /// Sources that hold the same real object with other attributes: each is compared by itself.
    pub disputed_by: Vec<usize>,
    /// Not the first resource of the run for this real object: its key tells it apart by source and address.
    pub is_copy: bool,
    pub provider: ProviderRef,
    pub schema_version: u64,
    pub status: InstanceStatus,
    /// The `attributes` exactly as the state has them; parsed when needed, so that a big state stays small.
    pub raw_attributes: Box<RawValue>,
    pub sensitive: Vec<SensitivePath>,
    pub code: Option<CodePosition>,
    /// Attribute and block names that the code sets on this resource; `None` when no code is at hand.
    pub declared: Option<Arc<[String]>>,
}

impl Desired {
    /// The attributes as a map; empty where the state has none (a partially created object).
    pub fn attributes(&self) -> Attributes {
        serde_json::from_str(self.raw_attributes.get()).unwrap_or_default()
    }

    /// Its identity; `scope` is where it is looked for, `sources` are the run's.
    pub fn key(&self, scope: Scope, sources: &[Source]) -> ResourceKey {
        let key = ResourceKey::new(scope, &self.kind, &self.id, Some(&self.address));
        match sources.get(self.source).filter(|_| self.is_copy) {
            Some(source) => ResourceKey { address: Some(format!("{} in {}", self.address, source.location)), ..key },
            None => key,
        }
    }
}

/// All that was read from all sources.
#[derive(Debug, Default)]
pub struct DesiredState {
    pub sources: Vec<Source>,
    pub resources: Vec<Desired>,
    /// What could not be read: sources as a whole (each is in `unread` as well), or single resources of one.
    pub gaps: Vec<Gap>,
    /// Sources that could not be read as a whole.
    pub unread: Vec<UnreadSource>,
}

/// A source that could not be read, and where it may declare resources: where it does, an undeclared resource may be its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadSource {
    pub name: String,
    /// Empty: any account.
    pub accounts: Vec<String>,
    /// Empty: any region. Resources without a region (IAM) may be declared whatever stands here.
    pub regions: Vec<String>,
    /// Only resources of another provider in it are not known; those of the AWS provider are.
    pub foreign_only: bool,
}

impl UnreadSource {
    /// May it declare resources in this scope? Global ones are declared with providers of any region.
    pub fn may_declare_in(&self, scope: &Scope) -> bool {
        let is_in = |list: &[String], one: &String| list.is_empty() || list.contains(one);
        is_in(&self.accounts, &scope.account) && (scope.region == GLOBAL || is_in(&self.regions, &scope.region))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_of_aws_a_fork_or_something_else() {
        use ProviderClass::{Aws, Foreign, Other};
        let table = [
            ("registry.terraform.io/hashicorp/aws", "aws_vpc", Aws),
            ("registry.opentofu.org/hashicorp/aws", "aws_vpc", Aws),
            ("mirror.example:8443/hashicorp/aws", "aws_vpc", Aws),
            ("terraform.example/proxy/hashicorp/aws", "aws_vpc", Aws),
            ("registry.terraform.io/-/aws", "aws_vpc", Aws),
            ("aws", "aws_vpc", Aws),
            ("", "aws_vpc", Aws),
            ("registry.terraform.io/acme/aws", "aws_vpc", Foreign),
            ("registry.terraform.io/nothashicorp/aws", "aws_vpc", Foreign),
            ("registry.terraform.io/acme/cloud", "aws_vpc", Foreign),
            ("registry.terraform.io/hashicorp/awscc", "awscc_s3_bucket", Foreign),
            ("registry.terraform.io/hashicorp/random", "random_string", Other),
            ("random", "random_string", Other),
            ("", "null_resource", Other),
        ];
        for (address, kind, expected) in table {
            let provider = ProviderRef { module: None, address: address.to_owned(), alias: None };
            assert_eq!(provider.class(kind), expected, "{address} {kind}");
        }
    }
}

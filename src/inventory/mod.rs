//! WHAT IS: reads live AWS, kind by kind, by bulk listing. What could not be read is a gap, never an absence.

pub mod aws;
mod collect;
mod error;
mod intact;
pub mod kinds;
mod region;
pub mod value;

use async_trait::async_trait;

use crate::model::{Attributes, CompareRules, Desired, Live, OwnedField};

pub use aws::{AssumeRole, Aws, AwsOptions, S3Access};
pub use collect::{Request, collect};
pub use error::{ReadError, not_found};
pub use region::Region;

/// Where a kind is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Once per region.
    Regional,
    /// Once per account.
    Global,
}

/// What the scan wants to know about one kind in one scope.
#[derive(Debug, Clone, Copy)]
pub struct ListRequest<'a> {
    /// The desired resources of this kind and scope: read them in full.
    pub desired: &'a [&'a Desired],
    /// List strangers too. When `false`, a kind may read only what `desired` names.
    pub unmanaged: bool,
    /// Managed resources on which strangers are looked for, by id: those of the type that [`Kind::unmanaged_children_of`] names.
    pub owners: &'a [&'a str],
}

/// What a kind found in one scope.
#[derive(Debug, Default)]
pub struct Listed {
    pub live: Vec<Live>,
    /// What could not be read: `Some(id)` of one resource (whether it stands in `live` with less attributes or not at
    /// all), `None` something of every resource of the kind. Such a resource is never in sync and never missing.
    pub errors: Vec<(Option<String>, ReadError)>,
}

impl From<Vec<Live>> for Listed {
    fn from(live: Vec<Live>) -> Self {
        Self { live, errors: Vec::new() }
    }
}

/// One Terraform resource type that is read natively. Every quirk of the type lives in its file.
#[async_trait]
pub trait Kind: Send + Sync {
    /// Terraform's own name: `aws_vpc`.
    fn name(&self) -> &'static str;

    fn reach(&self) -> Reach {
        Reach::Regional
    }

    /// The IAM actions that `list` and `exists` need.
    fn actions(&self) -> &'static [&'static str];

    fn compare_rules(&self) -> CompareRules {
        CompareRules::default()
    }

    /// Lists the scope: the desired ones in full, strangers as far as the listing tells. `Err` means that the listing
    /// itself failed: nothing is known of the scope.
    async fn list(&self, aws: &Region, request: ListRequest<'_>) -> Result<Listed, ReadError>;

    /// A second, single read of one desired resource that the listing did not contain. `Ok(false)` only when AWS
    /// positively answered that it does not exist.
    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError>;

    /// Are strangers of this kind reported although they are part of a resource, when that one is managed? So that a
    /// policy attached by hand to a managed role is seen as what it is.
    fn report_unmanaged_children(&self) -> bool {
        false
    }

    /// The type on whose managed resources strangers are looked for, one by one, because AWS has no listing of all.
    fn unmanaged_children_of(&self) -> Option<&'static str> {
        None
    }

    /// Which pieces of parents this resource (by its desired attributes) speaks for.
    fn owned_fields(&self, _attributes: &Attributes) -> Vec<OwnedField> {
        Vec::new()
    }
}

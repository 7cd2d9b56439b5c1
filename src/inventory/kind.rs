//! What a natively read Terraform resource type says of itself. Filtering, concurrency, and the second look before anything is
//! called missing are the collector's, not the kind's.

use std::collections::HashMap;

use async_trait::async_trait;

use super::ScopeReader;
use crate::aws::ReadError;
use crate::model::{Attributes, CompareRules, Live, OwnedField, PriorState};

/// Where a kind is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Once per region.
    Regional,
    /// Once per account.
    Global,
}

/// What the collector wants to know about one kind in one scope.
#[derive(Debug)]
pub struct ListRequest<'a> {
    /// The declared resources of this kind and scope; no id stands twice.
    pub desired: &'a [PriorState<'a>],
    by_id: HashMap<&'a str, PriorState<'a>>,
    /// Resources that nobody declares are wanted, too. When `false`, a kind may list only what `desired` names.
    pub unmanaged: bool,
}

impl<'a> ListRequest<'a> {
    pub fn new(desired: &'a [PriorState<'a>], unmanaged: bool) -> Self {
        let by_id = desired.iter().map(|prior| (prior.id, *prior)).collect();
        Self { desired, by_id, unmanaged }
    }

    /// What the state has of the declared resource with this id.
    pub fn prior(&self, id: &str) -> Option<PriorState<'a>> {
        self.by_id.get(id).copied()
    }

    /// Is a resource with this id declared here?
    pub fn declares(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }
}

/// What a kind listed in one scope.
#[derive(Debug, Default)]
pub struct Listed {
    pub live: Vec<Live>,
    /// What could not be read: `Some(id)` of one resource (whether it stands in `live` with fewer attributes or not at
    /// all), `None` something of every resource of the kind. Such a resource is never in sync and never missing.
    pub errors: Vec<(Option<String>, ReadError)>,
    /// AWS has no listing of these: every declared resource that does not stand in `live` is to be read by itself.
    pub one_by_one: bool,
}

impl Listed {
    /// AWS has no listing: the declared resources are to be read one by one.
    pub fn one_by_one() -> Self {
        Self { one_by_one: true, ..Self::default() }
    }
}

impl From<Vec<Live>> for Listed {
    fn from(live: Vec<Live>) -> Self {
        Self { live, ..Self::default() }
    }
}

impl FromIterator<Live> for Listed {
    fn from_iter<I: IntoIterator<Item = Live>>(live: I) -> Self {
        Vec::from_iter(live).into()
    }
}

/// What became of completing one resource.
#[derive(Debug, Default)]
pub enum Completion {
    /// Everything that a read shows is in the attributes.
    #[default]
    Whole,
    /// These reads failed; their attributes are absent.
    Partly(Vec<ReadError>),
    /// AWS says that it does not exist any more.
    Gone,
}

impl Completion {
    /// `Whole` when nothing failed.
    pub fn of(errors: Vec<ReadError>) -> Self {
        if errors.is_empty() { Self::Whole } else { Self::Partly(errors) }
    }

    /// Adds the attributes of one read of the resource's own; `None`: AWS said that the resource does not exist.
    pub fn extend(live: &mut Live, read: Result<Option<Attributes>, ReadError>) -> Self {
        match read {
            Ok(Some(more)) => {
                live.attributes.extend(more);
                Self::Whole
            }
            Ok(None) => Self::Gone,
            Err(error) => Self::Partly(vec![error]),
        }
    }
}

/// One Terraform resource type that is read natively. Every quirk of the type lives in its file.
///
/// A resource is what [`Kind::list`] or [`Kind::read`] gives, completed by [`Kind::complete`]: both ways give the same
/// attributes (tests/reads.rs holds them to that).
#[async_trait]
pub trait Kind: Send + Sync {
    /// Terraform's own name: `aws_vpc`.
    fn name(&self) -> &'static str;

    fn reach(&self) -> Reach {
        Reach::Regional
    }

    /// The IAM actions that `list`, `complete` and `read` need.
    fn actions(&self) -> &'static [&'static str];

    fn compare_rules(&self) -> CompareRules {
        CompareRules::default()
    }

    /// Lists the scope as far as bulk listings show it. It may give more than was asked for. `Err` means that the listing itself
    /// failed: nothing is known of the scope.
    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError>;

    /// Adds to one listed or read resource what only a read of its own shows. Asked for declared resources only.
    async fn complete(&self, _aws: &ScopeReader, _prior: &PriorState<'_>, _live: &mut Live) -> Completion {
        Completion::Whole
    }

    /// Adds to one resource that nobody declares the tags by which AWS says who made it, where listings lack them.
    async fn complete_undeclared(&self, _aws: &ScopeReader, _live: &mut Live) -> Completion {
        Completion::Whole
    }

    /// Reads one resource by itself, as `list` shows it. `None` only when AWS positively answered that it does not exist.
    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError>;

    /// The types of resource that this one is a part of, when unmanaged ones on a managed parent are reported: so that a policy
    /// attached by hand to a managed role is seen as what it is. [`Owner::Parent`](crate::model::Owner) of a live one may name any
    /// of them.
    fn unmanaged_children_of(&self) -> &'static [&'static str] {
        &[]
    }

    /// Does [`Kind::list`] give the children of all parents? `false` where AWS lists them one parent at a time only.
    fn lists_children(&self) -> bool {
        true
    }

    /// All resources of this kind that are part of one parent; for kinds with [`Kind::unmanaged_children_of`]. None when the
    /// parent is gone.
    async fn list_children(&self, _aws: &ScopeReader, _parent: &str) -> Result<Vec<Live>, ReadError> {
        Ok(Vec::new())
    }

    /// The resources (kind and id) of which this one is a part or owns one: neither is compared without the other. More than
    /// [`Kind::owned_fields`] says where only AWS's answer tells which field it is.
    fn parents(&self, attributes: &Attributes) -> Vec<(&'static str, String)> {
        self.owned_fields(attributes).into_iter().map(|field| (field.parent_kind, field.parent_id)).collect()
    }

    /// Which fields of other resources this resource (by its attributes) owns.
    fn owned_fields(&self, _attributes: &Attributes) -> Vec<OwnedField> {
        Vec::new()
    }
}

//! What AWS answered: live resources in Terraform's attribute form.

use jiff::Timestamp;
use serde_json::Value;

use super::{Attributes, Gap};

/// Who made a live resource, as far as it decides whether it can be called unmanaged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Owner {
    /// Somebody made it: unmanaged unless a source declares it.
    #[default]
    None,
    /// AWS made it by itself (a default VPC, a service-linked role, ...): never unmanaged. The text says what it is.
    Aws(&'static str),
    /// It exists only as a part of another resource (the root volume of an instance, a rule of a group, the main
    /// route table of a VPC): never unmanaged by itself, its owner reports it.
    Parent { kind: &'static str, id: String },
    /// Somebody put it on another resource, which does not show it: unmanaged on a declared one; with one that nobody declares it
    /// is a part of that. What its description says of whoever made it, which anybody can write.
    AddedTo { kind: &'static str, id: String, claim: Option<&'static str> },
    /// AWS made it by itself with a VPC, and these elements of its attributes were added since: unmanaged, unless sources declare it
    /// or all of them.
    Altered { what: &'static str, added: Vec<(&'static str, Value)> },
    /// Another resource made it, as AWS itself marks it: that one is reported, once, unless a source declares it.
    Maker { kind: &'static str, id: String },
    /// Its name, description or tag says that a service made it, which anybody can write: unmanaged, with these words.
    Claimed(&'static str),
    /// Another account's, which shares it with this one: that account's to declare, unless it is declared here.
    Account(String),
}

/// One live resource. Kind, account and region are those of the [`Listing`] it stands in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Live {
    /// The id that Terraform's state has for it (and `terraform import` takes).
    pub id: String,
    /// Terraform's attributes. **A key that is absent was not read and is not compared; `null` was read and is empty.**
    /// Tags go under `tags_all` (all of them but `aws:*`); the comparison derives `tags` from it.
    pub attributes: Attributes,
    pub owner: Owner,
}

/// All live resources of one kind in one scope, and what could not be seen of them.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    pub live: Vec<Live>,
    /// `true` when the listing of the scope itself succeeded: only then an absent id may become `missing`.
    pub complete: bool,
    /// What could not be seen; those with `scope.id` concern one resource only.
    pub gaps: Vec<Gap>,
    /// Ids of desired resources that a second, single read has positively not found either.
    pub confirmed_missing: Vec<String>,
    /// When the oldest read began of those that were kept from an earlier cycle; `None`: all of it was read now.
    pub oldest_read: Option<Timestamp>,
}

//! What the provider's schema does not say about a kind: which paths AWS never returns, which strings are policies,
//! which values are equal, and which part of a parent a child resource owns.

use serde_json::Value;

use super::Attributes;

/// A kind's own word on its attributes; the base is the provider's schema ([`super::schema`]).
#[derive(Debug, Clone, Copy, Default)]
pub struct CompareRules {
    /// Top-level attributes and blocks that AWS never returns (set by the code, kept by Terraform): not compared.
    /// Everything else of the schema must be mapped by the kind; a test holds it to that.
    pub not_returned: &'static [&'static str],
    /// Top-level attributes whose strings are IAM policy documents: compared by meaning. Other JSON is recognised
    /// by itself and compared as JSON.
    pub policies: &'static [&'static str],
    /// Computed attributes that people can change and that Terraform's refresh reports: compared all the same.
    pub compare_computed: &'static [&'static str],
    /// Computed attributes that AWS gives out anew when a thing is deleted and made again under its old name, or that say which
    /// other thing decides over it (the main route table of a VPC): compared where both sides have one.
    pub identity: &'static [&'static str],
    /// The computed attribute that says when a thing was made: it counts where the state has none of the `identity`.
    pub creation_time: Option<&'static str>,
    /// Brings both sides into one form before they are compared (names and numbers of protocols, CIDR groups, ...).
    pub normalize: Option<fn(&mut Attributes)>,
    /// Last word on two values that differ, by path: `true` when Terraform would call them equal.
    pub suppress_diff: Option<fn(path: &str, desired: &Value, live: &Value) -> bool>,
}

/// A piece of a parent's attribute that a child resource manages: what the parent shows there is the child's to
/// report, in whatever source the child stands.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnedField {
    pub parent_kind: &'static str,
    pub parent_id: String,
    /// Top-level attribute or block of the parent.
    pub attribute: &'static str,
    /// The element of the parent's set or list (or the map key) that the child stands for, in the parent's form after
    /// `normalize`; `None`: the whole attribute.
    pub element: Option<Value>,
}

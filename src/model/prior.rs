//! What is known of a resource before it is read, as Terraform's providers get it: the prior state.

use serde_json::value::RawValue;

use super::{Attributes, Desired};

/// Id and attributes of a resource as they were last known: by a state, or by an earlier read. A kind takes from them what the id
/// does not say (the bucket of an object), and which of several equal forms to show.
#[derive(Debug, Clone, Copy)]
pub struct PriorState<'a> {
    pub id: &'a str,
    raw: Option<&'a RawValue>,
}

impl<'a> PriorState<'a> {
    /// `raw`: the attributes as a JSON object; `None` when nothing but the id is known.
    pub fn new(id: &'a str, raw: Option<&'a RawValue>) -> Self {
        Self { id, raw }
    }

    /// The attributes as the state has them, unparsed.
    pub fn raw(&self) -> Option<&str> {
        self.raw.map(RawValue::get)
    }

    /// The attributes as a map, parsed anew at every call: keep them where they are needed twice. Empty when nothing is known.
    pub fn attributes(&self) -> Attributes {
        self.raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
    }
}

impl PriorState<'_> {
    /// Was the resource created only partially, so that its state names nothing that could be read?
    pub fn is_partial(&self) -> bool {
        self.id.is_empty() || self.raw.is_some() && self.attributes().is_empty()
    }
}

impl Desired {
    /// The resource as its state has it.
    pub fn prior(&self) -> PriorState<'_> {
        PriorState::new(&self.id, Some(&self.raw_attributes))
    }
}

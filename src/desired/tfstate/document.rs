//! The JSON document of a state as a stream: one resource at a time, kept only while it is turned into instances.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::address::IndexKey;
use super::{StateError, provider};
use crate::model::ProviderRef;

/// The provider of `terraform_data`: nothing of it is in any cloud.
const BUILTIN_PROVIDER: &str = "terraform.io/builtin/terraform";

/// What is kept of a whole document.
#[derive(Default)]
pub(super) struct Document {
    pub serial: Option<u64>,
    pub lineage: Option<String>,
    pub terraform_version: Option<String>,
    version: Option<u64>,
    encryption_version: Option<String>,
    has_resources: bool,
    has_backend: bool,
    has_format_version: bool,
    has_sops: bool,
    has_pulumi: bool,
}

/// Takes each managed instance as soon as it is read.
pub(super) type Sink<'a> = &'a mut dyn FnMut(&Resource, Instance);

/// What all instances of a resource share.
pub(super) struct Resource {
    pub module: Option<String>,
    pub kind: Arc<str>,
    pub name: String,
    pub provider: ProviderRef,
}

#[derive(Deserialize)]
pub(super) struct Instance {
    pub index_key: Option<IndexKey>,
    pub status: Option<String>,
    pub deposed: Option<String>,
    pub schema_version: Option<u64>,
    pub attributes: Option<Box<RawValue>>,
    pub attributes_flat: Option<BTreeMap<String, Option<String>>>,
    pub sensitive_attributes: Option<Box<RawValue>>,
    /// What names the instance in AWS, since Terraform 1.12 with AWS provider 6, of many types. Any value may be null.
    pub identity: Option<Box<RawValue>>,
    /// OpenTofu, for a provider with `for_each`.
    pub provider: Option<String>,
}

/// Reads one document and hands every managed instance to `sink`; anything but a state of version 4 is an error that says what it is instead.
pub(super) fn read(reader: impl Read, location: &str, sink: Sink) -> Result<Document, StateError> {
    let mut document = Document::default();
    let mut json = serde_json::Deserializer::from_reader(reader);
    let outcome = TopLevel { document: &mut document, sink }.deserialize(&mut json).and_then(|()| json.end());
    let location = || location.to_owned();
    if let Some(encryption_version) = document.encryption_version {
        return Err(StateError::Encrypted { location: location(), encryption_version });
    }
    match document.version {
        _ if document.has_sops => return Err(StateError::Sops { location: location() }),
        _ if document.has_pulumi => return Err(StateError::Pulumi { location: location() }),
        _ if document.has_backend => return Err(StateError::BackendNote { location: location() }),
        Some(version @ 1..=3) => {
            let written_by = if version == 3 { "0.7 to 0.11" } else { "0.6 or older" };
            return Err(StateError::TooOld { location: location(), version, written_by });
        }
        Some(0) => return Err(StateError::NotAState { location: location() }),
        Some(4) => {}
        Some(version) => return Err(StateError::TooNew { location: location(), version }),
        None if document.has_format_version => return Err(StateError::Shown { location: location() }),
        None => {}
    }
    outcome.map_err(|error| StateError::from_json(&location(), error))?;
    if document.version.is_none() || !document.has_resources {
        return Err(StateError::NotAState { location: location() });
    }
    Ok(document)
}

struct TopLevel<'a, 's> {
    document: &'a mut Document,
    sink: Sink<'s>,
}

impl<'de> DeserializeSeed<'de> for TopLevel<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TopLevel<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a Terraform state")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { document, sink } = self;
        let mut kinds = Kinds::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "version" => match map.next_value()? {
                    Version::Number(version) => document.version = Some(version),
                    Version::Text(text) if text.starts_with("ENC[") => {
                        document.has_sops = true;
                        return Err(A::Error::custom("encrypted by SOPS"));
                    }
                    Version::Text(_) => return Err(A::Error::custom("a version that is no number")),
                },
                "sops" => document.has_sops = map.next_value::<Option<IgnoredAny>>()?.is_some(),
                "deployment" | "checkpoint" => {
                    document.has_pulumi = map.next_value::<Option<IgnoredAny>>()?.is_some();
                }
                "serial" => document.serial = map.next_value()?,
                "lineage" => document.lineage = map.next_value()?,
                "terraform_version" => document.terraform_version = map.next_value()?,
                "encryption_version" => document.encryption_version = Some(map.next_value()?),
                "backend" => document.has_backend = map.next_value::<Option<IgnoredAny>>()?.is_some(),
                "format_version" => {
                    document.has_format_version = true;
                    map.next_value::<IgnoredAny>()?;
                }
                "resources" if document.version.is_none_or(|version| version == 4) => {
                    document.has_resources = true;
                    map.next_value_seed(Resources { sink: &mut *sink, kinds: &mut kinds })?;
                }
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(())
    }

    // Every other JSON value is simply no state; `read` says so.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// SOPS writes `ENC[...]` in the place of every value.
#[derive(Deserialize)]
#[serde(untagged)]
enum Version {
    Number(u64),
    Text(String),
}

/// One `Arc` per kind name and document.
#[derive(Default)]
struct Kinds(std::collections::HashSet<Arc<str>>);

impl Kinds {
    fn shared(&mut self, name: &str) -> Arc<str> {
        if let Some(kind) = self.0.get(name) {
            return Arc::clone(kind);
        }
        let kind: Arc<str> = name.into();
        self.0.insert(Arc::clone(&kind));
        kind
    }
}

struct Resources<'a, 's> {
    sink: Sink<'s>,
    kinds: &'a mut Kinds,
}

impl<'de> DeserializeSeed<'de> for Resources<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

#[derive(Deserialize)]
struct RawResource {
    module: Option<String>,
    mode: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    name: Option<String>,
    provider: Option<String>,
    instances: Option<Vec<Instance>>,
}

impl<'de> Visitor<'de> for Resources<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of resources")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(raw) = seq.next_element::<RawResource>()? {
            // Data sources are read anew by every run: nothing of them is owned.
            if raw.mode.as_deref().unwrap_or("managed") != "managed" {
                continue;
            }
            let (Some(kind), Some(name)) = (raw.kind, raw.name) else {
                return Err(A::Error::custom("a resource without `type` or `name`"));
            };
            let provider = provider::parse(raw.provider.as_deref().unwrap_or_default());
            if provider.address == BUILTIN_PROVIDER {
                continue;
            }
            let resource = Resource { module: raw.module, kind: self.kinds.shared(&kind), name, provider };
            for instance in raw.instances.unwrap_or_default() {
                (self.sink)(&resource, instance);
            }
        }
        Ok(())
    }
}

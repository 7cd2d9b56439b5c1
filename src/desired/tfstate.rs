//! Terraform state, version 4: bytes -> resource instances. Pure: knows neither where the bytes come from nor AWS.
//!
//! The document is read as a stream; of each managed instance only its raw `attributes` stay, so that a state costs about
//! its attributes once. Unknown fields are ignored at every level, because newer Terraforms and OpenTofu add some. Facts:
//! the writers `internal/states/statefile/version4.go` of Terraform and of OpenTofu.

mod address;
mod document;
mod error;
mod flatmap;
mod provider;
mod sensitive;

use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;
use serde_json::value::RawValue;

use crate::model::{Desired, Gap, GapReason, GapScope, InstanceStatus, is_account_id, is_region};

pub use address::without_keys;
pub use error::StateError;

/// The most bytes that are read of one state, unpacked: beyond it is a mistake or an attack.
pub const MAX_STATE_BYTES: u64 = 8 << 30;

const BUFFER_BYTES: usize = 256 << 10;

/// One state, read.
#[derive(Debug, Default)]
pub struct State {
    pub serial: Option<u64>,
    pub lineage: Option<String>,
    pub terraform_version: Option<String>,
    /// Managed instances of every provider but the builtin one, in the order of the document. `source` is 0, account and
    /// region are only what an `identity` says.
    pub resources: Vec<Desired>,
    /// Instances that were written too long ago to be understood.
    pub gaps: Vec<Gap>,
    pub warnings: Vec<String>,
    /// Instances with `attributes_flat`.
    old_instances: usize,
}

/// Reads a state; `location` names it in errors and is free of secrets. Gzip is unpacked, a byte order mark skipped.
pub fn read(reader: impl Read, location: &str) -> Result<State, StateError> {
    let mut reader = BufReader::with_capacity(BUFFER_BYTES, reader);
    if starts_with(&mut reader, &[0x1f, 0x8b], location)? {
        let unpacked = BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(reader));
        return read_plain(unpacked, location);
    }
    read_plain(reader, location)
}

fn read_plain(mut reader: impl BufRead, location: &str) -> Result<State, StateError> {
    let owned = || location.to_owned();
    if starts_with(&mut reader, b"\xef\xbb\xbf", location)? {
        reader.consume(3);
    }
    match first_visible(&mut reader, location)? {
        None => return Err(StateError::Empty { location: owned() }),
        Some(b'<') => return Err(StateError::Html { location: owned() }),
        Some(b'P') if starts_with(&mut reader, b"PK\x03\x04", location)? => {
            return Err(StateError::Plan { location: owned() });
        }
        Some(_) => {}
    }
    let mut limited = reader.take(MAX_STATE_BYTES);
    let mut state = State::default();
    let outcome = document::read(&mut limited, location, &mut |resource, instance| add(&mut state, resource, instance));
    if limited.limit() == 0 {
        return Err(StateError::TooLarge { location: owned(), limit: MAX_STATE_BYTES });
    }
    let document = outcome?;
    state.serial = document.serial;
    state.lineage = document.lineage;
    state.terraform_version = document.terraform_version;
    warn_of_duplicates(&mut state);
    state.warnings.extend(old_instances(state.old_instances));
    Ok(state)
}

/// Makes the vocabulary's instance out of one of the document's.
fn add(state: &mut State, resource: &document::Resource, mut instance: document::Instance) {
    let provider = instance.provider.as_deref().map_or_else(|| resource.provider.clone(), provider::parse);
    let index_key = instance.index_key.take();
    let address = address::build(
        resource.module.as_deref(),
        &resource.kind,
        &resource.name,
        index_key.as_ref(),
        instance.deposed.as_deref(),
    );
    let id = id_of(instance.attributes.as_deref(), instance.attributes_flat.as_ref());
    let raw_attributes = match (instance.attributes.take(), &instance.attributes_flat) {
        (Some(raw), _) => raw,
        (None, Some(flat)) => {
            state.old_instances += 1;
            let attributes = flatmap::expand(&resource.kind, flat).unwrap_or_else(|(readable, name)| {
                state.gaps.push(old_instance(&address, &resource.kind, &id, &name));
                readable
            });
            serde_json::value::to_raw_value(&attributes).unwrap_or_default()
        }
        // A partially created object.
        (None, None) => Box::default(),
    };
    let (account, region) = told_by_identity(instance.identity.as_deref());
    state.resources.push(Desired {
        address,
        kind: Arc::clone(&resource.kind),
        id,
        account,
        region,
        source: 0,
        also_in: Vec::new(),
        provider,
        schema_version: instance.schema_version.unwrap_or_default(),
        sensitive: sensitive::paths(instance.sensitive_attributes.as_deref(), &raw_attributes),
        status: match (instance.deposed.take(), instance.status.as_deref()) {
            (Some(key), _) => InstanceStatus::Deposed(key),
            (None, Some("tainted")) => InstanceStatus::Tainted,
            (None, _) => InstanceStatus::Ready,
        },
        raw_attributes,
        code: None,
        declared: None,
    });
}

/// Account and region out of an instance's `identity`; each only if it is one.
fn told_by_identity(identity: Option<&RawValue>) -> (Option<String>, Option<String>) {
    let identity = identity.and_then(|raw| serde_json::from_str::<serde_json::Value>(raw.get()).ok());
    let text = |name: &str| identity.as_ref()?.get(name)?.as_str().map(str::to_owned);
    (text("account_id").filter(|id| is_account_id(id)), text("region").filter(|name| is_region(name)))
}

fn old_instance(address: &str, kind: &str, id: &str, attribute: &str) -> Gap {
    Gap {
        reason: GapReason::Unreadable,
        scope: GapScope { kind: Some(kind.to_owned()), id: Some(id.to_owned()), ..GapScope::default() },
        detail: format!(
            "{address} was last written by Terraform 0.11 or older and its `{attribute}` cannot be read: \
             run `terraform apply -refresh-only` to upgrade it"
        ),
    }
}

/// What was empty is not in such instances, so it is not compared: see [`flatmap`].
fn old_instances(count: usize) -> Option<String> {
    (count > 0).then(|| {
        format!(
            "{count} instances were last written by Terraform 0.11 or older, which left out what was empty: what they \
             lack is not compared; `terraform apply -refresh-only` upgrades them"
        )
    })
}

fn warn_of_duplicates(state: &mut State) {
    let mut seen = HashSet::with_capacity(state.resources.len());
    let doubles = state.resources.iter().filter(|resource| !seen.insert(resource.address.as_str()));
    let warnings = doubles.map(|resource| format!("{} stands more than once in the state", resource.address));
    state.warnings = warnings.collect();
}

/// The `id` attribute, the one that is needed of every instance at once.
fn id_of(attributes: Option<&RawValue>, flat: Option<&BTreeMap<String, Option<String>>>) -> String {
    if let Some(id) = flat.and_then(|flat| flat.get("id")) {
        return id.clone().unwrap_or_default();
    }
    let Some(found) = attributes.and_then(|raw| serde_json::from_str::<Ids>(raw.get()).ok()) else {
        return String::new();
    };
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(id) => id,
        serde_json::Value::Number(id) => id.to_string(),
        _ => String::new(),
    };
    let ids = [found.id, found.role_name, found.user_name, found.group_name];
    ids.into_iter().map(text).find(|id| !id.is_empty()).unwrap_or_default()
}

/// What names an instance: `id`, or what `terraform import` takes for the types that have none
/// (`aws_iam_role_policies_exclusive` and its like).
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Ids {
    id: serde_json::Value,
    role_name: serde_json::Value,
    user_name: serde_json::Value,
    group_name: serde_json::Value,
}

fn starts_with(reader: &mut impl BufRead, magic: &[u8], location: &str) -> Result<bool, StateError> {
    Ok(fill(reader, location)?.starts_with(magic))
}

/// Skips white space and looks at the byte that follows.
fn first_visible(reader: &mut impl BufRead, location: &str) -> Result<Option<u8>, StateError> {
    loop {
        let buffer = fill(reader, location)?;
        if buffer.is_empty() {
            return Ok(None);
        }
        match buffer.iter().position(|byte| !byte.is_ascii_whitespace()) {
            Some(at) => {
                let byte = buffer.get(at).copied();
                reader.consume(at);
                return Ok(byte);
            }
            None => {
                let length = buffer.len();
                reader.consume(length);
            }
        }
    }
}

fn fill<'a>(reader: &'a mut impl BufRead, location: &str) -> Result<&'a [u8], StateError> {
    reader.fill_buf().map_err(|cause| StateError::Read { location: location.to_owned(), cause })
}

#[cfg(test)]
mod tests;

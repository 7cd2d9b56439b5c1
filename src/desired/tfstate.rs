//! Terraform state, version 4: bytes -> resource instances. Pure: knows neither where the bytes come from nor AWS.
//!
//! The document is read as a stream; of each managed instance only its raw `attributes` stay, so that a state costs about
//! its attributes once. Unknown fields are ignored at every level, because newer Terraforms and OpenTofu add some. Facts:
//! the writers `internal/states/statefile/version4.go` of Terraform and of OpenTofu.

mod address;
mod document;
mod error;
mod flatmap;
mod lookalike;
mod provider;
mod sensitive;
mod text_encoding;

use std::collections::{BTreeMap, HashSet};
use std::io::{BufReader, Cursor, Read};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;
use jiff::Timestamp;
use serde_json::value::RawValue;

use crate::model::{
    Attributes, Desired, Gap, GapReason, GapScope, InstanceStatus, ProviderClass, is_account_id, is_region,
};
use text_encoding::{Encoding, Utf8};

pub use address::without_keys;
pub use error::StateError;

/// The most bytes that are read of one state, as downloaded and as unpacked. An instance takes 2 to 4 KiB and Terraform is
/// unusable long before 500,000 of them in one state: beyond it is a mistake, or a bomb made to fill the memory.
pub const MAX_STATE_BYTES: u64 = 2 << 30;

const BUFFER_BYTES: usize = 256 << 10;

/// How much is looked at to see what a document is.
const HEAD_BYTES: u64 = 4 << 10;

/// One state, read.
#[derive(Debug, Default)]
pub struct State {
    pub serial: Option<u64>,
    pub lineage: Option<String>,
    pub terraform_version: Option<String>,
    /// Managed instances of the AWS provider, in the order of the document. `source` is 0, account and region are only what an
    /// `identity` says.
    pub resources: Vec<Desired>,
    /// How many managed instances other providers have, by provider address; the builtin one does not count. Nothing else
    /// of them is kept: the id of a `random_string` is the very string.
    pub other_providers: BTreeMap<String, u64>,
    /// The same of providers that manage AWS but are not the AWS provider.
    pub foreign_providers: BTreeMap<String, u64>,
    /// Instances that were written too long ago to be understood.
    pub gaps: Vec<Gap>,
    pub warnings: Vec<String>,
    /// When its backend says that it was written.
    pub written_at: Option<Timestamp>,
    /// Instances with `attributes_flat`.
    old_instances: usize,
}

/// Reads a state; `location` names it in errors and is free of secrets. Gzip is unpacked, a byte order mark skipped, UTF-16
/// (what `>` writes in PowerShell) decoded.
pub fn read(reader: impl Read, location: &str) -> Result<State, StateError> {
    read_at_most(reader, location, MAX_STATE_BYTES)
}

fn read_at_most(reader: impl Read, location: &str, limit: u64) -> Result<State, StateError> {
    let (head, reader) = with_head(reader, location)?;
    if head.starts_with(&[0x1f, 0x8b]) {
        let unpacked = MultiGzDecoder::new(BufReader::with_capacity(BUFFER_BYTES, reader));
        let (head, reader) = with_head(unpacked, location)?;
        return read_plain(&head, reader, location, limit);
    }
    read_plain(&head, reader, location, limit)
}

fn read_plain(head: &[u8], reader: impl Read, location: &str, limit: u64) -> Result<State, StateError> {
    let encoding = Encoding::of(head);
    let mut limited = reader.take(limit);
    let outcome = read_text(Utf8::new(&mut limited, encoding), location);
    if limited.limit() == 0 {
        return Err(StateError::TooLarge { location: location.to_owned(), limit });
    }
    outcome
}

fn read_text(reader: impl Read, location: &str) -> Result<State, StateError> {
    let (head, reader) = with_head(reader, location)?;
    if let Some(error) = lookalike::of(&head, location) {
        return Err(error);
    }
    let mut reader = BufReader::with_capacity(BUFFER_BYTES, reader);
    let mut state = State::default();
    let mut unreadable = None;
    let document = document::read(&mut reader, location, &mut |resource, instance| {
        if let Err(error) = add(&mut state, resource, instance) {
            unreadable.get_or_insert(error);
        }
    })?;
    if let Some(Unreadable { address, what }) = unreadable {
        return Err(StateError::Value { location: location.to_owned(), place: format!("in {address}"), what });
    }
    state.serial = document.serial;
    state.lineage = document.lineage;
    state.terraform_version = document.terraform_version;
    warn_of_duplicates(&mut state);
    state.warnings.extend(old_instances(state.old_instances));
    Ok(state)
}

/// The first bytes, and a reader that gives them once more.
fn with_head<R: Read>(mut reader: R, location: &str) -> Result<(Vec<u8>, impl Read + use<R>), StateError> {
    let mut head = Vec::new();
    let read = reader.by_ref().take(HEAD_BYTES).read_to_end(&mut head);
    read.map_err(|cause| StateError::from_io(location, cause))?;
    Ok((head.clone(), Cursor::new(head).chain(reader)))
}

/// Attributes that no comparison could read.
struct Unreadable {
    address: String,
    what: &'static str,
}

/// Makes the vocabulary's instance out of one of the document's.
fn add(state: &mut State, resource: &document::Resource, mut instance: document::Instance) -> Result<(), Unreadable> {
    let mut provider = instance.provider.as_deref().map_or_else(|| resource.provider.clone(), provider::parse);
    match provider.class(&resource.kind) {
        ProviderClass::Aws => {}
        ProviderClass::Foreign => {
            *state.foreign_providers.entry(named(provider.address)).or_default() += 1;
            return Ok(());
        }
        ProviderClass::Other => {
            *state.other_providers.entry(named(provider.address)).or_default() += 1;
            return Ok(());
        }
    }
    if provider.address.is_empty() {
        provider.address = "registry.terraform.io/hashicorp/aws".to_owned();
    }
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
    // Raw JSON is not checked while it is skipped: what cannot be read would be taken for nothing at all.
    if let Err(error) = serde_json::from_str::<Option<Attributes>>(raw_attributes.get()) {
        return Err(Unreadable {
            address,
            what: error::unreadable_value(&error).unwrap_or("attributes that are no map"),
        });
    }
    let (account, region) = told_by_identity(instance.identity.as_deref());
    state.resources.push(Desired {
        address,
        kind: Arc::clone(&resource.kind),
        id,
        account,
        region,
        source: 0,
        also_in: Vec::new(),
        disputed_by: Vec::new(),
        is_copy: false,
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
    Ok(())
}

/// How a provider is told that a state does not name.
fn named(address: String) -> String {
    if address.is_empty() { "(no provider named)".to_owned() } else { address }
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
             run `terraform apply -refresh-only` (before Terraform 0.15.4: `terraform refresh`) to upgrade it"
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

#[cfg(test)]
mod tests;

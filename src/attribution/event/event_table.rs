//! The event table: CloudTrail event -> which AWS object it names, and which attributes of which Terraform resources it can
//! change, also of other resources than its name says. Data (`events.json`), read once; how to read it:
//!
//! * `ids`: paths to the identifying values, in the normalised record ([`super::payload`]): `R.` request, `P.` answer; lists are
//!   walked through. `(account)` and `(account+region)`: there is one such object, it needs no id.
//! * `changes`: `kind:attribute,attribute`; `made` means that the call makes such a resource, `gone` that it ceases to exist. `kind@path:...` where another
//!   path identifies that kind; `kind~:...` where the ids are of something that belongs to it (`also` in `objects.json`). `*` is any kind that EC2's tags belong to.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde::Deserialize;

use super::{Event, objects};

/// What an event can change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub ids: Vec<String>,
    pub targets: Vec<Target>,
}

/// One Terraform type that an event can change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// `*`: whatever EC2 tags.
    pub kind: String,
    /// Where this kind's id stands, if not in the row's `ids`.
    pub ids: Vec<String>,
    pub attributes: Vec<String>,
    pub gone: bool,
    pub made: bool,
    /// The ids are of something that belongs to the resource.
    pub also: bool,
}

impl Row {
    /// The object is the account's (and region's) only one.
    pub(crate) fn is_singleton(&self) -> bool {
        self.ids.iter().any(|path| path.starts_with('('))
    }
}

#[derive(Deserialize)]
struct RawRow {
    ids: String,
    changes: String,
}

type Rows = BTreeMap<String, BTreeMap<String, Row>>;

static ROWS: LazyLock<Rows> = LazyLock::new(|| {
    let written: BTreeMap<String, BTreeMap<String, RawRow>> =
        serde_json::from_str(include_str!("events.json")).unwrap_or_default();
    let rows = |(source, events): (String, BTreeMap<String, RawRow>)| {
        (source, events.into_iter().map(|(name, written)| (name, parsed(&written))).collect())
    };
    written.into_iter().map(rows).collect()
});

/// S3 renames its events in several ways; this is what its names have in common.
static S3_NAMES: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    // Two names may have the same in common: the last in order is taken, never whichever a hash puts last.
    let names = ROWS.get("s3.amazonaws.com").into_iter().flat_map(BTreeMap::keys);
    names.map(|name| (without_renames(name), name.clone())).collect()
});

/// What the table says of an event.
pub(crate) fn row(event: &Event) -> Option<&'static Row> {
    of(&event.source, &event.name)
}

/// Does a call of which the table knows by what it names objects name none at all: with parameters that are left out, or in a way
/// of its own?
pub fn names_nothing(event: &Event) -> bool {
    let Some(row) = row(event).filter(|row| !row.is_singleton()) else { return false };
    let all = std::iter::once(&row.ids).chain(row.targets.iter().map(|target| &target.ids));
    event.resources.is_empty() && all.into_iter().all(|ids| objects::at(event, ids).is_empty())
}

fn of(source: &str, name: &str) -> Option<&'static Row> {
    let events = ROWS.get(source)?;
    events.get(name).or_else(|| {
        let canonical = (source == "s3.amazonaws.com").then(|| S3_NAMES.get(&without_renames(name)))?;
        events.get(canonical?)
    })
}

/// `PutBucketLifecycleConfiguration`, `PutBucketLifecycle` -> `PutLifecycle`.
fn without_renames(name: &str) -> String {
    name.replace("Configuration", "").replace("Bucket", "")
}

fn parsed(written: &RawRow) -> Row {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let target = |text: &str| {
        let (head, attributes) = text.split_once(':').unwrap_or((text, ""));
        let (kind, path) = head.split_once('@').map_or((head, None), |(kind, path)| (kind, Some(path)));
        let (kind, also) = kind.strip_suffix('~').map_or((kind, false), |kind| (kind, true));
        let words: Vec<&str> = attributes.split(',').filter(|name| !name.is_empty()).collect();
        let says = |word: &str| words.contains(&word);
        Target {
            kind: kind.to_owned(),
            ids: path.map(str::to_owned).into_iter().collect(),
            attributes: words
                .iter()
                .filter(|name| !matches!(**name, "gone" | "made"))
                .map(|name| (*name).to_owned())
                .collect(),
            gone: says("gone"),
            made: says("made"),
            also,
        }
    };
    Row { ids: words(&written.ids), targets: written.changes.split_whitespace().map(target).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::schema;

    #[test]
    fn every_kind_and_attribute_is_the_providers() {
        let mut events = 0;
        let mut wrong = Vec::new();
        for (source, rows) in ROWS.iter() {
            for (name, row) in rows {
                events += 1;
                assert!(row.ids.iter().all(|path| path.starts_with(['R', 'P', '('])), "{source} {name}: {:?}", row.ids);
                for target in row.targets.iter().filter(|target| target.kind != "*") {
                    let Some(schema) = schema::of(&target.kind) else {
                        wrong.push(format!("{name}: no type {}", target.kind));
                        continue;
                    };
                    let known = |attribute: &String| {
                        schema.block.attributes.contains_key(attribute) || schema.block.blocks.contains_key(attribute)
                    };
                    let unknown = target.attributes.iter().filter(|name| !name.is_empty() && !known(name));
                    wrong.extend(unknown.map(|attribute| format!("{name}: {} has no {attribute}", target.kind)));
                }
            }
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
        assert!(events >= 372, "{events} events");
    }

    #[test]
    fn renamed_events_are_found() {
        for name in ["PutBucketLifecycle", "PutBucketLifecycleConfiguration", "PutBucketInventoryConfiguration"] {
            assert!(of("s3.amazonaws.com", name).is_some(), "{name}");
        }
        assert!(of("s3.amazonaws.com", "PutBucketNothing").is_none());
        let row = of("iam.amazonaws.com", "DetachRolePolicy").unwrap();
        let attachment = row.targets.iter().find(|target| target.kind == "aws_iam_policy_attachment").unwrap();
        assert_eq!((attachment.ids.as_slice(), attachment.gone), (&["R.policyArn".to_owned()][..], true));
    }
}

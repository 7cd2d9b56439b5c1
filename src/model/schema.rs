//! The Terraform AWS provider's own schema (5.100.0), reduced to what a comparison needs and embedded: types,
//! computed, optional, sensitive, write-only and the nesting of blocks. Decoded per type, when first asked for.
//!
//! What provider 6 added to the types that are read natively is laid over it ([`provider6`]): one schema for both
//! generations, because only what a state has is compared (`diff::recorded`).

mod provider6;

use std::collections::{BTreeMap, HashMap};
use std::io::Read as _;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Attributes;

/// The provider version that the embedded schema was taken from.
pub const PROVIDER_VERSION: &str = "5.100.0";
/// The newest provider version whose attributes are known.
pub const NEWEST_PROVIDER_VERSION: &str = "6.66.0";

/// Attributes that hold secrets and that the provider does not mark: user data (in clear since provider 6), and keys.
const SECRETS: &[(&str, &[&str])] = &[
    ("aws_instance", USER_DATA),
    ("aws_launch_configuration", USER_DATA),
    ("aws_launch_template", USER_DATA),
    ("aws_lightsail_bucket_access_key", &["secret_access_key"]),
    ("aws_lightsail_key_pair", &["private_key"]),
    ("aws_spot_instance_request", USER_DATA),
];
const USER_DATA: &[&str] = &["user_data", "user_data_base64"];

/// One resource type's schema.
#[derive(Debug)]
pub struct Schema {
    /// The highest schema version of the type that any known provider writes; a state with a higher one was written by
    /// a newer provider.
    pub version: u64,
    /// That of 5.100.0: a state with a higher one was written by provider 6 or newer.
    pub version_5: u64,
    /// Both generations' attributes.
    pub block: Block,
    /// Did 5.100.0 have an attribute `region` on this type? Then it proves nothing.
    region_in_5: bool,
}

impl Schema {
    /// Does the instance bear a mark of provider 6 or newer: its schema version, or an attribute that came with 6.0?
    /// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/enhanced-region-support>
    pub fn is_written_by_6(&self, schema_version: u64, attributes: &Attributes) -> bool {
        let mark = if self.region_in_5 { "bucket_region" } else { "region" };
        schema_version > self.version_5 || attributes.contains_key(mark)
    }
}

/// Attributes and nested blocks of a resource or of a nested block.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Block {
    #[serde(rename = "a", default)]
    pub attributes: BTreeMap<String, Attribute>,
    #[serde(rename = "b", default)]
    pub blocks: BTreeMap<String, NestedBlock>,
}

/// One attribute.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "(Type, u8)")]
pub struct Attribute {
    pub ty: Type,
    pub computed: bool,
    pub optional: bool,
    pub required: bool,
    pub sensitive: bool,
    pub write_only: bool,
}

impl Attribute {
    /// Filled by the provider only: the code can never set it.
    pub fn computed_only(&self) -> bool {
        self.computed && !self.optional
    }
}

impl From<(Type, u8)> for Attribute {
    fn from((ty, flags): (Type, u8)) -> Self {
        let has = |bit: u8| flags & bit != 0;
        Self { ty, computed: has(1), optional: has(2), required: has(4), sensitive: has(8), write_only: has(16) }
    }
}

/// How a nested block repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Nesting {
    Single,
    List,
    Set,
    Map,
    Group,
}

/// A nested block with its repetition.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "(Nesting, u64, u64, Block)")]
pub struct NestedBlock {
    pub nesting: Nesting,
    /// 0: no limit.
    pub max_items: u64,
    pub block: Block,
}

impl From<(Nesting, u64, u64, Block)> for NestedBlock {
    fn from((nesting, _min_items, max_items, block): (Nesting, u64, u64, Block)) -> Self {
        Self { nesting, max_items, block }
    }
}

/// A cty type.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    String,
    Number,
    Bool,
    Dynamic,
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<Type>),
    Object(BTreeMap<String, Type>),
}

impl<'de> Deserialize<'de> for Type {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        parse_type(&value).ok_or_else(|| serde::de::Error::custom(format!("not a cty type: {value}")))
    }
}

fn parse_type(value: &serde_json::Value) -> Option<Type> {
    if let Some(name) = value.as_str() {
        return match name {
            "string" => Some(Type::String),
            "number" => Some(Type::Number),
            "bool" => Some(Type::Bool),
            "dynamic" => Some(Type::Dynamic),
            _ => None,
        };
    }
    let [constructor, inner, ..] = value.as_array()?.as_slice() else { return None };
    match constructor.as_str()? {
        "list" => Some(Type::List(Box::new(parse_type(inner)?))),
        "set" => Some(Type::Set(Box::new(parse_type(inner)?))),
        "map" => Some(Type::Map(Box::new(parse_type(inner)?))),
        "object" => {
            let members = inner.as_object()?.iter().map(|(name, ty)| Some((name.clone(), parse_type(ty)?)));
            Some(Type::Object(members.collect::<Option<_>>()?))
        }
        _ => None,
    }
}

static COMPRESSED: &[u8] = include_bytes!("aws-provider-5.100.0.schema.json.zst");

#[expect(clippy::expect_used, reason = "the file is part of the binary, and a test decodes every type of it")]
static RAW: LazyLock<HashMap<String, Box<RawValue>>> = LazyLock::new(|| {
    let mut text = String::new();
    let decoded = ruzstd::decoding::StreamingDecoder::new(COMPRESSED)
        .map_err(|error| error.to_string())
        .and_then(|mut stream| stream.read_to_string(&mut text).map_err(|error| error.to_string()))
        .and_then(|_| serde_json::from_str(&text).map_err(|error| error.to_string()));
    decoded.expect("the embedded provider schema is valid")
});

static DECODED: LazyLock<Mutex<HashMap<String, Option<Arc<Schema>>>>> = LazyLock::new(Mutex::default);

/// The schema of a Terraform resource type; `None` for a type that the AWS provider does not have.
pub fn of(kind: &str) -> Option<Arc<Schema>> {
    let mut decoded = DECODED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = decoded.get(kind) {
        return known.clone();
    }
    let schema = RAW.get(kind).and_then(|raw| parse(kind, raw.get()).ok()).map(Arc::new);
    decoded.insert(kind.to_owned(), schema.clone());
    schema
}

/// Every resource type of the provider.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    RAW.keys().map(String::as_str)
}

fn parse(kind: &str, text: &str) -> serde_json::Result<Schema> {
    let (version_5, mut block): (u64, Block) = serde_json::from_str(text)?;
    let region_in_5 = block.attributes.contains_key("region");
    let version = provider6::lay_over(kind, &mut block).unwrap_or_default().max(version_5);
    for name in SECRETS.iter().filter(|(owner, _)| *owner == kind).flat_map(|(_, names)| *names) {
        if let Some(attribute) = block.attributes.get_mut(*name) {
            attribute.sensitive = true;
        }
    }
    Ok(Schema { version, version_5, block, region_in_5 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_type_decodes() {
        assert_eq!(kinds().count(), 1526);
        for kind in kinds() {
            assert!(parse(kind, RAW[kind].get()).is_ok(), "{kind}");
        }
    }

    #[test]
    fn flags_and_nesting() {
        let schema = of("aws_security_group").unwrap();
        assert_eq!(schema.version, 1);
        assert!(schema.block.attributes["arn"].computed_only());
        assert!(
            matches!(&schema.block.attributes["ingress"].ty, Type::Set(inner) if matches!(**inner, Type::Object(_)))
        );
        let versioning = of("aws_s3_bucket_versioning").unwrap();
        let block = &versioning.block.blocks["versioning_configuration"];
        assert_eq!((block.nesting, block.max_items), (Nesting::List, 1));
        assert!(of("aws_iam_access_key").unwrap().block.attributes["secret"].sensitive);
        assert!(of("random_id").is_none());
    }

    #[test]
    fn user_data_is_a_secret() {
        for kind in ["aws_instance", "aws_launch_template", "aws_spot_instance_request"] {
            assert!(of(kind).unwrap().block.attributes["user_data"].sensitive, "{kind}");
        }
        assert!(of("aws_instance").unwrap().block.attributes["user_data_base64"].sensitive);
        for (kind, names) in SECRETS {
            let schema = of(kind).unwrap_or_else(|| panic!("{kind}"));
            assert!(names.iter().any(|name| schema.block.attributes.contains_key(*name)), "{kind}");
        }
    }

    #[test]
    fn marks_of_provider_6() {
        let of_6 = |kind: &str, version, name: &str| {
            let attributes = Attributes::from_iter([(name.to_owned(), "x".into())]);
            of(kind).unwrap().is_written_by_6(version, &attributes)
        };
        assert!(
            of_6("aws_vpc", 1, "region") && of_6("aws_instance", 2, "id") && of_6("aws_s3_bucket", 0, "bucket_region")
        );
        assert!(!of_6("aws_vpc", 1, "id") && !of_6("aws_instance", 1, "id") && !of_6("aws_s3_bucket", 0, "region"));
    }
}

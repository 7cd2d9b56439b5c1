//! A value that is a text in its short form and a mapping in its long one.

use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// The long form.
pub trait Mapping {
    /// What may stand there, for the message about something else: "a location, or a mapping with ...".
    const EXPECTING: &str;
}

/// A text, or a mapping.
#[derive(Debug, Clone)]
pub enum TextOr<T> {
    Text(String),
    Mapping(T),
}

impl<'de, T: Mapping + Deserialize<'de>> Deserialize<'de> for TextOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrVisitor(PhantomData))
    }
}

/// By hand, since serde's `untagged` loses the position of what is wrong inside.
struct TextOrVisitor<T>(PhantomData<T>);

impl<'de, T: Mapping + Deserialize<'de>> Visitor<'de> for TextOrVisitor<T> {
    type Value = TextOr<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTING)
    }

    fn visit_str<E>(self, text: &str) -> Result<TextOr<T>, E> {
        Ok(TextOr::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TextOr<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(TextOr::Mapping)
    }
}

impl<T: JsonSchema> JsonSchema for TextOr<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("TextOr{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mapping = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [{ "type": "string" }, mapping] })
    }
}

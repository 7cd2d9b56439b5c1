//! Fills in variables of the environment while a YAML file is read into a type: in values, plain and quoted, and never in keys. Most of
//! this file is what serde asks for; what a variable is stands in [`super::variables`].

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::Variables;

/// What the value of a variable is to be.
#[derive(Clone, Copy)]
enum Wanted {
    Text,
    Number,
    Boolean,
}

/// A deserializer, a visitor, a seed or an access of serde whose values are filled in.
pub(super) struct Filled<'v, 'e, T> {
    inner: T,
    variables: &'v Variables<'e>,
    wanted: Wanted,
}

impl<'v, 'e, T> Filled<'v, 'e, T> {
    pub(super) fn new(inner: T, variables: &'v Variables<'e>) -> Self {
        Self { inner, variables, wanted: Wanted::Text }
    }

    fn split<U>(self, other: U) -> (T, Filled<'v, 'e, U>) {
        let Self { inner, variables, wanted } = self;
        (inner, Filled { inner: other, variables, wanted })
    }

    fn around<U>(&self, inner: U) -> Filled<'v, 'e, U> {
        Filled::new(inner, self.variables)
    }
}

/// Asks the deserializer for the same, with a visitor that fills in. A number or a boolean is asked for as what it looks like: a variable
/// looks like a text.
macro_rules! deserialize_by {
    ($($method:ident($($argument:ident: $type:ty),*) => $asked:ident, $wanted:ident;)*) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            let visitor = Filled { inner: visitor, variables: self.variables, wanted: Wanted::$wanted };
            self.inner.$asked($($argument,)* visitor)
        })*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Filled<'_, '_, D> {
    type Error = D::Error;

    deserialize_by! {
        deserialize_any() => deserialize_any, Text;
        deserialize_bool() => deserialize_any, Boolean;
        deserialize_i8() => deserialize_any, Number;
        deserialize_i16() => deserialize_any, Number;
        deserialize_i32() => deserialize_any, Number;
        deserialize_i64() => deserialize_any, Number;
        deserialize_u8() => deserialize_any, Number;
        deserialize_u16() => deserialize_any, Number;
        deserialize_u32() => deserialize_any, Number;
        deserialize_u64() => deserialize_any, Number;
        deserialize_f32() => deserialize_any, Number;
        deserialize_f64() => deserialize_any, Number;
        deserialize_char() => deserialize_char, Text;
        deserialize_str() => deserialize_str, Text;
        deserialize_string() => deserialize_string, Text;
        deserialize_bytes() => deserialize_bytes, Text;
        deserialize_byte_buf() => deserialize_byte_buf, Text;
        deserialize_option() => deserialize_option, Text;
        deserialize_unit() => deserialize_unit, Text;
        deserialize_unit_struct(name: &'static str) => deserialize_unit_struct, Text;
        deserialize_newtype_struct(name: &'static str) => deserialize_newtype_struct, Text;
        deserialize_seq() => deserialize_seq, Text;
        deserialize_tuple(len: usize) => deserialize_tuple, Text;
        deserialize_tuple_struct(name: &'static str, len: usize) => deserialize_tuple_struct, Text;
        deserialize_map() => deserialize_map, Text;
        deserialize_struct(name: &'static str, fields: &'static [&'static str]) => deserialize_struct, Text;
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) => deserialize_enum, Text;
        deserialize_identifier() => deserialize_identifier, Text;
        deserialize_ignored_any() => deserialize_ignored_any, Text;
    }
}

/// Gives the visitor what it gets.
macro_rules! visit_as_it_is {
    ($($method:ident: $type:ty;)*) => {
        $(fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.inner.$method(value)
        })*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Filled<'_, '_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    visit_as_it_is! {
        visit_bool: bool;
        visit_i64: i64;
        visit_i128: i128;
        visit_u64: u64;
        visit_u128: u128;
        visit_f64: f64;
        visit_bytes: &[u8];
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        let Some(filled) = self.variables.replace(text).map_err(E::custom)? else { return self.inner.visit_str(text) };
        match self.wanted {
            Wanted::Text => {}
            Wanted::Number => {
                if let Ok(number) = filled.parse() {
                    return self.inner.visit_u64(number);
                }
                if let Ok(number) = filled.parse() {
                    return self.inner.visit_f64(number);
                }
            }
            Wanted::Boolean => {
                if let Ok(boolean) = filled.parse() {
                    return self.inner.visit_bool(boolean);
                }
            }
        }
        self.inner.visit_str(&filled)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let (visitor, deserializer) = self.split(deserializer);
        visitor.visit_some(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let (visitor, deserializer) = self.split(deserializer);
        visitor.visit_newtype_struct(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<V::Value, A::Error> {
        let (visitor, list) = self.split(list);
        visitor.visit_seq(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let (visitor, map) = self.split(map);
        visitor.visit_map(map)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<V::Value, A::Error> {
        let (visitor, data) = self.split(data);
        visitor.visit_enum(data)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Filled<'_, '_, A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        let seed = self.around(seed);
        self.inner.next_element_seed(seed)
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Filled<'_, '_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        self.inner.next_key_seed(seed)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        let seed = self.around(seed);
        self.inner.next_value_seed(seed)
    }
}

impl<'v, 'e, 'de, A: EnumAccess<'de>> EnumAccess<'de> for Filled<'v, 'e, A> {
    type Error = A::Error;
    type Variant = Filled<'v, 'e, A::Variant>;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self::Variant), A::Error> {
        let seed = self.around(seed);
        let variables = self.variables;
        let (name, data) = self.inner.variant_seed(seed)?;
        Ok((name, Filled::new(data, variables)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Filled<'_, '_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        let (data, seed) = self.split(seed);
        data.newtype_variant_seed(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        let (data, visitor) = self.split(visitor);
        data.tuple_variant(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let (data, visitor) = self.split(visitor);
        data.struct_variant(fields, visitor)
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Filled<'_, '_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        let (seed, deserializer) = self.split(deserializer);
        seed.deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;
    use crate::environment::Environment;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        Text,
        Json,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        text: Option<serde_saphyr::Spanned<String>>,
        #[serde(default)]
        list: Vec<serde_saphyr::Spanned<String>>,
        number: Option<std::num::NonZeroU32>,
        boolean: Option<bool>,
        word: Option<Word>,
        #[serde(default)]
        map: BTreeMap<String, String>,
    }

    fn environment() -> Environment {
        let variables =
            [("A", "one"), ("N", "12"), ("B", "true"), ("W", "json"), ("EVIL", "x\"]\nnumber: 1 #${A}"), ("EMPTY", "")];
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn parse(text: &str) -> Result<Sample, String> {
        let environment = environment();
        let variables = Variables::new(&environment);
        let parsed = serde_saphyr::with_deserializer_from_str(text, |deserializer| {
            Sample::deserialize(Filled::new(deserializer, &variables))
        });
        parsed.map_err(|error| {
            let at = error.location().map(|at| (at.line(), at.column()));
            format!("{at:?} {}", error.without_snippet())
        })
    }

    #[test]
    fn values_are_filled_in_and_keys_are_not() {
        let sample = parse(
            "text: ${A}\nlist: [\"${A}-${NONE:-two}\", '$${A} $A $', '${EMPTY:-}x']\nnumber: ${N}\nboolean: ${B}\nword: ${W}\nmap: {\"${A}\": a}\n",
        );
        let sample = sample.unwrap();
        assert_eq!(sample.text.unwrap().value, "one");
        let list: Vec<&str> = sample.list.iter().map(|one| one.value.as_str()).collect();
        assert_eq!(list, ["one-two", "${A} $A $", "x"]);
        assert_eq!((sample.number.unwrap().get(), sample.boolean, sample.word), (12, Some(true), Some(Word::Json)));
        assert!(sample.map.contains_key("${A}"));
    }

    /// What a variable holds is a value, whatever it looks like, and is not looked through for variables.
    #[test]
    fn a_value_stays_one_value() {
        let sample = parse("text: ${EVIL}\n").unwrap();
        assert_eq!(sample.text.unwrap().value, "x\"]\nnumber: 1 #${A}");
        assert!(sample.number.is_none());
    }

    #[test]
    fn what_cannot_be_filled_in_has_its_place() {
        for (text, message) in [
            ("list:\n  - a\n  - ${NONE}\n", "Some((3, 5)) variable not set: NONE"),
            ("text: \"x${EMPTY}\"\n", "Some((1, 7)) variable not set: EMPTY"),
            ("text: ${1A}\n", "Some((1, 7)) malformed variable"),
            ("text: \"${A\"\n", "Some((1, 7)) malformed variable"),
        ] {
            let found = parse(text).unwrap_err();
            assert!(found.starts_with(message), "{text}: {found}");
        }
        assert!(parse("number: ${A}\n").unwrap_err().contains("nonzero"), "a word is no number");
    }
}

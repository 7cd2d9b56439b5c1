//! The JSON Schema of the configuration file, made of the types that read it: for editors, which complete keys and show what they mean.

use schemars::schema_for;
use serde_json::Value;

use super::RawConfig;

/// The schema, with every key and its sentence.
pub fn schema() -> Value {
    let mut schema = schema_for!(RawConfig);
    schema.insert("title".to_owned(), "driftd's configuration".into());
    schema.to_value()
}

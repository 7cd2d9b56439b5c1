//! The report for programs, in the format of `docs/scan-report.schema.json`.

use std::fmt::Write as _;

use crate::model::report::Report;
use crate::wording::text::deceives;

/// Indented JSON in the contract's form and order. Characters that deceive a terminal are written as `\u` escapes; a parser
/// reads the same values.
pub fn render(report: &Report) -> serde_json::Result<String> {
    Ok(escaped(&serde_json::to_string_pretty(report)?))
}

/// JSON text with deceiving characters escaped. Outside of strings JSON has none but newlines.
pub(super) fn escaped(json: &str) -> String {
    let mut safe = String::with_capacity(json.len() + 1);
    let mut units = [0; 2];
    for c in json.chars() {
        if c != '\n' && deceives(c) {
            for unit in c.encode_utf16(&mut units) {
                // writing to a String cannot fail
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    safe.push('\n');
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::sample;

    #[test]
    fn the_contract_holds() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scan-report.schema.json");
        let schema: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let samples = [sample::rich(), sample::attributed(), sample::clean(), sample::mixed(), sample::hostile()];
        for report in samples {
            let text = render(&report).unwrap();
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            let errors: Vec<_> =
                validator.iter_errors(&value).map(|e| format!("{} at {}", e, e.instance_path())).collect();
            assert!(errors.is_empty(), "{}", errors.join("\n"));
            assert_eq!(value, serde_json::to_value(&report).unwrap());
        }
        // the validator does refuse
        assert!(!validator.is_valid(&serde_json::json!({"schema_version": "1"})));
    }
}

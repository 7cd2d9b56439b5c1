//! Whole numbers in attributes and events, which are written as numbers or as text.

use serde_json::Value;

/// 443, 443.0 or (old states, CloudTrail) "443"; `None` where there is none, or one that is not whole.
pub fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
            #[expect(clippy::cast_possible_truncation, reason = "ports and types are small whole numbers")]
            let whole = float as i64;
            Some(whole)
        }),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::integer;
    use serde_json::json;

    #[test]
    fn numbers_and_texts() {
        for (value, expected) in [
            (json!(443), Some(443)),
            (json!(443.0), Some(443)),
            (json!(443.5), None),
            (json!(-0.5), None),
            (json!("-1"), Some(-1)),
            (json!("443.5"), None),
            (json!(""), None),
            (json!(null), None),
        ] {
            assert_eq!(integer(&value), expected, "{value}");
        }
    }
}

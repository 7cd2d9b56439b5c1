//! Resource addresses, built from their parts: index keys may contain anything, so an address is never split on dots.

use serde::Deserialize;

/// `index_key` of an instance.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum IndexKey {
    Int(i64),
    /// Written by nobody, but JSON allows it.
    Float(f64),
    Text(String),
}

/// `module.m["x"].aws_vpc.main[0] (deposed 1a2b3c4d)`.
pub(super) fn build(
    module: Option<&str>,
    kind: &str,
    name: &str,
    key: Option<&IndexKey>,
    deposed: Option<&str>,
) -> String {
    let mut address = String::new();
    if let Some(module) = module.filter(|m| !m.is_empty()) {
        address.push_str(module);
        address.push('.');
    }
    address.push_str(kind);
    address.push('.');
    address.push_str(name);
    match key {
        Some(IndexKey::Int(number)) => address.push_str(&format!("[{number}]")),
        Some(IndexKey::Float(number)) => address.push_str(&format!("[{number}]")),
        Some(IndexKey::Text(text)) => address.push_str(&format!("[{}]", quote(text))),
        None => {}
    }
    if let Some(deposed) = deposed {
        address.push_str(&format!(" (deposed {deposed})"));
    }
    address
}

/// Quotes like Terraform prints string keys: HCL escapes, `${` and `%{` doubled, what cannot be printed as `\u....`.
fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '$' | '%' => {
                out.push(c);
                if chars.peek() == Some(&'{') {
                    out.push(c);
                }
            }
            c if is_printable(c) => out.push(c),
            c if u32::from(c) <= 0xffff => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    // `str::escape_debug` escapes a combining mark only at the start; Terraform prints marks.
    !format!("x{c}").escape_debug().to_string().contains("\\u{")
}

/// The address as the code knows it, without index keys: `module.m["x"].module.n[0]` -> `module.m.module.n`.
pub fn without_keys(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for c in address.chars() {
        if quoted {
            (quoted, escaped) = if escaped { (true, false) } else { (c != '"', c == '\\') };
            continue;
        }
        match c {
            '"' if depth > 0 => quoted = true,
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            ' ' if depth == 0 => break, // " (deposed 1a2b3c4d)"
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(key: &str) -> Option<IndexKey> {
        Some(IndexKey::Text(key.to_owned()))
    }

    #[test]
    fn odd_keys_are_quoted_like_hcl() {
        let table = [
            (None, "aws_sqs_queue.q"),
            (Some(IndexKey::Int(0)), "aws_sqs_queue.q[0]"),
            (text(""), r#"aws_sqs_queue.q[""]"#),
            (text("a.b"), r#"aws_sqs_queue.q["a.b"]"#),
            (text("q\"uote\\"), r#"aws_sqs_queue.q["q\"uote\\"]"#),
            (text("x[0]"), r#"aws_sqs_queue.q["x[0]"]"#),
            (text("ünï e\u{301}"), "aws_sqs_queue.q[\"ünï e\u{301}\"]"),
            (text("l\nt\tr\r"), r#"aws_sqs_queue.q["l\nt\tr\r"]"#),
            (text("${a} %{b} $c"), r#"aws_sqs_queue.q["$${a} %%{b} $c"]"#),
            (text("\u{1}\u{200b}\u{e0001}"), r#"aws_sqs_queue.q["\u0001\u200b\U000e0001"]"#),
        ];
        for (key, expected) in table {
            assert_eq!(build(None, "aws_sqs_queue", "q", key.as_ref(), None), expected);
        }
        assert_eq!(
            build(Some(r#"module.m["x"]"#), "aws_sqs_queue", "q", text("k").as_ref(), Some("1a2b3c4d")),
            r#"module.m["x"].aws_sqs_queue.q["k"] (deposed 1a2b3c4d)"#
        );
    }

    #[test]
    fn keys_are_dropped_whatever_they_contain() {
        let table = [
            ("aws_vpc.main", "aws_vpc.main"),
            (r#"module.m["x].y[\"z"].module.n[0].aws_vpc.main["a b"]"#, "module.m.module.n.aws_vpc.main"),
            (r#"aws_vpc.main["\\"] (deposed 1a2b3c4d)"#, "aws_vpc.main"),
        ];
        for (address, expected) in table {
            assert_eq!(without_keys(address), expected);
        }
    }
}

//! Reading IAM policy documents: which statements are new, who is let in, how much is allowed.
//! Knows JSON only; a text that is no policy has no statements.
//!
//! Grammar: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>. What "public" means:
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status>.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::model::account::is_account_id;
use crate::model::{arn, cidr};

type Statement = Map<String, Value>;

/// Condition keys that tie a caller down to something known, in lower case.
const RESTRICTING_KEYS: &[&str] = &[
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "aws:vpcsourceip",
    "kms:calleraccount",
    "lambda:eventsourcetoken",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
];

/// Operators that let through only what they name. `...IfExists` and `ForAllValues:` also let through a missing key.
const RESTRICTING_OPERATORS: &[&str] = &[
    "stringequals",
    "stringequalsignorecase",
    "stringlike",
    "arnequals",
    "arnlike",
    "ipaddress",
    "foranyvalue:stringequals",
    "foranyvalue:stringlike",
];

/// The statements of a policy: a JSON text, a document, one statement or a list of any of them.
pub fn statements(policy: &Value) -> Vec<Statement> {
    match policy {
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(parsed @ (Value::Object(_) | Value::Array(_))) => statements(&parsed),
            _ => Vec::new(),
        },
        Value::Array(items) => items.iter().flat_map(statements).collect(),
        Value::Object(map) => match map.get("Statement") {
            Some(inner) => statements(inner),
            None if map.contains_key("Effect") => vec![map.clone()],
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The statements that `live` has and `desired` has not, by meaning: `Sid`, order and scalar-or-list do not count.
pub fn added_statements(desired: &Value, live: &Value) -> Vec<Value> {
    let known: Vec<_> = statements(desired).iter().map(canonical).collect();
    let mut seen = Vec::new();
    for statement in statements(live) {
        let form = canonical(&statement);
        if !known.contains(&form) && !seen.iter().any(|(old, _)| *old == form) {
            seen.push((form, Value::Object(statement)));
        }
    }
    seen.into_iter().map(|(_, statement)| statement).collect()
}

/// Does some `Allow` statement let anybody in, without a condition that ties the caller down?
pub fn allows_public(policy: &Value) -> bool {
    statements(policy).iter().filter(|s| allows(s)).any(|statement| {
        let anybody = statement.contains_key("NotPrincipal") || principals(statement).contains("AWS:*");
        anybody && !restricted(statement)
    })
}

/// Does some `Allow` statement allow every action on every resource?
pub fn has_admin(policy: &Value) -> bool {
    statements(policy).iter().filter(|s| allows(s)).any(|statement| {
        every_resource(statement) && list(statement.get("Action")).iter().any(|a| a == "*" || a == "*:*")
    })
}

/// Does some `Allow` statement allow whole services (`s3:*`, or all but a few by `NotAction`) on every resource?
pub fn has_wildcard(policy: &Value) -> bool {
    statements(policy).iter().filter(|s| allows(s)).any(|statement| {
        every_resource(statement)
            && (statement.contains_key("NotAction")
                || list(statement.get("Action")).iter().any(|a| a == "*" || a.ends_with(":*")))
    })
}

/// The principals of all `Allow` statements, as `AWS:arn`, `Service:name`, `Federated:arn`, sorted.
pub fn allowed_principals(policy: &Value) -> BTreeSet<String> {
    statements(policy).iter().filter(|s| allows(s)).flat_map(principals).collect()
}

/// The accounts of all AWS principals of `Allow` statements: twelve digits, or `*`.
pub fn allowed_accounts(policy: &Value) -> BTreeSet<String> {
    allowed_principals(policy)
        .iter()
        .filter_map(|principal| principal.strip_prefix("AWS:"))
        .filter_map(|arn| match arn {
            "*" => Some("*"),
            _ => arn::account(arn),
        })
        .map(str::to_string)
        .collect()
}

/// Does `live` have an `Allow` statement of `desired` again, but with fewer conditions?
pub fn conditions_dropped(desired: &Value, live: &Value) -> bool {
    let live: Vec<_> = statements(live).iter().filter(|s| allows(s)).map(split_condition).collect();
    statements(desired).iter().filter(|s| allows(s)).map(split_condition).any(|(rest, keys)| {
        let mut same = live.iter().filter(|(other, _)| *other == rest).peekable();
        same.peek().is_some() && !same.any(|(_, left)| keys.is_subset(left))
    })
}

fn allows(statement: &Statement) -> bool {
    statement.get("Effect").and_then(Value::as_str).is_some_and(|effect| effect.eq_ignore_ascii_case("allow"))
}

fn every_resource(statement: &Statement) -> bool {
    statement.contains_key("NotResource") || list(statement.get("Resource")).iter().any(|r| r == "*")
}

fn restricted(statement: &Statement) -> bool {
    let Some(Value::Object(condition)) = statement.get("Condition") else { return false };
    condition.iter().any(|(operator, keys)| {
        RESTRICTING_OPERATORS.contains(&operator.to_ascii_lowercase().as_str())
            && keys.as_object().is_some_and(|keys| {
                keys.iter().any(|(key, values)| {
                    let key = key.to_ascii_lowercase();
                    (RESTRICTING_KEYS.contains(&key.as_str()) || ties_to_identity(&key)) && fixed(values)
                })
            })
    })
}

/// Keys of OIDC and SAML providers: `token.actions.githubusercontent.com:sub`, `saml:aud`.
fn ties_to_identity(key: &str) -> bool {
    [":sub", ":aud", ":oaud", ":iss"].iter().any(|end| key.ends_with(end))
}

/// Every value names something: neither `*` nor the whole internet.
fn fixed(values: &Value) -> bool {
    let values = list(Some(values));
    !values.is_empty() && values.iter().all(|v| v.chars().any(|c| c != '*' && c != '?') && !cidr::is_world(v))
}

/// `AWS:arn`, `Service:name`, ...; an account id stands for its root ARN, a bare `*` for `AWS:*`.
fn principals(statement: &Statement) -> BTreeSet<String> {
    match statement.get("Principal") {
        Some(Value::Object(by_type)) => by_type
            .iter()
            .flat_map(|(kind, names)| list(Some(names)).into_iter().map(move |name| (kind, name)))
            .map(|(kind, name)| match kind.as_str() {
                "AWS" if is_account_id(&name) => {
                    format!("AWS:arn:aws:iam::{name}:root")
                }
                _ => format!("{kind}:{name}"),
            })
            .collect(),
        other => list(other).into_iter().map(|name| format!("AWS:{name}")).collect(),
    }
}

/// A statement in one spelling: no `Sid`, lists sorted, actions and condition keys in lower case.
fn canonical(statement: &Statement) -> Value {
    let (rest, _) = split_condition(statement);
    let mut conditions = BTreeSet::new();
    if let Some(Value::Object(condition)) = statement.get("Condition") {
        for (operator, keys) in condition {
            for (key, values) in keys.as_object().into_iter().flatten() {
                let values: BTreeSet<_> = list(Some(values)).into_iter().collect();
                conditions.insert((operator.clone(), key.to_ascii_lowercase(), values));
            }
        }
    }
    json!([rest, conditions])
}

/// The statement without its condition, in one spelling, and the (operator, key) pairs of the condition.
fn split_condition(statement: &Statement) -> (Value, BTreeSet<(String, String)>) {
    let mut rest = Map::new();
    for (name, value) in statement {
        let value = match name.as_str() {
            "Sid" | "Condition" => continue,
            "Principal" => json!(principals(statement)),
            "Action" | "NotAction" => {
                json!(list(Some(value)).iter().map(|a| a.to_ascii_lowercase()).collect::<BTreeSet<_>>())
            }
            _ => json!(list(Some(value)).into_iter().collect::<BTreeSet<_>>()),
        };
        rest.insert(name.clone(), value);
    }
    let mut keys = BTreeSet::new();
    if let Some(Value::Object(condition)) = statement.get("Condition") {
        for (operator, inner) in condition {
            for key in inner.as_object().into_iter().flat_map(Map::keys) {
                keys.insert((operator.clone(), key.to_ascii_lowercase()));
            }
        }
    }
    (Value::Object(rest), keys)
}

/// A scalar or list of scalars as texts.
fn list(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => items.iter().flat_map(|item| list(Some(item))).collect(),
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Null) | None => Vec::new(),
        Some(other) => vec![other.to_string()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(statement: Value) -> Value {
        json!({"Version": "2012-10-17", "Statement": statement}).to_string().into()
    }

    #[test]
    fn public_means_anybody_without_a_tie() {
        let with = |condition: Value| {
            one(
                json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*", "Condition": condition}),
            )
        };
        for (policy, expected) in [
            (one(json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"})), true),
            (one(json!([{"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": "s3:*", "Resource": "*"}])), true),
            (one(json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"})), false),
            (one(json!({"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "s3:*"})), false),
            (one(json!({"Effect": "Allow", "Principal": {"Service": "*"}, "Action": "s3:*"})), false),
            (with(json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})), false),
            (with(json!({"StringLike": {"aws:PrincipalOrgID": "*"}})), true),
            (with(json!({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}})), false),
            (with(json!({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "0.0.0.0/0"]}})), true),
            (with(json!({"Bool": {"aws:SecureTransport": "true"}})), true),
            (with(json!({"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}})), true),
            (Value::String("(sensitive)".into()), false),
            (Value::Null, false),
        ] {
            assert_eq!(allows_public(&policy), expected, "{policy}");
        }
    }

    #[test]
    fn added_statements_go_by_meaning() {
        let old = one(json!({"Sid": "a", "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["b", "a"]}));
        let same = one(json!([{"Effect": "Allow", "Action": ["S3:getobject"], "Resource": ["a", "b"]}]));
        let more = one(json!([
            {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["a", "b"]},
            {"Effect": "Allow", "Action": "*", "Resource": "*"}
        ]));
        assert!(added_statements(&old, &same).is_empty());
        let added = Value::Array(added_statements(&old, &more));
        assert_eq!(added.as_array().unwrap().len(), 1);
        assert!(has_admin(&added) && has_wildcard(&added) && !has_admin(&old));
    }

    #[test]
    fn trust_is_read_by_account_and_condition() {
        let trust = |condition: Value| {
            one(json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:role/x"},
                       "Action": "sts:AssumeRole", "Condition": condition}))
        };
        let tied = trust(json!({"StringEquals": {"sts:ExternalId": "e", "aws:PrincipalOrgID": "o-1"}}));
        assert_eq!(allowed_accounts(&tied).into_iter().collect::<Vec<_>>(), ["222222222222"]);
        assert!(conditions_dropped(&tied, &trust(json!({}))));
        assert!(conditions_dropped(&tied, &trust(json!({"StringEquals": {"sts:ExternalId": "e"}}))));
        assert!(!conditions_dropped(&tied, &tied));
        assert!(!conditions_dropped(&trust(json!({})), &tied));
    }
}

//! IAM policy documents by meaning, as far as the provider goes (`github.com/hashicorp/awspolicyequivalence`, measured
//! with 5.100.0): order, one or a list of one, spelling of accounts and scalars mean nothing; what stands twice, `"*"`
//! beside `{"AWS": "*"}` and a version that is left out do, although AWS would grant the same.
//! Grammar: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>.

use serde_json::{Map, Value};

use super::Arn;

/// One form per meaning. What is not a policy document (no `Statement`) is returned as it is.
pub fn canonical(document: &Value) -> Value {
    let Value::Object(members) = document else { return document.clone() };
    let Some(statements) = members.get("Statement") else { return document.clone() };
    let mut form: Map<_, _> =
        members.iter().filter(|(name, _)| *name != "Statement").map(|(n, m)| (n.clone(), m.clone())).collect();
    let mut list: Vec<Value> = many(statements).iter().map(statement).collect();
    list.sort_by_cached_key(Value::to_string);
    form.insert("Statement".to_owned(), Value::Array(list));
    Value::Object(form)
}

fn statement(statement: &Value) -> Value {
    let Value::Object(members) = statement else { return statement.clone() };
    let mut form = Map::new();
    for (name, member) in members {
        let member = match name.as_str() {
            "Action" | "NotAction" | "Resource" | "NotResource" => set(member, str::to_owned),
            "Principal" | "NotPrincipal" => principals(member),
            "Condition" => conditions(member),
            "Effect" => member.as_str().map_or_else(|| member.clone(), |effect| effect.to_lowercase().into()),
            "Sid" if member.as_str().is_none_or(str::is_empty) => continue,
            _ => member.clone(),
        };
        form.insert(name.clone(), member);
    }
    Value::Object(form)
}

/// An account and its root are one.
fn principals(value: &Value) -> Value {
    match value {
        Value::Object(kinds) => {
            Value::Object(kinds.iter().map(|(kind, list)| (kind.clone(), set(list, account))).collect())
        }
        other => other.clone(),
    }
}

/// `arn:aws:iam::123456789012:root` is the account `123456789012`.
fn account(principal: &str) -> String {
    match Arn::parse(principal) {
        Some(Arn { partition: _, service: "iam", region: "", account, resource: "root" }) => account.to_owned(),
        _ => principal.to_owned(),
    }
}

fn conditions(value: &Value) -> Value {
    let Value::Object(operators) = value else { return value.clone() };
    let form = operators.iter().map(|(operator, keys)| {
        let keys = match keys {
            Value::Object(keys) => Value::Object(
                keys.iter().map(|(key, values)| (key.clone(), set(values, str::to_owned))).collect(), //
            ),
            other => other.clone(),
        };
        (operator.clone(), keys)
    });
    Value::Object(form.collect())
}

/// One value or a list of them: sorted strings; numbers and booleans are written as text.
fn set(value: &Value, form: fn(&str) -> String) -> Value {
    let mut items: Vec<String> = many(value)
        .iter()
        .map(|item| match item {
            Value::String(text) => form(text),
            other => other.to_string(),
        })
        .collect();
    items.sort();
    Value::from(items)
}

fn many(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_same_permissions() {
        let a = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["s3:Get*", "s3:Put*"], "Resource": "*", "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
             "Condition": {"Bool": {"aws:SecureTransport": true}}},
            {"Sid": "", "Effect": "Deny", "Action": "iam:*", "Resource": ["a", "b"]}]});
        let b = json!({"Statement": [
            {"Effect": "deny", "Action": ["iam:*"], "Resource": ["b", "a"]},
            {"Effect": "Allow", "Action": ["s3:Put*", "s3:Get*"], "Resource": ["*"], "Principal": {"AWS": ["123456789012"]},
             "Condition": {"Bool": {"aws:SecureTransport": "true"}}}], "Version": "2012-10-17"});
        assert_eq!(canonical(&a), canonical(&b));
    }

    #[test]
    fn different_permissions() {
        let of = |principal: Value, action: &str| {
            canonical(&json!({"Statement": {"Effect": "Allow", "Principal": principal, "Action": action}}))
        };
        assert_ne!(of(json!("*"), "a"), of(json!({"AWS": "*"}), "a"));
        assert_eq!(of(json!({"AWS": ["*"]}), "a"), of(json!({"AWS": "*"}), "a"));
        let actions = |actions: Value| canonical(&json!({"Statement": [{"Effect": "Allow", "Action": actions}]}));
        assert_ne!(actions(json!(["a", "b", "b"])), actions(json!(["b", "a"])));
        assert_ne!(canonical(&json!({"Version": "2008-10-17", "Statement": []})), canonical(&json!({"Statement": []})),);
        assert_ne!(of(json!({"AWS": "*"}), "a"), of(json!({"AWS": "123456789012"}), "a"));
        assert_ne!(of(json!({"AWS": "*"}), "a"), of(json!({"Service": "*"}), "a"));
        assert_ne!(of(json!("*"), "a"), of(json!("*"), "b"));
        assert_ne!(
            canonical(&json!({"Statement": [{"Effect": "Allow", "Condition": {"StringEquals": {"k": "v"}}}]})),
            canonical(&json!({"Statement": [{"Effect": "Allow"}]}))
        );
    }
}

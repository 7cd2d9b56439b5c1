//! Tags as Terraform shows them: `tags_all` is what lies on the resource, `tags` is that without the provider's
//! default tags. The state does not name the defaults, but it shows them: they are in `tags_all` and not in `tags`.

use serde_json::{Map, Value};

use crate::model::{Attributes, Change, pointer};

/// Adds the live `tags` to what was read, if `tags_all` was.
pub(super) fn derive(desired: &Attributes, live: &mut Attributes) {
    let Some(Value::Object(all)) = live.get("tags_all") else { return };
    let members = |name: &str| desired.get(name).and_then(Value::as_object);
    let (own, empty) = (members("tags"), Map::new());
    let default = |key: &str| {
        let value = members("tags_all").unwrap_or(&empty).get(key)?;
        // A key in both is the resource's own.
        own.is_none_or(|own| !own.contains_key(key)).then_some(value)
    };
    let tags: Map<String, Value> =
        all.iter().filter(|(key, value)| default(key) != Some(value)).map(|(k, v)| (k.clone(), v.clone())).collect();
    live.insert("tags".to_owned(), Value::Object(tags));
}

/// Drops the echo in `tags_all` of a change in `tags`; a default tag that was removed has no other place and stays.
pub(super) fn drop_echo(changes: &mut Vec<Change>) {
    let own: Vec<String> = changes.iter().filter_map(|c| c.path.strip_prefix("/tags/")).map(str::to_owned).collect();
    changes.retain(|change| {
        change.path.strip_prefix(&pointer::join("/tags_all", "")).is_none_or(|key| !own.iter().any(|o| o == key))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tags(desired: Value, all: Value) -> Value {
        let Value::Object(desired) = desired else { unreachable!() };
        let mut live = Map::from_iter([("tags_all".to_owned(), all)]);
        derive(&desired, &mut live);
        live["tags"].clone()
    }

    #[test]
    fn default_tags_are_not_the_resources() {
        let desired = json!({"tags": {"Name": "a"}, "tags_all": {"Name": "a", "team": "x"}});
        assert_eq!(tags(desired.clone(), json!({"Name": "a", "team": "x"})), json!({"Name": "a"}));
        // A default whose value was changed shows as a tag of its own, as the provider shows it.
        assert_eq!(tags(desired.clone(), json!({"Name": "a", "team": "y"})), json!({"Name": "a", "team": "y"}));
        assert_eq!(tags(desired, json!({"Name": "a"})), json!({"Name": "a"}));
        assert_eq!(tags(json!({"tags": null}), json!({"new": "1"})), json!({"new": "1"}));
    }
}

//! Tags that are none of Terraform's business: the provider's `ignore_tags`, which no state contains.
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/resource-tagging>

use serde_json::Value;

use crate::model::Listing;

/// What the provider configuration says under `ignore_tags`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IgnoreTags {
    pub keys: Vec<String>,
    pub key_prefixes: Vec<String>,
}

impl IgnoreTags {
    /// Takes the ignored tags off what was read, as the provider does.
    pub(super) fn strip(&self, listing: &mut Listing) {
        if self.keys.is_empty() && self.key_prefixes.is_empty() {
            return;
        }
        for live in &mut listing.live {
            if let Some(Value::Object(tags)) = live.attributes.get_mut("tags_all") {
                tags.retain(|key, _| !self.ignores(key));
            }
        }
    }

    fn ignores(&self, key: &str) -> bool {
        self.keys.iter().any(|ignored| ignored == key)
            || self.key_prefixes.iter().any(|prefix| key.starts_with(prefix.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Live;
    use serde_json::json;

    #[test]
    fn only_what_is_named_goes() {
        let ignore = IgnoreTags { keys: vec!["cost".into()], key_prefixes: vec!["kubernetes.io/".into()] };
        let mut live = Live::default();
        live.attributes
            .insert("tags_all".into(), json!({"cost": "1", "costs": "2", "kubernetes.io/role": "x", "Name": "n"}));
        let mut listing = Listing { live: vec![live], ..Listing::default() };
        ignore.strip(&mut listing);
        assert_eq!(listing.live[0].attributes["tags_all"], json!({"costs": "2", "Name": "n"}));
    }
}

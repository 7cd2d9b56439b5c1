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
            for name in ["tags_all", "volume_tags"] {
                self.strip_map(live.attributes.get_mut(name));
            }
            for name in DEVICES {
                let devices = live.attributes.get_mut(name).and_then(Value::as_array_mut);
                for device in devices.into_iter().flatten() {
                    self.strip_map(device.get_mut("tags"));
                    self.strip_map(device.get_mut("tags_all"));
                }
            }
        }
    }

    fn strip_map(&self, tags: Option<&mut Value>) {
        if let Some(Value::Object(tags)) = tags {
            tags.retain(|key, _| !self.ignores(key));
        }
    }

    fn ignores(&self, key: &str) -> bool {
        self.keys.iter().any(|ignored| ignored == key)
            || self.key_prefixes.iter().any(|prefix| key.starts_with(prefix.as_str()))
    }
}

/// Blocks of an instance that show the tags of its volumes: `internal/service/ec2/ec2_instance.go`.
const DEVICES: [&str; 2] = ["ebs_block_device", "root_block_device"];

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

    #[test]
    fn the_tags_of_volumes_too() {
        let ignore = IgnoreTags { keys: vec!["cost".into()], ..IgnoreTags::default() };
        let tags = || json!({"cost": "1", "Name": "n"});
        let mut live = Live::default();
        for (name, value) in [
            ("volume_tags", tags()),
            ("root_block_device", json!([{"tags": tags(), "tags_all": tags(), "volume_size": 8}])),
            ("ebs_block_device", json!([{"tags": tags()}, {"tags": null}])),
            // What a template writes on others is its own content.
            ("tag_specifications", json!([{"tags": tags()}])),
        ] {
            live.attributes.insert(name.into(), value);
        }
        let mut listing = Listing { live: vec![live], ..Listing::default() };
        ignore.strip(&mut listing);
        let (live, kept) = (&listing.live[0].attributes, json!({"Name": "n"}));
        assert_eq!(live["volume_tags"], kept);
        assert_eq!(live["root_block_device"], json!([{"tags": kept, "tags_all": kept, "volume_size": 8}]));
        assert_eq!(live["ebs_block_device"], json!([{"tags": kept}, {"tags": null}]));
        assert_eq!(live["tag_specifications"], json!([{"tags": tags()}]));
    }
}

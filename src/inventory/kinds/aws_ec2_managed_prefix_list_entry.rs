//! `aws_ec2_managed_prefix_list_entry`, id `pl-...,CIDR`: owns its element of the list's `entry`. AWS lists entries per list only.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ec2::types::PrefixListEntry;
use futures::future::join_all;
use serde_json::json;

use super::aws_ec2_managed_prefix_list as list;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, Live, OwnedField, Owner, PriorState, cidr};

pub(super) struct AwsEc2ManagedPrefixListEntry;

const LIST: &str = "aws_ec2_managed_prefix_list";
const ACTION: &str = "ec2:GetManagedPrefixListEntries";

#[async_trait]
impl Kind for AwsEc2ManagedPrefixListEntry {
    fn name(&self) -> &'static str {
        "aws_ec2_managed_prefix_list_entry"
    }

    fn actions(&self) -> &'static [&'static str] {
        &[ACTION]
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let mut by_list: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for prior in request.desired {
            if let Some((list, _)) = prior.id.split_once(',') {
                by_list.entry(list).or_default().push(prior.id);
            }
        }
        let read = by_list.into_iter().map(|(list, ids)| async move { (ids, list::entries(aws, list).await) });
        let mut found = Listed::default();
        for (ids, entries) in join_all(read).await {
            match entries {
                Ok(entries) => found.live.extend(ids.iter().filter_map(|id| live(id, entries.as_deref()?))),
                Err(error) => found.errors.extend(ids.iter().map(|id| (Some((*id).to_owned()), error.clone()))),
            }
        }
        Ok(found)
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let Some((list, _)) = prior.id.split_once(',') else {
            return Err(ReadError::unexpected(ACTION, "the id is not of the form LIST,CIDR"));
        };
        let entries = list::entries(aws, list).await?;
        Ok(entries.as_deref().and_then(|entries| live(prior.id, entries)))
    }

    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        vec![OwnedField {
            parent_kind: LIST,
            parent_id: text(attributes, "prefix_list_id").to_owned(),
            attribute: "entry",
            element: Some(json!({
                "cidr": text(attributes, "cidr"),
                "description": text(attributes, "description"),
            })),
        }]
    }
}

/// The entry with this state id.
fn live(own_id: &str, entries: &[PrefixListEntry]) -> Option<Live> {
    let (id, block) = own_id.split_once(',')?;
    let same =
        |entry: &&PrefixListEntry| entry.cidr().is_some_and(|live| cidr::canonical(live) == cidr::canonical(block));
    let entry = entries.iter().find(same)?;
    let values = json!({
        "cidr": block,
        "description": entry.description(),
        "id": own_id,
        "prefix_list_id": id,
    });
    let owner = Owner::Parent { kind: LIST, id: id.to_owned() };
    Some(Live { id: own_id.to_owned(), attributes: attributes(values), owner })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_found_by_its_cidr() {
        let entry = PrefixListEntry::builder().cidr("10.0.0.0/16").description("office").build();
        let found = live("pl-1,10.0.0.0/16", std::slice::from_ref(&entry)).unwrap();
        assert_eq!(found.attributes["description"], "office");
        assert_eq!(live("pl-1,10.1.0.0/16", &[entry]), None);
    }
}

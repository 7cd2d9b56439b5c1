//! `aws_ec2_managed_prefix_list`. Entries have no bulk form: one call per desired list. Those of AWS's services are
//! AWS's own.

use async_trait::async_trait;
use aws_sdk_ec2::types::{ManagedPrefixList, PrefixListEntry};
use futures::future::join_all;
use serde_json::{Value, json};

use super::{ec2, network};
use crate::aws::{ReadError, not_found};
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, Owner, PriorState};

pub(super) struct AwsEc2ManagedPrefixList;

const NOT_FOUND: &str = "InvalidPrefixListID.NotFound";

#[async_trait]
impl Kind for AwsEc2ManagedPrefixList {
    fn name(&self) -> &'static str {
        "aws_ec2_managed_prefix_list"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeManagedPrefixLists", "ec2:GetManagedPrefixListEntries"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { normalize: Some(normalize), ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let lists = ec2::managed_prefix_lists(aws).await?;
        let there = lists.iter().filter(|list| {
            let id = list.prefix_list_id().unwrap_or_default();
            is_there(list) && network::concerns(aws, &request, list.owner_id(), id)
        });
        let request = &request;
        let read = there.map(|list| async move {
            let id = list.prefix_list_id().unwrap_or_default();
            let entries = match network::desired(request, id) {
                Some(_) => Some(entries(aws, id).await),
                None => None,
            };
            (live(list), entries)
        });
        let mut found = Listed::default();
        for (mut live, entries) in join_all(read).await {
            match entries {
                // Deleted since the listing.
                Some(Ok(None)) => continue,
                Some(Ok(Some(entries))) => {
                    live.attributes.insert("entry".to_owned(), entries.iter().map(element).collect());
                }
                Some(Err(error)) => found.errors.push((Some(live.id.clone()), error)),
                None => {}
            }
            found.live.push(live);
        }
        Ok(found)
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        let call = aws.ec2().describe_managed_prefix_lists().prefix_list_ids(&desired.id).send();
        let answer = aws.call("ec2:DescribeManagedPrefixLists", call).await;
        Ok(not_found(answer, &[NOT_FOUND])?.is_some_and(|answer| answer.prefix_lists().iter().any(is_there)))
    }
}

/// The entries of one list; `None` when there is no such list.
pub(super) async fn entries(aws: &ScopeReader, id: &str) -> Result<Option<Vec<PrefixListEntry>>, ReadError> {
    let pages = aws.ec2().get_managed_prefix_list_entries().prefix_list_id(id).into_paginator().page_size(100);
    not_found(aws.pages("ec2:GetManagedPrefixListEntries", pages.items().send()).await, &[NOT_FOUND])
}

/// An entry as an element of the list's `entry`.
pub(super) fn element(entry: &PrefixListEntry) -> Value {
    json!({"cidr": entry.cidr(), "description": entry.description().unwrap_or_default()})
}

fn normalize(attributes: &mut Attributes) {
    let entries = attributes.get_mut("entry").and_then(Value::as_array_mut);
    for entry in entries.into_iter().flatten().filter_map(Value::as_object_mut) {
        network::canonicalise(entry, "cidr");
    }
}

fn is_there(list: &ManagedPrefixList) -> bool {
    !matches!(list.state().map(|state| state.as_str()), Some("delete-complete" | "delete-in-progress"))
}

fn live(list: &ManagedPrefixList) -> Live {
    let id = list.prefix_list_id().unwrap_or_default();
    let values = json!({
        "address_family": list.address_family(),
        "arn": list.prefix_list_arn(),
        "id": id,
        "max_entries": list.max_entries(),
        "name": list.prefix_list_name(),
        "owner_id": list.owner_id(),
        "tags_all": ec2_tags(list.tags()),
        "version": list.version(),
    });
    let by_aws = list.owner_id() == Some("AWS");
    let owner = if by_aws { Owner::Aws("prefix list of an AWS service") } else { Owner::None };
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}

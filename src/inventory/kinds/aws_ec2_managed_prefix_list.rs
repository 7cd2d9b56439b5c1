//! `aws_ec2_managed_prefix_list`. Entries have no bulk form: one call per declared list. Those of AWS's services are
//! AWS's own.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ec2::types::{ManagedPrefixList, PrefixListEntry};
use serde_json::{Value, json};

use super::ec2::{self, single};
use super::network;
use crate::aws::{ReadError, not_found};
use crate::inventory::value::{attributes, ec2_tags};
use crate::inventory::{Completion, Kind, ListRequest, Listed, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, Owner, PriorState};

pub(super) struct AwsEc2ManagedPrefixList;

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

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let lists = ec2::managed_prefix_lists(aws).await?;
        Ok(lists.iter().filter(|list| is_there(list)).map(|list| live(aws, list)).collect())
    }

    async fn complete(&self, aws: &ScopeReader, _prior: &PriorState<'_>, live: &mut Live) -> Completion {
        let entries = entries(aws, &live.id).await;
        let entry = entries.map(|entries| {
            let entries = entries.as_ref().as_ref()?;
            Some(attributes(json!({"entry": entries.iter().map(element).collect::<Vec<_>>()})))
        });
        Completion::extend(live, entry)
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let list = single::managed_prefix_list(aws, prior.id).await?;
        Ok(list.filter(|list| is_there(list)).map(|list| live(aws, &list)))
    }
}

/// The entries of one list; `None` when there is no such list.
pub(super) async fn entries(aws: &ScopeReader, id: &str) -> Result<Arc<Option<Vec<PrefixListEntry>>>, ReadError> {
    let action = "ec2:GetManagedPrefixListEntries";
    aws.cached_for(action, id, || async {
        let pages = aws.ec2().get_managed_prefix_list_entries().prefix_list_id(id).into_paginator().page_size(100);
        not_found(aws.pages(action, pages.items().send()).await, &["InvalidPrefixListID.NotFound"])
    })
    .await
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

fn live(aws: &ScopeReader, list: &ManagedPrefixList) -> Live {
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
    let owner = match list.owner_id() {
        Some("AWS") => Owner::Aws("prefix list of an AWS service"),
        account => network::owner(aws, account),
    };
    Live { id: id.to_owned(), attributes: attributes(values), owner }
}

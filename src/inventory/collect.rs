//! Reads the kinds of a scope, and looks a second time before anything is called missing.

use std::collections::HashSet;

use futures::{StreamExt as _, stream};

use super::{Kind, ListRequest, ReadError, Region};
use crate::model::{Desired, Gap, GapScope, Listing};

/// Second looks at a time.
const CONFIRMATIONS: usize = 8;

/// One kind to be read in one scope.
pub struct Request<'a> {
    pub kind: &'static dyn Kind,
    /// The desired resources of this kind and scope.
    pub desired: Vec<&'a Desired>,
    /// List strangers too.
    pub unmanaged: bool,
    /// Managed resources on which strangers are looked for, by id; see [`Kind::unmanaged_children_of`].
    pub owners: Vec<&'a str>,
}

/// Reads one kind in one scope. Never fails: what could not be read is in the listing's gaps.
pub async fn collect(aws: &Region, request: &Request<'_>) -> Listing {
    let Request { kind, desired, unmanaged, owners } = request;
    let found = match kind.list(aws, ListRequest { desired, unmanaged: *unmanaged, owners }).await {
        Ok(found) => found,
        Err(error) => return Listing { gaps: vec![gap(aws, *kind, None, &error)], ..Listing::default() },
    };
    let mut listing = Listing { complete: true, live: found.live, ..Listing::default() };
    let unread: HashSet<&str> = found.errors.iter().filter_map(|(id, _)| id.as_deref()).collect();
    let seen: HashSet<&str> = listing.live.iter().map(|live| live.id.as_str()).collect();
    let absent = desired.iter().filter(|d| !seen.contains(d.id.as_str()) && !unread.contains(d.id.as_str()));
    let second: Vec<_> = stream::iter(absent)
        .map(|desired| async move {
            if desired.id.is_empty() || desired.attributes().is_empty() {
                let message = "the state holds no id or attributes of it: it was only partially created";
                return (*desired, Err(ReadError::unexpected(kind.actions()[0], message)));
            }
            (*desired, kind.exists(aws, desired).await)
        })
        .buffer_unordered(CONFIRMATIONS)
        .collect()
        .await;
    listing.gaps = found.errors.iter().map(|(id, error)| gap(aws, *kind, id.as_deref(), error)).collect();
    for (desired, answer) in second {
        match answer {
            Ok(false) => listing.confirmed_missing.push(desired.id.clone()),
            Ok(true) => {
                let error =
                    ReadError::unexpected(kind.actions()[0], "the listing did not contain it, a single read found it");
                listing.gaps.push(gap(aws, *kind, Some(&desired.id), &error));
            }
            Err(error) => listing.gaps.push(gap(aws, *kind, Some(&desired.id), &error)),
        }
    }
    listing
}

fn gap(aws: &Region, kind: &dyn Kind, id: Option<&str>, error: &ReadError) -> Gap {
    error.gap(GapScope {
        account: Some(aws.account.clone()),
        region: Some(aws.name.clone()),
        kind: Some(kind.name().to_owned()),
        id: id.map(str::to_owned),
        ..GapScope::default()
    })
}

//! How the coverage of a cycle is kept: a sweep of 1,000 accounts has a million rows, and nearly all of them say the same of the same
//! kinds in another scope. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::{Coverage, Scope};

/// What was seen alike, of each of these kinds in each of these scopes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct CoverageGroup {
    kinds: Vec<String>,
    scopes: Vec<Scope>,
    #[serde(flatten)]
    seen: SeenAlike,
}

/// What a row says besides its scope and kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct SeenAlike {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resources: Option<Vec<String>>,
    unmanaged: bool,
    complete: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    oldest_read: Option<Timestamp>,
}

pub(super) fn serialize<S: Serializer>(coverage: &[Coverage], serializer: S) -> Result<S::Ok, S::Error> {
    let mut kinds_by_scope: BTreeMap<(&Scope, SeenAlike), Vec<&str>> = BTreeMap::new();
    for Coverage { scope, kind, resources, unmanaged, complete, oldest_read } in coverage {
        let seen = SeenAlike {
            resources: resources.clone(),
            unmanaged: *unmanaged,
            complete: *complete,
            oldest_read: *oldest_read,
        };
        kinds_by_scope.entry((scope, seen)).or_default().push(kind);
    }
    let mut scopes_by_kinds: BTreeMap<(SeenAlike, Vec<&str>), Vec<Scope>> = BTreeMap::new();
    for ((scope, seen), kinds) in kinds_by_scope {
        scopes_by_kinds.entry((seen, kinds)).or_default().push(scope.clone());
    }
    let groups = scopes_by_kinds.into_iter().map(|((seen, kinds), scopes)| CoverageGroup {
        kinds: kinds.into_iter().map(str::to_owned).collect(),
        scopes,
        seen,
    });
    serializer.collect_seq(groups)
}

/// Sorted by scope and kind, as an outcome has it.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Coverage>, D::Error> {
    let mut coverage = Vec::new();
    for CoverageGroup { kinds, scopes, seen } in Vec::<CoverageGroup>::deserialize(deserializer)? {
        let SeenAlike { resources, unmanaged, complete, oldest_read } = seen;
        for scope in &scopes {
            coverage.extend(kinds.iter().map(|kind| Coverage {
                scope: scope.clone(),
                kind: kind.clone(),
                resources: resources.clone(),
                unmanaged,
                complete,
                oldest_read,
            }));
        }
    }
    coverage.sort();
    Ok(coverage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Kept(#[serde(with = "super")] Vec<Coverage>);

    #[test]
    fn what_is_alike_is_kept_once_and_nothing_is_lost() {
        let row = |account: usize, region: usize, kind: &str| Coverage {
            scope: Scope::new(format!("{account:012}"), format!("region-{region}")),
            kind: kind.to_owned(),
            resources: None,
            unmanaged: true,
            complete: true,
            oldest_read: None,
        };
        let scopes = (0..100).flat_map(|account| (0..17).map(move |region| (account, region)));
        let kinds = ["aws_eip", "aws_instance", "aws_security_group", "aws_subnet", "aws_vpc"];
        let mut coverage: Vec<Coverage> =
            scopes.flat_map(|(account, region)| kinds.map(|kind| row(account, region, kind))).collect();
        coverage[7].complete = false;
        coverage[8].oldest_read = Some(Timestamp::UNIX_EPOCH);
        coverage[9].resources = Some(vec!["a".to_owned()]);
        // Two sources that hold the same object are compared one after the other.
        coverage.push(coverage[20].clone());
        coverage.sort();
        let text = serde_json::to_string(&Kept(coverage.clone())).unwrap();
        assert!(text.len() < 100 * 17 * 70, "{} bytes for {} rows", text.len(), coverage.len());
        assert_eq!(serde_json::from_str::<Kept>(&text).unwrap().0, coverage);
    }
}

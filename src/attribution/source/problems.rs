//! Failures of many files, reported without filling the report: the first few of a sort are named, the others counted.

use std::collections::BTreeMap;

use crate::model::{Gap, GapReason, GapScope};

/// Failures of one sort that are named.
const NAMED: usize = 10;

/// What went wrong while a source was read.
pub(super) struct Problems {
    source: String,
    found: BTreeMap<(GapReason, GapScope), Vec<String>>,
}

impl Problems {
    pub(super) fn new(source: String) -> Self {
        Self { source, found: BTreeMap::new() }
    }

    /// `scope.source` is added.
    pub(super) fn add(&mut self, reason: GapReason, scope: GapScope, detail: String) {
        let scope = GapScope { source: Some(self.source.clone()), ..scope };
        self.found.entry((reason, scope)).or_default().push(detail);
    }

    pub(super) fn extend(&mut self, other: Self) {
        for (sort, details) in other.found {
            self.found.entry(sort).or_default().extend(details);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.found.values().map(Vec::len).sum()
    }

    /// In an order that does not depend on which read was faster.
    pub(super) fn into_gaps(self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for ((reason, scope), mut details) in self.found {
            details.sort();
            details.dedup();
            let more = details.len().saturating_sub(NAMED);
            details.truncate(NAMED);
            details.extend((more > 0).then(|| format!("{}: {more} more of the same", self.source)));
            gaps.extend(details.into_iter().map(|detail| Gap { reason, scope: scope.clone(), detail }));
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_named_and_the_others_counted() {
        let mut problems = Problems::new("s3://b".to_owned());
        for at in 0..25 {
            problems.add(GapReason::Unreadable, GapScope::default(), format!("{at:02}"));
        }
        problems.add(GapReason::Denied, GapScope::default(), "no".to_owned());
        let gaps = problems.into_gaps();
        assert_eq!(gaps.len(), 12);
        assert_eq!(gaps[0].reason, GapReason::Denied);
        assert_eq!((gaps[1].detail.as_str(), gaps[11].detail.as_str()), ("00", "s3://b: 15 more of the same"));
        assert!(gaps.iter().all(|gap| gap.scope.source.as_deref() == Some("s3://b")));
    }
}

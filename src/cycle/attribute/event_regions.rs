//! Where events are logged: those of a region's resources in that region, those of global services in one region for all, and
//! those of S3 in the bucket's region, although buckets are listed globally. Knows no sources.

use std::collections::BTreeSet;

use crate::model::{Attributes, Drift, GLOBAL, Gap, Scope, is_region};

/// The regions of a run, as far as events go.
#[derive(Debug, Clone, Default)]
pub(crate) struct EventRegions {
    /// Where global services log.
    pub home: String,
    /// Every region in which a bucket of the run may lie.
    pub regions: BTreeSet<String>,
}

impl EventRegions {
    /// These, and the regions of the buckets that the drifts name.
    pub(crate) fn with_buckets_of(&self, drifts: &[Drift]) -> Self {
        let mut all = self.clone();
        all.regions.extend(drifts.iter().filter(|drift| is_of_s3(drift)).filter_map(bucket_region));
        all
    }

    /// Where else than in its own scope a drift's events may be logged.
    pub(crate) fn elsewhere(&self, drift: &Drift) -> BTreeSet<Scope> {
        if !is_of_s3(drift) {
            return BTreeSet::new();
        }
        let regions = bucket_region(drift).map_or_else(|| self.regions.clone(), |region| [region].into());
        let others = regions.into_iter().filter(|region| *region != self.home);
        others.map(|region| Scope::new(&drift.scope.account, region)).collect()
    }

    /// Does this gap hide events that may be about the drift? Its account and region decide; none of them means all.
    pub(crate) fn hides(&self, gap: &Gap, drift: &Drift) -> bool {
        let own = if drift.scope.region == GLOBAL { &self.home } else { &drift.scope.region };
        let in_region = |region: &String| {
            region == own
                || *region == drift.scope.region
                || self.elsewhere(drift).iter().any(|at| at.region == *region)
        };
        gap.scope.account.as_ref().is_none_or(|account| *account == drift.scope.account)
            && gap.scope.region.as_ref().is_none_or(in_region)
    }
}

fn is_of_s3(drift: &Drift) -> bool {
    drift.kind.starts_with("aws_s3") && drift.scope.region == GLOBAL
}

/// The bucket's region, where the resource's attributes show it.
fn bucket_region(drift: &Drift) -> Option<String> {
    let of = |attributes: &Attributes| {
        let named = ["bucket_region", "region"].iter().find_map(|name| attributes.get(*name)?.as_str());
        named.filter(|region| is_region(region)).map(str::to_owned)
    };
    of(&drift.live_attributes).or_else(|| of(&drift.desired_attributes))
}

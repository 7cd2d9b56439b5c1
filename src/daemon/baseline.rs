//! What a sweep says of the baseline: entries that have expired or match nothing any more are logged, all are counted.

use super::{Current, metrics};
use crate::baseline::{self, View};
use crate::cycle::{Sweep, Work};
use crate::model::Outcome;

/// Looks at the whole baseline after a sweep of everything; other work saw too little to tell.
pub(super) fn review(current: &Current, work: &Work, outcome: &Outcome) {
    let Work::Sweep(Sweep { scopes: None, accounts, kinds, found: _, regions: _, unmanaged: _, principal: _ }) = work
    else {
        return;
    };
    let (baseline, now) = (&current.settings.baseline, outcome.started_at);
    let view = View { outcome, is_filtered: kinds.is_some(), hides_ignored: false, all_sources: true };
    let review = baseline::review(baseline, view, now);
    if accounts.is_none() {
        metrics::baseline(&review.counts);
    }
    for warning in baseline.expired(now).into_iter().chain(review.stale) {
        let place = format!("{}:{}", warning.file, warning.line);
        tracing::warn!(place, code = warning.code, "{}", warning.message);
    }
}

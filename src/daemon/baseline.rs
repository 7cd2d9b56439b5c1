//! What a sweep says of the baseline: entries that have expired or match nothing any more are logged, all are counted.

use super::{Current, metrics};
use crate::baseline::{self, View};
use crate::cycle::{Sweep, Work};
use crate::model::Outcome;

/// Looks at the whole baseline after a sweep of everything, or of all that a group of accounts has; other work saw too little to tell.
pub(super) fn review(current: &Current, work: &Work, outcome: &Outcome) {
    let Some(view) = view(work, outcome) else { return };
    let (baseline, now) = (&current.settings.baseline, outcome.started_at);
    let review = baseline::review(baseline, view, now);
    if view.all_sources {
        metrics::baseline(&review.counts);
    }
    for warning in baseline.expired(now).into_iter().chain(review.stale) {
        let place = format!("{}:{}", warning.file, warning.line);
        tracing::warn!(place, code = warning.code, "{}", warning.message);
    }
}

/// How the outcome of a sweep is looked at. A group of accounts shows nothing of what the other accounts have, or declare.
fn view<'a>(work: &Work, outcome: &'a Outcome) -> Option<View<'a>> {
    let Work::Sweep(Sweep { scopes: None, accounts, kinds, found: _, regions: _, unmanaged: _, principal: _ }) = work
    else {
        return None;
    };
    Some(View { outcome, is_filtered: kinds.is_some(), hides_ignored: false, all_sources: accounts.is_none() })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cycle::Resources;
    use crate::life::tests::world;

    #[test]
    fn a_group_of_accounts_is_not_everything() {
        let outcome = world::sweep(0, Vec::new());
        let of = |work| view(&work, &outcome).map(|view| (view.all_sources, view.is_filtered));
        let all = Sweep::default();
        let accounts = Some(BTreeSet::from([world::ACCOUNT.to_owned()]));
        let kinds = Some(globset::GlobSet::empty());
        assert_eq!(of(Work::Sweep(all.clone())), Some((true, false)));
        assert_eq!(of(Work::Sweep(Sweep { accounts, ..all.clone() })), Some((false, false)));
        assert_eq!(of(Work::Sweep(Sweep { kinds, ..all.clone() })), Some((true, true)));
        assert_eq!(of(Work::Sweep(Sweep { scopes: Some(BTreeSet::new()), ..all })), None);
        assert_eq!(of(Work::Resources(Resources::default())), None);
    }
}

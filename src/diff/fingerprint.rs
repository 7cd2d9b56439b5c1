//! One name for one drift of one resource, the same in every scan.

use sha2::{Digest as _, Sha256};

use crate::model::Drift;

/// 32 hex digits over account, region, kind, id, address, kind of drift, and the changed paths with their live values
/// (redacted ones as the marker). A different new value is a different drift.
pub fn fingerprint(drift: &Drift, address: Option<&str>) -> String {
    let mut hash = Sha256::new();
    let mut feed = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    feed(&drift.scope.account);
    feed(&drift.scope.region);
    feed(&drift.kind);
    feed(&drift.id);
    // Ids of some types are not unique.
    feed(address.unwrap_or_default());
    feed(drift.status.as_str());
    for change in &drift.changes {
        feed(&change.path);
        feed(&change.live.to_string());
    }
    hex::encode(&hash.finalize()[..16])
}

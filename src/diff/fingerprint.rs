//! One name for one content of a finding, the same in every scan.

use sha2::{Digest as _, Sha256};

use crate::model::{Drift, ResourceKey};

/// 32 hex digits over the key, the status, and the changed paths with their live values (redacted ones as the marker). A
/// different new value is a different content; what was acknowledged for one content is not for another.
pub fn fingerprint(key: &ResourceKey, drift: &Drift) -> String {
    let mut hash = Sha256::new();
    let mut feed = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    feed(&key.to_string());
    feed(drift.status.as_str());
    for change in &drift.changes {
        feed(&change.path);
        feed(&change.live.to_string());
    }
    // Of what comes and goes by itself (the machines of a group) the types count, of everything else each one.
    let mut made: Vec<_> =
        drift.made.iter().map(|one| (&one.kind, Some(&one.id).filter(|_| one.kind != "aws_instance"))).collect();
    made.sort();
    made.dedup();
    for (kind, id) in made {
        feed(kind);
        feed(id.map_or("", String::as_str));
    }
    hex::encode(&hash.finalize()[..16])
}

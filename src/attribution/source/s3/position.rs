//! How far the logs were read: what a run leaves to the next one.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::super::log_file_name::delivered;
use super::{LogFolder, layout};

/// Files do not appear in the order of their names: this much is read again. Events have ids, a second look harms nothing.
const OVERLAP: SignedDuration = SignedDuration::from_mins(30);

/// Folder -> the last key that was read, and before which nothing failed. Kept as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(BTreeMap<String, String>);

impl Position {
    /// Where the next listing of this folder begins.
    pub(super) fn after(&self, folder: &LogFolder) -> Option<String> {
        let last = self.0.get(&folder.prefix)?;
        let rewound =
            delivered(last).and_then(|at| at.checked_sub(OVERLAP).ok()).map(|at| layout::start_of_minute(folder, at));
        Some(rewound.unwrap_or_else(|| last.clone()))
    }

    /// It only goes forward.
    pub(super) fn advance(&mut self, folder: &LogFolder, key: &str) {
        let last = self.0.entry(folder.prefix.clone()).or_default();
        if key > last.as_str() {
            key.clone_into(last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Scope;

    #[test]
    fn it_goes_forward_and_is_kept() {
        let prefix = "AWSLogs/123456789012/CloudTrail/eu-west-1/";
        let folder = LogFolder { prefix: prefix.to_owned(), scope: Scope::new("123456789012", "eu-west-1") };
        let mut position = Position::default();
        assert_eq!(position.after(&folder), None);
        let key = |time: &str| format!("{prefix}2026/01/02/123456789012_CloudTrail_eu-west-1_{time}_x.json.gz");
        position.advance(&folder, &key("20260102T0010Z"));
        position.advance(&folder, &key("20260102T0005Z"));
        let kept: Position = serde_json::from_str(&serde_json::to_string(&position).unwrap()).unwrap();
        assert_eq!(kept, position);
        assert_eq!(
            kept.after(&folder).unwrap(),
            format!("{prefix}2026/01/01/123456789012_CloudTrail_eu-west-1_20260101T2340Z")
        );
        position.advance(&folder, &format!("{prefix}2026/01/03/odd.json.gz"));
        assert_eq!(position.after(&folder).unwrap(), format!("{prefix}2026/01/03/odd.json.gz"));
    }
}

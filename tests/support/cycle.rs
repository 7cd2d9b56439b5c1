//! What the stories that run cycles in this very process share.

use std::time::Duration;

use driftd::baseline::Baseline;
use driftd::cycle::{AttributionOptions, IgnoreTags, Settings};
use driftd::desired::{LoadOptions, StateConfig};
use driftd::judge;
use driftd::model::{DriftStatus, Finding, Outcome};

/// Those of a plain scan of one state.
pub(crate) fn settings(state: String) -> Settings {
    Settings {
        states: vec![StateConfig::anywhere(state)],
        load: LoadOptions::default(),
        rules: judge::starter(),
        baseline: Baseline::default(),
        ignore_tags: IgnoreTags::default(),
        attribution: AttributionOptions::default(),
        deadline: Duration::from_secs(600),
    }
}

pub(crate) fn found(outcome: &Outcome) -> Vec<String> {
    assert_eq!(outcome.gaps, []);
    let name = |finding: &Finding| {
        assert_ne!(finding.drift, DriftStatus::Unknown);
        format!("{} {}", finding.drift.as_str(), finding.address.as_deref().unwrap_or(&finding.kind))
    };
    outcome.findings.iter().map(name).collect()
}

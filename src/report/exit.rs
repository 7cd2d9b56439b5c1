//! The exit code of a scan: a promise to scripts and pipelines.

use crate::model::{
    DriftStatus,
    report::{Finding, Report, Severity},
};

/// In sync and fully seen.
pub const IN_SYNC: u8 = 0;
/// Drift.
pub const DRIFT: u8 = 2;
/// No drift seen, but not everything was seen.
pub const GAPS: u8 = 3;

/// With `fail_on`, only drift at or above that severity counts as drift; gaps count all the same.
pub fn exit_code(report: &Report, fail_on: Option<Severity>) -> u8 {
    let counts = |finding: &&Finding| {
        finding.drift != DriftStatus::Unknown && fail_on.is_none_or(|least| finding.severity <= least)
    };
    if report.findings.iter().any(|finding| counts(&finding)) {
        DRIFT
    } else if !fully_seen(report) {
        GAPS
    } else {
        IN_SYNC
    }
}

/// Was everything seen? Only then may anything be called in sync.
pub fn fully_seen(report: &Report) -> bool {
    report.scan.complete && report.gaps.is_empty() && report.summary.unknown == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::sample;

    #[test]
    fn drift_comes_first_then_gaps() {
        let rich = sample::rich();
        let mut seen = rich.clone();
        seen.gaps.clear();
        seen.scan.complete = true;
        seen.summary.unknown = 0;
        let mut mild = seen.clone();
        mild.findings.retain(|finding| finding.severity > Severity::Medium && finding.drift != DriftStatus::Unknown);
        let mut gaps = rich.clone();
        gaps.findings.retain(|finding| finding.drift == DriftStatus::Unknown);
        for (name, report, fail_on, expected) in [
            ("rich", &rich, None, 2),
            ("rich, critical only", &rich, Some(Severity::Critical), 2),
            ("mild", &mild, None, 2),
            ("mild, high only", &mild, Some(Severity::High), 0),
            ("mild, low", &mild, Some(Severity::Low), 2),
            ("gaps", &gaps, None, 3),
            ("gaps, critical only", &gaps, Some(Severity::Critical), 3),
            ("clean", &sample::clean(), None, 0),
        ] {
            assert_eq!(exit_code(report, fail_on), expected, "{name}");
        }
    }
}

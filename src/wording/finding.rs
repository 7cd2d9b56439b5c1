//! What is said of a finding in the same words everywhere: its name, its place, what to bear in mind. Clean of what deceives.

use super::text::sanitize_output;
use crate::model::{DriftStatus, Finding};

/// The name to show first: the address, or kind and id of an unmanaged resource. Clean.
pub fn name(finding: &Finding) -> String {
    match &finding.address {
        Some(address) => sanitize_output(address),
        None => format!("{} {}", sanitize_output(&finding.kind), sanitize_output(&finding.id)),
    }
}

/// Account and region. Clean.
pub fn place(finding: &Finding) -> String {
    sanitize_output(&format!("{} {}", finding.account, finding.region))
}

/// What to bear in mind about a drift: what a stranger's name claims, what a maker made. Clean.
pub fn note(finding: &Finding) -> Option<String> {
    let reason = finding.reason.as_deref().filter(|_| finding.drift != DriftStatus::Unknown)?;
    Some(format!("note: {}", sanitize_output(reason)))
}

/// `file:line`, when the code is known. Clean.
pub fn code(finding: &Finding) -> Option<String> {
    finding.code.as_ref().map(|code| sanitize_output(&format!("{}:{}", code.file, code.line)))
}

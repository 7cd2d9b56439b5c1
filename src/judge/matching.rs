//! The declarative part of a rule: which kinds, drifts, paths, accounts and regions it applies to.

use glob::Pattern;

use crate::model::{Change, Drift, DriftStatus, pointer};

/// What a rule matches before its expression is evaluated. An empty list matches everything.
#[derive(Debug, Clone, Default)]
pub(super) struct Match {
    /// Globs over Terraform resource types.
    pub kind: Vec<Pattern>,
    pub drift: Vec<DriftStatus>,
    /// JSON Pointer globs, segment by segment; for `changed` only.
    pub path: Vec<Vec<Pattern>>,
    pub account: Vec<Pattern>,
    pub region: Vec<Pattern>,
}

impl Match {
    /// Does it match everything?
    pub(super) fn is_empty(&self) -> bool {
        let Self { kind, drift, path, account, region } = self;
        kind.is_empty() && drift.is_empty() && path.is_empty() && account.is_empty() && region.is_empty()
    }

    /// Does the drift fit? `unknown` never does. A missing or unmanaged resource differs as a whole, so `path` is
    /// not checked then.
    pub(super) fn fits(&self, drift: &Drift) -> bool {
        drift.status != DriftStatus::Unknown
            && any(&self.kind, &drift.kind)
            && (self.drift.is_empty() || self.drift.contains(&drift.status))
            && any(&self.account, &drift.scope.account)
            && any(&self.region, &drift.scope.region)
            && (drift.status != DriftStatus::Changed || self.touches(&drift.changes))
    }

    fn touches(&self, changes: &[Change]) -> bool {
        self.path.is_empty() || changes.iter().any(|change| self.path.iter().any(|path| touches(path, &change.path)))
    }
}

/// Splits and compiles a pointer glob such as `/tags/*`.
pub(super) fn path_globs(path: &str) -> Result<Vec<Pattern>, String> {
    if !path.starts_with('/') {
        return Err(format!("{path:?} is no JSON Pointer: it must start with a slash"));
    }
    pointer::segments(path).map(|segment| Pattern::new(&segment).map_err(|e| e.to_string())).collect()
}

/// A change touches a path when it is at it, below it or above it (the whole block differs).
fn touches(globs: &[Pattern], changed: &str) -> bool {
    globs.iter().zip(pointer::segments(changed)).all(|(glob, segment)| glob.matches(&segment))
}

fn any(globs: &[Pattern], text: &str) -> bool {
    globs.is_empty() || globs.iter().any(|glob| glob.matches(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_match_at_below_and_above() {
        for (glob, changed, expected) in [
            ("/ingress", "/ingress", true),
            ("/ingress", "/egress", false),
            ("/tags/*", "/tags/env", true),
            ("/tags/env", "/tags/owner", false),
            ("/rule/*/apply", "/rule", true),
            ("/rule", "/rule/0/apply", true),
            ("/tags/a~1b", "/tags/a~1b", true),
            ("/metadata_options/*/http_tokens", "/metadata_options/0/http_endpoint", false),
        ] {
            assert_eq!(touches(&path_globs(glob).unwrap(), changed), expected, "{glob} {changed}");
        }
        assert!(path_globs("ingress").is_err());
    }
}

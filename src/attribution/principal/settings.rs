//! What the configuration knows of principals: pipelines, break-glass roles, automation. Patterns are checked before they come here.

use glob::Pattern;
use ipnet::IpNet;

/// A principal that changes infrastructure as code.
#[derive(Debug, Clone, Default)]
pub struct Pipeline {
    /// ARNs of roles, sessions or users.
    pub principals: Vec<Pattern>,
    /// Where its calls come from; empty: anywhere.
    pub networks: Vec<IpNet>,
    /// Subjects of its CI system's tokens (`repo:acme/infra:*`); empty: any.
    pub subjects: Vec<Pattern>,
}

/// Who is expected to do what.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub pipelines: Vec<Pipeline>,
    /// ARNs of principals for emergencies.
    pub break_glass: Vec<Pattern>,
    /// ARNs of principals that work by themselves.
    pub automation: Vec<Pattern>,
}

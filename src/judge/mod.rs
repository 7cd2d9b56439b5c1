//! DOES IT MATTER: rules and severity; pure.
//!
//! A rule is a list item in a YAML file (see `rules/` for the starter set). [`load`] turns files into a [`RuleSet`],
//! [`judge`] gives one drift its [`Judgement`], [`run_cases`] tries every rule on the cases it carries.
//! This module knows neither where drift comes from nor who is notified.
//!
//! How a severity comes about:
//! 1. the worst severity of all matching rules; without one, the default of the kind ([`default_severity`]);
//! 2. then each matching rule with `lower: true` caps it: such a rule can only make it milder;
//! 3. a matching, unexpired `ignore` hides the drift (severity and rules are still reported);
//! 4. `unknown` is never judged by a rule: it is a gap, severity `info`.

mod budget;
pub mod cases;
pub mod config;
pub mod default_severity;
mod expression;
mod functions;
pub mod load;
mod matching;
pub mod network;
pub mod policy;
mod raw;
pub mod rule;
pub mod starter;
mod verdict;

pub use budget::{TOO_MANY_STEPS, on_deep_stack};
pub use cases::{CaseResult, run_cases};
pub use config::RulesConfig;
pub use load::{load, parse};
pub use rule::{Ignore, Rule, RuleEffect, RuleSet};
pub use starter::starter;
pub use verdict::{Context, Judgement, judge};

//! A rule and a set of rules, checked and ready to use. Does not know YAML.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};

use super::{budget::FEW_STEPS, expression::Expression, matching::Match, raw};
use crate::model::{Ignored, Reason, report::Severity};

/// What a rule says when it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleEffect {
    /// The drift has at least this severity.
    Raise(Severity),
    /// The drift has at most this severity, whatever other rules say.
    Lower(Severity),
    /// It is not reported, for a while.
    Ignore(Ignore),
}

/// An accepted drift: somebody answers for it, for a reason, until a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore {
    pub owner: String,
    pub reason: String,
    /// The last day (UTC) on which it still ignores.
    pub expires: Date,
}

impl Ignore {
    /// Has its last day passed?
    pub fn is_over(&self, now: Timestamp) -> bool {
        now.to_zoned(TimeZone::UTC).date() > self.expires
    }

    /// What a finding says of it.
    pub fn ignored(&self, rule: &str) -> Ignored {
        let Self { owner, reason, expires } = self.clone();
        Ignored { rule: rule.to_owned(), owner, reason, expires: expires.to_string() }
    }
}

/// One rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Kebab case, unique over all files, named for the fault.
    pub id: String,
    pub verdict: RuleEffect,
    /// Why it matters, in a sentence or two.
    pub why: String,
    /// `file:line` of the rule.
    pub position: String,
    pub(super) matches: Match,
    pub(super) when: Option<Expression>,
    /// What one evaluation of `when` may take.
    pub(super) most_steps: u64,
    pub(super) cases: Vec<raw::Case>,
}

/// All rules, in the order of their files.
#[derive(Debug, Clone, Default)]
pub struct RuleSet {
    pub rules: Vec<Rule>,
}

impl RuleSet {
    /// Leaves a rule that takes too long few steps for every further drift.
    pub fn restrict(&mut self, id: &str) {
        self.rules.iter_mut().filter(|rule| rule.id == id).for_each(|rule| rule.most_steps = FEW_STEPS);
    }

    /// The rule with this id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// What each rule says, by id: what reports explain. Ignoring rules are not among them.
    pub fn reasons(&self) -> BTreeMap<String, Reason> {
        let reason = |rule: &Rule| match &rule.verdict {
            RuleEffect::Raise(severity) | RuleEffect::Lower(severity) => {
                Some((rule.id.clone(), Reason { severity: *severity, why: rule.why.clone() }))
            }
            RuleEffect::Ignore(_) => None,
        };
        self.rules.iter().filter_map(reason).collect()
    }

    /// These rules and then `more`; a rule of `more` replaces one of the same id, so that users can overrule a starter rule.
    pub fn overlaid_with(mut self, more: RuleSet) -> RuleSet {
        self.rules.retain(|rule| more.get(&rule.id).is_none());
        self.rules.extend(more.rules);
        self
    }
}

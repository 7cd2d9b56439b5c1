//! One drift in, one judgement out.

use jiff::Timestamp;

use super::{
    budget::TOO_MANY_STEPS,
    default_severity::default_severity,
    expression::Scope,
    rule::{Rule, RuleEffect, RuleSet},
};
use crate::model::{Attribution, Drift, Ignored, RuleWarning, Severity};

/// What is known around a drift. All of it comes in as arguments: the judge has no clock.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub now: Timestamp,
    /// Terraform address; `None` when unmanaged.
    pub address: Option<&'a str>,
    /// Who did it, as far as it is known: whoever acted last first; empty when nobody looked.
    pub attributions: &'a [Attribution],
}

/// The verdict on one drift.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    pub severity: Severity,
    /// Ids of the rules that gave the severity, sorted; ignoring rules are in `ignored`.
    pub rules: Vec<String>,
    /// Rules that could not be evaluated, ignores that have run out.
    pub warnings: Vec<RuleWarning>,
    /// `Some` when the drift is accepted for now.
    pub ignored: Option<Ignored>,
}

impl Judgement {
    /// A maker is as bad as the worst of what it made. What is ignored of a member is still the maker's.
    pub fn add_member(&mut self, member: Self) {
        let Self { severity, rules, warnings, ignored: _ } = member;
        self.severity = self.severity.min(severity);
        self.rules.extend(rules);
        self.rules.sort();
        self.rules.dedup();
        self.warnings.extend(warnings);
    }
}

/// Judges one drift by all rules.
pub fn judge(rules: &RuleSet, drift: &Drift, context: &Context<'_>) -> Judgement {
    let mut raised: Option<Severity> = None;
    let mut knows_what = false;
    let mut cap: Option<Severity> = None;
    let mut matched = Vec::new();
    let mut warnings = Vec::new();
    let mut ignored = None;
    let mut scopes = None;

    for rule in rules.rules.iter().filter(|rule| rule.matches.fits(drift)) {
        match holds(rule, drift, context, &mut scopes) {
            Ok(false) => continue,
            Ok(true) => {}
            Err(message) => {
                // Whoever makes a resource so large that a rule gives up must not lower its severity by that.
                let is_raised = message == TOO_MANY_STEPS && matches!(rule.verdict, RuleEffect::Raise(_));
                warnings.push(RuleWarning { rule: rule.id.clone(), message });
                if !is_raised {
                    continue;
                }
            }
        }
        match &rule.verdict {
            // worst first: the smaller is the worse
            RuleEffect::Raise(severity) => {
                raised = Some(raised.map_or(*severity, |old| old.min(*severity)));
                knows_what |= !rule.matches.is_empty();
            }
            RuleEffect::Lower(severity) => cap = Some(cap.map_or(*severity, |old| old.max(*severity))),
            RuleEffect::Ignore(ignore) => {
                if ignore.is_over(context.now) {
                    warnings.push(RuleWarning {
                        rule: rule.id.clone(),
                        message: format!("ignored until {}, no longer; ask {}", ignore.expires, ignore.owner),
                    });
                } else if ignored.is_none() {
                    ignored = Some(ignore.ignored(&rule.id));
                }
                continue;
            }
        }
        matched.push(rule.id.clone());
    }

    matched.sort();
    let default = default_severity(drift);
    // A rule with an empty `match` (it only asks who did it, say) does not know what changed: the default still counts.
    let severity = raised.map_or(default, |raised| if knows_what { raised } else { raised.min(default) });
    Judgement { severity: cap.map_or(severity, |cap| severity.max(cap)), rules: matched, warnings, ignored }
}

/// Does the `when` of a rule that fits hold? The expression's variables are made once for all rules.
fn holds<'a>(
    rule: &Rule,
    drift: &Drift,
    context: &Context<'_>,
    scopes: &mut Option<Vec<Scope<'a>>>,
) -> Result<bool, String> {
    let Some(when) = &rule.when else { return Ok(true) };
    // Of several people who changed one resource, one is enough to make it worse; to let it pass, it must hold for all.
    let one_is_enough = matches!(rule.verdict, RuleEffect::Raise(_));
    for scope in scopes.get_or_insert_with(|| Scope::of_all(drift, context.address, context.attributions)) {
        if when.holds(scope, rule.most_steps)? == one_is_enough {
            return Ok(one_is_enough);
        }
    }
    Ok(!one_is_enough)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{cases::made_up, parse};
    use crate::model::{Channel, DriftStatus};

    const RULES: &str = r#"
- {id: worst, severity: critical, why: x, match: {kind: [aws_vpc]}, when: "live.a == 1"}
- {id: mild, severity: low, why: x, match: {kind: [aws_vpc]}}
- {id: sandbox, severity: info, lower: true, why: x, match: {account: ["2222*"]}}
- {id: broken, severity: high, why: x, match: {kind: [aws_vpc]}, when: "live.a < 'x'"}
- {id: accepted, why: x, ignore: {owner: ann, reason: test, expires: 2026-06-30}, match: {kind: [aws_eip]}}
"#;

    fn at(time: &str) -> Context<'static> {
        Context { now: time.parse().unwrap(), address: Some("aws_vpc.a"), attributions: &[] }
    }

    #[test]
    fn the_worst_matching_rule_wins_and_a_broken_one_warns() {
        let rules = parse("t.yaml", RULES).unwrap();
        let mut drift = made_up("aws_vpc", DriftStatus::Changed, "/a");
        drift.live_attributes.insert("a".into(), 1.into());
        let judgement = judge(&rules, &drift, &at("2026-01-01T00:00:00Z"));
        assert_eq!(judgement.severity, Severity::Critical);
        assert_eq!(judgement.rules, ["mild", "worst"]);
        assert_eq!(judgement.warnings.len(), 1);
        assert_eq!(judgement.warnings[0].rule, "broken");

        drift.scope.account = "222200000000".into();
        assert_eq!(judge(&rules, &drift, &at("2026-01-01T00:00:00Z")).severity, Severity::Info);
        drift.live_attributes.clear();
        drift.scope.account = "111111111111".into();
        assert_eq!(judge(&rules, &drift, &at("2026-01-01T00:00:00Z")).rules, ["mild"]);
    }

    /// Whoever changed an IAM group in the console did not make it less bad; the same for a tag is worse than usual.
    #[test]
    fn a_rule_that_matches_everything_never_makes_it_milder() {
        let rules = parse("t.yaml", "[{id: any, severity: medium, why: x, match: {}}]").unwrap();
        let severity = |drift: &Drift| judge(&rules, drift, &at("2026-01-01T00:00:00Z")).severity;
        assert_eq!(severity(&made_up("aws_iam_group", DriftStatus::Missing, "")), Severity::High);
        assert_eq!(severity(&made_up("aws_vpc", DriftStatus::Changed, "/tags/Name")), Severity::Medium);
    }

    #[test]
    fn an_ignore_holds_to_the_end_of_its_day_and_then_warns() {
        let rules = parse("t.yaml", RULES).unwrap();
        let drift = made_up("aws_eip", DriftStatus::Missing, "");
        let judgement = judge(&rules, &drift, &at("2026-06-30T23:59:59Z"));
        assert_eq!(judgement.ignored.unwrap().owner, "ann");
        assert_eq!(judgement.severity, Severity::Medium);
        let judgement = judge(&rules, &drift, &at("2026-07-01T00:00:00Z"));
        assert_eq!(judgement.ignored, None);
        assert_eq!(judgement.warnings[0].message, "ignored until 2026-06-30, no longer; ask ann");
    }

    #[test]
    fn what_is_let_pass_must_hold_for_everybody() {
        let rules = "
- {id: services, why: x, ignore: {owner: ann, reason: scaling, expires: 2026-06-30}, match: {kind: [aws_eip]}, when: \"channel == 'aws_service'\"}
- {id: mild, severity: info, lower: true, why: x, match: {kind: [aws_vpc]}, when: \"channel == 'aws_service'\"}
- {id: worse, severity: critical, why: x, match: {kind: [aws_vpc, aws_eip]}, when: \"channel == 'cli'\"}
- {id: tagged, severity: low, lower: true, why: x, match: {kind: [aws_subnet]}, when: \"live.a == 1\"}";
        let rules = parse("t.yaml", rules).unwrap();
        let by = |channel| Attribution { channel, ..Attribution::unknown("x") };
        let (scaling, eve) = (by(Channel::AwsService), by(Channel::Cli));
        let judged = |kind: &str, attributions: &[Attribution]| {
            let mut drift = made_up(kind, DriftStatus::Missing, "");
            drift.live_attributes.insert("a".into(), 1.into());
            judge(&rules, &drift, &Context { attributions, ..at("2026-01-01T00:00:00Z") })
        };
        for (both, ignored, severity) in [
            (vec![scaling.clone()], true, Severity::Info),
            (vec![scaling.clone(), eve.clone()], false, Severity::Critical),
            (vec![eve, scaling], false, Severity::Critical),
            (vec![], false, Severity::Medium),
        ] {
            assert_eq!(judged("aws_eip", &both).ignored.is_some(), ignored, "{both:#?}");
            assert_eq!(judged("aws_vpc", &both).severity, severity, "{both:#?}");
            assert_eq!(judged("aws_subnet", &both).rules, ["tagged"], "who did it does not matter");
        }
    }

    /// A rule that took too long elsewhere still says nothing of a resource of which it knows better.
    #[test]
    fn a_rule_with_few_steps() {
        let when = "live.list.exists(a, live.list.exists(b, a + b == 1000))";
        let rules = format!(
            "[{{id: loud, severity: critical, why: x, match: {{kind: [aws_eip]}}, when: \"{when}\"}},
              {{id: quiet, severity: info, lower: true, why: x, match: {{kind: [aws_eip]}}, when: \"!{when}\"}}]"
        );
        let mut rules = parse("t.yaml", &rules).unwrap();
        rules.restrict("loud");
        rules.restrict("quiet");
        let judged = |length: i64| {
            let mut drift = made_up("aws_eip", DriftStatus::Changed, "/list");
            drift.live_attributes.insert("list".into(), (0..length).collect::<Vec<_>>().into());
            let judgement = judge(&rules, &drift, &at("2026-01-01T00:00:00Z"));
            (judgement.rules, judgement.warnings.len())
        };
        assert_eq!(judged(4), (vec!["quiet".to_owned()], 0));
        assert_eq!(judged(200), (vec!["loud".to_owned()], 2), "the worst is assumed");
    }

    #[test]
    fn a_maker_is_as_bad_as_the_worst_that_it_made() {
        let rules = parse("t.yaml", RULES).unwrap();
        let at = at("2026-01-01T00:00:00Z");
        let mut maker = judge(&rules, &made_up("aws_cloudformation_stack", DriftStatus::Unmanaged, ""), &at);
        assert_eq!(maker.severity, Severity::Low);
        let mut vpc = made_up("aws_vpc", DriftStatus::Unmanaged, "");
        vpc.live_attributes.insert("a".into(), 1.into());
        maker.add_member(judge(&rules, &vpc, &at));
        maker.add_member(judge(&rules, &made_up("aws_eip", DriftStatus::Unmanaged, ""), &at));
        assert_eq!((maker.severity, maker.ignored), (Severity::Critical, None), "one ignored member ignores no maker");
        assert_eq!(maker.rules, ["mild", "worst"]);
    }

    #[test]
    fn unknown_is_never_ignored_nor_raised() {
        let rules = parse("t.yaml", RULES).unwrap();
        let judgement = judge(&rules, &made_up("aws_eip", DriftStatus::Unknown, ""), &at("2026-01-01T00:00:00Z"));
        assert_eq!((judgement.severity, judgement.ignored), (Severity::Info, None));
    }
}

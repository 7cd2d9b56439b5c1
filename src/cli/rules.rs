//! `driftd rules test` and `driftd rules list`.

use super::args::Rules;
use super::{FAILED, bad_config};
use crate::config::Config;
use crate::judge::{self, RuleSet, RulesConfig};
use crate::setup;

pub(super) fn run(command: &Rules, config: Config) -> u8 {
    let configured = match command {
        // Files that are named are tried by themselves.
        Rules::Test { paths } if !paths.is_empty() => RulesConfig { starter: false, paths: paths.clone() },
        Rules::Test { .. } | Rules::List => config.rules,
    };
    let rules = match setup::load_rules(&configured) {
        Ok(rules) => rules,
        Err(mistakes) => return bad_config(&mistakes),
    };
    match command {
        Rules::List => {
            for rule in &rules.rules {
                println!("{:<48} {}", rule.id, rule.why);
            }
            0
        }
        Rules::Test { .. } => test(&rules),
    }
}

fn test(rules: &RuleSet) -> u8 {
    let results = judge::run_cases(rules);
    let failed: Vec<_> = results.iter().filter(|result| !result.passed).collect();
    for result in &failed {
        println!("FAIL {}: {}: {}", result.rule, result.case, result.problem.as_deref().unwrap_or("unexpected"));
    }
    println!("{} rules, {} cases passed, {} failed", rules.rules.len(), results.len() - failed.len(), failed.len());
    if failed.is_empty() { 0 } else { FAILED }
}

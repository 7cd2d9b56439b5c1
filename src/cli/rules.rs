//! `driftd rules test` and `driftd rules list`.

use super::args::Rules;
use super::{BAD_CONFIG, FAILED};
use crate::config::Config;
use crate::judge::{self, RuleSet};

pub(super) fn run(command: &Rules, config: &Config) -> u8 {
    let paths = match command {
        Rules::Test { paths } => paths.clone(),
        Rules::List => Vec::new(),
    };
    let rules = match load(&paths, config) {
        Ok(rules) => rules,
        Err(code) => return code,
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

fn load(paths: &[std::path::PathBuf], config: &Config) -> Result<RuleSet, u8> {
    let named = if paths.is_empty() { &config.rules[..] } else { paths };
    let mut rules = if paths.is_empty() && config.starter_rules { judge::starter() } else { RuleSet::default() };
    if !named.is_empty() {
        let loaded = judge::load(named).map_err(|errors| {
            errors.iter().for_each(|error| eprintln!("{error}"));
            BAD_CONFIG
        })?;
        rules = rules.overlaid_with(loaded);
    }
    Ok(rules)
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

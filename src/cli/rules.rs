//! `driftd rules test` and `driftd rules list`.

use super::args::Rules;
use super::output::printed;
use super::{FAILED, bad_config};
use crate::config::Config;
use crate::judge::{self, Rule, RuleSet, RulesConfig};
use crate::setup;
use crate::wording::text::sanitize_output;

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
            let line =
                |rule: &Rule| format!("{:<48} {}\n", sanitize_output(&rule.id), sanitize_output(rule.why.trim()));
            printed(&rules.rules.iter().map(line).collect::<String>())
        }
        Rules::Test { .. } => test(&rules),
    }
}

fn test(rules: &RuleSet) -> u8 {
    let results = judge::run_cases(rules);
    let failed: Vec<_> = results.iter().filter(|result| !result.passed).collect();
    let mut text = String::new();
    for result in &failed {
        let problem = result.problem.as_deref().unwrap_or("unexpected");
        text += &sanitize_output(&format!("FAIL {}: {}: {problem}", result.rule, result.case));
        text.push('\n');
    }
    let passed = results.len() - failed.len();
    text += &format!("{} rules, {passed} cases passed, {} failed\n", rules.rules.len(), failed.len());
    match printed(&text) {
        0 if failed.is_empty() => 0,
        _ => FAILED,
    }
}

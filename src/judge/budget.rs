//! How much work one evaluation of a rule's `when` may be: steps are counted, so that an expression that explodes (loops in loops,
//! texts that double) ends with a warning. Counted and not timed: the same input gives the same report on every machine.

use std::cell::Cell;

use cel::ExecutionError;
use cel::common::types::{CelList, CelMap, CelString};
use cel::common::value::{CowVal, Val};
use serde_json::Value;

/// Steps of one evaluation; about a tenth of a second. The starter rules take some hundred on a large resource.
pub(super) const MOST_STEPS: u64 = 100_000;
/// Steps that are left to a rule that has taken too many on several drifts. Enough for every starter rule on most resources.
pub(super) const FEW_STEPS: u64 = 2_000;
/// Characters of one `when`.
pub(super) const MOST_CHARACTERS: usize = 4096;
/// Operators within each other, of one `when`.
pub(super) const MOST_DEPTH: usize = 64;
/// Bytes of one regular expression.
const MOST_PATTERN_BYTES: usize = 1000;

/// Enough for the longest chain that [`MOST_CHARACTERS`] allow, in a build without optimisation. Only what is used is taken.
const STACK_BYTES: usize = 128 << 20;

/// What is said of an expression that took too many.
pub const TOO_MANY_STEPS: &str = "it takes too many steps (loops within loops, or very long texts): make it simpler";

thread_local! {
    /// What the evaluation that runs on this thread may still spend.
    static LEFT: Cell<u64> = const { Cell::new(0) };
}

/// Does some work on a stack that is deep enough for every expression: parser and interpreter call themselves for each part of
/// one, and a stack that overflows ends the program.
pub fn on_deep_stack<T: Send>(work: impl Fn() -> T + Sync) -> T {
    std::thread::scope(|scope| {
        match std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, &work) {
            Ok(worker) => worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            // No thread to be had: most expressions do well on the stack that there is.
            Err(_) => work(),
        }
    })
}

/// Evaluates in fewer than so many steps; whatever came out of one that took more is worth nothing.
pub(super) fn limited<T>(most_steps: u64, evaluate: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    LEFT.set(most_steps);
    let outcome = evaluate();
    // `error || true` is true in CEL: the error may be lost on the way.
    if LEFT.get() == 0 { Err(TOO_MANY_STEPS.to_owned()) } else { outcome }
}

pub(super) fn spend(steps: u64) -> Result<(), ExecutionError> {
    let left = LEFT.get().saturating_sub(steps);
    LEFT.set(left);
    if left == 0 { Err(ExecutionError::function_error("when", TOO_MANY_STEPS)) } else { Ok(()) }
}

/// Hands on what it is given and counts its size: for what a loop gathers, and for what grows.
pub(super) fn tick<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let given = first(arguments)?;
    spend(weight(given.as_ref(), LEFT.get()))?;
    Ok(given)
}

/// The same for a regular expression, which is compiled anew each time.
pub(super) fn pattern<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let given = first(arguments)?;
    if let Some(text) = given.downcast_ref::<CelString>() {
        let text = text.inner();
        if text.len() > MOST_PATTERN_BYTES {
            let message = format!("a regular expression of more than {MOST_PATTERN_BYTES} bytes");
            return Err(ExecutionError::function_error("matches", message));
        }
        spend(compile_steps(text))?;
    }
    Ok(given)
}

fn first<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    arguments.into_iter().next().ok_or_else(|| ExecutionError::function_error("when", "an argument is missing"))
}

/// Repetitions multiply what is compiled: `(a{100}){100}`.
fn compile_steps(pattern: &str) -> u64 {
    let numbers = pattern.split('{').skip(1).filter_map(|rest| {
        let inside = rest.split('}').next()?;
        inside.split(',').filter_map(|number| number.trim().parse::<u64>().ok()).max()
    });
    let repeated = numbers.fold(1u64, |product, number| product.saturating_mul(number.max(1)));
    10u64.saturating_add((pattern.len() as u64).saturating_mul(repeated))
}

/// How large a value is, in steps; no more than `most` is counted.
pub(super) fn weight<'v>(value: &(dyn Val + 'v), most: u64) -> u64 {
    let mut total = 1;
    if let Some(text) = value.downcast_ref::<CelString>() {
        total += text.inner().len() as u64 / 16;
    } else if let Some(list) = value.downcast_ref::<CelList>() {
        for item in list.inner() {
            if total >= most {
                break;
            }
            total += weight(item.as_ref(), most.saturating_sub(total));
        }
    } else if let Some(map) = value.downcast_ref::<CelMap>() {
        // All values, whatever their order: a count that stopped early would depend on it.
        total += map.inner().values().map(|item| weight(item.as_ref(), most)).fold(0, u64::saturating_add);
    }
    total
}

/// The same of JSON.
pub(super) fn json_weight(value: &Value) -> u64 {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) => 1 + text.len() as u64 / 16,
        Value::Array(items) => 1 + items.iter().map(json_weight).sum::<u64>(),
        Value::Object(map) => 1 + map.values().map(json_weight).sum::<u64>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_cost_what_they_make() {
        assert!(compile_steps(r"^\d{12}$") < 200);
        assert!(compile_steps("(a{1000}){1000}") > MOST_STEPS);
        assert!(compile_steps("((a{99999999999}){99999999999}){99999999999}") > MOST_STEPS);
        assert!(compile_steps("a{,}{x}{").lt(&100));
    }

    #[test]
    fn an_error_that_is_lost_counts_all_the_same() {
        assert_eq!(limited(MOST_STEPS, || Ok(1)), Ok(1));
        let lost = limited(MOST_STEPS, || {
            _ = spend(MOST_STEPS);
            Ok(1)
        });
        assert_eq!(lost, Err(TOO_MANY_STEPS.to_owned()));
    }
}

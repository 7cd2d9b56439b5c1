//! Expressions of rules: what they see, and what they may cost.

use super::*;
use crate::judge::cases::made_up;
use crate::model::DriftStatus;

fn eval(source: &str) -> Result<bool, String> {
    let mut drift = made_up("aws_vpc", DriftStatus::Changed, "/a");
    drift.live_attributes =
        serde_json::from_value(json!({"n": 3, "deep": [{"x": "y"}], "nothing": null, "list": ["a"]})).unwrap();
    let expression = Expression::compile(source)?;
    budget::on_deep_stack(|| expression.holds(&Scope::new(&drift, None, None), budget::MOST_STEPS))
}

#[test]
fn what_is_absent_reads_as_null() {
    for source in [
        "live.n == 3",
        "live.n >= 3 && live.n < 4",
        "live.absent == null",
        "live.absent.more[0].x == null",
        "desired.n == null",
        "!has(live.absent) && has(live.n) && !has(live.absent.more)",
        "live.deep[0].x == 'y' && live.deep[7] == null",
        "!live.absent.exists(x, x == 1) && live.list.exists(x, x == 'a')",
        "!('a' in live.absent) && 'a' in live.list && 'n' in live",
        "size(live.absent) == 0 && live.list.size() == 1",
        "changes.exists(c, c.path == '/a' && c.added == [] && c.live == 'b')",
        "actor == null && address == null && drift == 'changed'",
        "live.list.map(x, x + 'b') == ['ab']",
        "cidr_is_world('0.0.0.0/0') && !cidr_is_world(live.absent)",
        "string(live.absent) == '' && !string(live.absent).startsWith('x')",
        "json('{\"a\": 1}').a == 1",
        "'' + live.deep[0].x == 'y' && live.deep[0].x.startsWith('y')",
    ] {
        assert_eq!(eval(source), Ok(true), "{source}");
    }
}

#[test]
fn mistakes_are_found_when_loading() {
    for (source, expected) in [
        ("live.a ==", "line 1 column"),
        ("lvie.a == 1", "unknown name `lvie`"),
        ("polcy_has_admin(live.policy)", "unknown function `polcy_has_admin`"),
        ("policy_has_admin()", "takes 1 arguments, not 0"),
    ] {
        let error = Expression::compile(source).unwrap_err();
        assert!(error.contains(expected), "{source}: {error}");
    }
}

#[test]
fn what_explodes_ends_with_a_warning() {
    let items = format!("[{}]", vec!["'0123456789abcdef'"; 100].join(","));
    let doubling = format!("{}.size() == 1", "['x'].map(x, x + x)".to_owned() + &".map(x, x + x)".repeat(28));
    let twins = format!("[1]{}.size() == 1", ".map(x, [x, x])".repeat(28));
    let loops = format!(
        "{items}.all(a, {items}.all(b, [1,2,3,4,5,6,7,8,9].all(c, [1,2,3,4,5,6,7,8,9].exists(d, d == 9)))) || true"
    );
    let mapped = "[1,2,3,4,5,6,7,8,9]";
    let maps = (0..7).fold("1".to_owned(), |inner, depth| format!("{mapped}.map(x{depth}, {inner})"));
    for source in
        [doubling, twins, loops, format!("size({maps}) == 9"), "'aaa'.matches('((a{99}){99}){99}')".to_owned()]
    {
        assert_eq!(eval(&source), Err(budget::TOO_MANY_STEPS.to_owned()), "{source}");
    }
    let long = format!("'a'.matches('{}')", "a".repeat(1001));
    assert!(eval(&long).unwrap_err().contains("more than 1000 bytes"));
}

#[test]
fn what_is_too_long_or_too_deep_is_refused_when_loading() {
    let long = format!("'{}' == 'x'", "a".repeat(MOST_CHARACTERS));
    assert!(Expression::compile(&long).unwrap_err().contains("4096 characters"));
    let chain = format!("live{} == 1", ".a".repeat(1000));
    assert!(Expression::compile(&chain).unwrap_err().contains("64 levels"));
    assert_eq!(bracket_depth(r#"f([1], '((\'((', "[[")"#), 2);
    let ternaries = format!("{}true", "true ? false : ".repeat(250));
    assert!(Expression::compile(&ternaries).is_err());
    for (open, close) in [("(", ")"), ("[", "]"), ("{1: ", "}")] {
        let deep = format!("{}true{}", open.repeat(1500), close.repeat(1500));
        assert!(Expression::compile(&deep).is_err(), "{open}");
    }
    assert_eq!(eval("live.deep.map(d, d.x).filter(x, x == 'y').exists_one(x, x.matches('^[a-z]{1}$'))"), Ok(true));
}

#[test]
fn errors_while_evaluating_are_data() {
    assert!(eval("live.n < 'x'").is_err());
    assert_eq!(eval("live.n").unwrap_err(), "`when` gave int, not true or false");
}

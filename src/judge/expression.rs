//! A rule's `when`: CEL (<https://cel.dev>), compiled once, checked for unknown names when it is loaded.
//!
//! Made total where CEL is not: `a.b` and `a["b"]` are null when `a` is null or has no `b`; `has(a.b)` is false then;
//! `exists`, `all`, `filter`, `map`, `in` and `size` take null for an empty list, `string` for an empty text. What remains (comparing a text with a number, ...)
//! is an error that the caller turns into a warning. So is an expression that takes too long: see `budget`.

use std::sync::{Arc, LazyLock};

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};
use cel::common::types::DYN_TYPE;
use cel::{Context, Env, Program, Value as Cel};
use serde_json::{Value, json};

use super::budget::{self, MOST_CHARACTERS, MOST_DEPTH};
use super::functions::{self, FUNCTIONS, to_cel};
use crate::model::{Attribution, Change, Drift};

/// Brackets within each other; each takes the parser a dozen calls.
const MOST_BRACKETS: usize = 32;

/// A compiled `when`.
#[derive(Debug, Clone)]
pub(super) struct Expression {
    root: IdedExpr,
}

/// The variables of one drift, ready for any number of expressions.
pub(super) struct Scope<'a> {
    context: Context<'a, 'a>,
}

/// The names that an expression may use. The last five are null where no event source is configured.
const VARIABLES: &[&str] = &[
    "desired",
    "live",
    "changes",
    "drift",
    "kind",
    "id",
    "account",
    "region",
    "address",
    "actor",
    "channel",
    "mfa",
    "confidence",
    "cautions",
];

/// CEL's own functions and types (the standard definitions; macros are gone after parsing).
const STANDARD: &[&str] = &[
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "string",
    "int",
    "uint",
    "double",
    "bool",
    "bytes",
    "type",
    "dyn",
    "min",
    "max",
];

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut environment = Env::stdlib();
    for (name, arguments, function) in functions::TOTAL {
        let added = environment.add_overload(name, name, (0..*arguments).map(|_| DYN_TYPE).collect(), *function);
        debug_assert!(added.is_ok(), "{name} is declared once");
    }
    Arc::new(environment)
});

impl Expression {
    /// Compiles CEL text. The error lists all mistakes, separated by semicolons.
    pub(super) fn compile(source: &str) -> Result<Self, String> {
        if source.chars().count() > MOST_CHARACTERS {
            return Err(format!("it has more than {MOST_CHARACTERS} characters: write several rules"));
        }
        if bracket_depth(source) > MOST_BRACKETS {
            return Err(too_deep());
        }
        // The parser calls itself for every part of a chain (`a.b.c`, `a ? b : c ? d : e`); its own limit does not hold.
        budget::on_deep_stack(|| Self::parse(source))
    }

    fn parse(source: &str) -> Result<Self, String> {
        let program = Program::compile(source).map_err(|errors| {
            let lines: Vec<_> =
                errors.errors.iter().map(|e| format!("line {} column {}: {}", e.pos.0, e.pos.1, e.msg)).collect();
            lines.join("; ")
        })?;
        let mut root = program.expression().clone();
        let mut names = Names {
            known: VARIABLES.iter().map(|name| name.to_string()).collect(),
            depth: 0,
            too_deep: false,
            mistakes: Vec::new(),
        };
        names.rewrite(&mut root);
        if names.too_deep {
            return Err(too_deep());
        }
        if names.mistakes.is_empty() { Ok(Self { root }) } else { Err(names.mistakes.join("; ")) }
    }

    /// Is it true of this drift? An error says what could not be evaluated, in so many steps.
    pub(super) fn holds(&self, scope: &Scope<'_>, most_steps: u64) -> Result<bool, String> {
        budget::limited(most_steps, || match Cel::resolve(&self.root, &scope.context) {
            Ok(Cel::Bool(result)) => Ok(result),
            Ok(other) => Err(format!("`when` gave {}, not true or false", other.type_of())),
            Err(error) => Err(bounded(&error.to_string())),
        })
    }
}

impl Scope<'_> {
    /// The variables of a drift, once for everybody who had a part in it; once if nobody is known.
    pub(super) fn of_all(drift: &Drift, address: Option<&str>, attributions: &[Attribution]) -> Vec<Self> {
        if attributions.is_empty() {
            return vec![Self::new(drift, address, None)];
        }
        attributions.iter().map(|attribution| Self::new(drift, address, Some(attribution))).collect()
    }

    /// The variables of a drift and one who had a part in it.
    pub(super) fn new(drift: &Drift, address: Option<&str>, who: Option<&Attribution>) -> Self {
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        functions::add_to(&mut context);
        let changes = Value::Array(drift.changes.iter().map(change).collect());
        for (name, value) in [
            ("desired", json!(drift.desired_attributes)),
            ("live", json!(drift.live_attributes)),
            ("changes", changes),
            ("drift", drift.status.as_str().into()),
            ("kind", drift.kind.as_str().into()),
            ("id", drift.id.as_str().into()),
            ("account", drift.scope.account.as_str().into()),
            ("region", drift.scope.region.as_str().into()),
            ("address", address.into()),
            ("actor", json!(who.and_then(|who| who.actor.as_ref()))),
            ("channel", json!(who.map(|who| who.channel.as_str()))),
            ("mfa", json!(who.and_then(|who| who.mfa))),
            ("confidence", json!(who.map(|who| who.confidence.as_str()))),
            ("cautions", json!(who.map(|who| &who.cautions))),
        ] {
            context.add_variable_from_value(name, to_cel(&value));
        }
        Self { context }
    }
}

/// A change with all its keys, so that a rule need not test for each.
fn change(change: &Change) -> Value {
    json!({
        "path": change.path,
        "desired": change.desired,
        "live": change.live,
        "added": change.added.as_deref().unwrap_or_default(),
        "removed": change.removed.as_deref().unwrap_or_default(),
        "sensitive": change.sensitive,
    })
}

fn too_deep() -> String {
    format!("it is nested deeper than {MOST_DEPTH} levels: write several rules")
}

/// How deep brackets stand within each other, those in texts left out.
fn bracket_depth(source: &str) -> usize {
    let (mut depth, mut most, mut quote, mut escaped) = (0usize, 0, None, false);
    for c in source.chars() {
        match (c, quote) {
            _ if escaped => escaped = false,
            ('\\', Some(_)) => escaped = true,
            (c, Some(open)) => quote = (c != open).then_some(open),
            ('"' | '\'', None) => quote = Some(c),
            ('(' | '[' | '{', None) => {
                depth += 1;
                most = most.max(depth);
            }
            (')' | ']' | '}', None) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// An error may quote a value of any size.
fn bounded(text: &str) -> String {
    const MOST: usize = 200;
    if text.chars().count() <= MOST { text.into() } else { text.chars().take(MOST).chain("...".chars()).collect() }
}

/// Walks an expression: makes it total and notes names that nothing defines.
struct Names {
    known: Vec<String>,
    depth: usize,
    too_deep: bool,
    mistakes: Vec<String>,
}

impl Names {
    fn rewrite(&mut self, node: &mut IdedExpr) {
        if self.depth >= MOST_DEPTH {
            self.too_deep = true;
            return;
        }
        self.depth += 1;
        self.rewrite_node(node);
        self.depth -= 1;
    }

    fn rewrite_node(&mut self, node: &mut IdedExpr) {
        match &mut node.expr {
            Expr::Unspecified | Expr::Literal(_) => {}
            Expr::Ident(name) => {
                if !self.known.contains(name) && !STANDARD.contains(&name.as_str()) {
                    self.mistakes.push(format!("unknown name `{name}`; known are {}", VARIABLES.join(", ")));
                }
            }
            Expr::List(list) => list.elements.iter_mut().for_each(|element| self.rewrite(element)),
            Expr::Map(map) => map.entries.iter_mut().for_each(|entry| self.entry(&mut entry.expr)),
            Expr::Struct(made) => made.entries.iter_mut().for_each(|entry| self.entry(&mut entry.expr)),
            Expr::Select(select) => {
                self.rewrite(&mut select.operand);
                let key = IdedExpr {
                    id: node.id,
                    expr: Expr::Literal(LiteralValue::String(std::mem::take(&mut select.field).into())),
                };
                let function = if select.test { "@has" } else { "@get" };
                node.expr = call(function, vec![std::mem::take(&mut *select.operand), key]);
            }
            Expr::Call(called) => {
                let grows = called.func_name == operators::ADD && !called.args.first().is_some_and(is_accumulator);
                self.call(called);
                if grows {
                    wrap(node, "@tick");
                }
            }
            Expr::Comprehension(loops) => {
                self.rewrite(&mut loops.iter_range);
                wrap(&mut loops.iter_range, "@items");
                self.rewrite(&mut loops.accu_init);
                let outer = self.known.len();
                self.known.push(loops.iter_var.clone());
                self.known.extend(loops.iter_var2.clone());
                self.known.push(loops.accu_var.clone());
                for part in [&mut loops.loop_cond, &mut loops.loop_step, &mut loops.result] {
                    self.rewrite(part);
                }
                count_rounds(loops);
                self.known.truncate(outer);
            }
        }
    }

    fn entry(&mut self, entry: &mut EntryExpr) {
        match entry {
            EntryExpr::StructField(field) => self.rewrite(&mut field.value),
            EntryExpr::MapEntry(entry) => {
                self.rewrite(&mut entry.key);
                self.rewrite(&mut entry.value);
            }
        }
    }

    fn call(&mut self, called: &mut CallExpr) {
        self.check_call(called);
        called.target.iter_mut().for_each(|target| self.rewrite(target));
        called.args.iter_mut().for_each(|argument| self.rewrite(argument));
        let container = match called.func_name.as_str() {
            operators::INDEX => {
                called.func_name = "@get".into();
                None
            }
            operators::IN => called.args.get_mut(1),
            "size" => called.args.first_mut().or(called.target.as_deref_mut()),
            _ => None,
        };
        if let Some(container) = container {
            wrap(container, "@items");
        } else if called.func_name == "string"
            && let Some(argument) = called.args.first_mut()
        {
            wrap(argument, "@text");
        }
        if called.func_name == "matches" {
            let (text, pattern) = match (called.target.as_deref_mut(), called.args.as_mut_slice()) {
                (Some(text), [pattern, ..]) | (None, [text, pattern, ..]) => (text, pattern),
                _ => return,
            };
            wrap(text, "@tick");
            wrap(pattern, "@pattern");
        }
    }

    fn check_call(&mut self, called: &CallExpr) {
        let name = called.func_name.as_str();
        let operator = !name.starts_with(|c: char| c.is_ascii_alphabetic());
        if let Some(function) = FUNCTIONS.iter().find(|function| function.name == name) {
            let given = called.args.len() + usize::from(called.target.is_some());
            if given != function.arguments {
                self.mistakes.push(format!("{name}() takes {} arguments, not {given}", function.arguments));
            }
        } else if !operator && !STANDARD.contains(&name) {
            self.mistakes.push(format!("unknown function `{name}`"));
        }
    }
}

/// The variable in which a macro gathers its result; no expression can name it.
fn is_accumulator(node: &IdedExpr) -> bool {
    matches!(&node.expr, Expr::Ident(name) if name.starts_with('@'))
}

/// Every round of a loop is counted. The shapes of `map` and `filter` stay as they are: the interpreter knows them and appends in
/// place instead of copying the list in every round.
fn count_rounds(loops: &mut ComprehensionExpr) {
    if !matches!(loops.loop_cond.expr, Expr::Literal(_)) {
        return wrap(&mut loops.loop_cond, "@tick");
    }
    match &mut loops.loop_step.expr {
        Expr::Call(step) if step.func_name == operators::CONDITIONAL => {
            if let [guard, step, _] = step.args.as_mut_slice() {
                wrap(guard, "@tick");
                count_items(step);
            }
        }
        _ => {
            if !count_items(&mut loops.loop_step) {
                wrap(&mut loops.loop_cond, "@tick");
            }
        }
    }
}

/// `@result + [x]`: what is appended. Is it that?
fn count_items(step: &mut IdedExpr) -> bool {
    if let Expr::Call(step) = &mut step.expr
        && step.func_name == operators::ADD
        && let [accumulator, items] = step.args.as_mut_slice()
        && is_accumulator(accumulator)
        && let Expr::List(items) = &mut items.expr
    {
        items.elements.iter_mut().for_each(|item| wrap(item, "@tick"));
        return true;
    }
    false
}

/// `x` becomes `name(x)`.
fn wrap(node: &mut IdedExpr, name: &str) {
    let inner = std::mem::take(node);
    *node = IdedExpr { id: inner.id, expr: call(name, vec![inner]) };
}

fn call(name: &str, args: Vec<IdedExpr>) -> Expr {
    Expr::Call(CallExpr { func_name: name.into(), target: None, args })
}

#[cfg(test)]
mod tests;

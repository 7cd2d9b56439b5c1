//! `*.tf`: blocks and where they stand.

use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body, Structure};

use super::{Declarations, ResourceBlock};

/// What the text declares; a syntax error comes back as one line with file, line and column.
pub(super) fn declarations(text: &str, place: &str) -> Result<Declarations, String> {
    let body = parse(text, place)?;
    let mut found = Declarations::default();
    for block in body.blocks() {
        let labels: Vec<&str> = block.labels.iter().map(|label| label.as_str()).collect();
        match (block.ident.as_str(), labels.as_slice()) {
            ("resource", [kind, name]) => found.resources.push(ResourceBlock {
                kind: (*kind).to_owned(),
                name: (*name).to_owned(),
                line: line_of(block, text),
                declared: names(&block.body),
            }),
            ("module", [name]) => {
                found.modules.extend(literal(&block.body, "source").map(|source| ((*name).to_owned(), source)));
            }
            ("provider", ["aws"]) => {
                found
                    .providers
                    .extend(literal(&block.body, "region").map(|region| (literal(&block.body, "alias"), region)));
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Parses a file; the error is one line with file, line and column.
pub(in crate::desired) fn parse(text: &str, place: &str) -> Result<Body, String> {
    hcl_edit::parser::parse_body(text).map_err(|error| {
        let at = error.location();
        format!("{place}:{}:{}: {}", at.line(), at.column(), error.message().replace('\n', "; "))
    })
}

/// A string without interpolation.
pub(in crate::desired) fn literal(body: &Body, name: &str) -> Option<String> {
    body.get_attribute(name).and_then(|attribute| text_of(&attribute.value))
}

/// The text of a literal string, number or bool.
pub(in crate::desired) fn text_of(value: &Expression) -> Option<String> {
    match value {
        Expression::String(text) => Some(text.to_string()),
        Expression::Number(number) => Some(number.to_string()),
        Expression::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// The names set in a resource's body, `dynamic "x"` counting as `x`.
fn names(body: &Body) -> Vec<String> {
    body.iter()
        .map(|structure| match structure {
            Structure::Attribute(attribute) => attribute.key.as_str().to_owned(),
            Structure::Block(block) => match (block.ident.as_str(), block.labels.first()) {
                ("dynamic", Some(label)) => label.as_str().to_owned(),
                (name, _) => name.to_owned(),
            },
        })
        .collect()
}

fn line_of(block: &Block, text: &str) -> u32 {
    let at = block.ident.span().or_else(|| block.span()).map_or(0, |span| span.start);
    super::json::line_at(text, at)
}

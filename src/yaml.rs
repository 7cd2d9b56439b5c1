//! What the parts share when they read their YAML: where a value stands, and what a parser's error means in a
//! [`Diagnostic`]. Never repeats a value of the file, which may be a secret; keys are repeated.

mod duration;
mod interpolate;
mod text_or;
mod variables;

use serde::Deserialize as _;
use serde::de::DeserializeOwned;
use serde_saphyr::{DefaultMessageFormatter, Error, Location, MessageFormatter as _, Spanned};

use crate::diagnostic::{Diagnostic, Diagnostics, Position};

pub use duration::{duration, duration_or_zero};
pub use variables::Variables;

use interpolate::Filled;
pub use text_or::{Mapping, TextOr};

/// One kind of file: how it is read, and the codes for what the parser itself finds.
pub struct Grammar<'v> {
    /// Fills in variables of the environment; `None`: a `${` is a text like others.
    pub variables: Option<&'v Variables<'v>>,
    /// Only `true` and `false` are booleans; otherwise YAML 1.1's `yes`, `no`, `on` and `off` are, too.
    pub strict_booleans: bool,
    /// A piece is used without its unknown keys, so that its other mistakes are found, too. Not where a misspelt key would
    /// be reported a second time, as missing.
    pub use_without_unknown_keys: bool,
    pub unset_variable: &'static str,
    pub unknown_key: &'static str,
    pub missing_key: &'static str,
    pub duplicate_key: &'static str,
    pub unknown_word: &'static str,
    pub wrong_type: &'static str,
    pub bad_yaml: &'static str,
}

/// Where a value stands.
pub fn position<T>(value: &Spanned<T>) -> Position {
    place(value.referenced)
}

fn place(at: Location) -> Position {
    Position { line: at.line(), column: at.column() }
}

/// Parses a text as a whole; if that fails, in pieces and without unknown keys, so that one mistake does not hide the next.
/// What could be parsed comes back, the mistakes go to `diagnostics`. `starts_piece` says of a line whether a piece begins there. An empty text
/// gives nothing.
pub fn parse_in_pieces<T: DeserializeOwned>(
    text: &str,
    grammar: &Grammar<'_>,
    starts_piece: impl Fn(&str) -> bool,
    diagnostics: &mut Diagnostics,
) -> Vec<T> {
    let whole = match parse::<T>(text, grammar) {
        Ok(parsed) => return parsed.into_iter().collect(),
        Err(error) => error,
    };
    let before = diagnostics.errors();
    let pieces = pieces(text, starts_piece);
    let parsed = pieces.into_iter().filter_map(|piece| parse_piece(piece, grammar, diagnostics)).collect();
    if diagnostics.errors() == before {
        note(&whole, grammar, diagnostics);
    }
    parsed
}

/// One piece, without the keys that are not known: each of them is a mistake, and none hides the others.
fn parse_piece<T: DeserializeOwned>(
    mut text: String,
    grammar: &Grammar<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    let (mut complete, mut filled) = (true, true);
    loop {
        let error = match parse::<T>(&text, grammar) {
            Ok(parsed) => return parsed.filter(|_| filled && (complete || grammar.use_without_unknown_keys)),
            Err(error) => error,
        };
        match error.without_snippet() {
            // The anchor may stand in another piece; the missing key may be the one that was misspelt.
            Error::UnknownAnchor { .. } => return None,
            Error::SerdeMissingField { .. } if !complete => return None,
            Error::SerdeUnknownField { location, .. } => {
                note(&error, grammar, diagnostics);
                text = without_entry(&text, place(*location))?;
                complete = false;
            }
            // It reads as if it were empty from here on, so that the next one is found.
            Error::Message { msg, .. } if msg.starts_with(variables::UNSET) => {
                note(&error, grammar, diagnostics);
                grammar.variables?.report(msg.trim_start_matches(variables::UNSET));
                filled = false;
            }
            _ => {
                note(&error, grammar, diagnostics);
                return None;
            }
        }
    }
}

/// The text with the key at this place, and what belongs to it, blanked. `None` where the key does not begin its line.
fn without_entry(text: &str, at: Position) -> Option<String> {
    let (line, indent) =
        (usize::try_from(at.line).ok()?.checked_sub(1)?, usize::try_from(at.column).ok()?.checked_sub(1)?);
    let mut lines: Vec<&str> = text.lines().collect();
    let mut own = lines.iter_mut().skip(line);
    let first = own.next().filter(|first| indent_of(first) == indent && !first.trim().is_empty())?;
    *first = "";
    for next in own {
        let belongs = indent_of(next) > indent || (indent_of(next) == indent && next.trim_start().starts_with('-'));
        if !next.trim().is_empty() && !belongs {
            break;
        }
        *next = "";
    }
    Some(lines.join("\n") + "\n")
}

fn indent_of(line: &str) -> usize {
    line.chars().take_while(|c| *c == ' ').count()
}

fn parse<T: DeserializeOwned>(text: &str, grammar: &Grammar<'_>) -> Result<Option<T>, Error> {
    let options = serde_saphyr::options! { strict_booleans: grammar.strict_booleans };
    match grammar.variables {
        None => serde_saphyr::from_str_with_options(text, options),
        Some(variables) => serde_saphyr::with_deserializer_from_str_with_options(text, options, |deserializer| {
            Option::deserialize(Filled::new(deserializer, variables))
        }),
    }
}

/// The text of each piece, on its own lines still: the lines of the others are blank.
fn pieces(text: &str, starts_piece: impl Fn(&str) -> bool) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let starts: Vec<usize> =
        (0..lines.len()).filter(|&at| lines.get(at).is_some_and(|line| starts_piece(line))).collect();
    let piece = |(index, &start): (usize, &usize)| {
        let end = starts.get(index + 1).copied().unwrap_or(lines.len());
        let own = lines.get(start..end).unwrap_or_default().join("\n");
        format!("{}{own}\n", "\n".repeat(start))
    };
    starts.iter().enumerate().map(piece).collect()
}

fn note(error: &Error, grammar: &Grammar<'_>, diagnostics: &mut Diagnostics) {
    let at = error.location().map_or(Position::WHOLE_FILE, place);
    diagnostics.add(diagnostic(error.without_snippet(), grammar), at);
}

/// What the parser's error means, without any value of the file.
fn diagnostic(error: &Error, grammar: &Grammar<'_>) -> Diagnostic {
    match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            Diagnostic::error(grammar.unknown_key, format!("unknown key `{field}`"))
                .with_hint(suggestion(field, expected))
        }
        Error::SerdeMissingField { field, .. } => {
            Diagnostic::error(grammar.missing_key, format!("the key `{field}` is missing"))
        }
        Error::DuplicateMappingKey { .. } => Diagnostic::error(grammar.duplicate_key, "this key stands here twice"),
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            Diagnostic::error(grammar.unknown_word, "this word is not known here")
                .with_hint(suggestion(variant, expected))
        }
        Error::SerdeInvalidType { unexpected, expected, .. }
        | Error::SerdeInvalidValue { unexpected, expected, .. } => {
            let found = type_of(unexpected);
            Diagnostic::error(grammar.wrong_type, format!("expected {expected}, found {found}"))
        }
        Error::SerdeInvalidLength { expected, .. } => {
            Diagnostic::error(grammar.wrong_type, format!("expected {expected}"))
        }
        Error::InvalidScalar { ty, .. } => Diagnostic::error(grammar.wrong_type, format!("expected {ty}")),
        Error::InvalidBooleanStrict { .. } => Diagnostic::error(grammar.wrong_type, "expected true or false"),
        Error::NullIntoString { .. } => Diagnostic::error(grammar.wrong_type, "expected a text, found nothing"),
        Error::NonFiniteFloat { .. } => Diagnostic::error(grammar.wrong_type, "expected a finite number"),
        Error::Unexpected { expected, .. } => Diagnostic::error(grammar.wrong_type, format!("expected {expected}")),
        Error::AliasError { error, .. } => diagnostic(error, grammar),
        Error::Message { msg, .. } if msg.starts_with(variables::UNSET) => {
            let name = msg.trim_start_matches(variables::UNSET);
            Diagnostic::error(grammar.unset_variable, format!("the variable {name} is not set, or empty"))
                .with_hint(format!("set it, or write ${{{name}:-default}}; $$ stands for a dollar sign"))
        }
        Error::Message { msg, .. } if msg == variables::MALFORMED => {
            Diagnostic::error(grammar.unset_variable, "after `${` a name and `}` are expected")
                .with_hint("write ${NAME} or ${NAME:-default}; $$ stands for a dollar sign")
        }
        // Syntax: the parser names characters and tokens, no values.
        other => Diagnostic::error(grammar.bad_yaml, DefaultMessageFormatter.format_message(other)),
    }
}

/// `string "hunter2"` -> `string`: the type of what was found, without its value.
fn type_of(unexpected: &str) -> &str {
    unexpected.split([' ', '`', '"']).next().filter(|word| !word.is_empty()).unwrap_or("something else")
}

/// The nearest known word, or all of them.
pub fn suggestion(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "nothing may stand here".to_owned(),
        None => format!("known here: {}", known.join(", ")),
    }
}

/// The known word of which at most every third letter would have to be corrected; `None` if there is none.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    let allowed = word.chars().count() / 3;
    let distances = known.iter().map(|known| (strsim::damerau_levenshtein(&word, known), *known));
    distances.filter(|(distance, _)| *distance <= allowed).min().map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested() {
        let known = ["states", "aws", "rules", "scan", "attribution"];
        for (word, near) in [
            ("state", Some("states")),
            ("atribution", Some("attribution")),
            ("rulse", Some("rules")),
            ("AWS", Some("aws")),
            ("receivers", None),
        ] {
            assert_eq!(nearest(word, &known), near, "{word}");
        }
        assert_eq!(suggestion("x", &["a", "b"]), "known here: a, b");
    }

    #[test]
    fn an_unknown_key_is_blanked_with_what_belongs_to_it() {
        let text = "a:\n  x: 1\n\n  y:\n  - 2\n  - 3\n  z: 4\n- u: {v: 5}\n";
        let at = |line, column| without_entry(text, Position { line, column });
        assert_eq!(at(2, 3).unwrap(), "a:\n\n\n  y:\n  - 2\n  - 3\n  z: 4\n- u: {v: 5}\n");
        assert_eq!(at(4, 3).unwrap(), "a:\n  x: 1\n\n\n\n\n  z: 4\n- u: {v: 5}\n");
        assert_eq!((at(8, 3), at(8, 7), at(9, 1), at(0, 0)), (None, None, None, None));
    }

    #[test]
    fn a_value_is_never_repeated() {
        assert_eq!(type_of("string \"hunter2\""), "string");
        assert_eq!(type_of("integer `5`"), "integer");
        assert_eq!(type_of("map"), "map");
    }
}

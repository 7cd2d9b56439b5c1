//! Variables of the environment in a text: `${NAME}`, `${NAME:-default}`, and `$$` for a dollar sign. They are replaced after the file was
//! parsed, so that no value can add a key or end a text. What was filled in is remembered, and kept out of messages.

use std::cell::RefCell;

use crate::environment::Environment;

/// How the error about a variable that is not set begins; its name follows.
pub(super) const UNSET: &str = "variable not set: ";
/// The error about a `${` that no name or `}` follows.
pub(super) const MALFORMED: &str = "malformed variable";

/// Where variables come from, and what was replaced so far.
pub struct Variables<'e> {
    environment: &'e Environment,
    /// Names that are not set and were reported: they read as if they were empty.
    reported: RefCell<Vec<String>>,
    replaced: RefCell<Vec<Replaced>>,
}

/// A text that must not be seen, and what stands in the file for it.
struct Replaced {
    value: String,
    written: String,
}

/// A shorter value stands in messages by chance.
const SHORTEST_SECRET: usize = 4;

impl<'e> Variables<'e> {
    pub fn new(environment: &'e Environment) -> Self {
        Self { environment, reported: RefCell::default(), replaced: RefCell::default() }
    }

    /// The message with what stands in the file for every value that was filled in.
    pub fn redact(&self, message: &str) -> String {
        let mut message = message.to_owned();
        for Replaced { value, written } in self.replaced.borrow().iter() {
            message = message.replace(&format!("{value:?}"), &format!("{written:?}"));
            if value.len() >= SHORTEST_SECRET {
                message = message.replace(value.as_str(), written);
            }
        }
        message
    }

    /// From now on it reads as if it were empty, so that the next one is found.
    pub(super) fn report(&self, name: &str) {
        self.reported.borrow_mut().push(name.to_owned());
    }

    /// `None`: there is nothing to replace.
    pub(super) fn replace(&self, text: &str) -> Result<Option<String>, String> {
        if !text.contains('$') {
            return Ok(None);
        }
        let (mut filled, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once('$') {
            filled.push_str(before);
            rest = if let Some(after) = after.strip_prefix('$') {
                filled.push('$');
                after
            } else if let Some(after) = after.strip_prefix('{') {
                let (inside, after) = after.split_once('}').ok_or(MALFORMED)?;
                filled.push_str(&self.value(inside)?);
                after
            } else {
                filled.push('$');
                after
            };
        }
        filled.push_str(rest);
        self.replaced.borrow_mut().push(Replaced { value: filled.clone(), written: text.to_owned() });
        Ok(Some(filled))
    }

    /// `NAME` or `NAME:-default`.
    fn value(&self, inside: &str) -> Result<String, String> {
        let (name, default) = inside.split_once(":-").map_or((inside, None), |(name, default)| (name, Some(default)));
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !begins || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(MALFORMED.to_owned());
        }
        if let Some(value) = self.environment.get(name) {
            let written = format!("${{{name}}}");
            self.replaced.borrow_mut().push(Replaced { value: value.to_owned(), written });
            return Ok(value.to_owned());
        }
        match default {
            Some(default) => Ok(default.to_owned()),
            None if self.reported.borrow().iter().any(|reported| reported == name) => Ok(String::new()),
            None => Err(format!("{UNSET}{name}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_show_what_stands_in_the_file() {
        let variables = [("A", "one"), ("EVIL", "x\"]\nnumber: 1 #${A}")];
        let environment: Environment =
            variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
        let variables = Variables::new(&environment);
        assert_eq!(variables.replace("a-${A}").unwrap().unwrap(), "a-one");
        assert_eq!(variables.replace("${EVIL}").unwrap().unwrap(), "x\"]\nnumber: 1 #${A}");
        let message = format!("{:?} is not a region, nor is {:?}: {}", "a-one", "one", "x\"]\nnumber: 1 #${A}");
        assert_eq!(variables.redact(&message), "\"a-${A}\" is not a region, nor is \"${A}\": ${EVIL}");
    }
}

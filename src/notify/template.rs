//! A user's own words: a title and a text, as templates in Jinja's language over the message. Bounded, and without any way to files or the network.

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};

use crate::wording::message::Message;
use crate::wording::text::sanitize_lines;

/// Instructions that one template may take: a loop over all findings takes some thousands.
const FUEL: u64 = 200_000;
/// Characters of what it may make.
const LONGEST: usize = 20_000;

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A lowercase fragment with the line.
    #[error("{0}")]
    Broken(String),
    /// Said of `title` or `text`: a message that says nothing would be as good as none.
    #[error("`{0}` comes out empty")]
    Blank(&'static str),
}

/// Titles and texts of a receiver.
#[derive(Debug, Clone, Default)]
pub struct Template {
    title: Option<String>,
    text: Option<String>,
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        (&self.title, &self.text) == (&other.title, &other.text)
    }
}

impl Template {
    /// Checks both by their syntax.
    ///
    /// # Errors
    /// One of them is not a template.
    pub fn new(title: Option<String>, text: Option<String>) -> Result<Self, TemplateError> {
        for source in title.iter().chain(&text) {
            environment().render_named_str("template", source, ()).map(|_| ()).or_else(|error| match error.kind() {
                minijinja::ErrorKind::SyntaxError => Err(said(&error)),
                // Without a message much is undefined.
                _ => Ok(()),
            })?;
        }
        Ok(Self { title, text })
    }

    /// The message with the user's words in it; a template that fails leaves driftd's own.
    pub fn apply(&self, message: &Message) -> (Message, Option<TemplateError>) {
        let mut message = message.clone();
        let mut failed = None;
        let mut rendered = |name: &'static str, source: &Option<String>| {
            let source = source.as_deref()?;
            match environment().render_named_str("template", source, Serde(&message)) {
                Ok(text) if sanitize_lines(&text).trim().is_empty() => {
                    failed.get_or_insert(TemplateError::Blank(name));
                    None
                }
                Ok(text) => Some(text.chars().take(LONGEST).collect::<String>()),
                Err(error) => {
                    failed = Some(said(&error));
                    None
                }
            }
        };
        let (title, text) = (rendered("title", &self.title), rendered("text", &self.text));
        if let Some(title) = title.map(|title| title.split_whitespace().collect::<Vec<_>>().join(" ")) {
            message.title = title;
        }
        message.text = text;
        (message, failed)
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    // A text for people, whatever it is called: the receiver escapes it for its own form.
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment
}

fn said(error: &minijinja::Error) -> TemplateError {
    let line = error.line().map(|line| format!("line {line}: ")).unwrap_or_default();
    TemplateError::Broken(format!("{line}{error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::samples;

    #[test]
    fn a_template_sees_the_message_and_cannot_run_for_ever() {
        let message = samples::message(2);
        let new = |title: &str, text: &str| Template::new(Some(title.to_owned()), Some(text.to_owned()));
        let template =
            new("{{ severity }}\n{{ items|length }}", "{% for i in items %}{{ i.name }} {% endfor %}").unwrap();
        let (said, failed) = template.apply(&message);
        assert_eq!((said.title.as_str(), failed), ("critical 2", None));
        assert!(said.text.unwrap().contains(&message.items[1].name));
        assert!(new("{{ a", "").unwrap_err().to_string().contains("line 1"));
        let endless =
            new("x", "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}").unwrap();
        let (said, failed) = endless.apply(&message);
        assert!(failed.is_some() && said.text.is_none() && said.title == "x");
    }

    #[test]
    fn what_comes_out_empty_erases_nothing() {
        let message = samples::message(1);
        let new = |title: &str, text: &str| Template::new(Some(title.to_owned()), Some(text.to_owned())).unwrap();
        for (title, text, blank) in
            [("{{ titel }}", "x", "title"), ("x", "{% for i in itens %}x{% endfor %}\n ", "text")]
        {
            let (said, failed) = new(title, text).apply(&message);
            assert_eq!(failed, Some(TemplateError::Blank(blank)));
            assert_eq!((said.title == message.title, said.text.is_none()), (blank == "title", blank == "text"));
        }
    }
}

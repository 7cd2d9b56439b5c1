//! Texts of Slack's blocks. What comes from outside reaches a message in four ways only, each of them harmless: as plain text, as code, as the
//! address of a link, as a person's id (<https://docs.slack.dev/messaging/formatting-message-text>).

use serde_json::{Value, json};

use crate::wording::text::shorten;

/// Text with Slack's formatting: constant words of ours, and what is made harmless.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mrkdwn(String);

impl Mrkdwn {
    pub fn new(words: &'static str) -> Self {
        Self(words.to_owned())
    }

    /// Words of ours.
    pub fn words(mut self, words: &'static str) -> Self {
        self.0.push_str(words);
        self
    }

    /// In one line, as code: nothing in it is formatting. At most `width` characters.
    pub fn code(mut self, text: &str, width: usize) -> Self {
        let text = shorten(text, width).replace('`', "'");
        match text.trim() {
            "" => self.0.push('-'),
            text => self.0.push_str(&format!("`{}`", escape(text))),
        }
        self
    }

    /// Several lines of code.
    pub fn code_block(mut self, lines: &[String]) -> Self {
        let text = lines.join("\n").replace('`', "'");
        self.0.push_str(&format!("```\n{}\n```", escape(&text)));
        self
    }

    /// A link, where the address is one of a page; otherwise nothing but its label.
    pub fn link(mut self, url: &str, label: &str) -> Self {
        // What formats is no part of a label.
        let label: String = label.chars().filter(|c| !matches!(c, '|' | '`' | '*' | '_' | '~')).take(60).collect();
        let label = escape(&label);
        match page(url) {
            Some(url) => self.0.push_str(&format!("<{}|{label}>", escape(&url))),
            None => self.0.push_str(&label),
        }
        self
    }

    /// Tells a person.
    pub fn mention(mut self, user_id: &str) -> Self {
        if is_id(user_id) {
            self.0.push_str(&format!("<@{user_id}>"));
        }
        self
    }

    /// Both, one after the other.
    pub fn and(mut self, other: Self) -> Self {
        self.0.push_str(&other.0);
        self
    }

    pub fn len(&self) -> usize {
        self.0.chars().count()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The object of a block; nothing in it becomes a link or a mention by itself.
    pub fn object(self) -> Value {
        json!({"type": "mrkdwn", "text": self.0, "verbatim": true})
    }
}

/// An object of plain text of at most `limit` characters, escaped ones counted.
pub fn plain(text: &str, limit: usize) -> Value {
    json!({"type": "plain_text", "text": escaped(text, limit), "emoji": false})
}

/// Escaped, and at most `limit` characters of it.
pub fn escaped(text: &str, limit: usize) -> String {
    let mut width = limit.min(text.chars().count());
    loop {
        let escaped = escape(&shorten(text, width));
        let over = escaped.chars().count().saturating_sub(limit);
        match over {
            0 => return if escaped.is_empty() { "-".to_owned() } else { escaped },
            // An escaped character is at most five.
            over => width = width.saturating_sub(over.div_ceil(5).max(1)),
        }
    }
}

/// The three characters that Slack reads as its own.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// An address without what would end it within `<address|label>`; Slack takes up to 3,000 characters.
pub(super) fn page(url: &str) -> Option<String> {
    let is_page = url.starts_with("https://") || url.starts_with("http://");
    let url = url::Url::parse(url).ok().filter(|_| is_page)?;
    let text = String::from(url).replace('|', "%7C").replace('<', "%3C").replace('>', "%3E");
    (text.len() <= 2_900).then_some(text)
}

/// `U012ABC`, `C012ABC`: an id of Slack's.
pub fn is_id(text: &str) -> bool {
    (2..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_formatting() {
        let evil = "<!channel> ```*x* <@U1> <https://a|b> & `";
        let Value::String(text) = Mrkdwn::new("*Name*\n").code(evil, 100).object()["text"].take() else { panic!() };
        assert_eq!(text, "*Name*\n`&lt;!channel&gt; '''*x* &lt;@U1&gt; &lt;https://a|b&gt; &amp; '`");
        let block = Mrkdwn::default().code_block(&[evil.to_owned()]).0;
        assert_eq!((block.matches('`').count(), block.matches(['<', '>']).count()), (6, 0), "{block}");
        let link = Mrkdwn::default().link("https://a.example/x|y>z?a=1&b=\"<", "*a*|<b>").0;
        assert_eq!(link, "<https://a.example/x%7Cy%3Ez?a=1&amp;b=%22%3C|a&lt;b&gt;>");
        assert_eq!(Mrkdwn::default().link("javascript:alert(1)", "x").0, "x");
        assert_eq!(Mrkdwn::default().mention("U1> <!here").0, "");
        assert_eq!(Mrkdwn::default().code(" ", 10).0, "-");
    }

    #[test]
    fn what_is_escaped_is_counted() {
        for (text, limit) in [("<<<<<<<<<<", 12), ("a&b", 150), ("", 5), ("&&&&", 4), ("\u{1f980}<\u{1f980}", 5)] {
            let found = escaped(text, limit);
            assert!(found.chars().count() <= limit && !found.is_empty(), "{text}: {found}");
            // No entity is cut in two.
            assert_eq!(found.matches('&').count(), found.matches(';').count(), "{text}: {found}");
        }
        assert_eq!(escaped("a & b", 150), "a &amp; b");
    }
}

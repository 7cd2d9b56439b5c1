//! The mail as HTML. Styles stand in each element, as many programs drop all others; what stands in the head only adapts it to dark and narrow
//! screens. No picture, no script, nothing that is loaded from anywhere.

use askama::Template;

use super::view::View;
use crate::wording::{Line, Sign};

/// The whole mail; the template engine escapes every value.
#[derive(Template)]
#[template(path = "email.html")]
pub(super) struct Page<'a> {
    pub subject: &'a str,
    pub view: &'a View<'a>,
}

impl Page<'_> {
    /// The colour of a badge, readable under white letters.
    fn colour(&self, tone: &str) -> &'static str {
        match tone {
            "critical" => "#a3123a",
            "high" => "#c2410c",
            "medium" => "#8f6200",
            "low" => "#2762b8",
            "good" => "#1a7f4b",
            _ => "#5b6675",
        }
    }

    /// Class and style of a line of a change.
    fn line(&self, line: &Line) -> (&'static str, &'static str) {
        match line.sign {
            Sign::Path => ("path", "color:#3b4656"),
            Sign::Removed => ("del", "color:#9b1c22;background-color:#fdeaea"),
            Sign::Added => ("add", "color:#12643a;background-color:#e4f5ea"),
        }
    }

    /// What a line begins with; a true minus is as wide as a plus.
    fn mark(&self, line: &Line) -> &'static str {
        match line.sign {
            Sign::Path => "",
            Sign::Removed => "\u{2212} ",
            Sign::Added => "+ ",
        }
    }
}

//! Texts that callers choose (session names, user agents, subjects), made fit to be shown: one line, no control characters,
//! nothing that turns the direction of writing, and an end. Escaping for HTML and terminals is the report's business.

/// The longest name or tool that is shown, in characters.
pub(super) const LONGEST: usize = 256;

/// One line of at most [`LONGEST`] characters.
pub(super) fn sanitize_input(text: &str) -> String {
    sanitize_to(text, LONGEST)
}

/// One line of at most so many characters.
pub(super) fn sanitize_to(text: &str, longest: usize) -> String {
    let shown = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !is_hidden(*c));
    shown.take(longest).collect::<String>().trim().to_owned()
}

/// Characters that show nothing, or make others show wrongly: controls, zero-width and bidirectional marks, tags.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_and_nothing_hidden() {
        assert_eq!(sanitize_input(" a\u{1b}[31mb\r\nc\u{202e}d\u{0} "), "a[31mb  cd");
        assert_eq!(sanitize_input(&"ä".repeat(1 << 20)).chars().count(), LONGEST);
        assert_eq!(sanitize_input("<b>alice</b>"), "<b>alice</b>");
    }
}

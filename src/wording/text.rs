//! Text from outside made harmless and short. The one place that knows which characters deceive a reader or a terminal.

/// Is this a character that moves the cursor, reorders text or cannot be seen?
///
/// Control characters (C0, DEL, C1), line and paragraph separators, bidirectional controls and invisible ones
/// (<https://www.unicode.org/reports/tr36/>).
pub fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text on one line, every deceiving character spelled out: `\n`, `\u{1b}`.
pub fn sanitize_output(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\t' => safe.push_str("\\t"),
            '\r' => safe.push_str("\\r"),
            c if deceives(c) => safe.extend(c.escape_unicode()),
            c => safe.push(c),
        }
    }
    safe
}

/// At most `width` characters; the middle is cut out, since beginnings and ends of names and ARNs say most.
pub fn shorten(text: &str, width: usize) -> String {
    let count = text.chars().count();
    if count <= width {
        return text.to_string();
    }
    if width < 8 {
        return text.chars().take(width).collect();
    }
    let tail = (width - 3) / 3;
    let head = width - 3 - tail;
    text.chars().take(head).chain("...".chars()).chain(text.chars().skip(count - tail)).collect()
}

/// The text in lines of at most `width` characters, nothing left out: broken at spaces, and within what is longer than a line.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let (mut line, mut length) = (String::new(), 0);
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        if length > 0 && length + 1 + word.len() > width {
            lines.push(std::mem::take(&mut line));
            length = 0;
        } else if length > 0 {
            line.push(' ');
            length += 1;
        }
        while word.len() > width {
            lines.push(word.drain(..width).collect());
        }
        length += word.len();
        line.extend(word);
    }
    if length > 0 || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Every line of a text of our own making, cleaned.
pub fn sanitize_lines(text: &str) -> String {
    text.split('\n').map(sanitize_output).collect::<Vec<_>>().join("\n")
}

/// `1 gap`, `2 gaps`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deceiving_characters_are_spelled_out() {
        assert_eq!(sanitize_output("a\u{1b}[31m\nb\u{202e}c\u{9b}ü"), "a\\u{1b}[31m\\nb\\u{202e}c\\u{9b}ü");
    }

    #[test]
    fn nothing_is_lost_by_wrapping() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a abcdefghij b", 4), ["a", "abcd", "efgh", "ij b"]);
        assert_eq!(wrap("äöü äöü", 3), ["äöü", "äöü"]);
        assert_eq!(wrap("", 5), [""]);
        let text = "state version 3, older than 4: run `terraform refresh` with Terraform 0.12";
        for width in 1..90 {
            let lines = wrap(text, width);
            assert!(lines.iter().all(|line| line.chars().count() <= width), "{width}: {lines:?}");
            assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""), "{width}");
        }
        assert_eq!(sanitize_lines("a\u{1b}[1m\nb"), "a\\u{1b}[1m\nb");
    }

    #[test]
    fn the_middle_gives_way() {
        assert_eq!(shorten("abcdefghijklmnop", 12), "abcdef...nop");
        assert_eq!(shorten("short", 12), "short");
        assert_eq!(shorten("äöüäöüäöü", 4), "äöüä");
    }
}

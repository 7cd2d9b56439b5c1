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
    fn the_middle_gives_way() {
        assert_eq!(shorten("abcdefghijklmnop", 12), "abcdef...nop");
        assert_eq!(shorten("short", 12), "short");
        assert_eq!(shorten("äöüäöüäöü", 4), "äöüä");
    }
}

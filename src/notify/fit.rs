//! Every receiver has a limit; what does not fit is left out from the end, and counted.

use crate::wording::message::Message;
use crate::wording::text::shorten;

/// Characters of the title of a message that does not fit: only a user's own is longer.
const TITLE: usize = 500;

/// The message as the receiver's form has it, in at most `limit` units of `size` (bytes, characters): with fewer findings, then fewer lines of
/// changes, then fewer news, then less of a user's own text, until it fits. What is left out is counted in [`Message::more`]. `None`: it does not fit even so.
pub fn fit<T>(
    message: &Message,
    limit: usize,
    size: impl Fn(&T) -> usize,
    render: impl Fn(&Message) -> T,
) -> Option<T> {
    let whole = render(message);
    if size(&whole) <= limit {
        return Some(whole);
    }
    let with = |items: usize, lines: usize, news: usize, text: usize| {
        let mut less = message.clone();
        less.title = shorten(&less.title, TITLE);
        less.text = less.text.map(|whole| beginning(&whole, text));
        less.more += less.items.len().saturating_sub(items) as u64;
        less.items.truncate(items);
        for item in &mut less.items {
            item.more_changes += item.changes.len().saturating_sub(lines) as u64;
            item.changes.truncate(lines);
        }
        if less.news.len() > news {
            let left_out = less.news.len() - news;
            less.news.truncate(news);
            less.news.push(format!("... and {left_out} more"));
        }
        render(&less)
    };
    // Halved, so that a large message takes few steps.
    let (mut items, mut lines, mut news) = (message.items.len(), usize::MAX, usize::MAX);
    let mut text = message.text.as_ref().map_or(0, |text| text.chars().count());
    while items > 0 || news > 0 || text > 0 {
        match (items, lines) {
            (2.., _) => items /= 2,
            (1, 5..) => lines = 4,
            (1, _) if news > 5 => news = 5,
            (1, _) => items = 0,
            (0, _) if news > 0 => news /= 2,
            (0, _) => text /= 2,
        }
        let less = with(items, lines, news, text);
        if size(&less) <= limit {
            return Some(less);
        }
    }
    None
}

/// So many characters, and whether there are more.
fn beginning(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{} ...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::samples;

    #[test]
    fn what_does_not_fit_is_counted() {
        let message = samples::message(40);
        let json = |message: &Message| serde_json::to_string(message).unwrap();
        let whole = json(&message).len();
        for limit in [whole, whole / 2, whole / 10, 4000, 1500] {
            let text = fit(&message, limit, String::len, json).unwrap();
            assert!(text.len() <= limit, "{limit}");
            let less: Message = serde_json::from_str(&text).unwrap();
            assert_eq!(less.items.len() as u64 + less.more, message.items.len() as u64 + message.more, "{limit}");
        }
        assert_eq!(fit(&message, 10, String::len, json), None);
    }

    #[test]
    fn a_users_own_words_are_cut_last() {
        let mut message = samples::message(3);
        message.title = "t".repeat(20_000);
        message.text = Some("\u{1f980}".repeat(20_000));
        let json = |message: &Message| serde_json::to_string(message).unwrap();
        let text = fit(&message, 60 * 1024, String::len, json).unwrap();
        let less: Message = serde_json::from_str(&text).unwrap();
        assert!(less.text.is_some_and(|text| text.starts_with('\u{1f980}') && text.ends_with(" ...")), "{text}");
    }
}

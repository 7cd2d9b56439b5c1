//! JSON Pointer (RFC 6901) pieces.

/// `a/b~c` -> `a~1b~0c`: one segment, escaped.
pub fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

/// The pointer below `parent` at `segment`.
pub fn join(parent: &str, segment: &str) -> String {
    format!("{parent}/{}", escape(segment))
}

/// The unescaped segments of a pointer: `/tags/a~1b` -> `tags`, `a/b`.
pub fn segments(pointer: &str) -> impl Iterator<Item = String> + '_ {
    pointer.split('/').skip(1).map(|s| s.replace("~1", "/").replace("~0", "~"))
}

/// The first segment: the attribute or block name.
pub fn top(pointer: &str) -> String {
    segments(pointer).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_keys_round_trip() {
        let pointer = join("/tags", "a/b~c");
        assert_eq!(pointer, "/tags/a~1b~0c");
        assert_eq!(segments(&pointer).collect::<Vec<_>>(), ["tags", "a/b~c"]);
        assert_eq!(top(&pointer), "tags");
    }
}

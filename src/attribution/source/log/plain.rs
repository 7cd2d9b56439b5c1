//! Bytes as text: what is no UTF-8, and control characters, which JSON does not allow, are replaced as they pass.

use std::io::{self, Read};

/// Longest sequence of UTF-8 that may be cut by the end of a buffer.
const LONGEST: usize = 3;
const REPLACEMENT: &str = "\u{fffd}";
const CHUNK: usize = 32 << 10;

/// A reader whose bytes are text.
pub(super) struct Clean<R> {
    inner: R,
    /// Read, not yet known to be whole.
    raw: Vec<u8>,
    clean: Vec<u8>,
    given: usize,
}

impl<R: Read> Clean<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, raw: Vec::new(), clean: Vec::new(), given: 0 }
    }

    /// Reads more, and makes it text. `false`: there is no more.
    fn fill(&mut self) -> io::Result<bool> {
        self.clean.clear();
        self.given = 0;
        let kept = self.raw.len();
        self.raw.resize(kept + CHUNK, 0);
        let read = self.inner.read(&mut self.raw[kept..]);
        self.raw.truncate(kept + *read.as_ref().unwrap_or(&0));
        let is_end = read? == 0;
        let mut rest = self.raw.as_slice();
        while !rest.is_empty() {
            let error = match std::str::from_utf8(rest) {
                Ok(_) => {
                    self.clean.extend_from_slice(rest);
                    rest = &[];
                    break;
                }
                Err(error) => error,
            };
            let (good, bad) = rest.split_at(error.valid_up_to());
            self.clean.extend_from_slice(good);
            match error.error_len() {
                Some(length) => {
                    self.clean.extend_from_slice(REPLACEMENT.as_bytes());
                    rest = &bad[length..];
                }
                None if !is_end && bad.len() <= LONGEST => {
                    rest = bad;
                    break;
                }
                None => {
                    self.clean.extend_from_slice(REPLACEMENT.as_bytes());
                    rest = &[];
                }
            }
        }
        self.raw = rest.to_vec();
        for byte in &mut self.clean {
            if *byte < b' ' && !matches!(*byte, b'\n' | b'\r' | b'\t') {
                *byte = b' ';
            }
        }
        Ok(!is_end || !self.clean.is_empty())
    }
}

impl<R: Read> Read for Clean<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.clean.len() {
            if !self.fill()? {
                return Ok(0);
            }
        }
        let length = buffer.len().min(self.clean.len() - self.given);
        buffer[..length].copy_from_slice(&self.clean[self.given..self.given + length]);
        self.given += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One byte at a time: sequences are cut everywhere.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(&mut buffer[..1])
        }
    }

    #[test]
    fn bytes_become_text() {
        for (bytes, text) in [
            (&b"caf\xe9!"[..], "caf\u{fffd}!"),
            ("j\u{fc}rgen \u{1f600}".as_bytes(), "j\u{fc}rgen \u{1f600}"),
            (b"a\x00b\n", "a b\n"),
            (b"cut \xf0\x9f", "cut \u{fffd}"),
            (b"", ""),
        ] {
            let (mut slow, mut fast) = (String::new(), String::new());
            Clean::new(Slow(bytes)).read_to_string(&mut slow).unwrap();
            Clean::new(bytes).read_to_string(&mut fast).unwrap();
            assert_eq!((slow.as_str(), fast.as_str()), (text, text));
        }
    }
}

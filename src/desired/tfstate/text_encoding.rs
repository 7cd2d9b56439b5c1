//! The bytes of a document as UTF-8, whatever its byte order mark says: `>` of Windows PowerShell 5 writes UTF-16.

use std::io::{self, Read};

const BUFFER_BYTES: usize = 64 << 10;

/// How a text is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
}

impl Encoding {
    /// By the byte order mark, or by where the zero beside the first bracket stands.
    pub(super) fn of(head: &[u8]) -> Self {
        match head {
            [0xff, 0xfe, ..] | [b'{' | b'[' | b'<', 0, ..] => Self::Utf16Le,
            [0xfe, 0xff, ..] | [0, b'{' | b'[' | b'<', ..] => Self::Utf16Be,
            _ => Self::Utf8,
        }
    }
}

/// Gives the text in UTF-8 and without its byte order mark.
pub(super) struct Utf8<R> {
    inner: R,
    encoding: Encoding,
    at_start: bool,
    /// Decoded, and how much of it was given out.
    ready: Vec<u8>,
    given: usize,
    /// Bytes that are not decoded yet: half a character.
    rest: Vec<u8>,
}

impl<R: Read> Utf8<R> {
    pub(super) fn new(inner: R, encoding: Encoding) -> Self {
        Self { inner, encoding, at_start: true, ready: Vec::new(), given: 0, rest: Vec::new() }
    }

    /// Decodes more; `false` at the end.
    fn fill(&mut self) -> io::Result<bool> {
        let mut bytes = std::mem::take(&mut self.rest);
        let before = bytes.len();
        self.inner.by_ref().take(BUFFER_BYTES as u64).read_to_end(&mut bytes)?;
        let at_end = bytes.len() == before;
        let mut text = match self.encoding {
            Encoding::Utf8 => bytes,
            Encoding::Utf16Le | Encoding::Utf16Be => self.decode_utf16(&bytes, at_end)?.into_bytes(),
        };
        if std::mem::take(&mut self.at_start) && text.starts_with(b"\xef\xbb\xbf") {
            text.drain(..3);
        }
        self.ready = text;
        self.given = 0;
        Ok(!at_end)
    }

    fn decode_utf16(&mut self, bytes: &[u8], at_end: bool) -> io::Result<String> {
        let broken = |what| io::Error::new(io::ErrorKind::InvalidData, what);
        let pairs = bytes.chunks_exact(2);
        let half = pairs.remainder();
        let mut units: Vec<u16> = pairs
            .map(|pair| match (self.encoding, pair) {
                (Encoding::Utf16Be, [high, low]) => u16::from_be_bytes([*high, *low]),
                (_, pair) => {
                    u16::from_le_bytes([pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0)])
                }
            })
            .collect();
        self.rest.clear();
        if !at_end && units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) {
            // The other half of the character is still to come.
            units.pop();
            self.rest.extend(bytes.get(units.len() * 2..).unwrap_or_default());
        } else if at_end && !half.is_empty() {
            return Err(broken("half a character of UTF-16 at its end"));
        } else {
            self.rest.extend(half);
        }
        String::from_utf16(&units).map_err(|_| broken("no valid UTF-16"))
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given >= self.ready.len() {
            if !self.fill()? {
                return Ok(0);
            }
        }
        let mut rest = self.ready.get(self.given..).unwrap_or_default();
        let count = rest.read(out)?;
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> io::Result<String> {
        let mut text = String::new();
        Utf8::new(bytes, Encoding::of(bytes)).read_to_string(&mut text)?;
        Ok(text)
    }

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        let units = text.encode_utf16();
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn every_byte_order_is_decoded() {
        // Long enough that a character of two units lies on the edge of a buffer.
        let text = format!("{{\"a\": \"{}\"}}", "x\u{1f600}".repeat(BUFFER_BYTES / 5));
        assert_eq!(decoded(text.as_bytes()).unwrap(), text);
        assert_eq!(decoded(format!("\u{feff}{text}").as_bytes()).unwrap(), text);
        for big in [false, true] {
            assert_eq!(decoded(&utf16(&text, big)).unwrap(), text);
            assert_eq!(decoded(&utf16(&format!("\u{feff}{text}"), big)).unwrap(), text);
        }
        assert_eq!(decoded(b"").unwrap(), "");
    }

    #[test]
    fn broken_utf16_is_an_error_and_never_another_text() {
        for bytes in [&[0xff, 0xfe, 0x00, 0xd8, b'a', 0][..], &[0xff, 0xfe, b'a'], &[0xff, 0xfe, 0x00, 0xd8]] {
            assert_eq!(decoded(bytes).unwrap_err().kind(), io::ErrorKind::InvalidData, "{bytes:?}");
        }
    }
}

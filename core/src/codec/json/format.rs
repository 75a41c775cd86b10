//! Compact JSON, with an eye on what could not be read back.

use std::io::{self, Write};

use serde_json::ser::Formatter;
use thiserror::Error;

use super::MAX_DEPTH;
use crate::codec::envelope::ENVELOPE;

/// What [`Readable`] refuses to write.
#[derive(Debug, Error)]
pub(super) enum Refusal {
    #[error("nested too deep")]
    TooDeep,
    #[error("whole number too large")]
    NumberTooLarge,
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        io::Error::new(io::ErrorKind::InvalidData, refusal)
    }
}

/// What is remembered of the keys of the tables that are being written: one
/// hash each, so that two that are equal are noticed without a tree.
#[derive(Default)]
pub(super) struct Keys {
    /// The hashes of the keys, table by table.
    hashes: Vec<u64>,
    /// Where in them each table that is open begins.
    tables: Vec<usize>,
    /// The key that is being written, except for its escapes.
    key: Vec<u8>,
    in_key: bool,
    /// Whether two keys of one table may be equal, or the text has parts that
    /// nobody looked into: it has to be read to know.
    suspect: bool,
    /// Whether the document has a member of the envelope's name.
    reserved: bool,
}

impl Keys {
    /// Makes ready for another document.
    pub(super) fn clear(&mut self) {
        self.hashes.clear();
        self.tables.clear();
        self.in_key = false;
        self.suspect = false;
        self.reserved = false;
    }

    pub(super) fn is_suspect(&self) -> bool {
        self.suspect
    }

    pub(super) fn has_reserved(&self) -> bool {
        self.reserved
    }

    fn write(&mut self, text: &[u8]) {
        if self.in_key {
            self.key.extend_from_slice(text);
        }
    }

    fn begin_key(&mut self) {
        self.key.clear();
        self.in_key = true;
    }

    fn end_key(&mut self, depth: usize) {
        self.in_key = false;
        self.hashes.push(hash(&self.key));
        self.reserved |= depth == 1 && self.key == ENVELOPE.as_bytes();
    }

    fn end_table(&mut self) {
        let Some(begin) = self.tables.pop() else {
            return;
        };
        self.suspect |= has_twins(&mut self.hashes[begin..]);
        self.hashes.truncate(begin);
    }
}

/// Good enough to tell a few keys apart: those that are taken for equal are
/// looked at again.
fn hash(key: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    let (words, rest) = key.as_chunks::<8>();
    let hash = words.iter().fold(key.len() as u64, |hash, word| {
        mix(hash, u64::from_le_bytes(*word))
    });
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(hash, u64::from_le_bytes(last))
}

fn has_twins(hashes: &mut [u64]) -> bool {
    const FEW: usize = 12;
    if hashes.len() <= FEW {
        (1..hashes.len()).any(|at| hashes[..at].contains(&hashes[at]))
    } else {
        hashes.sort_unstable();
        hashes.windows(2).any(|pair| pair[0] == pair[1])
    }
}

/// Compact JSON that can be read back.
pub(super) struct Readable<'k> {
    depth: usize,
    keys: &'k mut Keys,
}

impl<'k> Readable<'k> {
    pub(super) fn new(keys: &'k mut Keys) -> Self {
        Self { depth: 0, keys }
    }

    fn enter(&mut self) -> io::Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Refusal::TooDeep.into());
        }
        Ok(())
    }

    fn integer<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        number: impl itoa::Integer,
    ) -> io::Result<()> {
        let mut buffer = itoa::Buffer::new();
        let text = buffer.format(number).as_bytes();
        self.keys.write(text);
        writer.write_all(text)
    }
}

macro_rules! integers {
    ($($method:ident: $type:ty),*) => {$(
        fn $method<W: ?Sized + Write>(&mut self, writer: &mut W, number: $type) -> io::Result<()> {
            self.integer(writer, number)
        }
    )*};
}

impl Formatter for Readable<'_> {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.enter()?;
        writer.write_all(b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(b"]")
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.enter()?;
        self.keys.tables.push(self.keys.hashes.len());
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        self.keys.end_table();
        writer.write_all(b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.keys.begin_key();
        if first {
            Ok(())
        } else {
            writer.write_all(b",")
        }
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.keys.end_key(self.depth);
        Ok(())
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        self.keys.write(fragment.as_bytes());
        writer.write_all(fragment.as_bytes())
    }

    fn write_bool<W: ?Sized + Write>(&mut self, writer: &mut W, value: bool) -> io::Result<()> {
        let text: &[u8] = if value { b"true" } else { b"false" };
        self.keys.write(text);
        writer.write_all(text)
    }

    integers! {
        write_i8: i8, write_i16: i16, write_i32: i32, write_i64: i64,
        write_u8: u8, write_u16: u16, write_u32: u32, write_u64: u64
    }

    // The reader turns whole numbers of more than 64 bits into floats.

    fn write_u128<W: ?Sized + Write>(&mut self, writer: &mut W, number: u128) -> io::Result<()> {
        let number = u64::try_from(number).map_err(|_| Refusal::NumberTooLarge)?;
        self.write_u64(writer, number)
    }

    fn write_i128<W: ?Sized + Write>(&mut self, writer: &mut W, number: i128) -> io::Result<()> {
        match (i64::try_from(number), u64::try_from(number)) {
            (Ok(number), _) => self.write_i64(writer, number),
            (_, Ok(number)) => self.write_u64(writer, number),
            _ => Err(Refusal::NumberTooLarge.into()),
        }
    }

    fn write_raw_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let seen = look_into(fragment);
        if self.depth + seen.nesting > MAX_DEPTH {
            return Err(Refusal::TooDeep.into());
        }
        if seen.has_large_number {
            return Err(Refusal::NumberTooLarge.into());
        }
        self.keys.suspect = true;
        writer.write_all(fragment.as_bytes())
    }
}

/// What a fragment of valid JSON has in it.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    /// How deep it is nested.
    nesting: usize,
    /// Whether it has a whole number that does not fit into 64 bits.
    has_large_number: bool,
}

fn look_into(fragment: &str) -> Seen {
    let mut seen = Seen::default();
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut number = 0; // where it begins
    for (at, byte) in fragment.bytes().chain([b' ']).enumerate() {
        if !in_string && !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') {
            seen.has_large_number |= is_large_number(&fragment[number..at]);
            number = at + 1;
        }
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true, // occurs in strings only
            b'"' => {
                in_string = !in_string;
                number = at + 1;
            }
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                seen.nesting = seen.nesting.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    seen
}

/// `text` is a number, a bit of `true` or `false`, or nothing.
fn is_large_number(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
        && !text.contains(['.', 'e', 'E'])
        && text.parse::<i64>().is_err()
        && text.parse::<u64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_and_digits_in_strings_of_raw_json_are_none() {
        let nesting = |text: &str| look_into(text).nesting;
        assert_eq!(nesting(&format!(r#""\"{}""#, "[{".repeat(MAX_DEPTH))), 0);
        assert_eq!(nesting(r#"[{"]}\\":[]},[]]"#), 3);
        for (text, large) in [
            ("18446744073709551615", false),
            ("18446744073709551616", true),
            ("[-9223372036854775808]", false),
            ("[1,-9223372036854775809]", true),
            (r#"{"a":99999999999999999999 }"#, true),
            (
                r#"{"99999999999999999999":"99999999999999999999\" 99999999999999999999"}"#,
                false,
            ),
            ("[true,false,null,1e300,0.99999999999999999999]", false),
        ] {
            assert_eq!(look_into(text).has_large_number, large, "{text}");
        }
    }

    #[test]
    fn twins_are_found_among_few_and_many() {
        for count in [0, 1, 2, 12, 13, 100] {
            let mut hashes: Vec<u64> = (0..count).map(|n: u64| hash(&n.to_le_bytes())).collect();
            assert!(!has_twins(&mut hashes), "{count}");
            if let Some(&first) = hashes.first() {
                hashes.push(first);
                assert!(has_twins(&mut hashes), "{count}");
            }
        }
    }
}

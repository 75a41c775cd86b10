//! JSON text of documents. What is written can be read back, exactly: what
//! the reader would refuse or round is refused before it is stored.

use std::{
    cell::Cell,
    io::{self, Write},
};

use serde::Serialize;
use serde_json::{Serializer, Value, ser::Formatter};
use thiserror::Error;

use super::CodecError;

/// The most levels of lists and tables that [`read`] takes.
pub(super) const MAX_DEPTH: usize = 127;

thread_local! {
    /// Room for the text of a document, used again for the next one.
    static ROOM: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A thread keeps room for texts of up to so many bytes.
const MAX_ROOM: usize = 256 << 10;

/// Writes a document, and passes its text on.
pub(super) fn write<D: Serialize + ?Sized, R>(
    document: &D,
    pass_on: impl FnOnce(&[u8]) -> Result<R, CodecError>,
) -> Result<R, CodecError> {
    // Empty if the document's own code is just encoding another one.
    let mut json = ROOM.take();
    json.clear();
    let formatter = Readable::default();
    let result = match document.serialize(&mut Serializer::with_formatter(&mut json, formatter)) {
        Ok(()) => pass_on(&json),
        Err(error) if error.is_io() => Err(refused(error)),
        Err(error) => Err(CodecError::Unwritable(error)),
    };
    if json.capacity() <= MAX_ROOM {
        ROOM.set(json);
    }
    result
}

/// Reads a document.
pub(super) fn read(json: &[u8]) -> Result<Value, CodecError> {
    serde_json::from_slice(json).map_err(CodecError::Unreadable)
}

/// What [`Readable`] refuses to write.
#[derive(Debug, Error)]
enum Refusal {
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

fn refused(error: serde_json::Error) -> CodecError {
    match io::Error::from(error).downcast::<Refusal>() {
        Ok(Refusal::TooDeep) => CodecError::TooDeep { limit: MAX_DEPTH },
        Ok(Refusal::NumberTooLarge) => CodecError::NumberTooLarge,
        Err(other) => CodecError::Unwritable(serde_json::Error::io(other)),
    }
}

/// Compact JSON that can be read back.
#[derive(Default)]
struct Readable {
    depth: usize,
}

impl Readable {
    fn enter(&mut self) -> io::Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Refusal::TooDeep.into());
        }
        Ok(())
    }
}

impl Formatter for Readable {
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
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(b"}")
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
        if self.depth + nesting(fragment) > MAX_DEPTH {
            return Err(Refusal::TooDeep.into());
        }
        writer.write_all(fragment.as_bytes())
    }
}

/// How deep a fragment of valid JSON is nested.
fn nesting(fragment: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in fragment.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true, // occurs in strings only
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use serde_json::{json, value::RawValue};

    use super::*;

    fn write<D: Serialize + ?Sized>(document: &D) -> Result<Vec<u8>, CodecError> {
        super::write(document, |json| Ok(json.to_vec()))
    }

    fn nested(levels: usize) -> Value {
        (1..levels).fold(json!([]), |inner, level| {
            if level % 2 == 0 {
                json!([inner])
            } else {
                json!({"in": inner})
            }
        })
    }

    #[test]
    fn s5_the_deepest_document_that_is_written_is_the_deepest_that_is_read() {
        let deepest = nested(MAX_DEPTH);
        assert_eq!(read(&write(&deepest).unwrap()).unwrap(), deepest);

        let deeper = nested(MAX_DEPTH + 1);
        assert!(matches!(write(&deeper), Err(CodecError::TooDeep { .. })));
        let unguarded = serde_json::to_vec(&deeper).unwrap();
        assert!(matches!(read(&unguarded), Err(CodecError::Unreadable(_))));
    }

    #[test]
    fn s5_raw_json_in_a_document_is_held_to_the_same_depth() {
        let raw = |levels| {
            let text = format!(r#"{}"]}}\"["{}"#, "[".repeat(levels), "]".repeat(levels));
            vec![RawValue::from_string(text).unwrap()]
        };
        assert!(read(&write(&raw(MAX_DEPTH - 1)).unwrap()).is_ok());
        assert!(matches!(
            write(&raw(MAX_DEPTH)),
            Err(CodecError::TooDeep { .. })
        ));
    }

    #[test]
    fn brackets_in_strings_of_raw_json_are_no_levels() {
        let text = format!(r#""\"{}""#, "[{".repeat(MAX_DEPTH));
        assert_eq!(nesting(&text), 0);
        assert_eq!(nesting(r#"[{"]}\\":[]},[]]"#), 3);
        assert!(write(&[RawValue::from_string(text).unwrap()]).is_ok());
    }

    #[test]
    fn s5_whole_numbers_that_would_be_rounded_when_read_are_refused() {
        for exact in [i128::from(i64::MIN), 0, i128::from(u64::MAX)] {
            assert_eq!(write(&exact).unwrap(), exact.to_string().into_bytes());
        }
        assert_eq!(write(&7_u128).unwrap(), b"7");
        for refused in [
            write(&(i128::from(u64::MAX) + 1)),
            write(&(i128::from(i64::MIN) - 1)),
            write(&u128::MAX),
        ] {
            assert!(matches!(refused, Err(CodecError::NumberTooLarge)));
        }
    }

    #[test]
    fn the_text_is_what_serde_json_writes() {
        let document = json!({"a": [1, -2, 3.5, null, true, "x\"\\\n\u{1}é"], "b": {}, "c": []});
        assert_eq!(
            write(&document).unwrap(),
            serde_json::to_vec(&document).unwrap()
        );
    }
}

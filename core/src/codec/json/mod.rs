//! JSON text of documents. What is written can be read back, exactly: what
//! the reader would refuse or round is refused before it is stored.

mod checked;
mod format;
mod read;

use std::{cell::Cell, io, ops::Range};

use serde::Serialize;
use serde_json::Serializer;

pub(super) use read::read;

use super::{CodecError, envelope::Envelope, path::path_at_end};
use crate::{Document, value::write::TooDeep};
use checked::Checked;
use format::{Keys, Readable, Refusal};

/// The most levels of lists and tables that [`read`] takes.
pub(super) const MAX_DEPTH: usize = 127;

/// Buffers for writing a document, used again for the next one.
#[derive(Default)]
struct Buffers {
    json: Vec<u8>,
    keys: Keys,
    /// Where in the text members are that are skipped.
    skipped: Vec<Range<usize>>,
}

thread_local! {
    static BUFFERS: Cell<Option<Box<Buffers>>> = const { Cell::new(None) };
}

/// A thread keeps buffers for texts of up to this many bytes.
const MAX_BUFFER: usize = 256 << 10;

/// Writes a document and its envelope, and passes the text on.
pub(super) fn write<D: Serialize + ?Sized, R>(
    document: &D,
    envelope: &Envelope,
    pass_on: impl FnOnce(&[u8]) -> Result<R, CodecError>,
) -> Result<R, CodecError> {
    // None if the document's own code is just encoding another one.
    let mut buffers = BUFFERS.take().unwrap_or_default();
    buffers.json.clear();
    buffers.keys.clear();
    let result = buffers
        .write(document)
        .and_then(|()| envelope.put_on(&mut buffers.json))
        .and_then(|()| pass_on(&buffers.json));
    buffers.leave();
    result
}

/// The same for a ready-made document, which writes itself: it has no key
/// twice, and no float that is not finite. Where its attributes with the
/// skipped keys are is passed on as well, as [`places_of`](super::places_of)
/// has it.
pub(super) fn write_document<R>(
    document: &Document,
    envelope: &Envelope,
    skip_keys: &[String],
    pass_on: impl FnOnce(&[u8], &[Range<usize>]) -> Result<R, CodecError>,
) -> Result<R, CodecError> {
    if document.has_reserved() {
        return Err(CodecError::Reserved);
    }
    let mut buffers = BUFFERS.take().unwrap_or_default();
    let Buffers { json, skipped, .. } = &mut *buffers;
    json.clear();
    skipped.clear();
    let result = match document.write(json, MAX_DEPTH, skip_keys, skipped) {
        Ok(()) => envelope.put_on(json).and_then(|()| pass_on(json, skipped)),
        // Which says where.
        Err(TooDeep) => return write(document, envelope, |json| pass_on(json, &[])),
    };
    buffers.leave();
    result
}

impl Buffers {
    /// Keeps the buffers for the next document, unless it is large.
    fn leave(self: Box<Self>) {
        if self.json.capacity() <= MAX_BUFFER {
            BUFFERS.set(Some(self));
        }
    }

    fn write<D: Serialize + ?Sized>(&mut self, document: &D) -> Result<(), CodecError> {
        let not_finite = Cell::new(None);
        let formatter = Readable::new(&mut self.keys);
        let mut serializer = Serializer::with_formatter(&mut self.json, formatter);
        let checked = Checked::new(&mut serializer, &not_finite);
        document
            .serialize(checked)
            .map_err(|error| self.refused(error, not_finite.get()))?;
        if self.keys.has_reserved() {
            return Err(CodecError::Reserved);
        }
        if self.keys.is_suspect() {
            self.read_again()?;
        }
        Ok(())
    }

    /// Why a document was refused, which broke off where it was refused.
    fn refused(&self, error: serde_json::Error, not_finite: Option<f64>) -> CodecError {
        let path = path_at_end(&self.json).name();
        if let Some(value) = not_finite {
            return CodecError::NotFinite { path, value };
        }
        if !error.is_io() {
            return CodecError::unwritable(path, error);
        }
        match io::Error::from(error).downcast::<Refusal>() {
            Ok(Refusal::TooDeep) => CodecError::TooDeep {
                path,
                limit: MAX_DEPTH,
            },
            Ok(Refusal::NumberTooLarge) => CodecError::NumberTooLarge { path },
            Err(other) => CodecError::unwritable(path, serde_json::Error::io(other)),
        }
    }

    /// Looks into a text that may have what the formatter could not see.
    fn read_again(&self) -> Result<(), CodecError> {
        let document = read(&self.json).map_err(|error| match error {
            CodecError::Unreadable(error) => CodecError::unwritable(path_at_end(b"").name(), error),
            other => other,
        })?;
        match document.get(super::envelope::ENVELOPE) {
            Some(_) => Err(CodecError::Reserved),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json, value::RawValue};

    use super::*;

    fn write<D: Serialize + ?Sized>(document: &D) -> Result<Vec<u8>, CodecError> {
        super::write(document, &Envelope::default(), |json| Ok(json.to_vec()))
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
            assert!(matches!(refused, Err(CodecError::NumberTooLarge { .. })));
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

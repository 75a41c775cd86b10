//! A stored record: whoever can write to the store chooses its bytes.

use std::sync::LazyLock;

use bytes::Bytes;
use playerdata_core::{
    Codec, CodecError, Document, RandomIds, Settings,
    backend::{Body, Encoding},
};
use serde_json::Value;

use crate::Fate;

/// The largest document that the target reads: little, so that an input that
/// takes more memory than it may is soon found.
pub const MAX_DOCUMENT_BYTES: usize = 64 * 1024;

static CODEC: LazyLock<Codec> = LazyLock::new(|| {
    let mut settings = Settings::default();
    settings.max_document_bytes = MAX_DOCUMENT_BYTES;
    Codec::new(&settings, &RandomIds)
});

/// Reads a record: the first byte says how the rest is encoded, `j` for JSON
/// and anything else for compressed JSON.
///
/// # Panics
///
/// If what is read can't be stored and read again as it was.
#[must_use]
pub fn record(input: &[u8]) -> Fate {
    let Some((first, bytes)) = input.split_first() else {
        return Fate::Refused;
    };
    let encoding = match first {
        b'j' => Encoding::Json,
        _ => Encoding::JsonZstd,
    };
    let body = Body {
        schema: 1,
        encoding,
        bytes: Bytes::copy_from_slice(bytes),
    };
    match CODEC.decode(&body) {
        Ok(document) => {
            can_be_stored_again(&document);
            is_read_directly_as_by_way_of_json(&body, &document);
            is_a_document_or_told_why_not(document);
            Fate::Taken
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            Fate::Refused
        }
    }
}

fn can_be_stored_again(document: &Value) {
    let encoded = match CODEC.encode(document) {
        Ok(encoded) => encoded,
        // Numbers such as 1e20 are longer as they are written.
        Err(CodecError::TooLarge { .. }) => return,
        Err(error) => panic!("what was read can't be written: {error}"),
    };
    let again = CODEC.decode(&CODEC.body(&encoded, 1));
    let again = again.expect("what was written can be read");
    assert_eq!(&again, document);
    let written_again = CODEC.encode(&again);
    let written_again = written_again.expect("what was written can be written again");
    assert_eq!(written_again.fingerprints(), encoded.fingerprints());
}

fn is_read_directly_as_by_way_of_json(body: &Body, json: &Value) {
    match (
        CODEC.decode_as::<Document>(body),
        Document::from_json(json.clone()),
    ) {
        (Ok(direct), Ok(document)) => {
            assert!(direct == document);
            let written = CODEC
                .encode_document(&direct)
                .map(|encoded| encoded.json().clone());
            if let Ok(written) = written {
                assert_eq!(written, serde_json::to_vec(&document).expect("it is JSON"));
            }
        }
        (Err(CodecError::Mismatch { .. }), Err(_)) => {}
        (direct, by_json) => panic!("{direct:?}, but through JSON {by_json:?}"),
    }
}

fn is_a_document_or_told_why_not(json: Value) {
    match Document::from_json(json) {
        Ok(document) => {
            let again = Document::from_json(document.to_json());
            let again = again.expect("a document's own JSON is one");
            assert!(again == document);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

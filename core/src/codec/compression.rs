//! Compression of bodies, with contexts that are used again.

use std::io;

use bytes::Bytes;
use parking_lot::Mutex;
use zstd::{
    bulk::{Compressor, Decompressor},
    zstd_safe::compress_bound,
};

use super::CodecError;

/// Fast; higher levels gain little on documents.
const LEVEL: i32 = 1;

/// How many contexts of a kind are kept for later; each has up to about half
/// a megabyte. More than there are cores gains nothing.
const IDLE_CONTEXTS: usize = 16;

/// A context keeps room for texts of up to about this many bytes.
const MAX_ROOM: usize = 256 << 10;

/// Compresses and decompresses, from any number of threads.
#[derive(Default)]
pub(super) struct Compression {
    compressors: Pool<Packer>,
    decompressors: Pool<Decompressor<'static>>,
}

impl Compression {
    /// The compressed form, with a checksum.
    pub(super) fn compress(&self, json: &[u8]) -> io::Result<Bytes> {
        self.compressors
            .with(Packer::new, |packer| packer.pack(json))
    }

    /// The original, if it has at most `limit` bytes.
    ///
    /// It is decompressed in one go into a buffer of the size that the body
    /// claims, or of `limit` if it claims none: neither a false claim nor a
    /// large window takes more memory than that.
    pub(super) fn decompress(&self, body: &[u8], limit: usize) -> Result<Vec<u8>, CodecError> {
        let capacity = match Decompressor::upper_bound(body) {
            Some(claimed) if claimed > limit => {
                return Err(CodecError::TooLarge {
                    bytes: claimed as u64,
                    limit,
                });
            }
            Some(claimed) => claimed,
            None => limit,
        };
        self.decompressors
            .with(Decompressor::new, |decompressor| {
                decompressor.decompress(body, capacity)
            })
            .map_err(|source| CodecError::Undecompressable { limit, source })
    }
}

/// A context, and the room for the worst case that it compresses into: what
/// comes out is far shorter, and is kept for long.
struct Packer {
    compressor: Compressor<'static>,
    room: Vec<u8>,
}

impl Packer {
    fn new() -> io::Result<Self> {
        let mut compressor = Compressor::new(LEVEL)?;
        compressor.include_checksum(true)?;
        let room = Vec::new();
        Ok(Self { compressor, room })
    }

    fn pack(&mut self, json: &[u8]) -> io::Result<Bytes> {
        self.room.clear();
        self.room.reserve(compress_bound(json.len()));
        self.compressor.compress_to_buffer(json, &mut self.room)?;
        let packed = Bytes::copy_from_slice(&self.room);
        if self.room.capacity() > MAX_ROOM {
            self.room = Vec::new();
        }
        Ok(packed)
    }
}

/// Idle contexts: making one costs more than compressing a document.
struct Pool<C>(Mutex<Vec<C>>);

impl<C> Default for Pool<C> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<C> Pool<C> {
    fn with<R>(
        &self,
        make: impl FnOnce() -> io::Result<C>,
        work: impl FnOnce(&mut C) -> io::Result<R>,
    ) -> io::Result<R> {
        let idle = self.0.lock().pop();
        let mut context = idle.map_or_else(make, Ok)?;
        let result = work(&mut context);
        let mut idle = self.0.lock();
        if idle.len() < IDLE_CONTEXTS {
            idle.push(context);
        }
        result
    }
}

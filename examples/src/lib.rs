//! Programs that a newcomer runs; see the `examples` folder.

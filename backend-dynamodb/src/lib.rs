//! Stub while dependencies build.

//! What `rediss://` URLs need before the first connection.

/// Chooses the cryptography for TLS, unless the program has chosen already.
#[cfg(feature = "tls")]
pub(crate) fn prepare() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        let provider = rustls::crypto::ring::default_provider();
        // It fails if another thread was faster, which is just as well.
        let _ = provider.install_default();
    }
}

#[cfg(not(feature = "tls"))]
pub(crate) fn prepare() {}

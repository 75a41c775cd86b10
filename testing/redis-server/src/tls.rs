//! TLS in front of a server.

use std::sync::Arc;

use rcgen::CertifiedKey;
use rustls::{ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// Takes connections by TLS and passes on what they carry to a server of this
/// machine, whether that was built with TLS or not. It has a certificate for
/// `localhost` that nobody knows. Stopped when it is dropped, or when the
/// runtime is that it was started on.
#[derive(Debug)]
pub struct TlsFront {
    port: u16,
    certificate: String,
    task: JoinHandle<()>,
}

impl TlsFront {
    /// Starts one in front of the server at a port.
    ///
    /// # Panics
    ///
    /// If there is no free port.
    pub async fn of(server: u16) -> Self {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()])
                .expect("a certificate can be made for any name");
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has the default versions")
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key.into())
            .expect("the key is that of the certificate");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self {
            port,
            certificate: cert.pem(),
            task: tokio::spawn(serve(listener, acceptor, server)),
        }
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where clients find it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("rediss://localhost:{}", self.port)
    }

    /// What a client has to trust, as PEM.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, server: u16) {
    while let Ok((client, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // A client that does not trust the certificate breaks off here.
            if let Ok(mut client) = acceptor.accept(client).await
                && let Ok(mut server) = TcpStream::connect(("127.0.0.1", server)).await
            {
                // However it ends, both sides see it.
                let _ = copy_bidirectional(&mut client, &mut server).await;
            }
        });
    }
}

//! An emulator of DynamoDB in this process.

use std::{
    net::{SocketAddr, TcpListener},
    thread::{self, JoinHandle},
};

use dynoxide::Database;
use tokio::sync::oneshot;

/// An emulator with an empty memory of its own, on a free port of this
/// machine, on a thread of its own; stopped when dropped.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Emulator {
    /// Starts one.
    ///
    /// # Panics
    ///
    /// If the system gives it no port or no thread.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let unblocked = listener.set_nonblocking(true);
        unblocked.expect("a listener can be told not to block");
        let address = listener.local_addr().expect("it is bound");
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("the system has room for a runtime");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener);
                let listener = listener.expect("it does not block");
                let database = Database::memory().expect("there is memory");
                let serving = dynoxide::server::serve_on(listener, database);
                tokio::select! {
                    () = serving => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        });
        Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Dropping the sender stops it too.
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

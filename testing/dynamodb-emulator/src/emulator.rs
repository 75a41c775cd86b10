//! An emulator of DynamoDB in this process.
//!
//! It starts in no time and keeps everything in memory, so that every test has
//! its own. Its reads are never stale, and it never answers with throttling, a
//! transaction conflict or a lost reply: whoever wants those puts them between.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    thread::{self, JoinHandle},
};

use dynoxide::Database;
use tokio::{runtime, sync::oneshot};

/// An emulator with an empty memory of its own, on a thread of its own, for
/// this machine only; stopped when dropped.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Emulator {
    /// Starts one on a free port.
    ///
    /// # Panics
    ///
    /// If the machine has none left, or no memory.
    #[must_use]
    pub fn start() -> Self {
        Self::start_on(0).expect("a machine that runs tests has a free port")
    }

    /// Starts one on that port; 0 is any free one.
    ///
    /// # Errors
    ///
    /// If the port is taken, or the machine can't do it.
    pub fn start_on(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let database = Database::memory().map_err(io::Error::other)?;
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = dynoxide::server::serve_on(listener, database) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        });
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Its endpoint.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Dropping the sender stops it.
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

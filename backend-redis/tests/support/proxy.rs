//! A network between client and server that loses, cuts and delays.

use std::{net::SocketAddr, sync::Arc};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// What happens to the next request that contains what is looked for, a `SET`
/// command unless another text is given, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// It passes.
    Pass,
    /// It does not reach the server, and the connection is closed.
    CutBefore,
    /// The server answers it, and the connection is closed before the answer
    /// gets through.
    CutAfter,
    /// It is kept, the connection is closed on the client's side, and on the
    /// server's side it stays open until [`Proxy::deliver`].
    Delay,
}

/// A request on its way, of a connection that the client has given up.
struct Delayed {
    request: Vec<u8>,
    server: TcpStream,
}

struct Shared {
    target: Mutex<SocketAddr>,
    plan: Mutex<Plan>,
    looked_for: Mutex<String>,
    delayed: Mutex<Vec<Delayed>>,
    /// Whether what clients send waits.
    paused: watch::Sender<bool>,
    /// Bytes a second that clients send, all connections together.
    rate: Mutex<Option<u32>>,
    line: tokio::sync::Mutex<()>,
}

/// A proxy on 127.0.0.1.
pub struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Proxy {
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            target: Mutex::new(SocketAddr::from(([127, 0, 0, 1], port))),
            plan: Mutex::new(Plan::Pass),
            looked_for: Mutex::new("\r\nSET\r\n".to_owned()),
            delayed: Mutex::default(),
            paused: watch::Sender::new(false),
            rate: Mutex::new(None),
            line: tokio::sync::Mutex::new(()),
        });
        let task = tokio::spawn(serve(listener, shared.clone()));
        Self {
            shared,
            address,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Plans what happens to the next `SET`.
    pub fn plan(&self, plan: Plan) {
        *self.shared.plan.lock() = plan;
    }

    /// Plans what happens to the next request that contains a text.
    pub fn plan_for(&self, text: &str, plan: Plan) {
        text.clone_into(&mut self.shared.looked_for.lock());
        self.plan(plan);
    }

    /// Whether the plan was carried out.
    pub fn is_done(&self) -> bool {
        *self.shared.plan.lock() == Plan::Pass
    }

    /// Sends new connections somewhere else.
    pub fn switch(&self, port: u16) {
        *self.shared.target.lock() = SocketAddr::from(([127, 0, 0, 1], port));
    }

    /// Lets at most this many bytes a second through to the server.
    pub fn throttle(&self, bytes_per_second: u32) {
        *self.shared.rate.lock() = Some(bytes_per_second);
    }

    /// Holds up what clients send from now on, on all connections.
    pub fn pause(&self) {
        self.shared.paused.send_replace(true);
    }

    pub fn resume(&self) {
        self.shared.paused.send_replace(false);
    }

    /// Brings the delayed request to the server after all; gives its answer.
    pub async fn deliver(&self) -> Vec<u8> {
        let delayed = self.shared.delayed.lock().pop();
        let Delayed {
            request,
            mut server,
        } = delayed.expect("a request was delayed");
        server
            .write_all(&request)
            .await
            .expect("the server is there");
        let mut answer = vec![0; 1_024];
        let length = server.read(&mut answer).await.expect("the server answers");
        answer.truncate(length);
        answer
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            return;
        };
        tokio::spawn(carry(client, shared.clone()));
    }
}

async fn carry(mut client: TcpStream, shared: Arc<Shared>) {
    let target = *shared.target.lock();
    // Without a server, the client sees its connection closed.
    let Ok(mut server) = TcpStream::connect(target).await else {
        return;
    };
    let (mut request, mut answer) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut paused = shared.paused.subscribe();
    loop {
        tokio::select! {
            read = client.read(&mut request) => {
                let Ok(length @ 1..) = read else { return };
                if paused.wait_for(|paused| !paused).await.is_err() {
                    return;
                }
                let bytes = &request[..length];
                match plan_for(bytes, &shared) {
                    Plan::Pass => {}
                    Plan::CutBefore => return,
                    Plan::CutAfter => {
                        let _ = server.write_all(bytes).await;
                        let _ = server.read(&mut answer).await;
                        return;
                    }
                    Plan::Delay => {
                        let request = bytes.to_vec();
                        shared.delayed.lock().push(Delayed { request, server });
                        return;
                    }
                }
                let rate = *shared.rate.lock();
                if let Some(rate) = rate {
                    let _line = shared.line.lock().await;
                    let share = f64::from(u32::try_from(length).unwrap()) / f64::from(rate);
                    tokio::time::sleep(std::time::Duration::from_secs_f64(share)).await;
                }
                if server.write_all(bytes).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut answer) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&answer[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn plan_for(request: &[u8], shared: &Shared) -> Plan {
    let needle = shared.looked_for.lock().clone().into_bytes();
    if request.windows(needle.len()).any(|window| window == needle) {
        std::mem::replace(&mut shared.plan.lock(), Plan::Pass)
    } else {
        Plan::Pass
    }
}

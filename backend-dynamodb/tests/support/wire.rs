//! The SDK's HTTP client, wrapped: it notes every call, and fails as planned.

use std::{fmt, future, io, sync::Arc};

use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings,
            SharedHttpClient, SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::{DateTime, body::SdkBody, date_time::Format};
use parking_lot::Mutex;
use playerdata_core::{Clock, SystemClock};
use serde_json::Value;
use tokio::sync::Notify;

use super::process::Gate;

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The connection breaks before it was sent.
    RequestLost,
    /// It is applied; the connection breaks before the answer arrives.
    AnswerLost,
    /// The connection breaks, and the call is stuck on its way: see
    /// [`Wire::deliver_stuck`].
    Stuck,
    /// Nobody takes the connection.
    Refused,
    /// It is answered without being applied: status and code.
    Answered(u16, &'static str),
    /// It is applied, and answered with this status and code all the same.
    AppliedAndAnswered(u16, &'static str),
    /// It waits on its way until [`Wire::let_go`].
    Held,
    /// It is neither applied nor ever answered.
    Silence,
    /// It is answered by this, as JSON, without being applied.
    Says(&'static str),
    /// It is answered by a service whose clock is ahead of ours by this many
    /// seconds.
    Ahead(i64),
    /// That service refuses its signature, which is made for another time.
    RefusedAhead(i64),
    /// It is answered as if there were nothing in the table yet, as a read
    /// may be that does not ask for the newest state.
    Stale,
}

/// One call, as it was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Such as `PutItem`.
    pub operation: String,
    /// What was asked for.
    pub body: Value,
    /// When it says that it was signed.
    pub signed: String,
}

type Plan = Box<dyn FnMut(usize, &Sent) -> Fault + Send>;

struct State {
    plan: Plan,
    calls: Vec<Sent>,
    stuck: Vec<HttpRequest>,
    connector: Option<SharedHttpConnector>,
}

/// The wire of one client.
#[derive(Clone)]
pub struct Wire {
    state: Arc<Mutex<State>>,
    silenced: Arc<Notify>,
    /// That a call is being held, and that it may go on.
    held: Arc<[Notify; 2]>,
    gate: Arc<Gate>,
    inner: SharedHttpClient,
}

impl Wire {
    /// A wire that works.
    pub fn new() -> Self {
        let tls = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
        let builder = aws_smithy_http_client::Builder::new();
        let inner = match std::env::var(playerdata_dynamodb_emulator::ENDPOINT_VARIABLE) {
            Ok(url) if url.starts_with("https:") => builder.tls_provider(tls).build_https(),
            _ => builder.build_http(),
        };
        Self {
            state: Arc::new(Mutex::new(State {
                plan: Box::new(|_, _| Fault::None),
                calls: Vec::new(),
                stuck: Vec::new(),
                connector: None,
            })),
            silenced: Arc::default(),
            held: Arc::default(),
            gate: Arc::default(),
            inner,
        }
    }

    /// From now on the plan decides what happens to each call, given how many
    /// there were before. Calls are counted from 0 again.
    pub fn plan(&self, plan: impl FnMut(usize, &Sent) -> Fault + Send + 'static) {
        let mut state = self.state.lock();
        state.plan = Box::new(plan);
        state.calls.clear();
    }

    /// Plans a fault for the next call of an operation, and none after it.
    pub fn once(&self, operation: &'static str, fault: Fault) {
        let mut next = Some(fault);
        self.plan(move |_, call| match call.operation == operation {
            true => next.take().unwrap_or(Fault::None),
            false => Fault::None,
        });
    }

    /// Plans a fault for one call, given how many come before it.
    pub fn at(&self, position: usize, fault: Fault) {
        self.plan(move |before, _| match before == position {
            true => fault,
            false => Fault::None,
        });
    }

    /// The calls since the plan was made.
    pub fn calls(&self) -> Vec<Sent> {
        self.state.lock().calls.clone()
    }

    /// The operations of the calls since the plan was made.
    pub fn operations(&self) -> Vec<String> {
        let calls = self.calls().into_iter();
        calls.map(|call| call.operation).collect()
    }

    /// Lets `operation` run until a call meets [`Fault::Silence`], as if the
    /// process died then. `None` if it did; otherwise what the operation gave.
    pub async fn until_silence<T>(&self, operation: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = operation => Some(done),
            () = self.silenced.notified() => None,
        }
    }

    /// Returns when a call meets [`Fault::Held`].
    pub async fn until_held(&self) {
        self.held[0].notified().await;
    }

    /// Lets a call go that is being held.
    pub fn let_go(&self) {
        self.held[1].notify_one();
    }

    /// What every call passes before anything else happens to it.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Delivers the calls that got stuck, and gives the status of each answer.
    /// It can be done again: they arrive again then.
    pub async fn deliver_stuck(&self) -> Vec<u16> {
        let (stuck, connector) = {
            let state = self.state.lock();
            let copies = state.stuck.iter().map(HttpRequest::try_clone);
            let copies: Vec<_> = copies.map(Option::unwrap).collect();
            (copies, state.connector.clone())
        };
        let connector = connector.expect("a call that got stuck went through a connector");
        let mut statuses = Vec::new();
        for request in stuck {
            let answer = connector.call(request).await.unwrap();
            statuses.push(answer.status().as_u16());
        }
        statuses
    }

    /// Notes a call, and says what happens to it.
    fn note(&self, request: &HttpRequest) -> Fault {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let call = Sent {
            operation: target.rsplit('.').next().unwrap_or_default().to_owned(),
            body: serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap(),
            signed: request.headers().get("x-amz-date").unwrap().to_owned(),
        };
        let mut state = self.state.lock();
        let before = state.calls.len();
        let fault = (state.plan)(before, &call);
        state.calls.push(call);
        if fault == Fault::Stuck {
            state.stuck.push(request.try_clone().unwrap());
        }
        fault
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let connector = self.inner.http_connector(settings, components);
        self.state.lock().connector = Some(connector.clone());
        SharedHttpConnector::new(FaultyConnector {
            wire: self.clone(),
            connector,
        })
    }
}

#[derive(Debug)]
struct FaultyConnector {
    wire: Wire,
    connector: SharedHttpConnector,
}

impl HttpConnector for FaultyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let fault = self.wire.note(&request);
        let (connector, wire) = (self.connector.clone(), self.wire.clone());
        HttpConnectorFuture::new(async move {
            wire.gate.pass().await;
            match fault {
                Fault::None => connector.call(request).await,
                Fault::RequestLost | Fault::Stuck => Err(broken(io::ErrorKind::BrokenPipe)),
                Fault::AnswerLost => {
                    connector.call(request).await?;
                    Err(broken(io::ErrorKind::ConnectionReset))
                }
                Fault::Refused => Err(broken(io::ErrorKind::ConnectionRefused)),
                Fault::Answered(status, code) => Ok(answer(status, code)),
                Fault::AppliedAndAnswered(status, code) => {
                    connector.call(request).await?;
                    Ok(answer(status, code))
                }
                Fault::Stale => Ok(says(r#"{"Items":[],"Count":0,"ScannedCount":0}"#)),
                Fault::Says(body) => Ok(says(body)),
                Fault::Ahead(seconds) => connector.call(request).await.map(|mut answer| {
                    set_date(&mut answer, seconds);
                    answer
                }),
                Fault::RefusedAhead(seconds) => {
                    let mut answer = answer(400, "InvalidSignatureException");
                    set_date(&mut answer, seconds);
                    Ok(answer)
                }
                Fault::Held => {
                    wire.held[0].notify_one();
                    wire.held[1].notified().await;
                    connector.call(request).await
                }
                Fault::Silence => {
                    wire.silenced.notify_one();
                    future::pending().await
                }
            }
        })
    }
}

fn broken(kind: io::ErrorKind) -> ConnectorError {
    ConnectorError::io(io::Error::from(kind).into())
}

fn says(body: &'static str) -> HttpResponse {
    HttpResponse::new(StatusCode::try_from(200).unwrap(), SdkBody::from(body))
}

/// Dates an answer by a clock that is this many seconds ahead.
fn set_date(answer: &mut HttpResponse, seconds: i64) {
    let now = i64::try_from(SystemClock.now().get() / 1_000).unwrap();
    let date = DateTime::from_secs(now + seconds);
    let date = date.fmt(Format::HttpDate).unwrap();
    answer.headers_mut().insert("date", date);
}

/// An answer as DynamoDB words its errors. A code with a colon is that of a
/// cancelled transaction, with the reasons of its actions after the colon.
fn answer(status: u16, code: &str) -> HttpResponse {
    let (code, reasons) = code.split_once(':').unwrap_or((code, ""));
    let reasons: Vec<_> = reasons
        .split_terminator(',')
        .map(|reason| serde_json::json!({ "Code": reason }))
        .collect();
    let body = serde_json::json!({
        "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"),
        "message": "as planned",
        "CancellationReasons": reasons,
    });
    let status = StatusCode::try_from(status).unwrap();
    HttpResponse::new(status, SdkBody::from(body.to_string()))
}

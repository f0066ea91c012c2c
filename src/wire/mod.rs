//! The Postgres protocol (version 3): connections, messages, rows encoded a column at a time. What a statement means is the
//! engine's business. `pgwire` lends its message types and codec; the loop, the limits and the encoders are ours.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::error::Result;

mod auth;
mod cancel;
mod charset;
mod command;
mod connection;
mod copy;
mod cursor;
pub mod encode;
mod extended;
mod failure;
mod fetch;
mod framing;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod link;
mod login;
mod outgoing;
mod parameters;
mod portal;
mod progress;
mod recent;
mod report;
mod rows;
mod simple;
mod sqlstate;
mod startup;
mod tls;

use self::auth::Gate;
pub use self::auth::{Access, ClientCertificate, Method};
use self::link::Link;
use self::login::Login;
pub use self::tls::TlsFiles;

/// Sockets that may be in their startup at one time; further ones wait in the kernel's backlog.
const HANDSHAKES: usize = 256;

/// How long a cancelled connection may take to say goodbye before its task is dropped.
const FAREWELL: Duration = Duration::from_secs(2);

/// How a Postgres endpoint behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Clients served at one time; one more is refused with 53300.
    pub max_connections: usize,
    /// The longest message taken from an authenticated client, in bytes.
    pub max_message: usize,
    /// From the first byte to the end of authentication.
    pub authentication_timeout: Duration,
    /// How long running statements may go on once the server stops.
    pub drain: Duration,
    /// Who is let in.
    pub access: Access,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_connections: 100,
            max_message: 16 << 20,
            authentication_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(10),
            access: Access::default(),
        }
    }
}

/// What all connections of one listener share.
struct Server {
    engine: Arc<Engine>,
    options: Options,
    gate: Arc<Gate>,
    /// Statements that run now, by the key their client was given.
    running: Arc<cancel::Registry>,
    /// One permit for each client that may be served.
    seats: Semaphore,
    /// No new work is begun.
    stop: CancellationToken,
    /// Running statements end too.
    halt: CancellationToken,
}

/// An endpoint whose files are loaded, before anybody may connect to it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    options: Options,
    gate: Arc<Gate>,
}

impl Endpoint {
    /// Reads the files that [`Options::access`] names. [`Kind::Config`](crate::Kind::Config) when one is not what it should be: nothing is
    /// served then, least of all in plain text.
    pub fn load(options: Options) -> Result<Self> {
        let gate = Arc::new(Gate::load(options.access.clone())?);
        Ok(Self { options, gate })
    }

    /// Reads the files again, for connections to come. One that does not load is logged, and stays as it was.
    pub fn reload(&self) {
        self.gate.reload();
    }

    /// The first role that can come in, for whom an example is made; `None` when anybody can.
    pub fn a_role(&self) -> Option<String> {
        self.gate.roles.as_ref()?.last().all().first().map(|role| role.name.clone())
    }

    /// Serves Postgres clients until `stop`. Then idle clients are told goodbye (57P01) and running statements get
    /// [`Options::drain`] to end before they are cancelled.
    pub async fn serve(self, listener: TcpListener, engine: Arc<Engine>, stop: CancellationToken) {
        let server = Arc::new(Server {
            engine,
            running: Arc::default(),
            seats: Semaphore::new(self.options.max_connections),
            options: self.options,
            gate: self.gate,
            stop,
            halt: CancellationToken::new(),
        });
        let mut connections = JoinSet::new();
        accept(&listener, &server, &mut connections).await;
        drop(listener);
        drain(&server, connections).await;
    }
}

/// [Loads](Endpoint::load) an endpoint and [serves](Endpoint::serve) it.
pub async fn serve(listener: TcpListener, engine: Arc<Engine>, options: Options, stop: CancellationToken) -> Result<()> {
    Endpoint::load(options)?.serve(listener, engine, stop).await;
    Ok(())
}

/// Takes connections until the server stops.
async fn accept(listener: &TcpListener, server: &Arc<Server>, connections: &mut JoinSet<()>) {
    let handshakes = Arc::new(Semaphore::new(HANDSHAKES));
    loop {
        let permit = tokio::select! {
            biased;
            () = server.stop.cancelled() => return,
            permit = Arc::clone(&handshakes).acquire_owned() => permit.expect("the semaphore is never closed"),
        };
        let accepted = tokio::select! {
            biased;
            () = server.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => {
                connections.spawn(converse(Arc::clone(server), socket, peer, permit));
            }
            Err(e) => {
                // Out of file descriptors, mostly: others must end before there is room.
                tracing::warn!("a connection could not be accepted: {e}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

/// One connection, and the log line of its end.
async fn converse(server: Arc<Server>, socket: TcpStream, peer: SocketAddr, handshake: tokio::sync::OwnedSemaphorePermit) {
    // Answers are written whole, so waiting for more bytes to fill a segment only delays them.
    if let Err(e) = socket.set_nodelay(true) {
        tracing::debug!(%peer, "TCP_NODELAY is not set: {e}");
    }
    // A client whose machine is gone sends nothing, not even an end; the system's probes find out.
    if let Err(e) = socket2::SockRef::from(&socket).set_keepalive(true) {
        tracing::debug!(%peer, "SO_KEEPALIVE is not set: {e}");
    }
    match connection::run(&server, Link::plain(socket), Login { peer, handshake }).await {
        Ok(()) => tracing::debug!(%peer, "connection closed"),
        Err(e) => tracing::info!(%peer, "connection ended: {e}"),
    }
}

/// Lets running statements end, then ends them.
async fn drain(server: &Server, mut connections: JoinSet<()>) {
    let all_gone = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(server.options.drain, all_gone).await.is_ok() {
        return;
    }
    server.halt.cancel();
    let all_gone = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL, all_gone).await.is_err() {
        connections.shutdown().await;
    }
}

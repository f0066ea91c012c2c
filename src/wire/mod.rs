//! The Postgres protocol (version 3.0): connections, messages, rows encoded a column at a time. What a statement means is the
//! engine's business. `pgwire` lends its message types and codec; the loop, the limits and the encoders are ours.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::error::Result;

/// How a Postgres endpoint behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Clients served at one time.
    pub max_connections: usize,
    /// How long running statements may go on once the server stops.
    pub drain: Duration,
    /// Whether peers that are not on this machine are let in without a password.
    pub trust_remote: bool,
    /// The longest message taken from an authenticated client, in bytes.
    pub max_message: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_connections: 100, drain: Duration::from_secs(10), trust_remote: false, max_message: 16 << 20 }
    }
}

/// Serves until `stop`.
pub async fn serve(_listener: TcpListener, _engine: Arc<Engine>, _options: Options, stop: CancellationToken) -> Result<()> {
    stop.cancelled().await;
    Ok(())
}

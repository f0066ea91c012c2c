//! From a connection's first byte to a known user, within [`Options::authentication_timeout`](super::Options::authentication_timeout):
//! encryption, the startup message, a seat, and what [`auth`](super::auth) asks.

use std::net::SocketAddr;
use std::sync::Arc;

use pgwire::messages::startup::Authentication;
use tokio::sync::{OwnedSemaphorePermit, SemaphorePermit};

use super::Server;
use super::connection::shutdown;
use super::framing::Phase;
use super::link::Link;
use super::startup::{self, Encryption, Opening};
use crate::engine::ClientInfo;
use crate::error::{Error, Kind, Result};

/// A client that wants to come in.
pub(super) struct Login {
    pub(super) peer: SocketAddr,
    /// Given back once the client is known, or gone.
    pub(super) handshake: OwnedSemaphorePermit,
}

/// A client that is in.
pub(super) struct Entry<'a> {
    pub(super) client: ClientInfo,
    /// What its session begins with, in order.
    pub(super) settings: Vec<(String, String)>,
    /// The minor version of the protocol.
    pub(super) minor: u32,
    _seat: SemaphorePermit<'a>,
}

/// Lets a client in. `None` when it wanted no session, or went away; an error when it may not come in.
pub(super) async fn enter<'a>(server: &'a Arc<Server>, link: &mut Link, login: Login) -> Result<Option<Entry<'a>>> {
    // Boxed, so that a connection does not keep the room of its login for life.
    let entering = Box::pin(authenticated(server, link, login.peer));
    let entered = tokio::select! {
        biased;
        () = server.stop.cancelled() => return Err(shutdown()),
        entered = tokio::time::timeout(server.options.authentication_timeout, entering) => entered,
    };
    drop(login.handshake);
    entered.map_err(|_| Error::new(Kind::Timeout, "canceling authentication due to timeout"))?
}

async fn authenticated<'a>(server: &'a Arc<Server>, link: &mut Link, peer: SocketAddr) -> Result<Option<Entry<'a>>> {
    let (minor, parameters) = match opened(server, link).await? {
        Opening::Session { minor, parameters } => (minor, parameters),
        Opening::Cancel { pid, secret } => {
            server.running.cancel(pid, &secret);
            return Ok(None);
        }
        Opening::Closed | Opening::Encrypted => return Ok(None),
    };
    link.incoming.enter(Phase::Login);
    let seat = server.seats.try_acquire();
    let seat = seat.map_err(|_| Error::new(Kind::TooManyConnections, "sorry, too many clients already"))?;
    let mut admission = startup::sort(parameters, peer)?;
    admission.client.roles = server.gate.roles.clone();
    if !server.gate.admit(link, &admission.client, peer).await? {
        return Ok(None);
    }
    link.outgoing.put(&Authentication::Ok)?;
    Ok(Some(Entry { settings: admission.settings()?, client: admission.client, minor, _seat: seat }))
}

/// What the client wants, once it has its encryption.
async fn opened(server: &Server, link: &mut Link) -> Result<Opening> {
    let Some(tls) = &server.gate.tls else {
        return startup::open(&mut link.incoming, &mut link.outgoing, Encryption::Declined).await;
    };
    if link.begins_with_tls().await? {
        link.secure_directly(tls.loaded()).await?;
    } else {
        match startup::open(&mut link.incoming, &mut link.outgoing, Encryption::Offered).await? {
            Opening::Encrypted => link.secure(tls.loaded()).await?,
            opening @ (Opening::Session { .. } | Opening::Cancel { .. } | Opening::Closed) => return Ok(opening),
        }
    }
    startup::open(&mut link.incoming, &mut link.outgoing, Encryption::On).await
}

//! How a client shows that it is who it says: not at all, by password (SCRAM), or by certificate; and what is refused before that. The
//! refusals are worded as PostgreSQL's `auth.c` words them.

mod scram;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use pgwire::messages::startup::Authentication;

use self::scram::Exchange;
use super::framing::{utf8, violation};
use super::link::{Link, Secured};
use super::tls::{self, Tls, TlsFiles};
use crate::engine::ClientInfo;
use crate::error::{Error, Kind, Result};
use crate::roles::{RoleList, Roles};

/// Who is let in, and how they show who they are.
#[derive(Clone, Debug, Default)]
pub struct Access {
    pub method: Method,
    /// Whether [`Method::Trust`] holds for other machines too.
    pub trust_remote: bool,
    /// The file of roles. With it, who is not in it does not come in.
    pub users: Option<PathBuf>,
    /// The files of TLS; without them connections are in plain text.
    pub tls: Option<TlsFiles>,
    /// Whether sessions in plain text are refused.
    pub require_tls: bool,
    /// What is asked of a client's certificate beside [`Method::Scram`].
    pub client_certificate: ClientCertificate,
}

/// How a client shows who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// It says so.
    #[default]
    Trust,
    /// It knows the role's password (SCRAM-SHA-256, bound to the TLS connection where there is one).
    Scram,
    /// Its certificate has the role as its common name.
    Certificate,
}

/// What is asked of a client's certificate beside a password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientCertificate {
    /// One that is shown must be good; none need be.
    #[default]
    Optional,
    /// A good one.
    Verified,
    /// A good one that has the role as its common name.
    OfRole,
}

/// [`Access`] with its files read.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) access: Access,
    pub(super) tls: Option<Tls>,
    pub(super) roles: Option<Arc<Roles>>,
}

impl Gate {
    /// Reads the files. [`Kind::Config`] when one of them is not what it should be.
    pub(super) fn load(access: Access) -> Result<Self> {
        let tls = access.tls.clone().map(Tls::load).transpose()?;
        let roles = access.users.as_deref().map(Roles::open).transpose()?.map(Arc::new);
        Ok(Self { access, tls, roles })
    }

    /// Reads them again; what does not load stays as it was.
    pub(super) fn reload(&self) {
        if let Some(tls) = &self.tls {
            match tls.reload() {
                Ok(()) => tracing::info!("the TLS files were loaded again"),
                Err(e) => tracing::error!("{e}; TLS stays as it was. {}", e.hint().unwrap_or_default()),
            }
        }
        if let Some(roles) = &self.roles {
            roles.current();
        }
    }

    /// The roles as they are now.
    async fn roles(&self) -> Result<Option<Arc<RoleList>>> {
        let Some(roles) = self.roles.as_ref().map(Arc::clone) else { return Ok(None) };
        let read = tokio::task::spawn_blocking(move || roles.current()).await;
        read.map(Some).map_err(|e| Error::new(Kind::Internal, format!("the roles were not read: {e}")))
    }

    /// Lets a client in: true. False when it went away meanwhile, an error when it may not come in.
    pub(super) async fn admit(&self, link: &mut Link, client: &ClientInfo, peer: SocketAddr) -> Result<bool> {
        let roles = self.roles().await?;
        let plain = link.secured.is_none();
        let needs_tls = self.access.require_tls || self.needs_certificate();
        if plain && needs_tls {
            return Err(self.no_entry(client, peer, "no encryption").with_hint("Connect with sslmode=require."));
        }
        let shown = link.secured.as_ref().and_then(|secured| secured.certificate.as_deref());
        if self.needs_certificate() && shown.is_none() {
            return Err(refused("connection requires a valid client certificate".to_owned()));
        }
        // Only looked at where it matters: a certificate may be anything else's.
        let is_of_role = || shown.and_then(tls::common_name).is_some_and(|name| name == client.user);
        match self.access.method {
            Method::Trust if !self.access.trust_remote && !peer.ip().to_canonical().is_loopback() => {
                let e = self.no_entry(client, peer, if plain { "no encryption" } else { "SSL encryption" });
                let hint = "Without --users only clients on this machine are let in, or with --trust-remote all.";
                return Err(e.with_hint(hint));
            }
            Method::Trust => {}
            Method::Certificate if !is_of_role() => {
                return Err(refused(format!("certificate authentication failed for user \"{}\"", client.user)));
            }
            Method::Certificate => {}
            Method::Scram => {
                let is_of_role = self.access.client_certificate != ClientCertificate::OfRole || is_of_role();
                let none = RoleList::default();
                let proved = match prove(link, roles.as_deref().unwrap_or(&none), &client.user).await? {
                    Some(proved) => proved,
                    None => return Ok(false),
                };
                return match proved && is_of_role {
                    true => Ok(true),
                    false => Err(wrong_password(&client.user)),
                };
            }
        }
        match roles.is_none_or(|roles| roles.find(&client.user).is_some()) {
            true => Ok(true),
            false => Err(refused(format!("role \"{}\" does not exist", client.user))),
        }
    }

    fn needs_certificate(&self) -> bool {
        self.access.method == Method::Certificate
            || (self.access.method == Method::Scram && self.access.client_certificate != ClientCertificate::Optional)
    }

    /// PostgreSQL's words, so that clients and people know them, though there is no such file here.
    fn no_entry(&self, client: &ClientInfo, peer: SocketAddr, encryption: &str) -> Error {
        let database = client.database.as_deref().unwrap_or(&client.user);
        let (host, user) = (peer.ip().to_canonical(), &client.user);
        refused(format!("no pg_hba.conf entry for host \"{host}\", user \"{user}\", database \"{database}\", {encryption}"))
    }
}

/// The SCRAM exchange: whether the client proved that it knows the password of this role; `None` when it went away.
async fn prove(link: &mut Link, roles: &RoleList, user: &str) -> Result<Option<bool>> {
    // Whether there is such a role makes no difference to what is said and done up to the end.
    let (verifier, known) = roles.verifier(user);
    let loaded = link.secured.as_ref().map(|secured: &Secured| Arc::clone(&secured.loaded));
    let end_point = loaded.as_ref().and_then(|loaded| loaded.end_point.as_deref());
    let offered = if end_point.is_some() { vec![scram::PLUS, scram::PLAIN] } else { vec![scram::PLAIN] };
    say(link, Authentication::SASL(offered.iter().map(|name| (*name).to_owned()).collect())).await?;

    let Some(body) = response(link).await? else { return Ok(None) };
    let (mechanism, first) = chosen(&body)?;
    let Some(mechanism) = offered.iter().find(|name| name.as_bytes() == mechanism) else {
        return Err(violation("client selected an invalid SASL authentication mechanism"));
    };
    let first = initial_response(first)?;
    let exchange = Exchange::new(verifier, *mechanism == scram::PLUS, end_point)?;
    let challenge = match first {
        Some(first) => exchange.first(utf8(first)?)?,
        None => {
            // The client waits to be asked (RFC 4422, section 3.3).
            say(link, Authentication::SASLContinue(Bytes::new())).await?;
            let Some(body) = response(link).await? else { return Ok(None) };
            exchange.first(utf8(&body)?)?
        }
    };
    say(link, Authentication::SASLContinue(challenge.text.clone().into())).await?;

    let Some(body) = response(link).await? else { return Ok(None) };
    let last = challenge.last(utf8(&body)?)?.filter(|_| known);
    if let Some(last) = &last {
        link.outgoing.put(&Authentication::SASLFinal(last.clone().into()))?;
    }
    Ok(Some(last.is_some()))
}

async fn say(link: &mut Link, message: Authentication) -> Result<()> {
    link.outgoing.put(&message)?;
    Ok(link.outgoing.flush().await?)
}

/// The body of a password message; `None` when the client went away.
async fn response(link: &mut Link) -> Result<Option<Bytes>> {
    // Nothing else is taken in this phase.
    let packet = link.incoming.packet().await?;
    Ok(packet.map(|packet| packet.freeze().slice(5..)))
}

/// The mechanism that a client chose, and what stands behind its name.
fn chosen(body: &[u8]) -> Result<(&[u8], &[u8])> {
    let end = memchr::memchr(0, body).ok_or_else(|| violation("invalid string in message"))?;
    Ok((&body[..end], &body[end + 1..]))
}

/// A client's first message with its length before it, if it came along.
fn initial_response(mut rest: &[u8]) -> Result<Option<&[u8]>> {
    let short = || violation("insufficient data left in message");
    let length = rest.try_get_i32().map_err(|_| short())?;
    match usize::try_from(length) {
        Ok(length) if length == rest.len() => Ok(Some(rest)),
        Err(_) if length == -1 && rest.is_empty() => Ok(None),
        Ok(length) if length < rest.len() => Err(violation("invalid message format")),
        Err(_) if length == -1 => Err(violation("invalid message format")),
        Ok(_) | Err(_) => Err(short()),
    }
}

fn refused(message: String) -> Error {
    Error::new(Kind::Authentication, message)
}

fn wrong_password(user: &str) -> Error {
    Error::new(Kind::InvalidPassword, format!("password authentication failed for user \"{user}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_answer_holds_what_it_says() {
        for (body, want) in [
            (&b"\0\0\0\x02hi"[..], Ok(Some(&b"hi"[..]))),
            (b"\xff\xff\xff\xff", Ok(None)),
            (b"\0\0\0\0", Ok(Some(b""))),
            (b"\0\0", Err("insufficient data left in message")),
            (b"\0\0\0\x03hi", Err("insufficient data left in message")),
            (b"\0\0\0\x01hi", Err("invalid message format")),
            (b"\xff\xff\xff\xfe", Err("insufficient data left in message")),
            (b"\xff\xff\xff\xffx", Err("invalid message format")),
        ] {
            assert_eq!(initial_response(body).as_ref().map_err(Error::message), want.as_ref().map_err(|e| *e), "{body:?}");
        }
    }
}

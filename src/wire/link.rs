//! The bytes of one client, in plain text or under TLS, and the step from the one to the other.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::framing::{Incoming, violation};
use super::outgoing::Outgoing;
use super::tls::{self, Loaded};
use crate::error::{Error, Kind, Result};
use crate::table::Tls;

/// The first byte of a TLS record that holds a handshake. A startup packet of that many bytes would be over a hundred megabytes long.
const HANDSHAKE: u8 = 0x16;

/// What PostgreSQL 17's clients that begin with TLS must name (RFC 7301).
pub(super) const ALPN: &[u8] = b"postgresql";

/// A client: both directions, and what is known of it by TLS.
pub(super) struct Link {
    pub(super) incoming: Incoming<Reader>,
    pub(super) outgoing: Outgoing<Writer>,
    pub(super) secured: Option<Secured>,
}

/// What TLS tells of a connection.
pub(super) struct Secured {
    /// With which certificate the server showed itself.
    pub(super) loaded: Arc<Loaded>,
    /// The client's certificate (DER), verified against the authorities that it may be of.
    pub(super) certificate: Option<Vec<u8>>,
    /// The protocol that both named.
    alpn: bool,
    /// What `pg_stat_ssl` tells of it.
    pub(super) told: Option<Tls>,
}

impl Link {
    /// A client in plain text.
    pub(super) fn plain(socket: TcpStream) -> Self {
        let (reader, writer) = socket.into_split();
        let (incoming, outgoing) = (Incoming::new(Reader::Plain(reader)), Outgoing::new(Writer::Plain(writer)));
        Self { incoming, outgoing, secured: None }
    }

    /// Whether the client begins with TLS, as PostgreSQL 17's do with `sslnegotiation=direct`. Waits for its first byte, which is
    /// not taken.
    pub(super) async fn begins_with_tls(&mut self) -> Result<bool> {
        let Reader::Plain(reader) = self.incoming.reader() else { return Ok(false) };
        let mut first = [0];
        let read = reader.peek(&mut first).await?;
        Ok(read == 1 && first[0] == HANDSHAKE)
    }

    /// Goes on under TLS. When the handshake fails the link is closed: nothing is told in plain text.
    pub(super) async fn secure(&mut self, loaded: Arc<Loaded>) -> Result<()> {
        let (reader, writer) = (self.incoming.replace(Reader::Closed), self.outgoing.replace(Writer::Closed));
        let (Reader::Plain(reader), Writer::Plain(writer)) = (reader, writer) else {
            return Err(violation("TLS within TLS"));
        };
        let socket = reader.reunite(writer).map_err(|e| Error::new(Kind::Internal, e.to_string()))?;
        let acceptor = TlsAcceptor::from(Arc::clone(&loaded.config));
        let stream =
            Box::pin(acceptor.accept(socket)).await.map_err(|e| violation(format!("could not accept TLS connection: {e}")))?;
        let state = stream.get_ref().1;
        let certificate = state.peer_certificates().and_then(|chain| chain.first()).map(|first| first.to_vec());
        let told = tls::told(state);
        self.secured = Some(Secured { loaded, certificate, alpn: state.alpn_protocol() == Some(ALPN), told });
        let (reader, writer) = tokio::io::split(stream);
        self.incoming.replace(Reader::Tls(reader));
        self.outgoing.replace(Writer::Tls(writer));
        Ok(())
    }

    /// The same for a client that did not ask: it must name the protocol, for whatever speaks TLS may have come here.
    pub(super) async fn secure_directly(&mut self, loaded: Arc<Loaded>) -> Result<()> {
        self.secure(loaded).await?;
        if self.secured.as_ref().is_some_and(|secured| secured.alpn) {
            return Ok(());
        }
        Err(violation("received direct SSL connection request without ALPN protocol negotiation extension"))
    }
}

/// Where a client's bytes come from.
pub(super) enum Reader {
    Plain(OwnedReadHalf),
    Tls(tokio::io::ReadHalf<TlsStream<TcpStream>>),
    /// Between the two, and for good when TLS failed.
    Closed,
}

/// Where bytes to a client go.
pub(super) enum Writer {
    Plain(OwnedWriteHalf),
    Tls(tokio::io::WriteHalf<TlsStream<TcpStream>>),
    Closed,
}

impl AsyncRead for Reader {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(reader) => Pin::new(reader).poll_read(cx, buffer),
            Self::Tls(reader) => Pin::new(reader).poll_read(cx, buffer),
            Self::Closed => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for Writer {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(writer) => Pin::new(writer).poll_write(cx, bytes),
            Self::Tls(writer) => Pin::new(writer).poll_write(cx, bytes),
            Self::Closed => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(writer) => Pin::new(writer).poll_flush(cx),
            Self::Tls(writer) => Pin::new(writer).poll_flush(cx),
            Self::Closed => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(writer) => Pin::new(writer).poll_shutdown(cx),
            Self::Tls(writer) => Pin::new(writer).poll_shutdown(cx),
            Self::Closed => Poll::Ready(Ok(())),
        }
    }
}

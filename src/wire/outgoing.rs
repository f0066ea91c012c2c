//! The side of a connection that writes: messages gather in one buffer and leave it in pieces of about [`FLUSH`] bytes. A write
//! that waits is the backpressure a scan feels.

use std::time::Duration;

use bytes::{Buf, BytesMut};
use pgwire::messages::Message;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::engine::Notice;
use crate::error::{Error, Kind};

use super::connection::Broken;
use super::report::{self, Severity};

/// Bytes that gather before they are written.
pub(super) const FLUSH: usize = 64 << 10;

/// How long the last words may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// What the buffer keeps between answers, in bytes; an idle connection should cost little.
const KEPT: usize = 8 << 10;

/// How severe a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// `DEBUG` to `LOG`.
    Detail,
    Notice,
    Warning,
    /// What only errors reach.
    Error,
}

impl Level {
    fn named(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "error" => Self::Error,
            "warning" => Self::Warning,
            // PostgreSQL tells INFO always, and has it in no setting; nothing here is one.
            "notice" | "info" => Self::Notice,
            _ => Self::Detail,
        }
    }
}

/// Messages to the client, in order.
pub(super) struct Outgoing<W> {
    writer: W,
    buffer: BytesMut,
    /// What `client_min_messages` says: the least severe notice that is told.
    least: Level,
}

impl<W: AsyncWrite + Unpin> Outgoing<W> {
    pub(super) fn new(writer: W) -> Self {
        Self { writer, buffer: BytesMut::new(), least: Level::Notice }
    }

    /// Takes another writer in the place of this one. All must have been written.
    pub(super) fn replace(&mut self, writer: W) -> W {
        debug_assert!(self.buffer.is_empty());
        std::mem::replace(&mut self.writer, writer)
    }

    /// Adds a message.
    pub(super) fn put(&mut self, message: &impl Message) -> Result<(), Broken> {
        let before = self.buffer.len();
        message.encode(&mut self.buffer).map_err(|e| {
            self.buffer.truncate(before);
            Broken(Error::new(Kind::Internal, format!("a message could not be written: {e}")))
        })
    }

    /// Adds what tells the client of an error.
    pub(super) fn error(&mut self, severity: Severity, e: &Error) -> Result<(), Broken> {
        self.put(&report::error(severity, e))
    }

    /// Leaves out notices from now on that are less severe than this word of `client_min_messages` says.
    pub(super) fn tell_from(&mut self, level: &str) {
        self.least = Level::named(level);
    }

    /// Adds a notice, if it is severe enough to be told.
    pub(super) fn notice(&mut self, n: &Notice) -> Result<(), Broken> {
        if Level::named(n.severity) < self.least {
            return Ok(());
        }
        self.put(&report::notice(n))
    }

    /// Where rows are written straight, without a message struct for each.
    pub(super) fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Writes what has gathered, if it is enough to be worth a write.
    pub(super) async fn flush_full(&mut self) -> Result<(), Broken> {
        if self.buffer.len() < FLUSH {
            return Ok(());
        }
        self.write_out().await
    }

    /// Writes all that has gathered.
    pub(super) async fn flush(&mut self) -> Result<(), Broken> {
        self.write_out().await?;
        self.writer.flush().await.map_err(broken)?;
        if self.buffer.capacity() > KEPT {
            self.buffer = BytesMut::new();
        }
        Ok(())
    }

    /// Says goodbye: what has gathered, then the end of the stream. A client that does not read is not waited for.
    pub(super) async fn close(&mut self) -> Result<(), Broken> {
        let farewell = async {
            self.flush().await?;
            self.writer.shutdown().await.map_err(broken)
        };
        tokio::time::timeout(FAREWELL, farewell).await.unwrap_or_else(|_| Err(broken(std::io::ErrorKind::TimedOut.into())))
    }

    async fn write_out(&mut self) -> Result<(), Broken> {
        // What was written is gone from the buffer at once: whoever drops this future may write on.
        while !self.buffer.is_empty() {
            let written = self.writer.write(&self.buffer).await.map_err(broken)?;
            if written == 0 {
                return Err(broken(std::io::ErrorKind::WriteZero.into()));
            }
            self.buffer.advance(written);
        }
        Ok(())
    }
}

fn broken(e: std::io::Error) -> Broken {
    Broken(e.into())
}

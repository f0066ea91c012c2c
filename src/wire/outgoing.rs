//! The side of a connection that writes: messages gather in one buffer and leave it in pieces of about [`FLUSH`] bytes. A write
//! that waits is the backpressure a scan feels.

use std::time::Duration;

use bytes::BytesMut;
use pgwire::messages::Message;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::engine::Notice;
use crate::error::{Error, Kind};
use crate::table::pg_charset::Charset;
use crate::table::pg_value::Room;

use super::charset;
use super::failure::Broken;
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
    /// What has gathered.
    gathered: Room,
    /// How many of its bytes are written.
    written: usize,
    /// Where messages are made.
    message: BytesMut,
    /// What `client_min_messages` says: the least severe notice that is told.
    least: Level,
    /// What the client speaks where it is not UTF-8.
    charset: Option<Charset>,
}

impl<W: AsyncWrite + Unpin> Outgoing<W> {
    pub(super) fn new(writer: W) -> Self {
        Self { writer, gathered: Room::default(), written: 0, message: BytesMut::new(), least: Level::Notice, charset: None }
    }

    /// Takes another writer in the place of this one. All must have been written.
    pub(super) fn replace(&mut self, writer: W) -> W {
        debug_assert!(self.gathered.is_empty());
        std::mem::replace(&mut self.writer, writer)
    }

    /// Adds a message.
    pub(super) fn put(&mut self, message: &impl Message) -> Result<(), Broken> {
        self.message.clear();
        let encoded = message.encode(&mut self.message);
        encoded.map_err(|e| Broken(Error::new(Kind::Internal, format!("a message could not be written: {e}"))))?;
        if let Some(charset) = self.charset {
            charset::sent(&mut self.message, charset).map_err(Broken)?;
        }
        self.gathered.extend_from_slice(&self.message);
        Ok(())
    }

    /// Adds what tells the client of an error.
    pub(super) fn error(&mut self, severity: Severity, e: &Error) -> Result<(), Broken> {
        self.put(&report::error(severity, e))
    }

    /// The client speaks another encoding than UTF-8 from here on, or that.
    pub(super) fn speak(&mut self, charset: Option<Charset>) {
        self.charset = charset;
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
    pub(super) fn rows(&mut self) -> &mut Room {
        &mut self.gathered
    }

    /// Writes what has gathered, if it is enough to be worth a write.
    pub(super) async fn flush_full(&mut self) -> Result<(), Broken> {
        if self.gathered.len() < FLUSH {
            return Ok(());
        }
        self.write_out().await
    }

    /// Writes all that has gathered.
    pub(super) async fn flush(&mut self) -> Result<(), Broken> {
        self.write_out().await?;
        self.writer.flush().await.map_err(broken)?;
        if self.gathered.capacity() > KEPT {
            self.gathered = Room::default();
        }
        if self.message.capacity() > KEPT {
            self.message = BytesMut::new();
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
        // How far it came is noted at once: whoever drops this future may write on.
        while self.written < self.gathered.len() {
            let written = self.writer.write(&self.gathered.written()[self.written..]).await.map_err(broken)?;
            if written == 0 {
                return Err(broken(std::io::ErrorKind::WriteZero.into()));
            }
            self.written += written;
        }
        self.gathered.clear();
        self.written = 0;
        Ok(())
    }
}

fn broken(e: std::io::Error) -> Broken {
    Broken(e.into())
}

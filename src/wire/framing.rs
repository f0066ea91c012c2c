//! The side of a connection that reads: one whole message at a time, capped by the connection's phase, and checked before
//! `pgwire` decodes it, since its decoder trusts counts, reads past a message's end and replaces invalid UTF-8.

use bytes::{Buf, BytesMut};
use pgwire::messages::{DecodeContext, PgWireFrontendMessage, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::charset;
use crate::error::{Error, Kind, Result};
use crate::table::pg_charset::Charset;

/// The longest message before a user is known, in bytes (PostgreSQL's `MAX_STARTUP_PACKET_LENGTH`).
const STARTUP_MESSAGE: usize = 10_000;

/// The longest message of an authentication, in bytes.
const LOGIN_MESSAGE: usize = 16 << 10;

/// What is read ahead while a statement runs, in bytes; a client that sends more waits.
const READ_AHEAD: usize = 256 << 10;

/// What the buffer keeps between messages, in bytes.
const KEPT: usize = 8 << 10;

/// How far a connection has come; decides how long a message may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Until the startup message; messages have no type byte.
    Startup,
    /// Until the user is known.
    Login,
    /// From then on, with the longest message taken.
    Ready(usize),
}

/// What a read gives.
#[derive(Debug)]
pub(super) enum Received {
    Message(PgWireFrontendMessage),
    /// A message whose end is known and whose inside is wrong: its statement fails, the connection lives on.
    Malformed {
        type_byte: u8,
        error: Error,
    },
    /// The client went away.
    Closed,
}

/// Messages from the client, in order.
pub(super) struct Incoming<R> {
    reader: R,
    buffer: BytesMut,
    phase: Phase,
    context: DecodeContext,
    /// What the client speaks where it is not UTF-8.
    charset: Option<Charset>,
}

impl<R: AsyncRead + Unpin> Incoming<R> {
    pub(super) fn new(reader: R) -> Self {
        let mut context = DecodeContext::new(ProtocolVersion::PROTOCOL3_2);
        context.awaiting_frontend_ssl = false;
        Self { reader, buffer: BytesMut::new(), phase: Phase::Startup, context, charset: None }
    }

    /// Moves on to another phase.
    pub(super) fn enter(&mut self, phase: Phase) {
        self.context.awaiting_frontend_startup = phase == Phase::Startup;
        self.phase = phase;
    }

    /// The client speaks another encoding than UTF-8 from here on, or that.
    pub(super) fn speak(&mut self, charset: Option<Charset>) {
        self.charset = charset;
    }

    /// Whether bytes stand behind the last message taken.
    pub(super) fn has_more(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// Where the bytes come from.
    pub(super) fn reader(&mut self) -> &mut R {
        &mut self.reader
    }

    /// Takes another reader in the place of this one, of which nothing must be read yet.
    pub(super) fn replace(&mut self, reader: R) -> R {
        debug_assert!(self.buffer.is_empty());
        std::mem::replace(&mut self.reader, reader)
    }

    /// The next message. An error is the connection's end. May be dropped and called again: nothing is lost.
    pub(super) async fn next(&mut self) -> Result<Received> {
        Ok(match self.packet().await? {
            Some(packet) => self.received(packet),
            None => Received::Closed,
        })
    }

    /// The next message, if it was read already.
    pub(super) fn at_hand(&mut self) -> Result<Option<Received>> {
        Ok(self.whole()?.map(|packet| self.received(packet)))
    }

    fn received(&self, packet: BytesMut) -> Received {
        let type_byte = packet[0];
        let read = match self.charset {
            None => Ok(packet),
            Some(charset) => charset::received(packet, charset),
        };
        let decoded = read.and_then(|mut packet| {
            check(&packet)?;
            let message = PgWireFrontendMessage::decode(&mut packet, &self.context);
            message.map_err(|e| violation(e.to_string()))?.ok_or_else(|| violation("insufficient data left in message"))
        });
        match decoded {
            Ok(message) => Received::Message(message),
            Err(error) => Received::Malformed { type_byte, error },
        }
    }

    /// Reads ahead and returns when the client is gone. May be dropped and called again.
    pub(super) async fn gone(&mut self) {
        loop {
            if self.buffer.len() >= READ_AHEAD {
                // More would be held than is fair; a client that goes away now is seen at the next write.
                return std::future::pending().await;
            }
            match self.reader.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }

    /// The bytes of the next message or, in its phase, startup packet, as they are: type and length included. `None` when the client
    /// went away.
    pub(super) async fn packet(&mut self) -> Result<Option<BytesMut>> {
        loop {
            if let Some(packet) = self.whole()? {
                return Ok(Some(packet));
            }
            self.buffer.reserve(1024);
            if self.reader.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// The packet at the buffer's start, once all of it is there.
    fn whole(&mut self) -> Result<Option<BytesMut>> {
        let length = packet_length(&self.buffer, self.phase)?;
        let Some(length) = length.filter(|length| *length <= self.buffer.len()) else { return Ok(None) };
        let packet = self.buffer.split_to(length);
        if self.buffer.is_empty() && length > KEPT {
            self.buffer = BytesMut::new();
        }
        Ok(Some(packet))
    }
}

/// The length of the packet at the buffer's start with its type byte, once it is known; an error when it may not be so long.
fn packet_length(buffer: &[u8], phase: Phase) -> Result<Option<usize>> {
    let (head, least, most) = match phase {
        Phase::Startup => (0, 8, STARTUP_MESSAGE),
        Phase::Login => (1, 4, LOGIN_MESSAGE),
        Phase::Ready(most) => (1, 4, most),
    };
    match (phase, buffer.first()) {
        (Phase::Login, Some(type_byte)) if *type_byte != b'p' => {
            return Err(violation(format!("expected SASL response, got message type {type_byte}")));
        }
        (Phase::Ready(_), Some(type_byte)) if !b"BCDEFHPQSXcdfp".contains(type_byte) => {
            return Err(violation(format!("invalid frontend message type {type_byte}")));
        }
        (Phase::Startup | Phase::Login | Phase::Ready(_), _) => {}
    }
    let Some(length) = buffer.get(head..head + 4) else {
        return Ok(None);
    };
    let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
    if length < least || length > most {
        let what = if phase == Phase::Startup { "invalid length of startup packet" } else { "invalid message length" };
        return Err(violation(what));
    }
    Ok(Some(head + length))
}

/// Whether a packet holds what its type says: counts that fit, texts that end, and valid UTF-8. `pgwire` needs it to.
fn check(packet: &[u8]) -> Result<()> {
    let mut body = Body(&packet[5..]);
    match packet[0] {
        b'Q' => body.text()?,
        b'P' => {
            body.text()?;
            body.text()?;
            let types = body.count()?;
            body.skip(types * 4)?;
        }
        b'B' => {
            body.text()?;
            body.text()?;
            let formats = body.count()?;
            body.skip(formats * 2)?;
            for _ in 0..body.count()? {
                body.value()?;
            }
            let formats = body.count()?;
            body.skip(formats * 2)?;
        }
        b'C' | b'D' => {
            body.skip(1)?;
            body.text()?;
        }
        b'E' => {
            body.text()?;
            body.skip(4)?;
        }
        b'F' => return Err(Error::new(Kind::Unsupported, "the function call protocol is not supported")),
        b'f' => body.text()?,
        b'd' | b'p' => return Ok(()),
        _ => {}
    }
    if body.0.is_empty() { Ok(()) } else { Err(violation("invalid message format")) }
}

/// What is left of a message's body.
pub(super) struct Body<'a>(pub(super) &'a [u8]);

impl<'a> Body<'a> {
    /// A text, and the zero byte behind it is passed.
    fn text(&mut self) -> Result<()> {
        utf8(self.string()?).map(drop)
    }

    /// The bytes of a text; the zero byte behind it is passed.
    pub(super) fn string(&mut self) -> Result<&'a [u8]> {
        let end = memchr::memchr(0, self.0).ok_or_else(|| violation("invalid string in message"))?;
        let string = &self.0[..end];
        self.0.advance(end + 1);
        Ok(string)
    }

    /// So many bytes.
    pub(super) fn take(&mut self, bytes: usize) -> Result<&'a [u8]> {
        let taken = self.0.get(..bytes).ok_or_else(short)?;
        self.0.advance(bytes);
        Ok(taken)
    }

    fn count(&mut self) -> Result<usize> {
        let count = self.0.try_get_u16().map_err(|_| short())?;
        Ok(usize::from(count))
    }

    /// A parameter: its length, or -1 for null, and its bytes.
    fn value(&mut self) -> Result<()> {
        let length = self.0.try_get_i32().map_err(|_| short())?;
        match usize::try_from(length) {
            Ok(length) => self.skip(length),
            Err(_) if length == -1 => Ok(()),
            Err(_) => Err(short()),
        }
    }

    fn skip(&mut self, bytes: usize) -> Result<()> {
        self.take(bytes).map(drop)
    }
}

/// Text as it came from the client; 22021 with the offending bytes, in PostgreSQL's words, when it is not UTF-8.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|e| {
        let bad = &bytes[e.valid_up_to()..];
        let shown: Vec<String> = bad.iter().take(e.error_len().unwrap_or(bad.len())).map(|b| format!("0x{b:02x}")).collect();
        Error::new(Kind::InvalidEncoding, format!("invalid byte sequence for encoding \"UTF8\": {}", shown.join(" ")))
    })
}

pub(super) fn violation(message: impl Into<String>) -> Error {
    Error::new(Kind::Protocol, message)
}

fn short() -> Error {
    violation("insufficient data left in message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_capped_by_phase() {
        type Case = (&'static [u8], Phase, std::result::Result<Option<usize>, &'static str>);
        let cases: &[Case] = &[
            (b"\0\0", Phase::Startup, Ok(None)),
            (b"\0\0\0\x08", Phase::Startup, Ok(Some(8))),
            (b"\0\0\x27\x10", Phase::Startup, Ok(Some(10_000))),
            (b"\0\0\x27\x11", Phase::Startup, Err("invalid length of startup packet")),
            (b"\0\0\0\x07", Phase::Startup, Err("invalid length of startup packet")),
            (b"\xff\xff\xff\xff", Phase::Startup, Err("invalid length of startup packet")),
            (b"p\0\0\x40\0", Phase::Login, Ok(Some(16_385))),
            (b"p\0\0\x40\x01", Phase::Login, Err("invalid message length")),
            (b"Q", Phase::Login, Err("expected SASL response, got message type 81")),
            (b"Q\0\0\0\x00", Phase::Ready(1 << 20), Err("invalid message length")),
            (b"Q\0\0\0\x03", Phase::Ready(1 << 20), Err("invalid message length")),
            (b"S\0\0\0\x04", Phase::Ready(1 << 20), Ok(Some(5))),
            (b"Q\0\x10\0\0", Phase::Ready(1 << 20), Ok(Some((1 << 20) + 1))),
            (b"Q\0\x10\0\x01", Phase::Ready(1 << 20), Err("invalid message length")),
            (b"z", Phase::Ready(1 << 20), Err("invalid frontend message type 122")),
        ];
        for (bytes, phase, expected) in cases {
            let found = packet_length(bytes, *phase);
            assert_eq!(found.as_ref().map_err(Error::message), expected.as_ref().map_err(|m| *m), "{bytes:?}");
        }
    }

    #[test]
    fn a_message_must_hold_what_it_says() {
        let cases: &[(&[u8], Option<&str>)] = &[
            (b"Q\0\0\0\0select 1\0", None),
            (b"Q\0\0\0\0select 1", Some("invalid string in message")),
            (b"Q\0\0\0\0select\0 1\0", Some("invalid message format")),
            (b"Q\0\0\0\0'\xe4\xb8'\0", Some("invalid byte sequence for encoding \"UTF8\": 0xe4 0xb8")),
            (b"P\0\0\0\0n\0q\0\0\x01\0\0\0\x17", None),
            (b"P\0\0\0\0n\0q\0\0\x02\0\0\0\x17", Some("insufficient data left in message")),
            (b"P\0\0\0\0n\0q\0\xff", Some("insufficient data left in message")),
            (b"B\0\0\0\0\0\0\0\0\0\x02\0\0\0\x01a\xff\xff\xff\xff\0\0", None),
            (b"B\0\0\0\0\0\0\0\0\0\x01\xff\xff\xff\xfe\0\0", Some("insufficient data left in message")),
            (b"B\0\0\0\0\0\0\0\0\0\x01\x7f\xff\xff\xff\0\0", Some("insufficient data left in message")),
            (b"E\0\0\0\0\0\0\0\0\0", None),
            (b"E\0\0\0\0\0\0\0", Some("insufficient data left in message")),
            (b"S\0\0\0\0", None),
            (b"S\0\0\0\0x", Some("invalid message format")),
            (b"F\0\0\0\0", Some("the function call protocol is not supported")),
        ];
        for (packet, expected) in cases {
            assert_eq!(check(packet).err().as_ref().map(Error::message), *expected, "{packet:?}");
        }
    }
}

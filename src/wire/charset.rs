//! Messages of clients that speak another encoding than the server's: theirs are read as UTF-8, and the server's are written as theirs. Rows
//! are not met here: their cells are encoded by the column. A client of UTF-8 passes by all of it.

use std::borrow::Cow;

use bytes::{BufMut, BytesMut};

use crate::error::Result;
use crate::table::pg_charset::Charset;
use crate::table::pg_type::PgType;
use crate::table::pg_value::{self, Format};

use super::framing::{Body, violation};

/// Type byte and length.
const HEAD: usize = 5;

/// A client's message with its texts in UTF-8. Values in it are as they were: which of them are texts is known to whoever decodes them.
pub(super) fn received(packet: BytesMut, charset: Charset) -> Result<BytesMut> {
    if packet.is_ascii() {
        return Ok(packet);
    }
    let (strings, skipped) = match packet[0] {
        b'Q' | b'E' => (1, 0),
        b'P' | b'B' => (2, 0),
        // The kind of what is meant comes first.
        b'D' | b'C' => (1, 1),
        _ => return Ok(packet),
    };
    let mut body = Body(&packet[HEAD..]);
    let mut read = BytesMut::with_capacity(2 * packet.len());
    read.put_slice(&packet[..HEAD]);
    read.put_slice(body.take(skipped)?);
    for _ in 0..strings {
        read.put_slice(charset.decode(body.string()?)?.as_bytes());
        read.put_u8(0);
    }
    read.put_slice(body.0);
    seal(&mut read)?;
    Ok(read)
}

/// A parameter's value as its type reads it: what is a text in UTF-8, all else as it is.
pub(super) fn value<'a>(value: &'a [u8], pg: &PgType, format: Format, charset: Option<Charset>) -> Result<Cow<'a, [u8]>> {
    match charset {
        Some(charset) if !value.is_ascii() && (format == Format::Text || pg_value::is_text(pg)) => {
            Ok(Cow::Owned(charset.decode(value)?.into_owned().into_bytes()))
        }
        Some(_) | None => Ok(Cow::Borrowed(value)),
    }
}

/// Turns the texts of a message of the server's into a client's encoding, with question marks for what that lacks: an error must come
/// through.
pub(super) fn sent(message: &mut BytesMut, charset: Charset) -> Result<()> {
    if message.is_ascii() {
        return Ok(());
    }
    let lossy = |text: &[u8]| charset.encode_lossy(&String::from_utf8_lossy(text));
    let mut out = BytesMut::with_capacity(2 * message.len());
    match message.first() {
        // Errors, notices and settings are texts with zero bytes between them.
        Some(kind @ (b'E' | b'N' | b'S' | b'C' | b'A')) => {
            // A notification begins with the number of who sent it.
            let texts = if *kind == b'A' { HEAD + 4 } else { HEAD };
            out.put_slice(&message[..texts]);
            out.put_slice(&lossy(&message[texts..]));
        }
        // Names of columns, each with what else is told of the column behind it.
        Some(b'T') => {
            const BEHIND: usize = 18;
            let mut body = Body(&message[HEAD..]);
            out.put_slice(&message[..HEAD]);
            let count = body.take(2)?;
            out.put_slice(count);
            for _ in 0..u16::from_be_bytes([count[0], count[1]]) {
                out.put_slice(&lossy(body.string()?));
                out.put_u8(0);
                out.put_slice(body.take(BEHIND)?);
            }
        }
        Some(_) | None => return Ok(()),
    }
    seal(&mut out)?;
    *message = out;
    Ok(())
}

/// Writes a message's length into its head.
fn seal(message: &mut BytesMut) -> Result<()> {
    let length = i32::try_from(message.len() - 1).map_err(|_| violation("invalid message length"))?;
    message[1..HEAD].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> BytesMut {
        let mut message = BytesMut::from(&[kind, 0, 0, 0, 0][..]);
        message.put_slice(body);
        seal(&mut message).expect("it is short");
        message
    }

    #[test]
    fn texts_change_and_values_do_not() {
        let latin1 = Charset::named("latin1").expect("there is");
        for (kind, theirs, ours) in [
            (b'Q', &b"select '\xe9'\0"[..], &b"select '\xc3\xa9'\0"[..]),
            (b'P', b"\xe9\0x\xe9\0\0\x01\0\0\0\x17", b"\xc3\xa9\0x\xc3\xa9\0\0\x01\0\0\0\x17"),
            (b'B', b"\0\xe9\0\0\0\0\x01\0\0\0\x01\xe9\0\0", b"\0\xc3\xa9\0\0\0\0\x01\0\0\0\x01\xe9\0\0"),
            (b'D', b"S\xe9\0", b"S\xc3\xa9\0"),
            (b'd', b"\xe9", b"\xe9"),
        ] {
            assert_eq!(received(message(kind, theirs), latin1).expect("well formed"), message(kind, ours));
        }
        assert!(received(message(b'Q', b"\xe9"), latin1).is_err());
    }

    #[test]
    fn answers_are_written_in_the_clients_encoding() {
        let latin1 = Charset::named("latin1").expect("there is");
        let behind = [0xff; 18];
        for (kind, ours, theirs) in [
            (b'E', [&b"SERROR\0M\xc3\xa9 \xe2\x82\xac\0\0"[..], b""], [&b"SERROR\0M\xe9 ?\0\0"[..], b""]),
            (b'T', [&b"\0\x01\xc3\xa9\0"[..], &behind], [&b"\0\x01\xe9\0"[..], &behind]),
        ] {
            let mut told = message(kind, &ours.concat());
            sent(&mut told, latin1).expect("well formed");
            assert_eq!(told, message(kind, &theirs.concat()));
        }
    }
}

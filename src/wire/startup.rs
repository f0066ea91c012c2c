//! A connection's first messages: what it wants (a session, or a statement cancelled), which protocol it speaks, and who may
//! come in. There is no TLS yet: both kinds of encryption are answered with `N`.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bytes::{Buf, BytesMut};
use pgwire::messages::cancel::CancelRequest;
use pgwire::messages::response::SslResponse;
use pgwire::messages::startup::{NegotiateProtocolVersion, SecretKey, Startup};
use pgwire::messages::{DecodeContext, Message, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::engine::ClientInfo;
use crate::error::{Error, Kind, Result};

use super::framing::{Incoming, utf8, violation};
use super::outgoing::Outgoing;

/// Request codes, told from protocol versions by their major number 1234.
const SSL: u32 = 80_877_103;
const GSS_ENCRYPTION: u32 = 80_877_104;
const CANCEL: u32 = 80_877_102;

/// The protocol that is spoken: 3.0, as PostgreSQL 15 does.
const VERSION: u32 = 3 << 16;

/// What a connection wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// A session, with these parameters.
    Session(BTreeMap<String, String>),
    /// The statement of another connection cancelled.
    Cancel { pid: i32, secret: SecretKey },
    /// Nothing more: it went away.
    Closed,
}

/// Reads up to the startup message or cancel request, and answers what comes before.
pub(super) async fn open<R, W>(incoming: &mut Incoming<R>, outgoing: &mut Outgoing<W>) -> Result<Opening>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let (mut ssl_asked, mut gss_asked) = (false, false);
    loop {
        let Some(packet) = incoming.startup_packet().await? else {
            return Ok(Opening::Closed);
        };
        match (&packet[4..8]).get_u32() {
            SSL if !ssl_asked => {
                ssl_asked = true;
                refuse_encryption(incoming, outgoing, "SSL request").await?;
            }
            GSS_ENCRYPTION if !gss_asked => {
                gss_asked = true;
                refuse_encryption(incoming, outgoing, "GSSAPI encryption request").await?;
            }
            CANCEL => return cancel_request(packet),
            version => return session(version, packet, outgoing).await,
        }
    }
}

/// Answers `N`. Bytes behind the request were sent before its answer, so whoever sent them (CVE-2021-23214) did not know whether they
/// would be read in plain text: such a connection ends.
async fn refuse_encryption<R, W>(incoming: &Incoming<R>, outgoing: &mut Outgoing<W>, what: &str) -> Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    outgoing.put(&SslResponse::Refuse)?;
    outgoing.flush().await?;
    if incoming.has_more() {
        return Err(violation(format!("received unencrypted data after {what}"))
            .with_detail("This could be either a client-software bug or evidence of an attempted man-in-the-middle attack."));
    }
    Ok(())
}

fn cancel_request(mut packet: BytesMut) -> Result<Opening> {
    let context = DecodeContext::new(ProtocolVersion::PROTOCOL3_2);
    match CancelRequest::decode(&mut packet, &context) {
        Ok(Some(request)) => Ok(Opening::Cancel { pid: request.pid, secret: request.secret_key }),
        Ok(None) | Err(_) => Err(violation("invalid length of startup packet")),
    }
}

/// The startup message of a session. A newer minor version and unknown protocol options are negotiated down.
async fn session<W: AsyncWrite + Unpin>(version: u32, mut packet: BytesMut, outgoing: &mut Outgoing<W>) -> Result<Opening> {
    let (major, minor) = (version >> 16, version & 0xffff);
    if major != 3 {
        return Err(Error::new(
            Kind::Unsupported,
            format!("unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.0"),
        ));
    }
    // Name and value in turn, each ended by a zero byte, and one more zero byte at the end.
    let texts = &packet[8..];
    if texts.len() > 1 && !texts.ends_with(b"\0\0") || !texts.ends_with(b"\0") {
        return Err(violation("invalid startup packet layout: expected terminator as last byte"));
    }
    utf8(texts)?;
    if texts.len() == 1 {
        return Err(no_user());
    }
    let context = DecodeContext::new(ProtocolVersion::PROTOCOL3_0);
    let mut parameters = match Startup::decode(&mut packet, &context) {
        Ok(Some(startup)) => startup.parameters,
        Ok(None) | Err(_) => return Err(violation("invalid startup packet layout")),
    };
    let unknown: Vec<String> = parameters.keys().filter(|name| name.starts_with("_pq_.")).cloned().collect();
    parameters.retain(|name, _| !name.starts_with("_pq_."));
    if minor > 0 || !unknown.is_empty() {
        outgoing.put(&NegotiateProtocolVersion::new(VERSION as i32, unknown))?;
    }
    Ok(Opening::Session(parameters))
}

/// Who asks, and the settings that the session begins with, in order.
#[derive(Debug)]
pub(super) struct Admission {
    pub(super) client: ClientInfo,
    pub(super) settings: Vec<(String, String)>,
}

/// Sorts the startup message's parameters. [`Kind::Authentication`] without a user, or for a peer that is not trusted.
pub(super) fn admit(parameters: BTreeMap<String, String>, peer: SocketAddr, trust_remote: bool) -> Result<Admission> {
    let mut client = ClientInfo { address: Some(peer), ..ClientInfo::default() };
    let mut settings = Vec::new();
    let mut rest = Vec::new();
    for (name, value) in parameters {
        match name.as_str() {
            "user" => client.user = value,
            "database" if !value.is_empty() => client.database = Some(value),
            "database" => {}
            "options" => settings = command_line(&value)?,
            // `replication=false` is what some drivers always send.
            "replication" if ["false", "off", "no", "0"].contains(&value.as_str()) => {}
            "replication" => return Err(Error::new(Kind::Unsupported, "replication is not supported")),
            _ => {
                if name == "application_name" {
                    client.application_name = Some(value.clone());
                }
                rest.push((name, value));
            }
        }
    }
    if client.user.is_empty() {
        return Err(no_user());
    }
    if !trust_remote && !peer.ip().to_canonical().is_loopback() {
        return Err(Error::new(
            Kind::Authentication,
            format!("no entry for host \"{}\", user \"{}\": only clients on this machine are trusted", peer.ip(), client.user),
        )
        .with_hint("Start the server with --trust-remote to let clients of other machines in without a password."));
    }
    settings.append(&mut rest);
    Ok(Admission { client, settings })
}

/// The settings of the `options` parameter: `-c name=value` and `--name=value`, a backslash before a blank that belongs to a value.
fn command_line(options: &str) -> Result<Vec<(String, String)>> {
    let mut words = vec![String::new()];
    let mut characters = options.chars();
    while let Some(c) = characters.next() {
        let word = words.last_mut().expect("the list begins with a word");
        match c {
            '\\' => word.extend(characters.next()),
            c if c.is_ascii_whitespace() => words.push(String::new()),
            c => word.push(c),
        }
    }
    let mut words = words.into_iter().filter(|word| !word.is_empty());
    let mut settings = Vec::new();
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix("--").or_else(|| word.strip_prefix("-c").filter(|rest| !rest.is_empty())) {
            Some(setting) => setting.to_owned(),
            None if word == "-c" => words.next().unwrap_or_default(),
            None => word.clone(),
        };
        let Some((name, value)) = setting.split_once('=').filter(|_| word.starts_with('-')) else {
            return Err(Error::new(Kind::Syntax, format!("invalid command-line argument for server process: {word}")));
        };
        settings.push((name.replace('-', "_"), value.to_owned()));
    }
    Ok(settings)
}

fn no_user() -> Error {
    Error::new(Kind::Authentication, "no PostgreSQL user name specified in startup packet")
}

#[cfg(test)]
mod tests {
    use bytes::BufMut;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// A startup packet.
    fn packet(code: u32, rest: &[u8]) -> BytesMut {
        let mut packet = BytesMut::new();
        packet.put_u32(8 + rest.len() as u32);
        packet.put_u32(code);
        packet.put_slice(rest);
        packet
    }

    /// What comes of these bytes, and what is answered.
    async fn opened(sent: &[&[u8]]) -> (Result<Opening>, Vec<u8>) {
        let (mut client, server) = tokio::io::duplex(1 << 16);
        let (reader, writer) = tokio::io::split(server);
        let serving = tokio::spawn(async move {
            let (mut incoming, mut outgoing) = (Incoming::new(reader), Outgoing::new(writer));
            let opening = open(&mut incoming, &mut outgoing).await;
            outgoing.flush().await.expect("the client reads");
            opening
        });
        let mut answer = Vec::new();
        for bytes in sent {
            client.write_all(bytes).await.expect("the server reads");
            // Each of these waits for its answer of one byte but the last.
            if !std::ptr::eq(*bytes, sent[sent.len() - 1]) {
                answer.push(client.read_u8().await.expect("an answer"));
            }
        }
        client.shutdown().await.expect("the server reads");
        client.read_to_end(&mut answer).await.expect("the server closes");
        (serving.await.expect("no panic"), answer)
    }

    fn user() -> BTreeMap<String, String> {
        BTreeMap::from([("user".to_owned(), "ann".to_owned())])
    }

    #[tokio::test]
    async fn encryption_is_declined_then_the_session_begins() {
        let start = packet(VERSION, b"user\0ann\0\0");
        let (opening, answer) = opened(&[&packet(GSS_ENCRYPTION, b""), &packet(SSL, b""), &start]).await;
        assert_eq!(opening.expect("a session"), Opening::Session(user()));
        assert_eq!(answer, b"NN");
    }

    #[tokio::test]
    async fn a_newer_protocol_is_negotiated_down() {
        let (opening, answer) = opened(&[&packet(VERSION + 2, b"user\0ann\0_pq_.x\0y\0\0")]).await;
        assert_eq!(opening.expect("a session"), Opening::Session(user()));
        assert_eq!(answer, b"v\0\0\0\x13\0\x03\0\0\0\0\0\x01_pq_.x\0");
    }

    #[tokio::test]
    async fn a_cancel_request_is_told_apart() {
        let (opening, answer) = opened(&[&packet(CANCEL, b"\0\0\0\x07\0\0\0\x09")]).await;
        let Opening::Cancel { pid, secret } = opening.expect("a request") else { panic!("not a cancel request") };
        assert!(pid == 7 && secret.eq_value(&SecretKey::I32(9)) && answer.is_empty());
    }

    #[tokio::test]
    async fn what_breaks_the_protocol_is_refused() {
        let mut behind = packet(SSL, b"");
        behind.extend_from_slice(&packet(VERSION, b"user\0ann\0\0"));
        let cases: &[(&[u8], Kind, &str)] = &[
            (&behind, Kind::Protocol, "received unencrypted data after SSL request"),
            (
                &packet(2 << 16, b"user\0ann\0\0"),
                Kind::Unsupported,
                "unsupported frontend protocol 2.0: server supports 3.0 to 3.0",
            ),
            (&packet(VERSION, b"user\0ann\0"), Kind::Protocol, "invalid startup packet layout: expected terminator as last byte"),
            (&packet(VERSION, b""), Kind::Protocol, "invalid startup packet layout: expected terminator as last byte"),
            (&packet(VERSION, b"\0"), Kind::Authentication, "no PostgreSQL user name specified in startup packet"),
            (&packet(VERSION, b"user\0\xff\0\0"), Kind::InvalidEncoding, "invalid byte sequence for encoding \"UTF8\": 0xff"),
            (&packet(CANCEL, b"\0"), Kind::Protocol, "invalid length of startup packet"),
            (b"GET / HTTP/1.1\r\n", Kind::Protocol, "invalid length of startup packet"),
        ];
        for (bytes, kind, message) in cases {
            let (opening, _) = opened(&[bytes]).await;
            let e = opening.expect_err(message);
            assert_eq!((e.kind(), e.message()), (*kind, *message));
        }
    }

    #[test]
    fn parameters_are_sorted() {
        let local: SocketAddr = "127.0.0.1:9".parse().expect("an address");
        let remote: SocketAddr = "192.0.2.1:9".parse().expect("an address");
        let mut parameters = user();
        parameters.insert("options".to_owned(), r"-c statement_timeout=5 --search-path=a\ b -cx.y=1".to_owned());
        parameters.insert("TimeZone".to_owned(), "it's".to_owned());
        let admission = admit(parameters, local, false).expect("local peers are trusted");
        let settings: Vec<(&str, &str)> = admission.settings.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(settings, [("statement_timeout", "5"), ("search_path", "a b"), ("x.y", "1"), ("TimeZone", "it's")]);
        assert_eq!(admit(user(), remote, false).expect_err("not trusted").kind(), Kind::Authentication);
        assert!(admit(user(), remote, true).is_ok());
    }
}

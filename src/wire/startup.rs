//! A connection's first messages: what it wants (encryption, a session, or a statement cancelled), which protocol it speaks, and who
//! it says it is. Whether it may come in is decided behind this.

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

/// The major version of the protocol that is spoken.
const MAJOR: u32 = 3;

/// The newest minor version: PostgreSQL 18's. The only difference is the length of the key that cancels; 15 speaks 3.0 alone.
const NEWEST_MINOR: u32 = 2;

/// Whether a connection may go on encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    /// It may not: the server has no certificate.
    Declined,
    /// It may if it asks.
    Offered,
    /// It does.
    On,
}

/// What a connection wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// To go on under TLS, with which it was told to begin.
    Encrypted,
    /// A session in this minor version of the protocol, with these parameters.
    Session { minor: u32, parameters: BTreeMap<String, String> },
    /// The statement of another connection cancelled.
    Cancel { pid: i32, secret: SecretKey },
    /// Nothing more: it went away.
    Closed,
}

/// Reads up to the startup message or cancel request, and answers what comes before.
pub(super) async fn open<R, W>(incoming: &mut Incoming<R>, outgoing: &mut Outgoing<W>, encryption: Encryption) -> Result<Opening>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let (mut ssl_asked, mut gss_asked) = (encryption == Encryption::On, encryption == Encryption::On);
    loop {
        let Some(packet) = incoming.packet().await? else {
            return Ok(Opening::Closed);
        };
        match (&packet[4..8]).get_u32() {
            SSL if !ssl_asked && encryption == Encryption::Offered => {
                nothing_behind(incoming, "SSL request")?;
                outgoing.put(&SslResponse::Accept)?;
                outgoing.flush().await?;
                return Ok(Opening::Encrypted);
            }
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

/// Answers `N`.
async fn refuse_encryption<R, W>(incoming: &Incoming<R>, outgoing: &mut Outgoing<W>, what: &str) -> Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    outgoing.put(&SslResponse::Refuse)?;
    outgoing.flush().await?;
    nothing_behind(incoming, what)
}

/// Bytes behind a request for encryption were sent before its answer, so whoever sent them (CVE-2021-23214) would have them obeyed as if
/// they had been encrypted: such a connection ends.
fn nothing_behind<R: AsyncRead + Unpin>(incoming: &Incoming<R>, what: &str) -> Result<()> {
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
    if major != MAJOR {
        let message =
            format!("unsupported frontend protocol {major}.{minor}: server supports {MAJOR}.0 to {MAJOR}.{NEWEST_MINOR}");
        return Err(Error::new(Kind::Unsupported, message));
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
    let spoken = minor.min(NEWEST_MINOR);
    if minor > spoken || !unknown.is_empty() {
        outgoing.put(&NegotiateProtocolVersion::new((MAJOR << 16 | spoken) as i32, unknown))?;
    }
    Ok(Opening::Session { minor: spoken, parameters })
}

/// Who asks, and with what.
#[derive(Debug)]
pub(super) struct Admission {
    pub(super) client: ClientInfo,
    /// Settings as a server's command line has them.
    options: String,
    settings: Vec<(String, String)>,
}

impl Admission {
    /// The settings that the session begins with, in order.
    pub(super) fn settings(&self) -> Result<Vec<(String, String)>> {
        let mut settings = command_line(&self.options)?;
        settings.extend_from_slice(&self.settings);
        Ok(settings)
    }
}

/// Sorts the startup message's parameters. [`Kind::Authentication`] without a user.
pub(super) fn sort(parameters: BTreeMap<String, String>, peer: SocketAddr) -> Result<Admission> {
    let mut client = ClientInfo { address: Some(peer), ..ClientInfo::default() };
    let (mut options, mut settings) = (String::new(), Vec::new());
    for (name, value) in parameters {
        match name.as_str() {
            "user" => client.user = value,
            "database" if !value.is_empty() => client.database = Some(value),
            "database" => {}
            "options" => options = value,
            // `replication=false` is what some drivers always send.
            "replication" if ["false", "off", "no", "0"].contains(&value.as_str()) => {}
            "replication" => return Err(Error::new(Kind::Unsupported, "replication is not supported")),
            _ => {
                if name == "application_name" {
                    client.application_name = Some(value.clone());
                }
                settings.push((name, value));
            }
        }
    }
    if client.user.is_empty() {
        return Err(no_user());
    }
    Ok(Admission { client, options, settings })
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
        opened_with(Encryption::Declined, sent).await
    }

    async fn opened_with(encryption: Encryption, sent: &[&[u8]]) -> (Result<Opening>, Vec<u8>) {
        let (mut client, server) = tokio::io::duplex(1 << 16);
        let (reader, writer) = tokio::io::split(server);
        let serving = tokio::spawn(async move {
            let (mut incoming, mut outgoing) = (Incoming::new(reader), Outgoing::new(writer));
            let opening = open(&mut incoming, &mut outgoing, encryption).await;
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

    const VERSION: u32 = MAJOR << 16;

    fn session_of(minor: u32) -> Opening {
        Opening::Session { minor, parameters: user() }
    }

    fn user() -> BTreeMap<String, String> {
        BTreeMap::from([("user".to_owned(), "ann".to_owned())])
    }

    #[tokio::test]
    async fn encryption_is_declined_then_the_session_begins() {
        let start = packet(VERSION, b"user\0ann\0\0");
        let (opening, answer) = opened(&[&packet(GSS_ENCRYPTION, b""), &packet(SSL, b""), &start]).await;
        assert_eq!(opening.expect("a session"), session_of(0));
        assert_eq!(answer, b"NN");
    }

    #[tokio::test]
    async fn encryption_is_offered_once_and_nothing_may_stand_behind_the_request() {
        let (opening, answer) = opened_with(Encryption::Offered, &[&packet(GSS_ENCRYPTION, b""), &packet(SSL, b"")]).await;
        assert_eq!((opening.expect("TLS"), answer.as_slice()), (Opening::Encrypted, b"NS".as_slice()));
        let behind = [packet(SSL, b""), packet(VERSION, b"user\0ann\0\0")].concat();
        let (opening, answer) = opened_with(Encryption::Offered, &[&behind]).await;
        assert_eq!(opening.expect_err("refused").message(), "received unencrypted data after SSL request");
        assert_eq!(answer, b"");
        let (opening, _) = opened_with(Encryption::On, &[&packet(SSL, b"")]).await;
        let refused = opening.expect_err("it is on");
        assert_eq!(refused.message(), "unsupported frontend protocol 1234.5679: server supports 3.0 to 3.2");
    }

    #[tokio::test]
    async fn a_newer_protocol_is_negotiated_down() {
        type Case = (u32, &'static [u8], u32, &'static [u8]);
        let cases: &[Case] = &[
            (0, b"user\0ann\0\0", 0, b""),
            (0, b"user\0ann\0_pq_.x\0y\0\0", 0, b"v\0\0\0\x13\0\x03\0\0\0\0\0\x01_pq_.x\0"),
            (2, b"user\0ann\0\0", 2, b""),
            (3, b"user\0ann\0\0", 2, b"v\0\0\0\x0c\0\x03\0\x02\0\0\0\0"),
            (9999, b"user\0ann\0_pq_.x\0y\0\0", 2, b"v\0\0\0\x13\0\x03\0\x02\0\0\0\x01_pq_.x\0"),
        ];
        for (asked, parameters, spoken, said) in cases {
            let (opening, answer) = opened(&[&packet(VERSION + asked, parameters)]).await;
            assert_eq!((opening.expect("a session"), answer.as_slice()), (session_of(*spoken), *said), "3.{asked}");
        }
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
                "unsupported frontend protocol 2.0: server supports 3.0 to 3.2",
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
        let mut parameters = user();
        parameters.insert("options".to_owned(), r"-c statement_timeout=5 --search-path=a\ b -cx.y=1".to_owned());
        parameters.insert("TimeZone".to_owned(), "it's".to_owned());
        let admission = sort(parameters, local).expect("it has a user");
        let settings = admission.settings().expect("well formed");
        let settings: Vec<(&str, &str)> = settings.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(settings, [("statement_timeout", "5"), ("search_path", "a b"), ("x.y", "1"), ("TimeZone", "it's")]);
        assert_eq!(sort(BTreeMap::new(), local).expect_err("no user").kind(), Kind::Authentication);
    }
}

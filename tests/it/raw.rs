//! A Postgres client that is nothing but a socket: for tests of single messages, in forms that no driver sends.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::{ClientConfig, ClientConnection, StreamOwned};

/// A message of the server: its type and its body.
pub type Message = (char, Vec<u8>);

/// Bytes both ways, in plain text or under TLS.
trait Socket: Read + Write + Send {}

impl<S: Read + Write + Send> Socket for S {}

/// A connection; reads give up after a minute.
pub struct Raw(Box<dyn Socket>);

impl Raw {
    /// A socket that has said nothing yet.
    pub fn open(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).expect("the server listens");
        socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout can be set");
        Self(Box::new(socket))
    }

    /// The same under TLS, after an SSLRequest that is answered with `S`.
    pub fn secure(address: SocketAddr, config: Arc<ClientConfig>) -> Self {
        let mut socket = TcpStream::connect(address).expect("the server listens");
        socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout can be set");
        socket.write_all(&startup(80_877_103, &[])).expect("the server reads");
        let mut answer = [0];
        socket.read_exact(&mut answer).expect("an answer");
        assert_eq!(answer[0], b'S');
        Self::tls(socket, config)
    }

    /// The same under TLS from the first byte.
    pub fn secure_directly(address: SocketAddr, config: Arc<ClientConfig>) -> Self {
        let socket = TcpStream::connect(address).expect("the server listens");
        socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout can be set");
        Self::tls(socket, config)
    }

    fn tls(socket: TcpStream, config: Arc<ClientConfig>) -> Self {
        let name = "localhost".try_into().expect("a name");
        Self(Box::new(StreamOwned::new(ClientConnection::new(config, name).expect("a client"), socket)))
    }

    /// A session on `database`, and what was said up to its first ReadyForQuery.
    pub fn session(address: SocketAddr, database: &str) -> (Self, Vec<Message>) {
        let mut raw = Self::open(address);
        raw.packet(&startup(3 << 16, &[("user", "tester"), ("database", database)]));
        let said = raw.until_ready();
        (raw, said)
    }

    /// Sends bytes as they are.
    pub fn packet(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("the server reads");
    }

    /// Sends one message.
    pub fn send(&mut self, kind: u8, body: &[u8]) {
        self.packet(&message(kind, body));
    }

    /// One byte, as the answer to an SSLRequest is.
    pub fn byte(&mut self) -> u8 {
        let mut byte = [0];
        self.0.read_exact(&mut byte).expect("an answer");
        byte[0]
    }

    /// The next message; `None` when the server closed the connection.
    pub fn receive(&mut self) -> Option<Message> {
        let mut head = [0; 5];
        match self.0.read_exact(&mut head) {
            Ok(()) => {}
            Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                panic!("no answer within a minute")
            }
            Err(_) => return None,
        }
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let mut body = vec![0; length - 4];
        self.0.read_exact(&mut body).expect("a whole message");
        Some((char::from(head[0]), body))
    }

    /// The messages up to a ReadyForQuery or the end of the connection.
    pub fn until_ready(&mut self) -> Vec<Message> {
        let mut all = Vec::new();
        while let Some(message) = self.receive() {
            let ready = message.0 == 'Z';
            all.push(message);
            if ready {
                break;
            }
        }
        all
    }

    /// The answer to a simple query.
    pub fn query(&mut self, sql: &str) -> Vec<Message> {
        self.send(b'Q', &text(sql));
        self.until_ready()
    }
}

/// A message with its type and length.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend_from_slice(&(4 + body.len() as u32).to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// A startup packet: a code and, for a session, parameters.
pub fn startup(code: u32, parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut body = code.to_be_bytes().to_vec();
    for (name, value) in parameters {
        body.extend(text(name));
        body.extend(text(value));
    }
    if !parameters.is_empty() {
        body.push(0);
    }
    let mut bytes = (4 + body.len() as u32).to_be_bytes().to_vec();
    bytes.extend(body);
    bytes
}

/// A text with the zero byte that ends it.
pub fn text(text: &str) -> Vec<u8> {
    [text.as_bytes(), b"\0"].concat()
}

/// The types of messages in order.
pub fn kinds(messages: &[Message]) -> String {
    messages.iter().map(|(kind, _)| kind).collect()
}

/// A field of the first error among the messages: `C` the SQLSTATE, `M` the message, `P` the position.
pub fn error(messages: &[Message], field: char) -> Option<String> {
    let (_, body) = messages.iter().find(|(kind, _)| *kind == 'E')?;
    let mut fields = body.split(|b| *b == 0).filter(|f| !f.is_empty());
    fields.find(|f| char::from(f[0]) == field).map(|f| String::from_utf8_lossy(&f[1..]).into_owned())
}

/// The first value of the first row; `None` for null or no row.
pub fn value(messages: &[Message]) -> Option<Vec<u8>> {
    let (_, body) = messages.iter().find(|(kind, _)| *kind == 'D')?;
    let length = i32::from_be_bytes([body[2], body[3], body[4], body[5]]);
    usize::try_from(length).ok().map(|length| body[6..6 + length].to_vec())
}

/// The process id and key of a session's first answer.
pub fn cancel_key(said: &[Message]) -> Vec<u8> {
    said.iter().find(|(kind, _)| *kind == 'K').expect("BackendKeyData").1.clone()
}

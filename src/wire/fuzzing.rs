//! A door for fuzzers: any bytes as what one client sends over a socket, to a server that has a small table. They end with the server's
//! end of the connection, within its deadlines; a panic is a finding, also one that the connection survives (it is told as XX000), and so
//! is a server that does not answer. It exists for `fuzz/` and for the tests only.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::catalog::Source;
use crate::engine::{Engine, Options};

/// Longer than any deadline of the server.
const PATIENCE: Duration = Duration::from_secs(20);

/// A startup message of protocol 3.0 for user `f`.
const STARTUP: &[u8] = b"\0\0\0\x10\0\x03\0\0user\0f\0\0";

/// What one client sends: from its first byte on when the first of `bytes` is odd, else after a login.
pub fn conversation(bytes: &[u8]) {
    static SERVER: OnceLock<SocketAddr> = OnceLock::new();
    let Some((first, sent)) = bytes.split_first() else { return };
    let mut socket = TcpStream::connect(SERVER.get_or_init(serve)).expect("the server takes connections");
    socket.set_read_timeout(Some(PATIENCE)).and_then(|()| socket.set_write_timeout(Some(PATIENCE))).expect("timeouts are set");
    let mut reader = socket.try_clone().expect("a socket can be had twice");
    // A server may end a connection before all is sent: that is no fault.
    let writer = std::thread::spawn({
        let all = if first % 2 == 0 { [STARTUP, sent].concat() } else { sent.to_vec() };
        move || {
            let _ = socket.write_all(&all);
            let _ = socket.shutdown(Shutdown::Write);
        }
    });
    let mut told = Vec::new();
    match reader.read_to_end(&mut told) {
        Ok(_) => {}
        Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => {}
        Err(e) => panic!("the server did not end the connection: {e}"),
    }
    writer.join().expect("writing does not panic");
    let fault = b"CXX000\0";
    assert!(!told.windows(fault.len()).any(|part| part == fault), "an internal error: {}", String::from_utf8_lossy(&told));
}

/// Starts the server for as long as the process lives. Statements have a second, and a login two.
fn serve() -> SocketAddr {
    let folder = std::env::temp_dir().join(format!("stoa-wire-fuzzing-{}", std::process::id()));
    let data = folder.join("data");
    std::fs::create_dir_all(&data).expect("the folder for temporary files can be written to");
    std::fs::write(data.join("t.csv"), "id,name,day\n1,one,2024-01-01\n2,two,\n").expect("a table can be written");
    let source = Source { name: Some("f".to_owned()), location: data.display().to_string() };
    let options = Options {
        statement_timeout: Duration::from_secs(1),
        memory: 64 << 20,
        ..Options::new(vec![source], folder.join("state"))
    };
    let engine = Engine::open(options).expect("the engine opens");
    let (told, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            told.send(listener.local_addr().expect("it is bound")).expect("somebody waits for it");
            let options = super::Options { authentication_timeout: Duration::from_secs(2), ..super::Options::default() };
            super::serve(listener, Arc::clone(&engine), options, CancellationToken::new()).await.expect("it serves");
        });
    });
    address.recv().expect("the server starts")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Right messages, cut off and with bytes changed.
    #[test]
    fn damaged_conversations_end() {
        let message = |kind: u8, body: &[u8]| [&[kind][..], &(body.len() as u32 + 4).to_be_bytes(), body].concat();
        let conversation_of = [
            message(b'Q', b"select id, name from t order by 1; select 1\0"),
            message(b'P', b"s\0select id from t where id = $1 or name = $2\0\0\x01\0\0\0\x14"),
            message(b'D', b"Ss\0"),
            message(b'B', b"p\0s\0\0\x02\0\x01\0\0\0\x02\0\0\0\x08\0\0\0\0\0\0\0\x01\0\0\0\x01x\0\x01\0\x01"),
            message(b'D', b"Pp\0"),
            message(b'E', b"p\0\0\0\0\x01"),
            message(b'C', b"Sp\0"),
            message(b'H', b""),
            message(b'S', b""),
            message(b'Q', b"copy t to stdout (format binary)\0"),
            message(b'X', b""),
        ]
        .concat();
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        for round in 0..300 {
            let mut bytes = if round % 5 == 0 {
                [&[1], STARTUP, &conversation_of[..]].concat()
            } else {
                [&[0], &conversation_of[..]].concat()
            };
            for _ in 0..=next(3) {
                let at = 1 + next(bytes.len() - 1);
                bytes[at] = next(256) as u8;
            }
            bytes.truncate(1 + next(2 * bytes.len()).min(bytes.len() - 1));
            conversation(&bytes);
        }
    }
}

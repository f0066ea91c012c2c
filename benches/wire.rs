//! Rows that reach a client in a second, by type, format and way, over a socket on the loopback; and how long a small statement takes there
//! and back. `cargo bench --bench wire` takes about a minute. The client throws away what it reads.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stoa::catalog::Source;
use stoa::engine::{Engine, Options};
use tokio_util::sync::CancellationToken;

const ROWS: u64 = 200_000;

/// Columns, each named after its type.
const TYPES: [&str; 7] = ["bigint", "date", "timestamp", "double", "numeric", "text", "boolean"];

/// A server over a small catalog, for as long as the process lives.
fn serve() -> SocketAddr {
    let folder = tempfile::tempdir().expect("a temporary folder").keep();
    let mut csv = TYPES.join(",") + "\n";
    for n in 0..ROWS {
        let (day, second) = (n % 28 + 1, n * 7919 % 86_400);
        let (hour, minute) = (second / 3600, second / 60 % 60);
        let fare = if n % 11 == 0 { String::new() } else { format!("{}.{:02}", n % 100, n % 97) };
        csv += &format!(
            "{},2023-01-{day:02},2023-02-{day:02} {hour:02}:{minute:02}:{:02},{},{fare},\"stop {}, north\",{}\n",
            n * 7919,
            second % 60,
            n as f64 / 7.0,
            n % 1000,
            n % 3 == 0
        );
    }
    std::fs::create_dir(folder.join("data")).expect("a folder");
    std::fs::write(folder.join("data/rides.csv"), csv).expect("a table");
    let source = Source { name: Some("bench".to_owned()), location: folder.join("data").display().to_string() };
    let engine = Engine::open(Options::new(vec![source], folder.join("state"))).expect("the engine opens");
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            tell.send(listener.local_addr().expect("it is bound")).expect("somebody waits");
            let options = stoa::wire::Options::default();
            stoa::wire::serve(listener, Arc::clone(&engine), options, CancellationToken::new()).await.expect("it serves");
        });
    });
    told.recv().expect("the server starts")
}

/// One session that reads answers and keeps nothing of them.
struct Client {
    socket: TcpStream,
    chunk: Vec<u8>,
}

impl Client {
    fn new(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).expect("the server takes connections");
        socket.set_nodelay(true).expect("a socket of TCP");
        let mut client = Self { socket, chunk: vec![0; 1 << 18] };
        let parameters = b"user\0bench\0database\0bench\0\0";
        let head = [(parameters.len() as u32 + 8).to_be_bytes(), (3u32 << 16).to_be_bytes()].concat();
        client.ask(&[&head[..], parameters].concat());
        client
    }

    /// Sends messages and reads up to ReadyForQuery; how many bytes that were.
    fn ask(&mut self, messages: &[u8]) -> usize {
        self.socket.write_all(messages).expect("the server reads");
        let (mut total, mut tail) = (0, Vec::new());
        while !tail.ends_with(b"Z\0\0\0\x05I") && !tail.ends_with(b"Z\0\0\0\x05T") {
            let got = self.socket.read(&mut self.chunk).expect("the server writes");
            assert!(got > 0 && (total > 0 || self.chunk[0] != b'E'), "{}", String::from_utf8_lossy(&self.chunk[..got]));
            total += got;
            tail.extend_from_slice(&self.chunk[got.saturating_sub(6)..got]);
            tail.drain(..tail.len().saturating_sub(6));
        }
        total
    }

    /// The simple protocol.
    fn query(&mut self, sql: &str) -> usize {
        self.ask(&message(b'Q', &[sql.as_bytes(), b"\0"].concat()))
    }

    /// The extended protocol, one format for all columns.
    fn execute(&mut self, sql: &str, binary: bool) -> usize {
        let parse = message(b'P', &[b"\0", sql.as_bytes(), b"\0\0\0"].concat());
        let bind = message(b'B', &[&b"\0\0\0\0\0\0\0\x01\0"[..], &[u8::from(binary)]].concat());
        self.ask(&[parse, bind, message(b'E', b"\0\0\0\0\0"), message(b'S', b"")].concat())
    }

    /// A cursor, ten thousand rows at a time.
    fn scroll(&mut self, sql: &str) -> usize {
        self.query("begin");
        self.query(&format!("declare c no scroll cursor for {sql}"));
        let read = (0..ROWS.div_ceil(10_000)).map(|_| self.query("fetch 10000 from c")).sum();
        self.query("commit");
        read
    }
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &(body.len() as u32 + 4).to_be_bytes(), body].concat()
}

fn wire(c: &mut Criterion) {
    let mut client = Client::new(serve());
    client.query("select count(*) from rides");
    let mut group = c.benchmark_group("wire");
    group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    group.throughput(Throughput::Elements(ROWS));
    for name in TYPES {
        for (format, binary) in [("text", false), ("binary", true)] {
            let sql = format!("select \"{name}\" from rides");
            group.bench_function(format!("{name}/{format}"), |b| b.iter(|| client.execute(&sql, binary)));
        }
    }
    let all = "select * from rides";
    for (format, binary) in [("text", false), ("binary", true)] {
        group.bench_function(format!("row/fetch/{format}"), |b| b.iter(|| client.execute(all, binary)));
    }
    group.bench_function("row/cursor", |b| b.iter(|| client.scroll(all)));
    for format in ["text", "csv", "binary"] {
        let sql = format!("copy rides to stdout (format {format})");
        group.bench_function(format!("row/copy/{format}"), |b| b.iter(|| client.query(&sql)));
    }
    group.throughput(Throughput::Elements(1));
    group.bench_function("select 1/simple", |b| b.iter(|| client.query("select 1")));
    group.bench_function("select 1/extended", |b| b.iter(|| client.execute("select 1", false)));
    group.finish();
}

criterion_group!(benches, wire);
criterion_main!(benches);

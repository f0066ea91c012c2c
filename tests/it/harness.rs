//! A Stoa server for tests: the engine and the wire in this process, on a thread and a port of its own, over the fixture
//! catalog; and the clients that ask it.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use stoa::engine::{Engine, Options};
use stoa::{catalog, snapshot, store, wire};
use tokio::net::TcpListener;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};
use tokio_util::sync::CancellationToken;

/// The repository's root.
pub fn root() -> PathBuf {
    // As the catalog names what stands there, also where the repository is reached by a link.
    Path::new(env!("CARGO_MANIFEST_DIR")).canonicalize().expect("the tests run beside the package")
}

/// A program with an environment of nothing but where programs and temporary files are: not the settings, the language, the time zone or
/// the options of whoever runs the tests (`STOA_THREADS`, `PGTZ`, `PGOPTIONS`, `LANGUAGE`, ...).
pub fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.env_clear().env("LC_ALL", "C.UTF-8");
    command.envs(["PATH", "TMPDIR"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command
}

/// psql asking as `tester`, without anyone's `.psqlrc`.
pub fn psql(port: impl AsRef<OsStr>, database: &str) -> Command {
    let mut psql = program("psql");
    psql.args(["-X", "-h", "127.0.0.1", "-U", "tester", "-d", database, "-p"]).arg(port).env("PGCONNECT_TIMEOUT", "10");
    psql
}

/// An address that refuses connections for as long as the socket is kept: it is taken, so that no other test gets it, and nobody listens.
pub fn closed_port() -> (socket2::Socket, SocketAddr) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    socket.bind(&any.into()).expect("a free port");
    let address = socket.local_addr().ok().and_then(|address| address.as_socket()).expect("it is bound");
    (socket, address)
}

/// The published files that the fixture catalog describes.
pub fn shared_data() -> PathBuf {
    let data = root().join("../shared/data");
    data.canonicalize().unwrap_or_else(|e| panic!("{}: {e}; the tests need the real data beside the repository", data.display()))
}

/// A running server.
pub struct Server {
    pub address: SocketAddr,
    pub engine: Arc<Engine>,
    stop: CancellationToken,
    thread: Option<std::thread::JoinHandle<()>>,
    state: PathBuf,
    _fresh: Option<tempfile::TempDir>,
}

/// What a test changes of the defaults.
#[derive(Clone, Default)]
pub struct Setup {
    pub catalogs: Vec<(&'static str, PathBuf)>,
    pub mirrors: Vec<(String, String)>,
    pub memory: Option<usize>,
    /// Memory for answers that are given again, in bytes.
    pub result_cache: Option<usize>,
    pub max_connections: Option<usize>,
    /// A state folder that outlives the server; a fresh one when `None`.
    pub state: Option<PathBuf>,
    /// How long a remote source is believed to be unchanged.
    pub revalidate: Option<Duration>,
    /// Settings of bucket stores, as environment variables would give them.
    pub settings: Vec<(String, String)>,
    /// Who is let in.
    pub access: wire::Access,
    /// How long a login may take.
    pub authentication_timeout: Option<Duration>,
}

impl Server {
    /// Starts a server over `setup`.
    pub fn start(setup: Setup) -> Self {
        let fresh = setup.state.is_none().then(|| tempfile::tempdir().expect("a temporary folder"));
        let state = setup.state.clone().or_else(|| fresh.as_ref().map(|f| f.path().to_owned())).expect("one of the two");
        let engine = Engine::open(options(&state, &setup)).expect("the engine opens");
        let stop = CancellationToken::new();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn({
            let (engine, stop) = (Arc::clone(&engine), stop.clone());
            let defaults = wire::Options::default();
            let options = wire::Options {
                max_connections: setup.max_connections.unwrap_or(defaults.max_connections),
                authentication_timeout: setup.authentication_timeout.unwrap_or(defaults.authentication_timeout),
                access: setup.access.clone(),
                ..defaults
            };
            move || {
                let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
                runtime.block_on(async {
                    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
                    tell.send(listener.local_addr().expect("bound")).expect("the test waits");
                    wire::serve(listener, engine, options, stop).await.expect("serves until stopped");
                });
            }
        });
        let address = told.recv().expect("the server starts");
        Self { address, engine, stop, thread: Some(thread), state, _fresh: fresh }
    }

    /// Its state folder.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The server over the fixture catalog that tests share: first touches are made once.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(Setup { catalogs: vec![("open", fixtures())], ..Setup::default() }))
    }

    /// A tokio-postgres client on the catalog `database`.
    pub async fn client(&self, database: &str) -> Client {
        let config = format!("host=127.0.0.1 port={} user=tester dbname={database}", self.address.port());
        let (client, connection) = tokio_postgres::connect(&config, NoTls).await.expect("connects");
        tokio::spawn(async move {
            // The connection ends with its client.
            let _ = connection.await;
        });
        client
    }

    /// What psql prints on standard output and on standard error.
    pub fn psql(&self, database: &str, arguments: &[&str]) -> (String, String) {
        let out =
            psql(self.address.port().to_string(), database).args(arguments).output().expect("psql is installed by tests/run");
        (String::from_utf8_lossy(&out.stdout).into_owned(), String::from_utf8_lossy(&out.stderr).into_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The rows of a query in their text form; NULL is empty.
pub async fn rows(client: &Client, sql: &str) -> Result<Vec<Vec<String>>, tokio_postgres::Error> {
    let mut rows = Vec::new();
    for message in client.simple_query(sql).await? {
        if let SimpleQueryMessage::Row(row) = message {
            rows.push((0..row.len()).map(|i| row.get(i).unwrap_or_default().to_owned()).collect());
        }
    }
    Ok(rows)
}

/// The rows of a statement that succeeds: a line each, `|` between its values.
pub async fn lines(client: &Client, sql: &str) -> String {
    let found = rows(client, sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    found.iter().map(|row| row.join("|")).collect::<Vec<_>>().join("\n")
}

/// Asserts what a statement gives, as [`lines`].
pub async fn check(client: &Client, sql: &str, want: &str) {
    assert_eq!(lines(client, sql).await, want, "{sql}");
}

/// The catalog over the real files.
pub fn fixtures() -> PathBuf {
    root().join("tests/fixtures/catalog")
}

/// Options with short timeouts over `setup`.
pub fn options(state: &Path, setup: &Setup) -> Options {
    let source = |(name, location): &(&'static str, PathBuf)| catalog::Source {
        name: Some((*name).to_owned()),
        location: location.to_str().expect("UTF-8").to_owned(),
    };
    Options {
        catalogs: setup.catalogs.iter().map(source).collect(),
        cache: state.to_owned(),
        store: store::Options {
            mirrors: setup.mirrors.clone(),
            settings: setup.settings.clone(),
            connect_timeout: Duration::from_secs(2),
            backoff: Duration::from_millis(10),
            ..store::Options::default()
        },
        snapshot: {
            let defaults = snapshot::Options::new(state.to_owned());
            snapshot::Options { revalidate: setup.revalidate.unwrap_or(defaults.revalidate), ..defaults }
        },
        memory: setup.memory.unwrap_or(1 << 30),
        result_cache: setup.result_cache.unwrap_or(64 << 20),
        statement_timeout: Duration::from_secs(120),
        threads: 2,
    }
}

//! The engine: sessions that admit, plan and run SQL over the catalog's tables, under a deadline and a memory share. Any
//! protocol is unknown here.

mod admit;
mod advisory;
mod apart;
mod apply;
mod as_of;
mod blame;
mod booleans;
mod casts;
mod choices;
mod coalesce;
mod command;
mod copy;
mod dialect;
mod explain;
mod expressions;
mod failure;
mod filtered;
mod functions;
mod grammar;
mod grouped;
mod hidden;
mod history;
mod kept;
mod keyed;
mod lacking;
mod lazy;
mod limits;
mod marks;
mod merged;
mod multiset;
mod numeric;
mod operators;
mod origin;
mod parameters;
mod plain;
mod plan;
mod proven;
mod rejecting;
mod remembered;
mod renamed;
mod resolve;
mod rows_from;
mod run;
mod runtime;
mod same;
mod session;
mod settings;
mod shared;
mod signs;
mod spill;
mod statement;
mod strict;
mod syntax;
mod tokens;
mod transactions;
mod type_names;
mod undetermined;
mod unknown;
mod vectors;
mod wording;
mod wrapped;
mod yielding;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use futures::StreamExt;
use futures::stream::BoxStream;

pub use self::admit::Statement;
pub use self::command::{Command, CursorOptions, Scroll, Step};
pub use self::copy::{Copy, CopyEncoder, CopyFormat, ForceQuote};
pub use self::functions::{read_json, read_uuid};
pub use self::kept::Kept;
pub use self::origin::Origin;
pub use self::plain::{Plain, PlainRows, PlainTable};
pub use self::session::{Listed, Notification, Session};
pub use self::settings::SERVER_VERSION;
pub use self::statement::Prepared;

use self::runtime::Cpu;
use self::shared::Shared;
use crate::catalog::{self, Catalogs, TableEntry};
use crate::error::{Error, Kind, Result};
use crate::snapshot::{self, Progress, Pruned, Refreshed, Retention, Snapshot, Snapshots};
use crate::store::{self, Stores};

/// The largest descriptor that is read from a URL.
const MAX_DESCRIPTOR_BYTES: u64 = 64 << 20;

/// How an engine is opened.
#[derive(Clone, Debug)]
pub struct Options {
    pub catalogs: Vec<catalog::Source>,
    /// The folder of this machine for the index and for spill files; [`snapshot::Options::state`] is where snapshots are.
    pub cache: PathBuf,
    pub store: store::Options,
    pub snapshot: snapshot::Options,
    /// Memory that all queries share, in bytes; beyond it they spill, then fail.
    pub memory: usize,
    /// Memory beside that for answers that are given again, in bytes; 0 keeps none.
    pub result_cache: usize,
    /// The default of each session's `statement_timeout`; zero means none.
    pub statement_timeout: Duration,
    /// Threads that plan and run queries.
    pub threads: usize,
}

impl Options {
    /// The defaults over some catalogs and a state folder: 1 GiB of memory, no timeout, a thread a core.
    pub fn new(catalogs: Vec<catalog::Source>, state: impl Into<PathBuf>) -> Self {
        let state = state.into();
        Self {
            catalogs,
            store: store::Options::default(),
            snapshot: snapshot::Options::new(state.clone()),
            cache: state,
            memory: 1 << 30,
            result_cache: 64 << 20,
            statement_timeout: Duration::ZERO,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// The query engine: opened once, shared by all sessions.
///
/// ```
/// use futures::StreamExt;
/// use stoa::catalog::Source;
/// use stoa::engine::{ClientInfo, Engine, Options, Outcome};
/// use tokio_util::sync::CancellationToken;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let data = folder.path().join("data");
/// std::fs::create_dir(&data)?;
/// std::fs::write(data.join("stations.csv"), "id,name\n1,Harbour\n2,Old Town\n")?;
///
/// let city = Source { name: Some("city".into()), location: data.display().to_string() };
/// let engine = Engine::open(Options::new(vec![city], folder.path().join("state")))?;
/// let session = engine.session(ClientInfo { user: "me".into(), ..ClientInfo::default() })?;
///
/// let cancel = CancellationToken::new();
/// let statement = session.parse("select count(*) from stations")?.remove(0);
/// let prepared = session.prepare(&statement, &[], &cancel).await?;
/// let Outcome::Rows { mut stream, .. } = session.run(&prepared, &[], &cancel).await? else { panic!("a SELECT gives rows") };
/// let batch = stream.next().await.expect("one batch")?;
/// assert_eq!(batch.num_rows(), 1);
/// # Ok(())
/// # }
/// ```
pub struct Engine {
    shared: Arc<Shared>,
}

/// Who is asking.
#[derive(Clone, Debug, Default)]
pub struct ClientInfo {
    pub user: String,
    /// The catalog to connect to; the first one when `None`.
    pub database: Option<String>,
    pub application_name: Option<String>,
    pub address: Option<SocketAddr>,
    /// Who may log in; only the user is known when `None`.
    pub roles: Option<Arc<crate::roles::Roles>>,
}

/// Where a session stands (ReadyForQuery's status byte).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transaction {
    Idle,
    Open,
    Failed,
}

/// What running a statement gives.
pub enum Outcome {
    /// Rows; the command tag is `SELECT n` with the rows sent, or `tag` alone for `EXPLAIN` and `SHOW`.
    Rows { schema: SchemaRef, stream: Rows, tag: &'static str },
    /// No rows, and the command tag, such as `SET` or `BEGIN`.
    Done { tag: String },
    /// The rows of `COPY ... TO STDOUT`, and how they are written; the command tag is `COPY n`.
    Copy { schema: SchemaRef, stream: Rows, copy: Arc<Copy> },
}

/// Batches as they are made: dropping it cancels the query. Bounded, so that a slow reader slows the scan.
pub type Rows = BoxStream<'static, Result<RecordBatch>>;

/// A message to the user that is not an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// `NOTICE` or `WARNING`.
    pub severity: &'static str,
    /// A SQLSTATE, such as `00000` or `25P01`.
    pub code: &'static str,
    pub message: String,
}

impl Engine {
    /// Opens the catalogs and the state. Reads no data.
    pub fn open(mut options: Options) -> Result<Arc<Self>> {
        // Whoever opens it may move to another folder later.
        options.cache = std::path::absolute(&options.cache)?;
        options.snapshot.cache = std::path::absolute(&options.snapshot.cache)?;
        if let store::Place::Folder(folder) = &mut options.snapshot.state {
            *folder = std::path::absolute(&folder)?;
        }
        let cpu = Cpu::new(options.threads)?;
        let stores = Arc::new(Stores::new(options.store.clone())?);
        let fetch = |url: &str| fetch(&cpu, &stores, url);
        let locate = |path: &str| stores.local_file(path);
        let list = |path: &Path| snapshot::members(path, &options.snapshot);
        let sheets = |path: &Path| snapshot::sheets(path, &options.snapshot);
        let reach = catalog::Reach { fetch: &fetch, locate: &locate, list: &list, sheets: &sheets };
        let catalogs = Arc::new(Catalogs::open(Some(options.cache.clone()), &options.catalogs, &reach)?);
        let snapshots = Arc::new(Snapshots::open(stores, options.snapshot.clone())?);
        let index = Arc::clone(&catalogs);
        snapshots.tell_profiles(Arc::new(move |table, profile| {
            if let Err(e) = index.put_sketches(&table.catalog, &profile.sketches(table)) {
                tracing::warn!(table = %table.name, "catalog.related does not know what it shares with others: {e}");
            }
        }));
        Ok(Arc::new(Self { shared: Arc::new(Shared::new(&options, cpu, catalogs, snapshots)?) }))
    }

    /// Every catalog, its themes and tables.
    pub fn catalogs(&self) -> &Catalogs {
        &self.shared.catalogs
    }

    /// Asks a table's source now, and makes a new snapshot when it changed. A source that can't be read is no error where an older
    /// snapshot goes on to be served: the outcome says so.
    pub async fn refresh(&self, table: &TableEntry, progress: Option<Progress>) -> Result<Refreshed> {
        let (shared, table) = (Arc::clone(&self.shared), table.clone());
        let work = async move { shared.refresh(&table, progress).await };
        self.shared.cpu.handle().spawn(work).await.map_err(runtime::panicked)?
    }

    /// The snapshot that a table was last read from; `None` for one that was never read. No source is asked.
    pub fn last_snapshot(&self, table: &TableEntry) -> Result<Option<Arc<Snapshot>>> {
        self.shared.snapshots.last(table)
    }

    /// Removes old snapshots that nobody reads; see [`Snapshots::prune`]. Blocks.
    pub fn prune(&self, retention: &Retention, of: &dyn Fn(&[String; 3]) -> bool, dry_run: bool) -> Result<Vec<Pruned>> {
        self.shared.snapshots.prune(retention, of, dry_run)
    }
}

/// The bytes of a remote descriptor. The caller's thread waits, also where it serves a runtime of its own.
fn fetch(cpu: &Cpu, stores: &Arc<Stores>, url: &str) -> Result<Vec<u8>> {
    let (stores, url) = (Arc::clone(stores), url.to_owned());
    let (tell, told) = std::sync::mpsc::channel();
    cpu.handle().spawn(async move {
        let read = async {
            let mut bytes = Vec::new();
            for object in stores.resolve(&url).await? {
                if object.meta.size > MAX_DESCRIPTOR_BYTES {
                    let message =
                        format!("{url} has {} bytes; a descriptor has at most {MAX_DESCRIPTOR_BYTES}", object.meta.size);
                    return Err(Error::new(Kind::Descriptor, message));
                }
                let mut chunks = object.read().await?;
                while let Some(chunk) = chunks.next().await {
                    bytes.extend_from_slice(&chunk?);
                }
            }
            Ok(bytes)
        };
        // The receiver waits until it is told.
        let _ = tell.send(read.await);
    });
    told.recv().unwrap_or_else(|_| Err(Error::new(Kind::Internal, "internal error: reading a descriptor was given up")))
}

//! The engine: sessions that admit, plan and run SQL over the catalog's tables, under a deadline and a memory share. Any
//! protocol is unknown here.

mod admit;
mod as_of;
mod dialect;
mod failure;
mod functions;
mod grammar;
mod hidden;
mod limits;
mod plan;
mod resolve;
mod run;
mod runtime;
mod session;
mod settings;
mod shared;
mod spill;
mod yielding;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio_util::sync::CancellationToken;

pub use self::admit::Statement;
pub use self::session::Session;
pub use self::settings::SERVER_VERSION;

use self::admit::Action;
use self::plan::QueryPlan;
use self::runtime::Cpu;
use self::shared::Shared;
use crate::catalog::{self, Catalogs, TableEntry};
use crate::error::{Error, Kind, Result};
use crate::snapshot::{self, Progress, Pruned, Refreshed, Retention, Snapshots};
use crate::store::{self, Stores};

/// How old a plan may be before its tables are asked whether they changed.
const PLAN_IS_FRESH: Duration = Duration::from_secs(1);

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
}

/// A planned statement: what it takes and what it gives.
pub struct Prepared {
    statement: Statement,
    plan: Option<QueryPlan>,
    columns: Option<SchemaRef>,
    declared: Vec<Option<DataType>>,
    planned: Instant,
    /// The session's settings when it was planned.
    generation: u64,
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
    /// `DEALLOCATE` of this prepared statement, or of all with `None`: for whoever keeps them by name.
    Deallocated(Option<String>),
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

    /// Removes old snapshots that nobody reads; see [`Snapshots::prune`]. Blocks.
    pub fn prune(&self, retention: &Retention, of: &dyn Fn(&[String; 3]) -> bool, dry_run: bool) -> Result<Vec<Pruned>> {
        self.shared.snapshots.prune(retention, of, dry_run)
    }
}

impl Session {
    /// The statements of a query string, each admitted or refused; an empty string gives none. No statement is planned.
    pub fn parse(&self, sql: &str) -> Result<Vec<Statement>> {
        admit::parse(sql)
    }

    /// Plans a statement. `parameter_types` are those the client declared, by position; the others are inferred.
    /// Tables met for the first time are read here, and [`Self::on_progress`] hears of it.
    pub async fn prepare(
        &self,
        statement: &Statement,
        parameter_types: &[Option<DataType>],
        cancel: &CancellationToken,
    ) -> Result<Prepared> {
        self.inner.arm();
        let declared = parameter_types.to_vec();
        let plan = match &statement.action {
            Action::Query(ast) | Action::Explain { query: ast, .. } => {
                self.inner.check_not_failed()?;
                let _running = self.inner.running(&statement.sql, cancel);
                let work = plan::plan(
                    Arc::clone(&self.shared),
                    Arc::clone(&self.inner),
                    Arc::clone(ast),
                    declared.clone(),
                    Arc::clone(&statement.sql),
                );
                Some(self.shared.cpu.plan(&self.inner.limit(cancel), work).await?)
            }
            _ => None,
        };
        let columns = match &statement.action {
            Action::Query(_) => plan.as_ref().map(|p| Arc::clone(&p.columns)),
            Action::Explain { .. } => Some(run::explain_columns()),
            Action::Show(name) => Some(text_columns(&[self.shown_name(name)?])),
            Action::ShowAll => Some(text_columns(&["name", "setting", "description"])),
            Action::Set { .. }
            | Action::ResetAll
            | Action::Begin
            | Action::Commit { .. }
            | Action::Rollback { .. }
            | Action::Savepoint(_)
            | Action::ReleaseSavepoint(_)
            | Action::RollbackTo(_)
            | Action::Discard(_)
            | Action::Deallocate(_)
            | Action::Nothing(_) => None,
        };
        let generation = self.inner.with_settings(|s| s.generation());
        Ok(Prepared { statement: statement.clone(), plan, columns, declared, planned: Instant::now(), generation })
    }

    /// Runs a planned statement with its parameters, each an array of one value. `SET`, `BEGIN` and the like act here.
    pub async fn run(&self, prepared: &Prepared, parameters: &[ArrayRef], cancel: &CancellationToken) -> Result<Outcome> {
        let inner = &self.inner;
        let done = |tag: &str| Ok(Outcome::Done { tag: tag.to_owned() });
        match &prepared.statement.action {
            Action::Begin => {
                inner.check_not_failed()?;
                inner.begin();
                done("BEGIN")
            }
            Action::Commit { chain } => done(inner.end(true, *chain)),
            Action::Rollback { chain } => done(inner.end(false, *chain)),
            Action::RollbackTo(name) => {
                inner.rollback_to(name)?;
                done("ROLLBACK")
            }
            action => {
                inner.check_not_failed()?;
                match action {
                    Action::Query(_) | Action::Explain { .. } => self.run_query(prepared, parameters, cancel).await,
                    Action::Show(name) => {
                        let value = inner.with_settings(|s| s.show(name))?;
                        let columns = text_columns(&[self.shown_name(name)?]);
                        rows_of(run::text_batch(&columns, &[vec![value]])?, "SHOW")
                    }
                    Action::ShowAll => {
                        let all = inner.with_settings(|s| s.described());
                        let column = |text: fn(&crate::table::Setting) -> String| all.iter().map(text).collect::<Vec<_>>();
                        let columns =
                            [column(|s| s.name.clone()), column(|s| s.value.clone()), column(|s| s.description.to_owned())];
                        rows_of(run::text_batch(&text_columns(&["name", "setting", "description"]), &columns)?, "SHOW")
                    }
                    Action::Set { name, value, local } => {
                        inner.change_setting(name, value.as_deref(), *local)?;
                        done(if value.is_none() { "RESET" } else { "SET" })
                    }
                    Action::ResetAll => {
                        inner.with_settings(settings::Settings::reset_all);
                        done("RESET")
                    }
                    Action::Savepoint(name) => {
                        inner.savepoint(name.clone())?;
                        done("SAVEPOINT")
                    }
                    Action::ReleaseSavepoint(name) => {
                        inner.release(name)?;
                        done("RELEASE")
                    }
                    Action::Discard(tag) => {
                        inner.with_settings(settings::Settings::reset_all);
                        done(tag)
                    }
                    Action::Deallocate(name) => Ok(Outcome::Deallocated(name.clone())),
                    Action::Nothing(tag) => done(tag),
                    Action::Begin | Action::Commit { .. } | Action::Rollback { .. } | Action::RollbackTo(_) => {
                        unreachable!("matched above")
                    }
                }
            }
        }
    }

    async fn run_query(&self, prepared: &Prepared, parameters: &[ArrayRef], cancel: &CancellationToken) -> Result<Outcome> {
        let fresh = prepared.planned.elapsed() < PLAN_IS_FRESH;
        if !fresh {
            // A command of its own; the time of one that was just planned counts from its planning.
            self.inner.arm();
        }
        let again;
        let prepared = if self.is_outdated(prepared, fresh, cancel).await? {
            again = self.prepare(&prepared.statement, &prepared.declared, cancel).await?;
            if !same_types(prepared.columns(), again.columns()) {
                return Err(Error::new(Kind::Unsupported, "cached plan must not change result type")
                    .with_detail("A table that the statement reads has other columns now, or the search_path finds another one.")
                    .with_hint("Prepare the statement again."));
            }
            &again
        } else {
            prepared
        };
        let plan = prepared.plan.clone().expect("queries are planned in prepare");
        let sql = Arc::clone(&prepared.statement.sql);
        let limit = self.inner.limit(cancel);
        let running = self.inner.running(&sql, cancel);
        let (work, parameters, text) = (plan.clone(), parameters.to_vec(), Arc::clone(&sql));
        let physical = self.shared.cpu.plan(&limit, async move { run::physical(&work, &parameters, &text).await }).await?;
        let Action::Explain { analyze, verbose, .. } = prepared.statement.action else {
            let schema = Arc::clone(&plan.columns);
            let stream = run::start(Arc::clone(&self.shared), physical, &plan, limit, running, sql);
            return Ok(Outcome::Rows { schema, stream, tag: "SELECT" });
        };
        if analyze {
            let mut rows = run::start(Arc::clone(&self.shared), Arc::clone(&physical), &plan, limit, running, sql);
            while let Some(batch) = rows.next().await {
                batch?;
            }
        }
        // Telling a plan recurses as planning it did.
        let told = async move { run::explained(physical.as_ref(), analyze, verbose) };
        rows_of(self.shared.cpu.run(&self.inner.limit(cancel), told).await?, "EXPLAIN")
    }

    /// Whether the plan was made under other settings, or a table that it reads has a newer snapshot than the one it was planned on.
    async fn is_outdated(&self, prepared: &Prepared, fresh: bool, cancel: &CancellationToken) -> Result<bool> {
        if prepared.generation != self.inner.with_settings(|s| s.generation()) {
            return Ok(true);
        }
        let pinned = prepared.plan.as_ref().map_or(&[][..], |p| &p.pinned).to_vec();
        let of_one_run = prepared.plan.as_ref().is_some_and(|p| p.of_one_run);
        if fresh || (pinned.is_empty() && !of_one_run) {
            return Ok(false);
        }
        if of_one_run {
            return Ok(true);
        }
        let (shared, session) = (Arc::clone(&self.shared), Arc::clone(&self.inner));
        let asked = async move {
            for (entry, planned) in pinned {
                if shared.touch(&entry, &session).await?.id != planned.id {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        self.shared.cpu.run(&self.inner.limit(cancel), asked).await
    }

    /// The setting's name as PostgreSQL writes it, which is the column's name.
    fn shown_name(&self, name: &str) -> Result<&'static str> {
        settings::canonical_name(name)
    }
}

impl Prepared {
    /// The parameters' types, by position.
    pub fn parameters(&self) -> &[DataType] {
        self.plan.as_ref().map_or(&[], |p| &p.parameters)
    }

    /// The rows' columns; `None` when the statement gives no rows.
    pub fn columns(&self) -> Option<&SchemaRef> {
        self.columns.as_ref()
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

/// Whether rows of one are rows of the other, as a client was told of them.
fn same_types(told: Option<&SchemaRef>, now: Option<&SchemaRef>) -> bool {
    let types = |schema: &SchemaRef| schema.fields().iter().map(|f| f.data_type().clone()).collect::<Vec<_>>();
    told.map(types) == now.map(types)
}

fn text_columns(names: &[&str]) -> SchemaRef {
    Arc::new(Schema::new(names.iter().map(|n| Field::new(*n, DataType::Utf8, false)).collect::<Vec<_>>()))
}

fn rows_of(batch: RecordBatch, tag: &'static str) -> Result<Outcome> {
    Ok(Outcome::Rows { schema: batch.schema(), stream: stream::iter([Ok(batch)]).boxed(), tag })
}

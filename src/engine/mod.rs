//! The engine: sessions that admit, plan and run SQL over the catalog's tables, under a deadline and a memory share. Any
//! protocol is unknown here.

pub mod dialect;
pub mod functions;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;

use crate::catalog;
use crate::error::{Error, Kind, Result};
use crate::snapshot::{self, Progress};
use crate::store;

/// How an engine is opened.
#[derive(Clone, Debug)]
pub struct Options {
    pub catalogs: Vec<catalog::Source>,
    /// The state folder: the index, the snapshots, spill files.
    pub state: PathBuf,
    pub store: store::Options,
    pub snapshot: snapshot::Options,
    /// Memory that all queries share, in bytes; beyond it they spill, then fail.
    pub memory: usize,
    /// The default of each session's `statement_timeout`; zero means none.
    pub statement_timeout: Duration,
    /// Threads that plan and run queries.
    pub threads: usize,
}

/// The query engine: opened once, shared by all sessions.
pub struct Engine {}

/// Who is asking.
#[derive(Clone, Debug, Default)]
pub struct ClientInfo {
    pub user: String,
    /// The catalog to connect to; the first one when `None`.
    pub database: Option<String>,
    pub application_name: Option<String>,
    pub address: Option<SocketAddr>,
}

/// One client's state: database, settings, transaction. Methods take `&self`; a session serves one statement at a time.
pub struct Session {}

/// A parsed and admitted statement.
#[derive(Clone, Debug)]
pub struct Statement {}

/// A planned statement: what it takes and what it gives.
pub struct Prepared {}

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
    /// Opens the catalogs and the state folder. Reads no data.
    pub fn open(_options: Options) -> Result<Arc<Self>> {
        Err(Error::new(Kind::Internal, "not yet"))
    }

    /// A session for a client. [`Kind::UndefinedDatabase`] when there is no such catalog.
    pub fn session(self: &Arc<Self>, _client: ClientInfo) -> Result<Session> {
        Err(Error::new(Kind::Internal, "not yet"))
    }

    /// Every catalog, its themes and tables.
    pub fn catalogs(&self) -> &catalog::Catalogs {
        unreachable!()
    }
}

impl Session {
    /// The statements of a query string, each admitted or refused; an empty string gives none. No statement is planned.
    pub fn parse(&self, _sql: &str) -> Result<Vec<Statement>> {
        Err(Error::new(Kind::Internal, "not yet"))
    }

    /// Plans a statement. `parameter_types` are those the client declared, by position; the others are inferred.
    /// Tables met for the first time are read here, and `progress` hears of it.
    pub async fn prepare(
        &self,
        _statement: &Statement,
        _parameter_types: &[Option<DataType>],
        _cancel: &CancellationToken,
    ) -> Result<Prepared> {
        Err(Error::new(Kind::Internal, "not yet"))
    }

    /// Runs a planned statement with its parameters, each an array of one value. `SET`, `BEGIN` and the like act here.
    pub async fn run(&self, _prepared: &Prepared, _parameters: &[ArrayRef], _cancel: &CancellationToken) -> Result<Outcome> {
        Err(Error::new(Kind::Internal, "not yet"))
    }

    /// Where the session stands.
    pub fn transaction(&self) -> Transaction {
        Transaction::Idle
    }

    /// To be called when a statement failed: an open transaction block is failed from here on.
    pub fn fail_transaction(&self) {}

    /// A simple query string of several statements runs as one transaction: these two stand around it (no block is opened; only the
    /// bookkeeping that a failure ends the string).
    pub fn setting(&self, _name: &str) -> Option<String> {
        None
    }

    /// The settings that clients are told of (`ParameterStatus`), by name and value.
    pub fn reported_settings(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Those of [`Self::reported_settings`] that changed since the last call.
    pub fn changed_settings(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Notices since the last call, oldest first.
    pub fn notices(&self) -> Vec<Notice> {
        Vec::new()
    }

    /// Calls `heard` for the progress of first touches, as it happens.
    pub fn on_progress(&self, _heard: Progress) {}
}

impl Prepared {
    /// The parameters' types, by position.
    pub fn parameters(&self) -> &[DataType] {
        &[]
    }

    /// The rows' columns; `None` when the statement gives no rows.
    pub fn columns(&self) -> Option<&SchemaRef> {
        None
    }
}

//! One client's session: its database, settings and transaction, and what it answers to the system functions and tables.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use arrow::array::timezone::Tz;
use async_trait::async_trait;
use chrono::SecondsFormat;
use tokio_util::sync::CancellationToken;

use super::runtime::{Deadline, Limit};
use super::settings::Settings;
use super::shared::Shared;
use super::{ClientInfo, Engine, Notice, Transaction};
use crate::catalog::{KnownColumn, TableEntry};
use crate::error::{Error, Kind, Result};
use crate::name::{nearest, quoted};
use crate::snapshot::{Progress, ProgressEvent, Snapshot, Stale};
use crate::table::{Describe, RunningQuery, SessionFacts, SessionRow, Setting, SystemEnv};

/// One client's state: database, settings, transaction. Methods take `&self`; a session serves one statement at a time.
pub struct Session {
    pub(super) inner: Arc<Inner>,
    /// Holds the engine's threads for as long as a session uses them.
    pub(super) shared: Arc<Shared>,
}

/// What a session is, for itself and for those that list or cancel it.
pub struct Inner {
    pub(super) id: i32,
    pub(super) user: String,
    pub(super) database: String,
    client: Option<SocketAddr>,
    started: SystemTime,
    state: Mutex<State>,
    shared: std::sync::Weak<Shared>,
}

#[derive(Default)]
struct State {
    settings: Settings,
    transaction: Block,
    savepoints: Vec<String>,
    notices: Vec<Notice>,
    progress: Option<Progress>,
    /// The snapshots that the client was told are stale.
    told_stale: HashSet<String>,
    /// The text of the running or last statement.
    query: String,
    running: Option<(SystemTime, CancellationToken)>,
    terminate: CancellationToken,
    deadline: Deadline,
}

/// A transaction block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Block {
    #[default]
    None,
    Open,
    Failed,
}

impl Engine {
    /// A session for a client. [`Kind::UndefinedDatabase`] when there is no such catalog.
    pub fn session(self: &Arc<Self>, client: ClientInfo) -> Result<Session> {
        let names = self.shared.catalogs.names();
        let database = match client.database {
            Some(database) => database,
            None => names.first().cloned().ok_or_else(|| {
                Error::new(Kind::UndefinedDatabase, "there is no catalog").with_hint("Start with --catalog DIR or URL.")
            })?,
        };
        if !names.contains(&database) {
            let e = Error::new(Kind::UndefinedDatabase, format!("database \"{database}\" does not exist"));
            let near = nearest(&database, names.iter().map(String::as_str));
            return Err(match near {
                Some(near) => e.with_hint(format!("Perhaps you meant \"{near}\".")),
                None => e.with_hint(format!("There are: {}.", names.join(", "))),
            });
        }
        let themes = self.shared.catalogs.themes(&database)?;
        let search_path: Vec<String> = themes.iter().map(|t| quoted(&t.name)).collect();
        let mut settings = Settings::default();
        settings.start_with("search_path", &search_path.join(", "))?;
        settings.start_with("session_authorization", &client.user)?;
        settings.start_with("statement_timeout", &self.shared.statement_timeout.as_millis().to_string())?;
        if let Some(name) = &client.application_name {
            settings.start_with("application_name", name)?;
        }
        let inner = Arc::new(Inner {
            id: self.shared.new_id(),
            user: client.user,
            database,
            client: client.address,
            started: SystemTime::now(),
            state: Mutex::new(State { settings, ..State::default() }),
            shared: Arc::downgrade(&self.shared),
        });
        self.shared.list(inner.id, &inner);
        Ok(Session { inner, shared: Arc::clone(&self.shared) })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.shared.unlist(self.inner.id);
    }
}

impl Session {
    /// The session's number, unique in its engine: what clients know as the backend's process id.
    pub fn id(&self) -> i32 {
        self.inner.id
    }

    /// The catalog that the session is connected to.
    pub fn database(&self) -> &str {
        &self.inner.database
    }

    /// Cancelled when another session ends this one (`pg_terminate_backend`).
    pub fn terminated(&self) -> CancellationToken {
        self.inner.state().terminate.clone()
    }

    /// The statement that was suspended goes on: its time counts anew, since PostgreSQL's counts only while a command runs.
    pub fn resume(&self) {
        self.inner.arm();
    }

    /// Where the session stands.
    pub fn transaction(&self) -> Transaction {
        match self.inner.state().transaction {
            Block::None => Transaction::Idle,
            Block::Open => Transaction::Open,
            Block::Failed => Transaction::Failed,
        }
    }

    /// To be called when a statement failed: an open transaction block is failed from here on.
    pub fn fail_transaction(&self) {
        let mut state = self.inner.state();
        if state.transaction == Block::Open {
            state.transaction = Block::Failed;
        }
    }

    /// A setting's value, as `SHOW` gives it; `None` when there is no such setting.
    pub fn setting(&self, name: &str) -> Option<String> {
        self.inner.state().settings.show(name).ok()
    }

    /// Sets what the client asked for at its start; a later `RESET` goes back to it.
    pub fn start_with(&self, name: &str, value: &str) -> Result<()> {
        self.inner.state().settings.start_with(name, value)
    }

    /// The settings that clients are told of (`ParameterStatus`), by name and value.
    pub fn reported_settings(&self) -> Vec<(&'static str, String)> {
        self.inner.state().settings.reported()
    }

    /// Those of [`Self::reported_settings`] that changed since the last call.
    pub fn changed_settings(&self) -> Vec<(&'static str, String)> {
        self.inner.state().settings.changed()
    }

    /// Notices since the last call, oldest first.
    pub fn notices(&self) -> Vec<Notice> {
        std::mem::take(&mut self.inner.state().notices)
    }

    /// Calls `heard` for the progress of first touches, as it happens, in place of warnings among the [`Self::notices`].
    pub fn on_progress(&self, heard: Progress) {
        self.inner.state().progress = Some(heard);
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads or changes the settings.
    pub(super) fn with_settings<T>(&self, use_them: impl FnOnce(&mut Settings) -> T) -> T {
        use_them(&mut self.state().settings)
    }

    /// A command begins: `statement_timeout` counts from now on.
    pub(super) fn arm(&self) {
        let state = self.state();
        state.deadline.arm(state.settings.statement_timeout());
    }

    /// What ends the running command early.
    pub(super) fn limit(&self, cancel: &CancellationToken) -> Limit {
        Limit { cancel: cancel.clone(), deadline: self.state().deadline.clone() }
    }

    /// `SET`, `RESET` and `set_config`. As in PostgreSQL, what is local has no effect outside a transaction block.
    pub(super) fn change_setting(&self, name: &str, value: Option<&str>, local: bool) -> Result<()> {
        let mut state = self.state();
        if local && state.transaction == Block::None {
            // The value must be right all the same.
            state.settings.check(name, value)?;
            drop(state);
            self.notice("WARNING", "25P01", "SET LOCAL can only be used in transaction blocks".to_owned());
            return Ok(());
        }
        state.settings.set(name, value, local)
    }

    /// The schemas of unqualified names.
    pub(super) fn path(&self) -> Vec<String> {
        self.state().settings.search_path().unwrap_or_default()
    }

    /// Whom first touches report to: the client's listener, else the session's own notices.
    pub(super) fn progress(self: &Arc<Self>) -> Progress {
        if let Some(heard) = &self.state().progress {
            return Arc::clone(heard);
        }
        let inner = Arc::downgrade(self);
        Arc::new(move |event| {
            if let (ProgressEvent::Warning { table, message }, Some(inner)) = (event, inner.upgrade()) {
                inner.notice("WARNING", "01000", format!("{table}: {message}"));
            }
        })
    }

    /// Tells the client that a table is not of its source as it is now: once for each snapshot.
    pub(super) fn tell_stale(self: &Arc<Self>, table: &TableEntry, snapshot: &Snapshot, stale: &Stale) {
        if self.state().told_stale.insert(snapshot.id.clone()) {
            let since = stale.since.to_rfc3339_opts(SecondsFormat::Secs, true);
            let message =
                format!("the snapshot of {} is served, since {} (stale since {since})", snapshot.created, stale.message);
            self.progress()(ProgressEvent::Warning { table: format!("{}.{}", table.schema, table.name), message });
        }
    }

    /// The zone of times without one; UTC when the setting is none that is known here.
    pub(super) fn time_zone(&self) -> Tz {
        let utc = || "+00:00".parse().expect("an offset is a zone");
        self.state().settings.show("TimeZone").ok().and_then(|zone| zone.parse().ok()).unwrap_or_else(utc)
    }

    pub(super) fn notice(&self, severity: &'static str, code: &'static str, message: String) {
        self.state().notices.push(Notice { severity, code, message });
    }

    /// Notes what runs, until the guard is dropped.
    pub(super) fn running(self: &Arc<Self>, sql: &str, cancel: &CancellationToken) -> Running {
        let mut state = self.state();
        state.query = sql.to_owned();
        state.running = Some((SystemTime::now(), cancel.clone()));
        Running(Arc::clone(self))
    }

    /// PostgreSQL's rule: in a failed block nothing is done but ending it.
    pub(super) fn check_not_failed(&self) -> Result<()> {
        if self.state().transaction == Block::Failed {
            return Err(Error::new(
                Kind::FailedTransaction,
                "current transaction is aborted, commands ignored until end of transaction block",
            ));
        }
        Ok(())
    }

    /// `BEGIN`.
    pub(super) fn begin(&self) {
        let mut state = self.state();
        if state.transaction == Block::None {
            state.transaction = Block::Open;
            state.settings.begin();
            return;
        }
        drop(state);
        self.notice("WARNING", "25001", "there is already a transaction in progress".to_owned());
    }

    /// `COMMIT` or `ROLLBACK`, and the command tag it gives: a failed block can only be rolled back.
    pub(super) fn end(&self, commit: bool, chain: bool) -> &'static str {
        let mut state = self.state();
        let block = std::mem::take(&mut state.transaction);
        state.savepoints.clear();
        if block == Block::None {
            drop(state);
            self.notice("WARNING", "25P01", "there is no transaction in progress".to_owned());
            return if commit { "COMMIT" } else { "ROLLBACK" };
        }
        let committed = commit && block == Block::Open;
        state.settings.end(committed);
        if chain {
            state.transaction = Block::Open;
            state.settings.begin();
        }
        if committed { "COMMIT" } else { "ROLLBACK" }
    }

    /// `SAVEPOINT`, `RELEASE` and `ROLLBACK TO`: only their names matter where nothing is written.
    pub(super) fn savepoint(&self, name: String) -> Result<()> {
        let mut state = self.state();
        if state.transaction == Block::None {
            return Err(Error::new(Kind::NoTransaction, "SAVEPOINT can only be used in transaction blocks"));
        }
        state.savepoints.push(name);
        Ok(())
    }

    pub(super) fn release(&self, name: &str) -> Result<()> {
        let at = self.savepoint_at(name)?;
        self.state().savepoints.truncate(at);
        Ok(())
    }

    pub(super) fn rollback_to(&self, name: &str) -> Result<()> {
        let at = self.savepoint_at(name)?;
        let mut state = self.state();
        state.savepoints.truncate(at + 1);
        state.transaction = Block::Open;
        Ok(())
    }

    fn savepoint_at(&self, name: &str) -> Result<usize> {
        let state = self.state();
        if state.transaction == Block::None {
            return Err(Error::new(Kind::NoTransaction, "savepoints can only be used in transaction blocks"));
        }
        let at = state.savepoints.iter().rposition(|s| s == name);
        at.ok_or_else(|| Error::new(Kind::UndefinedSavepoint, format!("savepoint \"{name}\" does not exist")))
    }

    /// What system tables and functions see of this session.
    pub(super) fn env(self: &Arc<Self>, shared: &Arc<Shared>) -> Arc<SystemEnv> {
        Arc::new(SystemEnv {
            catalogs: Arc::clone(&shared.catalogs),
            snapshots: Arc::clone(&shared.snapshots),
            database: self.database.clone(),
            user: self.user.clone(),
            facts: Arc::clone(self) as _,
            describe: Arc::new(FirstTouch(Arc::clone(shared), Arc::clone(self))),
        })
    }
}

/// Clears what runs when the statement is over.
pub(super) struct Running(Arc<Inner>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.state().running = None;
    }
}

/// Describes a table by reading it for the first time.
struct FirstTouch(Arc<Shared>, Arc<Inner>);

#[async_trait]
impl Describe for FirstTouch {
    async fn columns(&self, table: &TableEntry) -> Result<Vec<KnownColumn>> {
        let snapshot = self.0.touch(table, &self.1).await?;
        Ok(super::resolve::known_columns(&snapshot))
    }
}

impl SessionFacts for Inner {
    fn search_path(&self) -> Vec<String> {
        self.path()
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.state().settings.show(name).ok()
    }

    fn settings(&self) -> Vec<Setting> {
        self.state().settings.described()
    }

    fn set(&self, name: &str, value: &str, local: bool) -> Result<String> {
        self.change_setting(name, Some(value), local)?;
        self.state().settings.show(name)
    }

    fn backend_pid(&self) -> i32 {
        self.id
    }

    fn server_started(&self) -> i64 {
        self.shared.upgrade().map_or(0, |s| micros(s.started))
    }

    fn client_address(&self) -> Option<SocketAddr> {
        self.client
    }

    fn server_address(&self) -> Option<SocketAddr> {
        None
    }

    fn sessions(&self) -> Vec<SessionRow> {
        let Some(shared) = self.shared.upgrade() else { return Vec::new() };
        shared.sessions().iter().map(|s| s.row()).collect()
    }

    fn cancel(&self, pid: i32) -> Result<bool> {
        let found = self.shared.upgrade().and_then(|s| s.session(pid));
        let token = found.and_then(|s| s.state().running.as_ref().map(|(_, token)| token.clone()));
        if let Some(token) = &token {
            token.cancel();
        }
        Ok(token.is_some())
    }

    fn terminate(&self, pid: i32) -> Result<bool> {
        let found = self.shared.upgrade().and_then(|s| s.session(pid));
        if let Some(session) = &found {
            session.state().terminate.cancel();
        }
        Ok(found.is_some())
    }
}

impl Inner {
    fn row(&self) -> SessionRow {
        let state = self.state();
        SessionRow {
            pid: self.id,
            user: self.user.clone(),
            database: self.database.clone(),
            application_name: state.settings.show("application_name").unwrap_or_default(),
            client: self.client,
            started: micros(self.started),
            query: state.query.clone(),
            running: state.running.as_ref().map(|(since, _)| RunningQuery { started: micros(*since) }),
            in_transaction: state.transaction != Block::None,
        }
    }
}

/// Microseconds since 1970 (UTC).
fn micros(at: SystemTime) -> i64 {
    at.duration_since(SystemTime::UNIX_EPOCH).ok().and_then(|d| i64::try_from(d.as_micros()).ok()).unwrap_or(0)
}

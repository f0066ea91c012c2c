//! One client's session: its database and settings, what it runs and by when that must end. What it answers to the system functions
//! and tables, and its transaction, stand in the files below.

mod channels;
mod facts;
mod named;
mod transaction;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use arrow::array::timezone::Tz;
use chrono::{FixedOffset, SecondsFormat};
use tokio_util::sync::CancellationToken;

pub use self::channels::{Asked, Notification};
pub use self::named::Listed;
use self::transaction::Block;
use super::runtime::{Deadline, Limit};
use super::settings::{self, Mark, Settings};
use super::shared::Shared;
use super::{ClientInfo, Engine, Notice, Prepared};
use crate::catalog::TableEntry;
use crate::error::{Error, Kind, Result};
use crate::name::{nearest, quoted};
use crate::roles::Roles;
use crate::snapshot::{Progress, ProgressEvent, Snapshot, Stale};
use crate::table::pg_time::Zone;
use crate::table::{EndedQuery, Ending, SystemEnv, Tls};

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
    /// Who may log in.
    roles: Option<Arc<Roles>>,
    started: SystemTime,
    state: Mutex<State>,
    /// Something has come on a channel.
    notified: tokio::sync::Notify,
    shared: std::sync::Weak<Shared>,
}

#[derive(Default)]
struct State {
    settings: Settings,
    named: named::Named,
    channels: channels::Channels,
    block: Block,
    /// The oldest first.
    savepoints: Vec<Savepoint>,
    notices: Vec<Notice>,
    progress: Option<Progress>,
    /// The snapshots that the client was told are stale.
    told_stale: HashSet<String>,
    /// The text of the running or last statement.
    query: Arc<str>,
    running: Option<Run>,
    /// When it began, and when the session last began or ended to run: microseconds since 1970.
    query_started: i64,
    changed: i64,
    /// How the client's connection is encrypted.
    tls: Option<Tls>,
    /// Counts what ran.
    runs: u64,
    terminate: CancellationToken,
    deadline: Deadline,
    /// `statement_timeout`, and the generation of the settings that it is of.
    timeout: (u64, Option<Duration>),
    /// Counts the commands, each with a deadline of its own.
    command: u64,
    /// When the command began, and when its transaction did: microseconds since 1970.
    statement_started: i64,
    transaction_started: i64,
    /// A string of several statements runs, which are one transaction.
    several: bool,
    /// What was planned in the command has run, so that what runs next is a command of its own.
    spent: bool,
}

impl State {
    /// Nothing runs any more.
    fn over(&mut self) {
        if self.running.take().is_some() {
            self.changed = facts::micros(SystemTime::now());
        }
    }
}

/// What a block goes back to.
struct Savepoint {
    name: String,
    settings: Mark,
    /// How much was asked of [`channels`].
    asked: usize,
}

/// What runs now.
struct Run {
    number: u64,
    since: SystemTime,
    cancel: CancellationToken,
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
        if !self.shared.catalogs.databases().contains(&database) {
            let e = Error::new(Kind::UndefinedDatabase, format!("database \"{database}\" does not exist"));
            let near = nearest(&database, names.iter().map(String::as_str));
            return Err(match near {
                Some(near) => e.with_hint(format!("Perhaps you meant \"{near}\".")),
                None => e.with_hint(format!("There are: {}.", names.join(", "))),
            });
        }
        let themes = self.shared.catalogs.themes(&database)?;
        let search_path: Vec<String> = themes.iter().map(|t| quoted(&t.name)).collect();
        let mut settings = Settings::of_user(&client.user);
        settings.start_with("search_path", &search_path.join(", "))?;
        settings.start_with("statement_timeout", &self.shared.statement_timeout.as_millis().to_string())?;
        if let Some(name) = &client.application_name {
            settings.start_with("application_name", name)?;
        }
        let inner = Arc::new(Inner {
            id: self.shared.new_id(),
            user: client.user,
            database,
            client: client.address,
            roles: client.roles,
            started: SystemTime::now(),
            state: Mutex::new(State { settings, ..State::default() }),
            notified: tokio::sync::Notify::new(),
            shared: Arc::downgrade(&self.shared),
        });
        self.shared.list(inner.id, &inner);
        Ok(Session { inner, shared: Arc::clone(&self.shared) })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.shared.unlist(self.inner.id);
        self.shared.remembered.forget(self.inner.id);
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

    /// The rows of a statement that was suspended are asked for again: its time counts anew, since PostgreSQL's counts only while a
    /// command runs, and `cancel` is what ends it.
    pub fn resume(&self, prepared: &Prepared, cancel: &CancellationToken) {
        self.inner.arm();
        self.inner.set_running(&prepared.statement.sql, cancel);
    }

    /// A command is over, perhaps with rows that wait to be asked for: nothing runs, and what comes next has its time for itself.
    /// Without it the time of what runs within a second of its planning counts from the planning.
    pub fn rest(&self) {
        let mut state = self.inner.state();
        state.over();
        state.spent = true;
    }

    /// A setting's value, as `SHOW` gives it; `None` when there is no such setting.
    pub fn setting(&self, name: &str) -> Option<String> {
        self.inner.state().settings.show(name).ok()
    }

    /// Tells how the client's connection is encrypted.
    pub fn set_tls(&self, tls: Tls) {
        self.inner.state().tls = Some(tls);
    }

    /// Different after every change of a setting.
    pub fn settings_generation(&self) -> u64 {
        self.inner.state().settings.generation()
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

    /// A command begins, and its number: `statement_timeout` counts from now on.
    pub(super) fn arm(&self) -> u64 {
        let mut state = self.state();
        let generation = state.settings.generation();
        if state.timeout.0 != generation {
            state.timeout = (generation, state.settings.statement_timeout());
        }
        state.deadline.arm(state.timeout.1);
        state.spent = false;
        state.statement_started = facts::micros(SystemTime::now());
        if state.block == Block::None {
            state.transaction_started = state.statement_started;
        }
        state.command += 1;
        state.command
    }

    /// Whether running what was planned in this command still belongs to it; it does once.
    pub(super) fn continues(&self, command: u64) -> bool {
        let mut state = self.state();
        state.command == command && !std::mem::replace(&mut state.spent, true)
    }

    /// What ends the running command early.
    pub(super) fn limit(&self, cancel: &CancellationToken) -> Limit {
        Limit { cancel: cancel.clone(), deadline: self.state().deadline.clone() }
    }

    /// `SET`, `RESET` and `set_config`. As in PostgreSQL, what is local has no effect outside a transaction block.
    pub(super) fn change_setting(&self, name: &str, value: Option<&str>, local: bool) -> Result<()> {
        let mut state = self.state();
        let of_transaction = settings::of_transaction(name);
        if (local || of_transaction) && state.block == Block::None && !state.several {
            // The value must be right all the same.
            state.settings.check(name, value)?;
            drop(state);
            if !local {
                return Ok(());
            }
            self.notice("WARNING", "25P01", "SET LOCAL can only be used in transaction blocks".to_owned());
            return Ok(());
        }
        state.settings.set(name, value, local || of_transaction)
    }

    /// The schemas of unqualified names.
    pub(super) fn path(&self) -> Vec<String> {
        self.state().settings.search_path()
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
        let zone = self.state().settings.show("TimeZone").ok().and_then(|name| Zone::named(&name));
        let known = match zone {
            Some(Zone::Rules(zone)) => zone.name().parse().ok(),
            Some(Zone::Fixed(offset)) => FixedOffset::east_opt(offset).and_then(|offset| offset.to_string().parse().ok()),
            Some(Zone::Utc) | None => None,
        };
        known.unwrap_or_else(utc)
    }

    pub(super) fn notice(&self, severity: &'static str, code: &'static str, message: String) {
        self.state().notices.push(Notice { severity, code, message });
    }

    /// Notes what runs, until the guard is dropped.
    pub(super) fn running(self: &Arc<Self>, sql: &Arc<str>, cancel: &CancellationToken) -> Running {
        Running { number: self.set_running(sql, cancel), inner: Arc::clone(self) }
    }

    fn set_running(&self, sql: &Arc<str>, cancel: &CancellationToken) -> u64 {
        let mut state = self.state();
        state.query = Arc::clone(sql);
        state.runs += 1;
        state.query_started = state.statement_started;
        state.changed = facts::micros(SystemTime::now());
        let number = state.runs;
        state.running = Some(Run { number, since: SystemTime::now(), cancel: cancel.clone() });
        number
    }

    /// What system tables and functions see of this session.
    pub(super) fn env(self: &Arc<Self>, shared: &Arc<Shared>) -> Arc<SystemEnv> {
        Arc::new(SystemEnv {
            catalogs: Arc::clone(&shared.catalogs),
            snapshots: Arc::clone(&shared.snapshots),
            database: self.database.clone(),
            user: self.user.clone(),
            facts: Arc::clone(self) as _,
            describe: Arc::new(facts::FirstTouch(Arc::clone(shared), Arc::clone(self))),
        })
    }
}

impl Inner {
    /// What `system.queries` says of a query of this session that ends now.
    pub(super) fn ended(&self, query: &Arc<str>, started: SystemTime, rows: u64, how: Ending, cached: bool) -> EndedQuery {
        EndedQuery {
            pid: self.id,
            user: self.user.clone(),
            database: self.database.clone(),
            started: facts::micros(started),
            ended: facts::micros(SystemTime::now()),
            query: Arc::clone(query),
            rows,
            how,
            cached,
        }
    }
}

/// Says that nothing runs when the statement is over, unless another one runs by then.
pub(super) struct Running {
    pub(super) inner: Arc<Inner>,
    number: u64,
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut state = self.inner.state();
        if state.running.as_ref().is_some_and(|run| run.number == self.number) {
            state.over();
        }
    }
}

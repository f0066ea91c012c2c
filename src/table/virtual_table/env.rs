//! What virtual tables and system functions ask of the session around them. The engine implements the two traits; protocols
//! are unknown here.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;

use crate::catalog::{Catalogs, KnownColumn, TableEntry};
use crate::error::{Error, Kind, Result};
use crate::name::nearest;
use crate::snapshot::Snapshots;
use crate::table::pg_catalog::OWNER;

/// One session's view: what virtual tables are made from and what system functions answer.
pub struct SystemEnv {
    pub catalogs: Arc<Catalogs>,
    pub snapshots: Arc<Snapshots>,
    /// The session's database.
    pub database: String,
    /// The session's user.
    pub user: String,
    pub facts: Arc<dyn SessionFacts>,
    pub describe: Arc<dyn Describe>,
}

impl fmt::Debug for SystemEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemEnv").field("database", &self.database).field("user", &self.user).finish_non_exhaustive()
    }
}

impl SystemEnv {
    /// The schemas that names without one are looked up in, system ones first as in PostgreSQL, without those that do not exist.
    pub fn visible_schemas(&self) -> Result<Vec<String>> {
        let themes = self.catalogs.themes(&self.database)?;
        let path = self.facts.search_path();
        let named = path.iter().filter(|s| {
            s.as_str() != "pg_catalog"
                && (super::relations::SCHEMAS.iter().any(|(_, n)| *n == s.as_str()) || themes.iter().any(|t| t.name == **s))
        });
        Ok(std::iter::once("pg_catalog".to_owned()).chain(named.cloned()).collect())
    }

    /// Every role by its oid, the session's first, which owns all there is. An oid is the same in every session but that one.
    pub fn roles(&self) -> Vec<(u32, String)> {
        let others = self.facts.roles().into_iter().filter(|name| *name != self.user);
        let others = others.map(|name| (role_oid(&name), name));
        std::iter::once((OWNER, self.user.clone())).chain(others).collect()
    }

    /// Whether the name alone finds the table of this schema: no schema before it on the path has the name.
    pub fn is_visible(&self, schema: &str, name: &str) -> Result<bool> {
        for earlier in self.visible_schemas()? {
            if earlier == schema {
                return Ok(true);
            }
            if super::relations::of(&earlier).iter().any(|r| r.name == name)
                || self.catalogs.table(&self.database, &earlier, name)?.is_some()
            {
                return Ok(false);
            }
        }
        Ok(false)
    }

    /// One setting's value. [`Kind::UndefinedObject`] with the nearest name when there is none.
    pub fn setting(&self, name: &str) -> Result<String> {
        if let Some(value) = self.facts.setting(name) {
            return Ok(value);
        }
        let error = Error::new(Kind::UndefinedObject, format!("unrecognized configuration parameter \"{name}\""));
        let settings = self.facts.settings();
        Err(match nearest(name, settings.iter().map(|s| s.name.as_str())) {
            Some(near) => error.with_hint(format!("Perhaps you meant \"{near}\".")),
            None => error,
        })
    }
}

/// What a session knows of itself and of its neighbours.
pub trait SessionFacts: Send + Sync {
    /// `search_path`, in order, as names.
    fn search_path(&self) -> Vec<String>;

    /// A setting's value as `SHOW` gives it; names are matched as PostgreSQL does, whatever their case.
    fn setting(&self, name: &str) -> Option<String>;

    /// Every setting, by name.
    fn settings(&self) -> Vec<Setting>;

    /// `set_config`: sets a setting, for the transaction only when `local`, and gives its new value.
    fn set(&self, name: &str, value: &str, local: bool) -> Result<String>;

    /// The process id that the client was told.
    fn backend_pid(&self) -> i32;

    /// Since when the server runs, in microseconds since 1970 (UTC).
    fn server_started(&self) -> i64;

    /// When the transaction began, in microseconds since 1970 (UTC).
    fn transaction_started(&self) -> i64;

    /// When the command began, in microseconds since 1970 (UTC).
    fn statement_started(&self) -> i64;

    /// Whether a statement of the session runs that nobody cancelled.
    fn is_running(&self) -> bool;

    /// The client's end of the connection.
    fn client_address(&self) -> Option<SocketAddr>;

    /// The server's end of the connection.
    fn server_address(&self) -> Option<SocketAddr>;

    /// Every session of this server, this one included.
    fn sessions(&self) -> Vec<SessionRow>;

    /// The last queries of this server that ended, the oldest first.
    fn ended(&self) -> Vec<Arc<EndedQuery>>;

    /// The names of those who may log in, as far as they are known.
    fn roles(&self) -> Vec<String>;

    /// The session's prepared statements that have a name, the oldest first.
    fn prepared_statements(&self) -> Vec<StatementRow>;

    /// The session's cursors and portals, the oldest first.
    fn cursors(&self) -> Vec<CursorRow>;

    /// `pg_notify`: sends a notification once the transaction is committed.
    fn notify(&self, channel: &str, payload: &str) -> Result<()>;

    /// The channels that the session listens to, by name.
    fn listening(&self) -> Vec<String>;

    /// Takes an advisory lock. Where another session's is in the way: false, or it waits.
    fn take_lock(&self, lock: AdvisoryLock, waits: bool) -> Result<bool>;

    /// Lets go of an advisory lock of the session's, once; false, with a warning to the client, where it has none such.
    fn release_lock(&self, lock: AdvisoryLock) -> bool;

    /// Lets go of all advisory locks that the session took for itself.
    fn release_all_locks(&self);

    /// The advisory locks of all sessions.
    fn advisory_locks(&self) -> Vec<AdvisoryRow>;

    /// The sessions that the session with this process id waits for.
    fn blocking(&self, pid: i32) -> Vec<i32>;

    /// Cancels what the session with this process id runs; false when there is no such session.
    fn cancel(&self, pid: i32) -> Result<bool>;

    /// Ends the session with this process id; false when there is no such session.
    fn terminate(&self, pid: i32) -> Result<bool>;
}

/// The oid of a role that is not the session's: of its name (FNV-1a), among those that PostgreSQL gives to what users make.
fn role_oid(name: &str) -> u32 {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    16_384 + hash % (u32::MAX / 2)
}

/// Finds a table's columns when the catalog does not know them yet.
#[async_trait]
pub trait Describe: Send + Sync {
    /// Reads the table for the first time when need be.
    async fn columns(&self, table: &TableEntry) -> Result<Vec<KnownColumn>>;
}

/// A row of `pg_settings` and `system.settings`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    pub name: String,
    pub value: String,
    /// What the session started with.
    pub reset_value: String,
    /// PostgreSQL's word for a unit, such as `ms`.
    pub unit: Option<&'static str>,
    pub category: &'static str,
    pub description: &'static str,
    /// `bool`, `integer`, `real`, `string` or `enum`.
    pub vartype: &'static str,
    /// Whether `SET` may change it.
    pub settable: bool,
}

/// A session, as `pg_stat_activity` and `system.sessions` show it. Times are microseconds since 1970 (UTC).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionRow {
    pub pid: i32,
    pub user: String,
    pub database: String,
    pub application_name: String,
    pub client: Option<SocketAddr>,
    pub started: i64,
    /// The running query; the last one when `running` is `None`.
    pub query: String,
    pub running: Option<RunningQuery>,
    /// Whether a transaction block is open.
    pub in_transaction: bool,
    /// When the transaction began that is open, or that the running query is.
    pub transaction_started: Option<i64>,
    /// When the running or last query began; `None` before the first.
    pub query_started: Option<i64>,
    /// When it last began or ended to run something.
    pub changed: i64,
    /// How its client's connection is encrypted; `None` when it is not.
    pub tls: Option<Tls>,
}

/// A query that ended, as `system.queries` shows it. Times are microseconds since 1970 (UTC).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndedQuery {
    pub pid: i32,
    pub user: String,
    pub database: String,
    pub started: i64,
    pub ended: i64,
    pub query: Arc<str>,
    /// Rows that were given to the client.
    pub rows: u64,
    pub how: Ending,
    /// Whether the result cache gave them.
    pub cached: bool,
}

/// How a query ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// All its rows were given.
    #[default]
    Finished,
    /// With this error.
    Failed(String),
    /// Its client wanted no more rows.
    Closed,
}

/// An encrypted connection, as `pg_stat_ssl` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Such as `TLSv1.3`.
    pub version: &'static str,
    /// OpenSSL's name, such as `TLS_AES_256_GCM_SHA384`.
    pub cipher: &'static str,
    /// Of the cipher's key.
    pub bits: i32,
}

/// A row of `pg_prepared_statements`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementRow {
    pub name: String,
    /// As the client sent it.
    pub statement: String,
    /// Microseconds since 1970 (UTC).
    pub prepared: i64,
    /// The oids of its parameters' types.
    pub parameters: Vec<u32>,
    /// Whether `PREPARE` made it, and not the protocol.
    pub from_sql: bool,
}

/// What an advisory lock is of; one number is never two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdvisoryKey {
    One(i64),
    Pair(i32, i32),
}

/// An advisory lock that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdvisoryLock {
    pub key: AdvisoryKey,
    /// Whether others may share it.
    pub shared: bool,
    /// Whether it ends with the transaction.
    pub of_transaction: bool,
}

/// An advisory lock as `pg_locks` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdvisoryRow {
    pub database: String,
    pub key: AdvisoryKey,
    pub shared: bool,
    pub pid: i32,
    /// False of one that is waited for.
    pub granted: bool,
}

impl AdvisoryLock {
    /// PostgreSQL's word for how it is held.
    pub fn mode(&self) -> &'static str {
        mode(self.shared)
    }
}

impl AdvisoryRow {
    /// See [`AdvisoryLock::mode`].
    pub fn mode(&self) -> &'static str {
        mode(self.shared)
    }

    /// `classid`, `objid` and `objsubid`: the halves of a number, or both of a pair, and which of these it is.
    pub fn object(&self) -> (u32, u32, i16) {
        match self.key {
            AdvisoryKey::One(number) => ((number >> 32) as u32, number as u32, 1),
            AdvisoryKey::Pair(first, second) => (first as u32, second as u32, 2),
        }
    }
}

fn mode(shared: bool) -> &'static str {
    if shared { "ShareLock" } else { "ExclusiveLock" }
}

/// A row of `pg_cursors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorRow {
    pub name: String,
    /// As the client sent it.
    pub statement: Arc<str>,
    pub holdable: bool,
    pub binary: bool,
    pub scrollable: bool,
    /// Microseconds since 1970 (UTC).
    pub created: i64,
}

/// Since when a session's query runs, in microseconds since 1970 (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunningQuery {
    pub started: i64,
}

impl SessionRow {
    /// PostgreSQL's word for what the session does.
    pub fn state(&self) -> &'static str {
        match (self.running, self.in_transaction) {
            (Some(_), _) => "active",
            (None, true) => "idle in transaction",
            (None, false) => "idle",
        }
    }
}

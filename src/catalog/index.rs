//! The index files: their tables, their version, and what SQLite's errors mean. One is written by every start (`update`), and each
//! catalog that was harvested has one of its own, which never changes (`harvest`). Both are read by `lookup`.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::lookup::Models;
use super::{related, search};
use crate::error::{Error, Kind, Result};

/// The layout's version (`user_version`): to be raised with every change of the tables, of the model or of how descriptors are
/// read.
const VERSION: i32 = 9;

/// The first oid that PostgreSQL gives to objects of users (`FirstNormalObjectId`).
pub(super) const FIRST_OID: u32 = 16384;

/// How long a start waits for another that writes the same index.
const BUSY: Duration = Duration::from_secs(10);

/// What is made of the descriptors, and made again when the version changes. Ids are never used twice, so that a dataset's row
/// never changes: it is replaced by another.
const CONTENT: &str = "
    DROP TABLE IF EXISTS catalogs;
    DROP TABLE IF EXISTS sources;
    DROP TABLE IF EXISTS archives;
    DROP TABLE IF EXISTS datasets;
    DROP TABLE IF EXISTS records;
    DROP TABLE IF EXISTS search;
    DROP TABLE IF EXISTS distributions;
    DROP TABLE IF EXISTS targets;
    DROP TABLE IF EXISTS problems;
    DROP TABLE IF EXISTS themes;
    DROP TABLE IF EXISTS tables;

    CREATE TABLE catalogs (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, location TEXT NOT NULL, UNIQUE (name, location));
    CREATE TABLE sources (
        id INTEGER PRIMARY KEY AUTOINCREMENT, catalog INTEGER NOT NULL, file TEXT NOT NULL, fingerprint TEXT NOT NULL,
        bare INTEGER NOT NULL, links TEXT, run INTEGER NOT NULL DEFAULT 0, UNIQUE (catalog, file)
    );
    CREATE TABLE archives (
        source INTEGER NOT NULL, path TEXT NOT NULL, stamp TEXT NOT NULL, PRIMARY KEY (source, path)
    ) WITHOUT ROWID;
    CREATE TABLE datasets (
        id INTEGER PRIMARY KEY AUTOINCREMENT, catalog INTEGER NOT NULL, source INTEGER NOT NULL, identifier TEXT NOT NULL,
        name TEXT NOT NULL, theme TEXT, publisher TEXT, license TEXT, year TEXT, formats TEXT NOT NULL, hash BLOB NOT NULL, schema TEXT NOT NULL DEFAULT '',
        tables INTEGER NOT NULL DEFAULT 0, run INTEGER NOT NULL DEFAULT 0, vanished TEXT
    );
    CREATE TABLE records (dataset INTEGER PRIMARY KEY, model BLOB NOT NULL, media_type TEXT, text BLOB);
    CREATE INDEX datasets_by_catalog ON datasets (catalog, identifier);
    CREATE INDEX datasets_by_source ON datasets (source);
    CREATE INDEX datasets_by_schema ON datasets (catalog, schema, identifier);
    CREATE TABLE distributions (
        dataset INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, shape BLOB NOT NULL, is_table INTEGER NOT NULL,
        PRIMARY KEY (dataset, position)
    ) WITHOUT ROWID;
    CREATE TABLE targets (
        file TEXT NOT NULL, name TEXT NOT NULL, dataset INTEGER NOT NULL, position INTEGER NOT NULL,
        PRIMARY KEY (file, name, dataset, position)
    ) WITHOUT ROWID;
    CREATE INDEX targets_by_dataset ON targets (dataset);
    CREATE TABLE problems (
        catalog INTEGER NOT NULL, source INTEGER, file TEXT NOT NULL, pointer TEXT NOT NULL, message TEXT NOT NULL
    );
    CREATE INDEX problems_by_catalog ON problems (catalog, source);
    CREATE TABLE themes (
        catalog INTEGER NOT NULL, name TEXT NOT NULL, oid INTEGER NOT NULL, title TEXT NOT NULL, datasets INTEGER NOT NULL,
        tables INTEGER NOT NULL, PRIMARY KEY (catalog, name)
    ) WITHOUT ROWID;
    CREATE TABLE tables (
        catalog INTEGER NOT NULL, schema TEXT NOT NULL, name TEXT NOT NULL, oid INTEGER NOT NULL, dataset INTEGER NOT NULL,
        position INTEGER NOT NULL, shape BLOB NOT NULL, PRIMARY KEY (catalog, schema, name)
    ) WITHOUT ROWID;
";

/// The indexes of all names: they are made at once where all names are.
pub(super) const NAMES: &str = "
    CREATE UNIQUE INDEX tables_by_oid ON tables (catalog, oid);
    CREATE INDEX tables_by_name ON tables (catalog, name);
    CREATE INDEX tables_by_dataset ON tables (dataset, position);
";
pub(super) const WITHOUT_NAMES: &str = "
    DROP INDEX IF EXISTS tables_by_oid;
    DROP INDEX IF EXISTS tables_by_name;
    DROP INDEX IF EXISTS tables_by_dataset;
";

/// Oids by name (a schema's table name is empty): they outlive what they were given to.
const OIDS: &str = "
    CREATE TABLE IF NOT EXISTS oids (
        oid INTEGER PRIMARY KEY, catalog TEXT NOT NULL, schema TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (catalog, schema, name)
    );
";

/// What no descriptor tells, and what therefore outlives them: columns by the hash of the distribution they were found in, the
/// catalogs that are harvested, and a counter of all changes.
const KEPT: &str = "
    CREATE TABLE IF NOT EXISTS harvests (
        name TEXT PRIMARY KEY, location TEXT NOT NULL, standard TEXT, file TEXT, refreshed TEXT, datasets INTEGER, problems INTEGER
    );
    CREATE TABLE IF NOT EXISTS known (shape BLOB PRIMARY KEY, columns TEXT NOT NULL, rows INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS changes (only INTEGER PRIMARY KEY CHECK (only = 0), count INTEGER NOT NULL);
    INSERT OR IGNORE INTO changes VALUES (0, 1);
";

/// An index as lookups use it.
pub(super) struct Index {
    /// Lookups take microseconds, so one connection serves all sessions.
    connection: Mutex<Connection>,
    pub(super) models: Models,
}

impl Index {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection: Mutex::new(connection), models: Models::default() }
    }

    /// The connection. A holder that panicked left no transaction open (dropping one rolls it back), so its poison is nothing.
    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name of the index under the folder of a state.
const FILE: &str = "catalog.sqlite";

/// Opens `catalog.sqlite` under the folder `state`, made when absent; in memory when `None`. An index of an older version is emptied,
/// to be filled again, but for oids and known columns.
pub(super) fn open(state: Option<&Path>) -> Result<Connection> {
    let Some(state) = state else { return prepared(Connection::open_in_memory()?) };
    std::fs::create_dir_all(state).map_err(|e| {
        let error = Error::from(e).within(format!("the state folder {} can't be made", state.display()));
        error.with_hint("Choose a folder that can be written to with --state or --cache.")
    })?;
    let file = state.join(FILE);
    let opened = Connection::open(&file).map_err(Error::from).and_then(prepared);
    opened.map_err(|e| e.within(format!("index {}", file.display())))
}

fn prepared(mut connection: Connection) -> Result<Connection> {
    connection.busy_timeout(BUSY)?;
    let version = version(&connection)?;
    if version > VERSION {
        let message = format!("it is of version {version}, and this Stoa knows versions up to {VERSION}");
        return Err(Error::new(Kind::Config, message).with_hint("Use the newer Stoa, or another state folder (--state)."));
    }
    // Readers go on while another process writes; an index that a power cut loses the end of is brought up to date again.
    write_ahead(&connection)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    if version < VERSION {
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        // Another process may have been first while this one waited for its turn.
        if self::version(&transaction)? < VERSION {
            transaction.execute_batch(CONTENT)?;
            transaction.execute_batch(NAMES)?;
            transaction.execute_batch(search::TABLE)?;
            transaction.execute_batch(OIDS)?;
            transaction.execute_batch(KEPT)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        transaction.commit()?;
    }
    connection.execute_batch(related::TABLES)?;
    Ok(connection)
}

/// Opens the file of a harvested catalog to be read. What is kept of tables whatever their catalog stands in the state's own index, which is
/// attached.
pub(super) fn open_harvested(file: &Path, state: &Path) -> Result<Connection> {
    let connection = open_unchanging(file)?;
    connection.execute("ATTACH ? AS state", [uri(&state.join(FILE), "mode=rw")])?;
    Ok(connection)
}

/// Opens the file of a harvested catalog alone.
pub(super) fn open_unchanging(file: &Path) -> Result<Connection> {
    let open = || {
        // It never changes, so nothing has to be locked.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(uri(file, "immutable=1"), flags)?;
        let found = version(&connection)?;
        if found != VERSION {
            let message = format!("it is of version {found}, and this Stoa reads version {VERSION}");
            return Err(Error::new(Kind::Config, message));
        }
        connection.busy_timeout(BUSY)?;
        Ok(connection)
    };
    open().map_err(|e: Error| e.within(format!("index {}", file.display())))
}

/// Opens the file of a harvested catalog to be written: made when absent. A process that is killed leaves it as it was at the last commit.
pub(super) fn open_built(file: &Path) -> Result<Connection> {
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)?;
        connection.pragma_update(None, "synchronous", "OFF")?;
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        connection.pragma_update(None, "cache_size", -65_536)?;
        if version(&connection)? != VERSION {
            connection.execute_batch(CONTENT)?;
            connection.execute_batch(NAMES)?;
            connection.execute_batch(search::TABLE)?;
            connection.execute_batch(OIDS)?;
            connection.pragma_update(None, "user_version", VERSION)?;
        }
        Ok(connection)
    };
    open().map_err(|e: Error| e.within(format!("index {}", file.display())))
}

/// A file as SQLite's URIs name it.
fn uri(file: &Path, parameters: &str) -> String {
    let path: String = file.to_string_lossy().chars().fold(String::new(), |mut out, c| {
        match c {
            '%' => out.push_str("%25"),
            '?' => out.push_str("%3f"),
            '#' => out.push_str("%23"),
            c => out.push(c),
        }
        out
    });
    format!("file:{path}?{parameters}")
}

/// Turns the write-ahead log on. SQLite does not wait (`busy_timeout`) for others that turn it on in a new file at the same
/// time: each holds what another waits for, and all but one are told so at once. Those try again.
fn write_ahead(connection: &Connection) -> Result<()> {
    let until = Instant::now() + BUSY;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(2));
            }
            done => return Ok(done?),
        }
    }
}

fn version(connection: &Connection) -> Result<i32> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

impl From<rusqlite::Error> for Error {
    fn from(e: rusqlite::Error) -> Self {
        let (kind, hint) = match e.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => (Kind::DiskFull, Some("Free some space under the state folder.")),
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                (Kind::Config, Some("Move the file away: it is made again from the descriptors."))
            }
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                (Kind::Config, Some("The state folder must be writable; another can be given with --state or --cache."))
            }
            Some(_) | None => (Kind::Io, None),
        };
        let error = Self::new(kind, format!("the catalog's index failed: {e}"));
        let error = match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        };
        error.caused_by(e)
    }
}

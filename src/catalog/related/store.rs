//! The sketches of the state's index: by table, and from a value's hash to the columns that have it, so that what can be related is found
//! without a look at what can't.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{SketchedColumn, SketchedTable, pairs::Nature, words};
use crate::catalog::Catalogs;
use crate::catalog::sketch::{Sketch, VERSION};
use crate::error::{Error, Kind, Result};

/// Made when absent; what is in them is made again of the snapshots' profiles.
pub const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS sketched_tables (
        id INTEGER PRIMARY KEY, catalog TEXT NOT NULL, schema TEXT NOT NULL, name TEXT NOT NULL, snapshot TEXT NOT NULL,
        version INTEGER NOT NULL, rows INTEGER NOT NULL, keys TEXT NOT NULL, UNIQUE (catalog, schema, name)
    );
    CREATE TABLE IF NOT EXISTS sketched_columns (
        id INTEGER PRIMARY KEY, of INTEGER NOT NULL, name TEXT NOT NULL, called TEXT, list TEXT, about TEXT NOT NULL, hashes BLOB NOT NULL
    );
    CREATE INDEX IF NOT EXISTS sketched_columns_of ON sketched_columns (of);
    CREATE INDEX IF NOT EXISTS sketched_columns_called ON sketched_columns (called) WHERE called IS NOT NULL;
    CREATE INDEX IF NOT EXISTS sketched_columns_list ON sketched_columns (list) WHERE list IS NOT NULL;
    CREATE TABLE IF NOT EXISTS sketched_values (hash INTEGER NOT NULL, of INTEGER NOT NULL, PRIMARY KEY (hash, of)) WITHOUT ROWID;
";

/// The least hashes of a column that it is found by.
const FOUND_BY: usize = 128;

/// The hashes of a column of days, hours or years that others are looked for by: such columns have most of them in common.
const LOOKED_FOR: usize = 32;

/// The tables that are compared at most, those first that share the most.
pub const COMPARED: usize = 200;

/// The columns of one name or list that are looked at: one that more have tells nothing.
const CALLED: usize = 1_000;

const COLUMN: &str = "SELECT name, list, about, hashes FROM sketched_columns WHERE of = ? ORDER BY id";

const SHARING: &str = "SELECT of FROM sketched_values WHERE hash = ?";

impl Catalogs {
    /// Puts the sketches of a table's snapshot into the index in place of those of an earlier one. Does nothing when they are there.
    pub fn put_sketches(&self, catalog: &str, table: &SketchedTable) -> Result<()> {
        let mut connection = self.index.connection();
        let known = known(&connection, catalog, &table.schema, &table.name)?;
        if known.as_ref().is_some_and(|known| known.snapshot == table.snapshot && known.version == VERSION) {
            return Ok(());
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        remove(&transaction, catalog, &table.schema, &table.name)?;
        let rows = i64::try_from(table.rows).unwrap_or(i64::MAX);
        let keys = serde_json::to_string(&table.keys).expect("texts are JSON");
        transaction
            .prepare_cached(
                "INSERT INTO sketched_tables (catalog, schema, name, snapshot, version, rows, keys) VALUES (?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![catalog, table.schema, table.name, table.snapshot, VERSION, rows, keys])?;
        let of = transaction.last_insert_rowid();
        for column in &table.columns {
            let about = Sketch { hashes: Vec::new(), ..column.sketch.clone() };
            let about = serde_json::to_string(&about).expect("a sketch is JSON");
            transaction
                .prepare_cached("INSERT INTO sketched_columns (of, name, called, list, about, hashes) VALUES (?, ?, ?, ?, ?, ?)")?
                .execute(params![of, column.name, words::key(&column.name), column.list, about, column.sketch.bytes()])?;
            let id = transaction.last_insert_rowid();
            if found_by_values(column) {
                let mut insert = transaction.prepare_cached("INSERT OR IGNORE INTO sketched_values (hash, of) VALUES (?, ?)")?;
                for hash in column.sketch.hashes.iter().take(FOUND_BY) {
                    insert.execute(params![hash.cast_signed(), id])?;
                }
            }
        }
        Ok(transaction.commit()?)
    }

    /// The sketches of a table; `None` when it was not measured.
    pub fn sketches(&self, catalog: &str, schema: &str, name: &str) -> Result<Option<SketchedTable>> {
        let connection = self.index.connection();
        known(&connection, catalog, schema, name)?.filter(|k| k.version == VERSION).map(|k| read(&connection, k)).transpose()
    }

    /// The tables of the same catalog that share values with this one, or have columns that are called the same or declare the same list:
    /// those that share the most, at most [`COMPARED`].
    pub fn sharing(&self, catalog: &str, table: &SketchedTable) -> Result<Vec<SketchedTable>> {
        let connection = self.index.connection();
        let mut shares: HashMap<i64, u32> = HashMap::new();
        for column in &table.columns {
            let looked_for = match column.nature() {
                Nature::Year | Nature::Day | Nature::Hour => LOOKED_FOR,
                Nature::Word | Nature::Number | Nature::Range | Nature::Few => usize::MAX,
            };
            let mut of_column: HashMap<i64, u32> = HashMap::new();
            if found_by_values(column) {
                let mut sharing = connection.prepare_cached(SHARING)?;
                for hash in column.sketch.hashes.iter().take(looked_for) {
                    for of in sharing.query_map([hash.cast_signed()], |row| row.get::<_, i64>(0))? {
                        *of_column.entry(of?).or_default() += 1;
                    }
                }
                // A value or two that all tables have tell nothing.
                of_column.retain(|_, shared| *shared > 2);
            }
            for (by, value) in [("called", words::key(&column.name)), ("list", column.list.clone())] {
                let Some(value) = value else { continue };
                let sql = format!("SELECT id FROM sketched_columns WHERE {by} = ? LIMIT {}", CALLED + 1);
                let mut found = connection.prepare_cached(&sql)?;
                let found = found.query_map([value], |row| row.get::<_, i64>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
                if found.len() <= CALLED {
                    found.into_iter().for_each(|of| *of_column.entry(of).or_default() += 1);
                }
            }
            for (of, shared) in of_column {
                *shares.entry(of).or_default() += shared;
            }
        }
        let mut tables: HashMap<i64, u32> = HashMap::new();
        let mut table_of = connection.prepare_cached("SELECT of FROM sketched_columns WHERE id = ?")?;
        for (column, shared) in shares {
            if let Some(of) = table_of.query_row([column], |row| row.get::<_, i64>(0)).optional()? {
                let most = tables.entry(of).or_default();
                *most = (*most).max(shared);
            }
        }
        let mut ranked: Vec<(i64, u32)> = tables.into_iter().collect();
        ranked.sort_unstable_by_key(|(of, shared)| (std::cmp::Reverse(*shared), *of));
        let mut found = Vec::new();
        for (of, _) in ranked {
            let sql = "SELECT id, schema, name, snapshot, version, rows, keys FROM sketched_tables WHERE id = ? AND catalog = ?";
            let known = connection.prepare_cached(sql)?.query_row(params![of, catalog], Known::read).optional()?;
            let is_other = |k: &Known| (&k.schema, &k.name) != (&table.schema, &table.name) && k.version == VERSION;
            if let Some(known) = known.filter(is_other) {
                found.push(read(&connection, known)?);
            }
            if found.len() == COMPARED {
                break;
            }
        }
        Ok(found)
    }
}

/// Whether a column is found by its values: few ones, and numbers that fill a range, are in columns of all kinds.
fn found_by_values(column: &SketchedColumn) -> bool {
    match column.nature() {
        Nature::Word | Nature::Number | Nature::Year | Nature::Day | Nature::Hour => true,
        Nature::Range | Nature::Few => false,
    }
}

/// A row of `sketched_tables`.
struct Known {
    id: i64,
    schema: String,
    name: String,
    snapshot: String,
    version: u32,
    rows: i64,
    keys: String,
}

impl Known {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            schema: row.get(1)?,
            name: row.get(2)?,
            snapshot: row.get(3)?,
            version: row.get(4)?,
            rows: row.get(5)?,
            keys: row.get(6)?,
        })
    }
}

fn known(connection: &Connection, catalog: &str, schema: &str, name: &str) -> Result<Option<Known>> {
    let sql = "SELECT id, schema, name, snapshot, version, rows, keys FROM sketched_tables WHERE catalog = ? AND schema = ? AND name = ?";
    Ok(connection.prepare_cached(sql)?.query_row(params![catalog, schema, name], Known::read).optional()?)
}

fn read(connection: &Connection, known: Known) -> Result<SketchedTable> {
    let unreadable =
        |what: &str| Error::new(Kind::Internal, format!("the index holds {what} of {} that can't be read", known.name));
    let mut statement = connection.prepare_cached(COLUMN)?;
    let rows = statement.query_map([known.id], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, String>(2)?, row.get::<_, Vec<u8>>(3)?))
    })?;
    let mut columns = Vec::new();
    for row in rows {
        let (name, list, about, hashes) = row?;
        let about: Sketch = serde_json::from_str(&about).map_err(|e| unreadable("a sketch").caused_by(e))?;
        let hashes = Sketch::hashes_of(&hashes).ok_or_else(|| unreadable("hashes"))?;
        columns.push(SketchedColumn { name, list, sketch: Sketch { hashes, ..about } });
    }
    let keys = serde_json::from_str(&known.keys).map_err(|e| unreadable("keys").caused_by(e))?;
    let Known { schema, name, snapshot, rows, .. } = known;
    Ok(SketchedTable { schema, name, snapshot, rows: rows.unsigned_abs(), keys, columns })
}

/// Removes a table's sketches, and the way from their values to them.
fn remove(connection: &Connection, catalog: &str, schema: &str, name: &str) -> Result<()> {
    let Some(known) = known(connection, catalog, schema, name)? else { return Ok(()) };
    let mut statement = connection.prepare_cached("SELECT id, hashes FROM sketched_columns WHERE of = ?")?;
    let columns = statement.query_map([known.id], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
    for column in columns {
        let (id, hashes) = column?;
        let mut delete = connection.prepare_cached("DELETE FROM sketched_values WHERE hash = ? AND of = ?")?;
        for hash in hashes.as_chunks::<8>().0.iter().take(FOUND_BY) {
            delete.execute(params![i64::from_be_bytes(*hash), id])?;
        }
    }
    connection.execute("DELETE FROM sketched_columns WHERE of = ?", [known.id])?;
    connection.execute("DELETE FROM sketched_tables WHERE id = ?", [known.id])?;
    Ok(())
}

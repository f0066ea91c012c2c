//! The catalog: which datasets and tables there are, by name and by oid. An index in SQLite, opened and not loaded; how the
//! bytes behind a table are read is unknown here.

use std::path::PathBuf;
use std::sync::Arc;

use crate::descriptor::{Dataset, Distribution, Problem};
use crate::error::{Error, Kind, Result};

/// Where a catalog's descriptors are, and the database name it gets.
#[derive(Clone, Debug)]
pub struct Source {
    /// The database's name; made of the location's last part when `None`.
    pub name: Option<String>,
    /// A folder, a descriptor file, or the URL of a descriptor.
    pub location: String,
}

/// All catalogs of one server: an index that is opened, not loaded.
pub struct Catalogs {}

/// One table, as the catalog knows it.
#[derive(Clone, Debug)]
pub struct TableEntry {
    /// Stable across restarts while the table keeps its name; 16384 and up, as PostgreSQL's user objects.
    pub oid: u32,
    /// The database.
    pub catalog: String,
    pub schema: String,
    pub name: String,
    pub dataset: Arc<Dataset>,
    /// Which of the dataset's distributions.
    pub distribution: usize,
    /// The columns as found at the first touch; `None` before it.
    pub columns: Option<Arc<Vec<KnownColumn>>>,
    /// The rows of the last snapshot; `None` before the first touch.
    pub rows: Option<u64>,
}

impl TableEntry {
    /// The distribution behind the table.
    pub fn distribution(&self) -> &Distribution {
        &self.dataset.distributions[self.distribution]
    }

    /// What `\d+` and BI tools show of the table: title, description, unit, publisher and licence, in a few lines.
    pub fn comment(&self) -> Option<String> {
        Err::<String, _>(Error::new(Kind::Internal, "")).ok()
    }
}

/// A column found at a table's first touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownColumn {
    pub name: String,
    /// The PostgreSQL type's name, such as `int8` or `timestamptz` (see [`crate::table::pg_type`]).
    pub pg_type: String,
    pub nullable: bool,
    pub comment: Option<String>,
}

/// A schema and how many tables stand in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    pub oid: u32,
    pub catalog: String,
    pub name: String,
    /// The theme as published.
    pub title: String,
    pub datasets: usize,
    pub tables: usize,
}

impl Catalogs {
    /// Opens the index under `state` (in memory when `None`), brings it up to date with `sources`, and reports every problem
    /// found on the way: one bad descriptor never stops the rest. Descriptor files that have not changed since the last time are
    /// not read again.
    pub fn open(_state: Option<PathBuf>, _sources: &[Source]) -> Result<Self> {
        Err(Error::new(Kind::Internal, "not yet"))
    }

    /// The catalogs in the order they were given: the first is the default database.
    pub fn names(&self) -> Vec<String> {
        Vec::new()
    }

    /// The schemas of a catalog by name.
    pub fn themes(&self, _catalog: &str) -> Result<Vec<Theme>> {
        Ok(Vec::new())
    }

    /// The tables of a schema by name; all of the catalog's when `schema` is `None`.
    pub fn tables(&self, _catalog: &str, _schema: Option<&str>) -> Result<Vec<Arc<TableEntry>>> {
        Ok(Vec::new())
    }

    /// One table.
    pub fn table(&self, _catalog: &str, _schema: &str, _name: &str) -> Result<Option<Arc<TableEntry>>> {
        Ok(None)
    }

    /// One table of a catalog by its oid.
    pub fn table_by_oid(&self, _catalog: &str, _oid: u32) -> Result<Option<Arc<TableEntry>>> {
        Ok(None)
    }

    /// Remembers what a first touch found, so that the table can be described without its source.
    pub fn remember(&self, _table: &TableEntry, _columns: &[KnownColumn], _rows: u64) -> Result<()> {
        Ok(())
    }

    /// Every problem of every descriptor, by file and pointer; of one catalog when given.
    pub fn problems(&self, _catalog: Option<&str>) -> Result<Vec<Problem>> {
        Ok(Vec::new())
    }
}

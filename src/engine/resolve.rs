//! From a name in SQL to a table: one statement's view of the catalogs. What a name once resolved to stays, so that a statement reads
//! one version of the catalog and one snapshot of each table.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, CatalogProviderList, SchemaProvider, TableProvider};
use datafusion::common::DataFusionError;
use datafusion::error::Result as DfResult;

use super::as_of::Versions;
use super::session::Inner;
use super::shared::Shared;
use crate::catalog::{KnownColumn, TableEntry};
use crate::error::{Culprit, Error, Kind, Result};
use crate::name::nearest;
use crate::snapshot::{AsOf, Progress, Refreshed, Snapshot, field_key};
use crate::table::modifier;
use crate::table::pg_type::PgType;
use crate::table::system_schema::system_schema;
use crate::table::{SnapshotTable, SystemEnv};

/// The schema name that DataFusion gives unqualified names; it can't be typed without quotes.
pub const SEARCH_PATH_SCHEMA: &str = "$search_path";

/// A table and the snapshot that a statement was planned on.
pub type Pinned = (Arc<TableEntry>, Arc<Snapshot>);

/// Catalog, schema and table.
pub type FullName = (String, String, String);

/// One statement's names: shared by the providers that DataFusion asks.
pub struct Names {
    shared: Arc<Shared>,
    session: Arc<Inner>,
    search_path: Vec<String>,
    system: Arc<SystemEnv>,
    /// Which versions of tables the statement asks for.
    versions: OnceLock<Versions>,
    found: Mutex<HashMap<FullName, Found>>,
    pinned: Mutex<Vec<Pinned>>,
}

/// What a name was resolved to.
#[derive(Clone)]
struct Found {
    provider: Arc<dyn TableProvider>,
    /// The published table, of whatever version, that it is.
    of: Option<Pinned>,
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Names({})", self.session.database)
    }
}

impl Names {
    /// The names of a statement of a session.
    pub fn new(shared: Arc<Shared>, session: Arc<Inner>, system: Arc<SystemEnv>) -> Arc<Self> {
        let (search_path, versions) = (session.path(), OnceLock::new());
        Arc::new(Self { shared, session, search_path, system, versions, found: Mutex::default(), pinned: Mutex::default() })
    }

    /// The versions that the statement asks for; to be said once, before its tables are looked up.
    pub fn set_versions(&self, versions: Versions) {
        // A second one would be of another statement: the first stays.
        let _ = self.versions.set(versions);
    }

    /// The tables that were resolved to what they are now, each with its snapshot.
    pub fn pinned(&self) -> Vec<Pinned> {
        self.pinned.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether all that the statement reads are relations of the system.
    pub fn are_of_the_system(&self) -> bool {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        !found.is_empty() && found.values().all(|found| found.of.is_none())
    }

    /// Whether all that the statement reads are published tables as they are now, one at least.
    pub fn are_pinned(&self) -> bool {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner).len();
        found > 0 && found == self.pinned.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The table of a name; a name without a schema is looked up along the search path, `pg_catalog` first as in PostgreSQL.
    pub async fn table(&self, catalog: &str, schema: &str, table: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if schema == SEARCH_PATH_SCHEMA {
            if let Some(found) = self.table_in(catalog, "pg_catalog", table).await? {
                return Ok(Some(found));
            }
            for schema in &self.search_path {
                if let Some(found) = self.table_in(catalog, schema, table).await? {
                    return Ok(Some(found));
                }
            }
            return Ok(None);
        }
        self.table_in(catalog, schema, table).await
    }

    /// The full name and the snapshot of the table that a statement names by one to three parts; `None` when it names another relation.
    pub async fn snapshot(&self, parts: &[String]) -> Result<Option<(FullName, Arc<Snapshot>)>> {
        let (catalog, schema, table) = match parts {
            [table] => (self.session.database.as_str(), SEARCH_PATH_SCHEMA, table),
            [schema, table] => (self.session.database.as_str(), schema.as_str(), table),
            [catalog, schema, table] => (catalog.as_str(), schema.as_str(), table),
            _ => return Ok(None),
        };
        let Some(found) = self.table(catalog, schema, table).await? else { return Ok(None) };
        let all = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.iter().find(|(_, other)| Arc::ptr_eq(&other.provider, &found));
        Ok(found.and_then(|(name, Found { of, .. })| Some((name.clone(), Arc::clone(&of.as_ref()?.1)))))
    }

    /// Makes a table that was resolved offer these hidden columns.
    pub fn offer(&self, table: &FullName, hidden: &BTreeSet<String>) {
        if let Some(found) = self.found.lock().unwrap_or_else(PoisonError::into_inner).get_mut(table)
            && let Some((entry, snapshot)) = &found.of
        {
            found.provider = Arc::new(SnapshotTable::offering(Arc::clone(entry), Arc::clone(snapshot), hidden));
        }
    }

    async fn table_in(&self, catalog: &str, schema: &str, table: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let key = (catalog.to_owned(), schema.to_owned(), table.to_owned());
        if let Some(found) = self.found.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Some(Arc::clone(&found.provider)));
        }
        let of_table = |entry: Arc<TableEntry>, snapshot: Arc<Snapshot>| {
            let of = Some((Arc::clone(&entry), Arc::clone(&snapshot)));
            Found { provider: Arc::new(SnapshotTable::new(entry, snapshot)), of }
        };
        let found = if let Some((table, asked)) = self.version_of(table) {
            if self.system_table(schema, table).await?.is_some() {
                return Err(Error::new(Kind::Unsupported, format!("{schema}.{table} has no versions"))
                    .with_hint("FOR SYSTEM_TIME AS OF reads a published table as it was."));
            }
            let Some(entry) = self.shared.catalogs.table(catalog, schema, table)? else { return Ok(None) };
            let snapshot = self.shared.snapshots.as_of(&entry, asked).await.map_err(|e| within_table(&entry, e))?;
            of_table(entry, snapshot)
        } else if let Some(system) = self.system_table(schema, table).await? {
            Found { provider: system, of: None }
        } else if let Some(entry) = self.shared.catalogs.table(catalog, schema, table)? {
            let snapshot = self.shared.touch(&entry, &self.session).await?;
            self.pinned.lock().unwrap_or_else(PoisonError::into_inner).push((Arc::clone(&entry), Arc::clone(&snapshot)));
            of_table(entry, snapshot)
        } else {
            return Ok(None);
        };
        self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found.clone());
        Ok(Some(found.provider))
    }

    /// The name of a table that is asked for as it was, and as of when.
    fn version_of<'a>(&'a self, table: &'a str) -> Option<(&'a str, &'a AsOf)> {
        self.versions.get()?.unmarked(table)
    }

    /// A table of a system schema; every catalog has the same ones.
    async fn system_table(&self, schema: &str, table: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        match system_schema(schema, Arc::clone(&self.system)) {
            Some(system) => system.table(table).await.map_err(|e| super::failure::from_datafusion(e, "")),
            None => Ok(None),
        }
    }

    /// Why there is no such table, and which one may be meant.
    pub fn unknown(&self, catalog: &str, schema: &str, table: &str) -> Error {
        let table = self.version_of(table).map_or(table, |(table, _)| table);
        let listed = self.shared.catalogs.names_like(catalog, table).unwrap_or_default();
        let qualified =
            |(schema, name): &(String, String)| format!("{}.{}", crate::name::quoted(schema), crate::name::quoted(name));
        if schema == SEARCH_PATH_SCHEMA {
            let e = Error::new(Kind::UndefinedTable, format!("relation \"{table}\" does not exist"));
            let elsewhere = listed.iter().find(|(_, name)| name == table);
            let near = nearest(table, listed.iter().map(|(_, name)| name.as_str()));
            return match elsewhere.or_else(|| listed.iter().find(|(_, name)| near == Some(name.as_str()))) {
                Some(entry) => e.with_hint(format!("Perhaps you meant {}.", qualified(entry))),
                None => e,
            };
        }
        if !self.shared.catalogs.databases().iter().any(|c| c == catalog) {
            let e = Error::new(Kind::UndefinedDatabase, format!("database \"{catalog}\" does not exist"));
            return e.with_hint(format!("There are: {}.", self.shared.catalogs.names().join(", ")));
        }
        let themes = self.shared.catalogs.themes(catalog).unwrap_or_default();
        let e = Error::new(Kind::UndefinedTable, format!("relation \"{schema}.{table}\" does not exist"));
        if !themes.iter().any(|theme| theme.name == schema && theme.tables > 0) {
            let near = nearest(schema, themes.iter().map(|theme| theme.name.as_str()));
            return match near {
                Some(near) if near != schema => {
                    e.with_hint(format!("There is no schema \"{schema}\"; perhaps you meant {near}."))
                }
                _ => e,
            };
        }
        match nearest(table, listed.iter().filter(|(of, _)| of == schema).map(|(_, name)| name.as_str())) {
            Some(near) => {
                e.with_hint(format!("Perhaps you meant {}.{}.", crate::name::quoted(schema), crate::name::quoted(near)))
            }
            None => match listed.iter().find(|(_, name)| name == table) {
                Some(entry) => e.with_hint(format!("Perhaps you meant {}.", qualified(entry))),
                None => e,
            },
        }
    }
}

impl Shared {
    /// The table's snapshot as of now for a statement of a session, which is told when it is stale; and the catalog reminded of the columns when they are new.
    pub async fn touch(&self, entry: &TableEntry, session: &Arc<Inner>) -> Result<Arc<Snapshot>> {
        let snapshot = self.snapshots.current(entry, Some(session.progress())).await.map_err(|e| within_table(entry, e))?;
        self.remember(entry, &snapshot)?;
        self.remembered.is_now(entry.oid, &snapshot.id);
        if let Some(stale) = self.snapshots.stale(entry) {
            session.tell_stale(entry, &snapshot, &stale);
        }
        Ok(snapshot)
    }

    /// Makes a snapshot of the table's source as it is now, if it changed.
    pub async fn refresh(&self, entry: &TableEntry, progress: Option<Progress>) -> Result<Refreshed> {
        let refreshed = self.snapshots.refresh(entry, progress).await.map_err(|e| within_table(entry, e))?;
        self.remember(entry, &refreshed.snapshot)?;
        self.remembered.is_now(entry.oid, &refreshed.snapshot.id);
        Ok(refreshed)
    }

    /// Reminds the catalog of the columns and rows when they are new.
    fn remember(&self, entry: &TableEntry, snapshot: &Snapshot) -> Result<()> {
        let columns = known_columns(snapshot);
        if entry.rows != Some(snapshot.rows) || entry.columns.as_deref() != Some(&columns) {
            self.catalogs.remember(entry, &columns, snapshot.rows)?;
        }
        Ok(())
    }
}

/// A source's error with the table it is the source of, and a remedy where none was given.
fn within_table(entry: &TableEntry, e: Error) -> Error {
    let Culprit::Published(remedy) = e.kind().culprit() else { return e };
    let table = format!("It is the source of {}.{}.", crate::name::quoted(&entry.schema), crate::name::quoted(&entry.name));
    let detail = e.detail().map_or_else(|| table.clone(), |more| format!("{table} {more}"));
    let hint = e.hint().unwrap_or(remedy).to_owned();
    e.with_detail(detail).with_hint(hint)
}

/// What a snapshot's schema says of each column, as the catalog keeps it.
pub fn known_columns(snapshot: &Snapshot) -> Vec<KnownColumn> {
    let column = |field: &arrow::datatypes::FieldRef| KnownColumn {
        name: field.name().clone(),
        pg_type: PgType::of_field(field).name.to_owned(),
        modifier: modifier::of_field(field),
        nullable: field.is_nullable() && !snapshot.required.contains(field.name()),
        comment: field.metadata().get(field_key::COMMENT).cloned(),
    };
    let shown = snapshot.schema.fields().iter().filter(|f| !f.metadata().contains_key(field_key::HIDDEN));
    shown.map(column).collect()
}

/// The list of catalogs that DataFusion plans a statement with.
#[derive(Debug)]
pub struct Databases(pub Arc<Names>);

impl CatalogProviderList for Databases {
    fn register_catalog(&self, _: String, _: Arc<dyn CatalogProvider>) -> Option<Arc<dyn CatalogProvider>> {
        None
    }

    fn catalog_names(&self) -> Vec<String> {
        self.0.shared.catalogs.databases()
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        let known = self.0.shared.catalogs.databases().iter().any(|n| n == name);
        known.then(|| Arc::new(Database { names: Arc::clone(&self.0), name: name.to_owned() }) as _)
    }
}

#[derive(Debug)]
struct Database {
    names: Arc<Names>,
    name: String,
}

impl CatalogProvider for Database {
    fn schema_names(&self) -> Vec<String> {
        let themes = self.names.shared.catalogs.themes(&self.name).unwrap_or_default();
        themes.into_iter().map(|t| t.name).collect()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        Some(Arc::new(Schema { names: Arc::clone(&self.names), catalog: self.name.clone(), name: name.to_owned() }))
    }
}

#[derive(Debug)]
struct Schema {
    names: Arc<Names>,
    catalog: String,
    name: String,
}

#[async_trait]
impl SchemaProvider for Schema {
    fn table_names(&self) -> Vec<String> {
        let tables = self.names.shared.catalogs.tables(&self.catalog, Some(&self.name)).unwrap_or_default();
        tables.iter().map(|t| t.name.clone()).collect()
    }

    async fn table(&self, table: &str) -> DfResult<Option<Arc<dyn TableProvider>>> {
        match self.names.table(&self.catalog, &self.name, table).await {
            Ok(Some(found)) => Ok(Some(found)),
            // DataFusion asks for table functions as well, and must find no table of that name.
            Ok(None) if self.names.shared.base.table_functions().contains_key(table) => Ok(None),
            Ok(None) => Err(DataFusionError::External(Box::new(self.names.unknown(&self.catalog, &self.name, table)))),
            Err(e) => Err(DataFusionError::External(Box::new(e))),
        }
    }

    fn table_exist(&self, table: &str) -> bool {
        self.names.shared.catalogs.table(&self.catalog, &self.name, table).is_ok_and(|t| t.is_some())
    }
}

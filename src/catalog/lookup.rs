//! Reading the index: tables by name and by oid, schemas, problems, counts; and remembering what a first touch found. Each is an
//! indexed lookup; a dataset is read only when one of its tables is asked for.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, Row, ToSql, params};
use serde::{Deserialize, Serialize};

use super::index::Index;
use super::packed;
use super::wanted::behind;
use super::{Catalog, Catalogs, Counts, KnownColumn, TableEntry, Theme, Wanted};
use crate::descriptor::{Dataset, Problem, datapackage};
use crate::error::{Error, Kind, Result};

/// As many names of one beginning are looked through for one that was meant.
const MOST_NAMES: usize = 10_000;

/// How many datasets are kept as read from the index.
const KEPT_MODELS: usize = 4096;

/// Datasets by their rows. A row never changes (see `index`), so that what is kept is always right.
#[derive(Default)]
pub(super) struct Models {
    kept: Mutex<HashMap<i64, Arc<Dataset>>>,
}

impl Models {
    pub(super) fn dataset(&self, connection: &Connection, id: i64) -> Result<Arc<Dataset>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(dataset) = kept.get(&id) {
            return Ok(Arc::clone(dataset));
        }
        let mut statement = connection.prepare_cached("SELECT model FROM records WHERE dataset = ?")?;
        let model = packed::unpack(statement.query_row([id], |row| row.get::<_, Vec<u8>>(0))?.as_slice())?;
        // The file does not matter: the printed form names its own base.
        let (datasets, _) = datapackage::parse(model.as_bytes(), "");
        let unreadable = || Error::new(Kind::Internal, format!("the index holds an unreadable dataset (row {id})"));
        let dataset = Arc::new(datasets.into_iter().next().ok_or_else(unreadable)?);
        if kept.len() >= KEPT_MODELS {
            kept.clear();
        }
        kept.insert(id, Arc::clone(&dataset));
        Ok(dataset)
    }
}

const TABLE: &str = "
    SELECT t.oid, t.schema, t.name, t.dataset, t.position, k.columns, k.rows, s.file
    FROM tables t JOIN datasets d ON d.id = t.dataset JOIN sources s ON s.id = d.source
        LEFT JOIN known k ON k.shape = t.shape
    WHERE t.catalog = ?";

/// Completes [`TABLE`] to the tables of a descriptor whose distribution has a name.
const OF_DESCRIPTOR: &str = "
    AND s.catalog = t.catalog AND s.file = ? AND EXISTS (
        SELECT 1 FROM distributions p WHERE p.dataset = t.dataset AND p.position = t.position AND p.name = ?
    ) ORDER BY t.oid";

/// Completes [`TABLE`] to the tables with a foreign key that may refer to a descriptor's distributions of a name.
const REFERRING: &str = "
    AND t.oid IN (
        SELECT f.oid FROM targets r JOIN tables f ON f.dataset = r.dataset AND f.position = r.position WHERE r.file = ? AND r.name = ?
    ) ORDER BY t.oid";

/// Whether [`REFERRING`] finds a table.
const REFERRED: &str = "
    SELECT EXISTS (
        SELECT 1 FROM targets r JOIN tables f ON f.dataset = r.dataset AND f.position = r.position
        WHERE r.file = ? AND r.name = ? AND f.catalog = ?
    )";

/// A row of [`TABLE`].
struct TableRow {
    oid: u32,
    schema: String,
    name: String,
    dataset: i64,
    position: u32,
    columns: Option<String>,
    rows: Option<i64>,
    descriptor: String,
}

impl TableRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            oid: row.get(0)?,
            schema: row.get(1)?,
            name: row.get(2)?,
            dataset: row.get(3)?,
            position: row.get(4)?,
            columns: row.get(5)?,
            rows: row.get(6)?,
            descriptor: row.get(7)?,
        })
    }
}

/// A column as it stands in the index: name, type, nullable, comment, modifier.
#[derive(Serialize, Deserialize)]
struct StoredColumn(String, String, bool, Option<String>, #[serde(default = "unmodified")] i32);

/// The type modifier of columns that were stored without one.
fn unmodified() -> i32 {
    -1
}

impl Catalogs {
    /// The schemas of a catalog by name.
    pub fn themes(&self, catalog: &str) -> Result<Vec<Theme>> {
        let (_, catalog) = self.catalog(catalog)?;
        let Catalog { id, name, .. } = catalog.as_ref();
        let index = self.index(&catalog)?;
        let connection = index.connection();
        let mut statement =
            connection.prepare_cached("SELECT oid, name, title, datasets, tables FROM themes WHERE catalog = ? ORDER BY name")?;
        let themes = statement.query_map([id], |row| {
            let (datasets, tables): (u32, u32) = (row.get(3)?, row.get(4)?);
            Ok(Theme {
                oid: row.get(0)?,
                catalog: name.clone(),
                name: row.get(1)?,
                title: row.get(2)?,
                datasets: datasets as usize,
                tables: tables as usize,
            })
        })?;
        Ok(themes.collect::<rusqlite::Result<_>>()?)
    }

    /// The tables of a schema by name; all of the catalog's, by schema and name, when `schema` is `None`.
    pub fn tables(&self, catalog: &str, schema: Option<&str>) -> Result<Vec<Arc<TableEntry>>> {
        let id = self.catalog(catalog)?.1.id;
        match schema {
            Some(schema) => self.entries(catalog, &format!("{TABLE} AND t.schema = ? ORDER BY t.name"), &[&id, &schema]),
            None => self.entries(catalog, &format!("{TABLE} ORDER BY t.schema, t.name"), &[&id]),
        }
    }

    /// The tables of the schemas that are wanted whose names are, by schema and name; all of them where nothing is said.
    pub fn tables_wanted(&self, catalog: &str, schemas: Option<&Wanted>, names: Option<&Wanted>) -> Result<Vec<Arc<TableEntry>>> {
        let id = self.catalog(catalog)?.1.id;
        let mut found = BTreeMap::new();
        for conditions in conditions(schemas, names) {
            let sql = told(conditions.iter().map(|(condition, _)| *condition));
            let parameters: Vec<&dyn ToSql> =
                std::iter::once(&id as &dyn ToSql).chain(conditions.iter().map(|(_, value)| value as &dyn ToSql)).collect();
            let keep = |row: &TableRow| schemas.is_none_or(|s| s.has(&row.schema)) && names.is_none_or(|n| n.has(&row.name));
            let entries = self.entries_kept(catalog, &sql, &parameters, keep)?;
            found.extend(entries.into_iter().map(|t| ((t.schema.clone(), t.name.clone()), t)));
        }
        Ok(found.into_values().collect())
    }

    /// Names that one which is not there may have been meant for, each with its schema: all of them, or in a large catalog those that begin
    /// alike. No dataset is read for them.
    pub fn names_like(&self, catalog: &str, name: &str) -> Result<Vec<(String, String)>> {
        let (_, catalog) = self.catalog(catalog)?;
        let index = self.index(&catalog)?;
        let connection = index.connection();
        let read = |conditions: &Lookup| {
            let conditions: (String, Vec<&String>) = (
                conditions.iter().map(|(condition, _)| *condition).collect(),
                conditions.iter().map(|(_, value)| value).collect(),
            );
            let sql = format!(
                "SELECT t.schema, t.name FROM tables t INDEXED BY tables_by_name WHERE t.catalog = ?{} LIMIT {}",
                conditions.0,
                MOST_NAMES + 1
            );
            let mut values: Vec<&dyn ToSql> = vec![&catalog.id];
            values.extend(conditions.1.into_iter().map(|value| value as &dyn ToSql));
            let mut statement = connection.prepare_cached(&sql)?;
            let found = statement.query_map(values.as_slice(), |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok::<_, Error>(found.collect::<rusqlite::Result<Vec<(String, String)>>>()?)
        };
        let mut found = read(&Vec::new())?;
        if found.len() <= MOST_NAMES {
            return Ok(found);
        }
        found.clear();
        // The more of it they begin with, the better: a common beginning has more names than are looked through.
        let mut length = name.chars().count();
        while length > 1 {
            length = if found.is_empty() && length > 3 { length - 1 } else { length / 2 };
            let start: String = name.chars().take(length).collect();
            for conditions in lookups(&Wanted::starting(&start).unwrap_or_default(), BY_NAME) {
                found.extend(read(&conditions)?);
            }
        }
        Ok(found)
    }

    /// One table.
    pub fn table(&self, catalog: &str, schema: &str, name: &str) -> Result<Option<Arc<TableEntry>>> {
        let id = self.catalog(catalog)?.1.id;
        Ok(self.entries(catalog, &format!("{TABLE} AND t.schema = ? AND t.name = ?"), &[&id, &schema, &name])?.pop())
    }

    /// One table of a catalog by its oid.
    pub fn table_by_oid(&self, catalog: &str, oid: u32) -> Result<Option<Arc<TableEntry>>> {
        let id = self.catalog(catalog)?.1.id;
        Ok(self.entries(catalog, &format!("{TABLE} AND t.oid = ?"), &[&id, &oid])?.pop())
    }

    /// The tables of a descriptor's distributions of this name: one, unless the descriptor holds several datasets.
    pub fn tables_of(&self, catalog: &str, descriptor: &str, distribution: &str) -> Result<Vec<Arc<TableEntry>>> {
        let id = self.catalog(catalog)?.1.id;
        self.entries(catalog, &format!("{TABLE}{OF_DESCRIPTOR}"), &[&id, &descriptor, &distribution])
    }

    /// The tables with a foreign key that may refer to this one: its target is of this descriptor, and has this name there.
    pub fn referring(&self, table: &TableEntry) -> Result<Vec<Arc<TableEntry>>> {
        let id = self.catalog(&table.catalog)?.1.id;
        self.entries(&table.catalog, &format!("{TABLE}{REFERRING}"), &[&id, &table.descriptor, &table.distribution().name])
    }

    /// Whether there are such tables.
    pub fn is_referred(&self, table: &TableEntry) -> Result<bool> {
        let (_, catalog) = self.catalog(&table.catalog)?;
        let index = self.index(&catalog)?;
        let connection = index.connection();
        let mut statement = connection.prepare_cached(REFERRED)?;
        Ok(statement.query_row(params![table.descriptor, table.distribution().name, catalog.id], |row| row.get(0))?)
    }

    /// The tables of one dataset of an index.
    pub(super) fn tables_of_dataset(&self, index: &Index, catalog: &str, dataset: i64) -> Result<Vec<Arc<TableEntry>>> {
        let id = self.catalog(catalog)?.1.id;
        self.entries_of(index, catalog, &format!("{TABLE} AND t.dataset = ? ORDER BY t.position"), &[&id, &dataset], |_| true)
    }

    fn entries(&self, catalog: &str, sql: &str, parameters: &[&dyn ToSql]) -> Result<Vec<Arc<TableEntry>>> {
        self.entries_kept(catalog, sql, parameters, |_| true)
    }

    fn entries_kept(
        &self,
        catalog: &str,
        sql: &str,
        parameters: &[&dyn ToSql],
        keep: impl Fn(&TableRow) -> bool,
    ) -> Result<Vec<Arc<TableEntry>>> {
        let index = self.index(&self.catalog(catalog)?.1)?;
        self.entries_of(&index, catalog, sql, parameters, keep)
    }

    fn entries_of(
        &self,
        index: &Index,
        catalog: &str,
        sql: &str,
        parameters: &[&dyn ToSql],
        keep: impl Fn(&TableRow) -> bool,
    ) -> Result<Vec<Arc<TableEntry>>> {
        let connection = index.connection();
        // A deferred transaction: the rows and their datasets are of one moment, whatever another process writes between.
        let moment = connection.unchecked_transaction()?;
        let mut statement = moment.prepare_cached(sql)?;
        let rows = statement.query_map(parameters, TableRow::read)?;
        let kept = rows.filter(|row| row.as_ref().map_or(true, &keep));
        kept.map(|row| Ok(Arc::new(self.entry((&index.models, &moment), catalog, row?)?))).collect()
    }

    fn entry(&self, (models, connection): (&Models, &Connection), catalog: &str, row: TableRow) -> Result<TableEntry> {
        self.looked_at.fetch_add(1, Ordering::Relaxed);
        let columns = row.columns.as_deref().map(stored_columns).transpose()?;
        Ok(TableEntry {
            oid: row.oid,
            catalog: catalog.to_owned(),
            schema: row.schema,
            name: row.name,
            descriptor: row.descriptor,
            dataset: models.dataset(connection, row.dataset)?,
            distribution: row.position as usize,
            columns: columns.map(Arc::new),
            rows: row.rows.and_then(|rows| u64::try_from(rows).ok()),
        })
    }

    /// Remembers what a first touch found, so that the table can be described without its source. It is forgotten when what is
    /// declared of the distribution changes.
    pub fn remember(&self, table: &TableEntry, columns: &[KnownColumn], rows: u64) -> Result<()> {
        let (_, catalog) = self.catalog(&table.catalog)?;
        let stored: Vec<StoredColumn> = columns
            .iter()
            .map(|c| StoredColumn(c.name.clone(), c.pg_type.clone(), c.nullable, c.comment.clone(), c.modifier))
            .collect();
        let stored = serde_json::to_string(&stored).expect("texts and flags are JSON");
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        let index = self.index(&catalog)?;
        let mut connection = index.connection();
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let changed = transaction.execute(
            "INSERT INTO known (shape, columns, rows) SELECT shape, ?, ? FROM tables WHERE catalog = ? AND oid = ?
             ON CONFLICT (shape) DO UPDATE SET columns = excluded.columns, rows = excluded.rows
             WHERE columns <> excluded.columns OR rows <> excluded.rows",
            params![stored, rows, catalog.id, table.oid],
        )?;
        if changed > 0 {
            transaction.execute("UPDATE changes SET count = count + 1", [])?;
        }
        Ok(transaction.commit()?)
    }

    /// Every problem of every descriptor, by file and pointer; of one catalog when given.
    pub fn problems(&self, catalog: Option<&str>) -> Result<Vec<Problem>> {
        let only = catalog.map(|name| self.catalog(name)).transpose()?.map(|(position, _)| position);
        let asked = |position: usize| only.is_none_or(|only| only == position);
        let passing = self.passing.iter().filter(|(position, _)| asked(*position)).map(|(_, problem)| problem.clone());
        let mut problems: Vec<Problem> = passing.collect();
        for (_, catalog) in self.all().into_iter().enumerate().filter(|(position, _)| asked(*position)) {
            let index = self.index(&catalog)?;
            let connection = index.connection();
            let mut statement = connection.prepare_cached("SELECT file, pointer, message FROM problems WHERE catalog = ?")?;
            let rows = statement
                .query_map([catalog.id], |row| Ok(Problem { file: row.get(0)?, pointer: row.get(1)?, message: row.get(2)? }))?;
            for problem in rows {
                problems.push(problem?);
            }
        }
        problems.sort_by(|a, b| (&a.file, &a.pointer, &a.message).cmp(&(&b.file, &b.pointer, &b.message)));
        Ok(problems)
    }

    /// How many problems a harvested catalog has; `None` for one that was given at the start.
    pub fn harvested_problems(&self, catalog: &str) -> Result<Option<usize>> {
        let (_, catalog) = self.catalog(catalog)?;
        let Some(harvested) = &catalog.harvested else { return Ok(None) };
        let index = self.index(&catalog)?;
        let connection = index.connection();
        let mut statement = connection.prepare_cached("SELECT count(*) FROM problems WHERE catalog = ?")?;
        let count: u32 = statement.query_row([catalog.id], |row| row.get(0))?;
        Ok(Some(count as usize + usize::from(harvested.problem().is_some())))
    }

    /// How much there is in all catalogs together.
    pub fn counts(&self) -> Result<Counts> {
        let catalogs = self.all();
        let mut counts = Counts { catalogs: catalogs.len(), ..Counts::default() };
        for catalog in &catalogs {
            let index = self.index(catalog)?;
            let connection = index.connection();
            let mut statement = connection.prepare_cached(
                "SELECT count(*), coalesce(sum(datasets), 0), coalesce(sum(tables), 0) FROM themes WHERE catalog = ?",
            )?;
            let (themes, datasets, tables): (u32, u32, u32) =
                statement.query_row([catalog.id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            counts.themes += themes as usize;
            counts.datasets += datasets as usize;
            counts.tables += tables as usize;
        }
        Ok(counts)
    }

    /// Changes whenever a lookup may answer otherwise than before: datasets came, went or changed, or a first touch found
    /// columns; by whichever process that shares the index.
    pub fn version(&self) -> Result<u64> {
        let connection = self.index.connection();
        let count: i64 = connection.prepare_cached("SELECT count FROM changes")?.query_row([], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }
}

/// A condition on a row of [`TABLE`], and the value that it compares with.
type Condition = (&'static str, String);

/// What names are compared by: one in full, and from one to before another.
const BY_NAME: [&str; 3] = [" AND t.name = ?", " AND t.name >= ?", " AND t.name < ?"];

/// The conditions that a lookup's rows meet.
pub(super) type Lookup = Vec<Condition>;

/// [`TABLE`] with these conditions. SQLite, which counts no rows, would look through a whole catalog for a name alone.
fn told<'a>(conditions: impl Iterator<Item = &'a str>) -> String {
    let conditions: String = conditions.collect();
    let by_name = conditions.starts_with(" AND t.name");
    let table = if by_name { TABLE.replace("tables t", "tables t INDEXED BY tables_by_name") } else { TABLE.to_owned() };
    table + &conditions
}

/// The lookups that find all that is wanted, each the conditions it begins with. One by a name alone finds it in every schema.
fn conditions(schemas: Option<&Wanted>, names: Option<&Wanted>) -> Vec<Lookup> {
    let by_name = names.map(|n| lookups(n, BY_NAME));
    let by_schema = schemas.map(|s| lookups(s, [" AND t.schema = ?", " AND t.schema >= ?", " AND t.schema < ?"]));
    match (by_schema, by_name) {
        (None, None) => vec![Vec::new()],
        (Some(only), None) | (None, Some(only)) => only,
        // An index begins with one schema; of several the names are looked for in all.
        (Some(schemas), Some(names)) => match schemas.as_slice() {
            [one] if one.len() == 1 => names.into_iter().map(|name| one.iter().cloned().chain(name).collect()).collect(),
            _ => names,
        },
    }
}

/// A lookup for each text, and one for each beginning.
pub(super) fn lookups(wanted: &Wanted, [is, from, to]: [&'static str; 3]) -> Vec<Lookup> {
    let texts = wanted.texts.iter().map(|text| vec![(is, text.clone())]);
    let starts = wanted.starts.iter().map(|start| {
        let end = behind(start).map(|end| (to, end));
        std::iter::once((from, start.clone())).chain(end).collect()
    });
    texts.chain(starts).collect()
}

fn stored_columns(json: &str) -> Result<Vec<KnownColumn>> {
    let stored: Vec<StoredColumn> = serde_json::from_str(json)
        .map_err(|e| Error::new(Kind::Internal, format!("the index holds unreadable columns: {e}")).caused_by(e))?;
    let column =
        |StoredColumn(name, pg_type, nullable, comment, modifier)| KnownColumn { name, pg_type, modifier, nullable, comment };
    Ok(stored.into_iter().map(column).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catalogs_are_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Catalogs>();
    }

    #[test]
    fn every_lookup_of_a_table_is_by_an_index() -> Result<()> {
        let connection = super::super::index::open(None)?;
        for (conditions, by) in [
            (&[" AND t.schema = 's'", " AND t.name = 'n'"][..], "schema=? AND name=?"),
            (&[" AND t.schema = 's'", " AND t.name >= 'n'", " AND t.name < 'o'"], "schema=? AND name>? AND name<?"),
            (&[" AND t.name = 'n'"], "name=?"),
            (&[" AND t.name >= 'n'", " AND t.name < 'o'"], "name>? AND name<?"),
            (&[" AND t.oid = 1"], "oid=?"),
            (&[" AND t.schema = 's'"], "schema=?"),
        ] {
            let sql = told(conditions.iter().copied());
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
            let steps = plan.query_map([1], |row| row.get(3))?.collect::<rusqlite::Result<Vec<String>>>()?;
            assert!(steps.iter().all(|step| step.starts_with("SEARCH")), "{conditions:?}: {steps:?}");
            assert!(steps.iter().any(|step| step.contains(&format!("catalog=? AND {by})"))), "{conditions:?}: {steps:?}");
        }
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {TABLE}{REFERRING}"))?;
        let steps = plan.query_map(params![1, "f", "n"], |row| row.get(3))?.collect::<rusqlite::Result<Vec<String>>>()?;
        assert!(steps.iter().all(|step| !step.starts_with("SCAN")), "{steps:?}");
        Ok(())
    }
}

//! Reading the index: datasets, page by page, with or without tables. A dataset's description is read when it is asked for.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use rusqlite::{OptionalExtension, Row, ToSql};

use super::index::Index;
use super::lookup::{Lookup, lookups};
use super::{Catalogs, TableEntry, Wanted, packed};
use crate::descriptor::Dataset;
use crate::error::{Error, Result};

/// A dataset as it stands in a catalog.
pub struct Publication {
    pub identifier: String,
    /// The schema of its tables.
    pub schema: String,
    pub publisher: Option<String>,
    pub tables: u64,
    /// When it was found not to be published any more (RFC 3339); `None` as long as it is.
    pub vanished: Option<String>,
    /// The formats of its tables.
    pub formats: Vec<String>,
    /// The path or URL of the document that describes it; the catalog's folder for files without one.
    pub document: String,
    row: i64,
    index: Arc<Index>,
    dataset: OnceLock<Arc<Dataset>>,
    record: OnceLock<Option<SourceRecord>>,
}

/// The text of a dataset's record, and its media type.
pub type SourceRecord = (String, String);

impl Publication {
    /// What is said of it.
    pub fn dataset(&self) -> Result<&Arc<Dataset>> {
        if let Some(dataset) = self.dataset.get() {
            return Ok(dataset);
        }
        let dataset = self.index.models.dataset(&self.index.connection(), self.row)?;
        Ok(self.dataset.get_or_init(|| dataset))
    }

    /// What it was made of, as published; `None` for files that nobody described.
    pub fn record(&self) -> Result<Option<&SourceRecord>> {
        if let Some(record) = self.record.get() {
            return Ok(record.as_ref());
        }
        let connection = self.index.connection();
        let sql = "SELECT media_type, text FROM records WHERE dataset = ? AND text IS NOT NULL";
        let mut statement = connection.prepare_cached(sql)?;
        let found = statement.query_row([self.row], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?)));
        let record =
            found.optional()?.map(|(media_type, text)| Ok::<_, Error>((packed::unpack(&text)?, media_type))).transpose()?;
        Ok(self.record.get_or_init(|| record).as_ref())
    }

    /// Its tables, each with the number of its distribution.
    pub fn entries(&self, catalogs: &Catalogs, catalog: &str) -> Result<Vec<Arc<TableEntry>>> {
        catalogs.tables_of_dataset(&self.index, catalog, self.row)
    }
}

/// A publisher, and how many datasets it has.
pub struct Publisher {
    pub name: String,
    pub datasets: u64,
    /// One of its datasets.
    pub example: Publication,
}

/// The columns of [`read`].
pub(super) const COLUMNS: &str = "d.id, d.identifier, d.schema, d.publisher, d.tables, d.vanished, s.file, d.formats";

pub(super) fn read(row: &Row<'_>, index: &Arc<Index>) -> rusqlite::Result<Publication> {
    Ok(Publication {
        row: row.get(0)?,
        identifier: row.get(1)?,
        schema: row.get(2)?,
        publisher: row.get(3)?,
        tables: row.get::<_, i64>(4)?.unsigned_abs(),
        vanished: row.get(5)?,
        document: row.get(6)?,
        formats: row.get::<_, String>(7)?.split(',').filter(|format| !format.is_empty()).map(str::to_owned).collect(),
        index: Arc::clone(index),
        dataset: OnceLock::new(),
        record: OnceLock::new(),
    })
}

/// Datasets of one version of a catalog, in pages.
pub struct Publications {
    index: Arc<Index>,
    catalog: i64,
    schemas: Option<Wanted>,
    identifiers: Option<Wanted>,
    /// The lookups that are left; the first is being read.
    lookups: VecDeque<Lookup>,
    /// The last dataset that was given of it.
    last: Option<(String, String, i64)>,
}

impl Publications {
    /// At most so many datasets, by schema and identifier within a lookup; none at the end.
    pub fn page(&mut self, most: usize) -> Result<Vec<Publication>> {
        while let Some(lookup) = self.lookups.front() {
            let found = self.read(lookup, most)?;
            match found.last() {
                Some(last) => self.last = Some((last.schema.clone(), last.identifier.clone(), last.row)),
                None => {
                    self.lookups.pop_front();
                    self.last = None;
                    continue;
                }
            }
            let is = |wanted: &Option<Wanted>, name: &str| wanted.as_ref().is_none_or(|wanted| wanted.has(name));
            let kept: Vec<_> =
                found.into_iter().filter(|p| is(&self.schemas, &p.schema) && is(&self.identifiers, &p.identifier)).collect();
            if !kept.is_empty() {
                return Ok(kept);
            }
        }
        Ok(Vec::new())
    }

    fn read(&self, lookup: &Lookup, most: usize) -> Result<Vec<Publication>> {
        let connection = self.index.connection();
        let conditions: String = lookup.iter().map(|(condition, _)| *condition).collect();
        let behind = if self.last.is_some() { " AND (d.schema, d.identifier, d.id) > (?, ?, ?)" } else { "" };
        let sql = format!(
            "SELECT {COLUMNS} FROM datasets d JOIN sources s ON s.id = d.source WHERE d.catalog = ?{conditions}{behind}
             ORDER BY d.schema, d.identifier, d.id LIMIT ?"
        );
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut values: Vec<&dyn ToSql> = vec![&self.catalog];
        values.extend(lookup.iter().map(|(_, value)| value as &dyn ToSql));
        if let Some((schema, identifier, row)) = &self.last {
            values.extend([schema as &dyn ToSql, identifier, row]);
        }
        values.push(&most);
        let mut statement = connection.prepare_cached(&sql)?;
        let found = statement.query_map(values.as_slice(), |row| read(row, &self.index))?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }
}

impl Catalogs {
    /// The datasets of the schemas that are wanted whose identifiers are; all of them where nothing is said.
    pub fn publications(&self, catalog: &str, schemas: Option<Wanted>, identifiers: Option<Wanted>) -> Result<Publications> {
        let (_, catalog) = self.catalog(catalog)?;
        let by_identifier = [" AND d.identifier = ?", " AND d.identifier >= ?", " AND d.identifier < ?"];
        let by_schema = [" AND d.schema = ?", " AND d.schema >= ?", " AND d.schema < ?"];
        let lookups = match (&schemas, &identifiers) {
            (_, Some(identifiers)) => lookups(identifiers, by_identifier),
            (Some(schemas), None) => lookups(schemas, by_schema),
            (None, None) => vec![Vec::new()],
        };
        let (index, lookups) = (self.index(&catalog)?, lookups.into());
        Ok(Publications { index, catalog: catalog.id, schemas, identifiers, lookups, last: None })
    }

    /// The publishers of a catalog by name.
    pub fn publishers(&self, catalog: &str) -> Result<Vec<Publisher>> {
        let (_, catalog) = self.catalog(catalog)?;
        let index = self.index(&catalog)?;
        let connection = index.connection();
        let sql = format!(
            "SELECT {COLUMNS}, p.datasets
             FROM (SELECT min(id) AS id, count(*) AS datasets FROM datasets WHERE catalog = ? AND publisher IS NOT NULL GROUP BY publisher) p
             JOIN datasets d ON d.id = p.id JOIN sources s ON s.id = d.source ORDER BY d.publisher"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let found = statement.query_map([catalog.id], |row| {
            let example = read(row, &index)?;
            let datasets = row.get::<_, i64>(8)?.unsigned_abs();
            Ok(Publisher { name: example.publisher.clone().unwrap_or_default(), datasets, example })
        })?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_found_by_an_index() -> Result<()> {
        let connection = super::super::index::open(None)?;
        for conditions in ["", " AND d.schema = 's'", " AND d.schema = 's' AND (d.schema, d.identifier, d.id) > ('s', 'i', 1)"] {
            let sql = format!(
                "EXPLAIN QUERY PLAN SELECT {COLUMNS} FROM datasets d JOIN sources s ON s.id = d.source WHERE d.catalog = 1{conditions}
                 ORDER BY d.schema, d.identifier, d.id LIMIT 10"
            );
            let mut plan = connection.prepare(&sql)?;
            let steps = plan.query_map([], |row| row.get(3))?.collect::<rusqlite::Result<Vec<String>>>()?;
            assert!(steps.iter().all(|step| step.starts_with("SEARCH")), "{conditions}: {steps:?}");
        }
        Ok(())
    }
}

//! `catalog.themes`, `datasets`, `distributions`, `columns`, `publishers` and `problems`: what descriptors say.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::catalog::{KnownColumn, TableEntry, Wanted};
use crate::descriptor::{self, Compression, Dataset, Format};
use crate::error::{Error, Result};
use crate::snapshot::ReadAs;
use crate::table::pg_catalog::{columns_of, tables_of_schemas};
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

/// The tables that pins on `schema_name` and `table_name` leave.
pub(super) fn entries(env: &SystemEnv, pins: &Pins) -> Result<Vec<Arc<TableEntry>>> {
    tables_of_schemas(env, pins, pins.wanted("schema_name"), "table_name")
}

pub(super) fn themes(env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    Ok(Rows::of(env.catalogs.themes(&env.database)?, |t, column| match column {
        "theme" => (&t.name).into(),
        "title" => (&t.title).into(),
        "datasets" => count(t.datasets),
        "tables" => count(t.tables),
        _ => Cell::Unset,
    }))
}

/// A dataset with its schema and how many tables it has.
struct Publication {
    dataset: Arc<Dataset>,
    schema: String,
    tables: usize,
}

fn publications(env: &SystemEnv, schemas: Option<&Wanted>) -> Result<Vec<Publication>> {
    Ok(of_tables(&env.catalogs.tables_wanted(&env.database, schemas, None)?))
}

/// The datasets of these tables, by schema and identifier. Descriptors that give the same identifier stay apart.
fn of_tables(tables: &[Arc<TableEntry>]) -> Vec<Publication> {
    let mut found: BTreeMap<(&str, &str, &str), Publication> = BTreeMap::new();
    for t in tables {
        let key = (t.schema.as_str(), t.dataset.identifier.as_str(), t.descriptor.as_str());
        let publication = found.entry(key).or_insert_with(|| Publication {
            dataset: Arc::clone(&t.dataset),
            schema: t.schema.clone(),
            tables: 0,
        });
        publication.tables += 1;
    }
    found.into_values().collect()
}

pub(super) fn datasets(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    Ok(Rows::of(publications(env, pins.wanted("theme"))?, |p, column| {
        let d = &p.dataset;
        let publisher = d.publisher.as_ref();
        match column {
            "identifier" => (&d.identifier).into(),
            "name" => (&d.name).into(),
            "title" => Cell::opt(d.title.clone()),
            "description" => Cell::opt(d.description.clone()),
            "theme" => (&p.schema).into(),
            "keywords" => Cell::Array(d.keywords.clone()),
            "publisher" => Cell::opt(publisher.map(|p| p.name.clone())),
            "publisher_homepage" => Cell::opt(publisher.and_then(|p| p.homepage.clone())),
            "publisher_email" => Cell::opt(publisher.and_then(|p| p.email.clone())),
            "license" => Cell::opt(d.licenses.first().and_then(|l| l.name.clone().or_else(|| l.title.clone()))),
            "license_url" => Cell::opt(d.licenses.first().and_then(|l| l.path.clone())),
            "homepage" => Cell::opt(d.homepage.clone()),
            "accrual_periodicity" => Cell::opt(d.accrual_periodicity.clone()),
            "issued" => Cell::opt(d.issued.clone()),
            "modified" => Cell::opt(d.modified.clone()),
            "access_rights" => d.access_rights.name().into(),
            "tables" => count(p.tables),
            _ => Cell::Unset,
        }
    }))
}

pub(super) fn distributions(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let snapshots = Arc::clone(&env.snapshots);
    let rows = entries(env, pins)?.into_iter().map(|table| (table, OnceLock::new())).collect();
    Ok(Rows::tried(rows, move |(t, read): &(Arc<TableEntry>, OnceLock<Option<ReadAs>>), column| {
        let d = t.distribution();
        // What was found out stands in the manifest, which is opened for those who ask.
        let read = || {
            if let Some(known) = read.get() {
                return Ok::<_, Error>(known.as_ref());
            }
            let found = snapshots.read_as(t)?;
            Ok(read.get_or_init(|| found).as_ref())
        };
        let of_dialect = |key: &str| Ok::<_, Error>(read()?.and_then(|r| r.dialect.as_ref()).and_then(|d| d.get(key)));
        let sign = |key: &str| {
            let text = of_dialect(key)?.and_then(Value::as_str).filter(|s| *s != "\0");
            Ok::<_, Error>(Cell::opt(text.map(str::to_owned)))
        };
        Ok(match column {
            "schema_name" => (&t.schema).into(),
            "table_name" => (&t.name).into(),
            "dataset" => (&t.dataset.identifier).into(),
            "distribution" => (&d.name).into(),
            "title" => Cell::opt(d.title.clone()),
            "description" => Cell::opt(d.description.clone()),
            "format" => Cell::opt(d.format.map(Format::name)),
            "media_type" => Cell::opt(d.media_type.clone()),
            "compression" => Cell::opt(d.compression.map(Compression::name)),
            "member" => Cell::opt(d.member.clone()),
            "encoding" => Cell::opt(d.encoding.clone()),
            "paths" => Cell::Array(d.paths.clone()),
            "bytes" => d.bytes.and_then(|b| i64::try_from(b).ok()).map_or(Cell::Null, Cell::Int),
            "hash" => Cell::opt(d.hash.clone()),
            "read_encoding" => Cell::opt(read()?.and_then(|r| r.encoding.clone())),
            "read_delimiter" => sign("delimiter")?,
            "read_quote" => sign("quoteChar")?,
            "read_header_rows" => Cell::opt(header_rows(of_dialect("header")?, of_dialect("headerRows")?)),
            "read_dialect" => Cell::opt(read()?.and_then(|r| r.dialect.as_ref()).map(ToString::to_string)),
            _ => Cell::Unset,
        })
    }))
}

/// The lines of the header, with commas between them; nothing when there is none.
fn header_rows(header: Option<&Value>, rows: Option<&Value>) -> Option<String> {
    let rows: Vec<String> = rows.and_then(Value::as_array).into_iter().flatten().map(ToString::to_string).collect();
    match header?.as_bool()? {
        true if rows.is_empty() => Some("1".to_owned()),
        true => Some(rows.join(",")),
        false => Some(String::new()),
    }
}

struct ColumnRow {
    table: Arc<TableEntry>,
    position: i32,
    known: KnownColumn,
    declared: Option<descriptor::Column>,
}

pub(super) async fn columns(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let tables = entries(env, pins)?;
    let find = tables.len() == 1 && pins.are_asked("table_name");
    let mut rows = Vec::new();
    for table in &tables {
        let declared = &table.distribution().schema.columns;
        for (position, known) in (1..).zip(columns_of(env, table, find).await?.iter()) {
            rows.push(ColumnRow {
                table: Arc::clone(table),
                position,
                declared: declared.iter().find(|c| c.name == known.name).cloned(),
                known: known.clone(),
            });
        }
    }
    Ok(Rows::of(rows, |r, column| {
        let declared = r.declared.as_ref();
        match column {
            "schema_name" => (&r.table.schema).into(),
            "table_name" => (&r.table.name).into(),
            "position" => r.position.into(),
            "name" => (&r.known.name).into(),
            "type" => (&r.known.pg_type).into(),
            "declared_type" => Cell::opt(declared.map(|d| d.kind.name())),
            "title" => Cell::opt(declared.and_then(|d| d.title.clone())),
            "description" => Cell::opt(declared.and_then(|d| d.description.clone())),
            "unit" => Cell::opt(declared.and_then(|d| d.unit.clone())),
            "nullable" => r.known.nullable.into(),
            _ => Cell::Unset,
        }
    }))
}

pub(super) fn publishers(env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    let mut found: BTreeMap<String, (Arc<Dataset>, usize)> = BTreeMap::new();
    // A dataset has one theme, and so is in one schema.
    for p in publications(env, None)? {
        if let Some(publisher) = &p.dataset.publisher {
            found.entry(publisher.name.clone()).or_insert_with(|| (Arc::clone(&p.dataset), 0)).1 += 1;
        }
    }
    Ok(Rows::of(found.into_iter().collect(), |(name, (dataset, datasets)), column| match column {
        "name" => name.into(),
        "homepage" => Cell::opt(dataset.publisher.as_ref().and_then(|p| p.homepage.clone())),
        "email" => Cell::opt(dataset.publisher.as_ref().and_then(|p| p.email.clone())),
        "datasets" => count(*datasets),
        _ => Cell::Unset,
    }))
}

pub(super) fn problems(env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    Ok(Rows::of(env.catalogs.problems(Some(&env.database))?, |p, column| match column {
        "file" => (&p.file).into(),
        "pointer" => (&p.pointer).into(),
        "message" => (&p.message).into(),
        _ => Cell::Unset,
    }))
}

fn count(n: usize) -> Cell {
    i64::try_from(n).map_or(Cell::Unset, Cell::Int)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::Distribution;

    #[test]
    fn descriptors_of_one_identifier_are_datasets_of_their_own() {
        let table = |descriptor: &str, name: &str| {
            let distributions = vec![Distribution::default()];
            let dataset = Dataset { identifier: "trips".to_owned(), distributions, ..Dataset::default() };
            Arc::new(TableEntry {
                oid: 0,
                catalog: String::new(),
                schema: "transport".to_owned(),
                name: name.to_owned(),
                descriptor: descriptor.to_owned(),
                dataset: Arc::new(dataset),
                distribution: 0,
                columns: None,
                rows: None,
            })
        };
        let found = of_tables(&[table("/a.json", "trips"), table("/b.json", "trips_x"), table("/b.json", "trips_y")]);
        assert_eq!(found.iter().map(|p| p.tables).collect::<Vec<_>>(), [1, 2]);
    }
}

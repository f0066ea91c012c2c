//! `catalog.themes`, `datasets`, `distributions`, `columns`, `publishers` and `problems`: what descriptors say.

use std::sync::{Arc, OnceLock};

use futures::stream::{self, BoxStream, StreamExt};
use serde_json::Value;

use crate::catalog::{KnownColumn, Publication, TableEntry, Wanted};
use crate::descriptor::terms::{self, Frequency};
use crate::descriptor::{self, Compression, Dataset, Format, License};
use crate::error::{Error, Kind, Result};
use crate::snapshot::ReadAs;
use crate::table::pg_catalog::{columns_of, known_columns, tables_of_schemas};
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

/// Datasets that are read from the index at a time.
pub(super) const PAGE: usize = 512;

/// The datasets that the pins on `theme` (or `schema_name`) and on `identifier` (or `dataset`) leave, page by page; `rows` makes rows of a page.
pub(super) fn paged(
    env: &Arc<SystemEnv>,
    (schemas, identifiers): (Option<&Wanted>, Option<&Wanted>),
    rows: impl Fn(&SystemEnv, Vec<Publication>) -> Result<Rows> + Send + Sync + 'static,
) -> BoxStream<'static, Result<Rows>> {
    let publications = match env.catalogs.publications(&env.database, schemas.cloned(), identifiers.cloned()) {
        Ok(publications) => publications,
        Err(e) => return stream::once(async { Err(e) }).boxed(),
    };
    let (env, rows) = (Arc::clone(env), Arc::new(rows));
    stream::try_unfold(publications, move |mut publications| {
        let (env, rows) = (Arc::clone(&env), Arc::clone(&rows));
        async move {
            let read = tokio::task::spawn_blocking(move || {
                let page = publications.page(PAGE)?;
                let found = if page.is_empty() { None } else { Some(rows(&env, page)?) };
                Ok::<_, Error>(found.map(|found| (found, publications)))
            });
            read.await.map_err(|e| Error::new(Kind::Internal, "reading datasets failed inside").caused_by(e))?
        }
    })
    .boxed()
}

pub(super) fn datasets(env: Arc<SystemEnv>, pins: &Pins) -> BoxStream<'static, Result<Rows>> {
    paged(&env, (pins.wanted("theme"), pins.wanted("identifier")), |_, page| Ok(Rows::tried(page, dataset)))
}

fn dataset(p: &Publication, column: &str) -> Result<Cell> {
    // What the index tells by itself, without a look at the description.
    match column {
        "identifier" => return Ok((&p.identifier).into()),
        "theme" => return Ok((&p.schema).into()),
        "publisher" => return Ok(Cell::opt(p.publisher.clone())),
        "tables" => return Ok(i64::try_from(p.tables).map_or(Cell::Unset, Cell::Int)),
        "vanished" => return Ok(Cell::opt(p.vanished.clone())),
        "document" => return Ok((&p.document).into()),
        "source_record" => return Ok(Cell::opt(p.record()?.map(|(text, _)| text.clone()))),
        "source_media_type" => return Ok(Cell::opt(p.record()?.map(|(_, media_type)| media_type.clone()))),
        _ => {}
    }
    let d = p.dataset()?;
    let (publisher, licence) = (d.publisher.as_ref(), d.licenses.first());
    Ok(match column {
        "name" => (&d.name).into(),
        "title" => Cell::opt(d.title.clone()),
        "description" => Cell::opt(d.description.clone()),
        "themes" => Cell::Array(d.themes.clone()),
        "keywords" => Cell::Array(d.keywords.clone()),
        "publisher_homepage" => Cell::opt(publisher.and_then(|p| p.homepage.clone())),
        "publisher_email" => Cell::opt(publisher.and_then(|p| p.email.clone())),
        "contact" => Cell::opt(d.contact.as_ref().map(|c| c.name.clone())),
        "contact_email" => Cell::opt(d.contact.as_ref().and_then(|c| c.email.clone())),
        "license" => Cell::opt(licence.and_then(title_of)),
        "license_url" => Cell::opt(licence.and_then(|l| l.path.clone())),
        "license_spdx" => Cell::opt(d.licenses.iter().find_map(terms::licence)),
        "homepage" => Cell::opt(d.homepage.clone()),
        "accrual_periodicity" => Cell::opt(d.accrual_periodicity.clone()),
        "frequency" => Cell::opt(d.accrual_periodicity.as_deref().and_then(Frequency::of_words).map(|f| f.code)),
        "issued" => Cell::opt(d.issued.clone()),
        "modified" => Cell::opt(d.modified.clone()),
        "languages" => Cell::Array(d.languages.clone()),
        "spatial" => Cell::Array(d.spatial.clone()),
        "temporal_start" => Cell::opt(d.temporal.iter().find_map(|period| period.start.clone())),
        "temporal_end" => Cell::opt(d.temporal.iter().find_map(|period| period.end.clone())),
        "conforms_to" => Cell::Array(d.conforms_to.clone()),
        "version" => Cell::opt(d.version.clone()),
        "part_of" => Cell::opt(d.part_of.clone()),
        "access_rights" => d.access_rights.name().into(),
        "published_rights" => Cell::opt(d.published_rights.clone()),
        "unmapped" => Cell::Array(unmapped(d)),
        _ => Cell::Unset,
    })
}

/// What a licence is called.
fn title_of(licence: &License) -> Option<String> {
    licence.name.clone().or_else(|| licence.title.clone())
}

/// The published properties that the model has no word for, those of distributions by `distributions.NAME`.
fn unmapped(dataset: &Dataset) -> Vec<String> {
    let of_distributions = dataset.distributions.iter().flat_map(|d| d.extra.keys()).map(|key| format!("distributions.{key}"));
    let mut found: Vec<String> = dataset.extra.keys().cloned().chain(of_distributions).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// A distribution of a dataset, with its table where it is one.
struct DistributionRow {
    dataset: Arc<Dataset>,
    position: usize,
    schema: String,
    table: Option<Arc<TableEntry>>,
    /// What was found out when it was read; looked up when it is asked for.
    read: OnceLock<Option<ReadAs>>,
}

pub(super) fn distributions(env: Arc<SystemEnv>, pins: &Pins) -> BoxStream<'static, Result<Rows>> {
    if pins.are_asked("table_name") {
        let rows = entries(&env, pins).map(|tables| {
            let row = |table: Arc<TableEntry>| DistributionRow {
                dataset: Arc::clone(&table.dataset),
                position: table.distribution,
                schema: table.schema.clone(),
                table: Some(table),
                read: OnceLock::new(),
            };
            of_distributions(&env, tables.into_iter().map(row).collect())
        });
        return stream::once(async { rows }).boxed();
    }
    paged(&env, (pins.wanted("schema_name"), pins.wanted("dataset")), |env, page| {
        let mut rows = Vec::new();
        for publication in &page {
            let dataset = publication.dataset()?;
            let tables = publication.entries(&env.catalogs, &env.database)?;
            rows.extend((0..dataset.distributions.len()).map(|position| DistributionRow {
                dataset: Arc::clone(dataset),
                position,
                schema: publication.schema.clone(),
                table: tables.iter().find(|table| table.distribution == position).map(Arc::clone),
                read: OnceLock::new(),
            }));
        }
        Ok(of_distributions(env, rows))
    })
}

fn of_distributions(env: &SystemEnv, rows: Vec<DistributionRow>) -> Rows {
    let snapshots = Arc::clone(&env.snapshots);
    Rows::tried(rows, move |row: &DistributionRow, column| {
        let d = &row.dataset.distributions[row.position];
        // What was found out stands in the manifest, which is opened for those who ask.
        let read = || {
            if let Some(known) = row.read.get() {
                return Ok::<_, Error>(known.as_ref());
            }
            let found = row.table.as_ref().map(|table| snapshots.read_as(table)).transpose()?.flatten();
            Ok(row.read.get_or_init(|| found).as_ref())
        };
        let of_dialect = |key: &str| Ok::<_, Error>(read()?.and_then(|r| r.dialect.as_ref()).and_then(|d| d.get(key)));
        let sign = |key: &str| {
            let text = of_dialect(key)?.and_then(Value::as_str).filter(|s| *s != "\0");
            Ok::<_, Error>(Cell::opt(text.map(str::to_owned)))
        };
        Ok(match column {
            "schema_name" => (&row.schema).into(),
            "table_name" => Cell::opt(row.table.as_ref().map(|table| table.name.clone())),
            "dataset" => (&row.dataset.identifier).into(),
            "distribution" => (&d.name).into(),
            "title" => Cell::opt(d.title.clone()),
            "description" => Cell::opt(d.description.clone()),
            "format" => Cell::opt(d.format.map(Format::name)),
            "declared_format" => Cell::opt(d.declared_format.clone().or_else(|| d.format.map(|f| f.name().to_owned()))),
            "media_type" => Cell::opt(d.media_type.clone()),
            "access_url" => Cell::opt(d.access_url.clone()),
            "license" => Cell::opt(d.licenses.first().or(row.dataset.licenses.first()).and_then(title_of)),
            "issued" => Cell::opt(d.issued.clone()),
            "modified" => Cell::opt(d.modified.clone()),
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
    })
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

pub(super) fn columns(env: Arc<SystemEnv>, pins: &Pins) -> BoxStream<'static, Result<Rows>> {
    if pins.wanted("table_name").is_some() {
        let (tables, is_asked) = (entries(&env, pins), pins.are_asked("table_name"));
        let described = async move {
            let tables = tables?;
            let find = tables.len() == 1 && is_asked;
            let mut rows = Vec::new();
            for table in &tables {
                push_columns(&mut rows, table, &columns_of(&env, table, find).await?);
            }
            Ok(of_columns(rows))
        };
        return stream::once(described).boxed();
    }
    paged(&env, (pins.wanted("schema_name"), None), |env, page| {
        let mut rows = Vec::new();
        for publication in page.iter().filter(|publication| publication.tables > 0) {
            for table in publication.entries(&env.catalogs, &env.database)? {
                push_columns(&mut rows, &table, &known_columns(&table));
            }
        }
        Ok(of_columns(rows))
    })
}

fn push_columns(rows: &mut Vec<ColumnRow>, table: &Arc<TableEntry>, columns: &[KnownColumn]) {
    let declared = &table.distribution().schema.columns;
    rows.extend((1..).zip(columns).map(|(position, known)| ColumnRow {
        table: Arc::clone(table),
        position,
        declared: declared.iter().find(|c| c.name == known.name).cloned(),
        known: known.clone(),
    }));
}

fn of_columns(rows: Vec<ColumnRow>) -> Rows {
    Rows::of(rows, |r, column| {
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
    })
}

pub(super) fn publishers(env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    Ok(Rows::tried(env.catalogs.publishers(&env.database)?, |p, column| {
        let told = || Ok::<_, Error>(p.example.dataset()?.publisher.as_ref());
        Ok(match column {
            "name" => (&p.name).into(),
            "homepage" => Cell::opt(told()?.and_then(|p| p.homepage.clone())),
            "email" => Cell::opt(told()?.and_then(|p| p.email.clone())),
            "datasets" => i64::try_from(p.datasets).map_or(Cell::Unset, Cell::Int),
            _ => Cell::Unset,
        })
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

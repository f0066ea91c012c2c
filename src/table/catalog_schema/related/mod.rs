//! `catalog.related(table)`: the tables that can be joined with one, by which columns, how that is known, and the statement that joins
//! them. The table is the pin on the column `query`; one that was read is measured when it is not yet, and no source is asked.

mod hints;
mod statement;

use std::sync::Arc;

use crate::catalog::{Join, SketchedTable, TableEntry};
use crate::error::{Error, Kind, Result};
use crate::name::{identifiers, nearest, quoted};
use crate::table::pg_catalog::{ForeignKeyRow, foreign_keys};
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

use super::search::questions;
use super::snapshots::whole;

/// Tables of a schema up to which the nearest name to a wrong one is looked for.
const NEAR: usize = 10_000;

/// A way to join the table that was asked for with another.
struct Related {
    table: Arc<TableEntry>,
    columns: Vec<String>,
    related_columns: Vec<String>,
    matched_by: &'static str,
    measured: Option<Measured>,
    cardinality: Option<&'static str>,
    score: f64,
    join_sql: String,
}

/// What sketches tell of the columns.
#[derive(Clone, Copy)]
struct Measured {
    contained: f64,
    containing: f64,
    distinct: u64,
    related_distinct: u64,
}

pub(super) async fn related(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let mut rows = Vec::new();
    for question in questions(pins, "the table is not said", "SELECT * FROM catalog.related('transport.metro_trips')")? {
        let table = named(env, &question)?;
        rows.extend(of_table(env, &table).await?.into_iter().map(|found| (question.clone(), found)));
    }
    Ok(Rows::of(rows, |(question, r), column| match column {
        "query" => question.into(),
        "schema_name" => (&r.table.schema).into(),
        "table_name" => (&r.table.name).into(),
        "title" => Cell::opt(r.table.distribution().title.clone().or_else(|| r.table.dataset.title.clone())),
        "columns" => Cell::Array(r.columns.clone()),
        "related_columns" => Cell::Array(r.related_columns.clone()),
        "matched_by" => r.matched_by.into(),
        "contained" => r.measured.map_or(Cell::Null, |m| Cell::Float(m.contained)),
        "containing" => r.measured.map_or(Cell::Null, |m| Cell::Float(m.containing)),
        "distinct_values" => r.measured.map_or(Cell::Null, |m| whole(m.distinct)),
        "related_distinct_values" => r.measured.map_or(Cell::Null, |m| whole(m.related_distinct)),
        "cardinality" => Cell::opt(r.cardinality),
        "score" => Cell::Float(r.score),
        "join_sql" => (&r.join_sql).into(),
        _ => Cell::Unset,
    }))
}

/// The table of a name, with a schema or found on the path. [`Kind::UndefinedTable`], with the nearest name, when there is none.
fn named(env: &SystemEnv, text: &str) -> Result<Arc<TableEntry>> {
    let mut parts = identifiers::split(text, '.');
    let name = parts.pop().unwrap_or_default();
    let schema = parts.pop();
    let schemas = match &schema {
        Some(schema) => vec![schema.clone()],
        None => env.visible_schemas()?,
    };
    let is_here = parts.pop().is_none_or(|database| database == env.database);
    for schema in schemas.iter().filter(|_| is_here) {
        if let Some(table) = env.catalogs.table(&env.database, schema, &name)? {
            return Ok(table);
        }
    }
    let error = Error::new(Kind::UndefinedTable, format!("relation \"{text}\" does not exist"));
    if !is_here {
        return Err(error.with_hint(format!("Tables are related within one database; this one is \"{}\".", env.database)));
    }
    let themes = env.catalogs.themes(&env.database)?;
    let mut near: Vec<Arc<TableEntry>> = Vec::new();
    for theme in themes.iter().filter(|t| t.tables <= NEAR && schemas.contains(&t.name)) {
        near.extend(env.catalogs.tables(&env.database, Some(&theme.name))?);
    }
    let meant = nearest(&name, near.iter().map(|t| t.name.as_str())).and_then(|n| near.iter().find(|t| t.name == n));
    Err(match meant {
        Some(table) => error.with_hint(format!("Perhaps you meant {}.{}.", quoted(&table.schema), quoted(&table.name))),
        None => error.with_hint("catalog.distributions lists the tables."),
    })
}

async fn of_table(env: &SystemEnv, table: &Arc<TableEntry>) -> Result<Vec<Related>> {
    let ours = match env.snapshots.last(table)? {
        // What is measured is put into the index by who hears of profiles; it is taken from the profile here.
        Some(snapshot) => Some(env.snapshots.measured(table, &snapshot, Vec::new()).await?.sketches(table)),
        None => None,
    };
    let mut found = declared(env, table, ours.as_ref())?;
    if let Some(ours) = ours.clone() {
        for (theirs, joins) in joins(env, ours.clone()).await? {
            let Some(other) = env.catalogs.table(&env.database, &theirs.schema, &theirs.name)? else { continue };
            found.extend(joins.iter().map(|join| by_values(table, &ours, &other, &theirs, join)));
        }
    }
    found.extend(hints::of(env, table, ours.as_ref())?);
    // What is declared stands first; the same columns found again tell nothing more.
    let mut told: Vec<Related> = Vec::new();
    for related in found {
        let pairs = |r: &Related| {
            let mut pairs: Vec<(String, String)> = r.columns.iter().cloned().zip(r.related_columns.iter().cloned()).collect();
            pairs.sort_unstable();
            (r.table.oid, pairs)
        };
        if told.iter().all(|known| pairs(known) != pairs(&related)) {
            told.push(related);
        }
    }
    told.sort_by(|a, b| {
        let names = |r: &Related| (r.table.schema.clone(), r.table.name.clone(), r.columns.clone());
        b.score.total_cmp(&a.score).then_with(|| names(a).cmp(&names(b)))
    });
    Ok(told)
}

/// The tables that share values, and how to join each; off the threads that answer others.
async fn joins(env: &SystemEnv, ours: SketchedTable) -> Result<Vec<(SketchedTable, Vec<Join>)>> {
    let (catalogs, database) = (Arc::clone(&env.catalogs), env.database.clone());
    let work = move || {
        let others = catalogs.sharing(&database, &ours)?;
        let joined = others.into_iter().map(|theirs| {
            let joins = Join::of(&ours, &theirs);
            (theirs, joins)
        });
        Ok(joined.collect())
    };
    let failed = |e| Error::new(Kind::Internal, "comparing tables failed inside").caused_by(e);
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}

fn by_values(table: &TableEntry, ours: &SketchedTable, other: &Arc<TableEntry>, theirs: &SketchedTable, join: &Join) -> Related {
    let columns: Vec<String> = join.pairs.iter().map(|p| ours.columns[p.ours].name.clone()).collect();
    let related_columns: Vec<String> = join.pairs.iter().map(|p| theirs.columns[p.theirs].name.clone()).collect();
    let seed = &join.pairs[0];
    let least = |of: fn(&crate::catalog::Overlap) -> f64| join.pairs.iter().map(|p| of(&p.overlap)).fold(1.0, f64::min);
    let measured = Measured {
        contained: least(|o| o.contained),
        containing: least(|o| o.containing),
        distinct: ours.columns[seed.ours].sketch.distinct(),
        related_distinct: theirs.columns[seed.theirs].sketch.distinct(),
    };
    let join_sql = statement::join((table, Some(ours), &columns), (other, Some(theirs), &related_columns));
    Related {
        table: Arc::clone(other),
        columns,
        related_columns,
        matched_by: if join.by_list { "code list" } else { "values" },
        measured: Some(measured),
        cardinality: Some(join.cardinality()),
        score: join.score,
        join_sql,
    }
}

/// The foreign keys of the table, and those of others that refer to it.
fn declared(env: &SystemEnv, table: &Arc<TableEntry>, ours: Option<&SketchedTable>) -> Result<Vec<Related>> {
    let mut found = Vec::new();
    for key in foreign_keys(env, std::slice::from_ref(table))? {
        let ForeignKeyRow { columns, target, target_columns, .. } = key;
        found.push(by_key(env, (table, ours, columns), (target, target_columns), false)?);
    }
    for key in foreign_keys(env, &env.catalogs.referring(table)?)? {
        // One that refers to its own table was told above.
        if key.target.oid == table.oid && key.table.oid != table.oid {
            found.push(by_key(env, (table, ours, key.target_columns), (key.table, key.columns), true)?);
        }
    }
    Ok(found)
}

/// A declared key; `is_referred` when it is the other table's.
fn by_key(
    env: &SystemEnv,
    (table, ours, columns): (&TableEntry, Option<&SketchedTable>, Vec<String>),
    (other, related_columns): (Arc<TableEntry>, Vec<String>),
    is_referred: bool,
) -> Result<Related> {
    let theirs = env.catalogs.sketches(&env.database, &other.schema, &other.name)?;
    let sketch = |of: Option<&SketchedTable>, name: Option<&String>| {
        let column = of?.columns.iter().find(|c| Some(&c.name) == name)?;
        Some(column.sketch.clone())
    };
    let both = sketch(ours, columns.first()).zip(sketch(theirs.as_ref(), related_columns.first()));
    let measured = both.map(|(a, b)| {
        let overlap = a.overlap(&b);
        let (distinct, related_distinct) = (a.distinct(), b.distinct());
        Measured { contained: overlap.contained, containing: overlap.containing, distinct, related_distinct }
    });
    // The side that is referred to has each once, as is declared; the other may.
    let once = |of: Option<&SketchedTable>, columns: &[String]| {
        of.is_some_and(|t| t.keys.iter().any(|k| k.iter().all(|c| columns.contains(c))))
    };
    let cardinality = match is_referred {
        true if once(theirs.as_ref(), &related_columns) => "1:1",
        true => "1:n",
        false if once(ours, &columns) => "1:1",
        false => "n:1",
    };
    let join_sql = statement::join((table, ours, &columns), (&other, theirs.as_ref(), &related_columns));
    let cardinality = Some(cardinality);
    Ok(Related { table: other, columns, related_columns, matched_by: "foreign key", measured, cardinality, score: 1.0, join_sql })
}

//! `catalog.profile`: what was measured of each table's last snapshot, a row for each column. A query that names one table has it measured
//! when it is not yet; no source is asked.

use std::sync::Arc;

use super::publications::entries;
use super::snapshots::whole;
use crate::catalog::TableEntry;
use crate::error::Result;
use crate::snapshot::{ColumnProfile, Profile, ProfiledReference};
use crate::table::pg_catalog::foreign_keys;
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

/// One column's row.
struct Row {
    table: Arc<TableEntry>,
    profile: Arc<Profile>,
    /// Its place in the profile.
    column: usize,
}

pub(super) async fn profile(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let tables = entries(env, pins)?;
    let one = tables.len() == 1 && pins.are_asked("table_name");
    let mut rows = Vec::new();
    for table in tables {
        let Some(snapshot) = env.snapshots.last(&table)? else { continue };
        let profile = if one {
            let mut references = Vec::new();
            for key in foreign_keys(env, std::slice::from_ref(&table))? {
                if let Some(snapshot) = env.snapshots.last(&key.target)? {
                    let (columns, target_columns) = (key.columns, key.target_columns);
                    references.push(ProfiledReference { columns, target: key.target, target_columns, snapshot });
                }
            }
            Some(env.snapshots.measured(&table, &snapshot, references).await?)
        } else {
            env.snapshots.profile(&table, &snapshot)?
        };
        let Some(profile) = profile.map(Arc::new) else { continue };
        rows.extend((0..profile.columns.len()).map(|column| Row {
            table: Arc::clone(&table),
            profile: Arc::clone(&profile),
            column,
        }));
    }
    Ok(Rows::of(rows, cell))
}

fn cell(row: &Row, column: &str) -> Cell {
    let Row { table, profile, column: place } = row;
    let measured = &profile.columns[*place];
    let count = |n: Option<u64>| n.map_or(Cell::Null, whole);
    let quantile = |n: usize| Cell::opt(measured.quantiles.get(n).cloned());
    let reference = profile.references.iter().find(|r| r.columns.contains(&measured.name));
    match column {
        "schema_name" => (&table.schema).into(),
        "table_name" => (&table.name).into(),
        "snapshot" => (&profile.snapshot).into(),
        "position" => i32::try_from(place + 1).map_or(Cell::Unset, Cell::from),
        "column_name" => (&measured.name).into(),
        "rows" => whole(profile.rows),
        "count" => whole(profile.rows.saturating_sub(measured.nulls)),
        "nulls" => whole(measured.nulls),
        "distinct_values" => count(measured.distinct),
        "distinct_exact" => measured.distinct_exact.into(),
        "min" => Cell::opt(measured.min.clone()),
        "max" => Cell::opt(measured.max.clone()),
        "mean" => measured.mean.map_or(Cell::Null, Cell::Float),
        "p05" => quantile(0),
        "p25" => quantile(1),
        "p50" => quantile(2),
        "p75" => quantile(3),
        "p95" => quantile(4),
        "top_values" => Cell::opt(top(measured)),
        "top_exact" => measured.top_exact.into(),
        "violations" => whole(measured.violations),
        "is_unique" => measured.unique.map_or(Cell::Null, Cell::Bool),
        "key_duplicates" => count(profile.keys.iter().find(|k| k.columns.contains(&measured.name)).and_then(|k| k.duplicates)),
        "references_table" => Cell::opt(reference.map(|r| r.target.clone())),
        "unresolved" => count(reference.and_then(|r| r.unresolved)),
        "measured" => (&profile.measured).into(),
        _ => Cell::Unset,
    }
}

/// `[{"value": "a", "count": 2}, ...]`; `None` when no value is followed.
fn top(column: &ColumnProfile) -> Option<String> {
    if column.top.is_empty() {
        return None;
    }
    let all = column.top.iter().map(|t| serde_json::json!({"value": t.value, "count": t.count}));
    Some(serde_json::Value::Array(all.collect()).to_string())
}

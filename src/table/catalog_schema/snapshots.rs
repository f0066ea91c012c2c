//! `catalog.snapshots`: every snapshot that stands, newest first, with its state and its sources. No source is asked here.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::catalog::TableEntry;
use crate::error::Result;
use crate::snapshot::{Listed, Snapshot, Stale, Standing};
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

use super::publications::entries;

/// The last snapshot of every table that the pins leave and that was read before.
pub(super) fn taken(env: &SystemEnv, pins: &Pins) -> Result<Vec<(Arc<TableEntry>, Arc<Snapshot>)>> {
    let mut found = Vec::new();
    for table in entries(env, pins)? {
        if let Some(snapshot) = env.snapshots.last(&table)? {
            found.push((table, snapshot));
        }
    }
    Ok(found)
}

/// Every snapshot of every table that the pins leave.
fn standing(env: &SystemEnv, pins: &Pins) -> Result<Vec<(Arc<TableEntry>, Listed)>> {
    let mut found = Vec::new();
    for table in entries(env, pins)? {
        found.extend(env.snapshots.list(&table)?.into_iter().map(|listed| (Arc::clone(&table), listed)));
    }
    Ok(found)
}

pub(super) fn snapshots(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    Ok(Rows::of(standing(env, pins)?, |(table, s), column| match column {
        "schema_name" => (&table.schema).into(),
        "table_name" => (&table.name).into(),
        "snapshot" => (&s.id).into(),
        "created" => time(s.created),
        "state" => s.standing.name().into(),
        "message" => Cell::opt(stale(&s.standing).map(|stale| stale.message.clone())),
        "since" => time(stale(&s.standing).map(|stale| stale.since)),
        "layout" => s.layout.into(),
        "rows" => whole(s.rows),
        "rows_read" => whole(s.rows_read),
        "rejected_rows" => whole(s.rejected_rows),
        "rejects" => whole(s.rejects),
        "files_read" => s.files_read.map_or(Cell::Null, whole),
        "files_kept" => s.files_kept.map_or(Cell::Null, whole),
        "files" => whole(s.files),
        "bytes" => whole(s.bytes),
        "raw_bytes" => whole(s.raw_bytes),
        "sources" => s.sources.to_string().into(),
        "warnings" => Cell::Array(s.warnings.clone()),
        _ => Cell::Unset,
    }))
}

fn stale(standing: &Standing) -> Option<&Stale> {
    match standing {
        Standing::Stale(stale) => Some(stale),
        Standing::Current | Standing::Superseded => None,
    }
}

fn time(at: Option<DateTime<Utc>>) -> Cell {
    at.map_or(Cell::Null, |at| Cell::Int(at.timestamp_micros()))
}

pub(super) fn whole(n: u64) -> Cell {
    Cell::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

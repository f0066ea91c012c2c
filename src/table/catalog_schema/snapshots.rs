//! `catalog.snapshots`: what first touches made. No source is asked here.

use std::sync::Arc;

use crate::catalog::TableEntry;
use crate::error::Result;
use crate::snapshot::{Layout, Snapshot};
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

pub(super) fn snapshots(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    Ok(Rows::of(taken(env, pins)?, |(table, s), column| {
        let (layout, files, bytes) = size(&s.layout);
        match column {
            "schema_name" => (&table.schema).into(),
            "table_name" => (&table.name).into(),
            "snapshot" => (&s.id).into(),
            "layout" => layout.into(),
            "rows" => whole(s.rows),
            "rows_read" => whole(s.rows_read),
            "rejects" => whole(s.rejects),
            "files" => whole(u64::try_from(files).unwrap_or(u64::MAX)),
            "bytes" => whole(bytes),
            "created" => (&s.created).into(),
            _ => Cell::Unset,
        }
    }))
}

/// Where the rows are, in how many files, of how many bytes.
fn size(layout: &Layout) -> (&'static str, usize, u64) {
    let objects = |list: &[crate::store::Object]| (list.len(), list.iter().map(|o| o.meta.size).sum());
    match layout {
        Layout::Written(files) => ("written", files.len(), files.iter().map(|f| f.bytes).sum()),
        Layout::Parquet(list) => {
            let (files, bytes) = objects(list);
            ("parquet", files, bytes)
        }
        Layout::Arrow(list) => {
            let (files, bytes) = objects(list);
            ("arrow", files, bytes)
        }
    }
}

pub(super) fn whole(n: u64) -> Cell {
    Cell::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

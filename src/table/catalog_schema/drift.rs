//! `catalog.drift`: how the files of one table differ, as their last snapshots found. No source is asked here.

use std::sync::Arc;

use crate::catalog::TableEntry;
use crate::error::Result;
use crate::snapshot::Snapshot;
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

use super::snapshots::taken;

/// The differences of every table that the pins leave and that was read before, in the order of its files.
pub(super) fn drift(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let tables = taken(env, pins)?;
    let each = |(table, snapshot): (Arc<TableEntry>, Arc<Snapshot>)| {
        (0..snapshot.drift.len()).map(move |i| (Arc::clone(&table), Arc::clone(&snapshot), i))
    };
    Ok(Rows::of(tables.into_iter().flat_map(each).collect(), |(table, snapshot, i), column| {
        let found = &snapshot.drift[*i];
        match column {
            "schema_name" => (&table.schema).into(),
            "table_name" => (&table.name).into(),
            "snapshot" => (&snapshot.id).into(),
            "file" => (&found.file).into(),
            "column_name" => (&found.column).into(),
            "kind" => found.kind.name().into(),
            "detail" => (&found.detail).into(),
            _ => Cell::Unset,
        }
    }))
}

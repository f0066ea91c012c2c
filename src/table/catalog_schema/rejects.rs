//! `catalog.rejects`: what did not fit, read snapshot by snapshot from the files beside them. No source is asked here.

use std::sync::Arc;

use futures::stream::{self, BoxStream, StreamExt};

use super::publications::entries;
use super::snapshots::whole;
use crate::catalog::TableEntry;
use crate::error::{Error, Kind, Result};
use crate::snapshot::{Reject, Rejected};
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

/// Rejects that are held at a time.
const BATCH: usize = 1024;

/// Bytes of their texts that are held at a time, about: a rejected cell can be as long as a field.
const BATCH_BYTES: usize = 1 << 20;

/// Tables that are looked at before a scan is asked whether it goes on: most have no rejects.
const TABLES: usize = 256;

/// The rejects of every snapshot that stands of every table that the pins leave, each table's newest first. Only the files of snapshots
/// that the pins leave are opened, and a scan that is dropped reads no further.
pub(super) fn rejects(env: Arc<SystemEnv>, pins: &Pins) -> BoxStream<'static, Result<Rows>> {
    let mut tables = match entries(&env, pins) {
        Ok(tables) => tables,
        Err(e) => return stream::once(async { Err(e) }).boxed(),
    };
    tables.retain(|table| pins.allow("dataset", &table.dataset.identifier));
    let (tables, kept) = (tables.into_iter(), Vec::new().into_iter());
    let reading = Reading { env, pins: pins.clone(), tables, kept, open: None };
    stream::try_unfold(reading, |mut reading| async {
        let read = tokio::task::spawn_blocking(move || Ok::<_, Error>((reading.next()?, reading)));
        let (found, reading) =
            read.await.map_err(|e| Error::new(Kind::Internal, "reading rejects failed inside").caused_by(e))??;
        Ok(found.map(|found| (rows(found), reading)))
    })
    .boxed()
}

/// One snapshot of a table.
struct Origin {
    table: Arc<TableEntry>,
    snapshot: String,
}

/// A reject, and where it was made.
type Found = (Arc<Origin>, Reject);

/// What is left of one snapshot's rejects.
type Unread = Box<dyn Iterator<Item = Result<Reject>> + Send>;

/// How far a scan is.
struct Reading {
    env: Arc<SystemEnv>,
    pins: Pins,
    tables: std::vec::IntoIter<Arc<TableEntry>>,
    /// The snapshots that are left of one table.
    kept: std::vec::IntoIter<(Arc<TableEntry>, Rejected)>,
    open: Option<(Arc<Origin>, Unread)>,
}

impl Reading {
    /// The next rejects, none perhaps; `None` at the end.
    fn next(&mut self) -> Result<Option<Vec<Found>>> {
        let (mut found, mut bytes, mut tables) = (Vec::new(), 0, 0);
        while found.len() < BATCH && bytes < BATCH_BYTES && tables < TABLES {
            if let Some((origin, rejects)) = &mut self.open {
                match rejects.next() {
                    Some(reject) => {
                        let reject = reject?;
                        bytes += reject.raw.len() + reject.file.len() + reject.reason.len();
                        found.push((Arc::clone(origin), reject));
                    }
                    None => self.open = None,
                }
            } else if let Some((table, kept)) = self.kept.next() {
                let origin = Origin { table, snapshot: kept.snapshot().to_owned() };
                self.open = kept.open()?.map(|rejects| (Arc::new(origin), Box::new(rejects) as Unread));
            } else {
                let Some(table) = self.tables.next() else {
                    return Ok((!found.is_empty()).then_some(found));
                };
                tables += 1;
                let mut kept = self.env.snapshots.rejected(&table)?;
                kept.retain(|kept| self.pins.allow("snapshot", kept.snapshot()));
                let kept: Vec<_> = kept.into_iter().map(|kept| (Arc::clone(&table), kept)).collect();
                self.kept = kept.into_iter();
            }
        }
        Ok(Some(found))
    }
}

fn rows(found: Vec<Found>) -> Rows {
    Rows::of(found, |(origin, r), column| match column {
        "schema_name" => (&origin.table.schema).into(),
        "table_name" => (&origin.table.name).into(),
        "dataset" => (&origin.table.dataset.identifier).into(),
        "snapshot" => (&origin.snapshot).into(),
        "file" => (&r.file).into(),
        "line" => whole(r.line),
        "column_name" => Cell::opt(r.column.clone()),
        "raw" => (&r.raw).into(),
        "expected" => (&r.expected).into(),
        "reason" => (&r.reason).into(),
        _ => Cell::Unset,
    })
}

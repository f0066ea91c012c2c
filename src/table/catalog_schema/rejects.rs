//! `catalog.rejects`: what did not fit, read table by table from the files beside their snapshots. No source is asked here.

use std::sync::Arc;

use futures::stream::{self, BoxStream, StreamExt};

use super::publications::entries;
use super::snapshots::whole;
use crate::catalog::TableEntry;
use crate::error::{Error, Kind, Result};
use crate::snapshot::Reject;
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

/// Rejects that are held at a time.
const BATCH: usize = 1024;

/// Bytes of their texts that are held at a time, about: a rejected cell can be as long as a field.
const BATCH_BYTES: usize = 1 << 20;

/// Tables that are looked at before a scan is asked whether it goes on: most have no rejects.
const TABLES: usize = 256;

/// The rejects of every table that the pins leave and that was read before. A scan that is dropped reads no further.
pub(super) fn rejects(env: Arc<SystemEnv>, pins: &Pins) -> BoxStream<'static, Result<Rows>> {
    let tables = match entries(&env, pins) {
        Ok(tables) => tables,
        Err(e) => return stream::once(async { Err(e) }).boxed(),
    };
    let reading = Reading { env, tables: tables.into_iter(), open: None };
    stream::try_unfold(reading, |mut reading| async {
        let read = tokio::task::spawn_blocking(move || Ok::<_, Error>((reading.next()?, reading)));
        let (found, reading) =
            read.await.map_err(|e| Error::new(Kind::Internal, "reading rejects failed inside").caused_by(e))??;
        Ok(found.map(|found| (rows(found), reading)))
    })
    .boxed()
}

/// A table's reject.
type Found = (Arc<TableEntry>, Reject);

/// How far a scan is.
struct Reading {
    env: Arc<SystemEnv>,
    tables: std::vec::IntoIter<Arc<TableEntry>>,
    open: Option<(Arc<TableEntry>, Box<dyn Iterator<Item = Result<Reject>> + Send>)>,
}

impl Reading {
    /// The next rejects, none perhaps; `None` at the end.
    fn next(&mut self) -> Result<Option<Vec<Found>>> {
        let (mut found, mut bytes, mut tables) = (Vec::new(), 0, 0);
        while found.len() < BATCH && bytes < BATCH_BYTES && tables < TABLES {
            if let Some((table, rejects)) = &mut self.open {
                match rejects.next() {
                    Some(reject) => {
                        let reject = reject?;
                        bytes += reject.raw.len() + reject.file.len() + reject.reason.len();
                        found.push((Arc::clone(table), reject));
                    }
                    None => self.open = None,
                }
            } else {
                let Some(table) = self.tables.next() else {
                    return Ok((!found.is_empty()).then_some(found));
                };
                tables += 1;
                if let Some(snapshot) = self.env.snapshots.last(&table)? {
                    self.open = Some((table, Box::new(self.env.snapshots.rejects(&snapshot)?)));
                }
            }
        }
        Ok(Some(found))
    }
}

fn rows(found: Vec<Found>) -> Rows {
    Rows::of(found, |(table, r), column| match column {
        "schema_name" => (&table.schema).into(),
        "table_name" => (&table.name).into(),
        "file" => (&r.file).into(),
        "line" => whole(r.line),
        "column_name" => Cell::opt(r.column.clone()),
        "raw" => (&r.raw).into(),
        "expected" => (&r.expected).into(),
        "reason" => (&r.reason).into(),
        _ => Cell::Unset,
    })
}

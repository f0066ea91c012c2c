//! Building: published files become a snapshot's Parquet in two passes over their text, one that sees every cell and decides the
//! types, one that converts and writes. Memory is bounded by batches. Where snapshots are kept is not known here.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use arrow::array::{ArrayRef, Int64Array, StringViewArray};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use super::cells::Cells;
use super::columns::{FileSeen, Table, Union};
use super::drift::Drift;
use super::fetch::Raw;
use super::prepare::{Input, prepare};
use super::records::Reader;
use super::stop::Stop;
use super::types::CellReject;
use super::write::{Rejects, Sink};
use super::{Options, ReadAs, Reject, WrittenFile};
use crate::descriptor::Distribution;
use crate::error::{Error, Kind, Result};

/// Batches that wait between two threads.
const WAITING: usize = 4;

/// What a build made.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) parts: Vec<WrittenFile>,
    pub(super) rows: u64,
    /// `rows` and `rejected_rows` together.
    pub(super) rows_read: u64,
    /// Records that are missing in the table.
    pub(super) rejected_rows: u64,
    pub(super) rejects: u64,
    /// Of each file's raw bytes.
    pub(super) hashes: Vec<String>,
    pub(super) warnings: Vec<String>,
    /// How the files differ.
    pub(super) drift: Vec<Drift>,
    /// How each file was read.
    pub(super) read: Vec<ReadAs>,
}

/// A message of the reading thread.
enum Read {
    /// A file was opened: its columns, and their published names where they differ.
    Opened {
        file: usize,
        names: Arc<Vec<String>>,
        originals: Vec<Option<String>>,
    },
    Batch(Cells),
}

/// Reads `raws` as the distribution says, and writes parts and rejects to `target`; `scratch` takes what has to be unpacked or
/// decoded. `heard` is told how far it is, out of how much; `stop` ends it between two batches.
pub(super) fn build(
    raws: &[Raw],
    distribution: &Distribution,
    options: &Options,
    stop: &Stop,
    scratch: &Path,
    target: &Path,
    heard: &(dyn Fn(u64, u64) + Sync),
) -> Result<Built> {
    std::thread::scope(|scope| {
        let hashes = scope.spawn(|| raws.iter().map(|raw| raw.hash(stop)).collect::<Result<Vec<_>>>());
        let mut warnings = Vec::new();
        let inputs = prepare(raws, distribution, options, stop, scratch, &mut warnings)?;
        let job = Job { inputs: &inputs, distribution, options, stop };
        let (table, seen_rows) = job.infer(heard, &mut warnings)?;
        let (parts, rejects, rejected_rows) = job.convert(&table, target, heard)?;
        warnings.extend(table.plans.iter().flat_map(|plan| plan.broken()));
        for raw in raws {
            raw.check_unchanged()?;
        }
        let rows: u64 = parts.iter().map(|p| p.rows).sum();
        if seen_rows != rows + rejected_rows {
            let message = format!("{seen_rows} rows were read, but {rows} written and {rejected_rows} rejected");
            return Err(Error::new(Kind::Internal, message));
        }
        let hashes = hashes.join().map_err(|_| Error::new(Kind::Internal, "hashing the source failed"))??;
        let read = inputs.iter().map(Input::read_as).collect();
        Ok(Built { parts, rows, rows_read: seen_rows, rejected_rows, rejects, hashes, warnings, drift: table.drift, read })
    })
}

struct Job<'a> {
    inputs: &'a [Input],
    distribution: &'a Distribution,
    options: &'a Options,
    stop: &'a Stop,
}

impl Job<'_> {
    /// Sees every cell; the table's columns, and how many records there are.
    fn infer(&self, heard: &(dyn Fn(u64, u64) + Sync), warnings: &mut Vec<String>) -> Result<(Table, u64)> {
        let mut seen: Vec<FileSeen> = self.inputs.iter().map(|_| FileSeen::default()).collect();
        let mut bytes = Progress::new(heard, self.bytes(), 0);
        self.each(|read| {
            match read {
                Read::Opened { file, names, originals } => {
                    bytes.opened();
                    seen[file].meet(self.distribution, &names, &originals);
                    seen[file].meet_crs(self.inputs[file].form.crs());
                }
                Read::Batch(cells) => {
                    seen[cells.file].meet(self.distribution, &cells.names, &[]);
                    seen[cells.file].absorb(&cells, self.inputs[cells.file].form.is_typed());
                    bytes.read(cells.bytes_read);
                }
            }
            Ok(())
        })?;
        let urls: Vec<&str> = self.inputs.iter().map(|i| i.label.as_str()).collect();
        let undecodable = self.inputs.iter().any(|i| !i.text.bad.is_empty());
        let union = Union::new(self.distribution, &urls, &seen, self.options.max_columns, warnings)?;
        Ok((union.decide(undecodable, warnings)?, seen.iter().map(|s| s.records).sum()))
    }

    /// Converts every cell and writes the rows; the parts, the number of rejects, and of rows rejected whole.
    fn convert(&self, table: &Table, target: &Path, heard: &(dyn Fn(u64, u64) + Sync)) -> Result<(Vec<WrittenFile>, u64, u64)> {
        let mut sink = Sink::new(target, Arc::clone(&table.schema))?;
        let mut rejects = Rejects::new(target);
        let mut whole = 0;
        let parts = std::thread::scope(|scope| {
            let (batches, to_write): (SyncSender<RecordBatch>, Receiver<RecordBatch>) = sync_channel(WAITING);
            let writer = scope.spawn(move || {
                for batch in to_write {
                    sink.write(&batch)?;
                }
                sink.finish()
            });
            let mut bytes = Progress::new(heard, self.bytes(), self.bytes());
            let mut stopped = false;
            let converted = self.each(|read| {
                let cells = match read {
                    Read::Opened { .. } => {
                        bytes.opened();
                        return Ok(());
                    }
                    Read::Batch(cells) => cells,
                };
                whole += cells.rejected();
                let batch = self.batch(table, &cells, &mut rejects)?;
                bytes.read(cells.bytes_read);
                stopped = batches.send(batch).is_err();
                if stopped { Err(Error::new(Kind::Internal, "the writer stopped")) } else { Ok(()) }
            });
            drop(batches);
            let written = writer.join().map_err(|_| Error::new(Kind::Internal, "writing the snapshot failed"))?;
            match (converted, written) {
                // When the writer stops first, its error is the one that says why.
                (Err(e), Ok(_)) => Err(e),
                (Err(_), Err(e)) if stopped => Err(e),
                (Err(e), Err(_)) => Err(e),
                (Ok(()), written) => written,
            }
        })?;
        Ok((parts, rejects.finish()?, whole))
    }

    /// Of all files' text.
    fn bytes(&self) -> u64 {
        self.inputs.iter().map(|i| i.text.bytes).sum()
    }

    fn batch(&self, table: &Table, cells: &Cells, rejects: &mut Rejects) -> Result<RecordBatch> {
        let input = &self.inputs[cells.file];
        let mut found = Vec::new();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(table.schema.fields().len());
        for (column, (plan, place)) in table.plans.iter().zip(&table.places[cells.file]).enumerate() {
            let mut of_column = Vec::new();
            columns.push(plan.convert(cells, *place, &mut of_column));
            found.extend(of_column.into_iter().map(|r| (cells.lines[r.row], Some(column), r)));
        }
        let name = std::iter::repeat_n(Some(input.name.as_str()), cells.rows());
        columns.push(Arc::new(name.collect::<StringViewArray>()));
        columns.push(Arc::new(cells.lines.iter().map(|line| i64::try_from(*line).ok()).collect::<Int64Array>()));
        for column in &table.explained {
            let place = table.places[cells.file][*column];
            columns.push(table.plans[*column].reasons(cells, place, columns[*column].as_ref()));
        }
        for fault in &cells.faults {
            let place = fault.column.and_then(|c| table.places[cells.file].iter().position(|p| *p == Some(c)));
            let reject =
                CellReject { row: 0, raw: fault.raw.clone(), expected: fault.expected.clone(), reason: fault.reason.clone() };
            found.push((fault.line, place, reject));
        }
        found.sort_by_key(|(line, column, _)| (*line, *column));
        for (line, column, CellReject { raw, expected, reason, .. }) in found {
            let column = column.map(|c| table.schema.field(c).name().clone());
            rejects.push(Reject { file: input.label.clone(), line, column, raw, expected, reason })?;
        }
        let options = RecordBatchOptions::new().with_row_count(Some(cells.rows()));
        RecordBatch::try_new_with_options(Arc::clone(&table.schema), columns, &options)
            .map_err(|e| Error::new(Kind::Internal, format!("a batch does not fit its schema: {e}")).caused_by(e))
    }

    /// Reads all files in order on a thread of their own, and hands what it reads to `take`.
    fn each(&self, mut take: impl FnMut(Read) -> Result<()>) -> Result<()> {
        std::thread::scope(|scope| {
            let (out, read) = sync_channel(WAITING);
            let reading = scope.spawn(move || self.read(&out));
            for message in read {
                self.stop.check()?;
                take(message)?;
            }
            reading.join().map_err(|_| Error::new(Kind::SourceInvalid, "reading the source failed"))?
        })
    }

    /// Reads until the end, or until nobody listens.
    fn read(&self, out: &SyncSender<Read>) -> Result<()> {
        for (file, input) in self.inputs.iter().enumerate() {
            let mut reader = Reader::open(&input.form, &input.text, &input.label, file, self.options)?;
            let opened = Read::Opened { file, names: Arc::clone(reader.names()), originals: reader.originals().to_vec() };
            if out.send(opened).is_err() {
                return Ok(());
            }
            while let Some(cells) = reader.next()? {
                if out.send(Read::Batch(cells)).is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// Adds the bytes of files up, over both passes.
struct Progress<'a> {
    heard: &'a (dyn Fn(u64, u64) + Sync),
    all: u64,
    /// Of the files before.
    done: u64,
    current: u64,
}

impl<'a> Progress<'a> {
    fn new(heard: &'a (dyn Fn(u64, u64) + Sync), of_one_pass: u64, done: u64) -> Self {
        Self { heard, all: of_one_pass * 2, done, current: 0 }
    }

    fn opened(&mut self) {
        self.done += self.current;
        self.current = 0;
    }

    fn read(&mut self, bytes: u64) {
        self.current = bytes;
        (self.heard)(self.done + self.current, self.all);
    }
}

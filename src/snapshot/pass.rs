//! One pass over the files that are to be read: batches into the lanes, row groups into parts, rejects beside them. Which types the
//! columns have, and whether another pass is needed, is decided elsewhere.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use parquet::arrow::arrow_writer::ArrowColumnChunk;

use super::cells::Cells;
use super::columns::{FileSeen, Table};
use super::csv::Widths;
use super::lanes::{Batch, Ends, Lanes, Made, Trust};
use super::ledger::TextSeen;
use super::look::Laid;
use super::partitions::Reader;
use super::parts::Parts;
use super::prepare::Input;
use super::records;
use super::stop::Stop;
use super::types::CellReject;
use super::write::Rejects;
use super::{Options, Reject, WrittenFile};
use crate::descriptor::Distribution;
use crate::error::{Error, Kind, Result};

mod group;

use group::Group;
pub(super) use group::held_bytes;

/// One text of the table.
pub(super) enum Text<'a> {
    /// To be read. `last` when a part ends with it.
    Read { input: Box<Input>, last: bool },
    /// Not to be read: what an earlier build saw of it, and how many of that build's rejects stand before those of this text.
    Kept { text: &'a TextSeen, before: u64 },
}

/// Opens the rejects of an earlier build, in their order.
pub(super) type OpenRejects<'a> = dyn Fn() -> Result<Box<dyn Iterator<Item = Result<Reject>>>> + Sync + 'a;

impl Text<'_> {
    /// Where it was published.
    pub(super) fn label(&self) -> &str {
        match self {
            Self::Read { input, .. } => &input.label,
            Self::Kept { text, .. } => &text.read.file,
        }
    }

    /// How many columns it is read into.
    pub(super) fn columns(&self) -> usize {
        match self {
            Self::Read { input, .. } => input.form.width().unwrap_or(0),
            Self::Kept { text, .. } => text.seen.names().len(),
        }
    }

    /// Whether it holds bytes that its encoding does not have.
    pub(super) fn is_undecodable(&self) -> bool {
        match self {
            Self::Read { input, .. } => !input.text.bad.is_empty(),
            Self::Kept { text, .. } => text.undecodable,
        }
    }

    /// What was seen of it before, when it is not to be read.
    pub(super) fn seen(&self) -> Option<&FileSeen> {
        match self {
            Self::Read { .. } => None,
            Self::Kept { text, .. } => Some(&text.seen),
        }
    }
}

/// What all passes of one build share.
pub(super) struct Job<'a> {
    pub(super) texts: &'a [Text<'a>],
    /// The rejects that kept texts have theirs among.
    pub(super) kept: Option<&'a OpenRejects<'a>>,
    pub(super) distribution: &'a Distribution,
    pub(super) options: &'a Options,
    pub(super) stop: &'a Stop,
    /// Where parts and rejects go.
    pub(super) target: &'a Path,
    /// Is told how far it is, out of how much.
    pub(super) heard: &'a (dyn Fn(u64, u64) + Sync),
}

/// What one pass made.
pub(super) struct Pass {
    /// What was written; `None` when a cell proved the guess wrong.
    pub(super) written: Option<Written>,
    /// What was seen of each text that was read; nothing where the plans were proven.
    pub(super) seen: Vec<FileSeen>,
    /// How wide the rows of each text are, where that is counted.
    pub(super) widths: Vec<Option<Widths>>,
}

/// What one pass wrote.
#[derive(Default)]
pub(super) struct Written {
    /// Parts in order, each with a text that it ends with.
    pub(super) parts: Vec<(usize, WrittenFile)>,
    /// Of each text: rejects, and rows that are not in the table.
    pub(super) rejects: Vec<(u64, u64)>,
    /// Rejects of kept texts were not there any more, so that those texts have to be read.
    pub(super) lacks_rejects: bool,
}

impl Job<'_> {
    /// Opens a text that is to be read.
    pub(super) fn open<'a>(&'a self, index: usize, input: &'a Input) -> Result<Reader<'a>> {
        let reader = records::Reader::open(&input.form, &input.text, &input.label, index, self.options)?;
        Ok(Reader::new(reader, &input.partitions))
    }

    /// Reads without a table: nothing is written, and every cell is seen on one thread.
    pub(super) fn skim(&self) -> Result<Pass> {
        let Read { seen, widths } = self.read(&mut |_, _| true, Some(&|_| 0), Group::new(None))?;
        Ok(Pass { written: None, seen, widths })
    }

    /// Reads all texts into `table`, `laid` out.
    pub(super) fn pass(&self, table: &Table, laid: &Laid, trust: Trust<'_>) -> Result<Pass> {
        // One for each lane is the most that find work: those of the planned columns, and two beside them.
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(table.plans.len() + 2);
        let lanes = Lanes::new(table, self.texts, laid, trust, threads)?;
        let known: Option<Box<dyn Fn(usize) -> usize + Sync>> = match trust {
            Trust::Guess(guess) => Some(Box::new(|text| guess.known(text))),
            Trust::Proof => None,
        };
        let (written, Read { mut seen, widths }) = std::thread::scope(|scope| {
            let (made, out) = lanes.out();
            let lanes = &lanes;
            let work = || {
                let made = made.clone();
                scope.spawn(move || lanes.work(&made))
            };
            let workers: Vec<_> = std::iter::repeat_with(work).take(threads).collect();
            drop(made);
            let reading = scope.spawn(|| {
                let _pushing = lanes.pushing();
                let held = laid.order.as_ref().map(|_| table.schema.fields().len());
                self.read(&mut |cells, ends| lanes.push(cells, ends), known.as_deref(), Group::new(held))
            });
            let written = self.write(table, lanes, out, known.is_none());
            if written.is_err() {
                lanes.abandon();
            }
            let mut failed = None;
            for worker in workers {
                let worked = worker.join().unwrap_or_else(|_| Err(Error::new(Kind::Internal, "converting the source failed")));
                failed = failed.or(worked.err());
            }
            let read = reading.join().map_err(|_| Error::new(Kind::SourceInvalid, "reading the source failed"))?;
            match (failed, written, read) {
                // When the others stop first, their error is the one that says why.
                (Some(e), ..) | (None, Err(e), _) | (None, Ok(_), Err(e)) => Err(e),
                (None, Ok(written), Ok(read)) => Ok((written, read)),
            }
        })?;
        let doubted = lanes.in_doubt();
        for (lane, of_lane) in lanes.into_seen().into_iter().enumerate() {
            for (text, of_text) in of_lane {
                if let Some(place) = table.places[text].get(lane).copied().flatten() {
                    seen[text].put(place, of_text);
                }
            }
        }
        Ok(Pass { written: (!doubted).then_some(written), seen, widths })
    }

    /// Reads the texts in order, and hands each batch on with what ends with it, until nobody takes any more. When cells are to be seen,
    /// `known` tells how many of a text's first columns are seen by whoever takes them. `group` is one without rows.
    fn read(
        &self,
        take: &mut dyn FnMut(Cells, Ends) -> bool,
        known: Option<&(dyn Fn(usize) -> usize + Sync)>,
        mut group: Group,
    ) -> Result<Read> {
        let mut all = Read::default();
        let mut waiting: Option<Cells> = None;
        for (index, text) in self.texts.iter().enumerate() {
            let (mut seen, mut widths) = (FileSeen::default(), None);
            if let Text::Read { input, last } = text {
                let mut reader = self.open(index, input)?;
                seen.meet(self.distribution, reader.names(), reader.originals());
                seen.meet_crs(input.form.crs());
                while let Some(cells) = reader.next()? {
                    self.stop.check()?;
                    if let Some(known) = known {
                        seen.meet(self.distribution, &cells.names, &[]);
                        seen.absorb_beyond(known(index), &cells, input.form.is_typed());
                    }
                    if let Some(before) = waiting.replace(cells) {
                        let ends = group.add(&before);
                        if !take(before, ends) {
                            return Ok(all);
                        }
                    }
                }
                widths = reader.into_widths();
                if let Some(before) = waiting.take_if(|_| *last) {
                    group.end();
                    if !take(before, Ends::Part) {
                        return Ok(all);
                    }
                }
            }
            all.seen.push(seen);
            all.widths.push(widths);
        }
        Ok(all)
    }

    /// Writes what comes out of the lanes, and the rejects of kept texts where they belong.
    fn write(&self, table: &Table, lanes: &Lanes<'_>, out: Receiver<Made>, second: bool) -> Result<Written> {
        let mut parts = Parts::new(self.target, Arc::clone(&table.schema));
        let mut rejects = Rejects::new(self.target);
        let mut kept = KeptRejects { open: self.kept, reading: None, passed: 0 };
        let mut written = Written { rejects: vec![(0, 0); self.texts.len()], ..Written::default() };
        let mut groups: BTreeMap<usize, BTreeMap<usize, ArrowColumnChunk>> = BTreeMap::new();
        let mut ended = 0;
        let mut reached = 0;
        let mut progress = Progress::new(self.heard, self.bytes(), second);
        for made in out {
            let batch = match made {
                Made::Chunk { group, column, chunk } => {
                    groups.entry(group).or_default().insert(column, *chunk);
                    continue;
                }
                Made::Batch(batch) => batch,
            };
            self.stop.check()?;
            let cells = &batch.cells;
            progress.read(cells.file, cells.bytes_read);
            if lanes.in_doubt() {
                groups.clear();
                continue;
            }
            written.lacks_rejects |= !self.repeat(&mut reached, cells.file, &mut kept, &mut rejects)?;
            let (count, whole) = &mut written.rejects[cells.file];
            *whole += cells.rejected();
            *count += self.reject(table, &batch, &mut rejects)?;
            if batch.ends != Ends::Nothing {
                let columns = groups.remove(&ended).unwrap_or_default();
                ended += 1;
                if columns.len() == table.schema.fields().len() {
                    parts.append(columns.into_values().collect(), batch.sorted_by())?;
                }
            }
            if batch.ends == Ends::Part {
                written.parts.extend(parts.end()?.into_iter().map(|part| (cells.file, part)));
            }
        }
        written.lacks_rejects |= !self.repeat(&mut reached, self.texts.len(), &mut kept, &mut rejects)?;
        rejects.finish()?;
        Ok(written)
    }

    /// Writes the rejects of kept texts before the text `to`, from `reached` on. Whether all of them were there.
    fn repeat(&self, reached: &mut usize, to: usize, kept: &mut KeptRejects<'_>, rejects: &mut Rejects) -> Result<bool> {
        let mut whole = true;
        for text in self.texts.get(*reached..to).unwrap_or_default() {
            if let Text::Kept { text, before } = text {
                whole &= kept.copy(*before, text.rejects, rejects)?;
            }
        }
        *reached = to;
        Ok(whole)
    }

    /// Writes the rejects of a batch; how many there are.
    fn reject(&self, table: &Table, batch: &Batch, rejects: &mut Rejects) -> Result<u64> {
        let cells = &batch.cells;
        let Text::Read { input, .. } = &self.texts[cells.file] else {
            return Err(Error::new(Kind::Internal, "a batch of a text that is not read"));
        };
        let mut found: Vec<(u64, Option<usize>, CellReject)> =
            batch.take_rejects().into_iter().map(|(column, r)| (cells.lines[r.row], Some(column), r)).collect();
        for fault in &cells.faults {
            let place = fault.column.and_then(|c| table.places[cells.file].iter().position(|p| *p == Some(c)));
            let reject =
                CellReject { row: 0, raw: fault.raw.clone(), expected: fault.expected.clone(), reason: fault.reason.clone() };
            found.push((fault.line, place, reject));
        }
        found.sort_by_key(|(line, column, reject)| (*line, *column, reject.row));
        let count = found.len() as u64;
        for (line, column, CellReject { raw, expected, reason, .. }) in found {
            let column = column.map(|c| table.schema.field(c).name().clone());
            rejects.push(Reject { file: input.label.clone(), line, column, raw, expected, reason })?;
        }
        Ok(count)
    }

    /// Of all texts that are read.
    fn bytes(&self) -> u64 {
        let bytes = |text: &Text<'_>| match text {
            Text::Read { input, .. } => input.text.bytes,
            Text::Kept { .. } => 0,
        };
        self.texts.iter().map(bytes).sum()
    }
}

/// What reading the texts showed, of each of them.
#[derive(Default)]
struct Read {
    seen: Vec<FileSeen>,
    widths: Vec<Option<Widths>>,
}

/// The rejects of an earlier build, read once for all texts that are kept in the order that they had.
struct KeptRejects<'a> {
    open: Option<&'a OpenRejects<'a>>,
    reading: Option<Box<dyn Iterator<Item = Result<Reject>>>>,
    /// How many were read.
    passed: u64,
}

impl KeptRejects<'_> {
    /// Copies `count` of them to `to`, those behind the first `before`; whether they were all there.
    fn copy(&mut self, before: u64, count: u64, to: &mut Rejects) -> Result<bool> {
        if count == 0 {
            return Ok(true);
        }
        if self.passed > before {
            self.reading = None;
        }
        while self.reading.is_none() || self.passed < before + count {
            let Some(reading) = &mut self.reading else {
                let Some(open) = self.open else { return Ok(false) };
                self.reading = Some(open()?);
                self.passed = 0;
                continue;
            };
            match reading.next() {
                Some(Ok(reject)) if self.passed >= before => to.push(reject)?,
                Some(Ok(_)) => {}
                Some(Err(e)) => {
                    tracing::warn!("rejects of an earlier snapshot can't be read, so that its files are read again: {e}");
                    return Ok(false);
                }
                None => return Ok(false),
            }
            self.passed += 1;
        }
        Ok(true)
    }
}

/// Adds the bytes of texts up. A second pass, when there is one, is the last part of the way.
struct Progress<'a> {
    heard: &'a (dyn Fn(u64, u64) + Sync),
    all: u64,
    /// Of the texts before.
    done: u64,
    text: usize,
    current: u64,
    second: bool,
}

impl<'a> Progress<'a> {
    /// How much longer the way is for a second pass that may come: one part of so many.
    const SECOND: u64 = 8;

    fn new(heard: &'a (dyn Fn(u64, u64) + Sync), all: u64, second: bool) -> Self {
        Self { heard, all, done: 0, text: 0, current: 0, second }
    }

    fn read(&mut self, text: usize, bytes: u64) {
        if text != self.text {
            self.done += self.current;
            self.text = text;
        }
        self.current = bytes;
        let passed = self.done + self.current;
        let done = if self.second { self.all + passed / Self::SECOND } else { passed };
        (self.heard)(done, self.all + self.all / Self::SECOND);
    }
}

//! Building: published files become a snapshot's Parquet. The types are guessed from the head of each file, every cell is seen and
//! converted in one pass, and only when a cell proves the guess wrong are the files read again, with the types that all cells prove.
//! Memory is bounded by batches. Where snapshots are kept is not known here.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use parquet::arrow::arrow_writer::ArrowColumnChunk;

use super::cells::Cells;
use super::columns::{Table, Union};
use super::fetch::Raw;
use super::lanes::{Batch, Ends, Lanes, Made, Trust};
use super::layout::{ColumnLayout, GROUP_ROWS, GROUP_TEXT};
use super::prepare::{Input, prepare};
use super::records::Reader;
use super::stop::Stop;
use super::types::{CellReject, Seen};
use super::write::{Rejects, Sink};
use super::{Options, Reject, WrittenFile};
use crate::descriptor::Distribution;
use crate::error::{Error, Kind, Result};

/// Batches of a file whose cells the first guess is made from.
const LOOK: usize = 2;

/// What a build made.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) parts: Vec<WrittenFile>,
    pub(super) rows: u64,
    pub(super) rows_read: u64,
    pub(super) rejects: u64,
    /// Of each file's raw bytes.
    pub(super) hashes: Vec<String>,
    pub(super) warnings: Vec<String>,
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
        let job = Job { inputs: &inputs, several: raws.len() > 1, distribution, options, stop, target, heard };
        let (pass, read) = job.run(&mut warnings)?;
        for raw in raws {
            raw.check_unchanged()?;
        }
        let rows: u64 = pass.parts.iter().map(|p| p.rows).sum();
        let rejected = pass.rows_rejected;
        if read != rows + rejected {
            let message = format!("{read} rows were read, but {rows} written and {rejected} rejected");
            return Err(Error::new(Kind::Internal, message));
        }
        let hashes = hashes.join().map_err(|_| Error::new(Kind::Internal, "hashing the source failed"))??;
        Ok(Built { parts: pass.parts, rows, rows_read: read, rejects: pass.rejects, hashes, warnings })
    })
}

struct Job<'a> {
    inputs: &'a [Input<'a>],
    /// The table is made of several published files, empty ones included.
    several: bool,
    distribution: &'a Distribution,
    options: &'a Options,
    stop: &'a Stop,
    target: &'a Path,
    heard: &'a (dyn Fn(u64, u64) + Sync),
}

/// What one pass over the files wrote.
#[derive(Default)]
struct Pass {
    parts: Vec<WrittenFile>,
    rejects: u64,
    /// Of the rejects, rows that are not in the table.
    rows_rejected: u64,
}

/// What the reading thread saw of one file.
#[derive(Default)]
struct FileRead {
    names: Arc<Vec<String>>,
    originals: Vec<Option<String>>,
    /// Rows in batches and rows rejected.
    rows: u64,
    /// Columns beyond those that the guess knew.
    beyond: Vec<Seen>,
}

impl Job<'_> {
    /// Guesses, reads, and reads again when the guess was wrong; what was written, and how many rows were read.
    fn run(&self, warnings: &mut Vec<String>) -> Result<(Pass, u64)> {
        let urls: Vec<&str> = self.inputs.iter().map(|i| i.raw.url.as_str()).collect();
        let (union, sample) = self.look()?;
        // What can't be decided yet may be once all is read; what the user should know is told then.
        let guess = union.decide(&urls, &mut Vec::new()).ok();
        let (pass, files, seen) = match &guess {
            Some(table) => {
                let layouts = layouts(table, &sample);
                self.pass(table, &layouts, Trust::Guess(&union))?
            }
            None => (None, self.read(&mut |_, _| true, |_| 0, Some(&union))?, Vec::new()),
        };
        let read = files.iter().map(|f| f.rows).sum();
        let table = self.conclude(&union, guess.as_ref(), &files, &seen)?.decide(&urls, warnings)?;
        if let (Some(guess), Some(pass)) = (guess, pass)
            && guess.makes_the_same(&table)
        {
            (self.heard)(1, 1);
            return Ok((pass, read));
        }
        self.discard()?;
        let layouts = layouts(&table, &sample);
        let (pass, ..) = self.pass(&table, &layouts, Trust::Proof)?;
        let pass = pass.ok_or_else(|| Error::new(Kind::Internal, "types that all cells prove were doubted"))?;
        Ok((pass, read))
    }

    /// What the heads of the files show, and the first of their batches.
    fn look(&self) -> Result<(Union<'_>, Vec<Cells>)> {
        let mut union = self.union();
        let mut sample = Vec::new();
        for (file, input) in self.inputs.iter().enumerate() {
            let mut reader = self.open(file)?;
            union.meet(file, &input.raw.url, reader.names(), reader.originals())?;
            for _ in 0..LOOK {
                self.stop.check()?;
                let Some(cells) = reader.next()? else { break };
                union.meet(file, &input.raw.url, &cells.names, &[])?;
                union.absorb(&cells, input.form.is_typed());
                if sample.is_empty() {
                    sample.push(cells);
                }
            }
        }
        Ok((union, sample))
    }

    /// All that was seen, file by file.
    fn conclude(
        &self,
        look: &Union<'_>,
        guess: Option<&Table>,
        files: &[FileRead],
        seen: &[Vec<(usize, Seen)>],
    ) -> Result<Union<'_>> {
        let mut union = self.union();
        for (file, read) in files.iter().enumerate() {
            union.meet(file, &self.inputs[file].raw.url, &read.names, &read.originals)?;
            let known = if guess.is_some() { look.width(file) } else { 0 };
            if let Some(table) = guess {
                for (lane, place) in table.places[file].iter().enumerate() {
                    let of_file = seen[lane].iter().find(|(f, _)| *f == file);
                    if let (Some(column), Some((_, seen))) = (place, of_file) {
                        union.merge(file, *column, seen);
                    }
                }
            }
            for (i, seen) in read.beyond.iter().enumerate() {
                union.merge(file, known + i, seen);
            }
        }
        Ok(union)
    }

    fn union(&self) -> Union<'_> {
        Union::new(self.distribution, self.inputs.len(), self.several, self.options.max_columns)
    }

    /// One pass over all files; nothing written when the table came to be in doubt. With what was read
    /// of each file, and what each lane saw.
    #[allow(clippy::type_complexity, reason = "three results of one pass, taken apart at once")]
    fn pass(
        &self,
        table: &Table,
        layouts: &[ColumnLayout],
        trust: Trust<'_>,
    ) -> Result<(Option<Pass>, Vec<FileRead>, Vec<Vec<(usize, Seen)>>)> {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let lanes = Lanes::new(table, self.inputs, layouts, trust, threads)?;
        let look = match trust {
            Trust::Guess(union) => Some(union),
            Trust::Proof => None,
        };
        let (pass, files) = std::thread::scope(|scope| {
            let (made, out) = channel();
            let lanes = &lanes;
            let workers: Vec<_> = (0..threads)
                .map(|_| {
                    let made = made.clone();
                    scope.spawn(move || lanes.work(&made))
                })
                .collect();
            drop(made);
            let reading = scope.spawn(move || {
                let read = self.read(&mut |cells, ends| lanes.push(cells, ends), |file| look.map_or(usize::MAX, |l| l.width(file)), look);
                lanes.close();
                read
            });
            let written = self.write(table, lanes, out, look.is_none());
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
        let pass = (!lanes.in_doubt()).then_some(pass);
        Ok((pass, files, lanes.into_seen()))
    }

    /// Writes what comes out of the lanes.
    fn write(&self, table: &Table, lanes: &Lanes<'_>, out: Receiver<Made>, second: bool) -> Result<Pass> {
        let mut sink = Sink::new(self.target, Arc::clone(&table.schema));
        let mut rejects = Rejects::new(self.target);
        let mut pass = Pass::default();
        let mut groups: BTreeMap<usize, BTreeMap<usize, ArrowColumnChunk>> = BTreeMap::new();
        let mut ended = 0;
        let mut progress = Progress::new(self.heard, self.bytes(), second);
        for made in out {
            match made {
                Made::Chunk { group, lane, chunk } => {
                    groups.entry(group).or_default().insert(lane, *chunk);
                }
                Made::Batch(batch) => {
                    self.stop.check()?;
                    progress.read(batch.cells.file, batch.cells.bytes_read);
                    pass.rows_rejected += batch.cells.rejected();
                    if lanes.in_doubt() {
                        groups.clear();
                        continue;
                    }
                    self.reject(table, &batch, &mut rejects)?;
                    if batch.ends != Ends::Nothing {
                        let columns = groups.remove(&ended).unwrap_or_default();
                        ended += 1;
                        if columns.len() == table.schema.fields().len() {
                            sink.append(columns.into_values().collect())?;
                        }
                    }
                    if batch.ends == Ends::Part {
                        sink.end_part()?;
                    }
                }
            }
        }
        pass.parts = sink.finish()?;
        pass.rejects = rejects.finish()?;
        Ok(pass)
    }

    /// Removes what a pass in vain has written.
    fn discard(&self) -> Result<()> {
        for entry in std::fs::read_dir(self.target)? {
            std::fs::remove_file(entry?.path())?;
        }
        Ok(())
    }

    /// Of all files' text.
    fn bytes(&self) -> u64 {
        self.inputs.iter().map(|i| i.text.bytes).sum()
    }

    fn reject(&self, table: &Table, batch: &Batch, rejects: &mut Rejects) -> Result<()> {
        let cells = &batch.cells;
        let mut found: Vec<(u64, Option<usize>, CellReject)> =
            batch.take_rejects().into_iter().map(|(column, r)| (cells.lines[r.row], Some(column), r)).collect();
        for fault in &cells.faults {
            let place = fault.column.and_then(|c| table.places[cells.file].iter().position(|p| *p == Some(c)));
            let reject =
                CellReject { row: 0, raw: fault.raw.clone(), expected: fault.expected.clone(), reason: fault.reason.clone() };
            found.push((fault.line, place, reject));
        }
        found.sort_by_key(|(line, column, reject)| (*line, *column, reject.row));
        for (line, column, CellReject { raw, expected, reason, .. }) in found {
            let column = column.map(|c| table.schema.field(c).name().clone());
            rejects.push(Reject { file: self.inputs[cells.file].raw.url.clone(), line, column, raw, expected, reason })?;
        }
        Ok(())
    }

    fn open(&self, file: usize) -> Result<Reader<'_>> {
        let declared: Vec<String> = self.distribution.schema.columns.iter().map(|c| c.name.clone()).collect();
        let input = &self.inputs[file];
        Reader::open(&input.form, &input.text, &input.raw.url, file, &self.distribution.dialect, &declared, self.options)
    }

    /// Reads all files in order, and hands each batch on with what ends with it, until nobody takes any more. Columns of a file
    /// beyond the `known` first ones are seen here, as `look` says.
    fn read(
        &self,
        take: &mut dyn FnMut(Cells, Ends) -> bool,
        known: impl Fn(usize) -> usize,
        look: Option<&Union<'_>>,
    ) -> Result<Vec<FileRead>> {
        let mut files = Vec::with_capacity(self.inputs.len());
        let mut group = Group::default();
        let mut waiting: Option<Cells> = None;
        for (file, input) in self.inputs.iter().enumerate() {
            let mut reader = self.open(file)?;
            let mut read = FileRead { originals: reader.originals().to_vec(), ..FileRead::default() };
            while let Some(cells) = reader.next()? {
                self.stop.check()?;
                read.rows += cells.rows() as u64 + cells.rejected();
                if let Some(look) = look {
                    read.see_beyond(&cells, known(file), input.form.is_typed(), look);
                }
                if let Some(before) = waiting.replace(cells) {
                    let ends = group.add(&before);
                    if !take(before, ends) {
                        return Ok(files);
                    }
                }
            }
            read.names = Arc::clone(reader.names());
            files.push(read);
            let last = file + 1 == self.inputs.len();
            if let Some(before) = waiting.take_if(|_| last || self.splits()) {
                group = Group::default();
                if !take(before, Ends::Part) {
                    return Ok(files);
                }
            }
        }
        Ok(files)
    }

    /// Whether each file has parts of its own.
    fn splits(&self) -> bool {
        self.inputs.len() <= MOST_PARTS
    }
}

/// The most files that each get a part of their own: an unchanged file's part is used again when another file changes. More would
/// make every scan open more files than it reads.
const MOST_PARTS: usize = 64;

impl FileRead {
    fn see_beyond(&mut self, cells: &Cells, known: usize, typed: bool, look: &Union<'_>) {
        for column in known..cells.names.len() {
            if column - known == self.beyond.len() {
                self.beyond.push(look.unseen(&cells.names[column]));
            }
            self.beyond[column - known].absorb(cells.column(column), typed);
        }
    }
}

/// How large the row group is so far.
#[derive(Default)]
struct Group {
    rows: usize,
    text: u64,
}

impl Group {
    /// Adds a batch; whether the group ends with it.
    fn add(&mut self, cells: &Cells) -> Ends {
        self.rows += cells.rows();
        self.text += cells.text.len() as u64;
        if self.rows < GROUP_ROWS && self.text < GROUP_TEXT {
            return Ends::Nothing;
        }
        *self = Self::default();
        Ends::Group
    }
}

/// How each column is laid out, by what a sample of its values shows.
fn layouts(table: &Table, sample: &[Cells]) -> Vec<ColumnLayout> {
    let of = |index: usize| match (table.plans.get(index), sample.first()) {
        (Some(plan), Some(cells)) => ColumnLayout::of(&plan.convert(cells, table.places[cells.file][index], &mut Vec::new())),
        (_, None) | (None, _) => ColumnLayout::default(),
    };
    (0..table.schema.fields().len()).map(of).collect()
}

/// Adds the bytes of files up. A second pass, when there is one, is the last part of the way.
struct Progress<'a> {
    heard: &'a (dyn Fn(u64, u64) + Sync),
    all: u64,
    /// Of the files before.
    done: u64,
    file: usize,
    current: u64,
    second: bool,
}

impl<'a> Progress<'a> {
    /// How much longer the way is for a second pass that may come: one part of so many.
    const SECOND: u64 = 8;

    fn new(heard: &'a (dyn Fn(u64, u64) + Sync), of_one_pass: u64, second: bool) -> Self {
        Self { heard, all: of_one_pass, done: 0, file: 0, current: 0, second }
    }

    fn read(&mut self, file: usize, bytes: u64) {
        if file != self.file {
            self.done += self.current;
            self.file = file;
        }
        self.current = bytes;
        let (passed, rest) = (self.done + self.current, self.all / Self::SECOND);
        let done = if self.second { self.all + passed / Self::SECOND } else { passed };
        (self.heard)(done, self.all + rest);
    }
}

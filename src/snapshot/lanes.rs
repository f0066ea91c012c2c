//! Lanes: each column of a table goes its own way from cells to encoded Parquet, side by side with the others on all cores, and
//! batches keep their order in each. Which batches there are, and what becomes of the encoded columns, is not known here.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use arrow::array::{ArrayRef, Int64Array, StringViewArray};
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};

use super::cells::Cells;
use super::columns::{FileSeen, Table};
use super::layout::{ColumnLayout, ColumnWriters};
use super::pass::Text;
use super::types::{CellReject, Seen};
use super::write::parquet_error;
use crate::error::Result;

/// Batches between the one that every lane has taken and the newest one, beside two for each thread.
const WINDOW: usize = 2;

/// What ends with a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ends {
    #[default]
    Nothing,
    /// The row group.
    Group,
    /// The row group and the file that it is written to.
    Part,
}

/// Cells on their way through the lanes.
pub(super) struct Batch {
    pub(super) cells: Cells,
    pub(super) ends: Ends,
    /// Lanes that have not taken it yet.
    left: AtomicUsize,
    found: Mutex<Vec<(usize, CellReject)>>,
}

impl Batch {
    /// The cells that did not fit, each with its lane, in no order. For whoever has the batch last.
    pub(super) fn take_rejects(&self) -> Vec<(usize, CellReject)> {
        std::mem::take(&mut *locked(&self.found))
    }
}

/// What comes out of the lanes.
pub(super) enum Made {
    /// Every lane has taken the batch. Batches come in their order.
    Batch(Arc<Batch>),
    /// A column of a row group, both counted from 0; it comes before the batch that ends the group.
    Chunk { group: usize, column: usize, chunk: Box<ArrowColumnChunk> },
}

/// How far the plans of the table are to be believed.
#[derive(Clone, Copy)]
pub(super) enum Trust<'a> {
    /// They follow from a part of the cells: every cell is seen, and the rest is not converted once a plan is found wrong.
    Guess(&'a Guess),
    /// They follow from every cell.
    Proof,
}

/// What a table was guessed from.
pub(super) struct Guess {
    /// The columns that the head of each text has, with nothing seen of them.
    unseen: Vec<FileSeen>,
    /// For each plan, what the heads show together.
    heads: Vec<Option<Seen>>,
}

impl Guess {
    /// The guess behind `table`, which was decided by `heads`.
    pub(super) fn new(table: &Table, heads: &[FileSeen], unseen: Vec<FileSeen>) -> Self {
        let together = |plan: usize| {
            let mut of_texts = table.places.iter().zip(heads).filter_map(|(places, head)| Some(head.column(places[plan]?)));
            let mut first = of_texts.next()?.clone();
            of_texts.for_each(|seen| first.merge(seen));
            Some(first)
        };
        Self { heads: (0..table.plans.len()).map(together).collect(), unseen }
    }

    /// How many of a text's columns the table has.
    pub(super) fn known(&self, text: usize) -> usize {
        self.unseen[text].names().len()
    }
}

/// The lanes of one table.
pub(super) struct Lanes<'a> {
    lanes: Vec<Mutex<Lane<'a>>>,
    line: Mutex<Line>,
    /// There may be something to do, or nothing any more.
    work: Condvar,
    /// A batch has left the window, or nothing is done any more.
    room: Condvar,
    window: usize,
    doubt: AtomicBool,
}

/// Which lane has which batches before it.
#[derive(Default)]
struct Line {
    window: VecDeque<Arc<Batch>>,
    /// The number of the window's first batch.
    first: usize,
    /// For each lane, the number of the batch that it takes next.
    next: Vec<usize>,
    /// Lanes that have a batch before them and that nobody works on, the one that waits longest first.
    ready: VecDeque<usize>,
    /// Whether a lane has taken all there is.
    parked: Vec<bool>,
    /// No batch comes any more.
    closed: bool,
    /// Something failed: nothing more is done.
    broken: bool,
}

struct Lane<'a> {
    what: What,
    table: &'a Table,
    texts: &'a [Text<'a>],
    trust: Trust<'a>,
    columns: Vec<Column>,
    group: usize,
    /// The first group of the part that is written.
    part: usize,
    /// What was seen of the column, by text in order.
    seen: Vec<(usize, Seen)>,
    /// Batches seen, and how many there are when the plan is next compared with them.
    taken: usize,
    compare_at: usize,
}

/// What a lane makes.
#[derive(Clone, Copy)]
enum What {
    /// The column of this plan, and the reasons of its NULLs when it is explained.
    Planned(usize),
    SourceFile,
    SourceRow,
}

/// A column of the table on its way to Parquet.
struct Column {
    /// Its place in the table's schema.
    index: usize,
    writers: ColumnWriters,
    open: Option<ArrowColumnWriter>,
}

/// A panic while a lock was held is reported by the thread's end; what it left is not used any more.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Lanes<'a> {
    /// Lanes for the columns of `table`, which come from `texts` and are laid out as `layouts` say, to be worked on by `threads`.
    pub(super) fn new(
        table: &'a Table,
        texts: &'a [Text<'a>],
        layouts: &[ColumnLayout],
        trust: Trust<'a>,
        threads: usize,
    ) -> Result<Self> {
        let column = |index: usize| -> Result<Column> {
            Ok(Column { index, writers: layouts[index].writers(table.schema.field(index))?, open: None })
        };
        let lane = |what, columns| {
            Mutex::new(Lane { what, table, texts, trust, columns, group: 0, part: 0, seen: Vec::new(), taken: 0, compare_at: 1 })
        };
        let plans = table.plans.len();
        let mut lanes = Vec::with_capacity(plans + 2);
        for plan in 0..plans {
            let mut columns = vec![column(plan)?];
            if let Some(nth) = table.explained.iter().position(|explained| *explained == plan) {
                columns.push(column(plans + 2 + nth)?);
            }
            lanes.push(lane(What::Planned(plan), columns));
        }
        lanes.push(lane(What::SourceFile, vec![column(plans)?]));
        lanes.push(lane(What::SourceRow, vec![column(plans + 1)?]));
        let line = Line { next: vec![0; lanes.len()], parked: vec![true; lanes.len()], ..Line::default() };
        Ok(Self {
            lanes,
            line: Mutex::new(line),
            work: Condvar::new(),
            room: Condvar::new(),
            window: WINDOW + 2 * threads,
            doubt: AtomicBool::new(false),
        })
    }

    /// Where all that is made goes. No more waits there than may be on its way through the lanes: when it is taken slowly, by a disk that is
    /// slower than the cores, the lanes wait, and whoever pushes with them.
    pub(super) fn out(&self) -> (SyncSender<Made>, Receiver<Made>) {
        sync_channel(self.window)
    }

    /// Hands a batch to every lane, once there is room; false when nothing is done any more.
    pub(super) fn push(&self, cells: Cells, ends: Ends) -> bool {
        let batch = Batch { cells, ends, left: AtomicUsize::new(self.lanes.len()), found: Mutex::default() };
        let mut line = locked(&self.line);
        while line.window.len() >= self.window && !line.broken {
            line = self.room.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
        if line.broken {
            return false;
        }
        line.window.push_back(Arc::new(batch));
        for lane in 0..self.lanes.len() {
            if std::mem::take(&mut line.parked[lane]) {
                line.ready.push_back(lane);
            }
        }
        drop(line);
        self.work.notify_all();
        true
    }

    /// To be held by whoever pushes: once it is dropped, no batch comes any more.
    pub(super) fn pushing(&self) -> Pushing<'_, 'a> {
        Pushing(self)
    }

    fn close(&self) {
        locked(&self.line).closed = true;
        self.work.notify_all();
    }

    /// Nothing more is done.
    pub(super) fn abandon(&self) {
        locked(&self.line).broken = true;
        self.work.notify_all();
        self.room.notify_all();
    }

    /// Whether a plan was found wrong.
    pub(super) fn in_doubt(&self) -> bool {
        self.doubt.load(Ordering::Relaxed)
    }

    /// Works until all lanes have taken all batches, one of several threads; ends early when something failed anywhere.
    pub(super) fn work(&self, made: &SyncSender<Made>) -> Result<()> {
        let ends = AbandonOnDrop(self);
        while let Some((lane, batch)) = self.next() {
            // That nobody listens any more is seen with the batch.
            locked(&self.lanes[lane]).take(&batch, &self.doubt, |group, column, chunk| {
                let _ = made.send(Made::Chunk { group, column, chunk: Box::new(chunk) });
            })?;
            self.done(lane, &batch, made);
        }
        std::mem::forget(ends);
        Ok(())
    }

    fn next(&self) -> Option<(usize, Arc<Batch>)> {
        let mut line = locked(&self.line);
        loop {
            if line.broken {
                return None;
            }
            if let Some(lane) = line.ready.pop_front() {
                let batch = Arc::clone(&line.window[line.next[lane] - line.first]);
                return Some((lane, batch));
            }
            if line.closed && line.window.is_empty() {
                return None;
            }
            line = self.work.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn done(&self, lane: usize, batch: &Batch, made: &SyncSender<Made>) {
        let mut line = locked(&self.line);
        line.next[lane] += 1;
        if line.next[lane] < line.first + line.window.len() {
            line.ready.push_back(lane);
        } else {
            line.parked[lane] = true;
        }
        if batch.left.fetch_sub(1, Ordering::Relaxed) > 1 {
            return;
        }
        while let Some(batch) = line.window.pop_front_if(|b| b.left.load(Ordering::Relaxed) == 0) {
            line.first += 1;
            // Sent under the lock, so that the order is kept. Who takes them takes no lock.
            if made.send(Made::Batch(batch)).is_err() {
                line.broken = true;
            }
        }
        let finished = line.broken || line.closed && line.window.is_empty();
        drop(line);
        self.room.notify_all();
        if finished {
            self.work.notify_all();
        }
    }

    /// What each lane saw of the files, by file in order; nothing where plans are proven.
    pub(super) fn into_seen(self) -> Vec<Vec<(usize, Seen)>> {
        self.lanes.into_iter().map(|l| l.into_inner().unwrap_or_else(PoisonError::into_inner).seen).collect()
    }
}

/// Tells, also when it goes with a panic, that no batch comes any more: the others would wait for one for ever.
pub(super) struct Pushing<'a, 'b>(&'a Lanes<'b>);

impl Drop for Pushing<'_, '_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Ends the other threads when one fails or panics, since they would wait for its lane for ever.
struct AbandonOnDrop<'a, 'b>(&'a Lanes<'b>);

impl Drop for AbandonOnDrop<'_, '_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl Lane<'_> {
    /// Takes the next batch. `give` gets the encoded columns of the row group, with its number and theirs, when it ends with this batch.
    fn take(&mut self, batch: &Batch, doubt: &AtomicBool, mut give: impl FnMut(usize, usize, ArrowColumnChunk)) -> Result<()> {
        let arrays = match self.what {
            What::SourceFile => vec![self.source_file(&batch.cells)],
            What::SourceRow => vec![source_row(&batch.cells)],
            What::Planned(plan) => self.planned(plan, batch, doubt),
        };
        // A group of rejected rows only is not written.
        if batch.cells.rows() > 0 && !doubt.load(Ordering::Relaxed) {
            for (column, array) in self.columns.iter_mut().zip(&arrays) {
                column.write(self.table, array, self.group - self.part)?;
            }
        }
        if batch.ends != Ends::Nothing {
            for column in &mut self.columns {
                if let Some(open) = column.open.take() {
                    give(self.group, column.index, open.close().map_err(parquet_error)?);
                }
            }
            self.group += 1;
            if batch.ends == Ends::Part {
                self.part = self.group;
            }
        }
        Ok(())
    }

    fn source_file(&self, cells: &Cells) -> ArrayRef {
        let name = match &self.texts[cells.file] {
            Text::Read { input, .. } => input.name.as_str(),
            Text::Kept { .. } => "",
        };
        Arc::new(std::iter::repeat_n(Some(name), cells.rows()).collect::<StringViewArray>())
    }

    /// The batch's column, converted, and the reasons of its NULLs when it is explained; nothing once the plans are in doubt.
    fn planned(&mut self, index: usize, batch: &Batch, doubt: &AtomicBool) -> Vec<ArrayRef> {
        let cells = &batch.cells;
        let plan = &self.table.plans[index];
        let place = self.table.places[cells.file][index];
        let mut quick = None;
        if let (Trust::Guess(guess), Some(place)) = (self.trust, place) {
            if self.seen.last().is_none_or(|(text, _)| *text != cells.file) {
                self.seen.push((cells.file, guess.unseen[cells.file].column(place).clone()));
                self.compare_at = self.taken + 1;
            }
            let (_, seen) = self.seen.last_mut().expect("one was just pushed");
            let typed = match &self.texts[cells.file] {
                Text::Read { input, .. } => input.form.is_typed(),
                Text::Kept { .. } => false,
            };
            quick = if typed { None } else { plan.take(seen, cells, place) };
            if quick.is_none() {
                seen.absorb(cells.column(place), typed);
            }
            if cells.commas_free {
                seen.commas_are_free();
            }
            self.taken += 1;
            // What is wrong is certain to be found at the end; here it only saves work, so it is looked for at growing distances.
            if self.taken >= self.compare_at || batch.ends != Ends::Nothing {
                self.compare_at = self.taken * 2;
                let mut all = seen.clone();
                guess.heads[index].iter().for_each(|heads| all.merge(heads));
                if !plan.still_reads(&all) {
                    doubt.store(true, Ordering::Relaxed);
                }
            }
            if doubt.load(Ordering::Relaxed) {
                return Vec::new();
            }
        }
        let mut rejects = Vec::new();
        let values = quick.unwrap_or_else(|| plan.convert(cells, place, &mut rejects));
        if !rejects.is_empty() {
            locked(&batch.found).extend(rejects.into_iter().map(|r| (index, r)));
        }
        if self.columns.len() == 1 {
            return vec![values];
        }
        let reasons = plan.reasons(cells, place, values.as_ref());
        vec![values, reasons]
    }
}

fn source_row(cells: &Cells) -> ArrayRef {
    Arc::new(cells.lines.iter().map(|line| i64::try_from(*line).ok()).collect::<Int64Array>())
}

impl Column {
    /// Writes into the row group `nth` of its part.
    fn write(&mut self, table: &Table, array: &ArrayRef, nth: usize) -> Result<()> {
        let open = match &mut self.open {
            Some(open) => open,
            None => self.open.insert(self.writers.writer(nth)?),
        };
        for leaf in compute_leaves(table.schema.field(self.index), array).map_err(parquet_error)? {
            open.write(&leaf).map_err(parquet_error)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

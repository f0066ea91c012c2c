//! Lanes: each column of a table goes its own way from cells to encoded Parquet, side by side with the others on all cores, and
//! batches keep their order in each. Which batches there are, and what becomes of the encoded columns, is not known here.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use parquet::arrow::arrow_writer::ArrowColumnChunk;

use super::cells::Cells;
use super::columns::{FileSeen, Table};
use super::look::Laid;
use super::order::Arranged;
use super::pass::Text;
use super::types::{CellReject, Seen};
use crate::error::Result;

mod lane;

use lane::{Column, Lane, Shared, What};

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
    /// How the rows of the group that ends with it are sorted, once the key's lane has taken it; `None` when they stay as they are.
    arranged: OnceLock<Option<Arranged>>,
}

impl Batch {
    /// The cells that did not fit, each with its lane, in no order. For whoever has the batch last.
    pub(super) fn take_rejects(&self) -> Vec<(usize, CellReject)> {
        std::mem::take(&mut *locked(&self.found))
    }

    /// The column by which all rows of the group that ends with it ascend.
    pub(super) fn sorted_by(&self) -> Option<usize> {
        self.arranged.get()?.as_ref()?.by
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
    /// The lane that the others wait for at the end of each row group, which is sorted by its column.
    key: Option<usize>,
    /// Whether a lane has taken all there is.
    parked: Vec<bool>,
    /// No batch comes any more.
    closed: bool,
    /// Something failed: nothing more is done.
    broken: bool,
}

/// A panic while a lock was held is reported by the thread's end; what it left is not used any more.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Lanes<'a> {
    /// Lanes for the columns of `table`, which come from `texts` and are `laid` out, to be worked on by `threads`.
    pub(super) fn new(table: &'a Table, texts: &'a [Text<'a>], laid: &'a Laid, trust: Trust<'a>, threads: usize) -> Result<Self> {
        let shared = Shared { table, texts, trust, order: laid.order.as_ref() };
        let column =
            |index: usize| -> Result<Column> { Ok(Column::new(index, laid.layouts[index].writers(table.schema.field(index))?)) };
        let lane = |what, columns| Mutex::new(Lane::new(what, shared, columns));
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
        let key = laid.order.as_ref().map(|order| order.key);
        let line = Line { next: vec![0; lanes.len()], parked: vec![true; lanes.len()], key, ..Line::default() };
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
        let batch =
            Batch { cells, ends, left: AtomicUsize::new(self.lanes.len()), found: Mutex::default(), arranged: OnceLock::new() };
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
            let first = line.ready.iter().position(|lane| line.may_take(*lane));
            if let Some(lane) = first.and_then(|at| line.ready.remove(at)) {
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
        if line.key == Some(lane) && batch.ends != Ends::Nothing {
            self.work.notify_all();
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

impl Line {
    /// Whether a lane that is ready has not to wait for the key's.
    fn may_take(&self, lane: usize) -> bool {
        let at = self.next[lane];
        self.key.is_none_or(|key| key == lane || self.next[key] > at || self.window[at - self.first].ends == Ends::Nothing)
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

#[cfg(test)]
mod tests;

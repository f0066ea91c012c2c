//! A lane: one column's way from cells to encoded Parquet, batch by batch. Who calls, and when, is not known here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{Array, ArrayRef, Int64Array, StringViewArray, UInt32Array};
use arrow::compute::{concat, take};
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};

use super::{Batch, Ends, Trust, locked};
use crate::error::Result;
use crate::snapshot::cells::Cells;
use crate::snapshot::columns::Table;
use crate::snapshot::layout::ColumnWriters;
use crate::snapshot::order::{Arranged, RowOrder, Stretches, unarranged};
use crate::snapshot::pass::Text;
use crate::snapshot::types::Seen;
use crate::snapshot::write::parquet_error;

/// What the lanes of one table share.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    pub(super) table: &'a Table,
    pub(super) texts: &'a [Text<'a>],
    pub(super) trust: Trust<'a>,
    /// How the rows of each group are sorted, which holds its columns until it is whole.
    pub(super) order: Option<&'a RowOrder>,
}

pub(super) struct Lane<'a> {
    what: What,
    shared: Shared<'a>,
    columns: Vec<Column>,
    /// Of the column that rows are sorted by.
    stretches: Stretches,
    group: usize,
    /// The first group of the part that is written.
    part: usize,
    /// What was seen of the column, by text in order.
    pub(super) seen: Vec<(usize, Seen)>,
    /// Batches seen, and how many there are when the plan is next compared with them.
    taken: usize,
    compare_at: usize,
}

/// What a lane makes.
#[derive(Clone, Copy)]
pub(super) enum What {
    /// The column of this plan, and the reasons of its NULLs when it is explained.
    Planned(usize),
    SourceFile,
    SourceRow,
}

/// A column of the table on its way to Parquet.
pub(super) struct Column {
    /// Its place in the table's schema.
    index: usize,
    writers: ColumnWriters,
    open: Option<ArrowColumnWriter>,
    /// What waits for the row group to be whole.
    held: Vec<ArrayRef>,
}

impl<'a> Lane<'a> {
    pub(super) fn new(what: What, shared: Shared<'a>, columns: Vec<Column>) -> Self {
        let stretches = Stretches::default();
        Self { what, shared, columns, stretches, group: 0, part: 0, seen: Vec::new(), taken: 0, compare_at: 1 }
    }

    /// Takes the next batch. `give` gets the encoded columns of the row group, with its number and theirs, when it ends with this batch.
    /// Where rows are sorted, the lane of the key has then taken that batch.
    pub(super) fn take(
        &mut self,
        batch: &Batch,
        doubt: &AtomicBool,
        mut give: impl FnMut(usize, usize, ArrowColumnChunk),
    ) -> Result<()> {
        let arrays = match self.what {
            What::SourceFile => vec![self.source_file(&batch.cells)?],
            What::SourceRow => vec![source_row(&batch.cells)],
            What::Planned(plan) => self.planned(plan, batch, doubt),
        };
        // A group of rejected rows only is not written.
        if batch.cells.rows() > 0 && !doubt.load(Ordering::Relaxed) {
            for (column, array) in self.columns.iter_mut().zip(arrays) {
                match self.shared.order {
                    Some(_) => column.held.push(array),
                    None => column.write(self.shared.table, &array, self.group - self.part)?,
                }
            }
            if let Some(order) = self.sorts() {
                self.stretches.add(order, self.shared.table, &batch.cells);
            }
        }
        if batch.ends != Ends::Nothing {
            self.release(batch, doubt)?;
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

    /// The order of the table's rows, when it is by this column.
    fn sorts(&self) -> Option<&'a RowOrder> {
        self.shared.order.filter(|order| matches!(self.what, What::Planned(plan) if plan == order.key))
    }

    /// Writes what was held of the row group that ends with `batch`, in the order that the key's lane finds.
    fn release(&mut self, batch: &Batch, doubt: &AtomicBool) -> Result<()> {
        if let Some(order) = self.sorts() {
            // In doubt, rows are missing.
            let key = self.columns[0].whole()?.filter(|_| !doubt.load(Ordering::Relaxed));
            let arranged = self.stretches.end(order, key.as_deref(), batch.ends == Ends::Part)?;
            // Nobody else sets it.
            let _ = batch.arranged.set(arranged);
        }
        let arranged = batch.arranged.get().and_then(Option::as_ref);
        // Looked at behind the order: when that is of fewer rows than this lane has, the doubt is seen as well.
        let in_doubt = doubt.load(Ordering::Relaxed);
        for column in &mut self.columns {
            if in_doubt {
                column.held.clear();
            }
            column.release(self.shared.table, arranged, self.group - self.part)?;
        }
        Ok(())
    }

    fn source_file(&self, cells: &Cells) -> Result<ArrayRef> {
        let name = match &self.shared.texts[cells.file] {
            Text::Read { input, .. } => input.name.as_str(),
            Text::Kept { .. } => "",
        };
        // Its text stands once, however long it is.
        let rows = UInt32Array::from(vec![0; cells.rows()]);
        take(&StringViewArray::from(vec![name]), &rows, None).map_err(unarranged)
    }

    /// The batch's column, converted, and the reasons of its NULLs when it is explained; nothing once the plans are in doubt.
    fn planned(&mut self, index: usize, batch: &Batch, doubt: &AtomicBool) -> Vec<ArrayRef> {
        let cells = &batch.cells;
        let plan = &self.shared.table.plans[index];
        let place = self.shared.table.places[cells.file][index];
        let mut quick = None;
        if let (Trust::Guess(guess), Some(place)) = (self.shared.trust, place) {
            if self.seen.last().is_none_or(|(text, _)| *text != cells.file) {
                self.seen.push((cells.file, guess.unseen[cells.file].column(place).clone()));
                self.compare_at = self.taken + 1;
            }
            let (_, seen) = self.seen.last_mut().expect("one was just pushed");
            let typed = match &self.shared.texts[cells.file] {
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
    /// The column `index` of the table.
    pub(super) fn new(index: usize, writers: ColumnWriters) -> Self {
        Self { index, writers, open: None, held: Vec::new() }
    }

    /// What is held, in one; `None` when that is nothing.
    fn whole(&mut self) -> Result<Option<ArrayRef>> {
        if self.held.len() > 1 {
            let held: Vec<&dyn Array> = self.held.iter().map(AsRef::as_ref).collect();
            self.held = vec![concat(&held).map_err(unarranged)?];
        }
        Ok(self.held.first().cloned())
    }

    /// Writes what is held, arranged if its rows are, into the row group `nth` of its part.
    fn release(&mut self, table: &Table, arranged: Option<&Arranged>, nth: usize) -> Result<()> {
        if let Some(arranged) = arranged
            && let Some(whole) = self.whole()?
        {
            self.held = vec![take(&whole, &arranged.rows, None).map_err(unarranged)?];
        }
        std::mem::take(&mut self.held).iter().try_for_each(|array| self.write(table, array, nth))
    }

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

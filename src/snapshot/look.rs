//! The first look: what the heads of the texts show, which is guessed from, and what a sample of their rows says on how the table is laid
//! out. What is made of the guess is not known here.

use arrow::array::ArrayRef;

use super::cells::Cells;
use super::columns::{FileSeen, Table};
use super::layout::{ColumnLayout, TELLING};
use super::order::RowOrder;
use super::pass::{Job, Text, held_bytes};
use crate::error::Result;

/// Batches of a text whose cells the first guess is made from.
const LOOK: usize = 2;

/// How a table is laid out.
pub(super) struct Laid {
    /// Of each column of its schema.
    pub(super) layouts: Vec<ColumnLayout>,
    /// How rows that come in no order are sorted.
    pub(super) order: Option<RowOrder>,
}

impl Job<'_> {
    /// What the heads of the texts show, which columns each has there, and a sample of rows that follow each other: the first
    /// batch that is large enough, or the largest.
    pub(super) fn look(&self) -> Result<(Vec<FileSeen>, Vec<FileSeen>, Option<Cells>)> {
        let (mut heads, mut unseen, mut sample) = (Vec::new(), Vec::new(), None);
        for (index, text) in self.texts.iter().enumerate() {
            let (mut head, mut names) = (FileSeen::default(), FileSeen::default());
            match text {
                Text::Kept { text, .. } => head = text.seen.clone(),
                Text::Read { input, .. } => {
                    let mut reader = self.open(index, input)?;
                    head.meet(self.distribution, reader.names(), reader.originals());
                    head.meet_crs(input.form.crs());
                    for _ in 0..LOOK {
                        self.stop.check()?;
                        let Some(cells) = reader.next()? else { break };
                        head.meet(self.distribution, &cells.names, &[]);
                        head.absorb(&cells, input.form.is_typed());
                        if sample.as_ref().is_none_or(|s: &Cells| s.rows() < cells.rows().min(TELLING)) {
                            sample = Some(cells);
                        }
                    }
                    names.meet(self.distribution, head.names(), &[]);
                }
            }
            heads.push(head);
            unseen.push(names);
        }
        Ok((heads, unseen, sample))
    }
}

/// How the table is laid out, by what a sample of its rows shows. Hidden columns but lines repeat their values.
pub(super) fn laid(table: &Table, sample: Option<&Cells>) -> Laid {
    let values = |cells: &Cells, index: usize| -> Option<ArrayRef> {
        let place = table.places[cells.file][index]?;
        Some(table.plans[index].read(cells, place, &mut Vec::new()))
    };
    let sampled: Vec<Option<ArrayRef>> =
        (0..table.plans.len()).map(|index| sample.and_then(|cells| values(cells, index))).collect();
    let fields = table.schema.fields().len();
    let mut layouts = vec![ColumnLayout::default(); fields];
    for (layout, values) in layouts.iter_mut().zip(&sampled) {
        *layout = values.as_ref().map_or_else(ColumnLayout::default, ColumnLayout::of);
    }
    layouts[table.plans.len() + 1] = ColumnLayout::counting();
    let row_bytes = |cells: &Cells| held_bytes(cells, fields) / cells.rows().max(1) as u64;
    let order = sample.and_then(|cells| RowOrder::of(&sampled, row_bytes(cells)));
    if let Some(order) = &order {
        layouts[order.key].ascending = true;
        tracing::info!(column = table.schema.field(order.key).name(), "rows come in no order: large row groups are sorted");
    }
    Laid { layouts, order }
}

//! A cursor: the rows of a query, and where in them it stands (PostgreSQL 15, FETCH). One that scrolls keeps the rows that it has read, and
//! one that was not declared to as long as they are few; any other keeps the row that it stands on.

use std::sync::Arc;

use arrow::array::{RecordBatch, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::SchemaRef;
use tokio_util::sync::CancellationToken;

use crate::engine::{CursorOptions, Kept, Listed, Scroll, Step};
use crate::error::{Error, Kind, Result};

use super::extended::Planned;
use super::rows::Source;

/// A declared cursor.
pub(super) struct Cursor {
    pub(super) planned: Arc<Planned>,
    pub(super) columns: SchemaRef,
    pub(super) options: CursorOptions,
    /// Ends the query; the one that it began with.
    pub(super) cancel: CancellationToken,
    /// It was declared in the transaction that is open.
    pub(super) fresh: bool,
    /// How many savepoints were set when it was declared.
    pub(super) savepoints: usize,
    /// Of one that SQL declared: it is listed as long as it is there.
    pub(super) listed: Option<Listed>,
    source: Source,
    /// The rows that were read, for a cursor that can go back.
    kept: Option<Kept>,
    /// The batch whose last row it stands on, when it came there forwards.
    current: Option<RecordBatch>,
    /// The row that it stands on, the first being 1; 0 is before the first, and one more than there are is behind the last.
    position: u64,
    /// How many rows there are, once it is known.
    rows: Option<u64>,
}

/// The rows that a step passes.
pub(super) enum Passed {
    /// So many from here on, straight from the query, with [`Cursor::next`].
    Stream(u64),
    /// These, the cursor being behind them.
    Rows(Vec<RecordBatch>),
    /// These from the last to the first, the cursor being before them.
    Back(Vec<RecordBatch>),
}

impl Cursor {
    pub(super) fn new(
        planned: Arc<Planned>,
        columns: SchemaRef,
        options: CursorOptions,
        cancel: CancellationToken,
        source: Source,
        kept: Option<Kept>,
    ) -> Self {
        Self {
            planned,
            columns,
            options,
            cancel,
            fresh: true,
            savepoints: 0,
            listed: None,
            source,
            kept,
            current: None,
            position: 0,
            rows: None,
        }
    }

    /// What a step passes.
    pub(super) async fn step(&mut self, step: Step) -> Result<Passed> {
        match self.kept.take() {
            Some(mut kept) if !self.is_ahead(step) => {
                let passed = self.scroll(step, &mut kept).await;
                self.kept = Some(kept);
                passed
            }
            kept => {
                self.kept = kept;
                self.forward(step).await
            }
        }
    }

    /// Whether a step leads to rows behind the one that it stands on.
    fn is_ahead(&self, step: Step) -> bool {
        match step {
            Step::Rows(count) | Step::Relative(count) => count > 0,
            Step::Absolute(row) => u64::try_from(row).is_ok_and(|row| row > self.position),
        }
    }

    /// The next rows, `most` at most: those that it has gone back over, then those of the query.
    pub(super) async fn next(&mut self, most: usize) -> Result<Option<RecordBatch>> {
        let batch = match self.again(most) {
            Some(batch) => Some(batch),
            None => self.read(most).await?,
        };
        match &batch {
            Some(batch) => {
                self.position += batch.num_rows() as u64;
                self.current = Some(batch.clone());
            }
            None => {
                self.position = *self.rows.get_or_insert(self.position) + 1;
                self.current = None;
            }
        }
        Ok(batch)
    }

    /// Rows behind the one that it stands on that were read before.
    fn again(&self, most: usize) -> Option<RecordBatch> {
        let from = self.position + 1;
        self.kept.as_ref()?.rows(from..from.saturating_add(most as u64)).into_iter().next()
    }

    /// Rows of the query, which are kept if it can go back; one that was not declared to can't any more when they are too many.
    async fn read(&mut self, most: usize) -> Result<Option<RecordBatch>> {
        let batch = self.source.next(most, &self.cancel).await?;
        if let (Some(batch), Some(kept)) = (&batch, &mut self.kept)
            && let Err(e) = kept.add(batch.clone())
        {
            if self.options.scroll == Scroll::Yes {
                return Err(e);
            }
            self.kept = None;
        }
        Ok(batch)
    }

    /// The row that it stands on, of one that can't go back.
    fn stands_on(&self) -> Option<RecordBatch> {
        self.current.as_ref().map(|batch| batch.slice(batch.num_rows() - 1, 1))
    }

    async fn forward(&mut self, step: Step) -> Result<Passed> {
        let position = i64::try_from(self.position).unwrap_or(i64::MAX);
        let ahead = match step {
            Step::Rows(0) | Step::Relative(0) => return Ok(Passed::Rows(self.stands_on().into_iter().collect())),
            Step::Rows(count) if count > 0 => return Ok(Passed::Stream(count.unsigned_abs())),
            Step::Absolute(0) if position == 0 => return Ok(Passed::Rows(Vec::new())),
            Step::Absolute(row) if row > 0 && row == position && self.current.is_some() => {
                return Ok(Passed::Rows(self.stands_on().into_iter().collect()));
            }
            Step::Absolute(row) if row > position => row - position,
            Step::Relative(count) if count > 0 => count,
            Step::Rows(_) | Step::Absolute(_) | Step::Relative(_) => {
                let e = Error::new(Kind::InvalidState, "cursor can only scan forward");
                return Err(e.with_hint("Declare it with SCROLL option to enable backward scan."));
            }
        };
        let mut over = ahead.unsigned_abs() - 1;
        while over > 0 {
            let most = usize::try_from(over).unwrap_or(usize::MAX);
            let Some(batch) = self.next(most).await? else { return Ok(Passed::Rows(Vec::new())) };
            over -= batch.num_rows() as u64;
        }
        Ok(Passed::Stream(1))
    }

    /// What a step passes that does not lead ahead.
    async fn scroll(&mut self, step: Step, kept: &mut Kept) -> Result<Passed> {
        match step {
            Step::Rows(0) | Step::Relative(0) => self.one(self.position, kept).await,
            Step::Rows(count) => {
                let from = self.position.saturating_sub(count.unsigned_abs()).max(1);
                let to = self.position;
                self.position = self.position.saturating_sub(count.unsigned_abs());
                Ok(Passed::Back(kept.rows(from..to)))
            }
            Step::Absolute(row) if row >= 0 => self.one(row.unsigned_abs(), kept).await,
            Step::Absolute(back) => {
                let there = self.fill(u64::MAX, kept).await?;
                self.one((there + 1).saturating_sub(back.unsigned_abs()), kept).await
            }
            Step::Relative(count) => self.one(self.position.saturating_add_signed(count), kept).await,
        }
    }

    /// Goes to one row, and that row if there is one.
    async fn one(&mut self, row: u64, kept: &mut Kept) -> Result<Passed> {
        let there = self.fill(row, kept).await?;
        self.position = row.min(there + 1);
        Ok(Passed::Rows(if row == 0 || row > there { Vec::new() } else { kept.rows(row..row + 1) }))
    }

    /// Reads on up to this row; how many were read so far.
    async fn fill(&mut self, row: u64, kept: &mut Kept) -> Result<u64> {
        while self.rows.is_none() && kept.count() < row {
            match self.source.next(usize::MAX, &self.cancel).await? {
                Some(batch) => kept.add(batch)?,
                None => self.rows = Some(kept.count()),
            }
        }
        Ok(kept.count())
    }
}

/// A batch's rows from the last to the first.
pub(super) fn reversed(batch: &RecordBatch) -> Result<RecordBatch> {
    let order = UInt64Array::from_iter_values((0..batch.num_rows() as u64).rev());
    take_record_batch(batch, &order).map_err(|e| Error::new(Kind::Internal, "rows could not be turned round").caused_by(e))
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, Int64Array};
    use arrow::datatypes::Int64Type;
    use futures::StreamExt;

    use super::*;

    fn cursor(scroll: Scroll, kept: Option<Kept>) -> Cursor {
        let batch = |values: Vec<i64>| RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(values)) as _)]);
        let batches = [vec![1, 2, 3], vec![], vec![4], vec![5, 6]].map(|v| Ok(batch(v).expect("one column")));
        let columns = batch(vec![]).expect("one column").schema();
        let options = CursorOptions { scroll, ..CursorOptions::default() };
        let source = Source::new(futures::stream::iter(batches).boxed());
        Cursor::new(Arc::default(), columns, options, CancellationToken::new(), source, kept)
    }

    async fn values(cursor: &mut Cursor, step: Step) -> Result<Vec<i64>> {
        let mut all = Vec::new();
        let mut take = |batch: &RecordBatch| all.extend_from_slice(batch.column(0).as_primitive::<Int64Type>().values());
        match cursor.step(step).await? {
            Passed::Rows(batches) => batches.iter().for_each(take),
            Passed::Back(batches) => batches.iter().rev().for_each(|batch| take(&reversed(batch).expect("it is turned"))),
            Passed::Stream(count) => {
                let mut left = usize::try_from(count).unwrap_or(usize::MAX);
                while left > 0 {
                    let Some(batch) = cursor.next(left).await? else { break };
                    left -= batch.num_rows();
                    take(&batch);
                }
            }
        }
        Ok(all)
    }

    /// As PostgreSQL 15 answers over the values 1 to 6.
    #[tokio::test]
    async fn a_cursor_that_scrolls_goes_anywhere() {
        let steps = [
            (Step::Rows(2), vec![1, 2]),
            (Step::Rows(0), vec![2]),
            (Step::Rows(-1), vec![1]),
            (Step::Rows(-1), vec![]),
            (Step::Rows(0), vec![]),
            (Step::Rows(4), vec![1, 2, 3, 4]),
            (Step::Rows(-i64::MAX), vec![3, 2, 1]),
            (Step::Absolute(-1), vec![6]),
            (Step::Relative(-2), vec![4]),
            (Step::Absolute(9), vec![]),
            (Step::Rows(-2), vec![6, 5]),
            (Step::Absolute(-9), vec![]),
            (Step::Rows(i64::MAX), vec![1, 2, 3, 4, 5, 6]),
            (Step::Rows(1), vec![]),
            (Step::Rows(-1), vec![6]),
        ];
        for scroll in [Scroll::Yes, Scroll::Allowed] {
            let mut cursor = cursor(scroll, Some(Kept::apart(usize::MAX)));
            for (step, want) in &steps {
                assert_eq!(values(&mut cursor, *step).await.expect("it scrolls"), *want, "{step:?}");
            }
        }
    }

    #[tokio::test]
    async fn any_other_goes_forward() {
        goes_forward(cursor(Scroll::No, None)).await;
    }

    #[tokio::test]
    async fn one_that_may_scroll_goes_forward_when_its_rows_are_too_many() {
        goes_forward(cursor(Scroll::Allowed, Some(Kept::apart(1)))).await;
        let mut declared = cursor(Scroll::Yes, Some(Kept::apart(1)));
        assert_eq!(values(&mut declared, Step::Rows(1)).await.expect_err("nothing is kept").kind(), Kind::OutOfMemory);
    }

    async fn goes_forward(mut cursor: Cursor) {
        for (step, want) in [
            (Step::Rows(2), vec![1, 2]),
            (Step::Rows(0), vec![2]),
            (Step::Absolute(2), vec![2]),
            (Step::Absolute(4), vec![4]),
            (Step::Relative(1), vec![5]),
            (Step::Rows(i64::MAX), vec![6]),
            (Step::Rows(1), vec![]),
            (Step::Relative(5), vec![]),
        ] {
            assert_eq!(values(&mut cursor, step).await.expect("it goes on"), want, "{step:?}");
        }
        for step in [Step::Rows(-1), Step::Absolute(1), Step::Absolute(-1), Step::Relative(-1), Step::Absolute(0)] {
            assert_eq!(values(&mut cursor, step).await.expect_err("it can't go back").kind(), Kind::InvalidState, "{step:?}");
        }
    }
}

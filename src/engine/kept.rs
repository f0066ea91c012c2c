//! Rows that are kept in memory for a client, counted in the memory that all queries share.

use std::ops::Range;

use arrow::record_batch::RecordBatch;
use datafusion::common::utils::memory::RecordBatchMemoryCounter;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation, UnboundedMemoryPool};
use std::sync::Arc;

use super::{Scroll, Session, failure};
use crate::error::{Error, Kind, Result};

/// What is kept of a cursor that nobody declared to go back, in bytes.
const FEW: usize = 2 << 20;

/// Rows in order, the first being 1.
pub struct Kept {
    batches: Vec<RecordBatch>,
    /// How many rows there are up to the end of each batch.
    ends: Vec<u64>,
    /// How many bytes they may have.
    most: usize,
    reservation: MemoryReservation,
    /// Counts once what several batches share.
    counted: RecordBatchMemoryCounter,
}

impl Session {
    /// Nothing yet of a cursor's rows, to be kept in the memory that all queries share; `None` for one that never goes back.
    pub fn keeping(&self, scroll: Scroll) -> Option<Kept> {
        let most = match scroll {
            Scroll::No => return None,
            Scroll::Allowed => FEW,
            Scroll::Yes => usize::MAX,
        };
        Some(Kept::within(&self.shared.base.runtime_env().memory_pool, most))
    }
}

impl Kept {
    /// Nothing yet, and at most so many bytes, in memory that nobody else counts.
    pub fn apart(most: usize) -> Self {
        Self::within(&(Arc::new(UnboundedMemoryPool::default()) as _), most)
    }

    fn within(pool: &Arc<dyn MemoryPool>, most: usize) -> Self {
        let reservation = MemoryConsumer::new("a cursor's rows").register(pool);
        Self { batches: Vec::new(), ends: Vec::new(), most, reservation, counted: RecordBatchMemoryCounter::new() }
    }

    /// How many rows there are.
    pub fn count(&self) -> u64 {
        self.ends.last().copied().unwrap_or_default()
    }

    /// Keeps these too. [`Kind::OutOfMemory`] when the share is used up, or more than a few are kept of a cursor that was not declared to go
    /// back.
    pub fn add(&mut self, batch: RecordBatch) -> Result<()> {
        let bytes = self.counted.count_batch(&batch);
        if self.reservation.size().saturating_add(bytes) > self.most {
            return Err(Error::new(Kind::OutOfMemory, "the cursor has read too many rows to go back")
                .with_hint("Declare it with SCROLL option to enable backward scan."));
        }
        self.reservation.try_grow(bytes).map_err(|e| failure::from_datafusion(e, ""))?;
        self.ends.push(self.count() + batch.num_rows() as u64);
        self.batches.push(batch);
        Ok(())
    }

    /// Some of the rows; those that there are.
    pub fn rows(&self, range: Range<u64>) -> Vec<RecordBatch> {
        let first = self.ends.partition_point(|end| *end < range.start);
        let mut all = Vec::new();
        for (batch, end) in self.batches.iter().zip(&self.ends).skip(first) {
            let before = end - batch.num_rows() as u64;
            let (from, to) = (range.start.max(before + 1), range.end.min(end + 1));
            if from >= to {
                break;
            }
            all.push(batch.slice((from - before - 1) as usize, (to - from) as usize));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;
    use datafusion::execution::memory_pool::GreedyMemoryPool;

    use super::*;

    #[test]
    fn what_batches_share_is_counted_once() {
        let values = || Arc::new(Int64Array::from(vec![7; 1000])) as _;
        let batch = || RecordBatch::try_from_iter([("n", values())]).expect("a column");
        let mut kept = Kept::within(&(Arc::new(GreedyMemoryPool::new(20_000)) as _), usize::MAX);
        let whole = batch();
        for row in 0..1000 {
            kept.add(whole.slice(row, 1)).expect("it is all there already");
        }
        kept.add(batch()).expect("two fit");
        assert_eq!(kept.add(batch()).expect_err("three do not").kind(), Kind::OutOfMemory);
        assert_eq!(kept.count(), 2000);
        assert_eq!(kept.rows(999..1002).iter().map(RecordBatch::num_rows).sum::<usize>(), 3);
    }
}

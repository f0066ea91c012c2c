//! Rows that are kept in memory for a client, counted in the memory that all queries share.

use std::ops::Range;

use arrow::record_batch::RecordBatch;
use datafusion::common::utils::memory::RecordBatchMemoryCounter;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation, UnboundedMemoryPool};
use std::sync::Arc;

use super::{Session, failure};
use crate::error::Result;

/// Rows in order, the first being 1.
pub struct Kept {
    batches: Vec<RecordBatch>,
    /// How many rows there are up to the end of each batch.
    ends: Vec<u64>,
    reservation: MemoryReservation,
    /// Counts once what several batches share.
    counted: RecordBatchMemoryCounter,
}

impl Session {
    /// Nothing yet, to be kept in the memory that all queries share.
    pub fn keeping(&self) -> Kept {
        Kept::within(&self.shared.base.runtime_env().memory_pool)
    }
}

impl Kept {
    /// Nothing yet, in memory that nobody counts.
    pub fn unbounded() -> Self {
        Self::within(&(Arc::new(UnboundedMemoryPool::default()) as _))
    }

    fn within(pool: &Arc<dyn MemoryPool>) -> Self {
        let reservation = MemoryConsumer::new("a cursor's rows").register(pool);
        Self { batches: Vec::new(), ends: Vec::new(), reservation, counted: RecordBatchMemoryCounter::new() }
    }

    /// How many rows there are.
    pub fn count(&self) -> u64 {
        self.ends.last().copied().unwrap_or_default()
    }

    /// Keeps these too. [`Kind::OutOfMemory`](crate::error::Kind::OutOfMemory) when the share is used up.
    pub fn add(&mut self, batch: RecordBatch) -> Result<()> {
        self.reservation.try_grow(self.counted.count_batch(&batch)).map_err(|e| failure::from_datafusion(e, ""))?;
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
        let mut kept = Kept::within(&(Arc::new(GreedyMemoryPool::new(20_000)) as _));
        let whole = batch();
        for row in 0..1000 {
            kept.add(whole.slice(row, 1)).expect("it is all there already");
        }
        kept.add(batch()).expect("two fit");
        assert_eq!(kept.add(batch()).expect_err("three do not").kind(), crate::error::Kind::OutOfMemory);
        assert_eq!(kept.count(), 2000);
        assert_eq!(kept.rows(999..1002).iter().map(RecordBatch::num_rows).sum::<usize>(), 3);
    }
}

//! Rows that are kept in memory for a client, counted in the memory that all queries share.

use std::ops::Range;

use arrow::record_batch::RecordBatch;
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
        Self { batches: Vec::new(), ends: Vec::new(), reservation: MemoryConsumer::new("a cursor's rows").register(pool) }
    }

    /// How many rows there are.
    pub fn count(&self) -> u64 {
        self.ends.last().copied().unwrap_or_default()
    }

    /// Keeps these too. [`Kind::OutOfMemory`](crate::error::Kind::OutOfMemory) when the share is used up.
    pub fn add(&mut self, batch: RecordBatch) -> Result<()> {
        self.reservation.try_grow(batch.get_array_memory_size()).map_err(|e| failure::from_datafusion(e, ""))?;
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

//! Avro: the rows of a container as record batches. Framing, codecs and limits are [`super::container`]'s.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use arrow_avro::codec::Tz;
use arrow_avro::reader::{Reader, ReaderBuilder};

use super::container::{Container, Progress};
use super::{BATCH, arrow_fault};
use crate::error::Result;

/// The rows of one file.
pub(in crate::snapshot) struct Rows {
    reader: Reader<Container>,
    progress: Arc<Mutex<Progress>>,
}

impl Rows {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let progress = Arc::default();
        let container = Container::open(path, Arc::clone(&progress))?;
        let builder = ReaderBuilder::new().with_batch_size(BATCH).with_tz(Tz::Utc);
        let reader = builder.build(container).map_err(arrow_fault)?;
        Ok(Self { reader, progress })
    }

    pub(super) fn schema(&self) -> SchemaRef {
        self.reader.schema()
    }

    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>> {
        match self.reader.next() {
            None => Ok(None),
            Some(Ok(batch)) => Ok(Some(batch)),
            Some(Err(e)) => Err(self.with(|p| p.failure.take()).unwrap_or_else(|| arrow_fault(e))),
        }
    }

    pub(super) fn claimed(&self) -> u64 {
        self.with(|p| p.rows)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.with(|p| p.bytes)
    }

    fn with<T>(&self, f: impl FnOnce(&mut Progress) -> T) -> T {
        // Each lock is held for single assignments.
        f(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

//! Avro: the rows of a container as record batches. Framing, codecs and limits are [`super::container`]'s.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use arrow_avro::codec::Tz;
use arrow_avro::reader::{Reader, ReaderBuilder};

use super::container::{Container, Progress};
use super::{BATCH, arrow_fault, fault};
use crate::error::{Error, Result};

/// The rows of one file.
pub(in crate::snapshot) struct Rows {
    reader: Reader<Container>,
    progress: Arc<Mutex<Progress>>,
}

/// The decoder knows a named type behind its end only.
fn unresolved(e: ArrowError) -> Error {
    let said = e.to_string();
    match said.split_once("Failed to resolve ") {
        Some((_, name)) => {
            let name = name.trim_start_matches('.');
            fault(format!("its schema has {name} within itself, or does not say what that is"))
                .with_hint("Publish it without types that hold themselves.")
        }
        None => arrow_fault(e),
    }
}

impl Rows {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let progress: Arc<Mutex<Progress>> = Arc::default();
        let container = Container::open(path, Arc::clone(&progress))?;
        let builder = ReaderBuilder::new().with_batch_size(BATCH).with_tz(Tz::Utc);
        let reader = builder.build(container).map_err(|e| failure(&progress).unwrap_or_else(|| unresolved(e)))?;
        Ok(Self { reader, progress })
    }

    pub(super) fn schema(&self) -> SchemaRef {
        self.reader.schema()
    }

    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>> {
        match self.reader.next() {
            None => Ok(None),
            Some(Ok(batch)) => Ok(Some(batch)),
            Some(Err(e)) => Err(failure(&self.progress).unwrap_or_else(|| arrow_fault(e))),
        }
    }

    pub(super) fn claimed(&self) -> u64 {
        locked(&self.progress).rows
    }

    pub(super) fn bytes(&self) -> u64 {
        locked(&self.progress).bytes
    }
}

/// Why the container could not be read, where that was not the decoder's finding.
fn failure(progress: &Mutex<Progress>) -> Option<Error> {
    locked(progress).failure.take()
}

/// Each lock is held for single assignments, so a panic left nothing half-made.
fn locked(progress: &Mutex<Progress>) -> MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

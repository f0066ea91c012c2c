//! Arrow IPC's file form, for the next tool.

use std::io::Write;

use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::FileWriter;
use arrow::record_batch::RecordBatch;

use super::{Format, Sink, not_begun, write_error};
use crate::error::Result;

/// Before its columns are known, only the place to write to.
pub(super) enum ArrowFile<'a> {
    Waiting(Option<&'a mut (dyn Write + Send)>),
    Open(Box<FileWriter<&'a mut (dyn Write + Send)>>),
}

impl<'a> ArrowFile<'a> {
    pub(super) fn new(out: &'a mut (dyn Write + Send)) -> Self {
        Self::Waiting(Some(out))
    }
}

impl Sink for ArrowFile<'_> {
    fn begin(&mut self, schema: &SchemaRef) -> Result<()> {
        if let Self::Waiting(out) = self {
            let out = out.take().ok_or_else(not_begun)?;
            *self = Self::Open(Box::new(FileWriter::try_new(out, schema).map_err(|e| write_error(Format::Arrow, e))?));
        }
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        match self {
            Self::Waiting(_) => Err(not_begun()),
            Self::Open(writer) => writer.write(batch).map_err(|e| write_error(Format::Arrow, e)),
        }
    }

    fn finish(self: Box<Self>) -> Result<()> {
        match *self {
            Self::Waiting(_) => Err(not_begun()),
            Self::Open(mut writer) => {
                writer.finish().map_err(|e| write_error(Format::Arrow, e))?;
                let out = writer.into_inner().map_err(|e| write_error(Format::Arrow, e))?;
                Ok(out.flush()?)
            }
        }
    }
}

//! Parquet, for the next tool: zstd, the writer's usual row groups.

use std::io::Write;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::{Format, Sink, not_begun, write_error};
use crate::error::{Error, Result};

/// Before its columns are known, only the place to write to.
pub(super) enum ParquetFile<'a> {
    Waiting(Option<&'a mut (dyn Write + Send)>),
    Open(Box<ArrowWriter<&'a mut (dyn Write + Send)>>),
}

impl<'a> ParquetFile<'a> {
    pub(super) fn new(out: &'a mut (dyn Write + Send)) -> Self {
        Self::Waiting(Some(out))
    }
}

impl Sink for ParquetFile<'_> {
    fn begin(&mut self, schema: &SchemaRef) -> Result<()> {
        if let Self::Waiting(out) = self {
            let out = out.take().ok_or_else(not_begun)?;
            let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
            let writer = ArrowWriter::try_new(out, schema.clone(), Some(properties)).map_err(parquet_error)?;
            *self = Self::Open(Box::new(writer));
        }
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        match self {
            Self::Waiting(_) => Err(not_begun()),
            Self::Open(writer) => writer.write(batch).map_err(parquet_error),
        }
    }

    fn finish(self: Box<Self>) -> Result<()> {
        match *self {
            Self::Waiting(_) => Err(not_begun()),
            Self::Open(mut writer) => {
                writer.finish().map_err(parquet_error)?;
                Ok(writer.sync()?)
            }
        }
    }
}

fn parquet_error(e: ParquetError) -> Error {
    match e {
        ParquetError::External(e) => match e.downcast::<std::io::Error>() {
            Ok(io) => Error::from(*io),
            Err(e) => write_error(Format::Parquet, arrow::error::ArrowError::from_external_error(e)),
        },
        other => write_error(Format::Parquet, arrow::error::ArrowError::from(other)),
    }
}

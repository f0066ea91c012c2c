//! JSON: an array of objects, or an object a line. NULL is written, times are ISO 8601, numbers keep their digits.

use std::io::Write;

use arrow::datatypes::SchemaRef;
use arrow::json::writer::{JsonArray, LineDelimited, Writer, WriterBuilder};
use arrow::record_batch::RecordBatch;

use super::{Format, Sink, write_error};
use crate::error::Result;

type Out<'a> = &'a mut (dyn Write + Send);

/// The two forms that JSON rows take.
pub(super) enum Json<'a> {
    Array(Writer<Out<'a>, JsonArray>),
    Lines(Writer<Out<'a>, LineDelimited>),
}

impl<'a> Json<'a> {
    pub(super) fn array(out: Out<'a>) -> Self {
        Self::Array(WriterBuilder::new().with_explicit_nulls(true).build(out))
    }

    pub(super) fn lines(out: Out<'a>) -> Self {
        Self::Lines(WriterBuilder::new().with_explicit_nulls(true).build(out))
    }
}

impl Sink for Json<'_> {
    fn begin(&mut self, _schema: &SchemaRef) -> Result<()> {
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        match self {
            Self::Array(writer) => writer.write(batch).map_err(|e| write_error(Format::Json, e)),
            Self::Lines(writer) => writer.write(batch).map_err(|e| write_error(Format::NdJson, e)),
        }
    }

    fn finish(self: Box<Self>) -> Result<()> {
        match *self {
            Self::Array(mut writer) => {
                writer.finish().map_err(|e| write_error(Format::Json, e))?;
                let out = writer.into_inner();
                out.write_all(b"\n")?;
                Ok(out.flush()?)
            }
            Self::Lines(mut writer) => {
                writer.finish().map_err(|e| write_error(Format::NdJson, e))?;
                Ok(writer.into_inner().flush()?)
            }
        }
    }
}

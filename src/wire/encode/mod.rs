//! Rows as DataRow messages. Each column of a batch is encoded on its own into a reused buffer, then the columns are woven
//! into rows; nothing is allocated for a value. Which bytes a type has is in the files below.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use bytes::{BufMut, BytesMut};

use crate::error::{Error, Kind, Result};
use crate::table::pg_type::PgType;

mod bytea;
mod column;
mod datetime;
mod digits;
mod float;
mod interval;
mod json;
mod list;
mod numeric;
mod style;

pub use style::Style;

pub(super) use datetime::{EPOCH_DAYS, EPOCH_MICROS};

/// How values travel: as PostgreSQL's text or as its binary form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    Binary,
}

impl Format {
    /// The format of a code in Bind: 0 or 1.
    pub fn from_code(code: i16) -> Result<Self> {
        match code {
            0 => Ok(Self::Text),
            1 => Ok(Self::Binary),
            other => Err(Error::new(Kind::InvalidParameter, format!("unsupported format code: {other}"))),
        }
    }

    /// The code that RowDescription tells.
    pub fn code(self) -> i16 {
        match self {
            Self::Text => 0,
            Self::Binary => 1,
        }
    }
}

/// Encodes the batches of one result. Keeps its buffers from batch to batch.
pub struct RowEncoder {
    style: Style,
    columns: Vec<Column>,
}

struct Column {
    pg: &'static PgType,
    format: Format,
    values: Values,
}

impl RowEncoder {
    /// An encoder for rows of `schema`, one format for each column.
    pub fn new(schema: &Schema, formats: &[Format], style: Style) -> Self {
        debug_assert_eq!(schema.fields().len(), formats.len());
        let columns = schema
            .fields()
            .iter()
            .zip(formats)
            .map(|(field, format)| Column { pg: PgType::of_field(field), format: *format, values: Values::default() })
            .collect();
        Self { style, columns }
    }

    /// Adds the batch's rows to `out`. A value that has no PostgreSQL form is an error, and `out` is as before.
    pub fn encode(&mut self, batch: &RecordBatch, out: &mut BytesMut) -> Result<()> {
        let mut bytes = 0;
        for ((column, array), field) in self.columns.iter_mut().zip(batch.columns()).zip(batch.schema_ref().fields()) {
            column.values.clear();
            column::encode(array, field, column.pg, column.format, &self.style, &mut column.values)?;
            bytes += column.values.bytes.len();
        }
        out.reserve(bytes + batch.num_rows() * ROW_HEAD);
        let before = out.len();
        for row in 0..batch.num_rows() {
            if let Err(e) = self.weave(row, out) {
                out.truncate(before);
                return Err(e);
            }
        }
        Ok(())
    }

    /// Adds one row: the type byte, the length, the number of columns, and each column's prefixed value.
    fn weave(&self, row: usize, out: &mut BytesMut) -> Result<()> {
        let start = out.len();
        out.put_slice(b"D\0\0\0\0");
        out.put_u16(self.columns.len() as u16);
        for column in &self.columns {
            out.extend_from_slice(column.values.prefixed(row));
        }
        let length = i32::try_from(out.len() - start - 1).map_err(|_| too_big())?;
        out[start + 1..start + 5].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }
}

/// Type byte, length and column count.
const ROW_HEAD: usize = 7;

/// The values of one column, one behind the other, each with its length in front as DataRow wants it.
#[derive(Default)]
struct Values {
    bytes: Vec<u8>,
    /// Where each value ends in `bytes`.
    ends: Vec<usize>,
}

impl Values {
    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Adds a null.
    fn null(&mut self) {
        self.bytes.extend_from_slice(&NULL);
        self.ends.push(self.bytes.len());
    }

    /// Adds the value that `write` appends.
    #[inline]
    fn value(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        write(&mut self.bytes)?;
        let length = i32::try_from(self.bytes.len() - start - 4).map_err(|_| too_big())?;
        self.bytes[start..start + 4].copy_from_slice(&length.to_be_bytes());
        self.ends.push(self.bytes.len());
        Ok(())
    }

    /// A value with its length in front.
    #[inline]
    fn prefixed(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    /// A value; `None` for null.
    fn get(&self, index: usize) -> Option<&[u8]> {
        let (length, value) = self.prefixed(index).split_at(4);
        if length == NULL { None } else { Some(value) }
    }
}

/// The length that stands for null.
const NULL: [u8; 4] = (-1i32).to_be_bytes();

fn too_big() -> Error {
    Error::new(Kind::TooComplex, "a value or row is larger than 2 GB and cannot be sent")
        .with_hint("Select fewer or smaller columns, or part of the value with substr().")
}

#[cfg(test)]
mod tests;

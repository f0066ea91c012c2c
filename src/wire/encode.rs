//! Rows as DataRow messages. Each column of a batch is encoded on its own into a reused buffer, then the columns are woven
//! into rows; nothing is allocated for a value. Which bytes a value has is [`pg_value`](crate::table::pg_value)'s.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;

use crate::error::Result;
use crate::table::pg_type::PgType;
use crate::table::pg_value::{self, Cells, Format, Room, SLACK, Style};

use super::rows::Encode;

/// Encodes the batches of one result. Keeps its buffers from batch to batch.
pub struct RowEncoder {
    style: Style,
    columns: Vec<Column>,
}

struct Column {
    pg: &'static PgType,
    format: Format,
    cells: Cells,
}

impl RowEncoder {
    /// An encoder for rows of `schema`, one format for each column.
    pub fn new(schema: &Schema, formats: &[Format], style: Style) -> Self {
        debug_assert_eq!(schema.fields().len(), formats.len());
        let columns = schema
            .fields()
            .iter()
            .zip(formats)
            .map(|(field, format)| Column { pg: PgType::of_field(field), format: *format, cells: Cells::default() })
            .collect();
        Self { style, columns }
    }

    /// Adds the batch's rows to `out`. A value that has no PostgreSQL form is an error, and `out` is as before.
    pub fn encode(&mut self, batch: &RecordBatch, out: &mut Room) -> Result<()> {
        let mut bytes = batch.num_rows() * ROW_HEAD;
        for ((column, array), field) in self.columns.iter_mut().zip(batch.columns()).zip(batch.schema_ref().fields()) {
            bytes += column.cells.load(array, field, column.pg, column.format, &self.style)?;
        }
        let ahead = out.ahead(bytes + SLACK);
        let mut at = 0;
        for row in 0..batch.num_rows() {
            let length = self.weave(row, &mut ahead[at..]);
            if i32::try_from(length).is_err() {
                return Err(pg_value::too_big());
            }
            at += length;
        }
        out.advance(at);
        Ok(())
    }

    /// Writes one row to the start of `out`: the type byte, the length, the number of columns, and each column's prefixed value. How many
    /// bytes they are.
    #[inline]
    fn weave(&self, row: usize, out: &mut [u8]) -> usize {
        let mut at = ROW_HEAD;
        for column in &self.columns {
            at += column.cells.copy(row, &mut out[at..]);
        }
        // All but the type byte count; a row that is too long for its length is not sent.
        let [l0, l1, l2, l3] = ((at - 1) as u32).to_be_bytes();
        let [c0, c1] = (self.columns.len() as u16).to_be_bytes();
        out[..ROW_HEAD].copy_from_slice(&[b'D', l0, l1, l2, l3, c0, c1]);
        at
    }
}

impl Encode for RowEncoder {
    fn encode(&mut self, batch: &RecordBatch, out: &mut Room) -> Result<()> {
        Self::encode(self, batch, out)
    }
}

/// Type byte, length and column count.
const ROW_HEAD: usize = 7;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int32Array, StringArray, TimestampSecondArray};

    use super::*;
    use crate::error::Kind;

    #[test]
    fn columns_are_woven_into_rows() {
        let a: ArrayRef = Arc::new(Int32Array::from(vec![Some(7), None]));
        let b: ArrayRef = Arc::new(StringArray::from(vec!["x", ""]));
        let batch = RecordBatch::try_from_iter([("a", a), ("b", b)]).expect("columns of one length");
        let mut encoder = RowEncoder::new(&batch.schema(), &[Format::Binary, Format::Text], Style::default());
        let mut out = Room::default();
        for _ in 0..2 {
            out.clear();
            encoder.encode(&batch, &mut out).expect("both types have a form");
            let rows = b"D\0\0\0\x13\0\x02\0\0\0\x04\0\0\0\x07\0\0\0\x01xD\0\0\0\x0e\0\x02\xff\xff\xff\xff\0\0\0\0";
            assert_eq!(out.written(), rows);
        }
    }

    #[test]
    fn a_value_without_a_form_leaves_no_half_row() {
        let seconds: ArrayRef = Arc::new(TimestampSecondArray::from(vec![0, i64::MAX - 1]));
        let batch = RecordBatch::try_from_iter([("t", seconds)]).expect("one column");
        let mut encoder = RowEncoder::new(&batch.schema(), &[Format::Text], Style::default());
        let mut out = Room::default();
        out.extend_from_slice(b"before");
        assert_eq!(encoder.encode(&batch, &mut out).expect_err("too late a moment").kind(), Kind::DatetimeOverflow);
        assert_eq!(out.written(), b"before");
    }
}
